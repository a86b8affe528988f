"""Scales and shifts of the fitting network, by branch of a multitask model (sezm.md 3.11)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .activation import activation_by_name
from .linear import weight_parameter
from .radial import MLPLayer


class Modulation(NamedTuple):
    """x -> x * scale + shift, both [1, width]."""

    scale: Tensor
    shift: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """[N, width] -> same."""
        return x * self.scale + self.shift


class CaseFiLM(nn.Module):
    """One modulation for each stage of the fitting network, from the case embedding alone.

    Args:
        n_cases: width of the case embedding.
        widths: of the stages: the descriptor, then every hidden layer.
        activation_function: of the hidden layer.
        dtype: of all parameters.
    """

    def __init__(
        self, n_cases: int, widths: list[int], *, activation_function: str, dtype: torch.dtype
    ) -> None:
        super().__init__()
        hidden, code = 32 * -(-4 * n_cases // 32), 4 * widths[0]
        self.case_layer1 = MLPLayer(n_cases, hidden, dtype=dtype)
        self.case_layer2 = MLPLayer(hidden, code, dtype=dtype)
        self.projectors = nn.ParameterList(
            weight_parameter(code, 2 * width, dtype=dtype) for width in widths
        )
        self.adam_case_film_scale_strength_log = weight_parameter(len(widths), dtype=dtype)
        self.adam_case_film_shift_strength_log = weight_parameter(len(widths), dtype=dtype)
        self.activation = activation_by_name(activation_function)

    def forward(self, case: Tensor) -> list[Modulation]:
        """[n_cases] -> one per stage."""
        code = self.case_layer2(self.activation(self.case_layer1(case.unsqueeze(0))))
        scale_strength = torch.exp(self.adam_case_film_scale_strength_log)
        shift_strength = torch.exp(self.adam_case_film_shift_strength_log)
        stages = []
        for stage, projector in enumerate(self.projectors):
            scale, shift = torch.tanh(code @ projector).chunk(2, 1)
            stages.append(
                Modulation(1.0 + scale_strength[stage] * scale, shift_strength[stage] * shift)
            )
        return stages
