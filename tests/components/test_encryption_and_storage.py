"""The keys encrypt every store, and the buckets let nothing else in."""

import json

import pytest

from components.encryption import Encryption, EncryptionArgs
from components.secure_bucket import Lifecycle, SecureBucket, SecureBucketArgs
from tests.components.test_job_guardrails import KEY, NAMES
from tests.harness import STACKS, deploy, stack_graph, stack_settings

every_stack = pytest.mark.parametrize("stack", STACKS)
LIFECYCLE = Lifecycle(
    standard_ia_after_days=30, glacier_after_days=90, expire_after_days=400, noncurrent_expire_after_days=365
)


def default_encryption(graph, bucket):
    (rule,) = graph.one("s3:BucketServerSideEncryptionConfiguration", f"platform-{bucket}-encryption").inputs["rules"]
    return rule["applyServerSideEncryptionByDefault"], rule


@every_stack
@pytest.mark.parametrize("bucket", ["data", "artifacts"])
def test_buckets_encrypt_with_the_data_key_by_default(stack, bucket):
    default, rule = default_encryption(stack_graph(stack), bucket)
    assert default["sseAlgorithm"] == "aws:kms"
    assert ":key/" in default["kmsMasterKeyId"]
    assert rule["bucketKeyEnabled"] is True, "without a bucket key every object costs a call to KMS"


@every_stack
def test_the_access_log_bucket_uses_s3s_own_key_because_log_delivery_can_use_no_other(stack):
    default, _ = default_encryption(stack_graph(stack), "access-logs")
    assert default["sseAlgorithm"] == "AES256"


@every_stack
def test_topic_queue_and_log_group_are_encrypted_with_our_keys(stack):
    graph = stack_graph(stack)
    dependency = {
        ("sns:Topic", "kmsMasterKeyId"): "platform-keys-messages",
        ("sqs:Queue", "kmsMasterKeyId"): "platform-keys-messages",
        ("cloudwatch:LogGroup", "kmsKeyId"): "platform-keys-logs",
    }
    for (kind, prop), key in dependency.items():
        for resource in graph.of_type(kind):
            assert any(d.endswith(f"::{key}") for d in resource.property_dependencies[prop]), f"{resource.name}: {prop}"


@every_stack
def test_every_key_encrypts_something(stack):
    graph = stack_graph(stack)
    used = {d for r in graph if r.short_type != "kms:Alias" for d in r.dependencies}
    idle = [key.name for key in graph.of_type("kms:Key") if key.urn not in used]
    assert idle == [], "a key that encrypts nothing only looks like security"


@every_stack
def test_keys_rotate_and_can_be_got_back_for_a_month(stack):
    for key in stack_graph(stack).of_type("kms:Key"):
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["deletionWindowInDays"] == 30


class TestKeyPolicies:
    def statements(self, purpose):
        graph = deploy(lambda: Encryption("keys", EncryptionArgs(names=NAMES, retain=True)))
        policy = json.loads(graph.one("kms:Key", f"keys-{purpose}").inputs["policy"])
        return {statement["Sid"]: statement for statement in policy["Statement"]}

    @pytest.mark.parametrize("purpose", ["data", "logs", "messages"])
    def test_administration_does_not_open_what_the_key_protects(self, purpose):
        actions = self.statements(purpose)["AdministeredByAccount"]["Action"]
        assert not {"kms:*", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"} & set(actions)
        assert "kms:PutKeyPolicy" in actions or "kms:Put*" in actions, "or nobody could ever mend the policy"

    def test_data_is_opened_through_services_only(self):
        condition = self.statements("data")["UsedThroughServices"]["Condition"]["StringEquals"]
        assert condition["kms:CallerAccount"] == NAMES.account
        assert "s3.us-east-1.amazonaws.com" in condition["kms:ViaService"]

    def test_grants_are_for_aws_resources_only(self):
        condition = self.statements("data")["GrantedToAwsResources"]["Condition"]
        assert condition["Bool"] == {"kms:GrantIsForAWSResource": "true"}

    def test_cloudwatch_logs_uses_its_key_for_this_account_only(self):
        statement = self.statements("logs")["UsedByCloudWatchLogs"]
        assert statement["Condition"]["ArnLike"] == {
            "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:us-east-1:{NAMES.account}:log-group:*"
        }


class TestSecureBucket:
    def graph(self, **changes):
        args = {
            "names": NAMES,
            "purpose": "data",
            "lifecycle": LIFECYCLE,
            "retain": True,
            "classification": "confidential",
            "key_arn": KEY,
            "access_log_bucket": "logs",
        } | changes
        return deploy(lambda: SecureBucket("bucket", SecureBucketArgs(**args)))

    def test_public_access_is_blocked_in_all_four_ways(self):
        blocked = self.graph().one("s3:BucketPublicAccessBlock").inputs
        names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        assert {name: blocked[name] for name in names} == dict.fromkeys(names, True)

    def test_plain_http_old_tls_and_foreign_keys_are_refused(self):
        policy = json.loads(self.graph().one("s3:BucketPolicy").inputs["policy"])
        refused = {s["Sid"] for s in policy["Statement"] if s["Effect"] == "Deny"}
        assert refused == {"RefusePlainHttp", "RefuseOldTls", "RefuseOtherEncryption", "RefuseOtherKeys"}

    def test_versions_are_kept(self):
        assert self.graph().one("s3:BucketVersioning").inputs["versioningConfiguration"] == {"status": "Enabled"}

    def test_objects_move_to_cheaper_tiers_and_go(self):
        (rule,) = self.graph().one("s3:BucketLifecycleConfiguration").inputs["rules"]
        assert [(t["days"], t["storageClass"]) for t in rule["transitions"]] == [(30, "STANDARD_IA"), (90, "GLACIER")]
        assert rule["expiration"] == {"days": 400}
        assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 365}

    def test_nothing_expires_where_no_expiry_is_set(self):
        lifecycle = Lifecycle(
            standard_ia_after_days=30, glacier_after_days=90, expire_after_days=None, noncurrent_expire_after_days=365
        )
        (rule,) = self.graph(lifecycle=lifecycle).one("s3:BucketLifecycleConfiguration").inputs["rules"]
        assert "expiration" not in rule

    def test_the_classification_is_a_tag(self):
        assert self.graph().one("s3:Bucket").inputs["tags"] == {"data-classification": "confidential"}

    def test_access_is_logged(self):
        assert self.graph().one("s3:BucketLogging").inputs["targetPrefix"] == "data/"

    def test_a_bucket_without_a_key_is_refused(self):
        with pytest.raises(ValueError, match="bucket 'data' has no key: set key_arn"):
            self.graph(key_arn=None)

    @pytest.mark.parametrize("retain", [True, False])
    def test_a_retained_bucket_is_never_emptied(self, retain):
        bucket = self.graph(retain=retain).one("s3:Bucket")
        assert bucket.inputs["forceDestroy"] is not retain
        assert (bucket.protect, bucket.retain_on_delete) == (retain, retain)


@every_stack
def test_log_delivery_is_admitted_for_this_accounts_buckets_only(stack):
    policy = json.loads(stack_graph(stack).one("s3:BucketPolicy", "platform-access-logs-policy").inputs["policy"])
    (delivery,) = [s for s in policy["Statement"] if s["Effect"] == "Allow"]
    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert delivery["Condition"]["StringEquals"] == {"aws:SourceAccount": stack_settings(stack).account}
