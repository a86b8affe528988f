"""SeZM with a property head: each atom has a share in a sum or mean (sezm.md 3.16).

There is no energy here, so nothing to export or to run in a calculator. In Python::

    model = read_checkpoint("model.ckpt.pt")
    per_atom = model(atomic_numbers, batch, natoms, edge_index, edge_vec)  # [N, task_dim]
    value = model.of_systems(per_atom, atomic_numbers, batch, natoms)      # [B, task_dim]

with the graph of the structures as :meth:`SeZMProperty.forward` describes it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..segments import segment_sum
from .backbone import SeZMBackbone
from .conditioning import check_conditioning
from .config import SeZMConfig
from .parts import glu_width
from .property_net import ResidualFittingNet


class SeZMProperty(SeZMBackbone):
    """A property of each atom of a SeZM/DPA4 model.

    Args:
        config: a supported configuration whose head is "property".
        dtype: of parameters and edge vectors; the trained precision if None.

    Attributes:
        property_name: as in the training input.
        task_dim: numbers that make up the property.
        intensive: whether a system's value is the mean over its atoms; else it is their sum.
    """

    forces_kind = "none"

    def __init__(self, config: SeZMConfig, dtype: torch.dtype | None = None) -> None:
        super().__init__(config, dtype)
        options = config.fitting
        width = config.descriptor["channels"] + self.fitting_inputs.width
        self.property_name = str(options["property_name"])
        self.task_dim = int(options["task_dim"])
        self.intensive = bool(options["intensive"])
        self.fitting = ResidualFittingNet(
            width,
            [neurons or glu_width(width) for neurons in options["neuron"]],
            self.task_dim,
            activation_function=options["activation_function"],
            resnet_dt=options["resnet_dt"],
            dtype=self.network_dtype,
        )
        n_types = len(config.type_map)
        table = torch.zeros(n_types + 1, self.task_dim, dtype=torch.float64)
        self.register_buffer("property_scale", table)
        self.register_buffer("property_bias", table.clone())
        counts = self.has_energy.clone()
        counts[n_types] = 0.0  # padding
        self.register_buffer("counts", counts, persistent=False)

    def forward(
        self,
        atomic_numbers: Tensor,
        batch: Tensor,
        natoms: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        *,
        charge_spin: Tensor | None = None,
        fparam: Tensor | None = None,
        aparam: Tensor | None = None,
    ) -> Tensor:
        """Share of each atom in the property.

        Args:
            atomic_numbers: [N] int64; 0 for padding atoms, whose share is 0. Unknown elements give
                NaN.
            batch: [N] int64, system of each atom; 0 for padding atoms.
            natoms: [B] int64, unused.
            edge_index: [2, E] int64, row 0 source, row 1 target; both directions of each pair.
            edge_vec: [E, 3] = pos[source] - pos[target] + shift, in the model's dtype.
            charge_spin: [B, 2] total charge (e) and spin, if ``conditioning`` has it.
            fparam: [B, K], likewise.
            aparam: [N, K], likewise.

        Returns:
            [N, task_dim] float64, in the units of the training data.

        Raises:
            ValueError: an input of ``conditioning`` is missing, or one that it has not is given.
        """
        given = {"charge_spin": charge_spin, "fparam": fparam, "aparam": aparam}
        check_conditioning(self.conditioning, given)
        types = self.type_of_element.index_select(0, atomic_numbers)
        rows = self.rows_of(types, edge_index, edge_vec)
        scalars = self.descriptor(types, rows, batch, charge_spin)
        value = self.from_scalars(scalars, batch, fparam, aparam)
        value = value * self.property_scale.index_select(0, types)
        value = value + self.property_bias.index_select(0, types)
        value = value * self.counts.index_select(0, types).unsqueeze(1)
        return value + self.unknown_element.index_select(0, atomic_numbers).unsqueeze(1)

    def of_systems(
        self, per_atom: Tensor, atomic_numbers: Tensor, batch: Tensor, natoms: Tensor
    ) -> Tensor:
        """The property of each system.

        Args:
            per_atom: [N, task_dim], result of :meth:`forward`.
            atomic_numbers: [N] int64, 0 for padding atoms.
            batch: [N] int64, system of each atom.
            natoms: [B] int64; only its size matters.

        Returns:
            [B, task_dim] float64: sum over the atoms, or mean over those that count - neither
            padding nor of an excluded type - where the property is intensive.
        """
        total = segment_sum(per_atom, batch, natoms.shape[0])
        if not self.intensive:
            return total
        types = self.type_of_element.index_select(0, atomic_numbers)
        counted = self.counts.index_select(0, types).unsqueeze(1)  # [N, 1]
        return total / segment_sum(counted, batch, natoms.shape[0])
