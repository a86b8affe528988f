"""A small pair potential as real exported files, for tests of everything that runs files.

With r the length of an edge, u = max(0, 1 - r^2 / cutoff^2) and q a strength per element,

    E = 1/2 sum_edges  q_source q_target f(u),     f(u) = DEPTH (8 u^4 - 4 u^3)

repels at short and attracts at long range and vanishes smoothly at the cutoff. The derivative is
written out by hand in each format, so that forces and virials have three independent sources: the
ONNX graph, the TorchScript module, and :func:`toy_reference` in numpy.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import ase
import numpy as np

from sezm_infer.contract import ATOM_VIRIAL, INPUTS, METADATA_KEY, OUTPUTS
from sezm_infer.metadata import Metadata, StaticSizes

CUTOFF = 4.0
DEPTH = 0.6  # eV
STRENGTHS = {1: 0.5, 8: 1.0}  # by atomic number: H, O


def toy_metadata(
    dtype: str = "float64", static: StaticSizes | None = None, atom_virial: bool = False
) -> Metadata:
    """The record that a toy file carries."""
    return Metadata(
        family="toy",
        configuration={"depth": DEPTH},
        elements=("H", "O"),
        cutoff=CUTOFF,
        message_passing_steps=1,
        dtype=dtype,
        static_sizes=static,
        inputs=INPUTS,
        outputs=(*OUTPUTS, ATOM_VIRIAL) if atom_virial else OUTPUTS,
        checkpoint_sha256="0" * 64,
        versions={"toy": "1"},
    )


def write_toy_onnx(path: Path, metadata: Metadata | None = None) -> Path:
    """The toy potential as an ONNX file."""
    import onnx
    import onnx.parser

    metadata = metadata or toy_metadata()
    sizes = metadata.static_sizes
    model = onnx.parser.parse_model(_onnx_text(metadata))
    if sizes is not None:
        lengths = {"N": sizes.atoms, "E": sizes.edges, "B": sizes.systems}
        for value in (*model.graph.input, *model.graph.output):
            for axis in value.type.tensor_type.shape.dim:
                if axis.dim_param:
                    axis.dim_value = lengths[axis.dim_param]
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, metadata.to_json()
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def write_toy_torchscript(path: Path, metadata: Metadata | None = None) -> Path:
    """The toy potential as a TorchScript file."""
    import torch
    from toy_module import ToyModule

    metadata = metadata or toy_metadata()
    module = torch.jit.script(ToyModule(CUTOFF, DEPTH, STRENGTHS, getattr(torch, metadata.dtype)))
    record = {f"{METADATA_KEY}.json": metadata.to_json()}
    torch.jit.save(module, str(path), _extra_files=record)
    return path


def static(atoms: int, edges: int) -> Metadata:
    """Record of a toy file of fixed sizes."""
    return replace(toy_metadata(), static_sizes=StaticSizes(atoms, edges))


def toy_reference(atoms: ase.Atoms) -> tuple[float, np.ndarray, np.ndarray]:
    """Energy, forces [N, 3] and virial [3, 3] by loops over all pairs and images."""
    images = _images(atoms)
    energy, forces, virial = 0.0, np.zeros((len(atoms), 3)), np.zeros((3, 3))
    for i, j in itertools.product(range(len(atoms)), repeat=2):
        vectors = atoms.positions[j] - atoms.positions[i] + images
        squares = (vectors**2).sum(axis=1)
        near = (squares < CUTOFF**2) & (squares > 0)
        u = 1 - squares[near] / CUTOFF**2
        strength = STRENGTHS[atoms.numbers[i]] * STRENGTHS[atoms.numbers[j]]
        energy += 0.5 * strength * DEPTH * (8 * u**4 - 4 * u**3).sum()
        slope = 0.5 * strength * DEPTH * (32 * u**3 - 12 * u**2) * (-2 / CUTOFF**2)
        gradients = slope[:, None] * vectors[near]
        forces[i] += gradients.sum(axis=0)
        forces[j] -= gradients.sum(axis=0)
        virial -= gradients.T @ vectors[near]
    return energy, forces, virial


def _images(atoms: ase.Atoms) -> np.ndarray:
    """Shift vectors of all images that can matter, [images, 3]."""
    if not atoms.pbc.any():
        return np.zeros((1, 3))
    spread = np.ptp(atoms.positions, axis=0).sum() + CUTOFF
    normals = np.linalg.norm(np.linalg.inv(atoms.cell.complete().array), axis=0)
    counts = np.where(atoms.pbc, np.ceil(spread * normals), 0).astype(int)
    shifts = itertools.product(*(range(-n, n + 1) for n in counts))
    return np.array(list(shifts)) @ atoms.cell.array


def _onnx_text(metadata: Metadata) -> str:
    real = {"float32": "float", "float64": "double"}[metadata.dtype]
    types = {"real": real, "float64": "double", "int64": "int64"}

    def signature(specs) -> str:  # type: ignore[no-untyped-def]
        return ", ".join(
            f"{types[spec.dtype]}[{', '.join(map(str, spec.shape))}] {spec.name}" for spec in specs
        )

    table = [STRENGTHS.get(number, float("nan")) for number in range(9)]
    table[0] = 0.0  # padding
    return _ONNX_TEMPLATE.format(
        inputs=signature(metadata.inputs),
        outputs=signature(metadata.outputs),
        real=real,
        real_code={"float": 1, "double": 11}[real],
        strengths=", ".join(map(str, table)).replace("nan", "1e30"),
        inverse=1 / CUTOFF**2,
        depth=DEPTH,
        atom_virial=_ONNX_ATOM_VIRIAL.format(real=real)
        if len(metadata.outputs) > len(OUTPUTS)
        else "",
    )


_ONNX_TEMPLATE = """
<ir_version: 10, opset_import: ["" : 18]>
toy ({inputs}) => ({outputs})
<{real}[9] strengths = {{{strengths}}}, {real} inverse = {{{inverse}}}, {real} one = {{1.0}},
 {real} zero = {{0.0}}, {real} c8 = {{8.0}}, {real} c4 = {{4.0}}, {real} c32 = {{32.0}},
 {real} c12 = {{12.0}}, {real} half_depth = {{{depth}}}, {real} half = {{0.5}},
 int64[1] three = {{3}}, int64[1] nine = {{9}}, int64[3] by33 = {{-1, 3, 3}}, int64 i0 = {{0}},
 int64 i1 = {{1}}, int64[1] a0 = {{0}}, int64[1] a1 = {{1}}, int64[1] a2 = {{2}}>
{{
    source = Gather<axis = 0>(edge_index, i0)
    target = Gather<axis = 0>(edge_index, i1)
    strength = Gather(strengths, atomic_numbers)
    q_source = Gather(strength, source)
    q_target = Gather(strength, target)
    mask = Gather(atom_mask, target)
    qq = Mul(q_source, q_target)
    qqm = Mul(qq, mask)
    depth = Mul(half_depth, half)
    pair = Mul(qqm, depth)
    squares = Mul(edge_vec, edge_vec)
    square = ReduceSum<keepdims = 0>(squares, a1)
    scaled = Mul(square, inverse)
    rest = Sub(one, scaled)
    u = Max(rest, zero)
    u2 = Mul(u, u)
    u3 = Mul(u2, u)
    t8 = Mul(c8, u)
    t84 = Sub(t8, c4)
    f = Mul(u3, t84)
    edge_energy_real = Mul(pair, f)
    edge_energy = Cast<to = 11>(edge_energy_real)
    t32 = Mul(c32, u)
    t3212 = Sub(t32, c12)
    df = Mul(u2, t3212)
    two_inverse = Add(inverse, inverse)
    pdf = Mul(pair, df)
    slope_up = Mul(pdf, two_inverse)
    slope = Neg(slope_up)
    slope1 = Unsqueeze(slope, a1)
    gradient = Mul(slope1, edge_vec)

    atoms = Shape(atomic_numbers)
    systems = Shape(natoms)
    edges = Shape(target)
    zeros_n = ConstantOfShape<value = double[1] {{0.0}}>(atoms)
    zeros_b = ConstantOfShape<value = double[1] {{0.0}}>(systems)
    atom_energy = ScatterElements<axis = 0, reduction = "add">(zeros_n, target, edge_energy)
    energy = ScatterElements<axis = 0, reduction = "add">(zeros_b, batch, atom_energy)

    n3 = Concat<axis = 0>(atoms, three)
    e3 = Concat<axis = 0>(edges, three)
    zeros_n3 = ConstantOfShape<value = {real}[1] {{0.0}}>(n3)
    target1 = Unsqueeze(target, a1)
    source1 = Unsqueeze(source, a1)
    target3 = Expand(target1, e3)
    source3 = Expand(source1, e3)
    pulled = ScatterElements<axis = 0, reduction = "add">(zeros_n3, target3, gradient)
    minus = Neg(gradient)
    forces = ScatterElements<axis = 0, reduction = "add">(pulled, source3, minus)

    g31 = Unsqueeze(minus, a2)
    v13 = Unsqueeze(edge_vec, a1)
    outer = Mul(g31, v13)
    e9 = Concat<axis = 0>(edges, nine)
    outer9 = Reshape(outer, e9)
    b9 = Concat<axis = 0>(systems, nine)
    zeros_b9 = ConstantOfShape<value = {real}[1] {{0.0}}>(b9)
    system = Gather(batch, target)
    system1 = Unsqueeze(system, a1)
    system9 = Expand(system1, e9)
    virial9 = ScatterElements<axis = 0, reduction = "add">(zeros_b9, system9, outer9)
    virial = Reshape(virial9, by33)
    {atom_virial}
}}
"""

_ONNX_ATOM_VIRIAL = """
    half_outer = Mul(outer9, half)
    n9 = Concat<axis = 0>(atoms, nine)
    zeros_n9 = ConstantOfShape<value = {real}[1] {{0.0}}>(n9)
    target9 = Expand(target1, e9)
    source9 = Expand(source1, e9)
    ends = ScatterElements<axis = 0, reduction = "add">(zeros_n9, target9, half_outer)
    both_ends = ScatterElements<axis = 0, reduction = "add">(ends, source9, half_outer)
    atom_virial = Reshape(both_ends, by33)
"""
