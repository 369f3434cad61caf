"""Every rule of a delivery, by the exact text that a person reads; and what the settings tell functions of it."""

import json
from dataclasses import asdict, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import delivery_config, endpoint_rules
from settings import Environment, SettingsError, load_settings, read_stack_file
from settings import delivery as sections
from settings.rules import DELIVERY_RULES
from tests.settings_errors.changes import REMOVED, ROOT, changed

AT = "models.fraud-detector.delivery"
KIND_FIX = "remove it, or choose another kind"
CRON = "cron(0 3 * * ? *)"
SERVERLESS = {"source": "train", "kind": "serverless", "serverless": {"memory_mb": 2048}}
ASYNC = {"source": "train", "kind": "async", "asynchronous": {"max_concurrent": 8}}
BATCH = {"source": "train", "kind": "batch", "batch": {"schedule": CRON}}
STEPS = {"strategy": "canary", "step_percent": 10, "wait_seconds": 60, "bake_seconds": 60}
STEPPED = {"source": "train", "instances": {"min": 2, "max": 2}, "rollout": STEPS, "alarms": {}}
PAYLOAD = {"payload": {"amount": 1}}
REGIONS = {"dev": "us-east-1", "preprod": "eu-west-1", "prod": "eu-central-1"}


def rolled(**rollout):
    return {**STEPPED, "rollout": {**STEPS, **rollout}}


# rule: stack, the delivery, head of the block below the delivery, rule, fix
CASES = {
    "sections_belong_to_the_kind": (
        "dev", {**SERVERLESS, "kind": "realtime"}, 'kind: "realtime"',
        "the section serverless has no effect on an endpoint of this kind", "write serverless, or remove serverless",
    ),
    "batch_needs_its_schedule": (
        "dev", {"source": "train", "kind": "batch"}, "batch", "batch transform runs on a schedule",
        "write batch and below it schedule, for example cron(0 3 * * ? *)",
    ),
    "serverless_excludes capture": (
        "dev", {**SERVERLESS, "capture": {}}, "capture", "a serverless endpoint takes no capture", KIND_FIX,
    ),
    "serverless_excludes shadow": (
        "dev", {**SERVERLESS, "shadow": {"version": 3}}, "shadow", "a serverless endpoint takes no shadow", KIND_FIX,
    ),
    "serverless_excludes instances": (
        "prod", {**SERVERLESS, "instances": {"min": 2, "max": 2}}, "instances",
        "a serverless endpoint takes no instances", KIND_FIX,
    ),
    "serverless_excludes scaling": (
        "dev", {**SERVERLESS, "scaling": {}}, "scaling", "a serverless endpoint takes no scaling", KIND_FIX,
    ),
    "serverless_excludes steps": (
        "dev", {**SERVERLESS, "rollout": {"strategy": "rolling"}}, 'rollout.strategy: "rolling"',
        "a serverless endpoint has no deployment guardrails; it moves all at once", "write all_at_once",
    ),
    "async_excludes shadow": (
        "dev", {**ASYNC, "shadow": {"version": 3}}, "shadow", "an asynchronous endpoint takes no shadow", KIND_FIX,
    ),
    "async_excludes capture": (
        "dev", {**ASYNC, "capture": {}}, "capture",
        "an asynchronous endpoint keeps each request and answer in S3 anyway; capture is for realtime", KIND_FIX,
    ),
    "async_excludes alarms": (
        "dev", {**ASYNC, "alarms": {}}, "alarms",
        "the alarms watch the answers of a request, which an asynchronous endpoint queues", KIND_FIX,
    ),
    "batch_excludes capture": (
        "dev", {**BATCH, "capture": {}}, "capture", "batch transform has no endpoint, so it takes no capture",
        KIND_FIX,
    ),
    "batch_excludes smoke": (
        "dev", {**BATCH, "smoke": [PAYLOAD]}, "smoke",
        "batch transform has no endpoint that could answer a smoke payload", KIND_FIX,
    ),
    "batch_excludes a rollout": (
        "dev", {**BATCH, "rollout": {"strategy": "linear"}}, 'rollout.strategy: "linear"',
        "batch transform has no endpoint and therefore no rollout", "write all_at_once",
    ),
    "batch_instance_is_offered": (
        "dev", {**BATCH, "instance_type": "ml.c6g.large"}, 'instance_type: "ml.c6g.large"',
        "SageMaker offers the instance type for batch transform", "write for example ml.m5.xlarge",
    ),
    "batch_instances_are_fixed": (
        "dev", {**BATCH, "instances": {"min": 2, "max": 3}}, "instances.max: 3",
        "a transform job keeps its number of instances", "write 2",
    ),
    "instances_are_in_order": (
        "dev", {"source": "train", "instances": {"min": 3, "max": 2}}, "instances.max: 2",
        "an endpoint scales from min up to max", "write 3 or more",
    ),
    "scaling_has_room": (
        "dev", {"source": "train", "instances": {"min": 2, "max": 2}, "scaling": {}}, "instances.max: 2",
        "scaling moves between instances.min and instances.max, and they are equal",
        "write 3 or more, or remove scaling",
    ),
    "prod_survives_a_zone": (
        "prod", {"source": "train"}, "instances.min: 1",
        "in prod a realtime endpoint has at least 2 instances, which SageMaker places in different zones",
        "write 2 or more",
    ),
    "steps_are_within_limits canary": (
        "dev", rolled(step_percent=60), "rollout.step_percent: 60",
        "a canary step is 1 to 50 percent of the capacity", "write 50",
    ),
    "steps_are_within_limits linear": (
        "dev", rolled(strategy="linear", step_percent=5), "rollout.step_percent: 5",
        "a linear step is 10 to 50 percent of the capacity", "write 10",
    ),
    "steps_are_within_limits rolling": (
        "dev", rolled(strategy="rolling", step_percent=4), "rollout.step_percent: 4",
        "a rolling step is 5 to 50 percent of the capacity", "write 5",
    ),
    "steps_have_instances": (
        "dev", {**STEPPED, "instances": {"min": 1, "max": 3}}, "instances.min: 1",
        "a canary step is a whole instance and at most half of them, so it takes 2",
        "write 2 or more, or all_at_once as rollout.strategy",
    ),
    "rollout_ends_in_time": (
        "dev", rolled(strategy="linear", wait_seconds=3600), "rollout.wait_seconds: 3600",
        ("a rollout ends within 28800 seconds, 1800 of them for the instances to come up, and its waits add up to"
         " 36060"), "write less, or a larger step_percent",
    ),
    "rolling_has_one_variant": (
        "dev", {**rolled(strategy="rolling"), "shadow": {"version": 3}}, 'rollout.strategy: "rolling"',
        "a rolling update takes an endpoint with one variant, and a shadow is a second one",
        "write canary or linear, or remove shadow",
    ),
    "guardrails_need_their_instances": (
        "dev", {**STEPPED, "instance_type": "ml.inf1.xlarge"}, 'rollout.strategy: "canary"',
        "SageMaker moves an endpoint on Inf1 instances all at once, whatever is asked for",
        "write all_at_once, or another instance_type",
    ),
    "steps_are_watched": (
        "dev", {**STEPPED, "alarms": None}, "alarms", "a canary rollout goes back by alarms, and there are none",
        "write alarms with max_5xx_rate and max_latency_ms, or all_at_once as rollout.strategy",
    ),
    "dev_has_nothing_to_promote_from": (
        "dev", {"source": "promote"}, 'source: "promote"',
        "no environment stands before dev, so nothing is promoted into it", "write train",
    ),
    "repository_states_its_own_endpoint": (
        "dev", {"source": "train", "owner": "repository", "smoke": [PAYLOAD]}, "smoke",
        "the model's own repository deploys and verifies its endpoint", "remove smoke, or write platform as owner",
    ),
    "smoke_payloads_are_short": (
        "dev", {"source": "train", "smoke": [{"payload": "x" * 1600}]}, 'smoke: "1658 bytes as JSON"',
        "smoke payloads take at most 1536 bytes as JSON, because an SSM parameter holds them",
        "remove or shorten some",
    ),
    "a kind that is misspelled": (
        "dev", {"source": "train", "kind": "realtim"}, 'kind: "realtim"',
        "the value is realtime, serverless, async or batch", "did you mean realtime?",
    ),
    "a source that is left out": ("dev", {"kind": "realtime"}, "source", "the key is required", "add it"),
    "a memory that serverless does not have": (
        "dev", {**SERVERLESS, "serverless": {"memory_mb": 2000}}, "serverless.memory_mb: 2000",
        "a serverless endpoint has 1024, 2048, 3072, 4096, 5120, 6144 MB", "write 2048",
    ),
    "more concurrency than serverless has": (
        "dev", {**SERVERLESS, "serverless": {"max_concurrency": 201}}, "serverless.max_concurrency: 201",
        "the value is at most 200", "write 200 or less",
    ),
    "a wait that is too long": (
        "dev", rolled(wait_seconds=3601), "rollout.wait_seconds: 3601", "the value is at most 3600",
        "write 3600 or less",
    ),
    "a payload that JSON cannot say": (
        "dev", {"source": "train", "smoke": [{"payload": float("nan")}]}, "smoke[0].payload: NaN",
        "a payload is sent as JSON", "write dates and times in quotes, and no .nan",
    ),
    "a label that is no label": (
        "dev", {"source": "train", "smoke": [{"payload": 1, "expect_label": 0.5}]}, "smoke[0].expect_label: 0.5",
        "a label is text, a whole number, true or false", "write it as the model's schema does",
    ),
    "an unknown key in a smoke payload": (
        "dev", {"source": "train", "smoke": [{"payload": 1, "expected_label": 0}]}, "smoke[0].expected_label",
        "the key is unknown", "did you mean expect_label?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("stack", "delivery", "head", "rule", "fix"), CASES.values(), ids=CASES.keys())
def test_a_broken_rule_is_the_only_mistake_and_says_where_what_and_how_to_mend_it(stack, delivery, head, rule, fix):
    source = f"Pulumi.{stack}.yaml"
    with pytest.raises(SettingsError) as caught:
        load_settings(changed(stack, models__fraud__delivery=delivery), source=source)

    expected = f"{source}: 1 mistake in mlops:settings\n\n  {AT}.{head}\n    rule: {rule}\n    fix:  {fix}\n"
    assert str(caught.value) == expected, "a person has only this text to go by"


def test_every_rule_of_a_delivery_has_a_case():
    tested = {case.split()[0] for case in CASES}

    assert {rule.__name__ for rule in DELIVERY_RULES} <= tested, "an untested text is a wrong text sooner or later"


RIGHT = {
    "serverless": ("prod", SERVERLESS),
    "serverless with alarms": ("dev", {**SERVERLESS, "alarms": {}}),
    "async that scales": ("prod", {**ASYNC, "instances": {"min": 1, "max": 4}, "scaling": {}}),
    "async in steps": ("dev", {**ASYNC, "instances": {"min": 2, "max": 2}, "rollout": STEPS}),
    "batch": ("prod", BATCH),
    "the largest canary": ("dev", rolled(step_percent=50)),
    "the smallest canary": ("dev", rolled(step_percent=1)),
    "the smallest rolling batch": ("dev", rolled(strategy="rolling", step_percent=5)),
    "a shadow beside a canary": ("dev", {**STEPPED, "shadow": {"version": 3, "percent": 20}}),
    "the longest waits": ("dev", rolled(wait_seconds=3600, bake_seconds=3600)),
    "Inf1 all at once": ("dev", {"source": "train", "instance_type": "ml.inf1.xlarge"}),
    "a model whose repository deploys it": ("dev", {"source": "train", "owner": "repository"}),
    "payloads of each kind": ("dev", {"source": "train", "smoke": [{"payload": p} for p in ({}, [], "a", 1, None)]}),
    "retraining in prod": ("prod", {"source": "train", "instances": {"min": 2, "max": 2}}),
}


@pytest.mark.parametrize(("stack", "delivery"), RIGHT.values(), ids=RIGHT.keys())
def test_what_sagemaker_takes_is_taken_and_reaches_the_functions_unchanged(stack, delivery):
    settings = load_settings(changed(stack, models__fraud__delivery=delivery), source=f"Pulumi.{stack}.yaml")

    read = settings.delivery("fraud-detector")
    for key, value in delivery.items():
        if isinstance(value, str):
            assert getattr(read, key) == value, key
    assert endpoint_rules.faults(read, stack) == [], "components judge by the same rules"


def test_mistakes_elsewhere_do_not_hide_a_broken_rule_of_a_delivery():
    raw = changed("prod", owner=REMOVED, models__fraud__delivery={"source": "train", "rollout": {"bake_seconds": -1}})

    with pytest.raises(SettingsError) as caught:
        load_settings(raw, source="Pulumi.prod.yaml")

    assert {problem.path for problem in caught.value.problems} == {
        "owner",
        f"{AT}.instances.min",
        f"{AT}.rollout.bake_seconds",
    }, "all mistakes at once"


def test_long_smoke_payloads_are_found_beside_another_mistake():
    raw = changed("dev", models__fraud__delivery={"source": "x", "smoke": [{"payload": "x" * 1600}]})

    with pytest.raises(SettingsError) as caught:
        load_settings(raw, source="Pulumi.dev.yaml")

    assert {problem.path for problem in caught.value.problems} == {f"{AT}.source", f"{AT}.smoke"}


PLACES = ["", "__source", "__kind", "__instances", "__instances__min", "__rollout", "__rollout__strategy", "__smoke"]
PLACES += ["__shadow", "__alarms", "__batch", "__serverless", "__asynchronous", "__scaling", "__capture", "__keep"]
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9999) | st.floats() | st.text(max_size=5) | st.sampled_from(["batch"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.just("payload"), inner),
    max_leaves=5,
)


@given(place=st.sampled_from(PLACES), value=anything)
def test_whatever_stands_in_a_delivery_gives_settings_or_a_teaching_error(place, value):
    try:
        load_settings(changed("prod", **{f"models__fraud__delivery{place}": value}), source="Pulumi.prod.yaml")
    except SettingsError as error:
        found = error.problems
    else:
        return

    assert found, "a refusal names its reasons"
    assert all(problem.rule and problem.fix and len(problem.value) <= 60 for problem in found)
    assert not any("see docs/" in problem.fix for problem in found), "each kind of mistake has a fix of its own"


@pytest.mark.parametrize(
    "name",
    ["Instances", "Serverless", "Asynchronous", "Batch", "Scaling", "Capture", "Rollout", "Alarms", "Shadow", "Smoke",
     "Delivery"],
)  # fmt: skip
def test_a_section_is_the_same_in_the_settings_and_in_what_is_published(name):
    published = getattr(delivery_config, name)
    section = getattr(sections, name)

    assert {field.name for field in fields(published)} == set(section.model_fields), "a key would get lost on the way"


def test_defaults_are_the_same_in_the_settings_and_in_what_is_published():
    section = sections.Delivery(source="train")

    assert asdict(delivery_config.delivery_from(section.model_dump(mode="json"))) | {"instance_type": None} == asdict(
        delivery_config.Delivery(source=delivery_config.Source.TRAIN)
    ) | {"instance_type": None}


def test_the_stack_files_deliver_as_agreed():
    stacks = {name: read_stack_file(ROOT / f"Pulumi.{name}.yaml") for name in ("dev", "preprod", "prod")}
    delivered = {name: stack.delivery("fraud-detector") for name, stack in stacks.items()}

    assert {
        name: (
            one.source.value,
            one.kind.value,
            one.least_instances,
            one.most_instances,
            one.rollout.strategy.value,
            one.rollout.step_percent,
            one.alarms is not None,
            one.capture and one.capture.percent,
        )
        for name, one in delivered.items()
    } == {
        "dev": ("train", "realtime", 1, 1, "all_at_once", 10, False, None),
        "preprod": ("promote", "realtime", 2, 3, "canary", 50, True, 100),
        "prod": ("promote", "realtime", 2, 6, "canary", 10, True, 100),
    }
    assert all(one.smoke for one in delivered.values()), "a deployment without a recorded request proves nothing"


def test_a_smoke_payload_of_the_stack_files_has_the_fields_of_the_models_schema():
    schema = json.loads((ROOT / "pipeline_defs/schemas/fraud_detector.json").read_text())
    for name in ("dev", "preprod", "prod"):
        for smoke in read_stack_file(ROOT / f"Pulumi.{name}.yaml").delivery("fraud-detector").smoke:
            assert set(smoke.payload) == {feature["name"] for feature in schema["features"]}
            assert smoke.expect_label in (None, *schema["target"]["classes"])


def test_environments_know_their_neighbours():
    stacks = {name: read_stack_file(ROOT / f"Pulumi.{name}.yaml") for name in ("dev", "preprod", "prod")}

    assert {name: (stack.previous_environment, stack.next_environment) for name, stack in stacks.items()} == {
        "dev": (None, Environment.PREPROD),
        "preprod": (Environment.DEV, Environment.PROD),
        "prod": (Environment.PREPROD, None),
    }
    assert stacks["dev"].names_of(Environment.PREPROD) == stacks["preprod"].names, "both sides compute the same names"


def test_what_is_promoted_comes_from_the_group_of_the_environment_before():
    preprod = read_stack_file(ROOT / "Pulumi.preprod.yaml")
    dev = read_stack_file(ROOT / "Pulumi.dev.yaml")

    assert preprod.promoted_from("fraud-detector") == delivery_config.PreviousEnvironment(
        environment="dev",
        account="111111111111",
        region="us-east-1",
        group_arn=dev.names.model_package_group_arn("fraud-detector"),
    )
    assert dev.promoted_from("fraud-detector") is None


def test_environments_may_lie_in_regions_of_their_own():
    settings = load_settings(changed("dev", regions=REGIONS), source="Pulumi.dev.yaml")

    assert settings.names_of(Environment.PROD).region == "eu-central-1"
    assert settings.names.region == "us-east-1"


@pytest.mark.parametrize("more", [{}, {"owner": "nobody"}], ids=["alone", "beside another mistake"])
def test_a_version_is_promoted_within_a_region_only(more):
    regions = {"dev": "eu-west-1", "preprod": "us-east-1", "prod": "us-west-2"}
    raw = changed("preprod", regions=regions, models__fraud__delivery={"source": "promote", **more})
    with pytest.raises(SettingsError) as caught:
        load_settings(raw, source="Pulumi.preprod.yaml")

    assert (
        f'  {AT}.source: "promote"\n'
        "    rule: a promoted version keeps its image, and SageMaker pulls images of its own region only: dev is in"
        " eu-west-1, preprod in us-east-1\n"
        "    fix:  write train, or the same region for dev and preprod under regions\n"
    ) in str(caught.value)
    assert len(caught.value.problems) == 1 + len(more)


@pytest.mark.parametrize(
    ("regions", "source"),
    [({"dev": "us-east-1", "preprod": "us-east-1", "prod": "us-west-2"}, "promote"), (REGIONS, "train")],
)
def test_what_is_promoted_within_a_region_or_trained_here_is_no_mistake(regions, source):
    raw = changed("preprod", regions={**regions, "preprod": "us-east-1"}, models__fraud__delivery={"source": source})

    assert load_settings(raw, source="Pulumi.preprod.yaml").delivery("fraud-detector").source == source


def test_the_stacks_own_region_is_the_one_that_the_others_know():
    with pytest.raises(SettingsError) as caught:
        load_settings(changed("dev", regions={**REGIONS, "dev": "us-west-2"}), source="Pulumi.dev.yaml")

    assert str(caught.value) == (
        'Pulumi.dev.yaml: 1 mistake in mlops:settings\n\n  regions.dev: "us-west-2"\n'
        "    rule: the stack's own region is us-east-1; other stacks find this one by the region listed here\n"
        "    fix:  write us-east-1, or change region\n"
    )


def test_a_model_without_delivery_is_not_deployed():
    settings = load_settings(changed("prod", models__fraud__delivery=REMOVED), source="Pulumi.prod.yaml")

    assert settings.delivery("fraud-detector") is None
    assert settings.promoted_from("fraud-detector") is None


def test_the_endpoint_has_the_models_instance_type_where_delivery_names_none():
    raw = changed("dev", models__fraud__inference_instance="ml.c5.large", models__fraud__delivery={"source": "train"})

    assert load_settings(raw, source="Pulumi.dev.yaml").delivery("fraud-detector").instance_type == "ml.c5.large"
