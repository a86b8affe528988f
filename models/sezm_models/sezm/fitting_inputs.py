"""What the fitting network sees beside the descriptor (sezm.md 3.11)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .conditioning import conditioning_widths
from .config import SeZMConfig
from .linear import weight_parameter


class FittingInputs(nn.Module):
    """Frame parameters, atomic parameters and the branch's case embedding; keys as in the file.

    Attributes:
        width: of what is concatenated to the descriptor.
        case_embd: [dim_case_embd] constant of the branch of a multitask model, or None.
        default_fparam_tensor: frame parameters of those who give none, or None.
    """

    def __init__(self, config: SeZMConfig, dtype: torch.dtype) -> None:
        super().__init__()
        options, widths = config.fitting, conditioning_widths(config)
        frame, atomic = widths.get("fparam", 0), widths.get("aparam", 0)
        cases = options["dim_case_embd"]
        self.concatenates_case = cases > 0 and not options["case_film_embd"]
        self.width = frame + atomic + (cases if self.concatenates_case else 0)

        def statistics(size: int) -> nn.Parameter | None:
            return weight_parameter(size, dtype=dtype) if size > 0 else None

        self.fparam_avg, self.fparam_inv_std = statistics(frame), statistics(frame)
        self.aparam_avg, self.aparam_inv_std = statistics(atomic), statistics(atomic)
        self.case_embd = statistics(cases)
        self.default_fparam_tensor = statistics(0 if options["default_fparam"] is None else frame)

    def forward(self, batch: Tensor, fparam: Tensor | None, aparam: Tensor | None) -> Tensor | None:
        """What is concatenated to each atom's descriptor.

        Args:
            batch: [N] int64, system of each atom.
            fparam: [B, K] as given by the user, or None.
            aparam: [N, K] as given by the user, or None.

        Returns:
            [N, width], or None if there is nothing.
        """
        parts = []
        if fparam is not None:
            scaled = (fparam.to(self.fparam_avg.dtype) - self.fparam_avg) * self.fparam_inv_std
            parts.append(scaled.index_select(0, batch))
        if aparam is not None:
            parts.append((aparam.to(self.aparam_avg.dtype) - self.aparam_avg) * self.aparam_inv_std)
        if self.concatenates_case:
            parts.append(self.case_embd.unsqueeze(0).expand(batch.shape[0], -1))
        return torch.cat(parts, 1) if parts else None
