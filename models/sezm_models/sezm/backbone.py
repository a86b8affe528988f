"""What the models of this family share: elements, exclusions, and the descriptor of each atom."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..elements import ATOMIC_NUMBERS, N_ELEMENTS
from ..graph_sizes import SAME_AS_INPUT
from ..neighbor_rows import NeighborRows, neighbor_rows
from .conditioning import conditioning_defaults, conditioning_widths
from .config import SeZMConfig
from .descriptor import SeZMDescriptor
from .fitting_inputs import FittingInputs
from .precision import COMPUTE_DTYPE
from .summary import summary


class SeZMBackbone(nn.Module):
    """A molecular graph up to the descriptor; heads are built on top of it.

    Args:
        config: a supported configuration.
        dtype: of parameters and edge vectors; the trained precision if None, half precision
            promoted to float32.
        vectors: whether the head reads more than scalars from the node features.

    Attributes:
        conditioning: inputs beside the structure, name -> width, in the order of files.
        graph_sizes: of the graph that the descriptor sees.
        max_neighbors: most neighbours of an atom; None if every atom within the cutoff is seen.
    """

    family = "sezm"
    graph_sizes = SAME_AS_INPUT
    whole_system = False
    max_neighbors: int | None = None

    def __init__(
        self, config: SeZMConfig, dtype: torch.dtype | None = None, *, vectors: bool = False
    ) -> None:
        super().__init__()
        options = config.descriptor
        self.config = config
        self.dtype = dtype or COMPUTE_DTYPE[options["precision"]]
        self.network_dtype = dtype or COMPUTE_DTYPE[config.fitting["precision"]]
        self.elements = config.type_map
        self.cutoff = float(options["rcut"])
        self.message_passing_steps = config.message_passing_steps
        self.conditioning = conditioning_widths(config)
        self.descriptor = SeZMDescriptor(config, self.dtype, vectors)
        self.fitting_inputs = FittingInputs(config, self.network_dtype)
        self._element_tables()
        self._exclusion_tables()

    @property
    def configuration(self) -> dict[str, Any]:
        """For the metadata of exported files."""
        return self.config.as_dict()

    @property
    def conditioning_values(self) -> dict[str, tuple[float, ...]]:
        """Extra inputs that take a few values only: none."""
        return {}

    @property
    def summary(self) -> dict[str, Any]:
        """What the model is to its users."""
        return summary(self.config)

    @property
    def conditioning_defaults(self) -> dict[str, tuple[float, ...]]:
        """What stands for an input that the user leaves out."""
        return conditioning_defaults(self.config, self.fitting_inputs.default_fparam_tensor)

    def from_scalars(
        self, scalars: Tensor, batch: Tensor, fparam: Tensor | None, aparam: Tensor | None
    ) -> Tensor:
        """The fitting network's result for scalar features [N, C]."""
        inputs = self.fitting_inputs
        return self.fitting(scalars, inputs(batch, fparam, aparam), inputs.case_embd)

    def rows_of(
        self, types: Tensor, edge_index: Tensor, edge_vec: Tensor, n_own: int | None = None
    ) -> NeighborRows:
        """Neighbours of atoms of types [N], without excluded pairs; of the first ``n_own``."""
        if self.config.excluded_pairs:
            edge_vec = self._without_excluded(types, edge_index, edge_vec)
        return neighbor_rows(edge_index, edge_vec, types.shape[0], self.cutoff, n_own)

    def _without_excluded(self, types: Tensor, edge_index: Tensor, edge_vec: Tensor) -> Tensor:
        """Edge vectors, those between types that do not see each other beyond the cutoff."""
        source, target = types.index_select(0, edge_index[0]), types.index_select(0, edge_index[1])
        excluded = self.pair_excluded.index_select(0, source * (len(self.elements) + 1) + target)
        beyond = torch.full_like(edge_vec, 2.0 * self.cutoff)
        return torch.where(excluded.unsqueeze(1), beyond, edge_vec)

    def _element_tables(self) -> None:
        """Type and NaN flag of each atomic number; padding (0) has the type after the last."""
        padding_type = len(self.elements)
        types = torch.full((N_ELEMENTS + 1,), padding_type)
        unknown = torch.full((N_ELEMENTS + 1,), float("nan"), dtype=torch.float64)
        unknown[0] = 0.0
        numbers = [ATOMIC_NUMBERS[symbol] for symbol in self.elements]
        # Of two types of one element the first is that of its atoms (see deepspin.py).
        for index, number in reversed(list(enumerate(numbers))):
            types[number] = index
            unknown[number] = 0.0
        self.register_buffer("type_of_element", types, persistent=False)
        self.register_buffer("unknown_element", unknown, persistent=False)

    def _exclusion_tables(self) -> None:
        """Which pairs of types do not see each other, and which types count in the output."""
        n_types = len(self.elements) + 1
        excluded = torch.zeros(n_types, n_types, dtype=torch.bool)
        for a, b in self.config.excluded_pairs:
            excluded[a, b] = excluded[b, a] = True
        has_energy = torch.ones(n_types, dtype=torch.float64)
        has_energy[list(self.config.excluded_types)] = 0.0
        self.register_buffer("pair_excluded", excluded.flatten(), persistent=False)
        self.register_buffer("has_energy", has_energy, persistent=False)
