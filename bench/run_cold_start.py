"""A process of its own: imports a function's handler as Lambda does at a cold start, or `boto3` alone.

python -m bench.run_cold_start (a folder of lambda_src | boto3)
"""

import time

BEGAN = time.monotonic()

import importlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402

FUNCTIONS = ("deploy", "promote", "verify", "sweep", "provision", "publish", "trigger", "vend", "studio_sweep")
ALONE = "boto3"
"""What every function needs at least, and the measure of the others."""
COORDINATES = {
    "organisation": "acme",
    "unit": "risk",
    "environment": "preprod",
    "region": "us-east-1",
    "account": "222222222222",
    "image_account": "111111111111",
}
GIVEN = {
    # What the stack sets, by the components of these functions.
    "NAMES": json.dumps(COORDINATES),
    "TABLE_NAME": "deliveries",
    "PARAMETER_ROOT": "/acme/risk/preprod",
    "RESULT_TOPIC_ARN": "arn:aws:sns:us-east-1:222222222222:deliveries",
    "RETAINS_DATA": "true",
    "PHASE": "empty",
    "ORGANIZATION": "acme-ml",
    "WORKFLOWS_REPOSITORY": "mlops-workflows",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    # What Lambda sets.
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "LAMBDA_TASK_ROOT": "/var/task",
}


def main(what: str) -> dict[str, float]:
    """Import; return how long that took, in seconds, and the processor time of the process."""
    os.environ.update(GIVEN)
    before = time.monotonic()
    importlib.import_module(ALONE if what == ALONE else f"lambda_src.{what}.handler")
    ended = time.monotonic()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"began": BEGAN, "seconds": ended - before, "ended": ended, "cpu": usage.ru_utime + usage.ru_stime}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
