"""The platform as a Pulumi program: settings, definitions, provider and tags, components, exports."""

import gc
from pathlib import Path

from components.model_settings import pipeline_settings
from pipeline_defs.composer import Composer
from pipeline_defs.errors import DefinitionError
from settings import settings_from_pulumi

# A short life on objects that live to its end: the collector would walk the provider's types again and again, for half
# of the program's time, and free next to nothing.
gc.disable()

settings = settings_from_pulumi()
# Started before the AWS provider is imported below, so that the SageMaker SDK loads beside it in its own process.
composer = Composer.start(
    [pipeline_settings(settings, model) for model in settings.models],
    cache_folder=Path(__file__).parent / ".mlops" / "cache" / "definitions",
)

import pulumi  # noqa: E402

from components.platform import Platform, PlatformArgs  # noqa: E402
from components.tags import stack_tags  # noqa: E402
from wiring import providers, short_source_positions, tag_everything  # noqa: E402

# All definitions are checked before the first resource is registered: a broken one leaves nothing half done.
try:
    definitions = {model: composer.definition(model) for model in settings.models}
except DefinitionError as error:
    raise pulumi.RunError(str(error)) from error  # the engine prints it without a trace
finally:
    composer.close()

tag_everything(stack_tags(settings))
with short_source_positions():
    platform = Platform(
        "platform",
        PlatformArgs(settings=settings, definitions=definitions),
        opts=pulumi.ResourceOptions(providers=providers(settings)),
    )

pulumi.export("vpc_id", platform.network.vpc_id)
pulumi.export("data_bucket", platform.data_bucket)
pulumi.export("artifact_bucket", platform.artifact_bucket)
pulumi.export("alert_topic_arn", platform.alert_topic_arn)
pulumi.export("pipelines", {model: pipeline.pipeline_name for model, pipeline in platform.pipelines.items()})
pulumi.export(
    "model_package_groups", {model: pipeline.model_package_group for model, pipeline in platform.pipelines.items()}
)
