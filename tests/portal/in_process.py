"""Scripted workers as threads of the test itself: a process costs a tenth of a second, a thread nothing.

`portal.operation` gets these instead of processes where the environment has SCENARIO_THREADS; to it they look like
processes. A scripted crash ends the thread without a word, and lets go of the journal, as the system does for a
process. What is about real processes (signals, a service that dies) needs `PortalWorld(processes=True)`.
"""

import io
import itertools
import json
import os
import subprocess
import sys
import threading
import types
from pathlib import Path

from portal import operation
from portal.journal import Journal
from portal.requests import Request
from tests.portal import scripted_worker

_PROCESSES = itertools.count(2**30)
"""Ids that no process has."""


class ThreadProcess:
    """Looks like a `subprocess.Popen` with pipes; its work is a thread's."""

    def __init__(self, environment):
        self.pid = next(_PROCESSES)
        self.returncode = None
        self._over = threading.Event()
        stdin, self.stdin = _pipe()
        self.stdout, out = _pipe()
        threading.Thread(target=self._run, args=(environment, stdin, out), daemon=True).start()

    def poll(self):
        return self.returncode if self._over.is_set() else None

    def wait(self, timeout=None):
        if not self._over.wait(timeout):
            raise subprocess.TimeoutExpired("scripted worker", timeout)
        return self.returncode

    def kill(self):
        """A thread cannot be killed; the tests that kill use processes."""

    def _run(self, environment, stdin, out):
        journal, code = None, 0
        try:
            request = Request.from_json(json.loads(stdin.readline()))
            journal = Journal(Path(request.folder))
            scripted_worker.work(request, journal, stdin, out, environment)
        except scripted_worker.CrashedError:
            code = -9
        finally:
            if journal is not None:
                journal.close()
            self.returncode = code
            self._over.set()
            out.close()  # stdin is left to the thread that reads it, to its end: one file, one reader


def _pipe():
    read, write = os.pipe()
    return (
        io.TextIOWrapper(io.FileIO(read, "r"), encoding="utf-8"),
        io.TextIOWrapper(io.FileIO(write, "w"), encoding="utf-8", write_through=True),
    )


def _popen(command, *, env, **options):
    if "SCENARIO_THREADS" in env and command[0] == sys.executable:
        return ThreadProcess(env)
    return subprocess.Popen(command, env=env, **options)


def install():
    """Have `portal.operation` start threads where that is asked for."""
    names = {name: getattr(subprocess, name) for name in ("PIPE", "TimeoutExpired")}
    operation.subprocess = types.SimpleNamespace(Popen=_popen, **names)
