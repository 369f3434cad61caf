"""A real PostgreSQL of the tests' own, on loopback, that can be crashed and started again."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

ADDRESS = "127.0.0.1"


def binaries() -> Path | None:
    """The folder with initdb and pg_ctl: on PATH, or where Debian keeps the newest version."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))[::-1]
    return next((each for each in folders if (each / "initdb").exists() and (each / "pg_ctl").exists()), None)


def unprivileged() -> dict:
    """How to run as somebody else where we are root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}
    known = {each.pw_name: each for each in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Server:
    """One cluster; each test gets a schema of its own in it."""

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        self.password = secrets.token_urlsafe(18)
        # Not below pytest's own folder: only its owner may enter that, and as root we run the server as another user.
        self.folder = Path(tempfile.mkdtemp(prefix="portal-postgresql-"))
        self.data = self.folder / "data"
        self.port = 0
        self.schemas = 0
        self.as_whom = unprivileged()
        (self.folder / "password").write_text(self.password)
        if self.as_whom:
            for path in (self.folder, self.folder / "password"):
                os.chown(path, self.as_whom["user"], self.as_whom["group"])
        self._run(
            "initdb", "-U", "portal", "--auth=scram-sha-256", f"--pwfile={self.folder / 'password'}", "-N", "-E", "UTF8"
        )

    def start(self) -> None:
        """Start and wait until it answers; on the port of the last time, so that clients find it again."""
        if not self.port:
            with socket.socket() as free:
                free.bind((ADDRESS, 0))
                self.port = free.getsockname()[1]
        options = f"-p {self.port} -c listen_addresses={ADDRESS} -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def crash(self) -> None:
        """End all its processes at once, as a crash does: no checkpoint, no goodbye."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.crash()
        shutil.rmtree(self.folder)

    @property
    def url(self) -> str:
        return f"postgresql://portal:{self.password}@{ADDRESS}:{self.port}/postgres"

    def new_schema(self) -> str:
        """The URL of an empty schema: as good as a database of its own, and made in a moment."""
        self.schemas += 1
        name = f"test_{self.schemas}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"{self.url}?options=-csearch_path%3D{name}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.binaries / program, "-D", self.data, *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "output").open("w"),
            stderr=subprocess.STDOUT,
            check=False,
            timeout=120,
            **self.as_whom,
        )
        assert done.returncode == 0, f"{program}: {(self.folder / 'output').read_text()}"
