"""One process at a time may change a project's embedded AWS."""

import fcntl
import os
from pathlib import Path
from typing import TextIO

from local.aws.errors import AwsStateError


class StateLock:
    """An advisory lock on a file. The system drops it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def acquire(self) -> None:
        """Take the lock, or raise `AwsStateError` naming the process that holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise AwsStateError(
                f"{self._path.parent}: another mlops command (process {holder}) is using the embedded AWS of this "
                "folder. Wait until it ends, or work in another copy of the project."
            ) from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back; without one this does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None
