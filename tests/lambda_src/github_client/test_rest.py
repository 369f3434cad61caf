"""Every status has a meaning, waits obey GitHub and end at the deadline, and nothing unsafe is done twice."""

import pytest

from contracts.github import INSPECT, SETUP
from lambda_src.github_client import errors, variables
from lambda_src.github_client.deadline import of_lambda, within
from lambda_src.github_client.rest import GitHub, path_of
from lambda_src.github_client.transport import Answer, HttpTransport, NoAnswerError
from local.github.faults import Fault
from tests.github_world import Clock

READ = "GET /repos/acme/risk-churn-training"


class Script:
    """Answers from a list, and remembers what was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def send(self, method, path, token, body=None, seconds=0.0):
        self.asked.append((method, path))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def said(status, message="", **headers):
    return Answer(
        status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body={"message": message}
    )


def scripted(*answers, seconds=300):
    clock, script = Clock(), Script(*answers)
    return GitHub(script, "token", within(seconds, clock=clock, sleeper=clock.sleep)), script, clock


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.ValidationError), (401, errors.UnauthorizedError), (403, errors.ForbiddenError),
        (404, errors.NotFoundError), (410, errors.NotFoundError), (301, errors.MovedError), (307, errors.MovedError),
        (409, errors.ConflictError), (422, errors.ValidationError), (304, errors.GitHubError),
        (418, errors.GitHubError),
    ],
)  # fmt: skip
def test_every_status_that_is_no_success_is_an_error_at_once(status, kind):
    client, script, clock = scripted(said(status, "why"))
    with pytest.raises(errors.GitHubError) as caught:
        client.get("/x")
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.message, clock.waits, len(script.asked)) == (status, "why", [], 1)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_server_is_asked_again_with_growing_waits(status):
    client, _, clock = scripted(*[said(status)] * 3, said(200, "there"))
    assert client.get("/x") == {"message": "there"}
    assert clock.waits == [1, 2, 4]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_a_lost_answer_is_asked_for_again_where_twice_is_the_same_as_once(method):
    client, script, _ = scripted(NoAnswerError("reset"), said(200))
    arguments = {"put": ({},), "patch": ({},)}.get(method, ())
    getattr(client, method)("/x", *arguments)
    assert len(script.asked) == 2


@pytest.mark.parametrize("lost", [NoAnswerError("reset"), said(502)])
def test_a_post_is_never_sent_twice_after_an_unclear_end(lost):
    client, script, _ = scripted(lost)
    with pytest.raises(errors.UnavailableError):
        client.post("/x", {})
    assert len(script.asked) == 1, "it may have been done"


def test_a_post_that_says_so_is_sent_again():
    client, script, _ = scripted(said(502), said(201))
    client.post("/x", {}, repeatable=True)
    assert len(script.asked) == 2


LIMITS = {
    "retry-after": (said(403, "You have exceeded a secondary rate limit", retry_after="7"), 7),
    "429 with retry-after": (said(429, "slow down", retry_after="9"), 9),
    "primary": (said(403, "API rate limit exceeded", x_ratelimit_remaining="0", x_ratelimit_reset="1800000090"), 90),
    "a reset that has passed": (said(403, "x", x_ratelimit_remaining="0", x_ratelimit_reset="1799999999"), 1),
    "message only": (said(403, "You have exceeded a secondary rate limit."), 60),
    "429 without a word": (said(429), 60),
    "a date": (said(403, "x", retry_after="Fri, 15 Jan 2027 08:00:30 GMT"), 30),
}


@pytest.mark.parametrize("case", LIMITS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_limit_is_waited_for_as_github_says_and_then_even_a_post_is_sent(case, method):
    limit, seconds = LIMITS[case]
    client, script, clock = scripted(limit, said(201))
    getattr(client, method)("/x", *([{}] if method == "post" else []))
    assert clock.waits == [seconds]
    assert len(script.asked) == 2, "in a limit nothing was done"


def test_a_limit_that_lasts_beyond_the_deadline_says_when_to_come_back():
    client, _, clock = scripted(LIMITS["primary"][0], seconds=30)
    with pytest.raises(errors.RateLimitedError) as caught:
        client.get("/x")
    assert caught.value.retry_at == 1_800_000_090
    assert clock.waits == [], "waiting in vain costs the function's time"


def test_a_403_that_is_no_limit_is_not_repeated():
    client, script, _ = scripted(said(403, "Resource not accessible by integration", x_ratelimit_remaining="4999"))
    with pytest.raises(errors.ForbiddenError):
        client.get("/x")
    assert len(script.asked) == 1


def test_waits_end_before_the_deadline():
    client, script, clock = scripted(*[said(503)] * 50, seconds=40)
    with pytest.raises(errors.UnavailableError):
        client.get("/x")
    assert sum(clock.waits) < 40
    assert len(script.asked) == len(clock.waits) + 1


def test_after_the_deadline_nothing_is_sent():
    client, script, clock = scripted(seconds=40)
    clock.now += 40
    with pytest.raises(errors.UnavailableError, match="nothing was sent"):
        client.post("/x", {})
    assert script.asked == [], "a call that is cut off may have been done"


def test_the_deadline_of_a_function_leaves_time_to_answer():
    class Context:
        def get_remaining_time_in_millis(self):
            return 60_000

    assert 54 < of_lambda(Context()).left <= 55


def test_every_page_is_read(github):
    repository = github.repository()
    client = github.client(SETUP, [repository.id])
    wanted = {f"NAME_{number:03}": str(number) for number in range(75)}
    variables.set_repository_variables(client, repository, wanted)
    assert variables.repository_variables(client, repository) == wanted
    pages = [c for c in github.calls("GET") if c.endswith("/actions/variables")]
    assert len(pages) == 1 + 3, "30 variables make a page: one look before, three pages after"


def test_a_next_page_at_another_host_is_not_asked_with_our_token():
    transport = HttpTransport("https://api.github.com")
    with pytest.raises(ValueError, match="another host"):
        transport.send("GET", "https://api.github.com.evil.example/x", "token")


@pytest.mark.parametrize("url", ["http://api.github.com", "ftp://x", "api.github.com", "http://127.0.0.1.evil.example"])
def test_a_token_never_goes_over_plain_http(url):
    with pytest.raises(ValueError, match="https only"):
        HttpTransport(url)


BEFORE_OR_LOST = [fault for fault in Fault if fault not in (Fault.FORBIDDEN, Fault.UNAUTHORIZED, Fault.NOT_FOUND)]


@pytest.mark.parametrize("fault", BEFORE_OR_LOST)
def test_a_read_survives_each_fault_of_the_server(github, fault):
    repository = github.repository()
    client = github.client(INSPECT, [repository.id])
    github.hub.faults.add(READ, fault)
    assert client.get(repository.path)["id"] == repository.id
    assert len(github.calls(READ)) == 2


def test_minting_survives_a_lost_answer(github):
    repository = github.repository()
    github.hub.faults.add("POST /app/*", Fault.TIMEOUT_AFTER_SUCCESS)
    assert github.client(INSPECT, [repository.id]).get(repository.path)["id"] == repository.id


def test_parts_of_a_path_cannot_reach_another_route():
    assert path_of("repos", "acme", "a/../b?x#y") == "/repos/acme/a%2F..%2Fb%3Fx%23y"
    for part in ("", ".", ".."):
        with pytest.raises(ValueError, match="no part"):
            path_of("repos", part)
