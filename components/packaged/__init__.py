"""The components that other repositories may use, with args that cross Pulumi's component host.

Each is a subclass of the component of the same name: the same type token, children and logical names, so a resource
keeps its URN whichever way it is made. What differs is the args: plain, flat and checked. `package/` hosts them.
"""

from components.packaged.adopted_network import AdoptedNetwork
from components.packaged.alerts import Alerts
from components.packaged.encryption import Encryption
from components.packaged.model_endpoint import ModelEndpoint
from components.packaged.network import Network
from components.packaged.secure_bucket import SecureBucket

NAME = "mlops"
"""Name of the package, and so the first part of every type token."""
VERSION = "0.1.0"
"""Version of the package: that of the project, which a test compares."""
COMPONENTS = (AdoptedNetwork, Alerts, Encryption, ModelEndpoint, Network, SecureBucket)

__all__ = [
    "COMPONENTS",
    "NAME",
    "VERSION",
    "AdoptedNetwork",
    "Alerts",
    "Encryption",
    "ModelEndpoint",
    "Network",
    "SecureBucket",
]
