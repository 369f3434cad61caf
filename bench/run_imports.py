"""A process of its own: imports Pulumi and the AWS modules named, and nothing else. `... s3.Bucket iam.Role`.

`--uncollected` first turns the garbage collector off, as the program does.
"""

import time

BEGAN = time.monotonic()

import gc  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402

UNCOLLECTED = "--uncollected"


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
    if UNCOLLECTED in sys.argv:
        gc.disable()
    print(json.dumps(main([name for name in sys.argv[1:] if name != UNCOLLECTED])))
