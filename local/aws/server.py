"""Start and stop the embedded AWS of a project folder."""

import functools
import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import boto3
import botocore.session
from botocore.config import Config
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from local.aws import credentials, extensions, function_calls, hosting, state
from local.aws.lock import StateLock
from local.aws.notices import OUTBOX

STATE = Path("aws") / "state"


class EmbeddedAws:
    """moto behind a loopback port, restored from and stored in `<folder>/aws/state`.

    Use it as a context manager. Leaving it stores the state, also after an error: what a failed run wrote is what one
    wants to look at. `read_only` takes no lock and stores nothing, so that looking never waits for a run.
    The backends are the process's own, so one process can hold one of these at a time.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        self.instance = ""
        """Id of this embedded AWS; changes with `mlops reset`, so that caches of an older one do not apply."""
        self.endpoint = ""
        self._read_only = read_only
        self._lock = StateLock(folder / "aws" / "lock")
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def state_file(self) -> Path:
        """Where the state is stored."""
        return self.folder / STATE

    def __enter__(self) -> Self:
        """Lock, restore, and listen on a free loopback port."""
        if not self._read_only:
            self._lock.acquire()
        try:
            # moto asks boto3 for region lists, in a session that would read the user's profile.
            cast("Any", AccountSpecificBackend).get_session = staticmethod(_session)
            BackendDict.reset()
            _forget_buckets()
            OUTBOX.clear()
            self.instance = state.load(self.state_file)
            extensions.install()
            logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs each request
            self._listen()
        except BaseException:
            self._lock.release()
            raise
        return self

    def _listen(self) -> None:
        """Do what moto's ThreadedMotoServer does, but poll often: that one takes 0.5 s to stop."""
        application = DomainDispatcherApplication(create_backend_app)
        server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="embedded-aws", daemon=True
        )
        self._thread.start()
        self._server = server
        self.endpoint = f"http://127.0.0.1:{server.server_port}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, store the state, unlock."""
        try:
            if self._server is not None and self._thread is not None:
                self._server.shutdown()
                self._thread.join()
                self._server.server_close()
            if not self._read_only:
                state.save(self.state_file, self.instance)
        finally:
            self.client.cache_clear()
            hosting.use(None)
            function_calls.use(None)
            BackendDict.reset()
            _forget_buckets()
            self._lock.release()

    @functools.cache  # noqa: B019  # cleared on exit; a client costs 20 ms and is safe to share between threads
    def client(self, service: str, account: str, region: str) -> Any:  # boto3 has no client types
        """Return a boto3 client of `service` that acts as `account` in `region`."""
        credentials.enable(account)
        own = {"AccessKeyId": credentials.access_key(account), "SecretAccessKey": credentials.SECRET}
        return self.client_with(service, region, own)

    def client_with(self, service: str, region: str, keys: Mapping[str, str]) -> Any:  # boto3 has no client types
        """Return a boto3 client with AccessKeyId, SecretAccessKey and, of an assumed role, SessionToken."""
        return _session().client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(
                s3={"addressing_style": "path"},
                proxies={},
                retries={"total_max_attempts": 1},
                max_pool_connections=20,
                request_checksum_calculation="when_required",
            ),
        )


@functools.cache
def _session() -> Any:
    """Return a session that reads nothing of the user's: a profile of theirs must neither break this nor leak in."""
    nowhere = (None, None, os.devnull, None)
    own = {"profile": (None, None, None, None), "config_file": nowhere, "credentials_file": nowhere}
    return boto3.Session(botocore_session=botocore.session.Session(session_vars=own))


def _forget_buckets() -> None:
    from moto.s3.models import s3_backends

    s3_backends.bucket_accounts.clear()
