"""Configuration of the login: which issuer, as which client."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from portal.access.discovery import KEY_TYPES
from portal.access.origins import is_protected


class ClientAuthentication(StrEnum):
    """How the portal proves to the token endpoint who it is."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    NONE = "none"
    """A public client: PKCE alone ties the code to this login."""


class OidcConfig(BaseModel):
    """The portal as a client of one issuer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    """Exactly as the issuer writes it, with or without a slash at the end; https, or http on this machine."""
    client_id: str = Field(min_length=1)
    client_secret: SecretStr | None = None
    client_authentication: ClientAuthentication = ClientAuthentication.BASIC
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    claims_from: Literal["id_token", "userinfo"] = "id_token"
    """"userinfo" for issuers that put groups only there."""
    algorithms: frozenset[str] = frozenset(KEY_TYPES)
    """Signatures that are accepted; the fewer the better, if you know what the issuer uses."""
    logout_at_issuer: bool = True
    """Whether logging out here logs out there, where the issuer supports the standard way."""

    @field_validator("issuer")
    @classmethod
    def _is_protected(cls, issuer: str) -> str:
        if not is_protected(issuer) or "?" in issuer:
            raise ValueError(f"{issuer!r} is no issuer: https://, no query, no fragment; http:// only on this machine")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _asks_for_an_id_token(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes or any(not scope or not scope.isascii() or " " in scope for scope in scopes):
            raise ValueError(f"scopes {list(scopes)}: a list of single words, with openid among them")
        return scopes

    @field_validator("algorithms")
    @classmethod
    def _are_safe(cls, algorithms: frozenset[str]) -> frozenset[str]:
        wrong = sorted(algorithms - set(KEY_TYPES))
        if wrong or not algorithms:
            raise ValueError(f"algorithms {wrong or '(none)'}: choose from {', '.join(KEY_TYPES)}")
        return algorithms

    @model_validator(mode="after")
    def _secret_and_its_use_agree(self) -> Self:
        public = self.client_authentication is ClientAuthentication.NONE
        if public != (self.client_secret is None):
            raise ValueError(
                f"client_authentication {self.client_authentication}: "
                + ("a public client has no client_secret" if public else "needs a client_secret; none for a public one")
            )
        return self
