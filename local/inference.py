"""Real inference servers for the endpoints of the embedded AWS: a version's own model behind its own handler.

A container becomes a process that runs pipeline_defs/steps/serve on the content of model.tar.gz. Nothing is stubbed: a
model that cannot be loaded does not pass its ping, as in SageMaker.
"""

import contextlib
import http.client
import io
import shutil
import subprocess
import sys
import tarfile
import threading
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.aws import hosting
from local.aws.hosting import Answer, FleetId
from local.aws.server import EmbeddedAws
from local.runner.container import last_words
from local.runner.errors import StepError
from local.runner.storage import Storage

STEPS = Path(__file__).resolve().parent.parent / "pipeline_defs" / "steps"
PINGS = 20
"""Each takes up to 1.5 s while a model loads. SageMaker pings for up to eight minutes; nobody waits that long here."""
INVOCATION_SECONDS = 60.0
"""SageMaker's limit for a container's answer."""
GRACE_SECONDS = 3.0


class ServerError(Exception):
    """A server that did not start; the message says why."""


@dataclass(slots=True)
class Server:
    """A running container."""

    process: subprocess.Popen[str]
    address: str
    log: Path
    errors: int = 0
    """Answers with 5xx so far: what the metric Invocation5XXErrors counts."""


class InferenceServers:
    """Runs the containers of every endpoint of an embedded AWS while the context lasts."""

    def __init__(self, aws: EmbeddedAws, folder: Path | None = None) -> None:
        self._aws = aws
        self._folder = folder or aws.folder / "serving"
        self._servers: dict[tuple[FleetId, str], Server] = {}
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        """Take over the containers."""
        hosting.use(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every server, and leave no unpacked model behind."""
        hosting.use(None)
        with self._lock:
            for key in list(self._servers):
                self._end(key)

    @property
    def running(self) -> int:
        """How many servers run."""
        return len(self._servers)

    def start(self, fleet: FleetId, containers: Mapping[str, Mapping[str, Any]]) -> str | None:
        """Start a server per variant and ping it; return why one did not pass, or None."""
        for variant, container in containers.items():
            try:
                self._server(fleet, variant, container)
            except ServerError as error:
                self.stop(fleet)
                return str(error)
        return None

    def trouble(self, fleet: FleetId) -> str | None:
        """Return what would set off an alarm: a server that answered with 5xx, or fails its ping now."""
        with self._lock:
            servers = {variant: s for (owner, variant), s in self._servers.items() if owner == fleet}
        for variant, server in servers.items():
            if server.errors:
                return f"variant {variant} answered {server.errors} requests with 5xx"
            answer = _ask(server, "GET", "/ping")
            if answer.status >= 500:
                return f"variant {variant} answers its ping with {answer.status}"
        return None

    def stop(self, fleet: FleetId) -> None:
        """End a fleet's servers."""
        with self._lock:
            for key in [key for key in self._servers if key[0] == fleet]:
                self._end(key)

    def invoke(
        self, fleet: FleetId, containers: Mapping[str, Mapping[str, Any]], variant: str, content_type: str, body: bytes
    ) -> Answer:
        """Send a request to a variant's server. One that an earlier process had started is started anew."""
        try:
            server = self._server(fleet, variant, containers.get(variant, {}))
        except ServerError as error:
            return Answer(status=503, content_type="text/plain", body=str(error).encode())
        answer = _ask(server, "POST", "/invocations", body, content_type)
        if answer.status >= 500:
            server.errors += 1
        return answer

    def _server(self, fleet: FleetId, variant: str, container: Mapping[str, Any]) -> Server:
        with self._lock:
            known = self._servers.get((fleet, variant))
            if known is not None and known.process.poll() is None:
                return known
            folder = self._folder / f"{fleet.account}-{fleet.endpoint}-{fleet.config}-{variant}"
            shutil.rmtree(folder, ignore_errors=True)
            self._unpack(fleet, container, folder / "ml" / "model")
            server = _launch(folder, container.get("Environment") or {})
            self._servers[fleet, variant] = server
        reason = _unhealthy(server)
        if reason is not None:
            with self._lock:
                self._end((fleet, variant))
            raise ServerError(reason)
        return server

    def _unpack(self, fleet: FleetId, container: Mapping[str, Any], folder: Path) -> None:
        uri = container.get("ModelDataUrl")
        storage = Storage(self._aws.client("s3", fleet.account, fleet.region))
        if not uri and (package := container.get("ModelPackageName")):
            sagemaker = self._aws.client("sagemaker", fleet.account, fleet.region)
            described = sagemaker.describe_model_package(ModelPackageName=package)
            uri = described["InferenceSpecification"]["Containers"][0].get("ModelDataUrl")
        if not uri:
            raise ServerError("the model has no ModelDataUrl")
        folder.mkdir(parents=True)
        try:
            with tarfile.open(fileobj=io.BytesIO(storage.read(uri)), mode="r:gz") as archive:
                archive.extractall(folder, filter="data")
        except (tarfile.TarError, OSError, EOFError) as error:
            raise ServerError(f"{uri} is not a tar.gz archive: {error}") from error
        except StepError as error:
            raise ServerError(f"could not access model data: {error}") from error

    def _end(self, key: tuple[FleetId, str]) -> None:
        server = self._servers.pop(key)
        server.process.terminate()
        try:
            server.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait()
        if server.process.stdout is not None:
            server.process.stdout.close()
        shutil.rmtree(server.log.parent / "ml", ignore_errors=True)


def _launch(folder: Path, environment: Mapping[str, str]) -> Server:
    log = folder / "log.txt"
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, str(STEPS / "serve" / "serve.py"), "--port", "0"],
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "HOME": str(folder),
                "OMP_NUM_THREADS": "1",  # servers side by side on one machine
                **environment,
                "PYTHONPATH": f"{STEPS / 'serve'}:{STEPS / 'shared'}",
                "ML_ROOT": str(folder / "ml"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # Ctrl-C ends the command first, which then stops its servers
        )
    line = process.stdout.readline() if process.stdout else ""
    _, found, address = line.strip().partition("http://")
    if not found:
        process.kill()
        process.wait()
        raise ServerError(f"the container ended at its start: {last_words(log)}")
    return Server(process=process, address=address, log=log)


def _unhealthy(server: Server) -> str | None:
    """Ping until the model is there; return why it does not come."""
    answer = Answer(status=0, content_type="", body=b"")
    for _ in range(PINGS):
        answer = _ask(server, "GET", "/ping")
        if answer.status == 200:
            return None
        if server.process.poll() is not None or b"model_failed" in answer.body:
            break
    reason = next((line for line in _lines(server.log) if "did not load" in line), None) or last_words(server.log)
    return f"ping answers {answer.status or 'nothing'}: {reason}"


def _lines(log: Path) -> list[str]:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    # The line after "did not load:" is a traceback, whose last line says what happened.
    errors = [line for line in lines if ("Error" in line or "error" in line) and not line.startswith(("{", "File "))]
    return [f"the model did not load: {errors[-1]}"] if errors else lines


def _ask(server: Server, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Answer:
    """Send one request. A server that does not answer is a 503, as SageMaker's router answers for it."""
    host = urllib.parse.urlsplit(f"//{server.address}")
    client = http.client.HTTPConnection(host.hostname or "127.0.0.1", host.port, timeout=INVOCATION_SECONDS)
    with contextlib.closing(client):
        try:
            client.request(method, path, body, {"Content-Type": kind} if body is not None else {})
            response = client.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            return Answer(status=503, content_type="text/plain", body=f"no answer: {error}".encode())
    return Answer(status=response.status, content_type=response.getheader("Content-Type", kind), body=content)
