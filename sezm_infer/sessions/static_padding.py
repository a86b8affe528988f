"""Static-size files behave like dynamic ones: inputs are padded, outputs cut.

The padding is that of ``export/FORMAT.md``: atoms of element 0 with mask 0, and edges from atom 0
to itself beyond the cutoff, both of which contribute exactly nothing; parameters and spins of
padding atoms, and Wigner matrices of padding edges, are zero.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..contract import (
    ATOM_VIRIAL,
    CONDITIONING_AXES,
    MAGNETIC_FORCES,
    OUTPUTS,
    PADDING_ATOMIC_NUMBER,
)
from ..errors import SezmError
from ..metadata import StaticSizes
from .protocol import Session

PADDING_EDGE_CUTOFFS = 2.0
"""Length of a padding edge in units of the cutoff."""

PER_ATOM_OUTPUTS = {
    spec.name for spec in (*OUTPUTS, MAGNETIC_FORCES, ATOM_VIRIAL) if spec.shape[0] == "N"
}


class StaticPaddingSession:
    """Wraps the session of a static-size file so that it takes any system that fits.

    Args:
        session: whose ``metadata.static_sizes`` is not None.
    """

    def __init__(self, session: Session) -> None:
        sizes = session.metadata.static_sizes
        assert sizes is not None, "a dynamic file needs no padding"
        self.metadata = session.metadata
        self._session = session
        self._sizes = sizes

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :class:`~sezm_infer.sessions.protocol.Session`.

        Raises:
            SezmError: more atoms, edges or systems than the file was exported for.
        """
        n_atoms = len(inputs["pos"])
        _check_fits(inputs, self._sizes)
        padded = pad_inputs(inputs, self._sizes, self.metadata.cutoff)
        outputs = self._session.run(padded)
        return {
            name: array[:n_atoms] if name in PER_ATOM_OUTPUTS else array
            for name, array in outputs.items()
        }


def _check_fits(inputs: Mapping[str, np.ndarray], sizes: StaticSizes) -> None:
    found = {
        "systems": (len(inputs["natoms"]), sizes.systems),
        "atoms": (len(inputs["pos"]), sizes.atoms),
        "edges": (inputs["edge_index"].shape[1], sizes.edges),
    }
    for name, (count, limit) in found.items():
        if name == "systems" and count != limit:
            raise SezmError(
                f"{count} systems in one call, but this static file takes {limit}; evaluate them "
                "one by one, or export without --static."
            )
        if count > limit:
            raise SezmError(
                f"{count} {name}, but this static file takes at most {limit}; export with a larger "
                "--static N,E, or without --static for any size."
            )


def pad_inputs(
    inputs: Mapping[str, np.ndarray], sizes: StaticSizes, cutoff: float
) -> dict[str, np.ndarray]:
    """Copies of the inputs with N and E raised to the file's sizes; those of systems stay."""
    n_atoms, n_edges = sizes.atoms, sizes.edges
    real = inputs["pos"].dtype
    lengths = {"N": n_atoms, "E": n_edges}
    far = PADDING_EDGE_CUTOFFS * cutoff
    edge_index = np.zeros((2, n_edges), np.int64)
    edge_index[:, : inputs["edge_index"].shape[1]] = inputs["edge_index"]
    return {
        "pos": _extended(inputs["pos"], n_atoms, np.zeros(3, real)),
        "atomic_numbers": _extended(inputs["atomic_numbers"], n_atoms, PADDING_ATOMIC_NUMBER),
        "batch": _extended(inputs["batch"], n_atoms, 0),
        "natoms": inputs["natoms"],
        "edge_index": edge_index,
        "edge_distance": _extended(inputs["edge_distance"], n_edges, far),
        "edge_vec": _extended(inputs["edge_vec"], n_edges, np.array([far, 0.0, 0.0], real)),
        "atom_mask": _extended(inputs["atom_mask"], n_atoms, 0),
        **{
            name: _extended(inputs[name], lengths[axis], 0) if axis in lengths else inputs[name]
            for name, axis in CONDITIONING_AXES.items()
            if name in inputs
        },
    }


def _extended(array: np.ndarray, length: int, filling: float | np.ndarray) -> np.ndarray:
    longer = np.empty((length, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    longer[len(array) :] = filling
    return longer
