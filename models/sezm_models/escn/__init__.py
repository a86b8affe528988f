"""eSCN of fairchem-core 1.10.0; the layers carry the names that fairchem gives them."""

from .edge_block import EdgeBlock
from .heads import EnergyBlock, ForceBlock
from .layer_block import LayerBlock
from .message_block import MessageBlock
from .model import eSCN
from .so2 import SO2Block, SO2Conv

__all__ = [
    "EdgeBlock",
    "EnergyBlock",
    "ForceBlock",
    "LayerBlock",
    "MessageBlock",
    "SO2Block",
    "SO2Conv",
    "eSCN",
]
