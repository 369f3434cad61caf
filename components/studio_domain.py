"""`StudioDomain`: SageMaker Studio for the people of one environment, inside the VPC and gone without a trace."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.security_group import HttpsPeer, SecurityGroup, SecurityGroupArgs
from components.studio.app_settings import Workplace, domain_settings, profile_settings
from components.studio.args import AuthMode, StudioDomainArgs
from components.studio.identity import DomainIdentity
from components.studio.images import StudioImage, StudioImages
from components.studio.scripts import StudioScripts
from components.studio.spaces import PlannedSpace, StudioUser, planned_spaces
from components.studio.sweep_policies import SweepScope, empty_statements, leftover_statements
from components.studio.sweeps import EMPTY, LEFTOVERS, StudioSweep, empty_event, leftover_event
from components.studio.tracking import MlflowTracking, TrackingKind
from contracts.studio import JUPYTERLAB

__all__ = [
    "AuthMode",
    "StudioDomain",
    "StudioDomainArgs",
    "StudioImage",
    "StudioUser",
    "TrackingKind",
]

TEMPLATES_TAG = "sagemaker:projectS3TemplatesLocation"
"""Where Studio looks for an organisation's own project templates (SageMaker guide, S3 project templates)."""


class StudioDomain(pulumi.ComponentResource):
    """Owns the domain with its security group, profiles, private spaces, images, scripts, MLflow and two functions.

    The functions let it go without a trace: one empties it before, one removes what SageMaker leaves behind after it.
    Does not own execution roles, network or keys. Whatever would replace the domain fails the preview, because homes,
    spaces and profiles would be lost (docs/adr/0013-studio-domain-replacement.md). Shared spaces have no execution
    role and so cannot run: in them nobody could be told apart.
    """

    domain_id: pulumi.Output[str]
    """Id of the domain."""
    domain_arn: pulumi.Output[str]
    """ARN of the domain."""
    url: pulumi.Output[str]
    """Address of the domain; with Identity Center, where people go."""
    security_group_id: pulumi.Output[str]
    """Security group of the applications."""
    tracking_arn: pulumi.Output[str] | None
    """ARN of the MLflow server or app; None where there is none."""

    def __init__(self, name: str, args: StudioDomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:StudioDomain", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._scope = SweepScope(names=args.names, retain=args.retain_home)
        group = self._create_security_group()
        # Created before the domain, so destroyed after it; its invocation is what the domain depends on.
        leftovers = self._create_leftovers(group)
        self._domain = self._create_domain(group, leftovers)
        self._workplace = self._create_workplace()
        profiles = self._create_profiles(group)
        spaces = self._create_spaces(profiles)
        self.tracking_arn = self._create_tracking()
        # Created after everything in the domain, so destroyed before it.
        self._create_emptying([self._domain, *profiles.values(), *spaces.values()], list(spaces))
        self.domain_id, self.domain_arn, self.url = self._domain.id, self._domain.arn, self._domain.url
        self.security_group_id = group.id
        self.register_outputs(
            {
                "domain_id": self.domain_id,
                "domain_arn": self.domain_arn,
                "url": self.url,
                "security_group_id": self.security_group_id,
            }
        )

    def _kept(self, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, protect=self._args.retain_home, depends_on=list(depends_on))

    def _create_security_group(self) -> SecurityGroup:
        return SecurityGroup(
            f"{self._name}-applications",
            SecurityGroupArgs(
                vpc_id=self._args.vpc_id,
                label=f"{self._args.names.prefix}-studio",
                description="Studio applications: free among themselves, outward HTTPS",
                # An application's parts talk to each other (SageMaker guide, "Requirements to use VPC only mode").
                among_members=True,
                https_out={"routed": HttpsPeer(reason="HTTPS as far as the routes of the VPC lead", cidr="0.0.0.0/0")},
            ),
            opts=self._child,
        )

    def _create_leftovers(self, group: SecurityGroup) -> StudioSweep:
        args, scope = self._args, self._scope
        return StudioSweep(
            f"{self._name}-leftovers",
            names=args.names,
            purpose=LEFTOVERS,
            basics=args.functions,
            statements=pulumi.Output.from_input(args.vpc_id).apply(lambda vpc: leftover_statements(scope, vpc)),
            event=leftover_event(
                args.names, vpc_id=args.vpc_id, security_group_id=group.id, vpc_is_own=args.network is not None
            ),
            retain=args.retain_home,
            before=[group, *([args.network] if args.network is not None else [])],
            opts=self._child,
        )

    def _create_domain(self, group: SecurityGroup, leftovers: StudioSweep) -> aws.sagemaker.Domain:
        args = self._args
        identity = DomainIdentity(
            f"{self._name}-identity",
            plain={"auth_mode": args.auth_mode.value, "domain_name": args.names.domain},
            ids={"vpc_id": args.vpc_id, "kms_key_id": args.data_key_arn},
            subnet_ids=args.private_subnet_ids,
            opts=self._child,
        )
        return aws.sagemaker.Domain(
            f"{self._name}-domain",
            domain_name=identity.domain_name,
            auth_mode=identity.auth_mode,
            vpc_id=identity.vpc_id,
            subnet_ids=identity.subnet_ids,
            kms_key_id=identity.kms_key_id,
            app_network_access_type="VpcOnly",
            default_user_settings=domain_settings(
                execution_role_arn=args.execution_role_arns[args.default_persona], security_group_id=group.id
            ),
            domain_settings={
                # Who did it stands in CloudTrail, although people share a persona's role.
                "execution_role_identity_config": "USER_PROFILE_NAME",
                "docker_settings": {"enable_docker_access": "DISABLED"},
            },
            retention_policy={"home_efs_file_system": "Retain" if args.retain_home else "Delete"},
            tags={TEMPLATES_TAG: args.templates_location} if args.templates_location is not None else {},
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.retain_home,
                # The provider would replace the domain for a further subnet; a missing one is refused above.
                ignore_changes=["subnetIds"],
                depends_on=[leftovers.invocation],
            ),
        )

    def _create_workplace(self) -> Workplace:
        args = self._args
        images = (
            StudioImages(f"{self._name}-images", names=args.names, images=args.images, opts=self._child).attached
            if args.images
            else {}
        )
        scripts = (
            StudioScripts(
                f"{self._name}-script",
                names=args.names,
                script=args.lifecycle_script,
                applications=args.applications,
                opts=self._child,
            ).arns
            if args.lifecycle_script is not None
            else {}
        )
        return Workplace(
            applications=args.applications,
            idle_minutes=args.idle_minutes,
            space_gb=args.space_gb,
            most_space_gb=args.most_space_gb,
            instances=args.instances,
            images=images,
            scripts=scripts,
        )

    def _create_profiles(self, group: SecurityGroup) -> dict[str, aws.sagemaker.UserProfile]:
        args = self._args
        return {
            name: aws.sagemaker.UserProfile(
                f"{self._name}-user-{name}",
                domain_id=self._domain.id,
                user_profile_name=name,
                single_sign_on_user_identifier="UserName" if user.sso_user is not None else None,
                single_sign_on_user_value=user.sso_user,
                user_settings=profile_settings(
                    self._workplace,
                    execution_role_arn=args.execution_role_arns[user.persona],
                    security_group_id=group.id,
                ),
                tags={"persona": user.persona},
                opts=self._kept(),
            )
            for name, user in sorted(args.users.items())
        }

    def _create_spaces(self, profiles: Mapping[str, aws.sagemaker.UserProfile]) -> dict[str, aws.sagemaker.Space]:
        return {
            planned.space_name: self._space(planned, profiles[planned.user])
            for planned in planned_spaces(self._args.users)
        }

    def _space(self, planned: PlannedSpace, profile: aws.sagemaker.UserProfile) -> aws.sagemaker.Space:
        storage: aws.sagemaker.SpaceSpaceSettingsSpaceStorageSettingsArgsDict = {
            "ebs_storage_settings": {"ebs_volume_size_in_gb": self._args.space_gb}
        }
        resources: aws.sagemaker.SpaceSpaceSettingsJupyterLabAppSettingsDefaultResourceSpecArgsDict = {
            "instance_type": self._args.instances[0]
        }
        settings: aws.sagemaker.SpaceSpaceSettingsArgsDict = (
            {
                "app_type": "JupyterLab",
                "space_storage_settings": storage,
                "jupyter_lab_app_settings": {"default_resource_spec": resources},
            }
            if planned.application == JUPYTERLAB
            else {
                "app_type": "CodeEditor",
                "space_storage_settings": storage,
                "code_editor_app_settings": {"default_resource_spec": resources},
            }
        )
        return aws.sagemaker.Space(
            f"{self._name}-space-{planned.user}-{planned.application.replace('_', '-')}",
            domain_id=self._domain.id,
            space_name=planned.space_name,
            ownership_settings={"owner_user_profile_name": profile.user_profile_name},
            space_sharing_settings={"sharing_type": "Private"},
            space_settings=settings,
            opts=self._kept(),
        )

    def _create_tracking(self) -> pulumi.Output[str] | None:
        args = self._args
        if args.tracking is None:
            return None
        return MlflowTracking(
            f"{self._name}-mlflow",
            names=args.names,
            kind=args.tracking,
            size=args.tracking_size,
            domain_id=self._domain.id,
            artifact_bucket=args.artifact_bucket,
            data_key_arn=args.data_key_arn,
            opts=self._child,
        ).arn

    def _create_emptying(self, before: Sequence[pulumi.Resource], spaces: Sequence[str]) -> None:
        args, scope = self._args, self._scope
        StudioSweep(
            f"{self._name}-empty",
            names=args.names,
            purpose=EMPTY,
            basics=args.functions,
            statements=self._domain.id.apply(lambda domain: empty_statements(scope, domain)),
            event=empty_event(args.names, self._domain, users=list(args.users), spaces=spaces),
            retain=args.retain_home,
            before=before,
            opts=self._child,
        )
