#!/bin/sh
# The `serve` command that SageMaker hosting runs: gunicorn on port 8080, without root.
set -eu

# One thread of numerics per worker: the workers are the parallelism, and more threads would compete for the same cores.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"

set -- gunicorn --config /opt/program/gunicorn.conf.py serve:application
if [ "$(id -u)" = 0 ]; then
    set -- setpriv --reuid=model --regid=model --clear-groups --no-new-privs "$@"
fi
exec "$@"
