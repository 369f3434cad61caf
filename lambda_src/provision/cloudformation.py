"""CloudFormation's custom resource protocol: read its request, and answer it in every case.

Source: CloudFormation user guide, "Custom resources": the answer goes by PUT to a pre-signed address, which is a secret
for as long as it is good, so it is never logged; an answer has up to 4,096 bytes.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from contracts.regions import dns_suffix_of

ANSWER_BYTES = 4096
REASON_LENGTH = 1000
ATTEMPTS = 4
SECONDS = 8.0
"""For one attempt."""
PHYSICAL_ID = "project/"
"""Begins every physical id; what follows is the project's name, so an id never changes while the project lives."""
PHYSICAL_ID_LENGTH = 200
CUT = "... (cut)"


class UnansweredError(Exception):
    """CloudFormation could not be told; the call is repeated by Lambda, and each step of it is repeatable."""


@dataclass(frozen=True, slots=True)
class CustomResourceRequest:
    """One request of CloudFormation."""

    event: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """What is wanted: `Create`, `Update` or `Delete`."""
        return str(self.event["RequestType"])

    @property
    def properties(self) -> Mapping[str, Any]:
        """What the template says."""
        found = self.event.get("ResourceProperties")
        return found if isinstance(found, Mapping) else {}

    @property
    def request_id(self) -> str:
        """What tells one resource's life from another's: the stack's id, which no later stack has again."""
        return f"{self.event['StackId']}/{self.event['LogicalResourceId']}"

    @property
    def physical_id(self) -> str:
        """The id that CloudFormation knows the resource by; the one to be, while it is being created."""
        chosen = f"{PHYSICAL_ID}{self.properties.get('ProjectName', '')}"[:PHYSICAL_ID_LENGTH]
        return str(self.event.get("PhysicalResourceId") or chosen)

    @property
    def project(self) -> str:
        """Name of the project that the resource stands for.

        CloudFormation makes up an id of its own where a creation was never answered; then the properties say it.
        """
        if self.physical_id.startswith(PHYSICAL_ID):
            return self.physical_id.removeprefix(PHYSICAL_ID)
        return str(self.properties.get("ProjectName", ""))


def is_request(event: Mapping[str, Any]) -> bool:
    """Whether an event is CloudFormation's."""
    return "RequestType" in event and "ResponseURL" in event


def addresses_of(region: str) -> tuple[str, ...]:
    """Return how every address begins to which CloudFormation of a region lets an answer be sent.

    Source: CloudFormation user guide, VPC endpoints: the bucket's name has the region's without dashes. It has each of
    S3's three forms of a region's address, as documented for "Virtual hosting of buckets".
    """
    bucket, domain = f"cloudformation-custom-resource-response-{region.replace('-', '')}", dns_suffix_of(region)
    return tuple(f"https://{bucket}.{s3}.{domain}/" for s3 in ("s3", f"s3-{region}", f"s3.{region}"))


def check_address(request: CustomResourceRequest, addresses: tuple[str, ...]) -> None:
    """Raise UnansweredError where the answer would go anywhere else; the address itself stays untold."""
    if not str(request.event["ResponseURL"]).startswith(addresses):
        raise UnansweredError("ResponseURL is no address of CloudFormation in this region; nothing was done")


def answer(
    request: CustomResourceRequest,
    *,
    reason: str = "",
    data: Mapping[str, str] | None = None,
    sleeper: Callable[[float], None] = time.sleep,
) -> None:
    """Tell CloudFormation how it ended: success where there is no `reason`. Raises UnansweredError."""
    address = str(request.event["ResponseURL"])
    content = content_of(request, reason, data or {})
    # Each attempt is our own: urllib3's retries log the address, and so would an error's cause.
    pool = urllib3.PoolManager(retries=False)
    problem = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            sleeper(0.5 * 2**attempt)
        try:
            # No content type: the address is signed without one.
            told = pool.request(
                "PUT", address, body=content, headers={"Content-Type": ""}, timeout=SECONDS, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            problem = type(error).__name__
            continue
        if told.status < 300:
            return
        problem = f"its address answered {told.status}"
        if told.status < 500:
            break
    raise UnansweredError(f"CloudFormation was not told: {problem}")


def content_of(request: CustomResourceRequest, reason: str, data: Mapping[str, str]) -> bytes:
    """Return the answer, cut until it fits: an answer that is too long is no answer, and the stack hangs."""
    texts = {**data}
    while True:
        body = {
            "Status": "FAILED" if reason else "SUCCESS",
            "Reason": reason[:REASON_LENGTH],
            "PhysicalResourceId": request.physical_id,
            "StackId": request.event["StackId"],
            "RequestId": request.event["RequestId"],
            "LogicalResourceId": request.event["LogicalResourceId"],
            "NoEcho": False,
            "Data": texts,
        }
        content = json.dumps(body).encode()
        if len(content) <= ANSWER_BYTES:
            return content
        longest = max(texts, key=lambda name: len(json.dumps(texts[name])), default="")
        if longest and len(texts[longest]) > len(CUT):
            texts[longest] = texts[longest][: len(texts[longest]) // 2].removesuffix(CUT) + CUT
        elif len(reason) > len(CUT):
            reason = reason[: min(len(reason), REASON_LENGTH) // 2].removesuffix(CUT) + CUT
        else:
            raise UnansweredError(f"the answer has {len(content)} bytes; CloudFormation takes {ANSWER_BYTES}")
