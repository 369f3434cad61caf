"""The functions: active, with the code of this checkout, and nothing waits in their dead-letter queues."""

from botocore.exceptions import ClientError

from operations.errors import is_missing, told
from operations.verification.results import Result, Stage, judged

PART = "functions"


def check(stage: Stage) -> list[Result]:
    """Look at every function that the stack's program registers."""
    found, stack = [], stage.settings.environment.value
    for name, sha256 in sorted(stage.expected.functions.items()):
        short = name.removeprefix(f"{stage.access.names.prefix}-")
        up = f"pulumi up --stack {stack}"
        found.append(judged(PART, short, _problem(stage, name, sha256), up, fine="active, code of this checkout"))
        queue = stage.expected.queues.get(name)
        if queue:
            waiting = _waiting(stage, queue)
            problem = f"{waiting} event(s) that it could not handle wait in {queue}" if waiting else ""
            look = f"mlops replay {stack} {short} --dry-run; docs/runbooks/delivery-failed.md"
            found.append(judged(PART, f"{short}: dead letters", problem, look, fine="none"))
    return found


def _problem(stage: Stage, name: str, sha256: str) -> str:
    with told(f"describe function {name}"):
        try:
            described = stage.client("lambda").get_function_configuration(FunctionName=name)
        except ClientError as error:
            if is_missing(error):
                return "it does not exist"
            raise
    if described.get("State") != "Active":
        return f"its state is {described.get('State')}: {described.get('StateReason', 'no reason given')}"
    if described.get("LastUpdateStatus") != "Successful":
        return f"its last update is {described.get('LastUpdateStatus')}: {described.get('LastUpdateStatusReason', '')}"
    if described.get("CodeSha256") != sha256:
        return f"its code is {described.get('CodeSha256')}, this checkout's is {sha256}"
    return ""


def _waiting(stage: Stage, queue: str) -> int:
    sqs = stage.client("sqs")
    with told(f"look at queue {queue}"):
        try:
            url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        except ClientError as error:
            if is_missing(error):
                return 0  # the function's own check says that something is missing
            raise
        wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)
    return sum(int(answer["Attributes"].get(name, 0)) for name in wanted)
