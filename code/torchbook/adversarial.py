"""Two networks against each other: one makes samples, the other tells them from real ones.

The generator G turns noise z into a sample. The discriminator D gives a sample one logit;
its sigmoid is the probability that the sample is real. They play for

    V(D, G) = E[log D(x)] + E[log(1 - D(G(z)))]

which D wants large and G small (Goodfellow et al. 2014, "Generative adversarial nets",
equation 1). Part 11 of the book teaches this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchbook.train import eval_mode

COLUMNS = ("discriminator_loss", "generator_loss", "called_real", "fooled")


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-V: what calling real samples fake, and fake ones real, costs D; logits (N, …)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def saturating_loss(fake: Tensor) -> Tensor:
    """The mean of log(1 - D(G(z))), from logits (N, …): the game as it is written."""
    return -F.softplus(fake).mean()


def non_saturating_loss(fake: Tensor) -> Tensor:
    """The mean of -log D(G(z)), from logits (N, …): steep where D sees through the fakes."""
    return F.softplus(-fake).mean()


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "saturating": saturating_loss,
    "non-saturating": non_saturating_loss,
}


class Game:
    """Two players, an Adam optimizer for each, and what happened so far.

    The generator takes noise (N, latent), standard normal, and gives samples (N, …); the
    discriminator takes samples and gives a logit for each, (N,) or (N, 1). `loss` is the
    generator's, a key of LOSSES or a function of the logits of fakes. `lr` is one rate, or
    a pair for generator and discriminator. The generator moves at every `each`-th step.

    `seed` sets the noise, not the weights: seed those before the networks are made. The
    networks stay where they are; noise and batches follow the generator's device.

    Raises ValueError for settings that make no game.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        latent: int,
        *,
        loss: str | Callable[[Tensor], Tensor] = "non-saturating",
        lr: float | tuple[float, float] = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        each: int = 1,
        seed: int = 0,
    ) -> None:
        if latent < 1 or each < 1:
            raise ValueError(f"latent {latent}, each {each}: wanted 1 or more of both")
        self.generator, self.discriminator = generator, discriminator
        self.latent, self.each, self.loss = latent, each, _loss(loss)
        rates = lr if isinstance(lr, tuple) else (lr, lr)
        self.weights = [_trainable(player) for player in (generator, discriminator)]
        if {*map(id, self.weights[0])} & {*map(id, self.weights[1])}:
            raise ValueError(
                "generator and discriminator share weights: give each its own"
            )
        self.optimizers = [
            torch.optim.Adam(weights, lr=rate, betas=betas, fused=True)
            for weights, rate in zip(self.weights, rates, strict=True)
        ]
        self.device = self.weights[0][0].device
        self.random = torch.Generator().manual_seed(seed)
        self.history: dict[str, list[float]] = {name: [] for name in COLUMNS}
        self.epoch = 0

    @property
    def steps(self) -> int:
        """Steps made so far."""
        return len(self.history["generator_loss"])

    def noise(self, n: int) -> Tensor:
        """Standard normal noise (n, latent), the next of the game's own."""
        return torch.randn(n, self.latent, generator=self.random).to(self.device)

    def step(self, real: Tensor) -> None:
        """A step of the discriminator on real samples and as many fakes, then the generator's.

        Raises ValueError for a batch that does not fit, FloatingPointError for a loss that
        is not finite: that player has not moved then (the discriminator moves first).
        """
        real = real.to(self.device)
        with torch.no_grad():  # a fake is data to the discriminator
            fake = self.generator(self.noise(len(real)))
        _check(real, fake)
        on_real = _logits(self.discriminator, real)
        on_fake = _logits(self.discriminator, fake)
        against = discriminator_loss(on_real, on_fake)
        self._move(1, against)

        moves = (self.steps + 1) % self.each == 0
        with torch.set_grad_enabled(moves):
            fooled = _logits(self.discriminator, self.generator(self.noise(len(real))))
            loss = self.loss(fooled)
        if moves:
            self._move(0, loss)
        told = against, loss, on_real.sigmoid().mean(), on_fake.sigmoid().mean()
        numbers = torch.stack([t.detach().float() for t in told]).tolist()
        for name, number in zip(COLUMNS, numbers, strict=True):
            self.history[name].append(number)

    def _move(self, player: int, loss: Tensor) -> None:
        if not loss.isfinite():
            who = "generator", "discriminator"
            raise FloatingPointError(
                f"the {who[player]}'s loss is {loss.item()} in step {self.steps + 1}: try "
                "smaller learning rates, and look for nan in the real samples"
            )
        weights, optimizer = self.weights[player], self.optimizers[player]
        optimizer.zero_grad()
        loss.backward(inputs=weights)  # the other player gets no slopes
        optimizer.step()

    def play(
        self,
        batches: Iterable,
        epochs: int = 1,
        watch: Callable[[Game], None] | None = None,
    ) -> Game:
        """Go `epochs` times through batches, tensors or (X, y); watch(game) after each.

        Raises ValueError for an empty pass, and as `step` does.
        """
        for player in (self.generator, self.discriminator):
            player.train()
        for _ in range(epochs):
            before = self.steps
            for batch in batches:
                self.step(batch if isinstance(batch, Tensor) else batch[0])
            if self.steps == before:
                raise ValueError(
                    "there was no batch: a generator is used up after one pass; give a "
                    "loader, or a list"
                )
            self.epoch += 1
            if watch is not None:
                watch(self)
        return self

    @torch.no_grad()
    def generate(self, n: int, seed: int = 0) -> Tensor:
        """Samples (n, …), the same noise for the same seed, whatever happened so far.

        The generator is in eval mode meanwhile; the game goes on as if nothing had been asked.
        """
        g = torch.Generator().manual_seed(seed)
        Z = torch.randn(n, self.latent, generator=g).to(self.device)
        with eval_mode(self.generator):
            return torch.cat([self.generator(part) for part in Z.split(500)])

    def state_dict(self) -> dict:
        """Weights, moments, noise, history: `checkpoint.capture(game=game, loader=…)`."""
        return {
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "noise": self.random.get_state(),
            "history": {
                name: torch.tensor(column, dtype=torch.float64)
                for name, column in self.history.items()
            },
            "epoch": self.epoch,
        }

    def load_state_dict(self, state: dict) -> None:
        """Put back what `state_dict` gave; RuntimeError for that of other networks."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.random.set_state(state["noise"].cpu())
        self.history = {name: state["history"][name].tolist() for name in COLUMNS}
        self.epoch = state["epoch"]


def _loss(loss: str | Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    if callable(loss):
        return loss
    if loss not in LOSSES:
        there = ", ".join(map(repr, LOSSES))
        raise ValueError(f"loss {loss!r}: wanted one of {there}, or a function")
    return LOSSES[loss]


def _trainable(player: nn.Module) -> list[nn.Parameter]:
    weights = [p for p in player.parameters() if p.requires_grad]
    if not weights:
        raise ValueError(
            f"the {type(player).__name__} has no weight that requires a gradient, so this "
            "player could not move"
        )
    return weights


def _check(real: Tensor, fake: Tensor) -> None:
    if not real.is_floating_point():
        raise ValueError(
            f"the real samples are {real.dtype}: wanted floats, scaled as the generator's "
            "are; for bytes and a tanh, Batches(X, y, mean=0.5, std=0.5)"
        )
    if real.shape != fake.shape:
        raise ValueError(
            f"real samples {tuple(real.shape)}, fakes {tuple(fake.shape)}: wanted the same "
            "shape; change the generator's last layer, or the real samples"
        )


def _logits(discriminator: nn.Module, X: Tensor) -> Tensor:
    logits = discriminator(X)
    if logits.shape not in ((len(X),), (len(X), 1)):
        raise ValueError(
            f"the discriminator gives {tuple(logits.shape)} for {len(X)} samples: wanted "
            f"one logit for each, ({len(X)},) or ({len(X)}, 1)"
        )
    return logits
