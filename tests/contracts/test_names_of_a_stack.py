"""Laws of names, by properties: they differ where a coordinate differs, and stay within every service's limits."""

import re
from dataclasses import fields, replace
from itertools import product

import pytest
from botocore.loaders import create_loader
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.limits import LABEL_LENGTH, LIMITS, MODEL_NAME_LENGTH
from contracts.names import HASH_LENGTH, Names, fit
from contracts.parameters import ParameterPaths
from contracts.regions import ALL_REGIONS, REGIONS, dns_suffix_of, partition_of
from contracts.rules import BrokenRuleError
from contracts.words import check_model_name, check_organisation
from tests.contracts import kinds

ENVIRONMENTS = ("dev", "preprod", "prod")


def is_organisation(word):
    try:
        check_organisation(word)
    except BrokenRuleError:
        return False
    return True


LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"


def word(alphabet, most):
    return st.builds(str.__add__, st.sampled_from(LETTERS[:2]), st.text(alphabet, min_size=1, max_size=most - 1))


# Few letters make near misses; all letters make the rest.
labels = word("ab1", LABEL_LENGTH) | word(LETTERS + DIGITS, LABEL_LENGTH)
models = (
    st.lists(st.sampled_from(["a", "b1", "new", "data", "failed"]), min_size=1, max_size=5).map("-".join)
    | word(LETTERS + DIGITS, MODEL_NAME_LENGTH)
    | st.sampled_from(["m" * MODEL_NAME_LENGTH, "a-" * 19 + "b", "platform"])
)
accounts = st.text(DIGITS, min_size=12, max_size=12)
coordinates = {
    "organisation": labels.filter(is_organisation),
    "unit": labels,
    "environment": st.sampled_from(ENVIRONMENTS),
    "region": st.sampled_from(sorted(ALL_REGIONS)),
    "account": accounts,
    "image_account": accounts,
}
stacks = st.builds(Names, **coordinates)
acme = Names(
    organisation="acme",
    unit="risk",
    environment="dev",
    region="us-east-1",
    account="111111111111",
    image_account="111111111111",
)
LONGEST = [
    replace(acme, organisation="o" * LABEL_LENGTH, unit="u" * LABEL_LENGTH, environment=environment, region=region)
    for environment, region in product(ENVIRONMENTS, sorted(ALL_REGIONS))
]
LONGEST_MODEL = "m" * MODEL_NAME_LENGTH


def test_the_list_of_kinds_is_complete():
    public = {name for name in dir(Names) if not name.startswith("_")}

    assert public - {field.name for field in fields(Names)} == set(kinds.EVERY) | kinds.PARTS, (
        "a new name must be added to tests/contracts/kinds.py, where the laws find it"
    )


@given(model=models, label=labels)
def test_what_these_laws_draw_is_what_the_settings_take(model, label):
    assert check_model_name(model) == model
    assert len(label) <= LABEL_LENGTH


@pytest.mark.parametrize("coordinate", [*coordinates, "model"])
@given(data=st.data(), names=stacks, model=models)
def test_a_change_of_a_coordinate_changes_every_name_built_from_it(coordinate, data, names, model):
    if coordinate == "model":
        other_names, other_model = names, data.draw(models.filter(lambda other: other != model))
    else:
        value = data.draw(coordinates[coordinate].filter(lambda other: other != getattr(names, coordinate)))
        other_names, other_model = replace(names, **{coordinate: value}), model

    for kind, (build, unchanged_by) in kinds.EVERY.items():
        same = build(names, model) == build(other_names, other_model)
        if coordinate not in unchanged_by:
            assert not same, f"two stacks that differ in {coordinate} would share a {kind}"
        elif coordinate != "region":  # another region may be another partition, which an ARN without region still shows
            assert same, f"{coordinate} is no part of a {kind}; kinds.py says so"


def test_an_image_repository_names_no_environment_because_images_are_built_once():
    repositories = {
        replace(acme, environment=environment).image_repository("fraud-detector") for environment in ENVIRONMENTS
    }

    assert repositories == {"acme-risk/fraud-detector"}, "the image that was tested is the image that prod runs"


@given(left=st.tuples(stacks, models), right=st.tuples(stacks, models))
def test_two_stacks_never_share_a_name(left, right):
    def identity(unchanged_by, names, model):
        known = {field.name: getattr(names, field.name) for field in fields(names)} | {"model": model}
        return {name: value for name, value in known.items() if name not in unchanged_by}

    for kind, (build, unchanged_by) in (kinds.PHYSICAL | kinds.IMAGE_REPOSITORY).items():
        assert (build(*left) == build(*right)) == (identity(unchanged_by, *left) == identity(unchanged_by, *right)), (
            f"a {kind} stands for its coordinates, and joined parts must not run into each other"
        )


@given(names=stacks, chosen=st.lists(models, min_size=2, max_size=20, unique=True))
def test_the_names_of_a_stack_are_unique_per_kind(names, chosen):
    purposes = ["failed", "new-data", "data", "a-failed"]
    per_kind = {
        "pipeline": [names.pipeline(model) for model in chosen],
        "model_package_group": [names.model_package_group(model) for model in chosen],
        "schedule": [names.schedule(model) for model in chosen],
        "endpoint": [names.endpoint(model) for model in chosen],
        "endpoint_config": [names.endpoint_config(model, digest) for model in chosen for digest in ("0" * 8, "1" * 8)],
        "image_repository": [names.image_repository(model) for model in chosen],
        "event_rule": [names.event_rule(purpose, model) for model in chosen for purpose in purposes],
        "alarm": [names.alarm(purpose, model) for model in [None, *chosen] for purpose in purposes],
    }

    for kind, built in per_kind.items():
        assert len(set(built)) == len(built), f"two resources would fight for one {kind}"


def test_a_models_hyphens_do_not_run_into_a_purpose():
    assert acme.event_rule("data", "fraud-new") != acme.event_rule("new-data", "fraud")
    assert acme.alarm("failed", "platform") != acme.alarm("failed"), "a model may be called platform"


def all_names(names, model):
    return {(kind, build(names, model)) for kind, (build, _) in kinds.PHYSICAL.items()}


@pytest.mark.parametrize(
    "stacks_of_one_account",
    [
        [replace(acme, environment=environment) for environment in ENVIRONMENTS],
        [acme, replace(acme, unit="retail")],
        [acme, replace(acme, region="eu-west-1")],
        [acme, replace(acme, organisation="globex")],
    ],
    ids=["three environments", "two units", "two regions", "two organisations"],
)
def test_stacks_of_one_account_do_not_collide(stacks_of_one_account):
    built = [all_names(names, "fraud-detector") for names in stacks_of_one_account]

    assert len(set().union(*built)) == sum(len(names) for names in built), "one account must hold them all"


@pytest.mark.parametrize("kind", kinds.PHYSICAL | kinds.IMAGE_REPOSITORY)
def test_the_longest_legal_settings_stay_within_the_services_length_and_characters(kind):
    build, _ = kinds.EVERY[kind]
    for names in LONGEST:
        name = build(names, LONGEST_MODEL)
        assert len(name) <= LIMITS[kind].length, name
        assert re.fullmatch(kinds.pattern_of(kind), name), name


@given(names=stacks, model=models)
def test_every_legal_name_is_one_that_its_service_takes(names, model):
    for kind, (build, _) in (kinds.PHYSICAL | kinds.IMAGE_REPOSITORY).items():
        name = build(names, model)
        assert len(name) <= LIMITS[kind].length, name
        assert re.fullmatch(kinds.pattern_of(kind), name), name


@pytest.mark.parametrize("kind", sorted(set(kinds.PHYSICAL) - {"key_alias", "log_group"}))
def test_a_cut_name_still_begins_with_the_whole_prefix_and_a_hyphen(kind):
    for names in LONGEST:
        assert kinds.PHYSICAL[kind][0](names, LONGEST_MODEL).startswith(f"{names.prefix}-"), (
            "policies name our resources by the prefix and a wildcard"
        )


@given(name=st.text("abc-./", min_size=1, max_size=60), limit=st.integers(HASH_LENGTH + 2, 30))
@example(name="ab-/." + "c" * 20, limit=HASH_LENGTH + 1 + 5)
def test_fit_keeps_what_fits_and_cuts_the_rest_to_the_limit(name, limit):
    cut = fit(name, limit)

    assert len(cut) <= limit
    assert fit(cut, limit) == cut, "a name that was fitted once is left alone"
    if len(name) <= limit:
        assert cut == name
    else:
        assert cut[: -HASH_LENGTH - 1] == name[: limit - HASH_LENGTH - 1].rstrip("-./"), "people read the beginning"


@given(names=st.lists(st.text("abc-", min_size=60, max_size=90), min_size=2, max_size=30, unique=True))
def test_fit_keeps_different_names_apart(names):
    assert len({fit(name, 63) for name in names}) == len(names)


def test_fit_refuses_a_limit_that_leaves_no_room_for_the_hash():
    with pytest.raises(ValueError, match="a limit of 9 leaves no room for the hash; it takes 10 or more"):
        fit("a" * 20, 9)


@pytest.mark.parametrize("partition", REGIONS)
def test_the_partition_follows_from_the_region_as_botocore_knows_it(partition):
    suffixes = {
        known["partition"]: known["dnsSuffix"] for known in create_loader().load_data("endpoints")["partitions"]
    }

    for region in REGIONS[partition]:
        assert partition_of(region) == partition, region
        assert dns_suffix_of(region) == suffixes[partition], region


def test_names_in_china_lie_in_its_partition_and_domain():
    names = replace(acme, region="cn-north-1")

    assert names.role_arn("training") == "arn:aws-cn:iam::111111111111:role/acme-risk-dev-cn-north-1-training"
    assert names.image_uri("fraud-detector", "v1.0.0") == (
        "111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn/acme-risk/fraud-detector:v1.0.0"
    )


def test_an_image_is_named_by_tag_or_by_digest():
    digest = "sha256:" + "0" * 64

    repository = "111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-risk/fraud-detector"
    assert acme.image_uri("fraud-detector", "v1.0.0") == f"{repository}:v1.0.0"
    moving = "111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-risk/builds/moving"
    assert acme.image_uri("fraud-detector", "dev") == f"{moving}:fraud-detector-dev", "apart from the releases"
    assert acme.image_uri("fraud-detector", digest) == f"{repository}@{digest}"


PATH_COORDINATES = ("organisation", "unit", "environment", "region")


@pytest.mark.parametrize("coordinate", PATH_COORDINATES)
@given(data=st.data(), names=stacks, model=models)
def test_a_change_of_a_coordinate_changes_every_parameter_path(coordinate, data, names, model):
    paths = ParameterPaths(**{name: getattr(names, name) for name in PATH_COORDINATES})
    value = data.draw(coordinates[coordinate].filter(lambda other: other != getattr(names, coordinate)))
    others = replace(paths, **{coordinate: value})

    for name in (
        "root",
        "private_subnet_ids",
        "job_security_group_id",
        "data_key_arn",
        "artifact_bucket",
        "data_bucket",
    ):
        assert getattr(paths, name) != getattr(others, name), name
    assert paths.pipeline(model) != others.pipeline(model)
    assert paths.delivery(model) != others.delivery(model)
    assert paths.model_package_group(model) != others.model_package_group(model)


@given(left=models, right=models)
def test_models_have_parameter_paths_of_their_own(left, right):
    paths = ParameterPaths(organisation="acme", unit="risk", environment="dev", region="us-east-1")

    assert (paths.pipeline(left) == paths.pipeline(right)) == (left == right)
    assert paths.pipeline(left) != paths.model_package_group(right)
