"""Whether what was deployed is in service, answers rightly, and holds a small load."""

import json
import math
import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mlops_project.facts import Facts

CONTENT_TYPE = "application/json"
MEASURED = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=65, max_pool_connections=64)
"""No retries: each would hide an error and lengthen a latency. SageMaker itself gives up after 60 s."""

Invoke = Callable[[bytes], bytes]


class TrafficError(RuntimeError):
    """The endpoint is not what it should be; the message lists what is wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One recorded request."""

    name: str
    payload: Any
    expect: Any = None
    """What the answer must hold, member by member; nothing is compared where it is absent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How much is sent, and what is allowed."""

    requests: int = 200
    threads: int = 8
    max_error_rate: float = 0.0
    max_p50_ms: float | None = None
    max_p95_ms: float | None = None
    max_p99_ms: float | None = None

    def __post_init__(self) -> None:
        """Refuse a load that measures nothing or harms."""
        if not 1 <= self.threads <= 64 or not self.threads <= self.requests <= 10_000:
            raise ValueError("load: threads is 1 to 64, and requests from threads to 10000: this is a small test")
        if not 0 <= self.max_error_rate < 1:
            raise ValueError(f"load: max_error_rate {self.max_error_rate} is a share, from 0 to below 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What traffic.toml says."""

    cases: tuple[Case, ...]
    load: Load

    @classmethod
    def read(cls, file: Path) -> "Plan":
        """Read the plan. Raises ValueError where there is no case: a test that sends nothing passes always."""
        stated = tomllib.loads(file.read_text(encoding="utf-8"))
        cases = tuple(Case(**case) for case in stated.get("case", []))
        if not cases:
            raise ValueError(f"{file}: give at least one [[case]] with name and payload")
        return cls(cases=cases, load=Load(**stated.get("load", {})))


@dataclass(slots=True)
class Result:
    """What a load test measured."""

    latencies_ms: list[float] = field(default_factory=list)
    """Of the requests that were answered."""
    errors: dict[str, int] = field(default_factory=dict)
    """How often each kind of error came."""

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return len(self.latencies_ms) + sum(self.errors.values())

    @property
    def error_rate(self) -> float:
        """Share of the requests that were not answered."""
        return sum(self.errors.values()) / self.requests

    def percentile(self, share: float) -> float:
        """Return the latency, in ms, within which that share of answers came (nearest rank); infinite with none."""
        if not self.latencies_ms:
            return math.inf
        return sorted(self.latencies_ms)[max(math.ceil(share * len(self.latencies_ms)) - 1, 0)]


def verify(sagemaker: Any, facts: Facts) -> None:
    """Raise TrafficError unless the endpoint is in service with exactly the version that was deployed.

    An update that SageMaker rolls back by itself ends InService with the old config, and Pulumi calls it done.
    """
    endpoint = sagemaker.describe_endpoint(EndpointName=facts.endpoint_name)
    problems = []
    if endpoint["EndpointStatus"] != "InService":
        problems.append(f"it is {endpoint['EndpointStatus']}: {endpoint.get('FailureReason', 'no reason given')}")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    for variant in config["ProductionVariants"]:
        container = sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]
        for member, wanted in (("ModelDataUrl", facts.model_data_url), ("Image", facts.image)):
            if container.get(member) != wanted:
                problems.append(f"variant {variant['VariantName']} runs {member} {container.get(member)}, not {wanted}")
    if problems:
        raise TrafficError(f"endpoint {facts.endpoint_name}: " + "; ".join(problems))


def invoker(runtime: Any, endpoint_name: str) -> Invoke:
    """Return a function that sends a body to the endpoint and returns the answer's."""

    def invoke(body: bytes) -> bytes:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint_name, ContentType=CONTENT_TYPE, Accept=CONTENT_TYPE, Body=body
        )
        content: bytes = answer["Body"].read()
        return content

    return invoke


def smoke(invoke: Invoke, cases: Sequence[Case]) -> None:
    """Send each recorded request once. Raises TrafficError with every answer that is not as expected.

    Neither requests nor answers are shown: logs of a workflow have more readers than the data.
    """
    problems = []
    for case in cases:
        try:
            answer = json.loads(invoke(json.dumps(case.payload).encode()))
        except (ClientError, BotoCoreError) as error:
            problems.append(f"{case.name}: {kind_of(error)}")
        except ValueError:
            problems.append(f"{case.name}: the answer is no JSON")
        else:
            if case.expect is not None and not holds(answer, case.expect):
                problems.append(f"{case.name}: the answer is not the one expected")
    if problems:
        raise TrafficError("; ".join(problems))


def load(invoke: Invoke, cases: Sequence[Case], plan: Load) -> Result:
    """Send the cases in turn from several threads and return what was measured."""
    bodies = [json.dumps(case.payload).encode() for case in cases]
    result, lock = Result(), threading.Lock()

    def send(number: int) -> None:
        started = time.perf_counter()
        try:
            invoke(bodies[number % len(bodies)])
        except (ClientError, BotoCoreError) as error:
            with lock:
                result.errors[kind_of(error)] = result.errors.get(kind_of(error), 0) + 1
        else:
            with lock:
                result.latencies_ms.append((time.perf_counter() - started) * 1000)

    with ThreadPoolExecutor(plan.threads) as pool:
        list(pool.map(send, range(plan.requests)))
    return result


def check(result: Result, plan: Load) -> None:
    """Raise TrafficError where a bound is exceeded."""
    problems = []
    if result.error_rate > plan.max_error_rate:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(result.errors.items()))
        problems.append(f"error rate {result.error_rate:.2%}, {plan.max_error_rate:.2%} is allowed ({kinds})")
    for share, bound in ((0.50, plan.max_p50_ms), (0.95, plan.max_p95_ms), (0.99, plan.max_p99_ms)):
        if bound is not None and result.percentile(share) > bound:
            problems.append(f"p{share * 100:.0f} {result.percentile(share):.0f} ms, {bound:g} ms are allowed")
    if problems:
        raise TrafficError("; ".join(problems))


def kind_of(error: ClientError | BotoCoreError) -> str:
    """Return the kind of an error, without what it quotes of the request."""
    if isinstance(error, ClientError):
        code: str = error.response["Error"]["Code"]
        status = error.response.get("OriginalStatusCode")
        return f"{code} {status}" if status else code
    return type(error).__name__


def holds(answer: Any, expected: Any) -> bool:
    """Whether an answer has every expected member; it may have more."""
    if isinstance(expected, dict):
        return isinstance(answer, dict) and all(k in answer and holds(answer[k], v) for k, v in expected.items())
    if isinstance(expected, list):
        return (
            isinstance(answer, list)
            and len(answer) == len(expected)
            and all(holds(a, e) for a, e in zip(answer, expected, strict=True))
        )
    return bool(answer == expected)
