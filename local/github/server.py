"""`LocalGitHub`: the local GitHub of a project folder behind a loopback port."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from contracts.github import redact
from local.aws.lock import StateLock
from local.github import (
    objects,
    route_actions,
    route_apps,
    route_git,
    route_protection,
    route_repositories,
    routing,
    store,
)
from local.github.answers import Record, RefusedError, Reply
from local.github.credentials import Keys
from local.github.faults import AFTER, LOST, Faults, refusal

ROUTES = (route_actions, route_apps, route_git, route_protection, route_repositories)
"""The modules whose routes are served; importing them registers their routes."""
STATE = Path("github") / "state.json"
ORGANIZATION = "acme"
APP_ID = 1001


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """One request that came, without its secrets."""

    call: str
    """Method and path."""
    status: int
    """0 where the answer was lost on purpose."""
    body: str
    """What was sent, redacted."""


class LocalGitHub:
    """A GitHub with one organisation and one app, restored from and stored in `<folder>/github/state.json`.

    Use it as a context manager. Tokens are checked as GitHub checks them: permissions, repositories, expiry.
    """

    def __init__(
        self,
        folder: Path,
        *,
        organization: str = ORGANIZATION,
        plan: str = route_protection.ENTERPRISE,
        app_id: int = APP_ID,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if plan not in route_protection.PLANS:
            raise ValueError(f"plan {plan!r}; GitHub has {', '.join(route_protection.PLANS)}")
        self.folder, self.organization, self.plan, self.app_id = folder, organization, plan, app_id
        self.installation_id = route_apps.INSTALLATION
        self.url = ""
        self.requests: list[Served] = []
        """What was asked, oldest first."""
        self.faults = Faults()
        self.lag_reads = 0
        """How many reads of a repository made from now on answer 404, as GitHub's do for a moment."""
        self.content_lag_reads = 0
        """How many reads of its content answer 409 (empty), while GitHub fills it in the background."""
        self._clock = clock
        self._keys = Keys(app_id=app_id)
        self._mutex = threading.Lock()
        self._lock = StateLock(folder / "github" / "lock")
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._store: store.Store | None = None

    def __enter__(self) -> Self:
        """Lock, restore, and listen on a free loopback port."""
        self._lock.acquire()
        try:
            self._store = store.load(
                self.folder / STATE, organization=self.organization, plan=self.plan, clock=self._clock
            )
            self.organization = self._store.organization
            logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs each request
            server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_Handler)
            self._thread = threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.005}, name="local-github", daemon=True
            )
            self._thread.start()
            self._server = server
            self.url = f"http://127.0.0.1:{server.server_port}"
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, store the state, unlock."""
        try:
            if self._server is not None and self._thread is not None:
                self._server.shutdown()
                self._thread.join()
                self._server.server_close()
            self.store.save(self.folder / STATE)
        finally:
            self._lock.release()

    @property
    def store(self) -> store.Store:
        """What it holds, for tests to look at."""
        if self._store is None:
            raise RuntimeError("the local GitHub is not running: use it in a `with` statement")
        return self._store

    # what an administrator or a person does outside the API
    def trust(self, public_key: bytes) -> None:
        """Register a public key (PEM or DER) of the app, as its settings page does."""
        self._keys.trust(public_key)

    def add_user(self, login: str, user_id: int | None = None, *, member: bool = True) -> int:
        """Add a person, of the organisation unless told otherwise, and return the id."""
        self.store.users[login] = user_id or self.store.new_id()
        if not member:
            self.store.outsiders.append(login)
        return self.store.users[login]

    def rename_user(self, login: str, new: str) -> None:
        """Let a person take another login; the old one is free for anybody."""
        self.store.users[new] = self.store.users.pop(login)
        self.store.outsiders[:] = [new if each == login else each for each in self.store.outsiders]

    def add_team(self, slug: str) -> int:
        """Add a team and return its id."""
        self.store.teams[slug] = self.store.teams.get(slug) or self.store.new_id()
        return self.store.teams[slug]

    def add_repository(
        self, name: str, files: Mapping[str, bytes] | None = None, *, template: bool = False, private: bool = True
    ) -> Record:
        """Add a repository, with a first commit where there are files."""
        made = self.store.add_repository(name, is_template=template, private=private)
        if files:
            self.push(name, files, author="platform")
        return made

    def push(
        self,
        name: str,
        files: Mapping[str, bytes],
        *,
        branch: str = "main",
        author: str = "ada",
        message: str = "Change",
    ) -> str:
        """Commit `files` to a branch as a person does, on top of what is there; return the commit."""
        repository = self.repository(name)
        refs = repository["refs"]
        start = branch if f"refs/heads/{branch}" in refs else repository["default_branch"]
        present = self.store.files(repository, start) if refs else {}
        if refs and start != branch:
            refs[f"refs/heads/{branch}"] = refs[f"refs/heads/{start}"]
        new = {path: ("100644", objects.write_blob(self.store.objects, content)) for path, content in files.items()}
        return self.store.add_commit(
            repository, branch, {**present, **new}, message, f"{author} <{author}@example.com>"
        )

    def repository(self, name: str) -> Record:
        """Return the record of a repository. Raises KeyError with those there are."""
        found = self.store.by_name(name)
        if found is None:
            names = sorted(str(record["name"]) for record in self.store.repositories.values())
            raise KeyError(f"no repository {name}; there are: {', '.join(names) or 'none'}")
        return found

    def files(self, name: str, branch: str = "main") -> dict[str, bytes]:
        """Return the files of a branch."""
        present = self.store.files(self.repository(name), branch)
        return {path: objects.read_blob(self.store.objects, sha) for path, (_, sha) in sorted(present.items())}

    def checkout(self, name: str, folder: Path, branch: str = "main") -> Path:
        """Write the files of a branch to `folder`, as a clone has them, and return it. The folder must be empty."""
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty; a checkout would mix with what is there")
        for path, (mode, sha) in self.store.files(self.repository(name), branch).items():
            target = folder / path
            if not target.resolve().is_relative_to(folder.resolve()) or ".git" in target.parts[len(folder.parts) :]:
                raise ValueError(f"{path} lies outside the checkout")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(objects.read_blob(self.store.objects, sha))
            target.chmod(0o755 if mode == "100755" else 0o644)
        return folder

    # the API
    def _serve(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        content = request.get_data()
        with self._mutex:
            reply, lost = self._answered(request, content)
        if lost:
            cast("socket.socket", environ["werkzeug.socket"]).shutdown(socket.SHUT_RDWR)
        text = "" if reply.body is None else json.dumps(reply.body)
        response = Response(text, status=reply.status, content_type="application/json; charset=utf-8")
        response.headers.extend({"x-github-request-id": f"{len(self.requests):08X}", **reply.headers})
        return response(environ, start_response)

    def _answered(self, request: Request, content: bytes) -> tuple[Reply, bool]:
        name = f"{request.method} {request.path}"
        fault = self.faults.take(name)
        before = set(self.store.repositories)
        if fault is None or fault in AFTER:
            try:
                reply = routing.answer(self._call(request, content), request.path)
            except RefusedError as refused:
                reply = refused.reply
            for number in set(self.store.repositories) - before:
                self.store.repositories[number] |= {
                    "hidden_reads": self.lag_reads,
                    "hidden_content_reads": self.content_lag_reads,
                }
        if fault is not None:
            reply = refusal(fault, self._clock()).reply
        lost = fault in LOST
        sent = redact(content.decode(errors="replace"))
        self.requests.append(Served(call=name, status=0 if lost else reply.status, body=sent))
        return reply, lost

    def _call(self, request: Request, content: bytes) -> routing.Call:
        if not request.headers.get("user-agent"):
            raise RefusedError(403, "Request forbidden by administrative rules: it has no User-Agent header")
        try:
            body = json.loads(content) if content else None
        except ValueError:
            raise RefusedError(400, "Problems parsing JSON") from None
        return routing.Call(
            store=self.store,
            keys=self._keys,
            method=request.method,
            query=request.args.to_dict(),
            body=body,
            url=f"{self.url}{request.path}",
            authorization=request.headers.get("authorization", ""),
        )


class _Handler(WSGIRequestHandler):
    """Says nothing where a client is gone, as after an answer that was lost on purpose."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # werkzeug's signature
        """Log nothing; `requests` has it all."""
