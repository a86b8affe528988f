"""Of all tests in this folder."""

from one_thread import one_thread  # noqa: F401
