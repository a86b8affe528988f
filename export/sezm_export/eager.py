"""A checkpoint as a session: the model itself, operator by operator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from sezm_infer.errors import SezmError
from sezm_infer.files import file_digest
from sezm_infer.sessions.device import check_threads, parse_device

from .describe import describe
from .flat_function import EnergyModel, flat_outputs
from .load import load_model


class EagerSession:
    """A checkpoint, evaluated by PyTorch.

    Args:
        path: of the checkpoint.
        device: "cpu", "cuda" or "cuda:N".
        threads: threads within an operator, for the whole process; None leaves PyTorch's own.
        dtype: "float32" or "float64"; None for the checkpoint's own.
        head: branch of a multitask checkpoint.
        ema: take the averaged weights that the checkpoint carries beside its own.

    Raises:
        SezmError: not a checkpoint that can be evaluated, or the device is not available.
    """

    def __init__(
        self,
        path: str | Path,
        device: str = "cpu",
        threads: int | None = None,
        dtype: str | None = None,
        head: str | None = None,
        ema: bool = False,
    ) -> None:
        path = Path(path)
        self._prepare(load_model(path, dtype, head, ema), file_digest(path), device, threads, False)

    @classmethod
    def from_model(
        cls,
        model: EnergyModel,
        sha256: str = "",
        *,
        device: str = "cpu",
        threads: int | None = None,
        atom_virial: bool = False,
    ) -> EagerSession:
        """A session of a model that is loaded already.

        Args:
            model: what to evaluate.
            sha256: digest of its checkpoint file, for the metadata.
            device: see the class.
            threads: see the class.
            atom_virial: also give the virial of each atom.
        """
        session = cls.__new__(cls)
        session._prepare(model, sha256, device, threads, atom_virial)
        return session

    def _prepare(
        self,
        model: EnergyModel,
        sha256: str,
        device: str,
        threads: int | None,
        atom_virial: bool,
    ) -> None:
        check_threads(threads)
        kind, _ = parse_device(device)
        if kind == "cuda" and not torch.cuda.is_available():
            raise SezmError(f"device {device!r}: torch finds no CUDA device here; use 'cpu'.")
        if threads is not None:
            torch.set_num_threads(threads)
        self._device = device
        self._model = model
        if kind != "cpu":
            self._model.to(device)
        self._atom_virial = atom_virial
        self.metadata = describe(model, sha256, atom_virial=atom_virial)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :class:`~sezm_infer.sessions.protocol.Session`."""
        tensors = (
            torch.from_numpy(np.ascontiguousarray(inputs[spec.name])).to(self._device)
            for spec in self.metadata.inputs
        )
        outputs = flat_outputs(self._model, *tensors, atom_virial=self._atom_virial)
        names = (spec.name for spec in self.metadata.outputs)
        return {name: output.cpu().numpy() for name, output in zip(names, outputs, strict=True)}
