"""Keys of a model version's customer metadata: who writes each, and where it is read.

The registry keeps what a pipeline, promotion and delivery note on a version. Each key is named here only, so that the
one who writes it and the one who reads it cannot disagree. `pipeline_defs` writes the first group at registration.
"""

ENVIRONMENT = "environment"
"""Environment in whose registry the version lies."""
CODE_HASH = "code_hash"
"""Digest of the step scripts and the schema that made it."""
DATA_MANIFEST = "data_manifest"
"""URI of the list of objects, by version, that it was trained on."""
PIPELINE_RUN = "pipeline_execution_arn"
"""ARN of the run that registered it."""
OF_PIPELINE = (ENVIRONMENT, CODE_HASH, DATA_MANIFEST, PIPELINE_RUN)

SOURCE_PREFIX = "source_"
"""What promotion notes on its copy; a copy of a copy starts anew."""
SOURCE_VERSION = "source_version"
"""ARN of the version that it was copied from."""
SOURCE_ENVIRONMENT = "source_environment"
SOURCE_RUN = "source_pipeline_run"
"""ARN of the run that made the version that it was copied from."""
SOURCE_APPROVED_BY = "source_approved_by"
SOURCE_APPROVED_AT = "source_approved_at"
OF_PROMOTION = (SOURCE_VERSION, SOURCE_ENVIRONMENT, SOURCE_RUN, SOURCE_APPROVED_BY, SOURCE_APPROVED_AT)

APPROVED_BY = "approved_by"
"""Who approved it here: written once by delivery, before a write of its own hides the person."""
DELIVERY_PREFIX = "delivery_"
"""What became of it here, which says nothing about its copies."""
DELIVERY_REQUESTED_BY = "delivery_requested_by"
DELIVERY_STATE = "delivery_state"
"""As `contracts.desired_state.State`."""
DELIVERY_DETAIL = "delivery_detail"
DELIVERY_CONFIG = "delivery_endpoint_config"
OF_DELIVERY = (APPROVED_BY, DELIVERY_REQUESTED_BY, DELIVERY_STATE, DELIVERY_DETAIL, DELIVERY_CONFIG)

KNOWN = (*OF_PIPELINE, *OF_PROMOTION, *OF_DELIVERY)
"""Every key that the platform writes; others are people's own."""
