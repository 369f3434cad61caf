"""Where a login may lead back to, and what counts as protected."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.access.origins import is_loopback, is_protected, origin_of, safe_next

BASE = "https://portal.example.com/login/callback"
TRICKS = [
    "//evil.example.com", "///evil.example.com", "/\\evil.example.com", "\\\\evil.example.com", "/\t/evil.example.com",
    "/\n/evil.example.com", "https://evil.example.com", "https:evil.example.com", "javascript:alert(1)", "evil",
    "", "/a\r\nSet-Cookie: x=y", "/a b", " /a", "/a\x00", "/.//evil.example.com", "/a//b", "/é", "/a#//evil",
    "/" + "a" * 2000, "@evil.example.com", "/<script>", None, 7, ["/a"],
]  # fmt: skip


@pytest.mark.parametrize("path", TRICKS)
def test_what_could_lead_elsewhere_leads_home(path):
    assert safe_next(path) == "/"


@pytest.mark.parametrize(
    "path", ["/", "/stacks/dev", "/stacks/dev?tab=history&since=2030-01-01", "/a%2F%2Fb", "/m?next=//x", "/x:y@z"]
)
def test_a_page_of_the_portal_is_kept(path):
    assert safe_next(path) == path


@given(
    st.one_of(
        st.text(), st.text(alphabet="/\\.:@?#%ab\t\n "), st.from_regex(r"[/\\.]{1,4}[a-z.:@/\\?]{0,12}", fullmatch=True)
    )
)
@example("/%5cevil")
@example("/..//evil")
def test_a_login_never_leads_to_another_host(text):
    path = safe_next(text)
    assert path == text or path == "/"
    assert safe_next(path) == path
    target = urlsplit(urljoin(BASE, path))
    assert (target.scheme, target.netloc) == ("https", "portal.example.com")
    # As browsers read it: a backslash is a slash, tabs and line breaks are not there.
    read = path.replace("\\", "/").translate({9: None, 10: None, 13: None})
    assert read.startswith("/")
    assert not read.startswith("//")
    path.encode("ascii")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Portal.Example.com:443/x?y", "https://portal.example.com"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://user@portal.example.com/", "https://portal.example.com"),
        ("null", None),
        ("ftp://x", None),
        ("https://", None),
        ("https://x:99999/", None),
        ("https://[x/", None),
    ],
)
def test_the_origin_of_a_url_is_written_as_browsers_write_it(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize("url", ["http://localhost:1/", "http://127.9.9.9/", "http://[::1]/"])
def test_this_machine_is_known(url):
    assert is_loopback(url)
    assert is_protected(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost.evil.example.com/",
        "http://127.0.0.1.example.com/",
        "http://0.0.0.0/",
        "http://[bad/",
        "http://",
    ],
)
def test_what_only_looks_like_this_machine_is_not(url):
    assert not is_loopback(url)
    assert not is_protected(url)
