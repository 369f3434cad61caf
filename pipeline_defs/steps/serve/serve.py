"""SageMaker's serving contract as a WSGI app: GET /ping, POST /invocations, GET /execution-parameters.

In the image gunicorn runs `serve:application` on port 8080. `python serve.py` runs the same app on the standard
library's server, for one machine. The app imports nothing but the standard library and this folder's and shared/'s
modules, so tests call it in process.
"""

import argparse
import json
import os
import sys
import time
import traceback
import uuid
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from job_contract import root
from predictor import BadRecordsError, LazyPredictor, Predictor

DEFAULT_MAX_MEGABYTES = 6
"""Largest request. Batch transform announces its own limit in SAGEMAKER_MAX_PAYLOAD_IN_MB."""

PING_SECONDS = 1.5
"""SageMaker gives a ping two seconds."""

LOAD_SECONDS = 45.0
"""An invocation waits so long for the model; SageMaker gives it sixty."""

JSON, JSON_LINES = "application/json", "application/jsonlines"

StartResponse = Callable[[str, List[Tuple[str, str]]], Any]


class RequestError(Exception):
    """A request that cannot be answered; becomes a JSON body that teaches."""

    def __init__(self, status: HTTPStatus, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, **details}}


class Application:
    """The WSGI app over one model folder."""

    def __init__(self, environment: Optional[Mapping[str, str]] = None) -> None:
        environment = os.environ if environment is None else environment
        self.megabytes = int(environment.get("SAGEMAKER_MAX_PAYLOAD_IN_MB") or DEFAULT_MAX_MEGABYTES)
        self.model = LazyPredictor(root() / "model")
        self._routes = {
            ("GET", "/ping"): self._ping,
            ("POST", "/invocations"): self._invoke,
            ("GET", "/execution-parameters"): self._execution_parameters,
        }

    def __call__(self, environ: Dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request. The log gets a line with sizes and times, never a payload."""
        started = time.perf_counter()
        request = environ.get("HTTP_X_AMZN_REQUESTID") or str(uuid.uuid4())
        status, kind, text = self._answer(environ, request)
        body = text.encode("utf-8")
        path = environ.get("PATH_INFO", "")
        if path != "/ping" or status != HTTPStatus.OK:
            line = {
                "request_id": request,
                "path": path[:100],
                "status": int(status),
                "bytes_out": len(body),
                "milliseconds": round(1000 * (time.perf_counter() - started), 2),
            }
            print(json.dumps(line), file=sys.stderr, flush=True)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("X-Request-Id", request)]
        start_response(f"{int(status)} {status.phrase}", headers)
        return [body]

    def _answer(self, environ: Dict[str, Any], request: str) -> Tuple[HTTPStatus, str, str]:
        try:
            return self._route(environ)
        except RequestError as error:
            return error.status, JSON, json.dumps(error.body)
        except Exception as error:  # noqa: BLE001 - a client gets no stack trace, and the server goes on
            # Only the frames: an exception's text may quote the payload.
            frames = "".join(traceback.format_tb(error.__traceback__))
            print(f"request {request} failed: {type(error).__name__}\n{frames}", file=sys.stderr, flush=True)
            body = {"code": "internal", "message": f"The request failed. Give request_id {request} to the operator."}
            return HTTPStatus.INTERNAL_SERVER_ERROR, JSON, json.dumps({"error": body})

    def _route(self, environ: Dict[str, Any]) -> Tuple[HTTPStatus, str, str]:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        handler = self._routes.get((method, path))
        if handler is not None:
            return handler(environ)
        allowed = [name for name, known in self._routes if known == path]
        if allowed:
            message = f"{path} takes {allowed[0]}, not {method}."
            raise RequestError(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", message)
        known_paths = ", ".join(f"{verb} {known}" for verb, known in self._routes)
        raise RequestError(HTTPStatus.NOT_FOUND, "not_found", f"There is no such path. Use {known_paths}.")

    def _ping(self, _: Dict[str, Any]) -> Tuple[HTTPStatus, str, str]:
        self._loaded(PING_SECONDS)
        return HTTPStatus.OK, JSON, json.dumps({"status": "healthy"})

    def _execution_parameters(self, _: Dict[str, Any]) -> Tuple[HTTPStatus, str, str]:
        parameters = {
            "MaxConcurrentTransforms": os.cpu_count() or 1,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": self.megabytes,
        }
        return HTTPStatus.OK, JSON, json.dumps(parameters)

    def _invoke(self, environ: Dict[str, Any]) -> Tuple[HTTPStatus, str, str]:
        kind = environ.get("CONTENT_TYPE", "").split(";")[0].strip().lower()
        if kind not in (JSON, JSON_LINES):
            message = (
                f"Content-Type {kind[:60]!r} is not understood. Send {JSON} (or {JSON_LINES}, one record per line)."
            )
            raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
        records = _records(self._read(environ), lines=kind == JSON_LINES)
        predictor = self._loaded(LOAD_SECONDS)
        try:
            predictions = predictor.predict(records)
        except BadRecordsError as error:
            message = f"{error.count} values break the model's schema. Correct them as each problem says."
            raise RequestError(HTTPStatus.BAD_REQUEST, "schema", message, problems=error.problems) from None
        if kind == JSON_LINES:
            lines = [json.dumps({**item, "model_version": predictor.version}) for item in predictions]
            return HTTPStatus.OK, JSON_LINES, "\n".join(lines) + "\n"
        return HTTPStatus.OK, JSON, json.dumps({"predictions": predictions, "model_version": predictor.version})

    def _loaded(self, seconds: float) -> Predictor:
        predictor = self.model.wait(seconds)
        if predictor is not None:
            return predictor
        if self.model.failed:
            code, message = "model_failed", "The model could not be loaded. The container's log says why."
        else:
            code, message = "model_loading", "The model is still being loaded. Try again in a few seconds."
        raise RequestError(HTTPStatus.SERVICE_UNAVAILABLE, code, message)

    def _read(self, environ: Dict[str, Any]) -> bytes:
        limit = self.megabytes * 1024 * 1024
        text = environ.get("CONTENT_LENGTH") or ""
        if text.isdigit():
            size = min(int(text), limit + 1)
        elif environ.get("wsgi.input_terminated"):  # chunked, as batch transform sends
            size = limit + 1
        else:
            raise RequestError(HTTPStatus.LENGTH_REQUIRED, "length_required", "Send the header Content-Length.")
        if text.isdigit() and int(text) > limit:
            raise self._too_large()
        body: bytes = environ["wsgi.input"].read(size)
        if len(body) > limit:
            raise self._too_large()
        return body

    def _too_large(self) -> RequestError:
        message = f"The request is larger than {self.megabytes} MB. Send fewer instances per request."
        return RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", message)


def _records(body: bytes, *, lines: bool) -> List[Any]:
    try:
        text = body.decode("utf-8-sig")
        if lines:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        document = json.loads(text)
    except UnicodeDecodeError:
        raise RequestError(HTTPStatus.BAD_REQUEST, "not_utf8", "The body is not UTF-8 text. Encode it so.") from None
    except json.JSONDecodeError as error:
        message = f"The body is not valid JSON: {error.msg} at line {error.lineno} column {error.colno}."
        raise RequestError(HTTPStatus.BAD_REQUEST, "not_json", message) from None
    except (ValueError, RecursionError):
        raise RequestError(
            HTTPStatus.BAD_REQUEST, "not_json", "The body's JSON is nested or numbered beyond reason."
        ) from None
    if isinstance(document, dict) and "instances" in document:
        instances = document["instances"]
        if isinstance(instances, list) and len(document) == 1:
            return instances
    elif isinstance(document, dict):
        return [document]
    message = 'Send one record, {"field": value, ...}, or {"instances": [record, ...]} and nothing beside it.'
    raise RequestError(HTTPStatus.BAD_REQUEST, "shape", message)


class _ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's signature
        """Leave the log to the app, which knows what must not be in it."""


def main() -> None:
    """Serve on one machine, without gunicorn."""
    parser = argparse.ArgumentParser(description="Serve the model folder below ML_ROOT on this machine.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free port; the first line printed names it")
    arguments = parser.parse_args()
    with make_server(arguments.host, arguments.port, application, _ThreadingServer, _QuietHandler) as server:
        print(f"serving on http://{arguments.host}:{server.server_port}", flush=True)
        server.serve_forever()


application = Application()

if __name__ == "__main__":
    main()
