"""The processes of one operation: worker, engine, language host, program, providers. They share a session."""

import contextlib
import os
import signal

import psutil


def of_session(leader: int) -> list[int]:
    """Return the running processes of the session that `leader` began, itself included; others outlive it.

    The engine gives its plugins process groups of their own and no sessions, so only this finds all of them.
    """
    found = []
    for process in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(process) == leader and not _is_gone(process):
                found.append(process)
    return found


def interrupt(leader: int) -> None:
    """Ask the engine to end in good order, as Ctrl-C does. Its plugins do not get the signal; the engine tells them."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGINT)


def kill(leader: int) -> None:
    """End what is left of the session, at once."""
    for _ in range(5):  # one that was just being started is found by the next look
        left = of_session(leader)
        if not left:
            return
        for process in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)


def engine_runs(leader: int) -> bool:
    """Return whether anything of the session besides its leader runs."""
    return any(process != leader for process in of_session(leader))


def _is_gone(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
