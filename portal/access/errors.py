"""Why a login failed: a text for the person, a reason for the log, and never a token in either."""

from enum import StrEnum


class Reason(StrEnum):
    """Reason codes of a failed login, for logs, metrics and tests."""

    ISSUER_UNREACHABLE = "issuer_unreachable"
    """No connection, a timeout, or an answer that took too long."""
    ISSUER_ANSWER = "issuer_answer"
    """An answer that is an error, a redirect, too large, or not the JSON that the standard asks for."""
    DISCOVERY = "discovery"
    """The discovery document is of another issuer, or lacks what is needed, or names an endpoint without https."""
    REFUSED_BY_ISSUER = "refused_by_issuer"
    """The issuer sent the person back with an error, as after "cancel"."""
    STATE = "state"
    """The answer does not belong to this attempt."""
    ATTEMPT_EXPIRED = "attempt_expired"
    RESPONSE_ISSUER = "response_issuer"
    """The answer came from another issuer than the attempt went to (RFC 9207)."""
    CODE_REFUSED = "code_refused"
    """The token endpoint refused the code or the client."""
    TOKEN_MALFORMED = "token_malformed"  # noqa: S105
    TOKEN_ALGORITHM = "token_algorithm"  # noqa: S105
    TOKEN_KEY = "token_key"  # noqa: S105
    """No key of the issuer fits the token."""
    TOKEN_SIGNATURE = "token_signature"  # noqa: S105
    TOKEN_ISSUER = "token_issuer"  # noqa: S105
    TOKEN_AUDIENCE = "token_audience"  # noqa: S105
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    TOKEN_TIME = "token_time"  # noqa: S105
    """A time is missing, is no number, or lies in the future."""
    TOKEN_NONCE = "token_nonce"  # noqa: S105
    TOKEN_ACCESS_HASH = "token_access_hash"  # noqa: S105
    TOKEN_SUBJECT = "token_subject"  # noqa: S105
    USERINFO = "userinfo"
    """The userinfo answer is about somebody else, or is of a form that is not supported."""
    NO_ROLE = "no_role"
    """The person is known, and no rule gives a role."""


_AGAIN = "Start the login again. If it keeps failing, tell the people who run this portal"
_TEXTS = {
    Reason.ISSUER_UNREACHABLE: "The identity provider cannot be reached. Try again in a moment.",
    Reason.REFUSED_BY_ISSUER: "The identity provider did not let you in, or the login was cancelled there.",
    Reason.STATE: "This login was not started in this browser, or was already used. Start the login again.",
    Reason.ATTEMPT_EXPIRED: "The login took too long. Start it again.",
    Reason.TOKEN_TIME: f"The clocks of the portal and of the identity provider differ. {_AGAIN}.",
}


class LoginError(Exception):
    """A login that failed.

    `text` is fit for a page, `reason` and `detail` for logs. `detail` names claims, addresses of the issuer and error
    codes; it holds no token, code, secret or value that a stranger could choose.
    """

    def __init__(self, reason: Reason, detail: str = "", *, text: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason, self.detail = reason, detail
        self.text = text or _TEXTS.get(
            reason, f"The answer of the identity provider could not be trusted. {_AGAIN} (reason: {reason})."
        )
