"""Libraries of kernels that ``make cpp`` builds."""

from __future__ import annotations

import pytest

KERNELS = "libsezm_kernels.so"
"""For this processor."""

WIDE_KERNELS = "libsezm_kernels_wide.so"
"""The same with vectors as long as those of AVX-512, whatever the processor has; slow."""

with_all_lengths_of_vectors = pytest.mark.parametrize(
    "kernels", [KERNELS, WIDE_KERNELS], ids=["own", "wide"], indirect=True
)
