"""The error of this package."""


class CheckpointError(ValueError):
    """A checkpoint cannot be read; the text names the key or option, what was found and expected."""
