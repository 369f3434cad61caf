"""`TemplateRepositories`: the repositories that projects are made from, the shared workflows, and their content."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_github as github

from components.function_archive import function_archive
from components.function_surroundings import FunctionSurroundings
from components.platform_function import PlatformFunction, PlatformFunctionArgs
from components.project_function_policies import PUBLISH, publish_statements
from components.project_provisioning import PACKAGES, GitHubAppArgs
from components.template_content import DEFAULT_PLATFORM_TEAM, WORKFLOWS, available
from components.template_publication import DEFAULT_WORKFLOWS_REPOSITORY, Content, content
from components.template_rules import create_rulesets
from contracts.names import Names
from contracts.projects import template_repository_name
from contracts.publication import BRANCH, Publication, publication_input

TIMEOUT_SECONDS = 300
"""Below the 350 seconds after which AWS's NAT gateways drop a silent connection: the provider waits for the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateRepositoriesArgs:
    """Settings of `TemplateRepositories`."""

    names: Names
    """The stack's names."""
    organization: str
    """Login of the GitHub organisation."""
    templates: Sequence[str]
    """Templates of the products on offer; each gets a repository."""
    app: GitHubAppArgs
    """As whom content is published; it passes the rulesets."""
    protects_branches: bool
    """Whether the plan of the organisation has rulesets for private repositories: Team and Enterprise do."""
    content_bucket: pulumi.Input[str]
    """The stack's artifact bucket, once it exists; contents lie under `repositories/`."""
    surroundings: FunctionSurroundings
    """What every function of the stack is given."""
    platform_team: str = DEFAULT_PLATFORM_TEAM
    """Slug of the team that owns the repositories."""
    workflows_repository: str = DEFAULT_WORKFLOWS_REPOSITORY
    """Name of the repository of the shared workflows."""

    def __post_init__(self) -> None:
        """Refuse templates that nobody wrote."""
        unknown = sorted(set(self.templates) - set(available()))
        if unknown:
            raise ValueError(f"templates has {', '.join(unknown)}, which is not written: there is {available()}.")


class TemplateRepositories(pulumi.ComponentResource):
    """Owns the template repositories and that of the shared workflows, with their rules, and publishes their content.

    Does not own the files in them: a function commits these, all at once, when they change. A repository is archived
    with the stack where data is retained, and deleted where not; those made from it stay and are not touched. A renamed
    repository keeps its id and history.
    """

    repository_names: dict[str, str]
    """Name of each repository by template, `workflows` included."""
    commits: dict[str, pulumi.Output[str]]
    """What the publishing function answered last, by template: commit, and whether it was new, as JSON."""

    def __init__(self, name: str, args: TemplateRepositoriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:TemplateRepositories", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.repository_names = {
            WORKFLOWS: args.workflows_repository,
            **{each: template_repository_name(args.names.unit, each) for each in sorted(set(args.templates))},
        }
        contents = {
            each: content(
                each,
                args.organization,
                platform_team=args.platform_team,
                workflows_repository=args.workflows_repository,
            )
            for each in self.repository_names
        }
        shared = contents[WORKFLOWS].actions
        function = self._function()
        published: list[pulumi.Resource] = []
        self.commits = {}
        for template, own in contents.items():
            repository, rules = self._repository(own, sorted({*shared, *own.actions}))
            # One after the other: GitHub limits what an app may write at once, and templates call the workflows.
            invocation = self._publish(own, repository, [function, *rules, *published])
            published = [invocation]
            self.commits[template] = invocation.result
        self.register_outputs({"repository_names": self.repository_names, "commits": self.commits})

    def _repository(self, own: Content, actions: Sequence[str]) -> tuple[github.Repository, list[pulumi.Resource]]:
        """Create a repository and all its settings; return what publishing has to wait for beside it."""
        args, template, child = self._args, own.template, self._child
        name = f"{self._name}-{template}"
        repository = github.Repository(
            f"{name}-repository",
            name=self.repository_names[template],
            description=own.description,
            visibility="private",
            is_template=template != WORKFLOWS,
            auto_init=True,  # without a first commit there is no branch to commit to
            allow_squash_merge=True,
            allow_merge_commit=False,
            allow_rebase_merge=False,
            allow_auto_merge=False,
            squash_merge_commit_title="PR_TITLE",
            squash_merge_commit_message="PR_BODY",
            delete_branch_on_merge=True,
            has_issues=False,  # changes are asked for where the content comes from
            has_projects=False,
            has_wiki=False,
            has_discussions=False,
            archive_on_destroy=args.surroundings.retain,
            opts=child,
        )
        # The first commit is on whatever the organisation calls its default branch.
        branch = github.BranchDefault(
            f"{name}-branch",
            repository=repository.name,
            branch=BRANCH,
            rename=True,
            wait_for_rename=True,
            opts=child,
        )
        github.RepositoryVulnerabilityAlerts(f"{name}-alerts", repository=repository.name, enabled=True, opts=child)
        github.TeamRepository(
            f"{name}-team",
            repository=repository.name,
            team_id=args.platform_team,
            permission="maintain",  # reviews and merges; the rules themselves belong to the stack
            opts=child,
        )
        github.WorkflowRepositoryPermissions(
            f"{name}-token",
            repository=repository.name,
            default_workflow_permissions="read",
            can_approve_pull_request_reviews=False,
            opts=child,
        )
        github.ActionsRepositoryPermissions(
            f"{name}-actions",
            repository=repository.name,
            enabled=True,
            allowed_actions="selected",
            allowed_actions_config=github.ActionsRepositoryPermissionsAllowedActionsConfigArgs(
                github_owned_allowed=False,
                verified_allowed=False,
                patterns_alloweds=[f"{args.organization}/{args.workflows_repository}/*", *actions],
            ),
            opts=child,
        )
        if template == WORKFLOWS:
            github.ActionsRepositoryAccessLevel(
                f"{name}-callers",
                repository=repository.name,
                access_level="organization",  # a private repository's workflows are for itself alone otherwise
                opts=child,
            )
        if not args.protects_branches:
            return repository, [branch]
        rules = create_rulesets(
            name, repository.name, template, app_id=args.app.app_id, is_checked=own.is_checked, opts=child
        )
        return repository, [branch, *rules]

    def _publish(
        self, own: Content, repository: github.Repository, waits_for: Sequence[pulumi.Resource]
    ) -> aws.lambda_.Invocation:
        """Upload the content, and call the function whenever it is another one."""
        args, name = self._args, f"{self._name}-{own.template}"
        uploaded = aws.s3.BucketObjectv2(
            f"{name}-content",
            bucket=args.content_bucket,
            key=own.key,
            source=pulumi.FileAsset(str(own.archive.path)),
            content_type="application/zip",
            opts=self._child,
        )

        def described(repository_id: int) -> dict[str, str | int]:
            return publication_input(
                Publication(
                    repository=self.repository_names[own.template],
                    repository_id=int(repository_id),
                    template=own.template,
                    version=own.version,
                    key=own.key,
                    sha256=own.sha256,
                )
            )

        return aws.lambda_.Invocation(
            f"{name}-published",
            function_name=args.names.function(PUBLISH),  # known in every preview, so it never seems to be replaced
            # The hash in it is the trigger. `triggers` would replace the invocation instead of updating it.
            input=pulumi.Output.json_dumps(repository.repo_id.apply(described), sort_keys=True),
            lifecycle_scope="CRUD",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[uploaded, *waits_for]),
        )

    def _function(self) -> PlatformFunction:
        args, around = self._args, self._args.surroundings
        app = pulumi.Output.json_dumps(
            {
                "app_id": args.app.app_id,
                "installation_id": args.app.installation_id,
                "key_arn": args.app.key_arn,
                "organization": args.organization,
                "api_url": args.app.api_url,
            },
            sort_keys=True,
        )
        return PlatformFunction(
            f"{self._name}-{PUBLISH}",
            PlatformFunctionArgs(
                names=args.names,
                function=PUBLISH,
                description="Publishes content into the template repositories, one commit per change",
                archive=function_archive(PUBLISH, packages=PACKAGES),
                layer_arn=around.layer_arn,
                statements=pulumi.Output.all(around.data_key_arn, args.app.key_arn).apply(
                    lambda keys: publish_statements(args.names, data_key_arn=keys[0], signing_key_arn=keys[1])
                ),
                environment={
                    "CONTENT_BUCKET": args.content_bucket,
                    "GITHUB_APP": app,
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                },
                data_key_arn=around.data_key_arn,
                logs_key_arn=around.logs_key_arn,
                messages_key_arn=around.messages_key_arn,
                alert_topic_arn=around.alert_topic_arn,
                log_retention_days=around.log_retention_days,
                retain=around.retain,
                timeout_seconds=TIMEOUT_SECONDS,
                memory_mb=256,
                reserved_concurrency=1,  # a provider that lost the connection calls again while the first still works
            ),
            opts=self._child,
        )
