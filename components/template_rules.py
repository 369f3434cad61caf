"""Rulesets of the template repositories: who may change their main branch and their tags."""

from collections.abc import Sequence

import pulumi
import pulumi_github as github

from contracts.publication import REQUIRED_CHECK, WORKFLOWS

BYPASS = "always"


def publisher(app_id: int) -> list[github.RepositoryRulesetBypassActorArgs]:
    """Let the app, and nobody else, past the rules: it publishes what was reviewed in the platform's repository."""
    return [github.RepositoryRulesetBypassActorArgs(actor_type="Integration", actor_id=app_id, bypass_mode=BYPASS)]


def branch_rules(*, is_checked: bool) -> github.RepositoryRulesetRulesArgs:
    """Return the rules of the main branch: a pull request, reviewed by a code owner, squashed; green where checked."""
    required = github.RepositoryRulesetRulesRequiredStatusChecksArgs(
        required_checks=[github.RepositoryRulesetRulesRequiredStatusChecksRequiredCheckArgs(context=REQUIRED_CHECK)],
        strict_required_status_checks_policy=True,
    )
    return github.RepositoryRulesetRulesArgs(
        deletion=True,
        non_fast_forward=True,
        required_linear_history=True,
        pull_request=github.RepositoryRulesetRulesPullRequestArgs(
            allowed_merge_methods=["squash"],
            required_approving_review_count=1,
            require_code_owner_review=True,
            require_last_push_approval=True,
            dismiss_stale_reviews_on_push=True,
            required_review_thread_resolution=True,
        ),
        required_status_checks=required if is_checked else None,
    )


def protected_tags(template: str) -> Sequence[str]:
    """Return the patterns of the tags that only the app may set: deploy roles trust `v*` of the shared workflows."""
    return ["refs/tags/v*"] if template == WORKFLOWS else ["refs/tags/template-*"]


def create_rulesets(
    name: str,
    repository: pulumi.Input[str],
    template: str,
    *,
    app_id: int,
    is_checked: bool,
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """Create the rulesets of one repository."""
    return [
        github.RepositoryRuleset(
            f"{name}-main",
            name="mlops-main",
            repository=repository,
            target="branch",
            enforcement="active",
            conditions=_refs(["~DEFAULT_BRANCH"]),
            rules=branch_rules(is_checked=is_checked),
            bypass_actors=publisher(app_id),
            opts=opts,
        ),
        github.RepositoryRuleset(
            f"{name}-tags",
            name="mlops-tags",
            repository=repository,
            target="tag",
            enforcement="active",
            conditions=_refs(protected_tags(template)),
            rules=github.RepositoryRulesetRulesArgs(creation=True, update=True, deletion=True),
            bypass_actors=publisher(app_id),
            opts=opts,
        ),
    ]


def _refs(patterns: Sequence[str]) -> github.RepositoryRulesetConditionsArgs:
    return github.RepositoryRulesetConditionsArgs(
        ref_name=github.RepositoryRulesetConditionsRefNameArgs(includes=list(patterns), excludes=[])
    )
