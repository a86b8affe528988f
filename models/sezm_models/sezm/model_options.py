"""Options beside descriptor and fitting net: which are read, which have no effect, which change it.

An option that is in none of these tables is refused: it may change the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import CheckpointError
from .option_types import MODEL, check_types

READ = frozenset(
    "type type_map descriptor fitting_net pair_exclude_types atom_exclude_types spin "
    "bridging_method bridging_r_inner bridging_r_outer models weights".split()
)

INERT = frozenset(
    # Of training and statistics, whose outcome is in the weights; of performance; notes.
    "data_stat_nbatch data_stat_protect data_bias_nsample preset_out_bias rcond finetune_head lora "
    "use_compile enable_tf32 hessian_mode model_branch_alias info".split()
)

INERT_ALONE = frozenset("srtab_add_bias smin_alpha sw_rmin sw_rmax".split())
"""They steer what ``use_srtab`` adds, and nothing without it."""

MUST_BE_UNSET = frozenset("use_srtab modifier type_embedding compress".split())


def check_model_options(params: Mapping[str, Any]) -> None:
    """Refuse options of the model section that are unknown, unsupported, or of a wrong type.

    Raises:
        CheckpointError: names option, value and what to do.
    """
    for option in ("type_map", "descriptor"):
        if option not in params:
            raise CheckpointError(
                f"the model section lacks {option!r}; the file is not a checkpoint of a DPA4 model"
            )
    check_types("model", params, MODEL)
    for option, value in params.items():
        if option in MUST_BE_UNSET:
            if value:
                raise CheckpointError(
                    f"model option {option} = {value!r} is not supported; train without it"
                )
        elif option not in READ | INERT | INERT_ALONE and not option.startswith("_"):
            raise CheckpointError(
                f"model option {option!r} (= {value!r}) is not known to this sezm-infer; update "
                "sezm-infer, or retrain without it"
            )
