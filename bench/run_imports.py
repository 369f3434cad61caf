"""A process of its own: imports Pulumi and the AWS modules named, and nothing else. `... s3.Bucket iam.Role`."""

import time

BEGAN = time.monotonic()

import json  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402


def main(classes: list[str]) -> dict[str, float]:
    """Import; return when that began and ended, and the processor time."""
    import pulumi  # noqa: F401
    import pulumi_aws as aws

    for name in classes:
        module, member = name.split(".")
        getattr(getattr(aws, module), member)  # the modules are lazy: the first look-up imports one
    ended = time.monotonic()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"began": BEGAN, "ended": ended, "cpu": usage.ru_utime + usage.ru_stime}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))  # noqa: T201
