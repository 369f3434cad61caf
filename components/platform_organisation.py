"""What a platform has for its people: their roles, Studio, the project catalog, and what makes projects."""

from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.persona_policies_shared import DATA_SCIENTIST, LEAD
from components.persona_policies_studio import Tracking, Workbench
from components.personas import Personas, PersonasArgs
from components.platform_foundation import Foundation, Site
from components.project_catalog import ProjectCatalog, ProjectCatalogArgs
from components.project_provisioning import GitHubAppArgs, ProjectProvisioning, ProjectProvisioningArgs
from components.project_roles import ProjectRoles, ProjectRolesArgs
from components.secure_bucket import Lifecycle, SecureBucket, SecureBucketArgs
from components.studio.scripts import read_script
from components.studio_domain import (
    AuthMode,
    StudioDomain,
    StudioDomainArgs,
    StudioImage,
    StudioUser,
    TrackingKind,
)
from contracts.products import PRODUCTS
from contracts.project_variables import STATES
from contracts.provisioning_config import ProvisioningConfig, Reviewer
from settings.catalog import offered
from settings.github import Plan
from settings.models import Environment
from settings.people import People
from settings.projects import OidcProvider
from settings.studio import Authentication, Studio

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Organisation:
    """The parts for people. Each is None where the settings do not ask for it."""

    personas: Personas
    catalog: ProjectCatalog | None
    studio: StudioDomain | None
    project_roles: ProjectRoles | None
    provisioning: ProjectProvisioning | None
    """The functions that make projects."""
    templates: pulumi.ComponentResource | None
    """The template repositories."""


def create_organisation(site: Site, base: Foundation) -> Organisation:
    """Create what the settings ask for, in the order in which one part needs another."""
    personas = _personas(site, base)
    project_roles = _project_roles(site, base)
    app = _app(site)
    provisioning = _provisioning(site, base, app) if app is not None else None
    templates = _templates(site, base, app) if app is not None else None
    catalog = _catalog(site, base, personas)
    studio = _studio(site, base, personas, catalog)
    return Organisation(
        personas=personas,
        catalog=catalog,
        studio=studio,
        project_roles=project_roles,
        provisioning=provisioning,
        templates=templates,
    )


def _app(site: Site) -> GitHubAppArgs | None:
    github = site.settings.github
    if github is None:
        return None
    return GitHubAppArgs(
        app_id=github.app_id,
        installation_id=github.installation_id,
        key_arn=github.key_arn,
        api_url=github.api_url,
    )


def _templates(site: Site, base: Foundation, app: GitHubAppArgs) -> pulumi.ComponentResource | None:
    settings, github = site.settings, site.settings.github
    if github is None or not github.publish_templates:
        return None
    # The provider's SDK takes half a second to import, and only this needs it.
    from components.template_repositories import TemplateRepositories, TemplateRepositoriesArgs

    return TemplateRepositories(
        f"{site.name}-templates",
        TemplateRepositoriesArgs(
            names=settings.names,
            organization=github.organization,
            templates=sorted({template for key in _offered(site) for template in PRODUCTS[key].templates}),
            app=app,
            protects_branches=github.plan is not Plan.FREE,
            content_bucket=base.artifacts.bucket_name,
            surroundings=base.around,
            platform_team=github.platform_team,
            workflows_repository=github.workflows_repository,
        ),
        opts=site.child,
    )


def _offered(site: Site) -> list[str]:
    """Return the products on offer; without a catalog, for the command line, all that is written."""
    catalog = site.settings.catalog
    return offered() if catalog is None else catalog.products


def _personas(site: Site, base: Foundation) -> Personas:
    settings, studio = site.settings, site.settings.studio
    tracking = Tracking(studio.mlflow.kind.value) if studio is not None and studio.mlflow is not None else None
    return Personas(
        f"{site.name}-people",
        PersonasArgs(
            names=settings.names,
            private_subnet_ids=base.network.private_subnet_ids,
            job_security_group_id=base.network.job_security_group_id,
            data_key_arn=base.keys.data_key_arn,
            people=settings.people or People(),
            studio=studio is not None,
            workbench=Workbench(
                app_instances=studio.instances if studio is not None else (),
                tracking=tracking,
                catalog=settings.catalog is not None,
            ),
        ),
        opts=site.child,
    )


def _project_roles(site: Site, base: Foundation) -> ProjectRoles | None:
    settings, projects = site.settings, site.settings.projects
    if projects is None:
        return None
    # Not the artifact bucket: a state must not move to an archive tier while its project is quiet.
    SecureBucket(
        f"{site.name}-{STATES}",
        SecureBucketArgs(
            names=settings.names,
            purpose=STATES,
            lifecycle=Lifecycle(
                standard_ia_after_days=None,
                glacier_after_days=None,
                expire_after_days=None,
                noncurrent_expire_after_days=settings.storage.noncurrent_expire_after_days,
            ),
            retain=settings.retains_data,
            classification=settings.data_classification.value,
            key_arn=base.keys.data_key_arn,
            access_log_bucket=base.logs.bucket_name,
        ),
        opts=site.child,
    )
    return ProjectRoles(
        f"{site.name}-project-roles",
        ProjectRolesArgs(
            names=settings.names,
            development=settings.names_of(Environment.DEV),
            organization=projects.organization,
            workflows_repository=projects.workflows_repository,
            creates_provider=projects.oidc_provider is OidcProvider.CREATE,
            private_subnet_ids=base.network.private_subnet_ids,
            job_security_group_id=base.network.job_security_group_id,
            surroundings=base.around,
        ),
        opts=site.child,
    )


def _provisioning(site: Site, base: Foundation, app: GitHubAppArgs) -> ProjectProvisioning | None:
    settings, github = site.settings, site.settings.github
    if github is None:
        return None
    return ProjectProvisioning(
        f"{site.name}-projects",
        ProjectProvisioningArgs(
            names=settings.names,
            config=ProvisioningConfig(
                organization=github.organization,
                unit=settings.unit,
                platform_team=github.platform_team,
                products=tuple(_offered(site)),
                environments={each.value: settings.names_of(each) for each in Environment},
                reviewers={
                    environment: tuple(Reviewer(login=person.login, id=person.id) for person in people)
                    for environment, people in (("preprod", github.reviewers.preprod), ("prod", github.reviewers.prod))
                },
            ),
            app=app,
            undelivered_queue_arn=base.alerts.undelivered_queue_arn,
            surroundings=base.around,
        ),
        opts=site.child,
    )


def _catalog(site: Site, base: Foundation, personas: Personas) -> ProjectCatalog | None:
    settings, catalog = site.settings, site.settings.catalog
    if catalog is None:
        return None
    return ProjectCatalog(
        f"{site.name}-catalog",
        ProjectCatalogArgs(
            names=settings.names,
            owner=settings.owner,
            products=catalog.products,
            lead_role_arn=personas.execution_role_arns[LEAD],
            data_key_arn=base.keys.data_key_arn,
            access_log_bucket=base.logs.bucket_name,
            classification=settings.data_classification.value,
            noncurrent_expire_after_days=settings.storage.noncurrent_expire_after_days,
            share_with=catalog.share_with,
        ),
        opts=site.child,
    )


def _studio(site: Site, base: Foundation, personas: Personas, catalog: ProjectCatalog | None) -> StudioDomain | None:
    settings, studio = site.settings, site.settings.studio
    if studio is None:
        return None
    return StudioDomain(
        f"{site.name}-studio",
        StudioDomainArgs(
            names=settings.names,
            auth_mode=_AUTH_MODES[studio.authentication],
            vpc_id=base.network.vpc_id,
            private_subnet_ids=base.network.private_subnet_ids,
            network=base.network if settings.network.existing is None else None,
            execution_role_arns=personas.execution_role_arns,
            default_persona=DATA_SCIENTIST,
            users={name: _user(studio, name) for name in studio.users},
            data_key_arn=base.keys.data_key_arn,
            artifact_bucket=base.artifacts.bucket_name,
            functions=base.around,
            retain_home=studio.retains_home(settings.retains_data),
            applications=[each.value for each in studio.applications],
            idle_minutes=studio.idle_shutdown_minutes,
            space_gb=studio.space_gb.default,
            most_space_gb=studio.space_gb.max,
            instances=studio.instances,
            images={
                name: StudioImage(
                    uri=image.uri, applications=tuple(each.value for each in studio.applications_of_image(name))
                )
                for name, image in studio.images.items()
            },
            lifecycle_script=read_script(ROOT / studio.lifecycle_script) if studio.lifecycle_script else None,
            tracking=TrackingKind(studio.mlflow.kind.value) if studio.mlflow is not None else None,
            tracking_size=studio.mlflow.size.value if studio.mlflow is not None and studio.mlflow.size else "Small",
            templates_location=catalog.templates_location if catalog is not None else None,
        ),
        opts=site.child,
    )


_AUTH_MODES = {Authentication.IAM: AuthMode.IAM, Authentication.IDENTITY_CENTER: AuthMode.IDENTITY_CENTER}


def _user(studio: Studio, name: str) -> StudioUser:
    user = studio.users[name]
    return StudioUser(
        persona=user.persona.value,
        sso_user=user.sso_user,
        spaces=tuple(each.value for each in studio.spaces_of(name)),
    )
