"""The page on which a fictional person is chosen, and the one after logging out."""

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlencode

from local.identity_provider.people import Person

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 3rem auto; padding: 0 1rem; }
ul { list-style: none; padding: 0; }
li a { display: block; padding: .75rem 1rem; margin: .5rem 0; border: 1px solid; border-radius: .5rem;
  color: inherit; text-decoration: none; }
li a:hover, li a:focus-visible { outline: 3px solid Highlight; }
small { display: block; }
"""


def choose(people: Iterable[Person], query: Mapping[str, str], client_id: str) -> str:
    """Return the page that asks who you are. Each person is a link to the same request with a `login_hint`."""
    entries = "".join(
        f'<li><a href="?{escape(urlencode({**query, "login_hint": person.subject}))}"><strong>{escape(person.name)}'
        f"</strong> {escape(person.about)}<small>{escape(person.email)} &middot; groups: "
        f"{escape(', '.join(person.groups) or 'none')}</small></a></li>"
        for person in people
    )
    cancel = escape(urlencode({**query, "prompt": "cancel"}))
    return _page(
        "Who are you?",
        f"<p>These people are fictional. This identity provider runs on this machine only; it asks for no password, "
        f"and it is no part of a real deployment. <b>{escape(client_id)}</b> wants to know who you are.</p>"
        f'<ul>{entries}</ul><p><a href="?{cancel}">Cancel</a></p>',
    )


def message(title: str, text: str) -> str:
    """Return a page that says one thing."""
    return _page(title, f"<p>{escape(text)}</p>")


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} &ndash; local identity provider</title><link rel="stylesheet" href="style.css"></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
