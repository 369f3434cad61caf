"""Routes of what protects: environments, their branch policies, rulesets, pull requests."""

from contracts.github import REVIEWERS_PER_ENVIRONMENT
from local.github.answers import Record, RefusedError, Reply, invalid, not_found
from local.github.routing import Call, route

_REPO = "/repos/<owner>/<repo>"
_ENVIRONMENT = f"{_REPO}/environments/<environment>"
_POLICIES = f"{_ENVIRONMENT}/deployment-branch-policies"
ENTERPRISE, TEAM = "enterprise", "team"
PLANS = ("free", TEAM, ENTERPRISE)


@route("PUT", _ENVIRONMENT, {"administration": "write"})
def put_environment(call: Call) -> Reply:
    """200 (docs: "Create or update an environment").

    Reviewers of a private repository need Enterprise, a branch policy at least Team; below that 422 (docs, "Managing
    environments for deployment"; message as reported for github/docs issue 25466 and backstage issue 28977).
    """
    body, repository, store = call.body or {}, call.repository, call.store
    reviewers = body.get("reviewers") or []
    policy = body.get("deployment_branch_policy")
    # Also where they are empty: github.com refuses the fields themselves.
    rules = {"reviewers", "wait_timer", "prevent_self_review"} & set(body)
    if repository["private"] and store.plan != ENTERPRISE and rules:
        raise invalid(_needs_plan("required reviewers"))
    if repository["private"] and store.plan not in (TEAM, ENTERPRISE) and policy is not None:
        raise invalid(_needs_plan("branch policy"))
    if policy is not None and policy.get("protected_branches") == policy.get("custom_branch_policies"):
        raise invalid("protected_branches and custom_branch_policies cannot have the same value")
    if len(reviewers) > REVIEWERS_PER_ENVIRONMENT:
        raise invalid(f"The number of reviewers must not exceed {REVIEWERS_PER_ENVIRONMENT}")
    for reviewer in reviewers:
        known = store.users if reviewer["type"] == "User" else store.teams
        if reviewer["id"] not in known.values():
            raise invalid(f"Invalid reviewer: {reviewer['type']} {reviewer['id']}")
    name = call["environment"]
    present = repository["environments"].setdefault(
        name,
        {
            "id": store.new_id(),
            "variables": {},
            "branches": [],
            "created_at": store.now(),
            "reviewers": [],
            "prevent_self_review": False,
        },
    )
    present["deployment_branch_policy"] = policy
    if "reviewers" in body:  # what is not said stays: who wants nobody asked has to say so
        present |= {"reviewers": reviewers, "prevent_self_review": bool(body.get("prevent_self_review"))}
    if not (policy or {}).get("custom_branch_policies"):
        present["branches"] = []
    return Reply(body=_shown(name, present))


def _needs_plan(rule: str) -> str:
    return (
        "Failed to create the environment protection rule. Please ensure the billing plan supports the"
        f" {rule} protection rule."
    )


def _shown(name: str, environment: Record) -> Record:
    rules: list[Record] = []
    if environment["reviewers"]:
        reviewers = [{"type": r["type"], "reviewer": {"id": r["id"]}} for r in environment["reviewers"]]
        alone = environment["prevent_self_review"]
        rules.append({"type": "required_reviewers", "prevent_self_review": alone, "reviewers": reviewers})
    if environment["deployment_branch_policy"]:
        rules.append({"type": "branch_policy"})
    return {
        "id": environment["id"],
        "name": name,
        "created_at": environment["created_at"],
        "protection_rules": rules,
        "deployment_branch_policy": environment["deployment_branch_policy"],
    }


@route("GET", _ENVIRONMENT, {"actions": "read"})
def get_environment(call: Call) -> Reply:
    """200 or 404 (docs: "Get an environment")."""
    return Reply(body=_shown(call["environment"], _environment(call)))


@route("GET", f"{_REPO}/environments", {"actions": "read"})
def list_environments(call: Call) -> Reply:
    """200 with total_count and environments (docs: "List environments")."""
    found = call.repository["environments"]
    return call.page([_shown(name, found[name]) for name in sorted(found)], key="environments")


@route("DELETE", _ENVIRONMENT, {"administration": "write"})
def delete_environment(call: Call) -> Reply:
    """204 (docs: "Delete an environment")."""
    _environment(call)
    del call.repository["environments"][call["environment"]]
    return Reply(status=204)


def _environment(call: Call) -> Record:
    found: Record | None = call.repository["environments"].get(call["environment"])
    if found is None:
        raise not_found()
    return found


@route("GET", _POLICIES, {"actions": "read"})
def list_policies(call: Call) -> Reply:
    """200 with total_count and branch_policies (docs: "List deployment branch policies")."""
    return call.page(list(_environment(call)["branches"]), key="branch_policies")


@route("POST", _POLICIES, {"administration": "write"})
def create_policy(call: Call) -> Reply:
    """200; 404 unless custom_branch_policies is true (docs: "Create a deployment branch policy")."""
    environment, name = _environment(call), call.field("name", str)
    if not (environment["deployment_branch_policy"] or {}).get("custom_branch_policies"):
        raise not_found()
    present = next((policy for policy in environment["branches"] if policy["name"] == name), None)
    if present is not None:
        return Reply(status=303, body=None)
    made = {"id": call.store.new_id(), "name": name, "type": "branch"}
    environment["branches"].append(made)
    return Reply(body=made)


@route("DELETE", f"{_POLICIES}/<int:policy>", {"administration": "write"})
def delete_policy(call: Call) -> Reply:
    """204 (docs: "Delete a deployment branch policy")."""
    environment = _environment(call)
    environment["branches"] = [p for p in environment["branches"] if p["id"] != int(call["policy"])]
    return Reply(status=204)


@route("GET", f"{_REPO}/rulesets", {"metadata": "read"})
def list_rulesets(call: Call) -> Reply:
    """200 with id and name of each (docs: "Get all repository rulesets"); 403 on the free plan in private ones."""
    _check_rulesets(call)
    return call.page([{name: r[name] for name in ("id", "name", "enforcement")} for r in call.repository["rulesets"]])


@route("GET", f"{_REPO}/rulesets/<int:ruleset>", {"metadata": "read"})
def get_ruleset(call: Call) -> Reply:
    """200 or 404 (docs: "Get a repository ruleset")."""
    return Reply(body=_ruleset(call))


@route("POST", f"{_REPO}/rulesets", {"administration": "write"})
def create_ruleset(call: Call) -> Reply:
    """201; 422 for a name in use (docs: "Create a repository ruleset")."""
    _check_rulesets(call)
    name = call.field("name", str)
    call.field("enforcement", str)
    if any(ruleset["name"] == name for ruleset in call.repository["rulesets"]):
        raise invalid("Validation Failed", "Name must be unique")
    made = {**call.body, "id": call.store.new_id(), "source_type": "Repository"}
    call.repository["rulesets"].append(made)
    return Reply(status=201, body=made)


@route("PUT", f"{_REPO}/rulesets/<int:ruleset>", {"administration": "write"})
def update_ruleset(call: Call) -> Reply:
    """200 or 404 (docs: "Update a repository ruleset")."""
    _check_rulesets(call)
    found = _ruleset(call)
    found |= {name: value for name, value in call.body.items() if name != "id"}
    return Reply(body=found)


def _ruleset(call: Call) -> Record:
    for ruleset in call.repository["rulesets"]:
        if ruleset["id"] == int(call["ruleset"]):
            found: Record = ruleset
            return found
    raise not_found()


def _check_rulesets(call: Call) -> None:
    if call.store.plan == "free" and call.repository["private"]:
        raise RefusedError(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.")


@route("GET", f"{_REPO}/pulls", {"pull_requests": "read"})
def list_pulls(call: Call) -> Reply:
    """200, open ones unless `state` says otherwise (docs: "List pull requests")."""
    state, head, base = call.query.get("state", "open"), call.query.get("head"), call.query.get("base")
    found = [
        pull
        for pull in reversed(call.repository["pulls"])
        if state in ("all", pull["state"])
        and head in (None, f"{call.store.organization}:{pull['head']['ref']}")
        and base in (None, pull["base"]["ref"])
    ]
    return call.page(found)


@route("POST", f"{_REPO}/pulls", {"pull_requests": "write"})
def create_pull(call: Call) -> Reply:
    """201; 422 where one is open, a branch is missing or there is no difference (docs: "Create a pull request")."""
    head, base, refs = call.field("head", str), call.field("base", str), call.repository["refs"]
    for field, branch in (("head", head), ("base", base)):
        if f"refs/heads/{branch}" not in refs:
            raise invalid("Validation Failed", {"resource": "PullRequest", "field": field, "code": "invalid"})
    pulls = call.repository["pulls"]
    if any(p["state"] == "open" and (p["head"]["ref"], p["base"]["ref"]) == (head, base) for p in pulls):
        message = f"A pull request already exists for {call.store.organization}:{head}."
        raise invalid("Validation Failed", {"resource": "PullRequest", "code": "custom", "message": message})
    if refs[f"refs/heads/{head}"] == refs[f"refs/heads/{base}"]:
        message = f"No commits between {base} and {head}"
        raise invalid("Validation Failed", {"resource": "PullRequest", "code": "custom", "message": message})
    number = len(pulls) + 1
    made = {
        "id": call.store.new_id(),
        "number": number,
        "state": "open",
        "title": call.field("title", str),
        "body": call.body.get("body"),
        "user": {"login": "mlops[bot]", "type": "Bot"},
        "head": {"ref": head, "sha": refs[f"refs/heads/{head}"]},
        "base": {"ref": base, "sha": refs[f"refs/heads/{base}"]},
        "html_url": f"https://github.com/{call.store.organization}/{call.repository['name']}/pull/{number}",
    }
    pulls.append(made)
    return Reply(status=201, body=made)
