"""A project's deployment as requests to IAM, and who decides about each: the role, its boundary, bucket and key."""

import json
import sys
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from contracts.names import Names
from contracts.project_access import INFERENCE, project_role_statements
from contracts.project_variables import environment_values, repository_values
from lambda_src.provision import groups
from tests.harness import ROOT, stack_graph, stack_settings
from tests.policy_evaluator import is_allowed, is_allowed_within, resource_effects

sys.path.append(str(ROOT / "templates" / "library"))  # mlops_project, which the repositories carry
PROJECT = "churn"
SECURE = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
SMALL, LARGE = 1024, 6 * 1024**3
RUN = f"projects/{PROJECT}/runs/e1/train/churn-1/output/model.tar.gz"
IMAGE = f"111111111111.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn@sha256:{'a' * 64}"
Request = tuple[str, str, dict[str, Any]]
"""Action, resource, condition keys."""


@cache
def names_of(stack: str) -> Names:
    return stack_settings(stack).names


@cache
def bucket_policy(stack: str, purpose: str) -> dict[str, Any]:
    return json.loads(stack_graph(stack).one("s3:BucketPolicy", f"platform-{purpose}-policy").inputs["policy"])


@cache
def key_policy(stack: str) -> dict[str, Any]:
    return json.loads(stack_graph(stack).one("kms:Key", "platform-keys-data").inputs["policy"])


@cache
def key_arn(stack: str) -> str:
    """The stack's data key, as its bucket's policy names it."""
    (statement,) = [s for s in bucket_policy(stack, "artifacts")["Statement"] if s["Sid"] == "RefuseOtherKeys"]
    return statement["Condition"]["ArnNotEquals"]["s3:x-amz-server-side-encryption-aws-kms-key-id"]


@cache
def boundary(stack: str) -> dict[str, Any]:
    return json.loads(stack_graph(stack).one("iam:Policy", "platform-project-roles-boundary-policy").inputs["policy"])


def role_document(stack: str, project: str = PROJECT, template: str = INFERENCE) -> dict[str, Any]:
    """What the vending function writes: rendered and read again."""
    development = None if stack == "dev" else names_of("dev")
    found = project_role_statements(names_of(stack), project, template, development=development)
    return json.loads(json.dumps({"Version": "2012-10-17", "Statement": found}))


def group_policy(project: str = PROJECT) -> dict[str, Any]:
    """What provisioning puts on the project's group."""
    readers = [names_of("preprod"), names_of("prod")]
    return json.loads(groups._policy(project, names_of("dev"), readers))


def refused_by(stack: str, role: str, request: Request, *, identity=None, bounds=None) -> list[str]:
    """Who refuses a request of `role` in `stack`: identity, bucket, key, group. Between accounts both must allow."""
    action, resource, context = request
    context = {**context, "aws:PrincipalArn": role}
    documents = [identity or role_document(stack)]
    limits = bounds or boundary(stack)
    found = [] if is_allowed_within(limits, documents, action, resource, context) else ["identity"]
    for owner, kind, document in guards(resource):
        context = {**context, "kms:CallerAccount": role.split(":")[4]} if kind == "key" else context
        effects = resource_effects(document, role, action, resource, context)
        elsewhere = names_of(owner).account != role.split(":")[4]
        if "Deny" in effects or ((elsewhere or kind == "key") and "Allow" not in effects):
            found.append(f"{kind} of {owner}")
    return found


def guards(resource: str) -> list[tuple[str, str, dict[str, Any]]]:
    """The resource policies that speak of a resource."""
    found = []
    for owner in ("dev", "preprod", "prod"):
        of = names_of(owner)
        for purpose in ("artifacts", "data", "states"):
            arn = of.bucket_arn(purpose)
            if resource == arn or resource.startswith(f"{arn}/"):
                found.append((owner, "bucket", bucket_policy(owner, purpose)))
        if resource == key_arn(owner):
            found.append((owner, "key", key_policy(owner)))
        if owner == "dev" and f":{of.account}:model-package" in resource:
            found.append((owner, "group", group_policy()))
    return found


def through(stack: str, service: str, action: str, arn: str | None = None, **more: str) -> Request:
    """A use of a stack's data key through a service; `arn` is what S3 sends as encryption context."""
    context = {
        "kms:ViaService": f"{service}.{names_of(stack).region}.amazonaws.com",
        "kms:ResourceAliases": [names_of(stack).key_alias("data")],
        **({"kms:EncryptionContext:aws:s3:arn": arn} if arn else {}),
        **more,
    }
    return f"kms:{action}", key_arn(stack), context


class Recorded:
    """A boto3 session that answers as AWS would, and keeps what it was asked."""

    def __init__(self, stack: str, *, size: int) -> None:
        self.stack, self.size, self.calls, self._copied = stack, size, [], False

    def client(self, service: str, region_name: str | None = None) -> "Recorded":
        assert region_name, f"{service}: the region is said, not guessed"
        return self

    def __getattr__(self, operation: str) -> Any:
        def call(**keywords: Any) -> dict[str, Any]:
            self.calls.append((operation, keywords))
            return getattr(self, f"_{operation}", lambda **_: {})(**keywords)

        return call

    def _describe_model_package(self, **_: Any) -> dict[str, Any]:
        uri = f"s3://{names_of('dev').bucket('artifacts')}/{RUN}"
        container = {"Image": IMAGE, "ModelDataUrl": uri, "Environment": {}}
        return {"ModelApprovalStatus": "Approved", "InferenceSpecification": {"Containers": [container]}}

    def _get_parameters(self, **keywords: Any) -> dict[str, Any]:
        values = {"data-key-arn": key_arn(self.stack)}
        found = [{"Name": name, "Value": values.get(name.rpartition("/")[2], "x")} for name in keywords["Names"]]
        return {"Parameters": found, "InvalidParameters": []}

    def _head_object(self, **keywords: Any) -> dict[str, Any]:
        if keywords["Bucket"] == names_of("dev").bucket("artifacts"):
            return {"ContentLength": self.size, "VersionId": "v1", "ChecksumCRC64NVME": "x"}
        if not self._copied:
            raise ClientError({"Error": {"Code": "404", "Message": ""}}, "HeadObject")
        return {"ContentLength": self.size, "ChecksumCRC64NVME": "x"}

    def _copy_object(self, **_: Any) -> dict[str, Any]:
        self._copied = True
        return {}

    def _create_multipart_upload(self, **_: Any) -> dict[str, Any]:
        return {"UploadId": "1"}

    def _upload_part_copy(self, **_: Any) -> dict[str, Any]:
        return {"CopyPartResult": {"ETag": "x", "ChecksumCRC64NVME": "x"}}

    def _complete_multipart_upload(self, **_: Any) -> dict[str, Any]:
        self._copied = True
        return {}


def prepared(stack: str, *, size: int) -> tuple[Any, list[tuple[str, dict[str, Any]]]]:
    """Run the library's `prepare` with the variables that provisioning sets; return its facts and its calls."""
    from mlops_project.facts import prepare

    session, dev = Recorded(stack, size=size), names_of("dev")
    role = names_of(stack).project_role_arn(PROJECT, INFERENCE)
    environ = {
        **repository_values(PROJECT, INFERENCE, dev),
        **environment_values(PROJECT, INFERENCE, names_of(stack), role),
    }
    version = f"{dev.model_package_group_arn(PROJECT).replace('-group/', '/')}/7"
    return prepare(session, version, environ), session.calls


def asked(stack: str, operation: str, keywords: dict[str, Any]) -> list[Request]:
    """What IAM is asked for one call of the library; S3 and KMS API references, "Permissions"."""
    of, dev = names_of(stack), names_of("dev")
    buckets = {names.bucket("artifacts"): where for where, names in ((stack, of), ("dev", dev))}

    def read(bucket: str, key: str, version: str | None = None) -> list[Request]:
        where, arn = buckets[bucket], f"arn:aws:s3:::{bucket}"
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        return [(action, f"{arn}/{key}", SECURE), through(where, "s3", "Decrypt", arn)]

    def write() -> list[Request]:
        bucket = keywords["Bucket"]
        arn = f"arn:aws:s3:::{bucket}"
        keys = {} if "SSEKMSKeyId" not in keywords else {
            "s3:x-amz-server-side-encryption": keywords["ServerSideEncryption"],
            "s3:x-amz-server-side-encryption-aws-kms-key-id": keywords["SSEKMSKeyId"],
        }  # fmt: skip
        # Parts of an upload are read again under its key.
        uses = [through(stack, "s3", action, arn) for action in ("GenerateDataKey", "Decrypt")]
        return [("s3:PutObject", f"{arn}/{keywords['Key']}", {**SECURE, **keys}), *uses]

    if operation == "describe_model_package":
        return [("sagemaker:DescribeModelPackage", keywords["ModelPackageName"], {})]
    if operation == "get_parameters":
        root = f"arn:aws:ssm:{of.region}:{of.account}:parameter"
        return [("ssm:GetParameters", f"{root}{name}", {}) for name in keywords["Names"]]
    if operation == "head_object":
        bucket = f"arn:aws:s3:::{keywords['Bucket']}"
        listed = ("s3:ListBucket", bucket, {**SECURE, "s3:prefix": keywords["Key"]})
        return [*read(keywords["Bucket"], keywords["Key"]), listed]
    if operation in ("copy_object", "upload_part_copy"):
        source = keywords["CopySource"]
        return [*read(source["Bucket"], source["Key"], source.get("VersionId")), *write()]
    if operation in ("create_multipart_upload", "complete_multipart_upload"):
        return write()
    raise AssertionError(f"{operation}: say here what IAM is asked for it")


def is_offered(document: dict[str, Any], role: str, action: str, resource: str, context: dict[str, Any]) -> bool:
    """Whether a resource policy lets a role in whose own account would let it do everything."""
    everything = {"Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}]}
    assert is_allowed([everything], action, resource, context)
    return resource_effects(document, role, action, resource, {**context, "aws:PrincipalArn": role}) == {"Allow"}
