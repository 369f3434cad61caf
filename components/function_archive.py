"""The code of a function as one zip file: the same bytes on every machine, named by its content."""

import base64
import hashlib
import tempfile
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = "lambda_src"
SHARED = "shared"
CODE_SUFFIXES = (".py", ".json")
"""What belongs to a function's code; bytecode, caches and editors' files stay behind."""

_EARLIEST_TIME = (1980, 1, 1, 0, 0, 0)
"""The first moment that the zip format can express."""
_REGULAR_FILE = 0o100644
_UNIX = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredArchive:
    """A zip file, ready to be uploaded."""

    path: Path
    """The zip file. Its name holds the hash of its content, so a file that exists is complete and right."""
    sha256: str
    """Base64 of the file's SHA-256, as Lambda reports it in CodeSha256: what runs can be compared with a commit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionArchive(StoredArchive):
    """A function's code, ready to be uploaded."""

    handler: str
    """Entry point, in Lambda's notation."""


def function_files(function: str, *, packages: Collection[str] = (), root: Path = ROOT) -> dict[str, bytes]:
    """Return the files of a function by their path in the zip: contracts, the shared package and its own folder.

    `packages` names further folders of `lambda_src` that it imports, `github_client`. Paths are those of the
    repository, so an import reads the same in a test and in Lambda. Raises `FileNotFoundError` that lists the functions
    or packages there are.
    """
    own = root / FUNCTIONS / function
    if not (own / "handler.py").is_file():
        known = sorted(path.parent.name for path in (root / FUNCTIONS).glob("*/handler.py"))
        raise FileNotFoundError(
            f"function {function!r} has no {FUNCTIONS}/{function}/handler.py; there are: {', '.join(known) or 'none'}"
        )
    for package in packages:
        _check_package(package, root)
    folders = [
        root / "contracts",
        root / FUNCTIONS / SHARED,
        *(root / FUNCTIONS / package for package in packages),
        own,
    ]
    marker = root / FUNCTIONS / "__init__.py"
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in CODE_SUFFIXES]
    if marker.is_file():
        found.append(marker)
    return {path.relative_to(root).as_posix(): _normal(path.read_bytes()) for path in found}


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of `files` that depends on nothing but their paths and content.

    Entries are sorted, times and modes are fixed, and nothing is compressed: what deflate writes differs between
    versions of zlib, and the code of a function is some hundred kilobytes.
    """
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, date_time=_EARLIEST_TIME)
            entry.create_system = _UNIX  # Python writes the system that it runs on
            entry.external_attr = _REGULAR_FILE << 16
            archive.writestr(entry, files[path])
    return buffer.getvalue()


def function_archive(
    function: str, *, packages: Collection[str] = (), folder: Path | None = None, root: Path = ROOT
) -> FunctionArchive:
    """Write the zip of `lambda_src/<function>` under `folder` (default: the project's cache) and return it.

    `packages` are as in `function_files`.

    The engine compares archives by content, so another folder or machine shows no change.
    """
    folder = folder or root / ".mlops" / "cache" / "functions"
    stored = stored_archive(function, zip_bytes(function_files(function, packages=packages, root=root)), folder=folder)
    return FunctionArchive(path=stored.path, sha256=stored.sha256, handler=f"{FUNCTIONS}.{function}.handler.handler")


def stored_archive(
    name: str, content: bytes, *, folder: Path = ROOT / ".mlops" / "cache" / "functions"
) -> StoredArchive:
    """Write a zip under a name that holds the hash of its content, where it is not there yet, and return it."""
    digest = hashlib.sha256(content)
    target = folder / f"{name}-{digest.hexdigest()[:16]}.zip"
    if not target.is_file():
        _write(target, content)
    return StoredArchive(path=target, sha256=base64.b64encode(digest.digest()).decode())


def _check_package(package: str, root: Path) -> None:
    """Refuse what is no package that functions share: a function's own code belongs to no other one."""
    folder = root / FUNCTIONS / package
    if (folder / "__init__.py").is_file() and not (folder / "handler.py").exists():
        return
    inits = (root / FUNCTIONS).glob("*/__init__.py")
    known = sorted(path.parent.name for path in inits if not (path.parent / "handler.py").exists())
    raise FileNotFoundError(f"{FUNCTIONS}/{package} is no shared package; there are: {', '.join(known) or 'none'}")


def _normal(content: bytes) -> bytes:
    # A checkout on Windows may end its lines otherwise.
    return content.replace(b"\r\n", b"\n")


def _write(target: Path, content: bytes) -> None:
    """Write beside the target and move: two programs at once never see half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as part:
        part.write(content)
    Path(part.name).replace(target)
