"""Names of precisions, and what models stored in each compute in."""

import torch

COMPUTE_DTYPE = {
    # Half precision is promoted.
    "float16": torch.float32,
    "half": torch.float32,
    "bfloat16": torch.float32,
    "float32": torch.float32,
    "single": torch.float32,
    "float64": torch.float64,
    "double": torch.float64,
    "default": torch.float64,
}
