"""Answers of an issuer are bounded in time and size, and nothing leads elsewhere."""

import httpx
import pytest

from portal.access.errors import LoginError, Reason
from portal.access.issuer_http import LARGEST_ANSWER, IssuerHttp, issuer_client
from tests.portal.access.conftest import Time


def answering(reply) -> IssuerHttp:
    return IssuerHttp(httpx.Client(transport=httpx.MockTransport(reply)), Time())


def test_an_answer_that_drips_is_given_up_after_a_while():
    clock = Time()

    def drip():
        for _ in range(1000):
            clock.pass_(seconds=4)  # each wait is shorter than the timeout of one
            yield b" "

    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=drip()))
    with pytest.raises(LoginError) as caught:
        IssuerHttp(httpx.Client(transport=transport), clock).get("https://issuer.example.com/")
    assert caught.value.reason is Reason.ISSUER_UNREACHABLE


@pytest.mark.parametrize(
    ("status", "headers", "content"),
    [
        (200, {"content-encoding": "gzip"}, b"x"),
        (200, {}, b'{"a": "' + b"x" * LARGEST_ANSWER + b'"}'),
        (200, {}, b"[" * 100_000),
        (200, {}, b"[]"),
        (200, {}, b"\xff\xfe"),
        (302, {"location": "https://evil.example.com/"}, b"{}"),
        (404, {}, b"{}"),
    ],
    ids=["compressed", "large", "deep", "list", "bytes", "redirect", "missing"],
)
def test_an_answer_of_another_form_is_refused(status, headers, content):
    asked = []

    def handle(request):
        asked.append(request.url.host)
        return httpx.Response(status, headers=headers, content=iter([content]))

    with pytest.raises(LoginError) as caught:
        answering(handle).get("https://issuer.example.com/")
    assert caught.value.reason is Reason.ISSUER_ANSWER
    assert asked == ["issuer.example.com"], "no redirect is followed"


def test_cookies_of_the_issuer_are_not_sent_back_with_somebody_else_s_login():
    with issuer_client("https://issuer.example.com") as client:
        request = httpx.Request("GET", "https://issuer.example.com/")
        client.cookies.extract_cookies(httpx.Response(200, headers={"set-cookie": "a=b"}, request=request))
        assert not client.cookies
        assert client.follow_redirects is False
