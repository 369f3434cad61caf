"""The archive of a function is the same on every machine and holds what the function imports."""

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest

from components.function_archive import ROOT, function_archive, function_files, zip_bytes

FUNCTIONS = ("promote", "deploy", "verify")
every_function = pytest.mark.parametrize("function", FUNCTIONS)

IN_A_PROCESS_OF_ITS_OWN = """
import hashlib, os, sys
from pathlib import Path
os.umask(int(sys.argv[2], 8))
sys.path.insert(0, sys.argv[1])
from components.function_archive import function_files, zip_bytes
root = Path(sys.argv[1])
print(hashlib.sha256(zip_bytes(function_files("verify", root=root))).hexdigest())
"""


def digest_in_a_process(root, cwd, umask):
    command = [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, str(root), umask]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_the_bytes_depend_on_no_umask_time_folder_mode_or_bytecode(tmp_path):
    copy = tmp_path / "another machine"
    for folder in ("components", "contracts", "lambda_src"):
        shutil.copytree(
            ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copyfile
        )
    for path in copy.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o777)
    (copy / "contracts" / "__pycache__").mkdir(exist_ok=True)
    (copy / "contracts" / "__pycache__" / "names.cpython-313.pyc").write_bytes(b"bytecode")
    (copy / "lambda_src" / "verify" / ".handler.py.swp").write_bytes(b"an editor's file")
    here = digest_in_a_process(ROOT, ROOT, "022")
    there = digest_in_a_process(copy, tmp_path, "077")
    assert here == there, "the second preview on another machine would show a change"


def test_line_endings_of_a_checkout_make_no_difference(tmp_path):
    for name, ending in (("unix", b"\n"), ("windows", b"\r\n")):
        folder = tmp_path / name / "lambda_src" / "deploy"
        folder.mkdir(parents=True)
        (folder / "handler.py").write_bytes(b"x = 1" + ending + b"y = 2" + ending)
    assert function_files("deploy", root=tmp_path / "unix") == function_files("deploy", root=tmp_path / "windows")


def test_entries_are_sorted_stored_and_carry_fixed_times_and_modes():
    content = zip_bytes({"b.py": b"b", "a.py": b"a"})
    entries = zipfile.ZipFile(BytesIO(content)).infolist()
    assert [entry.filename for entry in entries] == ["a.py", "b.py"]
    for entry in entries:
        assert entry.compress_type == zipfile.ZIP_STORED, "what deflate writes differs between versions of zlib"
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert entry.external_attr >> 16 == 0o100644, "Lambda must be able to read it"


def test_a_change_of_the_code_changes_file_and_hash(tmp_path):
    folder = tmp_path / "lambda_src" / "deploy"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text("x = 1\n")
    first = function_archive("deploy", root=tmp_path)
    again = function_archive("deploy", root=tmp_path)
    (folder / "handler.py").write_text("x = 2\n")
    second = function_archive("deploy", root=tmp_path)
    assert first == again
    assert (first.path, first.sha256) != (second.path, second.sha256)
    assert first.path.is_file(), "another program may be uploading it"


def test_an_unknown_function_is_refused_with_those_there_are():
    with pytest.raises(FileNotFoundError, match=r"there are: deploy, .*promote, .*verify"):
        function_files("demote")


@every_function
def test_the_handler_is_where_lambda_looks_for_it(function):
    archive = function_archive(function)
    module, _, name = archive.handler.rpartition(".")
    path = f"{module.replace('.', '/')}.py"
    files = function_files(function)
    assert path in files
    defined = {target.id for node in ast.walk(ast.parse(files[path])) if isinstance(node, ast.Assign)
               for target in node.targets if isinstance(target, ast.Name)}  # fmt: skip
    defined |= {node.name for node in ast.walk(ast.parse(files[path])) if isinstance(node, ast.FunctionDef)}
    assert name in defined, f"{path} has no {name}"


def imported(content):
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@every_function
def test_everything_that_the_code_imports_is_in_the_archive_or_in_lambda(function):
    files = function_files(function)
    modules = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in files}
    offered = {"boto3", "botocore", "urllib3", "aws_lambda_powertools"} | sys.stdlib_module_names
    missing = {
        (path, module)
        for path, content in files.items()
        if path.endswith(".py")
        for module in imported(content)
        if module not in modules and module.split(".")[0] not in offered
    }
    assert missing == set(), "the function would fail at its first start"


@every_function
def test_a_function_holds_no_other_functions_code(function):
    others = set(FUNCTIONS) - {function}
    assert not {path for path in function_files(function) if path.split("/")[1] in others}


@every_function
def test_the_archive_stays_small(function):
    assert function_archive(function).path.stat().st_size < 1_000_000, "it is uploaded at every change of a contract"


def with_package(root, **files):
    for path, text in {
        "worker/handler.py": "x = 1\n",
        "helper/__init__.py": "",
        "helper/part.py": "y = 1\n",
        **files,
    }.items():
        target = root / "lambda_src" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def test_a_function_takes_the_shared_packages_that_it_names_and_no_others(tmp_path):
    with_package(tmp_path)
    alone, both = function_files("worker", root=tmp_path), function_files("worker", packages=("helper",), root=tmp_path)
    assert set(both) - set(alone) == {"lambda_src/helper/__init__.py", "lambda_src/helper/part.py"}
    assert not [path for path in alone if "helper" in path]


def test_order_and_repetition_of_packages_make_no_difference(tmp_path):
    with_package(tmp_path, **{"second/__init__.py": ""})
    archives = {
        function_archive("worker", packages=packages, root=tmp_path).sha256
        for packages in (("helper", "second"), ("second", "helper"), ("helper", "second", "helper"))
    }
    assert len(archives) == 1


def test_a_change_of_a_named_package_changes_the_archive(tmp_path):
    with_package(tmp_path)
    first = function_archive("worker", packages=("helper",), root=tmp_path)
    with_package(tmp_path, **{"helper/part.py": "y = 2\n"})
    assert function_archive("worker", packages=("helper",), root=tmp_path).sha256 != first.sha256


@pytest.mark.parametrize("package", ["nothing", "worker", "shared/../worker"])
def test_what_is_no_shared_package_is_refused_with_those_there_are(tmp_path, package):
    with_package(tmp_path, **{"worker/__init__.py": ""})
    with pytest.raises(FileNotFoundError, match="there are: helper"):
        function_files("worker", packages=(package,), root=tmp_path)


def test_the_github_client_imports_nothing_that_its_archive_lacks(tmp_path):
    paths = [*(ROOT / "lambda_src" / "github_client").rglob("*.py")]
    modules = {name for path in paths for name in imported(path.read_bytes())}
    own = {name for name in modules if name.split(".")[0] in ("contracts", "lambda_src")}
    assert {name.split(".")[0] for name in modules - own} <= {"urllib3", *sys.stdlib_module_names}
    assert {name.split(".")[1] for name in own if name.startswith("lambda_src.")} == {"github_client"}
