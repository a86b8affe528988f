"""The layer: features become square matrices, which are multiplied (fused_tensor.md).

A product of the matrices that stand for two features couples all their degrees at once: O(L^3) per
channel, against O(L^6) for a sum over Clebsch-Gordan coefficients.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import CheckpointError
from .clebsch_gordan import coupling_table

KERNELS = {
    "1": ("kernel_e1", "kernel_o1"),
    "2": ("kernel_e2", "kernel_o2"),
    "out": ("kernel_eee", "kernel_eoo", "kernel_oeo", "kernel_ooe"),
}
"""Parameters by place; of the output's in the order of the parities of the two factors."""


class FusedTensor(nn.Module):
    """Couples two features of degrees up to L1 and L2 to one of degrees up to L3.

    Features have the shape [..., P, (L+1)^2, F]: parity (P = 1: tensors only, even degrees of even
    parity and odd ones of odd parity; P = 2: even, then odd parity), component, channel. The
    eight kernels have the names and shapes of e3x and start at one.

    Args:
        max_degree1: L1.
        max_degree2: L2.
        features: F.
        max_degree: L3, at most L1 + L2; the larger one of L1 and L2 if None.
        include_pseudotensors: the output has P = 2, unless there is nothing to put there: both
            inputs have P = 1 and a degree is 0.
        cartesian_order: components of a degree in the order +l, -l, ..., 0 (degree 1: x, y, z) in
            place of -l .. l.
        dtype: of parameters and inputs.

    Raises:
        CheckpointError: degrees that cannot be coupled.

    Example:
        >>> layer = FusedTensor(max_degree1=1, max_degree2=2, features=8)
        >>> layer(torch.ones(5, 1, 4, 8), torch.ones(5, 1, 9, 8)).shape
        torch.Size([5, 2, 9, 8])
    """

    def __init__(
        self,
        max_degree1: int,
        max_degree2: int,
        features: int,
        max_degree: int | None = None,
        include_pseudotensors: bool = True,
        cartesian_order: bool = True,
        *,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        if max_degree is None:
            max_degree = max(max_degree1, max_degree2)
        _check_degrees(max_degree1, max_degree2, max_degree)
        self.max_degree1, self.max_degree2, self.max_degree = max_degree1, max_degree2, max_degree
        self.features = features
        self.include_pseudotensors = include_pseudotensors
        degrees = {"1": max_degree1, "2": max_degree2, "out": max_degree}
        largest = max(degrees.values())
        table = coupling_table(largest, cartesian_order=cartesian_order)
        self.matrix_size = table.shape[0]
        for place, degree in degrees.items():
            columns = torch.tensor(table[:, :, : (degree + 1) ** 2]).flatten(0, 1)
            of_row = torch.arange(degree + 1).repeat_interleave(2 * torch.arange(degree + 1) + 1)
            parities = torch.stack([1 - of_row % 2, of_row % 2]).unsqueeze(-1)  # [2, rows, 1]
            self.register_buffer(f"table_{place}", columns.to(dtype), persistent=False)
            self.register_buffer(f"degrees_{place}", of_row, persistent=False)
            self.register_buffer(f"parities_{place}", parities.to(dtype), persistent=False)
            for name in KERNELS[place]:
                kernel = torch.ones(degree + 1, features, dtype=dtype)
                self.register_parameter(name, nn.Parameter(kernel, requires_grad=False))

    def forward(self, inputs1: Tensor, inputs2: Tensor) -> Tensor:
        """Couple two features.

        Args:
            inputs1: [..., P1, (L1+1)^2, F].
            inputs2: [..., P2, (L2+1)^2, F], leading axes as above or broadcast against them.

        Returns:
            [..., P3, (L3+1)^2, F].

        Raises:
            CheckpointError: other shapes.
        """
        _check_shape("inputs1", inputs1, self.max_degree1, self.features)
        _check_shape("inputs2", inputs2, self.max_degree2, self.features)
        left = self._matrices(inputs1, "1").unsqueeze(-4)  # [..., 2, 1, F, Q, Q]
        right = self._matrices(inputs2, "2").unsqueeze(-5)  # [..., 1, 2, F, Q, Q]
        coupled = (left @ right).flatten(-2) @ self.table_out  # [..., 2, 2, F, rows]
        kernels = self._kernels("out").unflatten(0, (2, 2))
        coupled = coupled.transpose(-1, -2) * kernels  # [..., 2, 2, rows, F]
        first, second = coupled.unbind(-4)
        even = first.select(-3, 0) + second.select(-3, 1)
        odd = first.select(-3, 1) + second.select(-3, 0)
        both = torch.stack([even, odd], -3)
        if self._has_pseudotensors(inputs1, inputs2):
            return both
        return (both * self.parities_out).sum(-3, keepdim=True)

    def _matrices(self, inputs: Tensor, place: str) -> Tensor:
        """Features -> matrices of their even and odd part, [..., 2, F, Q, Q]."""
        kernels = self._kernels(place)  # [2, rows, F]
        if inputs.shape[-3] == 1:
            kernels = kernels * getattr(self, f"parities_{place}")
        weighted = (inputs * kernels).transpose(-1, -2)
        matrices = weighted @ getattr(self, f"table_{place}").t()
        return matrices.unflatten(-1, (self.matrix_size, self.matrix_size))

    def _kernels(self, place: str) -> Tensor:
        """Kernels of a place, repeated over the components: [kernels, rows, F]."""
        stacked = torch.stack([getattr(self, name) for name in KERNELS[place]])
        return stacked.index_select(1, getattr(self, f"degrees_{place}"))

    def _has_pseudotensors(self, inputs1: Tensor, inputs2: Tensor) -> bool:
        tensors_only = inputs1.shape[-3] == inputs2.shape[-3] == 1
        scalars = 0 in (self.max_degree1, self.max_degree2, self.max_degree)
        return self.include_pseudotensors and not (tensors_only and scalars)


def _check_degrees(max_degree1: int, max_degree2: int, max_degree: int) -> None:
    if min(max_degree1, max_degree2, max_degree) < 0:
        raise CheckpointError(
            f"degrees {max_degree1}, {max_degree2}, {max_degree}: none may be below 0"
        )
    if max_degree > max_degree1 + max_degree2:
        raise CheckpointError(
            f"max_degree {max_degree} is beyond {max_degree1 + max_degree2}, the largest that "
            f"degrees {max_degree1} and {max_degree2} couple to; lower it"
        )


def _check_shape(name: str, inputs: Tensor, degree: int, features: int) -> None:
    rows = (degree + 1) ** 2
    shape = tuple(inputs.shape[-3:])
    if shape not in ((1, rows, features), (2, rows, features)):
        raise CheckpointError(
            f"{name} has shape {list(inputs.shape)}, expected [..., 1 or 2, {rows}, {features}]"
        )
