"""People who watch: clients of the event stream over plain sockets, so that hundreds cost the test little."""

import asyncio
import json
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[3]
QUICK_READER = 2**16


class Portal:
    """A portal that runs as a process."""

    def __init__(self, process):
        self.process = process
        line = process.stdout.readline()
        assert line, "the server did not start; its stderr says why"
        self.about = json.loads(line)
        self.address = ("127.0.0.1", self.about["port"])
        self.measured = psutil.Process(self.about["pid"])
        headers = {"authorization": f"Bearer {self.about['token']}"}
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{self.about['port']}", headers=headers, timeout=60)

    def start(self, **what):
        answer = self.api.post("/api/v1/operations", json=what)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def approve(self, preview):
        answer = self.api.post(f"/api/v1/operations/{preview}/approvals", json={"approved": True})
        assert answer.status_code == 201, answer.text

    @property
    def megabytes(self):
        return self.measured.memory_info().rss / 2**20

    @property
    def threads(self):
        return self.measured.num_threads()


@contextmanager
def portal_process(folder, resources):
    """Run the server of `tests.portal.load.server`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.portal.load.server", str(folder), str(resources)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        portal = Portal(process)
        yield portal
        portal.api.close()
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


class Watcher:
    """One person. `leave_after`: so many events, then the connection breaks, and they come back.

    `until`: an event (of asyncio) before which they read ten lines and no more, with a full buffer before them.
    """

    def __init__(self, portal, operation, *, leave_after=None, until=None):
        self.portal, self.operation = portal, operation
        self.leave_after, self.until = leave_after, until
        self.seen, self.names, self.connections = [], [], 0

    async def watch(self):
        """Read to the end, and return the sequences that were seen."""
        while not self.names or self.names[-1] != "ended":
            await self._connection()
        return self.seen

    async def _connection(self):
        self.connections += 1
        assert self.connections <= 5, "it comes and comes back"
        reader, writer = await self._opened()
        resume = f"Last-Event-ID: {self.seen[-1]}\r\n" if self.seen else ""
        writer.write(
            f"GET /api/v1/operations/{self.operation}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.portal.about['token']}\r\n{resume}\r\n".encode()
        )
        try:
            status = await reader.readline()
            assert b" 200 " in status, status
            await self._read(reader)
        finally:
            writer.close()

    async def _opened(self):
        if self.until is None:
            return await asyncio.open_connection(*self.portal.address)
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(narrow, self.portal.address)
        return await asyncio.open_connection(sock=narrow, limit=2**16)

    async def _read(self, reader):
        identity = None
        while line := await reader.readline():
            if line.startswith(b"id: "):
                identity = int(line[4:])
            elif line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                data = json.loads(line[6:])
                assert (data["sequence"], data["event"]) == (identity, name)
                self.seen.append(identity)
                self.names.append(name)
                if name == "ended":
                    return
                if self.leave_after is not None and len(self.seen) >= self.leave_after:
                    self.leave_after = None
                    return
                if self.until is not None and len(self.seen) == 10:
                    await self.until.wait()
