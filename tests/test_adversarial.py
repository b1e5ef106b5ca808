"""torchbook.adversarial: losses and slopes by hand, the best discriminator, who moves, resuming."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook import adversarial, checkpoint, seed
from torchbook.adversarial import Game
from torchbook.checkpoint import CheckpointError
from torchbook.data.loader import Batches
from torchbook.models.gan import Discriminator, Generator
from torchbook.models.mlp import MLP

REAL = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64)
FAKE = torch.tensor([-0.7, 0.4, 1.1], dtype=torch.float64)


def players(latent=2, hidden=16, number=0):
    seed.everything(number)
    return MLP(latent, hidden, 2), MLP(2, hidden, 1)


def game(**settings):
    number = settings.pop("number", 0)
    return Game(*players(number=number), 2, lr=1e-3, **settings)


def weights(module):
    return torch.cat([p.detach().flatten().clone() for p in module.parameters()])


def real(n=32, number=0):
    g = torch.Generator().manual_seed(number)
    return 0.3 * torch.randn(n, 2, generator=g) + torch.tensor([1.0, -1.0])


# --- losses


def test_the_losses_are_those_of_the_paper():
    p, q = REAL.sigmoid().tolist(), FAKE.sigmoid().tolist()
    value = sum(map(math.log, p)) / 3 + sum(math.log(1 - d) for d in q) / 3
    assert adversarial.discriminator_loss(REAL, FAKE).item() == pytest.approx(-value)
    saturating = sum(math.log(1 - d) for d in q) / 3
    assert adversarial.saturating_loss(FAKE).item() == pytest.approx(saturating)
    other = -sum(map(math.log, q)) / 3
    assert adversarial.non_saturating_loss(FAKE).item() == pytest.approx(other)


def test_the_losses_are_torch_s_binary_cross_entropy():
    bce = F.binary_cross_entropy_with_logits
    ones, zeros = torch.ones_like(REAL), torch.zeros_like(FAKE)
    torch.testing.assert_close(
        adversarial.discriminator_loss(REAL, FAKE), bce(REAL, ones) + bce(FAKE, zeros)
    )
    torch.testing.assert_close(adversarial.non_saturating_loss(FAKE), bce(FAKE, ones))
    torch.testing.assert_close(adversarial.saturating_loss(FAKE), -bce(FAKE, zeros))


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("saturating", lambda d: -d / 3),
        ("non-saturating", lambda d: -(1 - d) / 3),
    ],
)
def test_the_slopes_are_those_derived_by_hand(name, slope):
    logits = FAKE.clone().requires_grad_()
    adversarial.LOSSES[name](logits).backward()
    torch.testing.assert_close(logits.grad, slope(FAKE.sigmoid()))


def test_where_the_fakes_are_seen_through_only_one_loss_has_a_slope_left():
    slopes = {}
    for name, loss in adversarial.LOSSES.items():
        logits = torch.full((4,), -20.0, requires_grad=True)
        loss(logits).backward()
        slopes[name] = logits.grad.abs().sum().item()
    assert slopes["saturating"] < 1e-8
    assert slopes["non-saturating"] == pytest.approx(1)


@pytest.mark.parametrize("logit", [-1000.0, 1000.0])
def test_the_losses_stay_finite_for_logits_of_any_size(logit):
    far = torch.full((2,), logit)
    for loss in (
        *adversarial.LOSSES.values(),
        lambda z: adversarial.discriminator_loss(z, z),
    ):
        assert loss(far).isfinite()


# --- the best discriminator


def test_the_discriminator_learns_the_ratio_of_two_known_densities():
    """p / (p + q), proposition 1 of the paper, for normal densities round 1 and -1."""
    g = torch.Generator().manual_seed(0)
    x = torch.linspace(-3, 3, 601, dtype=torch.float64)[:, None]
    p, q = ((-((x - m) ** 2) / 2).exp() for m in (1.0, -1.0))
    seed.everything(0)
    D = MLP(1, 16, 1)
    optimizer = torch.optim.Adam(D.parameters(), lr=1e-2)
    for _ in range(800):
        real, fake = torch.randn(2, 256, 1, generator=g)
        loss = adversarial.discriminator_loss(D(real + 1), D(fake - 1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        found = D(x.float()).sigmoid().double()
    assert (found - p / (p + q)).abs().max() < 0.08


def test_no_discriminator_does_better_than_that_ratio():
    x = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    p, q = ((-((x - m) ** 2) / 2).exp() / math.sqrt(2 * math.pi) for m in (1.0, -0.5))
    dx = x[1] - x[0]

    def value(logits):
        return (
            (dx * (p * F.logsigmoid(logits) + q * F.logsigmoid(-logits))).sum().item()
        )

    best = (p / q).log()
    assert value(best) > -2 * math.log(2)
    for change in (0.1 * x.sin(), torch.full_like(x, 0.1), -0.2 * best):
        assert value(best + change) < value(best) > value(best - change)


# --- a step


def test_a_step_is_that_of_the_two_losses_written_out():
    """The same noise, the same Adam: torch's own loop, with detach and zero_grad."""
    mine, (G, D) = game(seed=5), players()
    optimizers = [torch.optim.Adam(m.parameters(), 1e-3, (0.5, 0.999)) for m in (G, D)]
    g, bce = torch.Generator().manual_seed(5), F.binary_cross_entropy_with_logits
    for number in range(3):
        X = real(number=number)
        ones, zeros = torch.ones(32, 1), torch.zeros(32, 1)
        fake = G(torch.randn(32, 2, generator=g))
        optimizers[1].zero_grad()
        (bce(D(X), ones) + bce(D(fake.detach()), zeros)).backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        bce(D(G(torch.randn(32, 2, generator=g))), ones).backward()
        optimizers[0].step()
        mine.step(X)
    torch.testing.assert_close(weights(mine.generator), weights(G))
    torch.testing.assert_close(weights(mine.discriminator), weights(D))


def test_no_slope_leaks_into_the_other_player():
    played = game()
    G, D = played.generator, played.discriminator
    mark = torch.full((1,), 7.0)
    for player in (G, D):
        for p in player.parameters():
            p.grad = mark.expand_as(p).clone()
    held = weights(G)
    played._move(1, adversarial.discriminator_loss(D(real()), D(G(played.noise(8)))))
    assert all((p.grad == 7).all() for p in G.parameters())
    assert torch.equal(weights(G), held)
    slopes = [p.grad.clone() for p in D.parameters()]
    held = weights(D)
    played._move(0, adversarial.non_saturating_loss(D(G(played.noise(8)))))
    assert all(
        torch.equal(p.grad, s) for p, s in zip(D.parameters(), slopes, strict=True)
    )
    assert torch.equal(weights(D), held)
    assert not all((p.grad == 7).all() for p in G.parameters())


def test_weights_that_are_frozen_do_not_move():
    G, D = players()
    G[1].requires_grad_(False)
    before = G[1].weight.clone()
    last = G[-1].weight.clone()
    played = Game(G, D, 2, lr=1e-2)
    played.step(real())
    assert torch.equal(G[1].weight, before)
    assert not torch.equal(G[-1].weight, last)


def test_the_generator_waits_for_its_turn():
    played = game(each=3)
    G, D = played.generator, played.discriminator
    moved = []
    for number in range(6):
        before = weights(G), weights(D)
        played.step(real(number=number))
        assert not torch.equal(weights(D), before[1])
        moved.append(not torch.equal(weights(G), before[0]))
    assert moved == [False, False, True, False, False, True]
    assert played.steps == 6


def test_two_rates_are_for_generator_and_discriminator():
    played = Game(*players(), 2, lr=(0.1, 0.2))
    assert [o.param_groups[0]["lr"] for o in played.optimizers] == [0.1, 0.2]
    before = weights(played.generator)
    still = Game(played.generator, played.discriminator, 2, lr=(0.0, 0.2))
    still.step(real())
    assert torch.equal(weights(played.generator), before)


def test_a_loss_of_one_s_own_is_played_for():
    hinge = game(loss=lambda logits: -logits.mean())
    plain = game()
    for played in (hinge, plain):
        played.step(real())
    assert not torch.equal(weights(hinge.generator), weights(plain.generator))


# --- a game


def test_the_generator_learns_where_the_real_points_lie():
    for number in range(3):
        played = Game(*players(number=number), 2, lr=(1e-3, 4e-3), seed=number)
        start = played.generate(500)
        played.play([real(64, k) for k in range(400)])
        X, Y = played.generate(500), real(500, 9999)
        apart = (X.mean(0) - Y.mean(0)).norm()
        assert apart < 0.4 < 0.8 < (start.mean(0) - Y.mean(0)).norm()


def test_the_history_says_what_happened():
    played = game()
    watched = []
    played.play([real(), real(16)], epochs=3, watch=lambda g: watched.append(g.epoch))
    assert watched == [1, 2, 3]
    assert played.epoch == 3
    assert set(played.history) == set(adversarial.COLUMNS)
    assert all(len(column) == 6 for column in played.history.values())
    assert all(0 <= p <= 1 for p in played.history["called_real"])
    first = played.history["discriminator_loss"][0]
    assert first == pytest.approx(2 * math.log(2), abs=0.4)  # it cannot know yet


def test_a_game_depends_on_its_seeds_alone():
    ends = []
    for number, noise in ((0, 0), (0, 0), (1, 0), (0, 1)):
        torch.rand(3)
        played = game(number=number, seed=noise).play(
            [real(number=k) for k in range(3)]
        )
        ends.append(weights(played.generator))
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])
    assert not torch.equal(ends[0], ends[3])


def test_asking_for_samples_changes_nothing():
    asked, other = (game(number=3) for _ in range(2))
    for number in range(3):
        first = asked.generate(7)
        assert torch.equal(first, asked.generate(7))
        assert torch.equal(first[:4], asked.generate(7)[:4])
        asked.step(real(number=number))
        other.step(real(number=number))
    assert torch.equal(weights(asked.generator), weights(other.generator))
    assert not torch.equal(asked.generate(7), asked.generate(7, seed=1))
    assert not first.requires_grad


def test_samples_are_made_in_eval_mode_and_modes_are_kept():
    seed.everything(0)
    G = Generator(4, 8, (8, 4))
    played = Game(G, Discriminator(8, (4, 8)), 4)
    G[2].eval()
    modes = [m.training for m in G.modules()]
    together = played.generate(6)
    assert [m.training for m in G.modules()] == modes
    G.eval()
    Z = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(together, G(Z))


def test_a_resumed_game_is_the_same_bit_for_bit(tmp_path):
    def fresh(number):
        seed.everything(number)
        player = Generator(4, 8, (8, 4)), Discriminator(8, (4, 8))
        X = torch.rand(40, 1, 8, 8, generator=torch.Generator().manual_seed(1))
        batches = Batches(X, torch.zeros(40), 16, shuffle=True, mean=0.5, std=0.5)
        return Game(*player, 4, each=2, seed=number), batches

    whole, batches = fresh(0)
    whole.play(batches, 4)
    half, batches = fresh(0)
    half.play(batches, 2)
    state = checkpoint.capture(game=half, loader=batches)
    checkpoint.save(tmp_path / "game.pt", state)

    other, batches = fresh(1)
    state = checkpoint.load(tmp_path / "game.pt")
    checkpoint.restore(state, game=other, loader=batches)
    other.play(batches, 2)
    assert other.epoch == 4
    assert other.history == whole.history
    for name in ("generator", "discriminator"):
        mine, theirs = (getattr(g, name).state_dict() for g in (other, whole))
        assert all(torch.equal(mine[key], theirs[key]) for key in theirs)

    with pytest.raises(CheckpointError, match="game does not fit"):
        checkpoint.restore(state, game=game())


# --- what is refused


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"loss": "wasserstein"},
            "'wasserstein': wanted one of 'saturating', 'non-satur",
        ),
        ({"latent": 0}, "latent 0, each 1: wanted 1 or more"),
        ({"each": 0}, "each 0"),
    ],
)
def test_settings_that_make_no_game(settings, words):
    with pytest.raises(ValueError, match=words):
        Game(*players(), **{"latent": 2} | settings)


def test_players_that_cannot_play():
    G, D = players()
    with pytest.raises(ValueError, match="Flatten has no weight"):
        Game(nn.Flatten(), D, 2)
    with pytest.raises(ValueError, match="share weights"):
        Game(G, nn.Sequential(G, nn.Linear(2, 1)), 2)


def test_batches_that_do_not_fit():
    played = game()
    before = weights(played.discriminator)
    with pytest.raises(ValueError, match=r"uint8.*mean=0\.5"):
        played.step(torch.zeros(4, 2, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"real samples \(4, 3\), fakes \(4, 2\)"):
        played.step(torch.zeros(4, 3))
    with pytest.raises(ValueError, match="no batch"):
        played.play(iter([]))
    with pytest.raises(
        FloatingPointError, match=r"discriminator's loss is nan in step 1"
    ):
        played.step(torch.full((4, 2), math.nan))
    assert torch.equal(weights(played.discriminator), before)
    assert played.steps == 0


def test_a_discriminator_with_two_outputs_is_told_so():
    G, _ = players()
    played = Game(G, MLP(2, 8, 2), 2)
    with pytest.raises(ValueError, match=r"gives \(32, 2\) for 32 samples: wanted one"):
        played.step(real())
