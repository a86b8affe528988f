"""What NequIP models do with padding, far edges, several systems and unknown atoms."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from nequip_cases import flat_inputs, structure, write_case
from sezm_models import nequip
from torch import Tensor

POS, NUMBERS, BATCH, NATOMS, EDGES, DISTANCE, VEC, MASK, CHARGE = range(9)


@pytest.fixture(params=["coulomb", "coulomb_alone"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> nequip.Nequip:
    return nequip.read(write_case(request.param, tmp_path / "model.zip"), dtype=torch.float64)


def energies(model: nequip.Nequip, inputs: list[Tensor]) -> Tensor:
    return model(*inputs[NUMBERS : EDGES + 1], inputs[VEC], charge=inputs[CHARGE])


def test_edges_beyond_the_cutoff_change_nothing(model: nequip.Nequip) -> None:
    inputs = flat_inputs(model, structure("coulomb"))
    wanted = energies(model, inputs)
    far = torch.tensor([[model.cutoff, 0.0, 0.0], [0.0, 9.0, 9.0]], dtype=torch.float64)
    inputs[VEC] = torch.cat([inputs[VEC], far])
    inputs[EDGES] = torch.cat([inputs[EDGES], torch.tensor([[0, 1], [1, 0]])], 1)
    torch.testing.assert_close(energies(model, inputs), wanted, rtol=0, atol=1e-10)


def test_padding_atoms_change_nothing(model: nequip.Nequip) -> None:
    inputs = flat_inputs(model, structure("coulomb"))
    wanted = energies(model, inputs)
    padding = torch.zeros(3, dtype=torch.int64)
    inputs[NUMBERS] = torch.cat([inputs[NUMBERS], padding])
    inputs[BATCH] = torch.cat([inputs[BATCH], padding])
    torch.testing.assert_close(energies(model, inputs)[:-3], wanted, rtol=0, atol=1e-10)


def test_systems_of_a_batch_do_not_mix(model: nequip.Nequip) -> None:
    one, two = (flat_inputs(model, structure("coulomb"), charge) for charge in (0, -1))
    n = len(one[NUMBERS])
    joint = [torch.cat([a, b]) for a, b in zip(one, two, strict=True) if a.shape[0] != 2]
    joint.insert(EDGES, torch.cat([one[EDGES], two[EDGES] + n], 1))
    joint[BATCH] = joint[BATCH] + (torch.arange(2 * n) >= n)
    wanted = torch.cat([energies(model, one), energies(model, two)])
    torch.testing.assert_close(energies(model, joint), wanted, rtol=0, atol=1e-10)
    assert (energies(model, one) - energies(model, two)).abs().max() > 1e-6


def test_an_atom_without_neighbours_has_an_energy(model: nequip.Nequip) -> None:
    inputs = flat_inputs(model, structure("coulomb")[:1])
    inputs[VEC], inputs[EDGES] = inputs[VEC][:0], inputs[EDGES][:, :0]
    assert energies(model, inputs).isfinite().all()


def test_unknown_elements_have_no_energy(model: nequip.Nequip) -> None:
    inputs = flat_inputs(model, structure("coulomb"))
    inputs[NUMBERS] = inputs[NUMBERS].clone()
    inputs[NUMBERS][2] = 79
    assert energies(model, inputs)[2].isnan()


@pytest.mark.parametrize("charge", [-2, 2, 50, -100])
def test_charges_without_a_row_have_no_energy(tmp_path: Path, charge: int) -> None:
    model = nequip.read(write_case("coulomb", tmp_path / "model.zip"))
    assert model.conditioning_values == {"charge": (-1.0, 0.0, 1.0)}
    assert energies(model, flat_inputs(model, structure("coulomb"), charge)).isnan().all()


def test_the_charge_is_required(model: nequip.Nequip) -> None:
    inputs = flat_inputs(model, structure("coulomb"))
    with pytest.raises(ValueError, match="charge"):
        model(*inputs[NUMBERS : EDGES + 1], inputs[VEC])
