"""benchmarks/muon.py: orthogonal updates, against SVD; the rest, against torch's AdamW."""

import copy
import importlib.util
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook.models.cnn import CNN

FILE = Path(__file__).parents[2] / "benchmarks" / "muon.py"
spec = importlib.util.spec_from_file_location("muon", FILE)
muon = importlib.util.module_from_spec(spec)
spec.loader.exec_module(muon)


@pytest.mark.parametrize("shape", [(32, 72), (64, 576), (128, 27), (5, 40)])
def test_singular_values_come_near_one_and_the_directions_stay(shape):
    torch.manual_seed(0)
    G = torch.randn(shape)
    U, _, Vh = torch.linalg.svd(G, full_matrices=False)
    near = muon.orthogonal(G)
    s = torch.linalg.svdvals(near)
    assert s.min() > 0.6 and s.max() < 1.25
    turned = U.T @ near @ Vh.T  # diagonal, if the singular vectors are those of G
    torch.testing.assert_close(turned, torch.diag(turned.diag()), atol=1e-4, rtol=0)
    torch.testing.assert_close(muon.orthogonal(1e-3 * G), near, atol=1e-3, rtol=0)


def test_what_is_no_hidden_matrix_is_adamw_s():
    torch.manual_seed(0)
    model = CNN(widths=(4, 8), blocks=(0, 1))
    twin = copy.deepcopy(model)
    mine = muon.Muon(model, adamw_lr=0.01, weight_decay=0.1)
    first, last = twin[0][0].weight, twin[-1].weight
    flat = [p for p in twin.parameters() if p.ndim == 1]
    groups = [{"params": [first, last]}, {"params": flat, "weight_decay": 0.0}]
    torch_s = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.99), weight_decay=0.1)
    for _ in range(4):
        for p, q in zip(model.parameters(), twin.parameters(), strict=True):
            p.grad = torch.randn_like(p)
            q.grad = p.grad.clone()
        mine.step()
        torch_s.step()
    torch.testing.assert_close(model[0][0].weight, first)
    torch.testing.assert_close(model[-1].weight, last)
    for p, q in zip([p for p in model.parameters() if p.ndim == 1], flat, strict=True):
        torch.testing.assert_close(p, q)


def test_the_first_update_of_a_hidden_matrix_is_orthogonal():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 6, bias=False), nn.Linear(6, 2))
    before = model[1].weight.detach().clone()
    F.cross_entropy(model(torch.randn(16, 4)), torch.randint(2, (16,))).backward()
    G = model[1].weight.grad
    muon.Muon(model, lr=0.1).step()
    moved = (before - model[1].weight.detach()) / 0.1
    torch.testing.assert_close(moved, muon.orthogonal(G), atol=1e-4, rtol=0)


def test_its_state_can_be_put_back():
    torch.manual_seed(0)
    model = CNN(widths=(4, 8), blocks=(0, 1))
    twin = copy.deepcopy(model)
    first, second = muon.Muon(model), muon.Muon(twin)
    gradients = [[torch.randn_like(p) for p in model.parameters()] for _ in range(3)]

    def step(model, optimizer, gradients):
        for p, gradient in zip(model.parameters(), gradients, strict=True):
            p.grad = gradient.clone()
        optimizer.step()

    step(model, first, gradients[0])
    twin.load_state_dict(model.state_dict())
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for each in gradients[1:]:
        step(model, first, each)
        step(twin, second, each)
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(p, q)


def test_rates_that_are_none_are_refused():
    with pytest.raises(
        ValueError, match=r"lr 0, adamw_lr 0\.006: wanted rates above 0"
    ):
        muon.Muon(CNN(), lr=0)
