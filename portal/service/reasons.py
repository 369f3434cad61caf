"""What people write and who they are, as git, AWS and the audit log take it: one line, and bounded."""

import hashlib
import re
import unicodedata

from portal.access.roles import Actor
from portal.redaction import Redactor
from portal.service.errors import InvalidError
from portal.service.git_checkout import Person

LONGEST_REASON = 500
SOURCE_IDENTITY = (2, 64)
"""Characters of STS's SourceIdentity, each one of [\\w+=,.@-] (AssumeRole)."""
_EMAIL = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,190}")


def one_line(text: str) -> str:
    """Return `text` in one line: no control, format or surrogate character, and single spaces."""
    kept = "".join(" " if unicodedata.category(each) in {"Cc", "Zl", "Zp"} else each for each in text)
    return " ".join("".join(each for each in kept if unicodedata.category(each) not in {"Cf", "Cs"}).split())


def visible_lines(text: str) -> str:
    """Return `text` trimmed, each line as `one_line` has it: nothing in it moves a cursor or turns its direction."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(map(one_line, lines)).strip()


def without_secrets(path: str, text: str) -> str:
    """Return what a person wrote. Raises InvalidError where something in it has the form of a token or key.

    What people write is kept for ever, in the audit log too, so a secret in it could not be taken out again.
    """
    if Redactor().text(text) != text:
        rule = "this has the form of a token or key, and what is written here is kept for ever and shown to others"
        raise InvalidError.of(path, "", rule, "take it out; if it is a real one, have it revoked where it comes from")
    return text


def checked_reason(why: str) -> str:
    """Return a person's reason in one line. Raises InvalidError for none, and for one that is too long."""
    reason = one_line(why)
    if not reason:
        raise InvalidError.of("why", why, "who looks later wants to know why", "write a sentence")
    if len(reason) > LONGEST_REASON:
        raise InvalidError.of("why", why, f"a reason has at most {LONGEST_REASON} characters", "shorten it")
    return without_secrets("why", reason)


def person_of(actor: Actor, host: str) -> Person:
    """Return an actor as the author of a commit; who has no verified e-mail address gets one that no mail reaches."""
    name = re.sub(r"[<>]", "", one_line(actor.name)).strip(" .,:;\"'")[:100] or "unknown"
    if _EMAIL.fullmatch(actor.email):
        return Person(name=name, email=actor.email)
    return Person(name=name, email=f"{source_identity(actor.person)}@{one_line(host) or 'portal'}.invalid")


def source_identity(person: str) -> str:
    """Return a person's id (`Actor.person`) as STS takes it for SourceIdentity: oidc-id.example.com-ada-9f2c….

    The same by session and by token, and for ever: an e-mail address could be given to somebody else, or be a claim
    that nobody verified. Two people never share one: where a character has to be replaced or the text is cut, it ends
    in a hash of the whole. What is cut is the beginning, the issuer's name: the rest finds the person in the audit log.
    """
    least, most = SOURCE_IDENTITY
    cleaned = re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", person)
    if cleaned == person and least <= len(person) <= most:
        return person
    digest = hashlib.sha256(person.encode()).hexdigest()[:12]
    return f"{cleaned[-(most - 13) :]}-{digest}"
