"""No credential stands in a program's values."""

import re
from collections.abc import Iterator

from policy.documents import texts
from policy.model import Checked, Rule, Stack

CREDENTIALS = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,})"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a Slack token": re.compile(r"\bxox[abprs]-[\w-]{10,}"),
}


def _check(resource: Checked, _: Stack) -> Iterator[str]:
    for path, text in texts(resource.inputs):
        for kind, pattern in CREDENTIALS.items():
            if pattern.search(text):
                yield f"{path} holds {kind}"  # never the value itself: findings are printed and stored
    resource.require_known()


RULE = Rule(
    id="credential-in-clear",
    forbids="credential among a resource's values",
    why="Values go into the state, into previews and logs; a credential there is known to all who read those.",
    fix="keep it in KMS or Secrets Manager and pass its ARN; then withdraw the one that was shown",
    check=_check,
)
