"""A model as its file is asked to be: other forces, other inputs, where the family has them."""

from __future__ import annotations

from collections.abc import Callable

from sezm_models import CheckpointError

from sezm_infer.errors import SezmError

from .flat_function import EnergyModel

WIGNER = ("input",)
FORCES = ("conservative", "direct")


def variant_of(
    model: EnergyModel, *, wigner: str | None = None, forces: str | None = None
) -> EnergyModel:
    """The model with what is asked for.

    A family that has variants gives its models a method ``variant(forces_kind, wigner_input=...)``.

    Args:
        model: as its checkpoint is read.
        wigner: "input" if the Wigner matrices of edges are to be an input; None if not.
        forces: "conservative" or "direct"; None for the model's own.

    Raises:
        SezmError: the family has no such variant.
    """
    for name, value, known in (("wigner", wigner, WIGNER), ("forces", forces, FORCES)):
        if value is not None and value not in known:
            raise SezmError(f"{name} {value!r} is unknown; use {' or '.join(map(repr, known))}.")
    if wigner is None and forces in (None, model.forces_kind):
        return model
    make: Callable[..., EnergyModel] | None = getattr(model, "variant", None)
    if make is None and wigner is not None:
        raise SezmError(
            f"models of the family {model.family!r} take no Wigner matrices; export without "
            "--wigner input."
        )
    if make is None:
        raise SezmError(
            f"models of the family {model.family!r} have {model.forces_kind} forces alone; export "
            f"without --forces {forces}."
        )
    try:
        return make(forces, wigner_input=wigner is not None)
    except CheckpointError as error:
        raise SezmError(f"{error}.") from error
