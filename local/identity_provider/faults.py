"""What the local identity provider can do wrong on purpose, as an attacker or a broken issuer would."""

from enum import StrEnum


class Fault(StrEnum):
    """One wrong thing. The first group is in the ID token, the second in the protocol around it."""

    NO_ID_TOKEN = "no_id_token"  # noqa: S105
    GARBLED_TOKEN = "garbled_token"  # noqa: S105
    TAMPERED = "tampered"
    """A claim was changed after signing."""
    UNKNOWN_KEY = "unknown_key"
    """Signed with a key that is not in the key set, under the kid of one that is."""
    UNPUBLISHED_KID = "unpublished_kid"
    KEY_IN_HEADER = "key_in_header"
    """Signed with the attacker's key, which the header carries (jwk)."""
    ALG_NONE = "alg_none"
    HS256_WITH_PUBLIC_KEY = "hs256_with_public_key"
    ALG_NOT_ALLOWED = "alg_not_allowed"
    """RS512 with the right key."""
    CRITICAL_HEADER = "critical_header"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    SEVERAL_AUDIENCES = "several_audiences"
    """This client among others, and no azp."""
    WRONG_PARTY = "wrong_party"
    """This client among others, issued to another one."""
    EXPIRED = "expired"
    NO_EXPIRY = "no_expiry"
    FROM_THE_FUTURE = "from_the_future"
    NO_NONCE = "no_nonce"
    OTHER_NONCE = "other_nonce"
    """A genuine token of another login."""
    NO_SUBJECT = "no_subject"
    STRANGE_SUBJECT = "strange_subject"
    OTHER_ACCESS_TOKEN = "other_access_token"  # noqa: S105
    """at_hash of another access token."""

    DISCOVERY_ISSUER = "discovery_issuer"
    DISCOVERY_WITHOUT_HTTPS = "discovery_without_https"
    NO_PKCE = "no_pkce"
    RESPONSE_ISSUER = "response_issuer"
    """The answer to the browser names another issuer."""
    SLOW = "slow"
    """The token endpoint answers only after `release`."""
    SERVER_ERROR = "server_error"
    REDIRECT = "redirect"
    """The token endpoint sends the portal, with the code, somewhere else."""
    HUGE = "huge"
    NO_JSON = "no_json"
    OTHER_TOKEN_TYPE = "other_token_type"  # noqa: S105
    USERINFO_OF_ANOTHER = "userinfo_of_another"
