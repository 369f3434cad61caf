"""A classifier on tabular data: preprocess, train, evaluate, and register what passes the gate.

A new model on another table needs no new module: a config entry that names its data schema. To write another kind of
pipeline, copy this file; `jobs.py` has the jobs, already in the VPC, on the key, tagged and
retried, and `release.py` the gate and the registration.
"""

from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.pipeline import Pipeline

from contracts.version_metadata import CODE_HASH, DATA_MANIFEST, ENVIRONMENT, PIPELINE_RUN
from pipeline_defs.code import bundles, code_hash, schema
from pipeline_defs.jobs import CACHE, Jobs, output_of, sklearn_image, under
from pipeline_defs.release import gate, register
from pipeline_defs.settings import PipelineSettings

MAX_ITERATIONS = 200
LEARNING_RATE = 0.1


def build(settings: PipelineSettings, session: PipelineSession) -> Pipeline:
    """Put the pipeline together. What a run may change is a parameter; gate and approval status are not."""
    code, contract = bundles(), schema(settings.data_schema)
    jobs = Jobs(settings=settings, session=session, code=code)
    fixed = dict(settings.hyperparameters)
    input_data_uri = ParameterString("InputDataUri", default_value=settings.input_data_uri)
    max_iterations = ParameterInteger("MaxIterations", int(fixed.pop("max_iterations", MAX_ITERATIONS)))
    learning_rate = ParameterFloat("LearningRate", float(fixed.pop("learning_rate", LEARNING_RATE)))

    # Reads the data by object version and writes down which: its input may change, so it is never cached.
    preprocess = jobs.processing(
        "Preprocess",
        script="preprocess",
        image=sklearn_image(settings.region, "1.2-1"),
        instance=settings.preprocessing_instance,
        arguments=["--input-data-uri", input_data_uri],
        inputs={"schema": jobs.published(contract)},
        outputs=["train", "validation", "test", "features", "manifest"],
    )

    train = jobs.training(
        "Train",
        script="train",
        channels={name: output_of(preprocess, name) for name in ("train", "validation", "features")},
        hyperparameters={
            **fixed,
            "max_iterations": max_iterations.to_string(),
            "learning_rate": learning_rate.to_string(),
        },
        cache=CACHE,
    )
    model_data = train.properties.ModelArtifacts.S3ModelArtifacts

    # Runs in the image that trained the model, so that the model loads.
    report = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")
    evaluate = jobs.processing(
        "Evaluate",
        script="evaluate",
        image=settings.training_image,
        instance=settings.evaluation_instance,
        inputs={"model": model_data, "test": output_of(preprocess, "test")},
        outputs=["evaluation"],
        property_files=[report],
        cache=CACHE,
        network_isolation=True,
    )

    version = register(
        "RegisterModel",
        settings=settings,
        session=session,
        model_data=model_data,
        statistics_uri=under(output_of(evaluate, "evaluation"), "statistics.json"),
        metadata={
            ENVIRONMENT: settings.environment,
            CODE_HASH: code_hash(*code.values(), contract),
            DATA_MANIFEST: under(output_of(preprocess, "manifest"), "manifest.json"),
            PIPELINE_RUN: ExecutionVariables.PIPELINE_EXECUTION_ARN,
        },
    )
    check = gate("CheckAccuracy", settings=settings, report=report, of=evaluate, passed=[version])

    return Pipeline(
        name=settings.pipeline_name,
        parameters=[input_data_uri, max_iterations, learning_rate],
        steps=[preprocess, train, evaluate, check],
        pipeline_experiment_config=None,
        sagemaker_session=session,
    )
