"""Jobs as this platform runs them: in the VPC, on the key, tagged, retried. Pipeline modules put them together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache as remember
from typing import Any, TypeAlias

from sagemaker.core import image_uris
from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    OutputDataConfig,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    StoppingCondition,
    Tag,
)
from sagemaker.core.training.configs import Compute, InputData, Networking
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
from sagemaker.train.model_trainer import ModelTrainer

from contracts.local_storage import has_local_nvme
from pipeline_defs.code import Bundle
from pipeline_defs.placeholders import KEY_ARN, SECURITY_GROUPS, SUBNETS
from pipeline_defs.settings import PipelineSettings

Text: TypeAlias = str | PipelineVariable
"""A literal, or a value that is known when the pipeline runs."""

PROCESSING = "/opt/ml/processing"
CACHE = CacheConfig(enable_caching=True, expire_after="P30D")

SERVICE_RETRY = StepRetryPolicy(
    exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
    interval_seconds=30,
    backoff_rate=2.0,
    max_attempts=5,
)
CAPACITY_RETRY = SageMakerJobStepRetryPolicy(
    exception_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
    failure_reason_types=[SageMakerJobExceptionTypeEnum.INTERNAL_ERROR, SageMakerJobExceptionTypeEnum.CAPACITY_ERROR],
    interval_seconds=120,
    backoff_rate=2.0,
    max_attempts=5,
)


class CommandTrainer(ModelTrainer):  # type: ignore[misc]  # the SDK carries no types
    """A ModelTrainer that runs a command of ours.

    ModelTrainer sets a command only together with `source_code`, which uploads files under a timestamp: another
    definition every second. Here the script comes through a channel, from a key with its content's hash.
    """

    command: list[str]
    arguments: list[str]

    def _create_training_job_args(self, *args: object, **kwargs: object) -> dict[str, Any]:
        request: dict[str, Any] = super()._create_training_job_args(*args, **kwargs)
        request["AlgorithmSpecification"]["ContainerEntrypoint"] = self.command
        request["AlgorithmSpecification"]["ContainerArguments"] = self.arguments
        return request


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Builds the job steps of one pipeline. Every method takes the step's name first."""

    settings: PipelineSettings
    session: PipelineSession
    """The offline session."""
    code: Mapping[str, Bundle]
    """Step scripts by bundle name."""
    _tags: list[dict[str, str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        tags = [{"Key": key, "Value": value} for key, value in sorted(self.settings.tags.items())]
        object.__setattr__(self, "_tags", tags)

    def published(self, bundle: Bundle) -> str:
        """S3 URI of a bundle of files."""
        return f"s3://{self.settings.artifact_bucket}/{bundle.prefix}"

    def result_uri(self, *parts: str) -> Join:
        """S3 URI under this pipeline that no other execution shares, so that a run never overwrites another's."""
        base = f"s3://{self.settings.artifact_bucket}/pipelines/{self.settings.pipeline_name}"
        return Join(on="/", values=[base, ExecutionVariables.PIPELINE_EXECUTION_ID, *parts])

    def processing(
        self,
        step: str,
        *,
        script: str,
        image: str,
        instance: str,
        inputs: Mapping[str, Text],
        outputs: Iterable[str],
        arguments: Sequence[Text] = (),
        property_files: Sequence[PropertyFile] = (),
        cache: CacheConfig | None = None,
        network_isolation: bool = False,
    ) -> ProcessingStep:
        """Build a processing job that runs `<script>.py` of the bundle `script`.

        Each input and output is a folder of its name under /opt/ml/processing/input or output. Give `cache` only
        where every input is immutable: a step that reads a prefix in place would return an old result for new data.
        With `network_isolation` the container has no network at all; a script that calls AWS itself cannot have it.
        """
        settings = self.settings
        processor = Processor(
            role=settings.role_arns["processing"],
            image_uri=image,
            instance_count=1,
            instance_type=instance,
            entrypoint=["python3", f"{PROCESSING}/input/code/{script}.py"],
            volume_size_in_gb=settings.volume_gb,
            volume_kms_key=volume_key(instance),
            output_kms_key=KEY_ARN,
            max_runtime_in_seconds=settings.max_runtime_seconds,
            tags=self._tags,
            network_config=NetworkConfig(
                subnets=[SUBNETS],
                security_group_ids=[SECURITY_GROUPS],
                encrypt_inter_container_traffic=True,
                enable_network_isolation=network_isolation,
            ),
            sagemaker_session=self.session,
        )
        sources = {"code": self.published(self.code[script]), **inputs}
        return ProcessingStep(
            name=step,
            step_args=processor.run(
                inputs=[_input(name, uri) for name, uri in sources.items()],
                outputs=[_output(name, self.result_uri(step.lower(), name)) for name in outputs],
                arguments=list(arguments) or None,
            ),
            property_files=list(property_files),
            cache_config=cache,
            retry_policies=[SERVICE_RETRY, CAPACITY_RETRY],
        )

    def training(
        self,
        step: str,
        *,
        script: str,
        channels: Mapping[str, Text],
        hyperparameters: Mapping[str, Text],
        cache: CacheConfig | None = None,
    ) -> TrainingStep:
        """Build a training job in the model's own image that runs `<script>.py` of the bundle `script`.

        Each channel is a folder of its name under /opt/ml/input/data. The job has no network: all it reads is there.
        """
        settings = self.settings
        trainer = CommandTrainer(
            role=settings.role_arns["training"],
            training_image=settings.training_image,
            command=["python3"],
            arguments=[f"/opt/ml/input/data/code/{script}.py"],
            base_job_name=step,
            compute=Compute(
                instance_type=settings.training_instance,
                instance_count=1,
                volume_size_in_gb=settings.volume_gb,
                volume_kms_key_id=volume_key(settings.training_instance),
            ),
            networking=Networking(
                subnets=[SUBNETS],
                security_group_ids=[SECURITY_GROUPS],
                enable_inter_container_traffic_encryption=True,
                enable_network_isolation=True,
            ),
            stopping_condition=StoppingCondition(max_runtime_in_seconds=settings.max_runtime_seconds),
            output_data_config=OutputDataConfig(s3_output_path=self.result_uri(step.lower()), kms_key_id=KEY_ARN),
            hyperparameters=dict(hyperparameters),
            tags=[Tag(key=tag["Key"], value=tag["Value"]) for tag in self._tags],
            sagemaker_session=self.session,
        )
        sources = {**channels, "code": self.published(self.code[script])}
        return TrainingStep(
            name=step,
            step_args=trainer.train(
                input_data_config=[InputData(channel_name=name, data_source=uri) for name, uri in sources.items()]
            ),
            cache_config=cache,
            retry_policies=[SERVICE_RETRY, CAPACITY_RETRY],
        )


def volume_key(instance: str) -> str | None:
    """Return the key of a job's volume; none on types with local NVMe, which refuse one and encrypt themselves."""
    return None if has_local_nvme(instance) else KEY_ARN


@remember
def sklearn_image(region: str, version: str) -> str:
    """AWS's scikit-learn image of a region, from the SDK's bundled table. Remembered: a look-up takes 10 ms."""
    uri: str = image_uris.retrieve("sklearn", region, version, instance_type="ml.m5.large")
    return uri


def output_of(step: ProcessingStep, name: str) -> Text:
    """Where the step's output really lies: after a cache hit that is under an older execution."""
    uri: Text = step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri
    return uri


def under(uri: Text, *parts: str) -> Join:
    """Name a file or folder below a URI that is known when the pipeline runs."""
    return Join(on="/", values=[uri, *parts])


def _input(name: str, uri: Text) -> ProcessingInput:
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=uri,
            local_path=f"{PROCESSING}/input/{name}",
            s3_data_type="S3Prefix",
            s3_input_mode="File",
            s3_data_distribution_type="FullyReplicated",
        ),
    )


def _output(name: str, uri: Text) -> ProcessingOutput:
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(s3_uri=uri, local_path=f"{PROCESSING}/output/{name}", s3_upload_mode="EndOfJob"),
    )
