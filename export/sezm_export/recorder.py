"""Records the operators that a function of tensors calls, without computing them.

Tensors of the graph live on the meta device: they have shapes, strides and dtypes, but no numbers.
PyTorch's ``make_fx`` records the same graphs, in five times the time.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils._python_dispatch import TorchDispatchMode

from sezm_infer.errors import SezmError

from .constant_folding import is_constant, is_worth_storing
from .operator_arguments import CPU, META, layout_key, leaves, meta_options, on_device, with_tensors
from .sizes import SampleSizes

Decompositions = Mapping[Any, Callable[..., Any]]


def record(
    function: Callable[..., Sequence[Tensor]],
    inputs: Mapping[str, Tensor],
    sizes: SampleSizes,
    decompositions: Decompositions,
) -> tuple[fx.Graph, nn.Module]:
    """The graph of a function, for any values of its inputs.

    Args:
        function: of the inputs, in their order; its parameters and other constants are on the CPU.
        inputs: by name, on the meta device.
        sizes: of the inputs.
        decompositions: operators that are expanded while recording, and into what.

    Returns:
        a graph of ATen operators for the CPU, and a module with its constants as buffers. Each node
        has a meta tensor like its result in ``meta["val"]``; a tuple if there are several.

    Raises:
        SezmError: the function indexes with a list, or its sizes depend on values.
    """
    recorder = _Recorder(sizes, decompositions)
    for name, tensor in inputs.items():
        recorder.add_input(name, tensor)
    with recorder:
        outputs = function(*inputs.values())
    return recorder.finished(outputs)


class _Recorder(TorchDispatchMode):
    def __init__(self, sizes: SampleSizes, decompositions: Decompositions) -> None:
        super().__init__()
        self._sizes = sizes
        self._decompositions = decompositions
        self._constants = nn.Module()
        self._graph = fx.Graph()
        # By id of a tensor, which is kept: no other tensor must get its id.
        self._nodes: dict[int, tuple[Tensor, fx.Node]] = {}
        self._twins: dict[int, tuple[Tensor, Tensor]] = {}
        self._layouts: dict[Any, tuple[torch.Size, tuple[int, ...], torch.dtype]] = {}

    def add_input(self, name: str, tensor: Tensor) -> None:
        """The next input of the graph."""
        self._register(tensor, self._graph.placeholder(name), tensor)

    def finished(self, outputs: Sequence[Tensor]) -> tuple[fx.Graph, nn.Module]:
        """The graph with its outputs, and the constants."""
        self._graph.output(tuple(self._node_of(output) for output in outputs))
        return self._graph, self._constants

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Compute with constants, expand what is to be expanded, record everything else."""
        kwargs = kwargs or {}
        arguments = leaves((args, kwargs))
        if is_constant(func, arguments, self._sizes):
            result = func(*args, **on_device(kwargs, CPU))
            if is_worth_storing(func, arguments, result):
                return result
        rule = self._decompositions.get(func, func.decompose if _is_composite(func) else None)
        if rule is not None:
            with self:
                result = rule(*args, **kwargs)
            if result is not NotImplemented:
                return result
        return self._recorded(func, args, kwargs)

    def _recorded(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """The result on the meta device, which the next operators see."""
        arguments = with_tensors(self._on_meta, (args, meta_options(args, kwargs)))
        try:
            result = self._computed(func, arguments)
        except NotImplementedError as error:
            raise SezmError(
                f"the model uses {func} so that the size of the result depends on numbers, as "
                "indexing with a mask does; multiply by the mask instead."
            ) from error
        in_graph = with_tensors(self._node_of, (args, on_device(kwargs, CPU)))
        node = self._graph.call_function(func, *in_graph)
        if isinstance(result, Tensor):
            self._register(result, node, result)
        else:
            node.meta["val"] = result
            for position, part in enumerate(result):
                item = self._graph.call_function(operator.getitem, (node, position))
                self._register(part, item, part)
        return result

    def _computed(self, func: Any, arguments: Any) -> Any:
        """On the meta device: PyTorch does much of that in Python, so equal calls are done once."""
        args, kwargs = arguments
        if not _gives_one_new_tensor(func):
            return func(*args, **kwargs)
        key = (func, layout_key(arguments))
        if key in self._layouts:
            shape, stride, dtype = self._layouts[key]
            return torch.empty_strided(shape, stride, dtype=dtype, device=META)
        result = func(*args, **kwargs)
        self._layouts[key] = (result.shape, result.stride(), result.dtype)
        return result

    def _node_of(self, tensor: Tensor) -> fx.Node:
        """The node that computes a tensor; a constant gets one at its first use."""
        if id(tensor) not in self._nodes:
            if tensor.device == META:
                raise SezmError(
                    "the model uses a tensor that PyTorch made unseen by the export, as it does of "
                    "a list that is an index (features[:, [0, 2]]); use a tensor: "
                    "features.index_select(1, torch.tensor([0, 2]))."
                )
            name = f"constant_{len(self._nodes)}"
            self._constants.register_buffer(name, tensor.detach())
            self._register(tensor, self._graph.get_attr(name), self._on_meta(tensor))
        return self._nodes[id(tensor)][1]

    def _register(self, tensor: Tensor, node: fx.Node, described_by: Tensor) -> None:
        node.meta["val"] = described_by
        self._nodes[id(tensor)] = (tensor, node)

    def _on_meta(self, tensor: Tensor) -> Tensor:
        """A constant without its numbers; tensors of the graph have none anyway."""
        if tensor.device == META:
            return tensor
        if id(tensor) not in self._twins:
            shape, stride = tensor.shape, tensor.stride()
            twin = torch.empty_strided(shape, stride, dtype=tensor.dtype, device=META)
            self._twins[id(tensor)] = (tensor, twin)
        return self._twins[id(tensor)][1]


@cache
def _is_composite(func: Any) -> bool:
    """Whether PyTorch computes an operator by others; without a gradient it does so late."""
    return bool(func._can_decompose())


@cache
def _gives_one_new_tensor(func: Any) -> bool:
    """Neither a view of an argument, nor several results."""
    returns = func._schema.returns
    return len(returns) == 1 and str(returns[0].type) == "Tensor" and not returns[0].alias_info
