"""gunicorn's settings for hosting on SageMaker; gunicorn reads the module's names."""

# ruff: noqa: INP001 - a file of the image, not of a package

import os
from typing import Any

bind = "0.0.0.0:8080"  # SageMaker calls the container from outside, always on 8080
workers = int(os.environ.get("SERVE_WORKERS") or os.cpu_count() or 1)
worker_class = "gthread"
threads = 4  # a ping is answered while a batch is being predicted
timeout = 65  # an invocation has 60 seconds
graceful_timeout = 25  # after SIGTERM SageMaker waits 30 seconds, then kills
worker_tmp_dir = "/dev/shm"  # noqa: S108 - heartbeats must not wait for a disk
errorlog = "-"
control_socket_disable = True  # nobody manages a container from inside, and the user has no home for the socket
accesslog = None  # the app logs each request itself, without payloads


def post_worker_init(worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Start loading the model in each worker: a ping asks only one of them."""
    from serve import application

    application.model.wait(0)
