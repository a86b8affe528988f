"""The one exception that users meet: a sentence with the value, the limit and the remedy."""


class SezmError(ValueError):
    """Bad input, found before anything was computed or written.

    The command line prints its text as one line and exits with code 2.
    """


class SezmWarning(UserWarning):
    """What a user should know of, and can do something about, though the work goes on."""
