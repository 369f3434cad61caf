"""Opens model.tar.gz without trusting it: only the expected files are taken, and no member may point elsewhere."""

import tarfile
from pathlib import Path, PurePosixPath

from job_contract import StepError

EXPECTED = ("model.joblib", "features.json", "training.json")
"""What Train puts into its model folder.

joblib is pickle: only the archive of a training job of one's own may be loaded."""

MOST_BYTES = 2 * 1024**3
"""A gradient-boosted model has megabytes; an archive that unpacks to more is a mistake or an attack."""


def extract(archive: Path, folder: Path) -> None:
    """Unpack the expected files into a folder. Raises StepError for a missing, broken or hostile archive."""
    if not archive.is_file():
        raise StepError(f"{archive}: no such file. Mount the model artifact of the Train step here.")
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = {_checked_name(archive, member): member for member in tar.getmembers()}
            missing = [name for name in EXPECTED if name not in members]
            if missing:
                raise StepError(f"{archive}: holds no {', '.join(missing)}. Train it with this project's train.py.")
            if sum(members[name].size for name in EXPECTED) > MOST_BYTES:
                raise StepError(f"{archive}: unpacks to more than {MOST_BYTES} bytes. Train a smaller model.")
            for name in EXPECTED:
                _write(tar, members[name], folder / name)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise StepError(f"{archive}: is not a readable tar.gz archive: {error}. Run Train again.") from error


def _checked_name(archive: Path, member: tarfile.TarInfo) -> str:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise StepError(f"{archive}: member {member.name!r} points outside the archive. Do not use this model.")
    if not (member.isfile() or member.isdir()):
        raise StepError(f"{archive}: member {member.name!r} is a link or a device. Do not use this model.")
    return str(path)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if not member.isfile():
        raise StepError(f"member {member.name!r} is a folder, not a file. Train the model again.")
    if hasattr(tarfile, "data_filter"):
        member = tarfile.data_filter(member, str(path.parent))
    source = tar.extractfile(member)
    if source is None:
        raise StepError(f"member {member.name!r} has no content. Train the model again.")
    with source, path.open("wb") as target:
        while chunk := source.read(1024 * 1024):
            target.write(chunk)
