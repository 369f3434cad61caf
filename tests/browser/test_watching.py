"""The watch itself: what must not go wrong is noticed when it does."""

import pytest

from tests.browser.accessibility import violations
from tests.browser.keyboard import Keyboard
from tests.browser.window import Window

pytestmark = pytest.mark.browser


@pytest.fixture
def window(chromium, past):
    """A window whose troubles are what the test is about."""
    made = Window(chromium, past.settings.url).open("/login")
    yield made
    made.context.close()


@pytest.mark.parametrize(
    ("script", "event", "says"),
    [
        ("console.error('something')", "console", "console: something"),
        ("setTimeout(() => { throw new Error('thrown') })", "pageerror", "exception: "),
        ("fetch('/static/none')", "response", "refused: "),
        ("document.body.append(Object.assign(document.createElement('script'), {text: '1'}))", "console", "console: "),
        ("document.body.setAttribute('style', 'color: red')", "console", "console: "),
        ("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:1/x.png'}))", "console", "console: "),
    ],
)
def test_a_trouble_is_noticed(window, script, event, says):
    with window.page.expect_event(event):
        window.page.evaluate(script)
    window.page.evaluate("1")  # a round trip, after which what was told before is here
    assert any(each.startswith(says) for each in window.troubles), window.troubles


def test_a_stranger_is_noticed_also_where_the_policy_lets_a_page_ask_it(window):
    window.page.goto("data:text/html,<p>another page</p>")
    with window.page.expect_event("requestfailed"):
        window.page.evaluate("fetch('http://127.0.0.1:1/x', {mode: 'no-cors'}).catch(() => 0)")
    assert [each for each in window.troubles if each.startswith("asked a stranger")], window.troubles


def test_a_refusal_that_was_expected_has_to_come(chromium, past):
    window = Window(chromium, past.settings.url).open("/login")
    window.may_be_refused(409)
    assert window.close() == ["desktop: no answer was 409, and one should have been"]


def test_a_text_that_nobody_can_read_and_a_field_without_a_name_are_found(window):
    window.page.evaluate("""() => {
      const pale = Object.assign(document.createElement('p'), {textContent: 'pale words'});
      pale.style.color = '#eee';
      document.querySelector('main').append(pale, document.createElement('input'));
    }""")
    found = "\n".join(violations(window.page) + violations(window.page, scheme="dark"))
    assert "label (critical, light)" in found
    assert "color-contrast (serious, light)" in found


def test_a_stop_without_a_ring_or_behind_something_is_found(window):
    button = window.page.get_by_role("button", name="Log in")
    button.evaluate("button => { button.style.outline = 'none'; }")
    with pytest.raises(AssertionError, match="does not show that it has the focus"):
        Keyboard(window).to(button)
    window.page.reload()
    window.page.evaluate("""() => {
      const lid = document.createElement('div');
      Object.assign(lid.style, {position: 'fixed', inset: 0, background: 'white', zIndex: 5});
      document.querySelector('main').append(lid);
    }""")
    with pytest.raises(AssertionError, match="behind something"):
        Keyboard(window).to(button)
