"""torchbook.engine.options: what each option of fit changes, and what it must not."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import lr_scheduler

from torchbook import train
from torchbook.data.loader import Batches
from torchbook.engine.options import Options


def problem(n=23, dtype=torch.float32):
    g = torch.Generator().manual_seed(0)
    X = torch.randn(n, 4, generator=g, dtype=dtype)
    return X, torch.randint(3, (n,), generator=g)


def fitted(batch_size=5, epochs=2, dtype=torch.float32, lr=0.1, **options):
    """A linear model after fit, and its history."""
    torch.manual_seed(0)
    X, y = problem(dtype=dtype)
    model = nn.Linear(4, 3, dtype=dtype)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    if "schedule" in options:
        options["schedule"] = options["schedule"](optimizer)
    options = {"progress": False, "device": "cpu"} | options
    batches = Batches(X, y, batch_size)
    history = train.fit(
        model, batches, F.cross_entropy, optimizer, epochs=epochs, **options
    )
    return model, history


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("batch_size", [4, 5, 8])  # 23 samples: 6, 5 and 3 batches
def test_accumulating_is_a_larger_batch(batch_size):
    """Also where the last group has fewer batches, and the last batch fewer samples."""
    one, large = fitted(3 * batch_size, dtype=torch.float64)
    three, small = fitted(batch_size, dtype=torch.float64, accumulate=3)
    torch.testing.assert_close(weights(three), weights(one), rtol=1e-12, atol=1e-14)
    assert small.losses == pytest.approx(large.losses, rel=1e-12)
    assert small["train_loss"] == pytest.approx(large["train_loss"], rel=1e-12)


def test_one_batch_to_a_step_is_what_it_was_bit_for_bit():
    plain, history = fitted()
    one, other = fitted(accumulate=1)
    assert torch.equal(weights(plain), weights(one))
    assert history.losses == other.losses


def test_clipping_is_that_of_torch_over_all_gradients_of_the_step():
    limit = 0.3
    model, _ = fitted(23, epochs=3, clip=limit)
    torch.manual_seed(0)
    X, y = problem()
    mine = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(mine.parameters(), lr=0.1, momentum=0.9, fused=True)
    norms = []
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(mine(X), y).backward()
        norms.append(nn.utils.clip_grad_norm_(mine.parameters(), limit).item())
        optimizer.step()
    assert torch.equal(weights(model), weights(mine))
    assert max(norms) > limit  # so that there was something to clip
    assert not torch.equal(weights(model), weights(fitted(23, epochs=3)[0]))


def test_clipping_comes_after_the_accumulated_gradients_are_together():
    one, _ = fitted(15, dtype=torch.float64, clip=0.2)
    three, _ = fitted(5, dtype=torch.float64, clip=0.2, accumulate=3)
    torch.testing.assert_close(weights(three), weights(one), rtol=1e-12, atol=1e-14)


class Rates:
    """Notes the learning rate with which each step is made."""

    def __init__(self):
        self.seen = []

    def __call__(self, optimizer, *_):
        self.seen.append(optimizer.param_groups[0]["lr"])


@pytest.mark.parametrize(
    ("each", "wanted"),
    [("step", [0.5**n for n in range(10)]), ("epoch", [1.0] * 5 + [0.5] * 5)],
)
def test_a_schedule_goes_on_by_step_or_by_epoch(each, wanted):
    rates = Rates()

    def schedule(optimizer):
        optimizer.register_step_pre_hook(rates)
        return lr_scheduler.ExponentialLR(optimizer, 0.5)

    fitted(lr=1.0, schedule=schedule, schedule_each=each)
    assert rates.seen == wanted


def test_a_schedule_counts_steps_not_batches():
    rates = Rates()

    def schedule(optimizer):
        optimizer.register_step_pre_hook(rates)
        return lr_scheduler.ExponentialLR(optimizer, 0.5)

    fitted(epochs=1, lr=1.0, schedule=schedule, accumulate=3)
    assert rates.seen == [1.0, 0.5]


@pytest.mark.parametrize("options", [{}, {"schedule_each": "epoch"}])
@pytest.mark.parametrize("measured", [True, False])
def test_a_plateau_is_seen_in_the_loss_of_epochs(options, measured):
    """On held-out data where there is some; however the option is given."""
    seen, valid = [], Batches(*problem(11), 5)

    class Watched(lr_scheduler.ReduceLROnPlateau):
        def step(self, metrics, epoch=None):
            seen.append(metrics)
            super().step(metrics, epoch)

    def schedule(optimizer):  # nothing counts as better by so much
        return Watched(optimizer, factor=0.5, patience=0, threshold=1e9)

    made = []

    def keep(optimizer):
        made.append(schedule(optimizer))
        return made[0]

    _, history = fitted(
        epochs=4, lr=0.1, schedule=keep, valid=valid if measured else None, **options
    )
    assert seen == history["valid_loss" if measured else "train_loss"]
    assert made[0].optimizer.param_groups[0]["lr"] < 0.1


def test_a_schedule_of_another_optimizer_is_refused():
    other = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    with pytest.raises(ValueError, match="schedule was made for another optimizer"):
        fitted(schedule=lambda _: lr_scheduler.StepLR(other, 1))


class Convolutions(nn.Module):
    """A small network that says how its pictures lie in memory."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.last, self.seen = nn.Linear(8, 3), set()

    def forward(self, X):
        if self.training:
            self.seen.add(X.is_contiguous(memory_format=torch.channels_last))
        return self.last(self.norm(self.first(X)).relu().mean((2, 3)))


def test_channels_last_is_another_order_in_memory_and_the_same_result():
    g = torch.Generator().manual_seed(0)
    X, y = torch.randn(20, 3, 6, 6, generator=g), torch.randint(3, (20,), generator=g)
    results = []
    for channels_last in (False, True):
        model = Convolutions()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        batches = Batches(X, y, 8, shuffle=True)
        train.fit(
            model,
            batches,
            F.cross_entropy,
            optimizer,
            epochs=2,
            valid=batches,
            channels_last=channels_last,
            device="cpu",
            progress=False,
        )
        assert model.seen == {channels_last}
        format = torch.channels_last
        weight = model.first.weight
        assert weight.is_contiguous(memory_format=format) is channels_last
        results.append(weights(model))
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)


def has_compiler():
    from torch._inductor import cpp_builder

    try:
        cpp_builder.get_cpp_compiler()
    except Exception:
        return False
    return True


def test_a_compiled_model_gives_the_same_result():
    if not has_compiler():
        pytest.skip("torch.compile needs a C++ compiler")
    from torch._inductor import config

    plain, once = fitted(23)
    with config.patch(compile_threads=1):  # a pool of compilers takes longer to start
        with_compiler, again = fitted(23, compile=True)
    torch._dynamo.reset()
    assert again.losses == pytest.approx(once.losses, rel=1e-5)
    torch.testing.assert_close(weights(with_compiler), weights(plain))
    assert list(with_compiler.state_dict()) == ["weight", "bias"]  # no prefix in it


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"accumulate": 0}, "accumulate 0: wanted 1 or more"),
        ({"clip": 0.0}, "clip 0.0: wanted a norm above 0"),
        ({"clip": -1}, "clip -1: wanted"),
        ({"clip": float("nan")}, "clip nan: wanted"),
        ({"schedule_each": "batch"}, "schedule_each 'batch': 'step' or 'epoch'"),
        ({"resume": "auto"}, "needs checkpoints="),
        ({"device": "tpu"}, "no device is called 'tpu'; at hand: .*cpu"),
        ({"device": "xpu"}, "'xpu' is not at hand on this machine; at hand: .*cpu"),
        ({"device": "cuda:99"}, "'cuda:99' is not at hand"),
        ({"precision": "half"}, "precision 'half': there are float32, bfloat16"),
        ({"precision": "float16"}, "needs a GPU; a CPU can do 'bfloat16'"),
    ],
)
def test_a_value_that_cannot_be_is_refused_before_anything_is_done(options, said):
    with pytest.raises(ValueError, match=said):
        fitted(**options)


def test_an_option_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(
        TypeError, match=r"no option 'amp'; there are .*precision.*clip"
    ):
        fitted(amp=True)
    with pytest.raises(TypeError, match="no option 'learning_rate'"):
        Options.of({"clip": 1.0, "learning_rate": 0.1})


def test_defaults_change_nothing():
    plain, history = fitted()
    told, other = fitted(
        precision="float32",
        channels_last=False,
        compile=False,
        accumulate=1,
        clip=None,
        schedule_each="step",
    )
    assert torch.equal(weights(plain), weights(told))
    assert history.losses == other.losses
