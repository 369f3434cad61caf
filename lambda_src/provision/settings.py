"""What the stack tells this function, read once."""

import functools
import os

from contracts.provisioning_config import VARIABLE, ProvisioningConfig, decode


@functools.cache
def config() -> ProvisioningConfig:
    """Return the provisioning settings of the stack."""
    return decode(os.environ[VARIABLE])
