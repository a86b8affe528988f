"""NequIP of mlip 0.2.2: `Nequip` is the model, `read` takes mlip's zip files."""

from .config import DatasetInfo, NequipConfig
from .embedding import NequipEmbeddingBlock
from .layer import NequipLayer
from .model import Nequip
from .reader import read
from .readout import NequipMultiHeadReadoutBlock

__all__ = [
    "DatasetInfo",
    "Nequip",
    "NequipConfig",
    "NequipEmbeddingBlock",
    "NequipLayer",
    "NequipMultiHeadReadoutBlock",
    "read",
]
