"""What SageMaker says of a thing that may be gone."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from operations.errors import is_missing, told
from operations.session import Access


def description_of(access: Access, operation: str, **request: object) -> Mapping[str, Any] | None:
    """Return the answer of a describe call, None where what is named is gone."""
    with told(f"{operation.replace('_', ' ')} {next(iter(request.values()))}"):
        try:
            found: Mapping[str, Any] = getattr(access.client("sagemaker"), operation)(**request)
        except ClientError as error:
            if is_missing(error):
                return None
            raise
    return found
