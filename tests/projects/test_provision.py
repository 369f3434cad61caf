"""Projects from creation to archive, as CloudFormation and the command line ask for them."""

import json

import pytest

from components.template_content import rendered
from contracts.projects import Status
from contracts.variables import Level, of_template
from lambda_src.projects import records
from tests.projects.calls import LASTING
from tests.projects.faults import check_end, check_log, publish
from tests.projects.world import BOTH, DEV, ENVIRONMENTS, OURS, PROPERTIES, World

GENERATE = "POST /repos/acme/risk-template-{}/generate"
TRAINING = {"Product": "model-training"}


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as new:
        yield new
        check_log(new)


def direct(world, operation="create", request_id="r1", **properties):
    given = {**PROPERTIES, **properties}
    event = {"operation": operation, "request_id": request_id, "properties": given}
    return world.invoke("provision", event, alias="direct")


# creating
def test_a_launch_makes_a_project_that_works(world):
    answer = world.launch()

    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == "project/churn"
    assert set(answer["Data"]) == {"Repositories", "ModelPackageGroup", "Notices"}, "the template reads them"
    check_end(world, "create")


def test_each_repository_is_private_guarded_and_has_its_variables(world):
    world.launch()
    for template, name in zip(("model-training", "realtime-inference"), OURS, strict=True):
        check_repository(world.repositories()[name], template)


def check_repository(repository, template):
    assert repository["private"]
    assert repository["teams"] == {"mlops": "admin", "risk": "push"}
    assert repository["collaborators"] == {"ada": "maintain"}, "an admin could deploy past the reviewers"
    assert [ruleset["name"] for ruleset in repository["rulesets"]] == ["mlops-main"]
    assert set(repository["variables"]) == set(of_template(template, Level.REPOSITORY))
    for environment, made in repository["environments"].items():
        assert set(made["variables"]) == set(of_template(template, Level.ENVIRONMENT))
        assert made["variables"]["AWS_DEPLOY_ROLE_ARN"]["value"] == ENVIRONMENTS[environment].project_role_arn(
            "churn", template
        )
        assert [branch["name"] for branch in made["branches"]] == ["main"], "any branch could name the environment"


def test_project_is_set_last_so_no_workflow_runs_before_the_rest_is_there(world):
    world.launch(**TRAINING)
    posted = [
        c.parameters["body"]["name"] for c in world.calls.made if c.name.endswith("actions/variables") and c.writes
    ]
    assert "PROJECT" in posted
    last = [c.name for c in world.calls.made if c.writes and c.kind == "github"][-len(posted) :]
    assert set(last) == {"POST /repos/acme/risk-churn-training/actions/variables"}


def test_a_reviewer_is_the_person_of_the_id_and_not_whoever_has_the_login_now(world):
    world.hub.rename_user("grace", "gone")
    world.hub.add_user("grace")

    answer = world.launch()

    assert answer["Status"] == "FAILED"
    assert "changed hands" in answer["Reason"]
    assert world.repositories() == {}, "it is found before anything is made"


def test_the_group_lets_the_project_roles_of_the_other_accounts_read_and_names_no_role(world):
    world.launch()
    (policy,) = world.groups.policies.values()
    principals = {s["Principal"]["AWS"] for s in policy["Statement"]}
    assert principals == {ENVIRONMENTS[name].account_root for name in ("preprod", "prod")}
    assert all("aws:PrincipalArn" in s["Condition"]["ArnLike"] for s in policy["Statement"])


def test_a_plan_that_cannot_protect_is_told_and_stops_nothing(tmp_path):
    with World(tmp_path, plan="free") as world:
        answer = world.launch()
        assert answer["Status"] == "SUCCESS"
        notices = json.loads(answer["Data"]["Notices"])
        assert any("required reviewers" in notice for notice in notices)
        assert world.project().repositories["realtime-inference"].unprotected


def test_tokens_have_administration_alone_before_the_repository_is_and_its_id_alone_afterwards(world):
    world.launch(**TRAINING)
    minted = [c.parameters["body"] for c in world.calls.made if c.name.endswith("/access_tokens")]
    for asked in minted:
        if "repository_ids" not in asked:
            assert asked["permissions"] in ({"administration": "write"}, {"members": "read"}, {"metadata": "read"})
        else:
            assert len(asked["repository_ids"]) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Owner": "nobody"}, "knows no person nobody"),
        ({"Owner": "mallory"}, "mallory is no member of acme: invite the person, or name another owner"),
        ({"Team": "ghosts"}, "has no team ghosts"),
        ({"ProjectName": "Churn"}, "ProjectName is 'Churn'"),
        ({"Product": "llm-training"}, "not on offer"),
        ({"Colour": "red"}, "no property of a project"),
    ],
)
def test_what_cannot_be_granted_is_refused_before_anything_is_made(world, change, said):
    answer = world.launch(**change)

    assert answer["Status"] == "FAILED"
    assert said in answer["Reason"]
    assert world.repositories() == {}
    assert world.project() is None


def test_a_name_that_a_repository_of_somebody_else_has_is_refused_and_it_is_left_alone(world):
    world.hub.add_repository("risk-churn-inference", {"mine.txt": b"mine\n"})
    before = json.dumps(world.hub.repository("risk-churn-inference"), sort_keys=True)

    answer = world.launch()

    assert answer["Status"] == "FAILED"
    assert "was not made by this request" in answer["Reason"]
    assert json.dumps(world.hub.repository("risk-churn-inference"), sort_keys=True) == before
    assert set(world.repositories()) == {"risk-churn-inference"}, "the first repository was not even begun"


def test_a_name_that_is_taken_while_the_project_is_being_made_leaves_the_taker_alone(world):
    def take():
        world.hub.add_repository("risk-churn-inference", {"mine.txt": b"mine\n"})

    world.calls.fault(GENERATE.format("realtime-inference"), "do", action=take)
    answer = world.launch()

    assert answer["Status"] == "FAILED"
    assert set(world.repositories()) == {"risk-churn-inference"}
    assert world.hub.files("risk-churn-inference") == {"mine.txt": b"mine\n"}


def test_a_group_of_a_platform_model_is_never_taken_over(world):
    name = DEV.model_package_group("churn")
    world.groups.groups[name] = arn = DEV.model_package_group_arn("churn")
    world.groups.tags[arn] = [{"Key": "model", "Value": "churn"}]

    assert "Choose another project name" in world.launch()["Reason"]
    assert world.groups.policies == {}
    assert name in world.groups.groups, "the rollback must not delete it either"


def test_a_group_that_a_platform_model_gets_meanwhile_is_not_taken_over_either(world):
    name, arn = DEV.model_package_group("churn"), DEV.model_package_group_arn("churn")

    def take():
        world.groups.groups[name] = arn
        world.groups.tags[arn] = []

    world.calls.fault("sagemaker:DescribeModelPackageGroup", "do", occurrence=1, action=take)
    assert world.launch()["Status"] == "FAILED"
    assert world.groups.policies == {}
    assert name in world.groups.groups


def test_a_second_stack_with_the_name_fails_and_its_rollback_leaves_the_first_alone(world):
    world.launch("s1")
    before = json.dumps(world.repositories(), sort_keys=True)

    answer = world.launch("s2")

    assert answer["Status"] == "FAILED"
    assert "exists" in answer["Reason"]
    assert json.dumps(world.repositories(), sort_keys=True) == before
    assert world.project().record.status is Status.READY


# twice
def test_a_creation_that_is_delivered_again_makes_nothing_twice(world):
    event = world.request("Create")
    world.deliver("provision", event)
    before = json.dumps(world.repositories(), sort_keys=True)
    world.deliver("provision", event)

    assert world.told(event)["Status"] == "SUCCESS"
    assert json.dumps(world.repositories(), sort_keys=True) == before


@pytest.mark.parametrize(
    "moment",
    [
        GENERATE.format("model-training"),
        "dynamodb:TransactWriteItems",
        "sagemaker:CreateModelPackageGroup",
        "PUT /repos/acme/risk-churn-training/environments/dev",
        "lambda:Invoke",
        "POST /repos/acme/risk-churn-inference/actions/variables",
    ],
)
def test_a_creation_that_is_delivered_in_the_middle_of_itself_is_made_once_and_told_once(world, moment):
    event = world.request("Create")
    world.calls.fault(moment, "do", action=lambda: world.deliver("provision", event))

    world.deliver("provision", event)

    assert world.told(event)["Status"] == "SUCCESS"
    assert len([a for a in world.answers if a["RequestId"] == event["RequestId"]]) >= 1
    check_end(world, "create")


@pytest.mark.parametrize(
    "moment",
    [GENERATE.format("realtime-inference"), "sagemaker:CreateModelPackageGroup", "lambda:Invoke", "iam:CreateRole"],
)
def test_a_rollback_in_the_middle_of_a_creation_ends_with_nothing(world, moment):
    def roll_back():
        assert world.cloudformation("Delete")["Status"] == "SUCCESS"

    event = world.request("Create")
    world.calls.fault(moment, "do", action=roll_back)
    world.deliver("provision", event)

    check_end(world, "roll back")
    assert world.told(event)["Status"] == "FAILED", "what was ended under it did not succeed"


def test_two_people_asking_for_one_name_at_once_get_one_project(world):
    def other():
        assert direct(world, request_id="r2")["outcome"] == "created"

    world.calls.fault("dynamodb:TransactWriteItems", "do", action=other)
    answer = direct(world, request_id="r1")

    assert answer["outcome"] == "refused"
    assert world.project().record.created_by == "r2"
    check_end(world, "create")


def test_a_creation_that_comes_after_its_rollback_makes_nothing(world):
    event = world.request("Create")
    assert world.cloudformation("Delete")["Status"] == "SUCCESS", "there is nothing, which is what was wanted"

    world.deliver("provision", event)

    assert world.told(event)["Status"] == "FAILED"
    assert world.repositories() == {}
    assert world.project() is None


# answering
def test_an_answer_that_cloudformation_does_not_take_at_first_is_repeated(world):
    world.refused_answers = [503, 503]
    assert world.launch(**TRAINING)["Status"] == "SUCCESS"


def test_an_answer_that_gets_lost_wholly_is_given_by_the_next_try_and_makes_nothing_twice(world):
    world.refused_answers = [503] * 4
    assert world.launch(**TRAINING)["Status"] == "SUCCESS"
    assert len([c for c in world.calls.made if c.name == GENERATE.format("model-training")]) == 1


def test_a_mistake_of_ours_is_answered_too(world, monkeypatch):
    monkeypatch.setattr("lambda_src.provision.groups.ensure", lambda *_: {}["no such key"])
    answer = world.launch()
    assert answer["Status"] == "FAILED"
    assert "see its log" in answer["Reason"]


def test_github_that_limits_for_ever_is_answered_before_the_function_ends(world):
    world.calls.fault("PUT /repos/acme/risk-churn-training/environments/dev", "throttle", times=LASTING)
    start = world.clock.now
    event = world.request("Create")
    world.deliver("provision", event)

    assert world.told(event)["Status"] == "FAILED"
    assert world.clock.now - start < 900 - 60, "there must be time left to answer"


def test_no_time_left_is_said_and_the_next_try_goes_on(world):
    world.seconds_left["provision"] = 200
    assert "no time was left" in direct(world)["why"]
    world.seconds_left["provision"] = 900
    assert direct(world)["outcome"] == "created"


def test_a_request_of_another_kind_is_answered(world):
    assert "RequestType is 'Import'" in world.cloudformation("Import")["Reason"]


def test_a_creation_that_was_never_answered_is_rolled_back_by_its_properties(world):
    world.calls.fault("PUT /repos/acme/risk-churn-inference/environments/prod", "denied", times=LASTING)
    world.refused_answers = [503] * 12  # three tries
    assert world.cloudformation("Create") is None
    world.calls.faults.clear()

    assert world.cloudformation("Delete", physical="SC-s1-Project-1XYZ")["Status"] == "SUCCESS"
    check_end(world, "roll back")


# rolling back
def test_a_rollback_keeps_what_people_have_committed_meanwhile(world):
    world.calls.fault("PUT /repos/acme/risk-churn-inference/environments/prod", "denied", times=LASTING)
    world.cloudformation("Create")
    world.calls.faults.clear()
    world.hub.push("risk-churn-training", {"mine.py": b"work\n"})

    assert world.cloudformation("Delete")["Status"] == "SUCCESS"

    assert {name: r["archived"] for name, r in world.repositories().items()} == {"risk-churn-training": True}
    assert world.project().record.status is Status.ARCHIVED, "its name is still in use, and the record says for what"


@pytest.mark.parametrize("touched", ["", "work", "work taken back"])
def test_a_repository_that_no_record_names_is_found_by_its_mark(world, touched):
    """The function died right after GitHub had made it, all three times."""
    world.calls.fault(GENERATE.format("model-training"), "died")
    # The look by name before generating: in the checks, and once in every try.
    world.calls.fault("GET /repos/acme/risk-churn-training", "died", occurrence=2, times=2)
    event = world.request("Create")
    world.deliver("provision", event)
    assert world.told(event) is None
    assert world.project().repositories == {}
    assert set(world.repositories()) == {"risk-churn-training"}
    repository = world.hub.repository("risk-churn-training")
    first = world.hub.store.files(repository, "main")
    if touched:
        world.hub.push("risk-churn-training", {"mine.py": b"work\n"})
    if touched == "work taken back":
        world.hub.store.add_commit(repository, "main", first, "Revert")
    world.calls.faults.clear()

    assert world.cloudformation("Delete")["Status"] == "SUCCESS"

    if touched:
        assert world.repositories()["risk-churn-training"]["archived"], "nobody knows whose work it is"
    else:
        check_end(world, "roll back")


# ending
def test_deleting_archives_and_keeps_every_commit(world):
    world.launch()
    world.hub.push("risk-churn-training", {"mine.py": b"work\n"})
    assert world.cloudformation("Delete")["Status"] == "SUCCESS"
    check_end(world, "archive")
    assert "mine.py" in world.hub.files("risk-churn-training")


def test_deleting_twice_and_deleting_what_people_deleted_succeeds(world):
    world.launch()
    repositories = world.hub.store.repositories
    del repositories[str(world.hub.repository("risk-churn-training")["id"])]
    for _ in range(2):
        assert world.cloudformation("Delete")["Status"] == "SUCCESS"
    assert world.roles() == {}


def test_an_account_that_refuses_keeps_nothing_else_from_ending_and_the_next_try_finishes(world):
    world.launch()
    role = ENVIRONMENTS["preprod"].project_role("churn", "realtime-inference")
    world.aws("preprod", "iam").delete_role_permissions_boundary(RoleName=role)

    answer = world.cloudformation("Delete")

    assert answer["Status"] == "FAILED"
    assert "preprod keeps the role" in answer["Reason"]
    assert set(world.roles()) == {("preprod", role)}
    assert all(r["archived"] for r in world.repositories().values())
    world.aws("preprod", "iam").put_role_permissions_boundary(
        RoleName=role, PermissionsBoundary=ENVIRONMENTS["preprod"].boundary_arn("project")
    )
    assert world.cloudformation("Delete")["Status"] == "SUCCESS"
    check_end(world, "archive")


def test_the_command_line_archives_its_own_projects_and_none_that_a_stack_owns(world):
    direct(world)
    assert direct(world, "archive")["outcome"] == "archived"
    assert direct(world, "archive")["outcome"] == "archived", "twice is the same as once"
    world.launch("s1", ProjectName="other")
    assert "end it there" in direct(world, "archive", ProjectName="other")["why"]


def test_a_failed_project_is_mended_by_the_same_request(world):
    world.calls.fault("PUT /repos/acme/risk-churn-inference/environments/prod", "denied", times=LASTING)
    assert direct(world)["outcome"] == "failed"
    assert world.project().record.status is Status.FAILED
    assert "not accessible" in world.project().record.reason
    world.calls.faults.clear()
    assert direct(world)["outcome"] == "created"
    check_end(world, "create")


# changing
def test_another_owner_and_team_are_let_in_and_nobody_is_taken_out(world):
    world.launch()
    assert world.cloudformation("Update", Owner="grace", Team="mlops")["Status"] == "SUCCESS"
    check_end(world, "let others in")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ProjectName": "other"}, "keeps its name"),
        ({"Product": "model-training"}, "launch model-training as a new project"),
        ({"Owner": "nobody"}, "knows no person"),
        ({"Owner": "mallory"}, "no member of acme"),
    ],
)
def test_an_update_that_cannot_be_is_refused_and_its_rollback_succeeds(world, change, said):
    world.launch()
    answer = world.cloudformation("Update", physical="project/churn", **change)
    assert answer["Status"] == "FAILED"
    assert said in answer["Reason"]
    assert answer["PhysicalResourceId"] == "project/churn", "another id would make CloudFormation delete the first"
    assert world.cloudformation("Update")["Status"] == "SUCCESS"
    check_end(world, "create")


def test_a_product_that_is_no_longer_on_offer_can_still_be_changed_and_ended(world, monkeypatch):
    world.launch()
    from dataclasses import replace

    from lambda_src.provision import create
    from lambda_src.provision.settings import config

    less = replace(config(), products=("model-training",))
    monkeypatch.setattr(create, "config", lambda: less)
    assert world.cloudformation("Update", Team="mlops")["Status"] == "SUCCESS"
    assert world.cloudformation("Delete")["Status"] == "SUCCESS"


# upgrading
def pull(world, name="risk-churn-training"):
    (found,) = world.repositories()[name]["pulls"]
    return found


def test_an_upgrade_proposes_exactly_what_changed_in_the_template(world):
    world.launch()
    world.hub.push("risk-churn-training", {"src/train.py": b"mine\n", "own.py": b"mine\n"})
    main = world.hub.files("risk-churn-training")
    publish(world)

    assert world.cloudformation("Update", TemplateVersion="1.1.0")["Status"] == "SUCCESS"

    assert world.hub.files("risk-churn-training") == main, "main is people's"
    branch = world.hub.files("risk-churn-training", pull(world)["head"]["ref"])
    assert {path for path in branch if branch[path] != main.get(path)} == {"README.md", "src/extra.py"}
    check_end(world, "upgrade")


def test_a_file_that_the_template_dropped_goes_only_where_nobody_changed_it(world):
    refs = world.hub.repository("risk-template-model-training")["refs"]
    world.hub.push("risk-template-model-training", {"old.py": b"1\n", "older.py": b"1\n"})
    world.launch(**TRAINING)
    world.hub.push("risk-churn-training", {"old.py": b"mine\n"})
    store, repository = world.hub.store, world.hub.repository("risk-template-model-training")
    kept = {p: f for p, f in store.files(repository, "main").items() if p not in ("old.py", "older.py")}
    store.add_commit(repository, "main", kept, "Drop")
    refs["refs/tags/template-1.1.0"] = refs["refs/heads/main"]

    world.cloudformation("Update", **TRAINING, TemplateVersion="1.1.0")

    branch = world.hub.files("risk-churn-training", pull(world)["head"]["ref"])
    assert "older.py" not in branch
    assert branch["old.py"] == b"mine\n"


def test_what_people_changed_or_removed_themselves_is_told_in_the_pull_request(world):
    world.launch(**TRAINING)
    world.hub.push("risk-churn-training", {"README.md": b"our own\n"})
    publish(world)
    world.cloudformation("Update", **TRAINING, TemplateVersion="1.1.0")
    assert "You changed these files as well" in pull(world)["body"]
    assert "`README.md`" in pull(world)["body"]


def test_without_the_old_version_all_that_differs_is_proposed(world):
    world.launch(**TRAINING)
    project = world.project()
    own = records.take(project.record).record
    from dataclasses import replace

    records.save_repository(own, replace(project.repositories["model-training"], template_commit="0" * 40))
    del world.hub.repository("risk-template-model-training")["refs"]["refs/tags/template-1.0.0"]
    world.hub.push("risk-churn-training", {"src/train.py": b"mine\n"})
    publish(world)
    world.cloudformation("Update", **TRAINING, TemplateVersion="1.1.0")
    branch = world.hub.files("risk-churn-training", pull(world)["head"]["ref"])
    assert branch["src/train.py"] == b"x = 1\n"


def test_an_upgrade_by_the_command_line_needs_the_name_alone_and_twice_proposes_once(world):
    direct(world)
    publish(world)
    event = {
        "operation": "upgrade",
        "request_id": "u1",
        "properties": {"ProjectName": "churn", "TemplateVersion": "1.1.0"},
    }
    first = world.invoke("provision", event)
    assert set(first["pull_requests"]) == set(OURS)
    assert world.invoke("provision", event)["pull_requests"] == {}
    check_end(world, "upgrade")


def test_the_rollback_of_an_update_proposes_no_older_template(world):
    world.launch()
    publish(world)
    world.cloudformation("Update", TemplateVersion="1.1.0")
    assert world.cloudformation("Update", TemplateVersion="1.0.0")["Status"] == "SUCCESS"
    check_end(world, "upgrade")


# forged calls
@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_who_is_not_cloudformation_does_nothing_in_its_name(world, kind):
    """A lead can write any event, with the id of somebody else's stack in it."""
    world.launch()
    before = world.project()
    event = world.request(kind, Owner="grace")
    answer = world.invoke("provision", event, alias="direct")
    assert answer["outcome"] == "refused"
    assert "no requests of CloudFormation" in answer["why"]
    assert world.told(event) is None
    assert world.project() == before


def test_a_request_with_a_foreign_address_makes_nothing(world):
    event = {**world.request("Create"), "ResponseURL": "https://example.com/x?X-Amz-Signature=secret"}
    assert world.deliver("provision", event) is None
    assert {type(error).__name__ for error in world.errors} == {"UnansweredError"}
    assert (world.project(), world.repositories(), world.calls.made) == (None, {}, [])


# direct calls
@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"operation": "destroy"}, "write create, upgrade, archive"),
        ({"operation": "create", "properties": PROPERTIES}, "the request's id"),
        ({"operation": "create", "request_id": "arn:aws:x", "properties": PROPERTIES}, "an id of your own"),
        ({"operation": "create", "request_id": "1", "properties": []}, "ProjectName"),
        ({"operation": "archive", "properties": {"ProjectName": "none"}}, "there is no project none"),
        (
            {"operation": "upgrade", "request_id": "1", "properties": {"ProjectName": "none"}},
            "there is no project none",
        ),
    ],
)
def test_a_wrong_call_is_refused_with_what_to_write(world, event, said):
    answer = world.invoke("provision", event)
    assert answer["outcome"] == "refused"
    assert said in answer["why"]


def test_the_real_templates_make_a_project(tmp_path):
    templates = {name: rendered(name, "acme") for name in ("model-training", "realtime-inference")}
    with World(tmp_path, templates=templates, sockets=True) as world:
        assert direct(world)["outcome"] == "created"
        assert world.hub.files("risk-churn-training") == templates["model-training"]
        assert world.project().record.product == BOTH
