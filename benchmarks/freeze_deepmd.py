"""DeePMD-kit's own compiled file of a checkpoint; run by a python that has DeePMD-kit.

python freeze_deepmd.py model.ckpt.pt model.pt2
"""

from __future__ import annotations

import sys


def main(checkpoint: str, output: str) -> None:
    """Compile; takes minutes."""
    from deepmd.pt.entrypoints.freeze_pt2 import freeze_sezm_to_pt2
    from deepmd.pt.model.model.sezm_model import SeZMModel

    # Evaluation over several ranks needs the library of operators, which fits one torch only.
    SeZMModel.supports_edge_parallel = lambda self: False
    freeze_sezm_to_pt2(checkpoint, output)


if __name__ == "__main__":
    main(*sys.argv[1:])
