"""Every rule of the settings, by the exact text that a person reads when it is broken."""

import pytest

from settings import SettingsError, load_settings
from tests.settings_errors.changes import REMOVED, changed

VPC = {
    "vpc_id": "vpc-0123456789abcdef0",
    "private_subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
}
DIGEST = "sha256:" + "0a" * 32
LABEL_RULE = (
    "S3 and IAM carry it in names of 63 and 64 characters: 2 to 12 lower-case letters and digits,"
    " a letter first, no hyphen"
)
MODEL_RULE = (
    "SageMaker, EventBridge and ECR carry a model's name: up to 40 lower-case letters, digits and single hyphens,"
    " a letter first"
)
CIDR_FIX = "write for example 10.10.0.0/16"
ZONE_RULE = "a zone is the stack's region and one letter (a to h), and the region is us-east-1"
ZONE_FIX = "write a zone such as us-east-1a, or change region"
PRIVATE_RULE = "the range is private: within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
PREFIX_RULE = (
    "the prefix length of a VPC's range is 16 to 23, so that it holds the public, private and isolated subnet of every"
    " zone"
)
LOG_RULE = (
    "CloudWatch Logs keeps logs for one of its own numbers of days: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365,"
    " 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
)
INPUT_RULE = "a prefix ends in a slash and does not begin with one; each part begins with a letter or digit"
MODEL = "models.fraud-detector"
VERSION_FIX = "write a version tag such as v1.2.3, or the digest sha256:..."
IMAGE_FIX = "write dev, a version v1.2.3 or a sha256 digest"
TAG_VALUE_RULE = "it becomes a tag value: 1 to 256 letters, digits, spaces and _.:/=+-@"
CRON_FIX = "write for example cron(0 6 * * ? *), which is 06:00 UTC every day"

# stack, changes, head of the block, rule, fix
CASES = {
    "an unknown key": (
        "dev", {"storage__glacier_days": 90}, "storage.glacier_days", "the key is unknown",
        "did you mean glacier_after_days?",
    ),
    "an unknown key that resembles none": (
        "dev", {"storage__x": "a secret"}, "storage.x", "the key is unknown",
        ("remove it; known here: access_log_expire_after_days, expire_after_days, glacier_after_days,"
        " noncurrent_expire_after_days, standard_ia_after_days"),
    ),
    "a required key that is misspelled is one mistake": (
        "dev", {"owner": REMOVED, "ownr": "x"}, "ownr", "the key is unknown", "did you mean owner?",
    ),
    "a required key that is absent": ("dev", {"owner": REMOVED}, "owner", "the key is required", "add it"),
    "a range that is no network": (
        "dev", {"network__cidr": "ten/16"}, 'network.cidr: "ten/16"', "a range is an IPv4 network in CIDR form",
        CIDR_FIX,
    ),
    "a range without a prefix length": (
        "dev", {"network__cidr": "10.10.0.0"}, 'network.cidr: "10.10.0.0"',
        "a range is an IPv4 network in CIDR form, with its prefix length", CIDR_FIX,
    ),
    "a range with host bits": (
        "dev", {"network__cidr": "10.10.0.1/16"}, 'network.cidr: "10.10.0.1/16"',
        "the address is the first of its range (no host bits set)", "write 10.10.0.0/16",
    ),
    "a range that is public": (
        "dev", {"network__cidr": "8.8.0.0/16"}, 'network.cidr: "8.8.0.0/16"', PRIVATE_RULE, CIDR_FIX,
    ),
    "a range that is too wide": (
        "dev", {"network__cidr": "10.0.0.0/15"}, 'network.cidr: "10.0.0.0/15"', PREFIX_RULE, CIDR_FIX,
    ),
    "a range that is too small for the subnets": (
        "dev", {"network__cidr": "10.0.0.0/24"}, 'network.cidr: "10.0.0.0/24"', PREFIX_RULE, CIDR_FIX,
    ),
    "a zone of another region": (
        "dev", {"network__zones": ["us-east-1a", "us-west-2a"]}, 'network.zones[1]: "us-west-2a"', ZONE_RULE, ZONE_FIX,
    ),
    "a zone with no letter": (
        "dev", {"network__zones": ["us-east-1a", "us-east-1"]}, 'network.zones[1]: "us-east-1"', ZONE_RULE, ZONE_FIX,
    ),
    "a local zone": (
        "dev", {"network__zones": ["us-east-1a", "us-east-1-bos-1a"]}, 'network.zones[1]: "us-east-1-bos-1a"',
        ZONE_RULE, ZONE_FIX,
    ),
    "a zone that is listed twice": (
        "prod", {"network__zones": ["us-east-1a", "us-east-1b", "us-east-1a"]}, 'network.zones[2]: "us-east-1a"',
        "each zone is listed once", "remove it, or write another zone",
    ),
    "one zone only": (
        "dev", {"network__zones": ["us-east-1a"]}, 'network.zones: ["us-east-1a"]',
        "a new network spans at least 2 zones, so that it survives the loss of one", "write [us-east-1a, us-east-1b]",
    ),
    "a region that AWS does not have": (
        "dev", {"region": "us-esat-1", "network": {"existing": VPC}}, 'region: "us-esat-1"',
        "the region is one in which AWS offers SageMaker", "did you mean us-east-1?",
    ),
    "a region that resembles none": (
        "dev", {"region": "mars", "network": {"existing": VPC}}, 'region: "mars"',
        "the region is one in which AWS offers SageMaker", "write a region such as us-east-1 or eu-central-1",
    ),
    "an organisation that is too long": (
        "dev", {"organisation": "acmeindustries"}, 'organisation: "acmeindustries"', LABEL_RULE,
        "shorten it to a word such as acme",
    ),
    "an organisation that SSM refuses": (
        "dev", {"organisation": "awsome"}, 'organisation: "awsome"',
        "SSM refuses parameter paths that begin with aws or ssm", "choose another word",
    ),
    "an organisation that S3 refuses": (
        "dev", {"organisation": "sthree"}, 'organisation: "sthree"',
        "S3 keeps bucket names that begin with sthree- for itself", "choose another word",
    ),
    "a unit with a hyphen": (
        "dev", {"unit": "retail-risk"}, 'unit: "retail-risk"', LABEL_RULE, "shorten it to a word such as acme",
    ),
    "a model name that is too long": (
        "dev", {"models": {"m" * 41: {"gate": {"accuracy": 1}, "image": "dev"}}}, f'models.{"m" * 41}: "{"m" * 41}"',
        MODEL_RULE, "write for example fraud-detector",
    ),
    "a model name in the wrong characters": (
        "dev", {"models": {"Fraud_1": {"gate": {"accuracy": 1}, "image": "dev"}}}, 'models.Fraud_1: "Fraud_1"',
        MODEL_RULE, "write for example fraud-detector",
    ),
    "more models than an event bus has rules for": (
        "dev", {"models": {f"m{n}": {"gate": {"accuracy": 1}, "image": "dev"} for n in range(201)}},
        'models: {"m0": {"gate": {"accuracy": 1}, "image": "dev"}, "m1": {"g…', "it has at most 200 entries",
        "remove some",
    ),
    "a threshold above 1": (
        "dev", {"models__fraud__gate__accuracy": 80}, f"{MODEL}.gate.accuracy: 80", "the value is at most 1",
        "write 1 or less",
    ),
    "a threshold below 0": (
        "dev", {"models__fraud__gate__recall": -0.1}, f"{MODEL}.gate.recall: -0.1", "the value is at least 0",
        "write 0 or more",
    ),
    "a threshold that is no number": (
        "dev", {"models__fraud__gate__accuracy": True}, f"{MODEL}.gate.accuracy: true", "the value is a number",
        "write a number",
    ),
    "a schedule in Unix cron": (
        "dev", {"models__fraud__schedule": "0 6 * * *"}, f'{MODEL}.schedule: "0 6 * * *"',
        "a schedule has the form cron(...) or rate(...)", CRON_FIX,
    ),
    "a schedule of five fields": (
        "dev", {"models__fraud__schedule": "cron(0 6 * * *)"}, f'{MODEL}.schedule: "cron(0 6 * * *)"',
        ("cron(...) has six fields: minutes hours day-of-month month day-of-week year"
        " (this one has 5; Unix cron has five)"), CRON_FIX,
    ),
    "a schedule without ?": (
        "dev", {"models__fraud__schedule": "cron(0 6 * * * *)"}, f'{MODEL}.schedule: "cron(0 6 * * * *)"',
        "exactly one of day-of-month and day-of-week is ?, because each would decide the day",
        "write ? in the one that does not matter, for example cron(0 6 * * ? *)",
    ),
    "a schedule out of range": (
        "dev", {"models__fraud__schedule": "cron(0 24 * * ? *)"}, f'{MODEL}.schedule: "cron(0 24 * * ? *)"',
        "the field hours takes 0-23, lists, ascending ranges and steps; it is 24", CRON_FIX,
    ),
    "a schedule that runs once": (
        "dev", {"models__fraud__schedule": "at(2030-01-01T00:00:00)"},
        f'{MODEL}.schedule: "at(2030-01-01T00:00:00)"', "a pipeline's schedule recurs, and at(...) runs once", CRON_FIX,
    ),
    "a rate without a unit": (
        "dev", {"models__fraud__schedule": "rate(12)"}, f'{MODEL}.schedule: "rate(12)"',
        "rate(...) takes a positive whole number and one of minutes, hours, days", "write for example rate(12 hours)",
    ),
    "a mutable image in prod": (
        "prod", {"models__fraud__image": "stable"}, f'{MODEL}.image: "stable"',
        "in prod an image is named by version or digest, because another tag can move", VERSION_FIX,
    ),
    "a mutable image in preprod": (
        "preprod", {"models__fraud__image": "dev"}, f'{MODEL}.image: "dev"',
        "in preprod an image is named by version or digest, because another tag can move", VERSION_FIX,
    ),
    "latest, even in dev": (
        "dev", {"models__fraud__image": "latest"}, f'{MODEL}.image: "latest"', "`latest` says nothing about what runs",
        IMAGE_FIX,
    ),
    "a whole image URI": (
        "dev", {"models__fraud__image": "registry/team:v1.0.0"}, f'{MODEL}.image: "registry/team:v1.0.0"',
        "an image is named by its tag or digest alone; registry and repository follow from the model's name", IMAGE_FIX,
    ),
    "a digest that was cut": (
        "dev", {"models__fraud__image": "sha256:abc"}, f'{MODEL}.image: "sha256:abc"',
        "a digest is sha256: and 64 lower-case hexadecimal digits", "copy the whole digest",
    ),
    "an account that is used twice": (
        "dev", {"accounts__prod": "222222222222"}, 'accounts.prod: "222222222222"',
        "each environment has its own account, and preprod and prod share this one",
        "write the environment's own account id, or set single_account: true if that is meant",
    ),
    "a single account with different ids": (
        "dev", {"single_account": True}, "single_account: true",
        "with single_account, dev, preprod and prod name the same account",
        "write one id three times under accounts, or remove single_account",
    ),
    "a single account with one id that differs": (
        "dev", {"single_account": True, "accounts__prod": "222222222222"}, "single_account: true",
        "with single_account, dev, preprod and prod name the same account",
        "write one id three times under accounts, or remove single_account",
    ),
    "a zone that is no text": (
        "dev", {"network__zones": ["us-east-1a", 3]}, "network.zones[1]: 3", "the value is text",
        'write it in quotes, "3"',
    ),
    "an account id without quotes": (
        "dev", {"accounts__dev": 111111111111}, "accounts.dev: 111111111111", "the value is text",
        'write it in quotes, "111111111111"',
    ),
    "an account id that is too short": (
        "dev", {"accounts__dev": "11111"}, 'accounts.dev: "11111"', "an account id is 12 digits",
        'write it in quotes, for example "111111111111"',
    ),
    "automatic approval in prod": (
        "prod", {"models__fraud__approval": "automatic"}, f'{MODEL}.approval: "automatic"',
        "in prod a person approves each model version", "write manual",
    ),
    "a choice that does not exist": (
        "dev", {"models__fraud__approval": "auto"}, f'{MODEL}.approval: "auto"',
        "the value is automatic or manual", "did you mean automatic?",
    ),
    "a single NAT gateway outside dev": (
        "preprod", {"network__nat": "single"}, 'network.nat: "single"',
        "a single NAT gateway stops every zone when its own fails; it is for dev only", "write per_zone, or none",
    ),
    "a network that is new and existing": (
        "prod", {"network__existing": VPC}, "network",
        "the network is either new (cidr and zones) or existing, and it is both", "keep one of cidr and existing",
    ),
    "a network that is neither": (
        "prod", {"network__cidr": REMOVED}, "network",
        "the network is either new (cidr and zones) or existing, and it is neither",
        "write cidr and zones, for example cidr: 10.10.0.0/16",
    ),
    "an existing network with zones": (
        "prod", {"network": {"existing": VPC, "zones": ["us-east-1a"]}}, 'network.zones: ["us-east-1a"]',
        "an existing VPC keeps its owner's zones and routes", "remove it",
    ),
    "an existing network with a NAT gateway": (
        "prod", {"network": {"existing": VPC, "nat": "per_zone"}}, 'network.nat: "per_zone"',
        "an existing VPC keeps its owner's zones and routes", "remove it",
    ),
    "an existing network with a malformed id": (
        "prod", {"network": {"existing": {**VPC, "vpc_id": "main"}}}, 'network.existing.vpc_id: "main"',
        "the text has the form ^vpc-[0-9a-f]{8,17}$", "copy it as AWS shows it",
    ),
    "an existing network with one subnet": (
        "prod", {"network": {"existing": {**VPC, "private_subnet_ids": ["subnet-0123456789abcdef0"]}}},
        'network.existing.private_subnet_ids: ["subnet-0123456789abcdef0"]', "it has at least 2 entries", "add some",
    ),
    "an instance type that SageMaker lacks": (
        "dev", {"models__fraud__training_instance": "ml.m5.xlrage"}, f'{MODEL}.training_instance: "ml.m5.xlrage"',
        "SageMaker offers the instance type for training jobs", "did you mean ml.m5.xlarge?",
    ),
    "an instance type for other work": (
        "dev", {"models__fraud__inference_instance": "m5"}, f'{MODEL}.inference_instance: "m5"',
        "SageMaker offers the instance type for endpoints", "write for example ml.m5.xlarge",
    ),
    "a processing instance type that SageMaker lacks": (
        "dev", {"models__fraud__preprocessing_instance": "ml.m55.large"},
        f'{MODEL}.preprocessing_instance: "ml.m55.large"',
        "SageMaker offers the instance type for processing jobs", "did you mean ml.m5.large?",
    ),
    "log retention that CloudWatch lacks": (
        "dev", {"log_retention_days": 100}, "log_retention_days: 100", LOG_RULE, "write 120",
    ),
    "log retention beyond the longest": (
        "dev", {"network__flow_log_retention_days": 9999}, "network.flow_log_retention_days: 9999", LOG_RULE,
        "write 3653",
    ),
    "Standard-IA too early": (
        "dev", {"storage__standard_ia_after_days": 29}, "storage.standard_ia_after_days: 29",
        "S3 moves objects to Standard-IA after 30 days at the earliest", "write 30 or more",
    ),
    "Glacier too soon after Standard-IA": (
        "dev", {"storage__glacier_after_days": 59}, "storage.glacier_after_days: 59",
        "objects stay in Standard-IA for 30 days before they move to Glacier", "write 60 or more",
    ),
    "expiry before Glacier": (
        "dev", {"storage__expire_after_days": 90}, "storage.expire_after_days: 90",
        "objects expire after they have moved to Glacier", "write 91 or more",
    ),
    "a tag key of AWS": (
        "dev", {"tags": {"aws:team": "x"}}, 'tags.aws:team: "aws:team"',
        "tag keys that begin with aws: belong to AWS", "choose another key",
    ),
    "a tag key of the platform": (
        "dev", {"tags": {"cost-center": "x"}}, 'tags.cost-center: "cost-center"',
        "the platform sets this tag itself, from the settings", "remove it here, or choose another key",
    ),
    "a tag key with a character that AWS refuses": (
        "dev", {"tags": {"team?": "x"}}, 'tags.team?: "team?"',
        "a tag key has 1 to 128 letters, digits, spaces and _.:/=+-@", "shorten it or replace the others",
    ),
    "a tag value that is too long, and only its beginning is shown": (
        "dev", {"tags": {"team": "x" * 257}}, f'tags.team: "{"x" * 58}…', TAG_VALUE_RULE,
        "shorten it or replace the other characters",
    ),
    "an owner that cannot be a tag": (
        "dev", {"owner": "ml & platform"}, 'owner: "ml & platform"', TAG_VALUE_RULE,
        "shorten it or replace the other characters",
    ),
    "more tags than a resource holds": (
        "dev", {"tags": {f"t{n}": "x" for n in range(41)}}, "tags: 41 tags",
        "a resource has 50 tags at most, and the platform sets 10 of them", "keep 40 or fewer",
    ),
    "an address that is none": (
        "dev", {"alert_emails": ["ml-platform"]}, 'alert_emails[0]: "ml-platform"', "alerts go to e-mail addresses",
        "write for example ml-platform@example.com",
    ),
    "an address that is listed twice": (
        "dev", {"alert_emails": ["a@b.com", "a@b.com"]}, 'alert_emails: ["a@b.com", "a@b.com"]',
        "each address is listed once", "remove the second",
    ),
    "an input prefix without its slash": (
        "dev", {"models__fraud__input_prefix": "latest"}, f'{MODEL}.input_prefix: "latest"', INPUT_RULE,
        "write for example latest/",
    ),
    "an input prefix that begins with a slash": (
        "dev", {"models__fraud__input_prefix": "/latest/"}, f'{MODEL}.input_prefix: "/latest/"', INPUT_RULE,
        "write for example latest/",
    ),
    "an input prefix that the platform writes to": (
        "dev", {"models__fraud__input_prefix": "pipelines/x/"}, f'{MODEL}.input_prefix: "pipelines/x/"',
        "the platform writes under code/ and pipelines/ itself", "choose another prefix",
    ),
    "a hyperparameter that is a list": (
        "dev", {"models__fraud__hyperparameters": {"depth": [1, 2]}}, f"{MODEL}.hyperparameters.depth: [1, 2]",
        "a hyperparameter is a number or text", "write a number, or text in quotes",
    ),
    "a hyperparameter that is a switch": (
        "dev", {"models__fraud__hyperparameters": {"warm": True}}, f"{MODEL}.hyperparameters.warm: true",
        "a hyperparameter is a number or text", "write a number, or text in quotes",
    ),
    "a hyperparameter that is not finite": (
        "dev", {"models__fraud__hyperparameters": {"l2": float("inf")}}, f"{MODEL}.hyperparameters.l2: Infinity",
        "a hyperparameter is a finite number", "write a number",
    ),
    "a hyperparameter with a name that SageMaker refuses": (
        "dev", {"models__fraud__hyperparameters": {"max depth": 1}},
        f'{MODEL}.hyperparameters.max depth: "max depth"',
        "a hyperparameter's name has up to 256 letters, digits and _.-, a letter or underscore first",
        "write for example max_depth",
    ),
    "a pipeline that is no module name": (
        "dev", {"models__fraud__pipeline": "tabular.py"}, f'{MODEL}.pipeline: "tabular.py"',
        "it names a file without its ending: lower-case letters, digits and underscores, a letter first",
        "write for example tabular_classification",
    ),
    "a run longer than a processing job may take": (
        "dev", {"models__fraud__max_runtime_minutes": 12961}, f"{MODEL}.max_runtime_minutes: 12961",
        "the value is at most 12960", "write 12960 or less",
    ),
    "a section that is a value": (
        "dev", {"storage": 30}, "storage: 30", "the value is keys with values", "write keys with values",
    ),
    "a switch in quotes": (
        "dev", {"retain_data": "yes"}, 'retain_data: "yes"', "the value is true or false", "write true or false",
    ),
    "images of dev that would go with it": (
        "dev", {"delete_images": True}, "delete_images: true",
        "preprod and prod run the images of the stack dev, and could start no instance without them",
        "remove it, or write false: it is for review environments",
    ),
    "images that would go with preprod, which has none": (
        "preprod", {"delete_images": True}, "delete_images: true",
        "images lie in dev's account; preprod pulls them from there and has none to delete",
        "remove it, or write false",
    ),
    "images that would go with prod": (
        "prod", {"delete_images": True}, "delete_images: true",
        "images lie in dev's account; prod pulls them from there and has none to delete", "remove it, or write false",
    ),
    "the environment of another stack": (
        "prod", {"environment": "preprod"}, 'environment: "preprod"',
        "the stack prod is the environment prod; a copied file would deploy preprod under its name", "write prod",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("stack", "changes", "head", "rule", "fix"), CASES.values(), ids=CASES.keys())
def test_a_broken_rule_is_the_only_mistake_and_says_where_what_and_how_to_mend_it(stack, changes, head, rule, fix):
    source = f"Pulumi.{stack}.yaml"
    with pytest.raises(SettingsError) as caught:
        load_settings(changed(stack, **changes), source=source)

    expected = f"{source}: 1 mistake in mlops:settings\n\n  {head}\n    rule: {rule}\n    fix:  {fix}\n"
    assert str(caught.value) == expected, "a person has only this text to go by"


RIGHT = {
    "an existing network": ("prod", {"network": {"existing": VPC}}),
    "a digest in prod": ("prod", {"models__fraud__image": DIGEST}),
    "a release candidate in preprod": ("preprod", {"models__fraud__image": "v2.1.0-rc.1"}),
    "a commit as tag in dev": ("dev", {"models__fraud__image": "3f2c1ab"}),
    "one account on purpose": (
        "dev",
        {"single_account": True, "accounts": dict.fromkeys(("dev", "preprod", "prod"), "111111111111")},
    ),
    "the smallest range": ("dev", {"network__cidr": "192.168.0.0/23"}),
    "no NAT gateway in prod": ("prod", {"network__nat": "none"}),
    "hyperparameters of each type": ("dev", {"models__fraud__hyperparameters": {"a": 1, "b": 0.5, "c": "x"}}),
    "a whole number as threshold": ("dev", {"models__fraud__gate__recall": 1}),
    "the earliest lifecycle that S3 takes": (
        "dev",
        {"storage": {"standard_ia_after_days": 30, "glacier_after_days": 60, "expire_after_days": 61}},
    ),
    "a model that runs on demand only": (
        "dev",
        {"models__fraud__schedule": REMOVED, "models__fraud__start_on_new_data": False},
    ),
    "as many models as a stack holds": (
        "dev",
        {"models": {f"m{n}": {"gate": {"accuracy": 1}, "image": "dev"} for n in range(200)}},
    ),
    "a letter of another alphabet in a tag": ("dev", {"tags": {"équipe": "données"}}),
}


@pytest.mark.parametrize(("stack", "changes"), RIGHT.values(), ids=RIGHT.keys())
def test_what_the_services_take_is_taken(stack, changes):
    settings = load_settings(changed(stack, **changes), source=f"Pulumi.{stack}.yaml")

    assert settings.environment == stack, "a rule that refuses right settings is worse than none"


def test_images_go_with_a_stack_of_dev_that_is_not_dev_and_retains_nothing():
    kept, gone = (
        load_settings(changed("dev", **changes), source="Pulumi.review-fix.yaml")
        for changes in ({}, {"delete_images": True, "unit": "rv1"})
    )
    assert (kept.delete_images, gone.delete_images) == (False, True), "only where somebody says so"

    with pytest.raises(SettingsError) as caught:
        load_settings(changed("dev", delete_images=True, retain_data=True), source="Pulumi.review-fix.yaml")

    (problem,) = caught.value.problems
    assert (problem.path, problem.fix) == ("delete_images", "remove it, or write false")
    assert "they are protected, and stay when it goes" in problem.rule


def test_whole_hyperparameters_stay_whole():
    raw = changed("dev", models__fraud__hyperparameters={"depth": 3, "rate": 0.1, "kind": "3"})

    values = load_settings(raw, source="Pulumi.dev.yaml").models["fraud-detector"].hyperparameters

    assert [(type(value), value) for value in values.values()] == [(int, 3), (float, 0.1), (str, "3")], (
        "3 and 3.0 are different texts in a training job"
    )
