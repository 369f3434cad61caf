"""The GitHub App: its JWT, signed by KMS so that no function ever holds the key, and its installation tokens."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contracts.github import API_URL, CLOCK_DRIFT_SECONDS, JWT_SECONDS, REPOSITORIES_PER_TOKEN, SIGNING_ALGORITHM
from lambda_src.github_client.deadline import Deadline
from lambda_src.github_client.errors import ForbiddenError, ValidationError
from lambda_src.github_client.rest import GitHub, path_of
from lambda_src.github_client.transport import HttpTransport, Transport

LOOKS = 4
LOOK_AGAIN_SECONDS = 2.0
LIFETIME = JWT_SECONDS - 2 * CLOCK_DRIFT_SECONDS
"""Seconds from now until it expires: within GitHub's ten minutes also where our clock is ahead."""


def app_jwt(kms: Any, key_arn: str, app_id: int, now: float) -> str:
    """Return a JWT of the app, issued a minute ago and good for eight. `now` is in seconds since 1970.

    Raises botocore's ClientError where KMS refuses: no permission, the key disabled or still awaiting import.
    """
    issued = int(now) - CLOCK_DRIFT_SECONDS
    claims = {"iat": issued, "exp": int(now) + LIFETIME, "iss": str(app_id)}
    content = f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    answer = kms.sign(KeyId=key_arn, Message=content.encode(), MessageType="RAW", SigningAlgorithm=SIGNING_ALGORITHM)
    return f"{content}.{_base64(answer['Signature'])}"


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """Which app acts, in which installation."""

    app_id: int
    installation_id: int
    key_arn: str
    """The KMS key that signs for it."""
    organization: str
    api_url: str = API_URL


class TokenMinter:
    """Mints an installation token per call, for some permissions and some repositories. It keeps none."""

    def __init__(self, app: App, kms: Any, transport: Transport | None = None) -> None:
        """`kms` is a boto3 client; `transport` is one to `app.api_url` where absent."""
        self.app, self._kms = app, kms
        self._transport = transport or HttpTransport(app.api_url)

    def client(
        self, permissions: Mapping[str, str], repository_ids: Sequence[int] | None, deadline: Deadline
    ) -> GitHub:
        """Return a client whose token has these permissions, in these repositories; None means all of them.

        None is for what no repository can be named for: creating one, and looking up teams. Raises ValueError for an
        empty list, ValidationError where the app lacks a permission or does not see a repository (yet), ForbiddenError
        where GitHub granted other permissions than asked for.
        """
        if repository_ids is not None and not 1 <= len(repository_ids) <= REPOSITORIES_PER_TOKEN:
            raise ValueError(f"{len(repository_ids)} repository ids; name 1 to {REPOSITORIES_PER_TOKEN}, or pass None")
        if not permissions:
            raise ValueError("no permission: without any GitHub grants all that the app has")
        asked: dict[str, Any] = {"permissions": dict(permissions)}
        if repository_ids is not None:
            asked["repository_ids"] = list(repository_ids)
        return GitHub(self._transport, self._mint(asked, deadline), deadline)

    def _mint(self, asked: dict[str, Any], deadline: Deadline) -> str:
        jwt = app_jwt(self._kms, self.app.key_arn, self.app.app_id, deadline.clock())
        path = path_of("app", "installations", self.app.installation_id, "access_tokens")
        # Not longer than the JWT is good for: a limit that lasts longer is told, not answered by 401 in the end.
        until = replace(deadline, at=min(deadline.at, deadline.clock() + LIFETIME))
        granted = _granted(GitHub(self._transport, jwt, until), path, asked)
        # GitHub drops a permission that it does not know in silence, and adds metadata.
        got = granted.get("permissions", {})
        wrong = {name: got.get(name) for name in {**asked["permissions"], **got} if name != "metadata"
                 and got.get(name) != asked["permissions"].get(name)}  # fmt: skip
        if wrong:
            raise ForbiddenError(f"POST {path}", 201, f"asked for {asked['permissions']}, got other: {wrong}")
        return str(granted["token"])


def _granted(github: GitHub, path: str, asked: Mapping[str, Any]) -> Any:
    """Return GitHub's answer. A repository that was made a moment ago may not be known here yet."""
    for _ in range(LOOKS):
        try:
            return github.post(path, asked, repeatable=True)
        except ValidationError as error:
            if not error.says("does not exist or is not accessible") or not github.deadline.wait(LOOK_AGAIN_SECONDS):
                raise
    return github.post(path, asked, repeatable=True)


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":"), sort_keys=True).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
