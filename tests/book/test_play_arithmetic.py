"""The arithmetic of the figures to play with is the package's; their scripts run in Chromium."""

import json
import re

import play
import play_data
import pytest
import torch
from playground import data_of
from torch import nn
from torch.nn import functional as F

from torchbook import landscape
from torchbook.data import toy
from torchbook.scratch import activations, conv, linear, losses, optim, perceptron

pytestmark = pytest.mark.browser


def doubles(*values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_the_perceptron_trick_is_the_packages(calls):
    g = torch.Generator().manual_seed(0)
    samples = [
        (*torch.randn(2, 2, generator=g).double(), n % 2, n / 10 - 1) for n in range(20)
    ]
    tricks = [[x.tolist(), y, w.tolist(), b, 0.3] for x, w, y, b in samples]
    moved = calls("perceptron-trick", "trick", tricks)
    wrong = calls("perceptron-trick", "isMistake", [t[:4] for t in tricks])
    for (x, w, y, b), theirs, is_wrong in zip(samples, moved, wrong, strict=True):
        label = torch.tensor(y)
        new_w, new_b = perceptron.trick(x, label, w, b, 0.3)
        assert theirs["w"] == pytest.approx(new_w.tolist(), rel=1e-12)
        assert theirs["b"] == pytest.approx(new_b, rel=1e-12)
        assert is_wrong == bool(perceptron.is_mistake(x, label, w, b))
    on_the_line = [[1, 1], 1, [1, -1], 0]
    assert calls("perceptron-trick", "isMistake", [on_the_line]) == [True]


def test_softmax_and_cross_entropy_are_the_packages(calls):
    scores = ([2, 1, -1], [0, 0, 0], [1000, -1000, 999.5])
    cases = [[z, y, T] for z in scores for y in range(3) for T in (0.1, 1, 10)]
    found = calls("softmax", "softmax", [[z, T] for z, _, T in cases])
    charged = calls("softmax", "crossEntropy", cases)
    for (z, y, T), probs, cost in zip(cases, found, charged, strict=True):
        ours = activations.softmax(doubles(*z) / T, dim=0)
        assert probs == pytest.approx(ours.tolist())
        loss = losses.cross_entropy(doubles(z) / T, torch.tensor([y]))
        assert cost == pytest.approx(loss.item(), abs=1e-12)


def test_sigmoid_and_its_losses_are_the_packages(calls):
    places = (-1000.0, -8.0, -0.3, 0.0, 2.0, 8.0, 1000.0)
    cases = [[z, y] for z in places for y in (0, 1)]
    names = ("sigmoid", "logLoss", "square", "slopes")
    found = zip(*(calls("sigmoid", name, cases) for name in names), strict=True)
    for (z, y), (p, cost, squared, theirs) in zip(cases, found, strict=True):
        score = doubles(z).requires_grad_()
        loss = losses.log_loss(score, torch.tensor([y]))
        square = losses.mse(activations.sigmoid(score), doubles(y))
        slopes = [torch.autograd.grad(one, score)[0].item() for one in (loss, square)]
        assert p == pytest.approx(activations.sigmoid(score).item(), rel=1e-12)
        assert cost == pytest.approx(loss.item(), rel=1e-12)
        assert squared == pytest.approx(square.item())
        assert [theirs["log"], theirs["square"]] == pytest.approx(slopes, abs=1e-12)


def test_convolution_is_the_packages(call):
    play_file = json.loads(data_of("convolution").read_text("utf8"))
    picture = call("convolution", "unpack", play_file["photo"])
    X = torch.tensor(picture, dtype=torch.float64)
    assert X.shape == (36, 36) and X.min() < 0.2 and X.max() > 0.8
    kernel = torch.randn(3, 3, generator=torch.Generator().manual_seed(0)).double()
    ours = conv.conv2d(X[None, None], kernel[None, None], padding=1)[0, 0]
    theirs = torch.tensor(call("convolution", "convolve", picture, kernel.tolist()))
    assert torch.allclose(theirs.double(), ours, atol=1e-12)


SURFACES = [
    landscape.ravine,
    landscape.saddle,
    landscape.several_minima,
    landscape.plateau,
]
RULES = {
    "plain": lambda p, lr, mu: optim.SGD(p, lr),
    "momentum": lambda p, lr, mu: optim.SGD(p, lr, momentum=mu),
    "Nesterov": lambda p, lr, mu: optim.SGD(p, lr, momentum=mu, nesterov=True),
    "Adagrad": lambda p, lr, mu: optim.Adagrad(p, lr),
    "RMSprop": lambda p, lr, mu: optim.RMSprop(p, lr),
    "Adam": lambda p, lr, mu: optim.Adam(p, lr, betas=(mu, 0.999)),
}


@pytest.mark.parametrize("rule", RULES)
def test_walks_are_the_packages(call, rule):
    """Forty steps on each surface, from its own start: the surfaces' slopes agree too."""
    for surface in SURFACES:
        path = landscape.walk(surface, lambda p: RULES[rule](p, 0.015, 0.8), 40)
        how = {"lr": 0.015, "momentum": 0.8, "steps": 40}
        theirs = call("descent", "walk", surface.name, rule, how)
        assert torch.allclose(doubles(*theirs), path, rtol=1e-9, atol=1e-9), (
            surface.name
        )


def test_surfaces_are_the_packages(tab):
    play.open_figure(tab, "descent")
    known = "torchbookPlay.figures.descent.SURFACES"
    assert tab.evaluate(f"Object.keys({known})") == [s.name for s in SURFACES]
    for surface in SURFACES:
        theirs = tab.evaluate(
            f"s => ({{...{known}[s], h: {known}[s].height(0.7, -0.4)}})", surface.name
        )
        height = surface.function(doubles(0.7, -0.4)).item()
        assert theirs["h"] == pytest.approx(height, rel=1e-12)
        for key in ("start", "limits", "lowest"):
            assert theirs[key] == list(getattr(surface, key)), (surface.name, key)


@pytest.mark.parametrize("degree", [0, 1, 3, 8, 11])
def test_polynomials_are_the_packages(call, calls, degree):
    draws = call("bias-variance", "sets", 15, 0.3, 1)
    x, y = doubles(*draws[0]["x"]), doubles(*draws[0]["y"])
    weights = doubles(
        *call("bias-variance", "fit", draws[0]["x"], draws[0]["y"], degree)
    )
    powers = x[:, None] ** torch.arange(degree + 1)
    if degree:
        w, b = linear.least_squares(powers[:, 1:], y)
        ours = torch.cat([b[None], w])
    else:
        ours = y.mean()[None]
    assert torch.allclose(weights, ours, rtol=1e-6, atol=1e-6)
    pairs = [[weights.tolist(), v] for v in x.tolist()]
    values = calls("bias-variance", "value", pairs)
    assert torch.allclose(doubles(*values), powers @ weights)


def test_bias_and_variance_are_those_of_the_page(call):
    answers = torch.randn(7, 5, generator=torch.Generator().manual_seed(0)).double()
    f = torch.linspace(-1, 1, 5).double()
    found = call("bias-variance", "parts", answers.tolist(), f.tolist())
    bias = (answers.mean(dim=0) - f).square().mean().item()
    assert found["bias"] == pytest.approx(bias)
    assert found["variance"] == pytest.approx(
        answers.var(0, correction=0).mean().item()
    )


def test_drawn_points_are_noise_on_a_wave(call):
    draws = call("bias-variance", "sets", 20, 0.3, 3)
    x = torch.tensor([s["x"] for s in draws])
    noise = torch.tensor([s["y"] for s in draws]) - torch.sin(3 * x)
    places = 2 * torch.arange(21) / 20 - 1
    assert (x >= places[:-1]).all() and (x <= places[1:]).all()
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 0.3) < 0.02
    assert draws == call("bias-variance", "sets", 20, 0.3, 3)


# The networks that were trained beforehand


def test_networks_side_by_side_are_trained_as_alone(monkeypatch):
    """Those without dropout, step for step, as AdamW trains one network."""
    X, y = toy.moons(60, noise=0.3, seed=4)
    monkeypatch.setattr(play_data, "STEPS", 0)
    begin = [p.detach()[0] for p in play_data.train(X, y)]
    monkeypatch.setattr(play_data, "STEPS", 15)
    together = play_data.train(X, y)
    for k, decay in enumerate(play_data.DECAYS):
        weights = [nn.Parameter(p.clone()) for p in begin]
        optimizer = torch.optim.AdamW(weights, play_data.RATE, weight_decay=decay)
        for _ in range(15):
            A, a, B, b, C, c = weights
            z = (X @ A + a).relu() @ B + b
            z = (z.relu() @ C + c)[:, 0]
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(z, y.float()).backward()
            optimizer.step()
        for alone, all_of_them in zip(weights, together, strict=True):
            assert torch.allclose(alone, all_of_them[k], atol=1e-4), decay


def test_the_frames_are_whole_and_tell_the_story():
    data = json.loads(data_of("regions").read_text("utf8"))
    X, y = toy.moons(60, noise=0.3, seed=4)
    points = torch.tensor(data["points"])
    assert torch.allclose(points[:, :2], X, atol=0.006) and torch.equal(points[:, 2], y)
    assert (len(data["frames"]), len(data["frames"][0])) == (
        len(data["dropouts"]),
        len(data["decays"]),
    )
    frames = [frame for row in data["frames"] for frame in row]
    assert all(re.fullmatch(rf"\d{{{data['cells'] ** 2}}}", frame) for frame in frames)
    errors = torch.tensor(data["errors"])  # (dropouts, decays, 2)
    assert errors[0, 0, 0] == 0 and errors[..., 1].min() < errors[0, 0, 1] - 0.02
    assert (errors[-1, -1] > errors[0, 0]).all()  # too much of both
