"""The table of what people may do: the page for people is printed from it, and the test evaluates every row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.persona_policies_shared import APPROVER, DATA_SCIENTIST, LEAD, VIEWER

PERSONAS = (DATA_SCIENTIST, LEAD, APPROVER, VIEWER)
ALL = frozenset(PERSONAS)
IN_STUDIO = frozenset({DATA_SCIENTIST, LEAD})
DECIDING = frozenset({LEAD, APPROVER})
LEADS = frozenset({LEAD})
NOBODY: frozenset[str] = frozenset()

Keys = Mapping[str, str | list[str]]
"""Condition keys of a request."""

NETWORK: Keys = {
    "sagemaker:VpcSubnets": ["subnet-1", "subnet-2"],
    "sagemaker:VpcSecurityGroupIds": ["sg-1"],
    "sagemaker:VolumeKmsKey": "{key}",
    "sagemaker:OutputKmsKey": "{key}",
    "sagemaker:InstanceTypes": ["ml.m5.xlarge"],
    "sagemaker:InterContainerTrafficEncryption": "true",
}
"""A job as it should be. Tests evaluate the table for a stack with these ids."""
OWN_SPACE: Keys = {
    "sagemaker:OwnerUserProfileArn": "{sm}:user-profile/d-1/ada",
    "sagemaker:SpaceSharingType": "Private",
    "sagemaker:InstanceTypes": ["ml.t3.medium"],
}
TAGGED: Keys = {
    "aws:ResourceTag/organisation": "{organisation}",
    "aws:ResourceTag/unit": "{unit}",
    "aws:ResourceTag/environment": "{environment}",
}
TO_SAGEMAKER: Keys = {"iam:PassedToService": "sagemaker.amazonaws.com"}
WISH: Keys = {"events:source": "mlops.operations", "events:detail-type": "Model Deployment Requested"}
_MINE = "ada"
"""Everybody in the table is called so; others are grace."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One thing somebody might do, and who may. Texts hold names of a stack in braces, see `fields` of the test."""

    section: str
    what: str
    """In words, as the page says it."""
    action: str
    resource: str
    may: frozenset[str]
    """Personas that may in dev; elsewhere these without the lead, where `dev_only` is set."""
    dev_only: bool = False
    """Whether a lead may in dev alone."""
    dev_alone: bool = False
    """Whether anybody may in dev alone, because it is nowhere else."""
    context: Keys = field(default_factory=dict)
    """Condition keys of the request. The person, Studio's keys and the persona's own ARN are added."""
    nameless: bool = False
    """Whether the session says no person."""


def _row(
    section: str,
    what: str,
    action: str,
    resource: str,
    may: frozenset[str],
    context: Keys | None = None,
    *,
    dev_only: bool = False,
    dev_alone: bool = False,
    nameless: bool = False,
) -> Row:
    return Row(
        section=section, what=what, action=action, resource=resource, may=may, context=context or {},
        dev_only=dev_only, dev_alone=dev_alone, nameless=nameless,
    )  # fmt: skip


def _without(key: str) -> Keys:
    return {name: value for name, value in NETWORK.items() if name != key}


_STUDIO, _JOBS, _DATA, _REGISTRY, _DELIVERY, _PROJECTS, _NEVER = (
    "Studio", "Jobs and pipelines", "Data and logs", "Registry", "Delivery", "Projects", "Nobody",
)  # fmt: skip
_VERSION = "{sm}:model-package/{prefix}-fraud/3"
_OWN_JOB = f"{{sm}}:training-job/{_MINE}--churn-1"
_STATUS = "sagemaker:ModelApprovalStatus"

ROWS: tuple[Row, ...] = (
    _row(_STUDIO, "open one's own Studio", "sagemaker:CreatePresignedDomainUrl",
         "{sm}:user-profile/d-1/ada", IN_STUDIO),
    _row(_STUDIO, "open another's Studio", "sagemaker:CreatePresignedDomainUrl", "{sm}:user-profile/d-1/grace", NOBODY),
    _row(_STUDIO, "start a private space of one's own", "sagemaker:CreateSpace",
         "{sm}:space/d-1/a", IN_STUDIO, OWN_SPACE),
    _row(_STUDIO, "start an app in it", "sagemaker:CreateApp",
         "{sm}:app/d-1/a/JupyterLab/default", IN_STUDIO, OWN_SPACE),
    _row(
        _STUDIO, "start an app on an instance type that is not offered", "sagemaker:CreateApp",
        "{sm}:app/d-1/a/JupyterLab/default", NOBODY, {**OWN_SPACE, "sagemaker:InstanceTypes": ["ml.p4d.24xlarge"]},
    ),
    _row(
        _STUDIO, "start an app in another's space", "sagemaker:CreateApp", "{sm}:app/d-1/g/JupyterLab/default", NOBODY,
        {**OWN_SPACE, "sagemaker:OwnerUserProfileArn": "{sm}:user-profile/d-1/grace"},
    ),
    _row(_STUDIO, "start a shared space", "sagemaker:CreateSpace", "{sm}:space/d-1/s", NOBODY,
         {**OWN_SPACE, "sagemaker:SpaceSharingType": "Shared"}),
    _row(_STUDIO, "delete one's own space", "sagemaker:DeleteSpace", "{sm}:space/d-1/a", IN_STUDIO, OWN_SPACE),
    _row(_STUDIO, "delete another's space", "sagemaker:DeleteSpace", "{sm}:space/d-1/g", NOBODY,
         {**OWN_SPACE, "sagemaker:OwnerUserProfileArn": "{sm}:user-profile/d-1/grace"}),
    _row(_STUDIO, "tag a space while creating it", "sagemaker:AddTags", "{sm}:space/d-1/a", IN_STUDIO,
         {"sagemaker:TaggingAction": "CreateSpace"}),
    _row(_STUDIO, "tag a space afterwards", "sagemaker:AddTags", "{sm}:space/d-1/a", NOBODY),
    _row(_STUDIO, "look at one's own domain", "sagemaker:DescribeDomain", "{sm}:domain/d-1", IN_STUDIO),
    _row(_STUDIO, "look at another domain", "sagemaker:DescribeDomain", "{sm}:domain/d-2", NOBODY),
    _row(_STUDIO, "list spaces", "sagemaker:ListSpaces", "*", IN_STUDIO),
    _row(_STUDIO, "keep one's app's log", "logs:PutLogEvents",
         "{logs}:log-group:/aws/sagemaker/studio:log-stream:d-1/ada/JupyterLab/default/x", IN_STUDIO),
    _row(_STUDIO, "change the domain", "sagemaker:UpdateDomain", "{sm}:domain/d-1", NOBODY),
    _row(_STUDIO, "change one's own profile, and so its role", "sagemaker:UpdateUserProfile",
         "{sm}:user-profile/d-1/ada", NOBODY),
    _row(_STUDIO, "track an experiment", "sagemaker-mlflow:LogMetric",
         "{sm}:mlflow-tracking-server/{prefix}-t", IN_STUDIO),
    # jobs
    _row(_JOBS, "run a job in our network, on our key", "sagemaker:CreateTrainingJob", _OWN_JOB, IN_STUDIO, NETWORK),
    _row(_JOBS, "run one outside the VPC", "sagemaker:CreateTrainingJob", _OWN_JOB, NOBODY,
         _without("sagemaker:VpcSubnets")),
    _row(_JOBS, "run one with one foreign subnet among ours", "sagemaker:CreateTrainingJob", _OWN_JOB, NOBODY,
         {**NETWORK, "sagemaker:VpcSubnets": ["subnet-1", "subnet-foreign"]}),
    _row(_JOBS, "run one without our security group", "sagemaker:CreateProcessingJob",
         "{sm}:processing-job/ada--x", NOBODY, _without("sagemaker:VpcSecurityGroupIds")),
    _row(_JOBS, "run one without a volume key", "sagemaker:CreateProcessingJob", "{sm}:processing-job/ada--x", NOBODY,
         _without("sagemaker:VolumeKmsKey")),
    _row(_JOBS, "run one with a foreign output key", "sagemaker:CreateProcessingJob", "{sm}:processing-job/ada--x",
         NOBODY, {**NETWORK, "sagemaker:OutputKmsKey": "{key}2"}),
    _row(_JOBS, "run one with a foreign volume key", "sagemaker:CreateProcessingJob", "{sm}:processing-job/ada--x",
         NOBODY, {**NETWORK, "sagemaker:VolumeKmsKey": "{key}2"}),
    _row(_JOBS, "run one without an output key", "sagemaker:CreateProcessingJob", "{sm}:processing-job/ada--x",
         NOBODY, _without("sagemaker:OutputKmsKey")),
    _row(_JOBS, "run one with a foreign security group beside ours", "sagemaker:CreateTrainingJob", _OWN_JOB, NOBODY,
         {**NETWORK, "sagemaker:VpcSecurityGroupIds": ["sg-1", "sg-open"]}),
    _row(_JOBS, "run one with clear traffic between containers", "sagemaker:CreateTrainingJob", _OWN_JOB, NOBODY,
         {**NETWORK, "sagemaker:InterContainerTrafficEncryption": "false"}),
    _row(_JOBS, "attach its encrypted volume", "kms:CreateGrant", "{key}", IN_STUDIO,
         {"kms:GrantIsForAWSResource": "true"}),
    _row(_JOBS, "grant the key to somebody", "kms:CreateGrant", "{key}", NOBODY,
         {"kms:GrantIsForAWSResource": "false"}),
    _row(_JOBS, "tag one's own job as it starts", "sagemaker:AddTags", _OWN_JOB, IN_STUDIO,
         {"sagemaker:TaggingAction": "CreateTrainingJob"}),
    _row(_JOBS, "tag it afterwards", "sagemaker:AddTags", _OWN_JOB, NOBODY),
    _row(_JOBS, "tune outside the VPC", "sagemaker:CreateHyperParameterTuningJob",
         "{sm}:hyper-parameter-tuning-job/ada--x", NOBODY, _without("sagemaker:VpcSubnets")),
    _row(_JOBS, "run a job under another's name", "sagemaker:CreateTrainingJob", "{sm}:training-job/grace--x", NOBODY,
         NETWORK),
    _row(_JOBS, "stop one's own job", "sagemaker:StopTrainingJob", _OWN_JOB, IN_STUDIO),
    _row(_JOBS, "stop another's job", "sagemaker:StopTrainingJob", "{sm}:training-job/grace--x", NOBODY),
    _row(_JOBS, "stop a pipeline's job", "sagemaker:StopTrainingJob", "{sm}:training-job/pipelines-a-Train-1", NOBODY),
    _row(_JOBS, "look at a pipeline's job", "sagemaker:DescribeTrainingJob", "{sm}:training-job/pipelines-a-Train-1",
         IN_STUDIO, TAGGED),
    _row(_JOBS, "look at another unit's job", "sagemaker:DescribeTrainingJob", "{sm}:training-job/pipelines-b-Train-1",
         NOBODY, {**TAGGED, "aws:ResourceTag/unit": "other"}),
    _row(_JOBS, "look at another environment's job", "sagemaker:DescribeTrainingJob",
         "{sm}:training-job/pipelines-b-Train-1", NOBODY, {**TAGGED, "aws:ResourceTag/environment": "other"}),
    _row(_JOBS, "look at another organisation's job", "sagemaker:DescribeTrainingJob",
         "{sm}:training-job/pipelines-b-Train-1", NOBODY, {**TAGGED, "aws:ResourceTag/organisation": "other"}),
    _row(_JOBS, "run a notebook instance", "sagemaker:CreateNotebookInstance", "{sm}:notebook-instance/ada--n", NOBODY,
         {**NETWORK, "sagemaker:DirectInternetAccess": "Disabled"}),
    _row(_JOBS, "run AutoML", "sagemaker:CreateAutoMLJobV2", "{sm}:automl-job/ada--a", NOBODY, NETWORK),
    _row(_JOBS, "give one's job the experiment role", "iam:PassRole", "{role}-experiment", IN_STUDIO, TO_SAGEMAKER),
    _row(_JOBS, "give a job a pipeline's job role", "iam:PassRole", "{role}-training", NOBODY, TO_SAGEMAKER),
    _row(_JOBS, "give a job the pipeline's role", "iam:PassRole", "{role}-pipeline", NOBODY, TO_SAGEMAKER),
    _row(_JOBS, "pass the experiment role elsewhere", "iam:PassRole", "{role}-experiment", NOBODY,
         {"iam:PassedToService": "lambda.amazonaws.com"}),
    _row(_JOBS, "start a pipeline of the stack", "sagemaker:StartPipelineExecution", "{sm}:pipeline/{prefix}-fraud",
         IN_STUDIO),
    _row(_JOBS, "stop a run of it", "sagemaker:StopPipelineExecution", "{sm}:pipeline/{prefix}-fraud/execution/a",
         IN_STUDIO),
    _row(_JOBS, "look at a run", "sagemaker:DescribePipelineExecution",
         "{sm}:pipeline/{prefix}-fraud/execution/a", ALL),
    _row(_JOBS, "start another unit's pipeline", "sagemaker:StartPipelineExecution",
         "{sm}:pipeline/acme-other-x", NOBODY),
    _row(_JOBS, "change a pipeline's definition", "sagemaker:UpdatePipeline", "{sm}:pipeline/{prefix}-fraud", NOBODY),
    _row(_JOBS, "delete a pipeline", "sagemaker:DeletePipeline", "{sm}:pipeline/{prefix}-fraud", NOBODY),
    # data
    _row(_DATA, "read input data", "s3:GetObject", "{data}/latest/a.csv", IN_STUDIO),
    _row(_DATA, "write input data", "s3:PutObject", "{data}/latest/a.csv", NOBODY),
    _row(_DATA, "read metrics and plots", "s3:GetObject", "{artifacts}/pipelines/p/e/Evaluate/evaluation/plots/roc.png",
         ALL),
    _row(_DATA, "read which objects a run used", "s3:GetObject",
         "{artifacts}/pipelines/p/e/Preprocess/manifest/manifest.json", ALL),
    _row(_DATA, "read a training split", "s3:GetObject", "{artifacts}/pipelines/p/e/Preprocess/train/train.csv",
         IN_STUDIO),
    _row(_DATA, "read a model file", "s3:GetObject", "{artifacts}/pipelines/p/e/train/model.tar.gz", IN_STUDIO),
    _row(_DATA, "read a project's metrics", "s3:GetObject", "{artifacts}/projects/churn/runs/e/evaluate/e.json", ALL),
    _row(_DATA, "read which objects a project's run used", "s3:GetObject",
         "{artifacts}/projects/churn/runs/e/preprocess/manifest/manifest.json", ALL),
    _row(_DATA, "read a project's state", "s3:GetObject", "{states}/projects/churn/.pulumi/x.json", NOBODY),
    _row(_DATA, "replace a model file", "s3:PutObject", "{artifacts}/pipelines/p/e/train/model.tar.gz", NOBODY),
    _row(_DATA, "replace a step's code", "s3:PutObject", "{artifacts}/code/0/train/train.py", NOBODY),
    _row(_DATA, "write below one's own folder", "s3:PutObject", "{artifacts}/people/ada/x.csv", IN_STUDIO),
    _row(_DATA, "write below another's folder", "s3:PutObject", "{artifacts}/people/grace/x.csv", NOBODY),
    _row(_DATA, "read another's folder", "s3:GetObject", "{artifacts}/people/grace/x.csv", NOBODY),
    _row(_DATA, "change a bucket's policy", "s3:PutBucketPolicy", "{data}", NOBODY),
    _row(_DATA, "list artifacts", "s3:ListBucket", "{artifacts}", ALL),
    _row(_DATA, "list input data", "s3:ListBucket", "{data}", IN_STUDIO),
    _row(_DATA, "find a job's log", "logs:DescribeLogStreams", "{logs}:log-group:/aws/sagemaker/TrainingJobs",
         IN_STUDIO),
    _row(_DATA, "read one's own job's log", "logs:GetLogEvents",
         "{logs}:log-group:/aws/sagemaker/TrainingJobs:log-stream:ada--churn-1/algo-1", IN_STUDIO),
    _row(_DATA, "read another's log", "logs:GetLogEvents",
         "{logs}:log-group:/aws/sagemaker/TrainingJobs:log-stream:grace--x/algo-1", NOBODY),
    _row(_DATA, "read a function's log", "logs:GetLogEvents", "{logs}:log-group:/acme/risk/f:log-stream:a", NOBODY),
    _row(_DATA, "decrypt through S3", "kms:Decrypt", "{key}", ALL, {"kms:ViaService": "s3.{region}.amazonaws.com"}),
    _row(_DATA, "encrypt a space's volume", "kms:GenerateDataKeyWithoutPlaintext", "{key}", IN_STUDIO,
         {"kms:ViaService": "sagemaker.{region}.amazonaws.com"}),
    _row(_DATA, "decrypt directly", "kms:Decrypt", "{key}", NOBODY),
    _row(_DATA, "decrypt with another key", "kms:Decrypt", "{key}2", NOBODY,
         {"kms:ViaService": "s3.{region}.amazonaws.com"}),
    # registry
    _row(_REGISTRY, "look at versions", "sagemaker:DescribeModelPackage", _VERSION, ALL),
    _row(_REGISTRY, "approve a version", "sagemaker:UpdateModelPackage", _VERSION, DECIDING, {_STATUS: "Approved"},
         dev_only=True),
    _row(_REGISTRY, "reject a version", "sagemaker:UpdateModelPackage", _VERSION, DECIDING, {_STATUS: "Rejected"},
         dev_only=True),
    _row(_REGISTRY, "approve in a session that names no person", "sagemaker:UpdateModelPackage", _VERSION, NOBODY,
         {_STATUS: "Approved"}, nameless=True),
    _row(_REGISTRY, "approve and write who approved", "sagemaker:UpdateModelPackage", _VERSION, NOBODY,
         {_STATUS: "Approved", "sagemaker:CustomerMetadataProperties/approved_by": "grace"}),
    _row(_REGISTRY, "approve and remove metadata", "sagemaker:UpdateModelPackage", _VERSION, NOBODY,
         {_STATUS: "Approved", "sagemaker:CustomerMetadataPropertiesToRemove": ["approved_by"]}),
    _row(_REGISTRY, "take a decision back", "sagemaker:UpdateModelPackage", _VERSION, NOBODY,
         {_STATUS: "PendingManualApproval"}),
    _row(_REGISTRY, "change a version's metadata", "sagemaker:UpdateModelPackage", _VERSION, NOBODY),
    _row(_REGISTRY, "approve another unit's version", "sagemaker:UpdateModelPackage",
         "{sm}:model-package/acme-other-dev-us-east-1-fraud/3", NOBODY, {_STATUS: "Approved"}),
    _row(_REGISTRY, "register a version by hand", "sagemaker:CreateModelPackage", _VERSION, NOBODY),
    _row(_REGISTRY, "delete a version", "sagemaker:DeleteModelPackage", _VERSION, NOBODY),
    _row(_REGISTRY, "say that a group approves by itself", "sagemaker:AddTags",
         "{sm}:model-package-group/{prefix}-fraud", NOBODY),
    _row(_REGISTRY, "open a group to another account", "sagemaker:PutModelPackageGroupPolicy",
         "{sm}:model-package-group/{prefix}-fraud", NOBODY),
    # delivery
    _row(_DELIVERY, "look at endpoints", "sagemaker:DescribeEndpoint", "{sm}:endpoint/{prefix}-fraud", ALL),
    _row(_DELIVERY, "list endpoints", "sagemaker:ListEndpoints", "*", ALL),
    _row(_DELIVERY, "look at alarms", "cloudwatch:DescribeAlarms", "{alarm}:{prefix}-fraud.errors", ALL),
    _row(_DELIVERY, "look at deployments", "dynamodb:Query", "{table}-deliveries", ALL),
    _row(_DELIVERY, "ask for an earlier version", "dynamodb:PutItem", "{table}-deliveries", DECIDING,
         {"dynamodb:LeadingKeys": ["model#fraud"]}, dev_only=True),
    _row(_DELIVERY, "wake the function that looks at the wish", "events:PutEvents", "{bus}", DECIDING, WISH,
         dev_only=True),
    _row(_DELIVERY, "send any other event", "events:PutEvents", "{bus}", NOBODY, {**WISH, "events:source": "x"}),
    _row(_DELIVERY, "send another event of ours", "events:PutEvents", "{bus}", NOBODY,
         {**WISH, "events:detail-type": "x"}),
    _row(_DELIVERY, "ask in a session that names no person", "dynamodb:PutItem", "{table}-deliveries", NOBODY,
         {"dynamodb:LeadingKeys": ["model#fraud"]}, nameless=True),
    _row(_DELIVERY, "write a record without a key", "dynamodb:PutItem", "{table}-deliveries", NOBODY),
    _row(_DELIVERY, "write what promotion recorded", "dynamodb:PutItem", "{table}-deliveries", NOBODY,
         {"dynamodb:LeadingKeys": ["promotion#1"]}),
    _row(_DELIVERY, "delete a record", "dynamodb:DeleteItem", "{table}-deliveries", NOBODY),
    _row(_DELIVERY, "create an endpoint", "sagemaker:CreateEndpoint", "{sm}:endpoint/{prefix}-fraud", NOBODY),
    _row(_DELIVERY, "change an endpoint", "sagemaker:UpdateEndpoint", "{sm}:endpoint/{prefix}-fraud", NOBODY),
    _row(_DELIVERY, "delete an endpoint", "sagemaker:DeleteEndpoint", "{sm}:endpoint/{prefix}-fraud", NOBODY),
    _row(_DELIVERY, "read a dead-letter queue", "sqs:ReceiveMessage", "{queue}-deploy-failed", NOBODY),
    # projects
    _row(_PROJECTS, "look at a project", "dynamodb:Query", "{table}-projects", ALL, dev_alone=True),
    _row(_PROJECTS, "find the project of a group", "dynamodb:GetItem", "{table}-projects", ALL, dev_alone=True),
    _row(_PROJECTS, "read all projects' records at once", "dynamodb:Scan", "{table}-projects", NOBODY),
    _row(_PROJECTS, "change a project's record", "dynamodb:UpdateItem", "{table}-projects", NOBODY),
    _row(_PROJECTS, "launch a product of our catalog", "servicecatalog:ProvisionProduct", "{catalog}:product/prod-1",
         LEADS, TAGGED, dev_only=True),
    _row(_PROJECTS, "launch another product", "servicecatalog:ProvisionProduct", "{catalog}:product/prod-2", NOBODY),
    _row(_PROJECTS, "find products", "servicecatalog:SearchProducts", "*", LEADS, dev_only=True),
    *(
        _row(_PROJECTS, f"launch a product of another {tag}", "servicecatalog:ProvisionProduct",
             "{catalog}:product/prod-3", NOBODY, {**TAGGED, f"aws:ResourceTag/{tag}": "other"})
        for tag in ("organisation", "unit", "environment")
    ),
    _row(_PROJECTS, "make a project by the command line", "lambda:InvokeFunction", "{function}-provision:direct",
         LEADS, dev_only=True),
    _row(_PROJECTS, "ask for one in CloudFormation's name", "lambda:InvokeFunction", "{function}-provision", NOBODY),
    _row(_PROJECTS, "create a project in Studio", "sagemaker:CreateProject",
         "{sm}:project/churn", LEADS, dev_only=True),
    _row(_PROJECTS, "see the project templates in the browser", "s3:ListBucket", "{templates}", LEADS, dev_only=True),
    _row(_PROJECTS, "read one", "s3:GetObject", "{templates}/products/model-training-1.0.0-0.yaml", LEADS,
         dev_only=True),
    _row(_PROJECTS, "read what else lies there", "s3:GetObject", "{templates}/repositories/x.zip", NOBODY),
    _row(_PROJECTS, "replace one", "s3:PutObject", "{templates}/products/model-training-1.0.0-0.yaml", NOBODY),
    _row(_PROJECTS, "create the stack of one's project", "cloudformation:CreateStack", "{stack}/SP-churn-1/0", LEADS,
         dev_only=True),
    _row(_PROJECTS, "tag it", "cloudformation:TagResource", "{stack}/SP-churn-1/0", LEADS, dev_only=True),
    _row(_PROJECTS, "create another stack", "cloudformation:CreateStack", "{stack}/mine/0", NOBODY),
    _row(_PROJECTS, "change a stack of the catalog", "cloudformation:UpdateStack", "{stack}/SC-111111111111-pp-1/0",
         NOBODY),
    _row(_PROJECTS, "let the launch role make it", "iam:PassRole", "{role}-launch", LEADS,
         {"iam:PassedToService": "cloudformation.amazonaws.com"}, dev_only=True),
    _row(_PROJECTS, "pass the launch role elsewhere", "iam:PassRole", "{role}-launch", NOBODY,
         {"iam:PassedToService": "lambda.amazonaws.com"}),
    _row(_PROJECTS, "end what one's role launched", "servicecatalog:TerminateProvisionedProduct", "*", LEADS,
         {"servicecatalog:roleLevel": "self"}, dev_only=True),
    _row(_PROJECTS, "end what others launched", "servicecatalog:TerminateProvisionedProduct", "*", NOBODY),
    _row(_PROJECTS, "change the catalog", "servicecatalog:UpdateProduct", "{catalog}:product/prod-1", NOBODY, TAGGED),
    # nobody
    _row(_NEVER, "invoke another platform function", "lambda:InvokeFunction", "{function}-vend", NOBODY),
    _row(_NEVER, "invoke what delivers", "lambda:InvokeFunction", "{function}-deploy", NOBODY),
    _row(_NEVER, "rewrite a platform function", "lambda:UpdateFunctionCode", "{function}-provision", NOBODY),
    _row(_NEVER, "create a function", "lambda:CreateFunction", "{function}-mine", NOBODY),
    _row(_NEVER, "read a secret", "secretsmanager:GetSecretValue", "{secret}:x", NOBODY),
    _row(_NEVER, "sign as the GitHub App", "kms:Sign", "{key}2", NOBODY),
    _row(_NEVER, "create a role", "iam:CreateRole", "{role}-mine", NOBODY),
    _row(_NEVER, "change one's own role", "iam:PutRolePolicy", "{role}-lead", NOBODY),
    _row(_NEVER, "take one's own boundary off", "iam:DeleteRolePermissionsBoundary", "{role}-lead", NOBODY),
    _row(_NEVER, "assume the approver's role", "sts:AssumeRole", "{role}-approver", NOBODY),
    _row(_NEVER, "assume a project's role", "sts:AssumeRole", "{projects}x", NOBODY),
)  # fmt: skip

COMMANDS: Mapping[str, frozenset[str]] = {
    "models list": ALL,
    "models show": ALL,
    "models diff": ALL,
    "models approve": DECIDING,
    "models reject": DECIDING,
    "deployments list": ALL,
    "deployments remove": NOBODY,
    "rollback": DECIDING,
    "trace": ALL,
    "replay": NOBODY,
}
"""Who may run each `mlops` command against a stack; a lead decides in dev only. Engineers replay and remove."""
