"""What can go wrong in the store. Callers see these and never an error of a driver."""


class StoreError(Exception):
    """What all errors of the store are."""


class NotThereError(StoreError):
    """Nothing of this name is in the database."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"{what} {name!r}: there is none")
        self.what, self.name = what, name


class DuplicateError(StoreError):
    """It is there already, and may be there once only."""


class CursorError(StoreError, ValueError):
    """A place to go on from that no page gave."""


class StoreDownError(StoreError):
    """The database cannot be reached, or cannot work now. What was not committed did not happen.

    One case is open: where the connection breaks in the very commit, nobody can know which way it went. That is why
    `add`, `end` and `append` can be asked again.
    """


class SchemaError(StoreError):
    """The database was made by another version of the portal, or by something else."""
