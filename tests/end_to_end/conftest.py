"""Of all tests in this folder."""

from exported_files import exported  # noqa: F401
from one_thread import one_thread  # noqa: F401
from page_code import page_folder  # noqa: F401
