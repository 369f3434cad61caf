"""A preview as one value: the tree, the dangers, the findings, the cost."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.events import UNKNOWN, PolicyViolation
from portal.plan.resources import name_of, short_type
from tests.harness import PUBLISHING, stack_graph
from tests.portal.plan.events import change, definition, pipeline_update, planned, urn, view

BUCKET, TABLE, KEY = "aws:s3/bucket:Bucket", "aws:dynamodb/table:Table", "aws:kms/key:Key"
ROLE, NAT, GROUP = "aws:iam/role:Role", "aws:ec2/natGateway:NatGateway", "mlops:index:Network"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def replaced(kind, **options):
    return [planned(kind, each, **options) for each in ("create-replacement", "replace")] + [
        planned(kind, "delete-replaced", name=options.get("name", "it"), protected=options.get("protected", False))
    ]


def test_components_that_stay_hold_what_changes_in_them():
    found = view(
        planned(GROUP, "same", name="network"),
        planned(GROUP, "same", name="quiet"),
        planned(ROLE, "same", name="role", parent=urn(GROUP, "quiet")),
        planned(NAT, "create", name="nat", parent=urn(GROUP, "network")),
        planned(ROLE, "update", name="a", parent=urn(GROUP, "network")),
    )
    network, quiet = found.tree
    assert (network.operation, network.changed, [each.name for each in network.children]) == ("same", 2, ["a", "nat"])
    assert (quiet.changed, len(quiet.children)) == (0, 1), "nothing changes there, so a page may fold it"
    assert (found.counts, found.changed) == ({"create": 1, "same": 3, "update": 1}, 2)


def test_a_replacement_is_one_change_though_the_engine_reports_three():
    changes = [change("name", "a", "b")]
    found = view(*replaced(BUCKET, changes=changes, replacing=("name",), inputs={"name": "b"}))
    (node,) = found.tree
    assert (found.counts, node.operation, node.replacing, node.changes) == (
        {"replace": 1}, "replace", ("name",), tuple(changes),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "short"),
    [
        (BUCKET, "s3:Bucket"),
        (GROUP, "Network"),
        ("github:index/repository:Repository", "github:Repository"),
        ("pulumi:pulumi:Stack", "Stack"),
        ("pulumi:providers:aws", "providers:aws"),
        ("odd", "odd"),
    ],
)
def test_types_are_short(kind, short):
    assert short_type(kind) == short


def test_names_come_from_urns():
    assert name_of("urn:pulumi:dev::mlops::a$b::x::y") == "x::y"
    assert name_of("odd") == "odd"


def test_dangers_name_what_is_lost_protected_ones_first():
    found = view(
        planned(TABLE, "delete", name="records"),
        planned(ROLE, "delete", name="role"),
        planned(BUCKET, "update", name="kept"),
        *replaced(KEY, name="key", replacing=("customerMasterKeySpec",), protected=True),
    ).dangers
    assert [each.name for each in found] == ["key", "records"]
    assert found[0].sentence == (
        "kms:Key key is replaced by a new one because customerMasterKeySpec cannot change in place; the old one is "
        "deleted: what is encrypted with it can no longer be read once its waiting period is over. "
        "It is protected, so the engine will refuse."
    )
    assert found[1].sentence == "dynamodb:Table records is deleted: the records in it are gone."


def test_a_protected_resource_without_data_is_a_danger_too():
    (found,) = view(planned(ROLE, "delete", protected=True)).dangers
    assert found.sentence == "iam:Role it is deleted. It is protected, so the engine will refuse."


def test_what_the_cloud_keeps_is_not_called_gone():
    bucket = "aws:s3/bucket:Bucket"
    (found,) = view(planned(bucket, "delete", name="data", retained=True)).dangers
    assert found.sentence == (
        "s3:Bucket data leaves the stack and stays in the cloud, where nobody looks after it and it goes on costing."
    )


def test_a_leftover_copy_that_goes_is_a_danger_and_no_replacement():
    found = view(planned(BUCKET, "same"), planned(BUCKET, "delete-replaced"))
    assert (found.counts, found.changed) == ({"same": 1}, 1)
    assert "An older copy of s3:Bucket it" in found.dangers[0].sentence


def violation(level, message="m", **options):
    return PolicyViolation(policy="p", pack="mlops", level=level, message=message, **options)


def test_findings_are_grouped_mandatory_first_and_said_once():
    given_ = [violation("advisory"), violation("mandatory", urn=urn(ROLE)), violation("other"), violation("advisory")]
    found = view(violations=[*given_, violation("advisory", sequence=9)])
    assert [(group.level, len(group.items)) for group in found.findings] == [
        ("mandatory", 1), ("advisory", 1), ("other", 1),
    ]  # fmt: skip
    assert found.findings[0].items[0].name == "it"
    assert found.blocked
    assert not view(violations=[violation("advisory")]).blocked


def test_cost_counts_what_comes_what_goes_and_what_stays():
    cost = view(
        planned(NAT, "create", name="new"),
        planned(NAT, "delete", name="old"),
        planned(KEY, "same", name="key"),
        *replaced(NAT, name="replaced", inputs={"subnetId": UNKNOWN}, changes=[change("subnetId", "a", UNKNOWN)]),
    ).cost
    assert (cost.before, cost.after, cost.delta) == (Decimal("66.70"), Decimal("66.70"), 0)
    assert {line.name: line.delta for line in cost.lines if line.delta} == {
        "new": Decimal("32.85"),
        "old": Decimal("-32.85"),
    }


def test_cost_before_an_update_comes_from_the_changes():
    endpoint = "aws:ec2/vpcEndpoint:VpcEndpoint"
    inputs = {"vpcEndpointType": "Interface", "subnetIds": ["a", "b", "c"]}
    event = planned(endpoint, "update", inputs=inputs, changes=[change("subnetIds[2]", new="c", kind="add")])
    assert (view(event).cost.before, view(event).cost.after) == (Decimal("14.60"), Decimal("21.90"))


@pytest.mark.parametrize(
    ("changes", "replacing"), [([change("period.x", 1, 2)], ()), ([], ("period",)), ([change("a[", 1, 2)], ())]
)
def test_cost_before_is_not_known_where_the_changes_do_not_say_what_was(changes, replacing):
    event = planned(ALARM, "update", inputs={"period": 60}, changes=changes, replacing=replacing)
    cost = view(event).cost
    assert [(each.when, cost.complete) for each in cost.unpriced] == [("before", False)]


def test_what_is_imported_or_read_cost_as_much_before():
    assert view(planned(NAT, "import"), planned(NAT, "read", name="r")).cost.delta == 0


def test_parents_in_a_circle_are_still_shown():
    found = view(
        planned(GROUP, "same", name="a", parent=urn(GROUP, "b")),
        planned(GROUP, "create", name="b", parent=urn(GROUP, "a")),
        planned(ROLE, "create", name="own", parent=urn(ROLE, "own")),
    )
    assert sum(_size(node) for node in found.tree) == 3


def _size(node):
    return 1 + sum(_size(child) for child in node.children)


def test_a_whole_stack_is_a_view_and_json():
    events = [planned(each.type, "create", name=each.name, inputs=each.inputs) for each in stack_graph(PUBLISHING)]
    document = json.loads(json.dumps(view(*events).to_json()))
    assert document["cost"]["complete"] is True
    assert document["cost"]["before"] == "0.00"
    assert Decimal(document["cost"]["delta"]) > 100
    assert document["pipelines"][0]["gate"]
    assert (document["blocked"], document["weakens_gate"]) == (False, False)


def test_json_holds_what_pages_need():
    new = definition()
    new["Parameters"] = []
    document = pipeline_update(definition(), new).to_json()
    assert document["tree"][0]["changes"][0]["kind"] == "update"
    assert document["pipelines"][0]["parameters_removed"] == ["InputDataUri", "MaxIterations", "LearningRate"]
    assert document["cost"]["as_of"].count("-") == 2


OPERATIONS = st.sampled_from(
    ["create", "update", "replace", "create-replacement", "delete-replaced", "delete", "refresh", "read", "import",
     "same", "discard", "remove-pending-replace", "teleport"]
)  # fmt: skip
NAMES = st.sampled_from("abcd")
EVENTS = st.lists(
    st.builds(
        lambda kind, operation, name, parent, protected, inputs: planned(
            kind, operation, name=name, parent=urn(GROUP, parent), protected=protected, inputs=inputs
        ),
        st.sampled_from([BUCKET, GROUP, NAT, ALARM]),
        OPERATIONS,
        NAMES,
        NAMES,
        st.booleans(),
        st.dictionaries(st.sampled_from(["period", "region"]), st.sampled_from([60, UNKNOWN, "us-east-1"])),
    ),
    max_size=10,
)


@settings(max_examples=100, deadline=None)
@given(EVENTS)
def test_laws_of_any_view(events):
    found = view(*events)
    urns = {each.urn for each in events}
    assert sum(_size(node) for node in found.tree) == len(urns) == sum(found.counts.values()), "each resource once"
    assert sum(node.changed for node in found.tree) == found.changed
    json.dumps(found.to_json())
