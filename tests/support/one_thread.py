"""The fixture that gives each test one thread, for the conftest of each folder of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Torch's number of threads is one for the whole process: sessions that raise it would slow the
    tests that follow, since workers are as many as cores; they wait for each other by spinning."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
