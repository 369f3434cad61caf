"""Instance families with local NVMe storage: SageMaker refuses a volume key there, because the disk encrypts itself.

Source: `VolumeKmsKeyId` in the CreateTrainingJob reference, and the instance-store column of the EC2 instance types.
"""

LOCAL_NVME_FAMILIES = (
    "c5d", "c6gd", "c6id", "c7gd", "c8gd",
    "g4dn", "g5", "g6", "g6e", "g7e", "gr6",
    "i3", "i3en", "i4i", "i7i", "i7ie",
    "m5d", "m6gd", "m6id", "m6idn", "m7gd", "m8gd",
    "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200",
    "r5d", "r6gd", "r6id", "r6idn", "r7gd", "r8gd",
    "trn1", "trn1n", "trn2",
)  # fmt: skip


def has_local_nvme(instance_type: str) -> bool:
    """Whether an instance type, such as `ml.g5.xlarge`, carries local NVMe storage."""
    return instance_type.removeprefix("ml.").split(".")[0] in LOCAL_NVME_FAMILIES
