"""The fictional people of the local identity provider, and the clients that may ask who they are."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who can log in by a click."""

    subject: str
    """What `login_hint` names, and claim `sub`."""
    name: str
    email: str
    groups: tuple[str, ...] = ()
    about: str = ""
    """One line on the page."""

    def claims(self) -> dict[str, Any]:
        """Return the claims about the person, without those of the protocol."""
        return {
            "name": self.name,
            "email": self.email,
            "email_verified": True,
            "groups": list(self.groups),
            "realm_access": {"roles": list(self.groups)},
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """An application that people log in to."""

    client_id: str
    redirect_uris: tuple[str, ...]
    """Compared to the letter."""
    secret: str | None = field(default=None, repr=False)
    """None: a public client."""
    logout_uris: tuple[str, ...] = ()


PEOPLE = (
    Person(
        subject="vera",
        name="Vera Viewer",
        email="vera@example.com",
        groups=("ml-viewers",),
        about="may look, everywhere",
    ),
    Person(
        subject="dan",
        name="Dan Developer",
        email="dan@example.com",
        groups=("ml-developers",),
        about="may preview and deploy",
    ),
    Person(
        subject="ana",
        name="Ana Approver",
        email="ana@example.com",
        groups=("ml-approvers",),
        about="may approve what others prepared",
    ),
    Person(
        subject="ada", name="Ada Admin", email="ada@example.com", groups=("ml-admins",), about="may repair and destroy"
    ),
    Person(subject="nils", name="Nils Nobody", email="nils@example.com", about="is in no group, and is refused"),
)
"""One person per role of the portal, and one without any."""
