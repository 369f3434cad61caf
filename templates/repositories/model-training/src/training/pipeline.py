"""The pipeline: Preprocess, Train, Evaluate, and a gate in front of RegisterModel.

What decides about a model is written here as literals, so that it changes by reviewed pull request and nobody who may
start a run can weaken it. What a run may change is a parameter: InputDataUri and Regularisation.
"""

from pathlib import Path
from typing import Any

from sagemaker.core import image_uris
from sagemaker.core.model_registry import create_model_package_from_containers
from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep, Step

from mlops_project.pipelines import digest, files_in
from training.jobs import CACHE, SERVICE_RETRY, Jobs, output_of
from training.settings import Settings

GATE = {"accuracy": 0.93, "recall": 0.85}
"""Least value of each metric on the test rows; `evaluation.json` lists what there is. Below one of them nothing is
registered."""
APPROVAL_STATUS = "PendingManualApproval"
"""A lead approves versions in the registry; approval starts the deployment."""
DATA = "sample"
"""`sample` trains on data/ of this repository. `bucket` trains on s3://<DATA_BUCKET>/projects/<project>/latest/."""
INSTANCE = "ml.m5.large"
"""Of every job. Types with local disks (m5d, g5, ...) encrypt themselves and refuse a volume key."""
SKLEARN = "1.9-0"
"""Version of AWS's scikit-learn image, which prepares, trains, evaluates and serves; as in pyproject.toml."""

ROOT = Path(__file__).resolve().parents[2]
SERVING = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
"""How the image finds our handler, which Train puts into the model archive."""


def step_files() -> dict[str, bytes]:
    """The scripts that run inside the jobs."""
    return files_in(ROOT / "steps", "*.py")


def sample_files() -> dict[str, bytes]:
    """The data that comes with the repository."""
    return files_in(ROOT / "data", "*.csv")


def code_uri(settings: Settings) -> str:
    """Where the scripts lie: another key for other content, so a run never sees half of a change."""
    return f"{settings.base_uri}/code/{digest(step_files())}/"


def sample_uri(settings: Settings) -> str:
    """Where data/ lies."""
    return f"{settings.base_uri}/sample/{digest(sample_files())}/"


def input_uri(settings: Settings) -> str:
    """Where a run reads its data from, unless it is told otherwise."""
    return {
        "sample": sample_uri(settings),
        "bucket": f"s3://{settings.data_bucket}/projects/{settings.project}/latest/",
    }[DATA]


def build(settings: Settings, session: PipelineSession) -> Pipeline:
    """Put the pipeline together."""
    image = image_uris.retrieve("sklearn", settings.region, SKLEARN, instance_type=INSTANCE)
    jobs = Jobs(settings=settings, session=session, image=image, code_uri=code_uri(settings), instance=INSTANCE)
    input_data_uri = ParameterString("InputDataUri", default_value=input_uri(settings))
    regularisation = ParameterFloat("Regularisation", default_value=1.0)

    # Never cached: what lies at the URI may change. The manifest says by hash what was read.
    preprocess = jobs.processing(
        "Preprocess",
        script="preprocess.py",
        inputs={"data": input_data_uri},
        outputs=["train", "test", "schema", "manifest"],
    )
    train = jobs.training(
        "Train",
        script="train.py",
        channels={name: output_of(preprocess, name) for name in ("train", "schema")},
        hyperparameters={"regularisation": regularisation.to_string()},
        cache=CACHE,
    )
    archive = train.properties.ModelArtifacts.S3ModelArtifacts
    report = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")
    evaluate = jobs.processing(
        "Evaluate",
        script="evaluate.py",
        inputs={"model": archive, "test": output_of(preprocess, "test")},
        outputs=["evaluation"],
        property_files=[report],
        cache=CACHE,
    )
    register = _register(
        settings,
        session,
        image=image,
        archive=archive,
        statistics=Join(on="/", values=[output_of(evaluate, "evaluation"), "statistics.json"]),
        metadata={
            "environment": settings.environment,
            "code_hash": digest(step_files()),
            "data_manifest": Join(on="/", values=[output_of(preprocess, "manifest"), "manifest.json"]),
            "pipeline_execution_arn": ExecutionVariables.PIPELINE_EXECUTION_ARN,
            "commit": settings.commit,
        },
    )
    return Pipeline(
        name=settings.pipeline_name,
        parameters=[input_data_uri, regularisation],
        steps=[preprocess, train, evaluate, _gate(settings, report, evaluate, passed=register)],
        pipeline_experiment_config=None,
        sagemaker_session=session,
    )


def _gate(settings: Settings, report: PropertyFile, evaluate: ProcessingStep, *, passed: Step) -> ConditionStep:
    """Go on where every metric reaches its threshold; else fail and say which values they have."""
    conditions, message = [], [f"{settings.project} was not registered in {settings.environment}:"]
    for metric, threshold in sorted(GATE.items()):
        value = JsonGet(step_name=evaluate.name, property_file=report, json_path=f"metrics.{metric}")
        conditions.append(ConditionGreaterThanOrEqualTo(left=value, right=threshold))
        message += [f" {metric} is ", value, f", {threshold} is the least;"]
    return ConditionStep(
        name="CheckQuality",
        conditions=conditions,
        if_steps=[passed],
        else_steps=[FailStep(name="Fail", error_message=Join(on="", values=message))],
    )


def _register(
    settings: Settings,
    session: PipelineSession,
    *,
    image: str,
    archive: Any,
    statistics: Any,
    metadata: dict[str, Any],
) -> ModelStep:
    """Register a version that answers JSON."""
    session.context = None
    session.init_model_step_arguments(_Model(session))
    create_model_package_from_containers(
        session,
        containers=[{"Image": image, "ModelDataUrl": archive, "Environment": SERVING}],
        content_types=["application/json"],
        response_types=["application/json"],
        inference_instances=[INSTANCE],
        model_package_group_name=settings.model_package_group,
        approval_status=APPROVAL_STATUS,
        model_metrics={"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": statistics}}},
        customer_metadata_properties=metadata,
    )
    return ModelStep(name="RegisterModel", step_args=session.context, retry_policies=[SERVICE_RETRY])


class _Model:
    """What ModelStep asks of a model: its session."""

    def __init__(self, session: PipelineSession) -> None:
        self.sagemaker_session = session
