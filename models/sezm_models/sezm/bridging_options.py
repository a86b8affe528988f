"""Both spellings of ZBL bridging in a training input (sezm.md 1.3).

Three options of the model, or a sum of two models, ``{"type": "linear_ener", "models": [learned,
{"type": "inner_potential", ...}]}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import CheckpointError
from .bridging import BridgingWindow
from .option_types import POSITIVE


def read_bridging(params: Mapping[str, Any]) -> tuple[BridgingWindow | None, Mapping[str, Any]]:
    """The window, if there is one, and the options of the learned part.

    Raises:
        CheckpointError: another sum of models, another potential, radii that make no sense.
    """
    if params.get("type") == "linear_ener":
        learned, inner = _bridged_parts(params)
        outer = {k: v for k, v in params.items() if k not in ("type", "models", "weights")}
        for option in ("pair_exclude_types", "atom_exclude_types"):
            if not outer.get(option):  # the learned part's own, if any
                outer.pop(option, None)
        return _window(inner.get("r_inner", 0.5), inner.get("r_outer", 0.8)), {**learned, **outer}
    method = str(params.get("bridging_method", "none")).lower()
    if method in ("none", ""):
        return None, params
    if method != "zbl":
        raise CheckpointError(f"bridging_method {method!r} is not supported; 'zbl' is")
    inner_and_outer = params.get("bridging_r_inner", 0.5), params.get("bridging_r_outer", 0.8)
    return _window(*inner_and_outer), params


def _bridged_parts(params: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The learned and the analytic part of a model spelt as their sum."""
    models = params.get("models")
    parts = [m for m in models if isinstance(m, Mapping)] if isinstance(models, list) else []
    learned = [part for part in parts if "descriptor" in part]
    inner = [part for part in parts if part.get("type") == "inner_potential"]
    if len(learned) != 1 or len(inner) != 1 or len(models or ()) != 2:
        raise CheckpointError("model type 'linear_ener' is only supported as DPA4 + ZBL bridging")
    if params.get("weights", "sum") != "sum":
        raise CheckpointError(
            f"model option weights = {params['weights']!r} is not supported with ZBL; 'sum' is"
        )
    strange = sorted(set(inner[0]) - {"type", "mode", "r_inner", "r_outer"})
    if strange or str(inner[0].get("mode", "zbl")).lower() != "zbl":
        option = strange[0] if strange else "mode"
        raise CheckpointError(
            f"inner_potential option {option} = {inner[0][option]!r} is not supported; only the "
            "mode 'zbl' with r_inner and r_outer is"
        )
    return learned[0], inner[0]


def _window(r_inner: Any, r_outer: Any) -> BridgingWindow:
    """The bridging window, its radii checked."""
    if not (POSITIVE.fits(r_inner) and POSITIVE.fits(r_outer) and r_inner < r_outer):
        raise CheckpointError(
            f"bridging radii r_inner = {r_inner!r}, r_outer = {r_outer!r} are not supported; "
            "supported: 0 < r_inner < r_outer"
        )
    return BridgingWindow(r_inner, r_outer)
