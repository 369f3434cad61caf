"""Rules between the sections of people, Studio, GitHub and the catalog; `settings.rules` calls them."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from contracts.rules import BrokenRuleError
from settings.problems import Problem, problem

if TYPE_CHECKING:
    from settings.models import StackSettings


def github_is_of_dev(settings: "StackSettings") -> Iterator[Problem]:
    """`github` in the dev stack only: a repository has one owner among the stacks."""
    if settings.github is not None and settings.environment != "dev":
        rule = "GitHub's repositories belong to the dev stack alone; two stacks would undo each other's work"
        fix = "move the section to Pulumi.dev.yaml; it names the reviewers of every environment"
        yield Problem(path="github", value="", rule=rule, fix=fix)


def the_apps_key_is_of_the_stack(settings: "StackSettings") -> Iterator[Problem]:
    """The functions sign with a key of their own account and region: another account's policy is not ours to know."""
    if settings.github is None or settings.environment != "dev":
        return
    _, _, _, region, account, _ = settings.github.key_arn.split(":")
    own = str(getattr(settings.accounts, settings.environment))
    if (account, region) != (own, settings.region):
        rule = f"the key lies in the stack's account {own} and region {settings.region}"
        fix = "make the key there, docs/runbooks/github-app-key.md"
        yield problem(("github", "key_arn"), settings.github.key_arn, BrokenRuleError(rule, fix))


def who_runs_pulumi_is_of_the_account(settings: "StackSettings") -> Iterator[Problem]:
    """The key's policy lets only roles of its own account sign."""
    if settings.github is None or settings.github.ci_role_arn is None or settings.environment != "dev":
        return
    arn, own = settings.github.ci_role_arn, settings.names.account_root.removesuffix("root") + "role/"
    if not arn.startswith(own):
        rule = f"a role that signs for the app is of the stack's own account: it begins with {own}"
        fix = "write the role in which `pulumi up` of dev works in that account, or leave it out"
        yield problem(("github", "ci_role_arn"), arn, BrokenRuleError(rule, fix))


def workflows_are_in_a_repository_of_their_own(settings: "StackSettings") -> Iterator[Problem]:
    """A deploy role trusts every workflow of that repository, so it is no project's."""
    github = settings.github
    if github is None:
        return
    name = github.workflows_repository
    if name.startswith(f"{settings.unit}-"):
        rule = (
            f"repositories of projects begin with {settings.unit}-, and deploy roles trust every workflow of this one"
        )
        yield problem(("github", "workflows_repository"), name, BrokenRuleError(rule, "write mlops-workflows"))


def people_come_from_somewhere(settings: "StackSettings") -> Iterator[Problem]:
    """`people.trusted` names one source of people at least; otherwise nobody could ever approve."""
    people = settings.people
    if people is not None and not people.trusted.identity_center and not people.trusted.account:
        rule = "somebody has to be able to approve: people come by Identity Center, or are the account's IAM users"
        yield problem(("people", "trusted", "account"), False, BrokenRuleError(rule, "set one of the two to true"))


def assignees_are_trusted(settings: "StackSettings") -> Iterator[Problem]:
    """Who is named for a role comes from a trusted source; the name would have no effect."""
    people = settings.people
    if people is None:
        return
    sources = (
        ("permission_sets", "identity_center", "permission sets are of Identity Center, which is not trusted here"),
        ("users", "account", "IAM users of the account are not trusted here"),
    )
    for role in ("approvers", "viewers"):
        for kind, source, rule in sources:
            named = getattr(getattr(people, role), kind)
            if named and not getattr(people.trusted, source):
                fix = f"remove it, or set people.trusted.{source}: true"
                yield problem(("people", role, kind), named, BrokenRuleError(rule, fix))


def second_factor_in_prod(settings: "StackSettings") -> Iterator[Problem]:
    """IAM users prove a second factor where customers are served."""
    people = settings.people
    if people is not None and settings.environment == "prod" and people.require_mfa is False:
        error = BrokenRuleError("in prod an IAM user approves with a second factor", "remove it, or write true")
        yield problem(("people", "require_mfa"), False, error)


def the_portal_is_none_of_the_platforms_roles(settings: "StackSettings") -> Iterator[Problem]:
    """Whoever is the portal's role chooses the name that a decision is made in: no job, function or persona may."""
    arn = settings.people.portal_role_arn if settings.people is not None else None
    if arn is not None and arn.rpartition("/")[2].startswith(f"{settings.names.organisation}-{settings.names.unit}-"):
        rule = "the portal runs in a role that the platform does not make: its name does not begin as theirs do"
        fix = "write the role of the machine or container that the portal runs on"
        yield problem(("people", "portal_role_arn"), arn, BrokenRuleError(rule, fix))


def catalog_has_what_it_needs(settings: "StackSettings") -> Iterator[Problem]:
    """`catalog` in dev, with Studio, whose lead launches, and with GitHub, where the repositories are made."""
    if settings.catalog is None:
        return
    if settings.environment != "dev":
        rule = "projects are launched in dev; their repositories deploy to the other environments"
        yield Problem(path="catalog", value="", rule=rule, fix="move the section to Pulumi.dev.yaml")
        return
    missing = [name for name in ("github", "studio") if getattr(settings, name) is None]
    if missing:
        rule = "a lead launches a project from Studio, and GitHub keeps its repositories"
        yield Problem(path="catalog", value="", rule=rule, fix=f"add the section {' and '.join(missing)}")


def projects_are_of_one_organisation(settings: "StackSettings") -> Iterator[Problem]:
    """Where dev makes repositories, dev also gives them roles, and both mean the same organisation."""
    github, projects = settings.github, settings.projects
    if github is None:
        return
    if projects is None:
        rule = "repositories that dev makes deploy to dev too, and get their roles by the section projects"
        fix = f"add projects: {{organization: {github.organization}}}"
        yield Problem(path="projects", value="", rule=rule, fix=fix)
        return
    for name in ("organization", "workflows_repository"):
        here, there = getattr(projects, name), getattr(github, name)
        if here != there:
            rule = f"the section github says {there}, and roles would be given to repositories of another place"
            yield problem(("projects", name), here, BrokenRuleError(rule, f"write {there} in both"))


ORGANISATION_RULES: tuple[Callable[["StackSettings"], Iterator[Problem]], ...] = (
    github_is_of_dev,
    the_apps_key_is_of_the_stack,
    who_runs_pulumi_is_of_the_account,
    workflows_are_in_a_repository_of_their_own,
    people_come_from_somewhere,
    assignees_are_trusted,
    second_factor_in_prod,
    the_portal_is_none_of_the_platforms_roles,
    catalog_has_what_it_needs,
    projects_are_of_one_organisation,
)
