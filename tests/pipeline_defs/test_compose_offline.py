"""Composing reaches no network, changes nothing in the program, and gives the same bytes everywhere."""

import hashlib
import logging

import pytest

from pipeline_defs.offline import OfflineBotoSession, OfflineError
from pipeline_defs.placeholders import KEY_ARN, SECURITY_GROUPS, SUBNETS, fill
from pipeline_defs.settings import canonical
from tests.pipeline_defs.compose_examples import CHURN, EXAMPLE, PROD, ROOT, compose_texts, documents, run

pytestmark = pytest.mark.stories  # the SDK in processes of its own

CLOSED_SOCKETS = """
import os, socket, sys, threading
def refuse(what):
    os.write(2, f"{what} while composing".encode())
    os._exit(97)  # an exception could be swallowed, or end a thread only
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
sys.addaudithook(lambda event, arguments: refuse(event) if event in NETWORK else None)
threading.Thread.start = lambda thread: refuse("a thread was started")
"""
LEFT_OUT = ("mlflow", "pyarrow", "pyiceberg", "s3fs", "sagemaker_mlflow")


def test_definitions_compose_with_every_socket_closed_and_no_thread_that_could_open_one_later():
    assert compose_texts(EXAMPLE, before=CLOSED_SOCKETS) == [canonical(documents()[0])]


def test_definitions_compose_without_the_packages_that_the_environment_leaves_out():
    absent = f"import sys\nsys.modules.update(dict.fromkeys({LEFT_OUT!r}))\n"
    assert compose_texts(EXAMPLE, before=absent) == [canonical(documents()[0])], (
        "the environment is 370 MB smaller only as long as no definition needs these"
    )


def test_bytes_are_the_same_in_every_process_whatever_its_hash_seed_folder_locale_and_time_zone(tmp_path):
    (tmp_path / ".sagemaker-code-config").write_text('{"sagemakerProjectId": "p-1", "sagemakerProjectName": "x"}')
    surroundings = [
        {"PYTHONHASHSEED": "0", "TZ": "UTC", "cwd": ROOT},
        {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kolkata", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "random", "TZ": "America/St_Johns", "LC_ALL": "de_DE.UTF-8", "cwd": ROOT / "tests"},
    ]
    hashes = set()
    for options in surroundings:
        text = "\n".join(compose_texts(EXAMPLE, PROD, CHURN, EXAMPLE, **options))
        hashes.add(hashlib.sha256(text.encode()).hexdigest())
    assert len(hashes) == 1, "a definition that varies is a change at every preview"


def test_packages_imported_in_part_give_the_same_bytes_as_packages_imported_in_full():
    in_full = "from pipeline_defs import offline\noffline.DEFERRED = {}\n"
    assert compose_texts(EXAMPLE, before=in_full) == [canonical(documents()[0])]


def test_a_package_imported_in_part_still_gives_what_its_init_defines():
    program = (
        "from pipeline_defs.offline import prepare\n"
        "prepare()\n"
        "from sagemaker.mlops.workflow import Pipeline\n"
        "from sagemaker.mlops.workflow.pipeline import Pipeline as Same\n"
        "print(Pipeline is Same)\n"
    )
    assert run(program).strip() == "True", "the SDK's documentation imports from the package: it must work when copied"


def test_a_filled_template_equals_a_definition_composed_from_real_values():
    values = {
        "SUBNETS": "subnet-0a",
        "SECURITY_GROUPS": "sg-0b",
        "KEY_ARN": "arn:aws:kms:us-east-1:111111111111:key/0c",
    }
    real = f"from pipeline_defs import placeholders\nvars(placeholders).update({values!r})\n"
    template = canonical(documents()[1])
    filled = fill(template, {SUBNETS: ["subnet-0a"], SECURITY_GROUPS: ["sg-0b"], KEY_ARN: values["KEY_ARN"]})
    assert compose_texts(PROD, before=real) == [filled]


@pytest.mark.parametrize("kind", ["client", "resource"])
def test_an_attempt_to_reach_aws_is_an_error_that_names_the_call(kind):
    session = OfflineBotoSession("eu-west-1")
    with pytest.raises(OfflineError, match=r"built offline: sts\.get_caller_identity was called"):
        getattr(session, kind)("sts").get_caller_identity()
    assert session.region_name == "eu-west-1"


def test_the_session_cannot_reach_aws_through_the_sdk():
    program = (
        "from pipeline_defs.offline import OfflineError, offline\n"
        "with offline('us-east-1') as session:\n"
        "    try:\n"
        "        session.default_bucket()\n"
        "    except OfflineError as error:\n"
        "        print(error)\n"
    )
    assert "sts.get_caller_identity was called" in run(program), "a look-up of the account would need credentials"


def test_a_wrong_configuration_of_the_sdk_is_still_refused_while_composing():
    program = (
        "import jsonschema\n"
        "from pipeline_defs.offline import offline\n"
        "with offline('us-east-1'):\n"
        "    try:\n"
        "        jsonschema.validate({'a': 1}, {'type': 'string'})\n"
        "    except jsonschema.ValidationError:\n"
        "        print('refused')\n"
    )
    assert run(program).strip() == "refused", "only the repeated check of our own constant is skipped"


def test_the_programs_side_imports_no_sdk_no_boto3_and_no_pulumi():
    program = (
        "import sys, pipeline_defs.composer, pipeline_defs.placeholders, pipeline_defs.code\n"
        "heavy = {'sagemaker', 'boto3', 'botocore', 'pulumi', 'pydantic'}\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & heavy))\n"
    )
    assert run(program).strip() == "[]", "the composer starts before the heavy imports, so it must not bring its own"


def test_composing_leaves_the_programs_logging_alone(tmp_path):
    from pipeline_defs.composer import Composer

    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    Composer.start([EXAMPLE], cache_folder=tmp_path).close()
    assert (root.level, list(root.handlers)) == before, "the SDK's import calls logging.basicConfig"
