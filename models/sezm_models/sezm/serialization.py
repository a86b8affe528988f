"""Single layers in DeePMD-kit's backend-neutral form.

A layer is a dictionary of plain values and arrays::

    {"@class": "SO3Linear", "@version": 1, "config": {"lmax": 2, ..., "precision": "float32"},
     "@variables": {"weight": array, "expand_index": array}}

whose ``config`` are the constructor's keywords, and whose ``@variables`` have the names of a
checkpoint's entries.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from ..errors import CheckpointError
from .precision import COMPUTE_DTYPE

VERSION = 1
"""Of the form; later ones are refused."""

UNUSED_CONFIG = {"trainable": True, "seed": None}
"""Keywords of the origin that have no effect here."""

Layer = TypeVar("Layer", bound="Serializable")


class Serializable(nn.Module):
    """A layer that can be written in, and read from, this form.

    It, and layers inside it, may have a method ``stored_tables``: constant arrays by name that the
    form holds beside the parameters.

    Attributes:
        config: keywords that make it, but for its dtype, in the order of the form; those of the
            origin alone, such as ``seed``, are kept with it.
    """

    config: dict[str, Any]

    def serialize(self) -> dict[str, Any]:
        """The layer as a dictionary; arrays are copies."""
        parameters = dict(self.named_parameters())
        variables = {
            name: value.detach().cpu().numpy().copy() for name, value in parameters.items()
        }
        variables |= self._all_tables()
        dtype = next(iter(parameters.values())).dtype
        config = {**UNUSED_CONFIG, **self.config, "precision": str(dtype).removeprefix("torch.")}
        return {
            "@class": type(self).__name__,
            "@version": VERSION,
            "config": config,
            "@variables": variables,
        }

    @classmethod
    def deserialize(cls: type[Layer], data: Mapping[str, Any]) -> Layer:
        """A layer from its dictionary, half precision promoted to float32.

        Raises:
            CheckpointError: of another class, a newer version, or with keywords or arrays that do
                not fit.
        """
        name = cls.__name__
        if data.get("@class") != name or data.get("@version", 0) > VERSION:
            raise CheckpointError(
                f"a serialized {data.get('@class')!r} of version {data.get('@version')}; expected "
                f"{name!r}, at most of version {VERSION}"
            )
        config = dict(data.get("config", {}))
        dtype = COMPUTE_DTYPE.get(config.pop("precision", "float64"))
        known = inspect.signature(cls.__init__).parameters
        keywords = {key: value for key, value in config.items() if key in known}
        unknown = set(config) - set(keywords) - set(UNUSED_CONFIG) - {"lebedev_quadrature"}
        if unknown or dtype is None:
            what = f"keyword {min(unknown)!r}" if unknown else "this precision"
            raise CheckpointError(f"a serialized {name} with {what}, which is not supported")
        try:
            layer = cls(**keywords, dtype=dtype)
        except (TypeError, ValueError, KeyError, RuntimeError) as error:
            raise CheckpointError(f"a serialized {name} has a bad configuration: {error}") from None
        layer.config = {**layer.config, **config}
        layer._fill(data.get("@variables", {}))
        return layer

    def _all_tables(self) -> dict[str, np.ndarray]:
        """Tables of this layer and all inside it."""
        return {
            f"{prefix}.{name}".lstrip("."): table
            for prefix, module in self.named_modules()
            if hasattr(module, "stored_tables")
            for name, table in module.stored_tables().items()
        }

    def _fill(self, variables: Mapping[str, Any]) -> None:
        """Copy every parameter, strictly."""
        what = f"a serialized {type(self).__name__}"
        parameters = dict(self.named_parameters())
        extra = set(variables) - set(parameters) - set(self._all_tables())
        if extra:
            raise CheckpointError(f"{what} holds {min(extra)!r}, which it has no use for")
        for key, parameter in parameters.items():
            if key not in variables:
                raise CheckpointError(f"{what} lacks the variable {key!r}")
            value = torch.from_numpy(np.array(variables[key]))
            if value.shape != parameter.shape:
                raise CheckpointError(
                    f"{what}: {key!r} has shape {list(value.shape)}, expected "
                    f"{list(parameter.shape)}"
                )
            parameter.data.copy_(value)
