"""The jobs of a pipeline: in the platform's subnets, on its key, without network access, tagged and retried."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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

from training.settings import Settings

Text = str | PipelineVariable
"""A literal, or a value that is known when the pipeline runs."""

PROCESSING = "/opt/ml/processing"
CACHE = CacheConfig(enable_caching=True, expire_after="P30D")
"""For steps whose every input is immutable."""
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


class CommandTrainer(ModelTrainer):
    """A ModelTrainer that runs a script of a channel.

    The SDK's own way, `source_code`, uploads files under a timestamp: another definition each second, and no cache.
    """

    arguments: list[str]

    def _create_training_job_args(self, *args: object, **kwargs: object) -> dict[str, Any]:
        request = super()._create_training_job_args(*args, **kwargs)
        request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["python3"]
        request["AlgorithmSpecification"]["ContainerArguments"] = self.arguments
        return request


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Builds the job steps of the pipeline."""

    settings: Settings
    session: PipelineSession
    image: str
    code_uri: str
    """Where the step scripts lie; the key carries their hash."""
    instance: str
    volume_gb: int = 30
    max_runtime_seconds: int = 3600

    def result_uri(self, *parts: str) -> Join:
        """S3 URI that no other run shares."""
        base = f"{self.settings.base_uri}/runs"
        return Join(on="/", values=[base, ExecutionVariables.PIPELINE_EXECUTION_ID, *parts])

    def processing(
        self,
        step: str,
        *,
        script: str,
        inputs: Mapping[str, Text],
        outputs: Iterable[str],
        property_files: Iterable[PropertyFile] = (),
        cache: CacheConfig | None = None,
    ) -> ProcessingStep:
        """Build a processing job of a script. Inputs and outputs are folders below /opt/ml/processing."""
        settings = self.settings
        processor = Processor(
            role=settings.processing_role_arn,
            image_uri=self.image,
            instance_count=1,
            instance_type=self.instance,
            entrypoint=["python3", f"{PROCESSING}/input/code/{script}"],
            volume_size_in_gb=self.volume_gb,
            volume_kms_key=settings.key_arn,
            output_kms_key=settings.key_arn,
            max_runtime_in_seconds=self.max_runtime_seconds,
            tags=[{"Key": key, "Value": value} for key, value in self._tags.items()],
            network_config=NetworkConfig(
                subnets=list(settings.subnet_ids),
                security_group_ids=list(settings.security_group_ids),
                encrypt_inter_container_traffic=True,
                enable_network_isolation=True,
            ),
            sagemaker_session=self.session,
        )
        arguments = processor.run(
            inputs=[_input(name, uri) for name, uri in {"code": self.code_uri, **inputs}.items()],
            outputs=[_output(name, self.result_uri(step.lower(), name)) for name in outputs],
        )
        return ProcessingStep(
            name=step,
            step_args=arguments,
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
        """Build a training job of a script. Each channel is a folder of its name below /opt/ml/input/data."""
        settings = self.settings
        trainer = CommandTrainer(
            role=settings.training_role_arn,
            training_image=self.image,
            arguments=[f"/opt/ml/input/data/code/{script}"],
            base_job_name=step,
            compute=Compute(
                instance_type=self.instance,
                instance_count=1,
                volume_size_in_gb=self.volume_gb,
                volume_kms_key_id=settings.key_arn,
            ),
            networking=Networking(
                subnets=list(settings.subnet_ids),
                security_group_ids=list(settings.security_group_ids),
                enable_inter_container_traffic_encryption=True,
                enable_network_isolation=True,
            ),
            stopping_condition=StoppingCondition(max_runtime_in_seconds=self.max_runtime_seconds),
            output_data_config=OutputDataConfig(
                s3_output_path=self.result_uri(step.lower()), kms_key_id=settings.key_arn
            ),
            hyperparameters=dict(hyperparameters),
            tags=[Tag(key=key, value=value) for key, value in self._tags.items()],
            sagemaker_session=self.session,
        )
        sources = {**channels, "code": self.code_uri}
        arguments = trainer.train(
            input_data_config=[InputData(channel_name=name, data_source=uri) for name, uri in sources.items()]
        )
        return TrainingStep(
            name=step, step_args=arguments, cache_config=cache, retry_policies=[SERVICE_RETRY, CAPACITY_RETRY]
        )

    @property
    def _tags(self) -> dict[str, str]:
        return {"environment": self.settings.environment, "project": self.settings.project}


def output_of(step: ProcessingStep, name: str) -> Text:
    """Where the step's output really lies: after a cache hit that is under an older run."""
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


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
