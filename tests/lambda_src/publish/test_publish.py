"""What is published is exactly the content that the stack names, in one commit, in the one repository that is meant."""

import json

import pytest

from components.function_archive import zip_bytes
from components.template_content import available
from components.template_publication import published_files
from contracts import publication
from contracts.publication import MARK
from lambda_src.publish.errors import PublishError
from tests.lambda_src.publish.world import BUCKET, FILES, NAME, SHARED


def test_the_first_publication_replaces_what_the_repository_was_created_with(stack):
    record = stack.repository()

    answer = stack.publish(record)

    assert stack.hub.files(NAME) == {**FILES, MARK: publication.mark("model-training", "1.0.0")}
    assert answer == {"commit": stack.commits()[0], "created": True}
    assert len(stack.commits()) == 2, "the one it was created with, and one for all files"
    assert stack.tags() == {"template-1.0.0": answer["commit"]}


def test_the_same_content_again_changes_nothing(stack):
    record = stack.repository()
    first = stack.publish(record)

    again = stack.publish(record, action="update")

    assert again == {"commit": first["commit"], "created": False}
    assert len(stack.commits()) == 2
    assert not stack.world.calls("PATCH")[1:], "nothing is moved"


def test_a_change_with_files_added_changed_and_removed_is_one_commit(stack):
    record = stack.repository()
    stack.publish(record)
    files = {"README.md": b"Better\n", "src/train.py": FILES["src/train.py"], "src/new.py": b"y = 2\n"}

    answer = stack.publish(record, files, action="update", version="1.1.0")

    assert stack.files() == files, "a file that went away here goes there"
    assert len(stack.commits()) == 3
    assert stack.tags() == {"template-1.0.0": stack.commits()[1], "template-1.1.0": answer["commit"]}


def test_what_people_changed_in_the_repository_is_replaced(stack):
    record = stack.repository()
    stack.publish(record)
    stack.hub.push(NAME, {"src/train.py": b"changed\n", "notes.txt": b"mine\n"})

    stack.publish(record, action="update")

    assert stack.files() == FILES


def test_a_changed_template_of_an_unchanged_version_is_refused_before_anything_is_written(stack):
    record = stack.repository()
    first = stack.publish(record)

    with pytest.raises(PublishError, match=r"README\.md\. .*Raise `version` in templates/repositories/model-training"):
        stack.publish(record, {**FILES, "README.md": b"Other\n"}, action="update")

    assert stack.commits()[0] == first["commit"]
    assert stack.files() == FILES


def test_going_back_to_an_older_version_leaves_its_tag_where_it_was(stack):
    record = stack.repository()
    first = stack.publish(record)
    stack.publish(record, {**FILES, "README.md": b"Other\n"}, version="1.1.0", action="update")

    back = stack.publish(record, action="update")

    assert stack.files() == FILES
    assert back["created"], "history goes on, it is not rewritten"
    assert stack.tags()["template-1.0.0"] == first["commit"]


def test_workflows_have_a_tag_per_content_and_one_that_moves(stack):
    record = stack.repository(SHARED)
    first = stack.publish(record, template="workflows")
    before = stack.tags(SHARED)
    second = stack.publish(record, {**FILES, "README.md": b"Other\n"}, template="workflows", action="update")

    after = stack.tags(SHARED)
    assert before["v1"] == first["commit"]
    assert after["v1"] == second["commit"], "callers get what is published now"
    fixed = {name: sha for name, sha in after.items() if name != "v1"}
    assert sorted(fixed.values()) == sorted([first["commit"], second["commit"]]), "whoever pins stays where they are"
    assert all(name.startswith("v1.0.0-") for name in fixed)

    back = stack.publish(record, template="workflows", action="update")
    assert stack.tags(SHARED)["v1"] == back["commit"], "going back takes callers back too"
    assert {name: sha for name, sha in stack.tags(SHARED).items() if name != "v1"} == fixed


def test_a_new_major_version_leaves_the_old_one_where_it_is(stack):
    record = stack.repository(SHARED)
    first = stack.publish(record, template="workflows")
    second = stack.publish(record, template="workflows", version="2.0.0", action="update")

    assert stack.tags(SHARED)["v1"] == first["commit"]
    assert stack.tags(SHARED)["v2"] == second["commit"]


def test_a_tag_that_somebody_put_on_other_content_is_not_believed(stack):
    record = stack.repository(SHARED)
    event = stack.event(record, FILES, template="workflows")
    tag = publication.tags("workflows", "1.0.0", event["sha256"]).fixed
    record["refs"][f"refs/tags/{tag}"] = stack.commits(SHARED)[0]

    with pytest.raises(PublishError, match="is published with other content"):
        stack.call(event)


def test_destroying_calls_nobody(stack):
    record = stack.repository()
    stack.publish(record)
    before = len(stack.hub.requests)

    answer = stack.call({"tf": {"action": "delete"}, "repository": NAME})

    assert answer == {"commit": "", "created": False}
    assert len(stack.hub.requests) == before


@pytest.mark.parametrize("event", [{}, {"tf": None}, {"tf": {"action": "read"}}])
def test_a_call_by_hand_is_refused(stack, event):
    with pytest.raises(PublishError, match="only `pulumi up` calls"):
        stack.call(event)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"repository_id": None}, "repository_id is None"),
        ({"repository_id": True}, "repository_id is True"),
        ({"repository_id": 1.5}, "repository_id is 1.5"),
        ({"repository": "a/b"}, "a repository's name"),
        ({"template": "../x"}, "template is"),
        ({"version": "latest"}, "version is 'latest'"),
        ({"sha256": "0"}, "sha256 is '0'"),
        ({"key": "pipelines/model.tar.gz"}, "not that of this content"),
        ({"key": None}, "key is None"),
    ],
)
def test_an_unclear_request_is_refused_in_words(stack, changes, said):
    record = stack.repository()
    with pytest.raises(PublishError, match=said):
        stack.publish(record, **changes)
    assert not stack.hub.requests, "GitHub is not asked"


def test_the_engines_numbers_are_taken(stack):
    record = stack.repository()
    assert stack.publish(record, repository_id=float(record["id"]))["created"]


@pytest.mark.parametrize("name", ["workflows", *available()])
def test_what_this_repository_holds_is_published_as_it_is_and_in_few_calls(stack, name):
    options = {"platform_team": "ml-platform", "workflows_repository": SHARED}
    files = published_files(name, stack.hub.organization, **options)
    version = json.loads(files.pop(MARK))["version"]
    record = stack.repository()

    stack.publish(record, files, template=name, version=version)

    assert stack.files() == files
    assert stack.hub.files(NAME)[MARK] == publication.mark(name, version)
    writes = [call for call in stack.world.calls("POST") if "/git/" in call]
    assert len(writes) < 10, "GitHub admits some 80 calls a minute that create something"


# the wrong repository
def test_another_repository_under_the_name_is_not_touched(stack):
    record = stack.repository()
    event = stack.event(record, FILES)
    record["name"] = "moved-away"
    other = stack.hub.add_repository(NAME, {"README.md": b"somebody else's\n"})

    with pytest.raises(PublishError, match="is acme/moved-away now, not acme/risk-template"):
        stack.call(event)

    assert stack.hub.files(NAME) == {"README.md": b"somebody else's\n"}
    assert stack.hub.files("moved-away") == {"README.md": b"# made by auto_init\n"}
    assert other["id"] != record["id"]


def test_an_id_that_the_app_does_not_see_says_what_to_install(stack):
    record = stack.repository()
    with pytest.raises(PublishError, match=r"the app sees no repository 12345 .*Install it for all"):
        stack.publish(record, repository_id=12345)
    assert stack.world.clock.waits, "it looked again: GitHub shows a new repository a moment later"
    assert sum(stack.world.clock.waits) <= 30
    assert stack.files() == {"README.md": b"# made by auto_init\n"}


def test_an_archived_repository_says_so(stack):
    record = stack.repository()
    record["archived"] = True
    with pytest.raises(PublishError, match="is archived"):
        stack.publish(record)


def test_a_token_is_for_this_repository_and_commits_only(stack):
    record = stack.repository()
    stack.publish(record)
    asked = [served.body for served in stack.hub.requests if served.call.endswith("/access_tokens")]
    assert [json.loads(each) for each in asked] == [
        {"permissions": {"contents": "write", "workflows": "write"}, "repository_ids": [record["id"]]}
    ]


# a new repository
def test_a_repository_that_github_shows_later_is_waited_for(stack):
    record = stack.repository()
    record["hidden_reads"], record["hidden_content_reads"] = 2, 2
    assert stack.publish(record)["created"]
    assert stack.files() == FILES


def test_a_repository_without_a_commit_says_what_is_missing(stack):
    record = stack.hub.add_repository(NAME)
    with pytest.raises(PublishError, match="has no branch main"):
        stack.publish(record)


# the object
def test_a_replaced_object_is_not_published(stack):
    record = stack.repository()
    event = stack.event(record, FILES)
    forged = zip_bytes({".github/workflows/ci.yml": b"steal\n"})
    stack.s3.put_object(Bucket=BUCKET, Key=event["key"], Body=forged)

    with pytest.raises(PublishError, match="somebody replaced it"):
        stack.call(event)

    assert not stack.hub.requests
    assert stack.files() == {"README.md": b"# made by auto_init\n"}


def test_a_missing_object_says_how_to_get_it_back(stack):
    record = stack.repository()
    event = stack.event(record, FILES)
    stack.s3.delete_object(Bucket=BUCKET, Key=event["key"])
    with pytest.raises(PublishError, match=r"is not there.*pulumi refresh"):
        stack.call(event)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a//b", ".git/config", "a/.GIT/hooks/x", "a\\b"])
def test_a_path_outside_the_repository_is_refused(stack, path):
    record = stack.repository()
    with pytest.raises(PublishError, match="is no path of a repository"):
        stack.publish(record, {**FILES, path: b"x"})
