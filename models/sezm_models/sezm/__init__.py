"""SeZM / DPA4: `SeZM` is the model, the layers carry the names that DeePMD-kit gives them."""

from .activation import GatedActivation
from .ffn import EquivariantFFN
from .linear import ChannelLinear, FocusLinear, SO3Linear
from .model import SeZM
from .norm import EquivariantRMSNorm, ScalarRMSNorm
from .simplify import simplify
from .so2 import SO2Linear

__all__ = [
    "ChannelLinear",
    "EquivariantFFN",
    "EquivariantRMSNorm",
    "FocusLinear",
    "GatedActivation",
    "SO2Linear",
    "SO3Linear",
    "ScalarRMSNorm",
    "SeZM",
    "simplify",
]
