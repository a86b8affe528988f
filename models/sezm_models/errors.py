"""The error of this package."""


class CheckpointError(ValueError):
    """A checkpoint cannot be read; the text says what was found and what was expected."""
