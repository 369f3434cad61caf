"""What a stack publishes is what the functions read."""

import json
from dataclasses import replace

import pytest

from contracts import delivery_config as config
from contracts.endpoint_plan import DeliveryPlanInput, create_endpoint_config
from tests.contracts.plans import ACME, BATCH, DELIVERIES, LONGEST, LONGEST_MODEL


def published(delivery, names=ACME, model="fraud-detector", **changes):
    return config.DeliveryConfig(
        **{
            "model": model,
            "environment": names.environment,
            "group": names.model_package_group(model),
            "approval": "manual",
            "gate": {"accuracy": 0.9, "recall": 0.5},
            "delivery": delivery,
            "role_arn": names.role_arn("endpoint"),
            "subnets": ("subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"),
            "security_groups": ("sg-0123456789abcdef0",),
            "key_arn": f"arn:aws:kms:{names.region}:{names.account}:key/11111111-2222-3333-4444-555555555555",
            "artifact_bucket": names.bucket("artifacts"),
            "capture_bucket": names.bucket("capture"),
            "data_bucket": names.bucket("data"),
            "tags": {"owner": "ml-platform@example.com"},
            "previous": config.PreviousEnvironment(
                environment="preprod",
                account="222222222222",
                region=names.region,
                group_arn=names.model_package_group_arn(model),
            ),
            **changes,
        }
    )


def smoke(bytes_):
    empty = config.Smoke(payload="")
    return (config.Smoke(payload="x" * (bytes_ - config.smoke_bytes([config.asdict(empty)]))),)


@pytest.mark.parametrize("delivery", [*DELIVERIES.values(), BATCH], ids=[*DELIVERIES, "batch"])
def test_a_config_survives_its_publication(delivery):
    made = published(replace(delivery, smoke=(config.Smoke(payload={"amount": 1.5}, expect_label=0),)))

    assert config.decode(config.encode(made)) == made
    assert config.encode(config.decode(config.encode(made))) == config.encode(made), "equal configs, equal texts"


def test_the_longest_names_with_the_longest_smoke_payloads_fit_into_a_parameter():
    tags = {f"tag-{n}": "value of a tag" for n in range(10)}
    delivery = replace(DELIVERIES["everything"], smoke=smoke(config.SMOKE_BYTES))

    text = config.encode(published(delivery, LONGEST, LONGEST_MODEL, tags=tags))

    assert config.smoke_bytes(json.loads(text)["delivery"]["smoke"]) == config.SMOKE_BYTES
    assert len(text.encode()) <= config.MOST_BYTES, "what the settings allow must be publishable"


def test_a_config_that_no_parameter_holds_is_refused_with_the_way_out():
    with pytest.raises(config.DeliveryConfigError, match="shorten the smoke payloads or remove tags"):
        config.encode(published(replace(DELIVERIES["realtime"], smoke=smoke(4096))))


def test_functions_of_an_older_release_read_a_newer_document():
    document = json.loads(config.encode(published(DELIVERIES["realtime"])))
    document["delivery"]["invented_later"] = {"a": 1}

    assert config.decode(json.dumps(document)) == published(config.delivery_from(document["delivery"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.pop("group"), "group is missing"),
        (lambda document: document["delivery"].pop("source"), "delivery.source is missing"),
        (lambda document: document["delivery"].update(kind="realtimes"), "delivery.kind is one of realtime"),
        (lambda document: document.update(delivery=[]), "delivery is keys with values, not list"),
        (lambda document: document.update(subnets="a"), "subnets is a list, not str"),
    ],
)
def test_a_document_that_is_none_of_ours_is_refused_with_the_place(change, message):
    document = json.loads(config.encode(published(DELIVERIES["realtime"])))
    change(document)

    with pytest.raises(config.DeliveryConfigError, match=message):
        config.decode(json.dumps(document))


def test_a_text_that_is_no_json_is_refused():
    with pytest.raises(config.DeliveryConfigError, match="is no JSON"):
        config.decode("not yet")


def test_a_plan_is_made_of_a_published_config():
    made = published(DELIVERIES["realtime"])

    plan = DeliveryPlanInput.of(
        config.decode(config.encode(made)),
        ACME,
        version_arn="arn",
        image="image",
        model_data_url="s3://b/k",
        environment_variables={},
    )

    assert plan.key_arn == made.key_arn
    assert create_endpoint_config(plan)["ProductionVariants"][0]["InitialInstanceCount"] == 2
