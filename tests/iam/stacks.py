"""The rendered stacks as IAM sees them: role policies, resource policies, keys; and recorded calls in their names."""

import functools
import json
import re
from dataclasses import dataclass, replace
from itertools import cycle

from contracts.names import Names
from contracts.parameters import ParameterPaths
from local.recorder import Graph
from settings import Environment, load_settings
from tests.harness import deploy_stack, raw_settings, stack_graph
from tests.iam.recording import recorded
from tests.lambda_src.test_sweep import NAMES as SWEPT
from tests.lambda_src.world import MODEL, NAMES, PATHS, PREVIOUS

FUNCTIONS = ("promote", "deploy", "verify", "sweep")
SPECIAL = {
    "prod, in batches": {"kind": "batch", "batch": {"schedule": "cron(0 3 * * ? *)"}},
    "prod, asynchronous": {"kind": "async", "instances": {"min": 2, "max": 4}},
}
"""Kinds of delivery that no stack file has and that a role allows only where a model has them."""
VARIANTS = ("dev", "preprod", "prod", *SPECIAL)
"""The stack files, and prod's with its model served otherwise."""
ALWAYS = ("realtime", "serverless")
"""Kinds whose calls every stack with the function allows: a model may become one at the next update."""
MOTO_ACCOUNT = "123456789012"
"""The functions' tests have one account: moto's. Topics in it stand for the stack's own, images for the images'."""


@dataclass(frozen=True, eq=False)
class Stack:
    name: str
    graph: Graph
    names: Names
    parameters: ParameterPaths
    previous: "Stack | None"
    kind: str
    """What its model is served as."""
    retains_data: bool

    def arn(self, service, resource):
        return f"arn:{self.names.partition}:{service}:{self.names.region}:{self.names.account}:{resource}"

    @functools.cached_property
    def config(self):
        """What the stack publishes about its model, as plain values."""
        (found,) = [
            p.inputs["value"]
            for p in self.graph.of_type("ssm:Parameter")
            if p.inputs["name"] == self.parameters.delivery(MODEL)
        ]
        return json.loads(found["value"] if isinstance(found, dict) else found)

    @property
    def data_key(self):
        return self.config["key_arn"]

    @functools.cached_property
    def messages_key(self):
        (topic,) = [t for t in self.graph.of_type("sns:Topic") if t.inputs["name"] == self.names.topic("deliveries")]
        return topic.inputs["kmsMasterKeyId"]

    def policies(self, purpose):
        """Return the documents of a role's inline policies, by name; none where the stack has no such role."""
        role = self.names.role(purpose)
        return {
            p.inputs["name"]: json.loads(p.inputs["policy"])
            for p in self.graph.of_type("iam:RolePolicy")
            if p.inputs["role"] == role
        }

    @functools.cached_property
    def resource_policies(self):
        """Return (regular expression of the ARNs it is about, document) of every policy that promotion meets."""
        one = self.graph.one
        bucket = re.escape(self.names.bucket_arn("artifacts"))
        found = [(f"{bucket}(/.*)?", one("s3:BucketPolicy", "platform-artifacts-policy").inputs["policy"])]
        for key, name in ((self.data_key, "data"), (self.messages_key, "messages")):
            found.append((re.escape(key), one("kms:Key", f"platform-keys-{name}").inputs["policy"]))
        for group in self.graph.of_type("sagemaker:ModelPackageGroupPolicy"):
            pattern = self.arn("sagemaker", f"model-package(-group)?/{group.inputs['modelPackageGroupName']}(/.*)?")
            found.append((pattern, group.inputs["resourcePolicy"]))
        found += [
            (self.arn("ecr", f"repository/{r.inputs['repository']}"), r.inputs["policy"])
            for r in self.graph.of_type("ecr:RepositoryPolicy")
        ]
        for topic in self.graph.of_type("sns:TopicPolicy"):
            document = json.loads(topic.inputs["policy"])
            found.append((re.escape(document["Statement"][0]["Resource"]), topic.inputs["policy"]))
        return [(re.compile(pattern), json.loads(text)) for pattern, text in found]

    def policies_on(self, resource):
        """Return the resource policies on an ARN: this stack's, the previous one's, and those on images."""
        stacks = {id(s): s for s in (self, self.previous, stack("dev")) if s is not None}.values()
        return [d for s in stacks for pattern, d in s.resource_policies if pattern.fullmatch(resource)]

    def calls(self):
        """Return the recorded calls of functions that this stack has, in its own names."""
        return [
            replace(call, text=self._renamed(call))
            for call in recorded()
            if self.policies(call.function)
            and call.kind in (*ALWAYS, self.kind, f"retain {str(self.retains_data).lower()}")
        ]

    def _renamed(self, call):
        own, before = self.names, self.previous.names if self.previous else PREVIOUS
        if call.function == "sweep":
            new = {SWEPT.prefix: own.prefix, SWEPT.account: own.account}
        else:
            prod = stack("prod").config
            new = {
                NAMES.prefix: own.prefix,
                PREVIOUS.prefix: before.prefix,
                NAMES.account: own.account,
                PREVIOUS.account: before.account,
                PATHS.root: self.parameters.root,
                prod["key_arn"]: self.data_key,
                **dict(zip(prod["subnets"], cycle(self.config["subnets"]), strict=False)),
                **dict(zip(prod["security_groups"], self.config["security_groups"], strict=True)),
                MOTO_ACCOUNT: own.image_account if call.service == "ecr" else own.account,
            }
        longest_first = "|".join(re.escape(old) for old in sorted(new, key=len, reverse=True))
        return re.sub(longest_first, lambda found: new[found.group()], call.text)


@functools.cache
def stack(name):
    """Return a stack of `VARIANTS`."""
    special = SPECIAL.get(name)
    raw = raw_settings("prod" if special else name)
    if special:
        raw["models"][MODEL]["delivery"] = {"source": "promote", "instance_type": "ml.m5.xlarge", **special}
    settings = load_settings(raw, source=name)
    before = settings.previous_environment
    assert before is None or isinstance(before, Environment)
    return Stack(
        name=name,
        graph=deploy_stack(raw) if special else stack_graph(name),
        names=settings.names,
        parameters=settings.parameters,
        previous=stack(before.value) if before else None,
        kind=special["kind"] if special else "realtime",
        retains_data=settings.retains_data,
    )
