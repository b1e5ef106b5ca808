"""torchbook.engine.precision: in which numbers the arithmetic is done."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook import train
from torchbook.data.loader import Batches
from torchbook.engine.precision import Precision

CPU = torch.device("cpu")


class Probe(nn.Linear):
    """A linear layer that notes the dtype of what it gives."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(4, 3)
        self.seen = []

    def forward(self, X):
        logits = super().forward(X)
        self.seen.append((self.training, logits.dtype))
        return logits


def fitted(precision):
    g = torch.Generator().manual_seed(0)
    X, y = torch.randn(20, 4, generator=g), torch.randint(3, (20,), generator=g)
    model, batches = Probe(), Batches(X, y, 20)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = train.fit(
        model,
        batches,
        F.cross_entropy,
        optimizer,
        epochs=2,
        valid=batches,
        precision=precision,
        device="cpu",
        progress=False,
    )
    return model, history


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("float32", torch.float32),
        ("bfloat16", torch.bfloat16),
        ("mixed", torch.float32),  # a CPU gains nothing from 16 bits, as a rule
    ],
)
def test_what_is_computed_in(name, dtype):
    model, history = fitted(name)
    assert model.seen == 2 * [(True, dtype), (False, dtype)]  # validation too
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert {p.grad.dtype for p in model.parameters()} == {torch.float32}
    plain = fitted("float32")[1]
    assert history.losses == pytest.approx(plain.losses, rel=0.02)
    assert (history.losses == plain.losses) is (dtype == torch.float32)


def test_bfloat16_is_the_loop_written_out():
    g = torch.Generator().manual_seed(0)
    X, y = torch.randn(20, 4, generator=g), torch.randint(3, (20,), generator=g)
    mine = Probe()
    optimizer = torch.optim.SGD(mine.parameters(), lr=0.1, fused=True)
    for _ in range(2):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = F.cross_entropy(mine(X), y)
        loss.backward()
        optimizer.step()
    assert torch.equal(mine.weight, fitted("bfloat16")[0].weight)


def test_names():
    with pytest.raises(ValueError, match=r"'fp16': there are float32, .*mixed"):
        Precision("fp16", CPU)
    with pytest.raises(ValueError, match=r"'float16' needs a GPU; .*'bfloat16'"):
        Precision("float16", CPU)
    assert Precision("mixed", CPU).name == "float32"
    assert Precision("bfloat16", CPU).scaler is None  # it reaches as far as float32


def test_evaluate_takes_a_precision_too():
    model = Probe()
    batch = [(torch.ones(2, 4), torch.zeros(2, dtype=torch.long))]
    train.evaluate(model, batch, F.cross_entropy, precision="bfloat16")
    assert model.seen == [(False, torch.bfloat16)]
    with pytest.raises(ValueError, match="needs a GPU"):
        train.evaluate(model, batch, F.cross_entropy, precision="float16")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", ["mixed", "bfloat16", "float16"])
def test_on_a_gpu(name):
    model, optimizer = nn.Linear(4, 3).cuda(), None
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    X, y = torch.randn(20, 4), torch.randint(3, (20,))
    history = train.fit(
        model,
        Batches(X, y, 5),
        F.cross_entropy,
        optimizer,
        epochs=5,
        precision=name,
        clip=1.0,
    )
    assert history["train_loss"][-1] < history["train_loss"][0]
    scaler = Precision(name, torch.device("cuda")).scaler
    assert (scaler is not None) is (name == "float16")
