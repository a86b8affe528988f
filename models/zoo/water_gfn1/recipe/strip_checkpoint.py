"""Keep only the weights of a training checkpoint, in the trainer's own layout.

Usage: python strip_checkpoint.py TRAINED.pt OUT.pt

Writes {"model": state_dict}; `_extra_state` (the model's options) stays inside the state dict.
The file is written beside its final place and then moved there in one step.
"""

import os
import sys

import torch


def main() -> None:
    source, out = sys.argv[1:]
    state = torch.load(source, map_location="cpu", weights_only=True)["model"]
    weights = {
        key: value.detach().clone() if isinstance(value, torch.Tensor) else value
        for key, value in state.items()
    }
    torch.save({"model": weights}, out + ".part")
    torch.load(out + ".part", weights_only=True)
    os.replace(out + ".part", out)
    print(f"{out}: {os.path.getsize(out) / 1e6:.2f} MB, {len(weights)} entries")


if __name__ == "__main__":
    main()
