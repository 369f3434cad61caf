"""Smoke and load: what passes, what does not, and what is said."""

import json
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from mlops_project import facts, traffic
from mlops_project.traffic import Case, Load, Result

CASES = (Case(name="one", payload={"instances": [{"age": 42}]}, expect={"predictions": [{"label": 1}]}),)


def error(code, status=None):
    answer = {"Error": {"Code": code, "Message": "instances[0].age 42"}}
    return ClientError({**answer, "OriginalStatusCode": status} if status else answer, "InvokeEndpoint")


def answering(document):
    return lambda body: json.dumps(document).encode()


def failing(problem):
    def invoke(body):
        raise problem

    return invoke


class TestSmoke:
    def test_an_answer_may_have_more_than_is_expected(self):
        traffic.smoke(answering({"predictions": [{"label": 1, "probability": 0.9}]}), CASES)

    @pytest.mark.parametrize(
        ("invoke", "reason"),
        [(answering({"predictions": [{"label": 0}]}), "not the one expected"),
         (answering({"predictions": []}), "not the one expected"), (lambda body: b"<html>", "no JSON"),
         (failing(error("ModelError", 500)), "ModelError 500"),
         (failing(EndpointConnectionError(endpoint_url="x")), "EndpointConnectionError")],
    )  # fmt: skip
    def test_anything_else_is_told_with_the_name_of_the_case_and_without_data(self, invoke, reason):
        with pytest.raises(traffic.TrafficError, match=f"one: .*{reason}") as raised:
            traffic.smoke(invoke, CASES)
        assert "42" not in str(raised.value), "requests are data, and logs have many readers"


class TestLoad:
    def test_every_request_is_sent_and_measured(self):
        result = traffic.load(answering({}), CASES, Load(requests=50, threads=4))
        assert (result.requests, result.error_rate) == (50, 0.0)
        assert 0 <= result.percentile(0.5) <= result.percentile(0.99)

    def test_threads_send_at_the_same_time(self):
        together = threading.Barrier(4, timeout=10)
        result = traffic.load(lambda body: together.wait() or b"", CASES, Load(requests=8, threads=4))
        assert result.error_rate == 0, "a barrier of four breaks unless four requests are under way"

    def test_errors_are_counted_by_kind_and_have_no_latency(self):
        turn = iter(range(10))
        invoke = lambda body: b"" if next(turn) % 2 else failing(error("ModelError", 503))(body)  # noqa: E731
        result = traffic.load(invoke, CASES, Load(requests=10, threads=1))
        assert result.errors == {"ModelError 503": 5}
        assert len(result.latencies_ms) == 5
        with pytest.raises(traffic.TrafficError, match=r"error rate 50.00%, 1.00% is allowed \(5 ModelError 503\)"):
            traffic.check(result, Load(max_error_rate=0.01))

    def test_an_error_that_is_ours_is_not_counted_as_the_endpoints(self):
        with pytest.raises(KeyError):
            traffic.load(failing(KeyError("a mistake here")), CASES, Load(requests=2, threads=1))

    def test_percentiles_are_by_nearest_rank(self):
        result = Result(latencies_ms=[float(value) for value in range(100, 0, -1)])
        assert [result.percentile(share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
        assert Result(errors={"x": 1}).percentile(0.5) == float("inf"), "no answer is no fast answer"

    def test_a_latency_above_its_bound_is_told(self):
        result = Result(latencies_ms=[10.0] * 94 + [900.0] * 6)
        traffic.check(result, Load(max_p50_ms=20))
        with pytest.raises(traffic.TrafficError, match="p95 900 ms, 500 ms are allowed"):
            traffic.check(result, Load(max_p50_ms=20, max_p95_ms=500))

    @pytest.mark.parametrize("stated", [{"threads": 0}, {"requests": 4}, {"requests": 99999}, {"max_error_rate": 1}])
    def test_a_load_that_measures_nothing_or_harms_is_refused(self, stated):
        with pytest.raises(ValueError, match="load"):
            Load(**stated)

    def test_a_plan_without_requests_is_refused(self, tmp_path):
        (tmp_path / "traffic.toml").write_text("[load]\nrequests = 10\n")
        with pytest.raises(ValueError, match="at least one"):
            traffic.Plan.read(tmp_path / "traffic.toml")


class TestVerify:
    facts = facts.example("preprod")

    def client(self, **changed):
        seen = {"status": "InService", "url": self.facts.model_data_url, "image": self.facts.image, **changed}
        return SimpleNamespace(
            describe_endpoint=lambda **_: {"EndpointStatus": seen["status"], "EndpointConfigName": "config"},
            describe_endpoint_config=lambda **_: {"ProductionVariants": [{"VariantName": "v", "ModelName": "m"}]},
            describe_model=lambda **_: {"PrimaryContainer": {"ModelDataUrl": seen["url"], "Image": seen["image"]}},
        )

    def test_an_endpoint_on_this_version_passes(self):
        traffic.verify(self.client(), self.facts)

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [({"url": "s3://old/model.tar.gz"}, "runs ModelDataUrl s3://old"), ({"status": "Updating"}, "it is Updating"),
         ({"image": "old:1"}, "runs Image old:1")],
    )  # fmt: skip
    def test_a_rollback_that_sagemaker_made_silently_is_found(self, changed, reason):
        with pytest.raises(traffic.TrafficError, match=reason):
            traffic.verify(self.client(**changed), replace(self.facts))


def test_nothing_is_retried_while_it_is_measured():
    assert traffic.MEASURED.retries == {"total_max_attempts": 1}, "a retry hides an error and lengthens a latency"
