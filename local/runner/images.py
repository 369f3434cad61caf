"""Which command stands in for a container image, see local/images.toml."""

import fnmatch
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.runner.errors import RunnerError, StepError

DEFAULTS = Path(__file__).parent.parent / "images.toml"
PYTHON = re.compile(r"(?:/[\w./-]*/)?python(?:3(?:\.\d+)?)?")


@dataclass(frozen=True, slots=True)
class Image:
    """A wildcard over image URIs, and the command that stands in for what it matches."""

    pattern: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Images:
    """The stand-ins of a run, first match wins."""

    entries: tuple[Image, ...] = ()

    def find(self, uri: str) -> tuple[str, ...] | None:
        """Return the command for an image, or None where no pattern matches."""
        return next((e.command for e in self.entries if fnmatch.fnmatchcase(uri, e.pattern)), None)

    def interpreter(self, uri: str) -> str:
        """Return the Python that stands in for the image's own; the one that runs mlops where no pattern matches."""
        return (self.find(uri) or (sys.executable,))[0]

    def command(
        self, uri: str, entrypoint: Sequence[str], arguments: Sequence[str], script: Sequence[str]
    ) -> list[str]:
        """Return the command of a job.

        `entrypoint` is the definition's ContainerEntrypoint. Without one, `script` (a script and its arguments, from
        the training toolkit's hyperparameters) is run by the interpreter, or else the image's whole stand-in.
        """
        if entrypoint:
            first = self.interpreter(uri) if PYTHON.fullmatch(entrypoint[0]) else entrypoint[0]
            return [first, *entrypoint[1:], *arguments]
        if script:
            return [self.interpreter(uri), *script]
        command = self.find(uri)
        if command is None or (len(command) == 1 and PYTHON.fullmatch(command[0])):
            name = uri.rsplit("/", 1)[-1].split(":", maxsplit=1)[0].split("@", maxsplit=1)[0]
            raise StepError(
                f"image {uri}: the definition gives no ContainerEntrypoint, so what runs is known to the image alone. "
                f"Say what stands in for it with --image 'PATTERN=COMMAND', for example --image '*{name}*=python "
                "/path/to/train.py', or add it to local/images.toml."
            )
        return [*command, *arguments]


def load(options: Iterable[str] = (), file: Path = DEFAULTS) -> Images:
    """Return the stand-ins: `options` (each `PATTERN=COMMAND`) first, then those of `file`.

    Raises `RunnerError` for an option of another form or a command that is not there.
    """
    entries = [_option(option) for option in options]
    declared = tomllib.loads(file.read_text(encoding="utf-8"))["image"]
    entries += [Image(entry["pattern"], _command(entry["command"])) for entry in declared]
    return Images(tuple(entries))


def _option(option: str) -> Image:
    pattern, sign, command = option.partition("=")
    if not (pattern and sign and command.strip()):
        raise RunnerError(
            f"--image {option!r}: write PATTERN=COMMAND, for example '*scikit-learn*=/usr/bin/python3.9'."
        )
    words = _command(command)
    if shutil.which(words[0]) is None:
        raise RunnerError(f"--image {option!r}: {words[0]} is not an executable file or a command on PATH.")
    return Image(pattern, words)


def _command(text: str) -> tuple[str, ...]:
    first, *rest = shlex.split(text)
    return (sys.executable if first == "python" else first, *rest)
