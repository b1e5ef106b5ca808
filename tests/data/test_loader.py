"""torchbook.data.loader: every sample once, orders that repeat, scaling as in torchvision,
passes that go on where they stopped."""

import math
from itertools import islice

import numpy as np
import pytest
import torch
from torchvision import transforms

from torchbook.data.loader import Batches


def numbered(n, **options):
    """Samples whose input and label both say their number."""
    return Batches(torch.arange(n)[:, None].float(), torch.arange(n), **options)


def order(batches):
    return torch.cat([y for _, y in batches]).tolist()


def pictures(n=11, channels=3, seed=0):
    g = torch.Generator().manual_seed(seed)
    X = torch.randint(256, (n, channels, 6, 5), generator=g, dtype=torch.uint8)
    X[0, 0, 0, :2] = torch.tensor([0, 255])
    return X, torch.arange(n)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    ("n", "size"), [(10, 5), (10, 3), (10, 1), (10, 10), (10, 99), (1, 1)]
)
def test_every_sample_comes_once_a_pass_with_its_own_label(n, size, shuffle):
    batches = numbered(n, batch_size=size, shuffle=shuffle)
    for _ in range(3):
        seen = list(batches)
        assert all(X[:, 0].tolist() == y.tolist() for X, y in seen)
        assert sorted(y for _, labels in seen for y in labels.tolist()) == list(
            range(n)
        )
        sizes = [len(y) for _, y in seen]
        assert sizes == [size] * (n // size) + ([n % size] if n % size else [])
        assert len(batches) == len(seen) == math.ceil(n / size)


def test_without_shuffle_the_order_is_the_given_one():
    batches = numbered(10, batch_size=3)
    assert order(batches) == order(batches) == list(range(10))


def test_shuffled_passes_differ_and_repeat_with_their_seed():
    batches = numbered(50, batch_size=8, shuffle=True, seed=4)
    passes = [order(batches) for _ in range(3)]
    assert len({tuple(p) for p in passes}) == 3
    assert list(range(50)) not in passes
    torch.manual_seed(77)  # the global source of chance has no part in it
    again = numbered(50, batch_size=8, shuffle=True, seed=4)
    assert [order(again) for _ in range(3)] == passes
    assert order(numbered(50, batch_size=8, shuffle=True, seed=5)) != passes[0]


def test_the_batch_size_does_not_change_the_order():
    small, large = (numbered(20, batch_size=b, shuffle=True, seed=1) for b in (3, 20))
    assert order(small) == order(large)


def test_shuffling_leaves_the_global_source_of_chance_alone():
    before = torch.get_rng_state()
    order(numbered(20, shuffle=True))
    assert torch.equal(torch.get_rng_state(), before)


def as_torchvision_does(X, *steps):
    transform = transforms.Compose([transforms.ToTensor(), *steps])
    return torch.stack([transform(np.asarray(x.permute(1, 2, 0))) for x in X])


def test_bytes_become_the_floats_of_to_tensor():
    X, y = pictures()
    got = torch.cat([X for X, _ in Batches(X, y, 4)])
    assert torch.equal(got, as_torchvision_does(X))
    assert (got.dtype, got.min().item(), got.max().item()) == (torch.float32, 0, 1)


@pytest.mark.parametrize(
    ("channels", "mean", "std"),
    [
        (3, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        (1, (0.2860,), (0.3530,)),
        (1, 0.2860, 0.3530),
        (3, 0.5, 0.25),
    ],
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_normalising_is_that_of_torchvision(channels, mean, std, shuffle):
    X, y = pictures(channels=channels)
    want = as_torchvision_does(X, transforms.Normalize(mean, std))
    for inputs, labels in Batches(X, y, 4, shuffle=shuffle, mean=mean, std=std):
        assert torch.equal(inputs, want[labels])


def test_statistics_of_the_set_give_mean_zero_and_deviation_one():
    X, y = pictures(40)
    pixels = X.float() / 255
    mean, std = (
        pixels.mean(dim=(0, 2, 3)),
        pixels.std(dim=(0, 2, 3), correction=0),
    )
    got = torch.cat([X for X, _ in Batches(X, y, 7, mean=mean, std=std)])
    torch.testing.assert_close(got.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(got.std((0, 2, 3), correction=0), torch.ones(3))


def test_columns_are_normalised_like_scikit_learn_does():
    from sklearn.preprocessing import StandardScaler

    X = torch.randn(30, 4, generator=torch.Generator().manual_seed(0)) * 5 + 2
    scaler = StandardScaler().fit(X.numpy())
    batches = Batches(X, torch.zeros(30), 8, mean=scaler.mean_, std=scaler.scale_)
    got = torch.cat([X for X, _ in batches])
    want = torch.tensor(scaler.transform(X.numpy()), dtype=torch.float32)
    torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-5)


def test_floats_are_not_scaled_and_nothing_is_changed_in_place():
    X, y = torch.tensor([[0.0], [255.0]]), torch.tensor([0, 1])
    for mean, std in ((None, None), (100.0, None), (None, 5.0)):
        inputs, _ = next(iter(Batches(X, y, 2, mean=mean, std=std)))
        want = (X - (mean or 0)) / (std or 1)
        assert torch.equal(inputs, want)
    assert X.tolist() == [[0.0], [255.0]]
    bytes_, labels = pictures()
    before = bytes_.clone()
    for inputs, _ in Batches(bytes_, labels, 4, shuffle=True, mean=0.5, std=0.5):
        inputs.zero_()
    assert torch.equal(bytes_, before)


def test_two_passes_at_once_do_not_mix():
    batches = numbered(12, batch_size=4, shuffle=True)
    pairs = list(zip(batches, batches, strict=True))
    for one in (0, 1):
        seen = [y for pair in pairs for y in pair[one][1].tolist()]
        assert sorted(seen) == list(range(12))


def test_the_order_of_a_seed_is_that_of_randperm_on_its_generator():
    """What pages show rests on it, with and without augmentation."""
    g = torch.Generator().manual_seed(6)
    want = [torch.randperm(30, generator=g).tolist() for _ in range(3)]
    for augment in (None, noisy):
        batches = numbered(30, batch_size=7, shuffle=True, seed=6, augment=augment)
        assert [order(batches) for _ in range(3)] == want


def noisy(X, generator):
    return X + torch.rand(X.shape, generator=generator)


def noise(**options):
    X, y = torch.zeros(12, 2), torch.arange(12)
    return torch.cat([X for X, _ in Batches(X, y, 5, augment=noisy, **options)])


def test_augmentation_repeats_with_its_seed_and_is_not_the_stream_of_the_order():
    assert torch.equal(noise(seed=1), noise(seed=1))
    assert not torch.equal(noise(seed=1), noise(seed=2))
    for seed in (1, 2):
        order_stream = torch.rand(5, 2, generator=torch.Generator().manual_seed(seed))
        assert not torch.equal(noise(seed=1)[:5], order_stream)


@pytest.mark.parametrize("shuffle", [False, True])
def test_augmentation_sees_every_batch_of_every_pass_before_it_is_scaled(shuffle):
    X, y = pictures()
    seen = []

    def look(X, generator):
        seen.append(X.clone())
        return 255 - X

    batches = Batches(X, y, 4, shuffle=shuffle, mean=0.5, std=0.25, augment=look)
    for _ in range(2):
        for inputs, labels in batches:
            assert torch.equal(seen[-1], X[labels])  # bytes, as they were stored
            assert torch.equal(inputs, ((255 - X[labels]) / 255 - 0.5) / 0.25)
    assert len(seen) == 6
    assert torch.equal(X, pictures()[0])


def resumable(shuffle=True, augment=True, seed=3, n=11):
    X = torch.randn(n, 3, generator=torch.Generator().manual_seed(0))
    options = {"shuffle": shuffle, "seed": seed}
    return Batches(X, torch.arange(n), 4, augment=noisy if augment else None, **options)


def assert_same(got, want):
    for (X, y), (X_want, y_want) in zip(got, want, strict=True):
        assert torch.equal(X, X_want)
        assert torch.equal(y, y_want)


def through_a_file(state, folder):
    torch.save(state, folder / "state.pt")
    return torch.load(folder / "state.pt", weights_only=True)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("augment", [False, True])
@pytest.mark.parametrize("epochs", [0, 2])
@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_a_loaded_pass_goes_on_bit_for_bit(shuffle, augment, epochs, k, tmp_path):
    whole = resumable(shuffle, augment)
    passes = [list(whole) for _ in range(epochs + 3)]
    stopped = resumable(shuffle, augment)
    for _ in range(epochs):
        list(stopped)
    assert_same(islice(stopped, k), passes[epochs][:k])
    state = through_a_file(stopped.state_dict(), tmp_path)
    assert (state["epoch"], state["position"]) == (epochs, k)

    fresh = resumable(shuffle, augment, seed=99)  # the state brings its own chance
    fresh.load_state_dict(state)
    assert_same(fresh, passes[epochs][k:])
    for later in passes[epochs + 1 :]:
        assert_same(fresh, later)
    assert fresh.epoch == whole.epoch == epochs + 3
    again, end = fresh.state_dict(), whole.state_dict()
    assert torch.equal(again["order"], end["order"])
    assert again["seed"] == end["seed"] == 3


def test_a_state_is_numbers_and_tensors_that_stay_as_they_were():
    batches = resumable()
    state = batches.state_dict()
    assert all(type(v) in (int, torch.Tensor) for v in state.values())
    before = state["order"].clone()
    list(batches)
    assert torch.equal(state["order"], before)
    assert (state["epoch"], state["position"]) == (0, 0)


def test_asking_for_the_state_changes_nothing():
    asked, want = resumable(), list(resumable())
    got = []
    for batch in asked:
        got.append(batch)
        asked.state_dict()
    assert_same(got, want)


def test_a_pass_can_be_interrupted_twice_and_taken_back():
    whole = resumable()
    passes = [list(whole), list(whole)]
    first, second, third = resumable(), resumable(), resumable()
    next(iter(first))
    second.load_state_dict(first.state_dict())
    assert_same([next(iter(second))], passes[0][1:2])
    third.load_state_dict(second.state_dict())
    state = third.state_dict()  # nothing was taken from it yet
    assert state["position"] == 2
    assert_same(third, passes[0][2:])
    assert_same(third, passes[1])
    third.load_state_dict(state)
    assert_same(third, passes[0][2:])


def test_leaving_a_pass_and_beginning_anew_is_a_new_pass():
    batches = resumable(augment=False)
    g = torch.Generator().manual_seed(3)
    orders = [torch.randperm(11, generator=g).tolist() for _ in range(2)]
    next(iter(batches))
    assert (batches.epoch, batches.position) == (0, 1)
    assert order(batches) == orders[1]
    assert (batches.epoch, batches.position) == (1, 0)


def test_of_two_passes_the_state_is_that_of_the_one_begun_last():
    batches = resumable(augment=False)
    older, newer = iter(batches), iter(batches)
    next(older)
    next(newer)
    next(older)
    assert batches.position == 1
    fresh = resumable(augment=False)
    fresh.load_state_dict(batches.state_dict())
    assert len(list(older)) == 1  # its end is not that of the pass that counts
    assert (batches.epoch, batches.position) == (0, 1)
    assert_same(fresh, list(newer))
    assert (batches.epoch, batches.position) == (1, 0)
    assert_same(fresh, list(batches))


def test_a_pass_from_before_loading_no_longer_counts():
    batches = resumable()
    state = batches.state_dict()
    before = iter(batches)
    next(before)
    batches.load_state_dict(state)
    next(before)
    assert (batches.epoch, batches.position) == (0, 0)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"n": 12}, "samples 12; here it is 11"),
        ({"batch_size": 5}, "batch_size 5; here it is 4"),
        ({"shuffle": False}, "shuffle 0; here it is 1"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(other, words):
    settings = {"n": 11, "batch_size": 4, "shuffle": True, "seed": 3} | other
    theirs = numbered(**settings)
    next(iter(theirs))
    batches, want = resumable(), list(resumable())
    with pytest.raises(ValueError, match=words):
        batches.load_state_dict(theirs.state_dict())
    assert_same(batches, want)


@pytest.mark.parametrize(
    ("n", "labels", "options", "words"),
    [
        (3, 4, {}, "3 inputs and 4 labels"),
        (0, 0, {}, "at least one"),
        (3, 3, {"batch_size": 0}, "batch_size 0"),
        (3, 3, {"batch_size": -2}, "batch_size -2"),
        (3, 3, {"mean": (0.1, 0.2)}, "statistics of 2 channels for images of 3"),
        (3, 3, {"std": [1.0] * 4}, "statistics of 4 channels for images of 3"),
        (
            3,
            3,
            {"std": [1.0, 0.0, 1.0]},
            r"std \[1.0, 0.0, 1.0\]: wanted numbers above",
        ),
        (3, 3, {"std": -0.5}, "std -0.5: wanted numbers above 0"),
        (3, 3, {"std": math.nan}, "std nan"),
        (3, 3, {"mean": math.inf}, "mean inf: wanted finite numbers"),
    ],
)
def test_what_does_not_fit_is_refused(n, labels, options, words):
    with pytest.raises(ValueError, match=words):
        Batches(torch.zeros(n, 3, 2, 2), torch.zeros(labels), **options)


def crop(X, generator):
    """An augmentation that changes the shape: two columns less, from a random place on."""
    start = int(torch.randint(3, (), generator=generator))
    return X[..., start : start + X.shape[-1] - 2]


@pytest.mark.parametrize("augment", [None, crop])
@pytest.mark.parametrize("together", [1, 250, 2**18])  # bytes; one batch has 360
@pytest.mark.parametrize("world", [2, 3, 4])
def test_the_parts_of_all_processes_are_the_batch(
    monkeypatch, augment, together, world
):
    monkeypatch.setattr("torchbook.data.loader.TOGETHER", together)
    X, y = pictures(13)
    options = {"shuffle": True, "mean": [0.1, 0.2, 0.3], "std": 0.3}
    whole = list(Batches(X, y, 4, **options))
    ranks = [
        Batches(X, y, 4, augment=augment, **options).share(rank, world)
        for rank in range(world)
    ]
    for _, labels in whole:
        assert len(labels) in (4, 1)  # so that in the last batch most have nothing
    for (X_whole, y_whole), *parts in zip(whole, *ranks, strict=True):
        assert torch.equal(torch.cat([y for _, y in parts]), y_whole)
        sizes = [len(y) for _, y in parts]
        assert sizes == [len(p) for p in y_whole.tensor_split(world)]
        for X_part, y_part in parts:
            width = 5 if augment is None else 3
            assert X_part.shape == (len(y_part), 3, 6, width)
            assert X_part.dtype == torch.float32
        if augment is None:
            assert torch.equal(torch.cat([X for X, _ in parts]), X_whole)
        assert [rank.total for rank in ranks] == [len(y_whole)] * world
    for rank in ranks:
        assert (len(rank), rank.samples, rank.batch_size) == (4, 13, 4)
        assert (rank.epoch, rank.position) == (1, 0)


def test_total_is_the_size_of_the_batch_yielded_last():
    batches = numbered(10, batch_size=4)
    assert [batches.total for _ in batches] == [4, 4, 2]


def test_each_process_has_chance_of_its_own():
    ranks = [resumable(augment=True).share(rank, 2) for rank in (0, 1)]
    stored = resumable(augment=False).X
    drawn = [X - stored[y] for rank in ranks for X, y in islice(rank, 1)]
    assert drawn[0].shape == drawn[1].shape
    assert not torch.allclose(drawn[0], drawn[1], atol=1e-3)


def test_processes_that_cannot_all_have_a_part_are_refused():
    batches = numbered(10, batch_size=2)
    with pytest.raises(ValueError, match="batch_size of 2 for 3 processes"):
        batches.share(0, 3)
    assert len(next(iter(batches))[1]) == 2  # nothing has changed


@pytest.mark.parametrize("worlds", [(1, 2), (2, 1), (2, 3), (3, 3)])
@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_another_number_of_processes_takes_up_the_same_batches(worlds, k, tmp_path):
    whole = list(resumable(augment=False))
    stopped = [resumable().share(rank, worlds[0]) for rank in range(worlds[0])]
    for rank in stopped:
        list(islice(rank, k))
    states = [through_a_file(rank.state_dict(), tmp_path) for rank in stopped]
    resumed = [resumable(seed=99).share(r, worlds[1]) for r in range(worlds[1])]
    for rank in resumed:
        rank.load_state_dict(states[0])
    for (_, y_whole), *parts in zip(whole[k:], *resumed, strict=True):
        assert torch.equal(torch.cat([y for _, y in parts]), y_whole)
    if worlds[0] == worlds[1]:  # then augmentation goes on bit for bit too
        again = resumable(seed=99).share(1, worlds[1])
        again.load_state_dict(states[0])
        assert_same(again, list(resumable().share(1, worlds[1]))[k:])
    for state in states:  # every process could have written the checkpoint
        assert torch.equal(state.pop("order"), stopped[0].state_dict()["order"])
    assert all(state == states[0] for state in states)


def test_augmentation_depends_on_the_place_and_on_nothing_before_it():
    def augmented(batches):
        stored = resumable(augment=False).X
        return [X - stored[y] for X, y in batches]  # what the noise added

    whole = resumable()
    first, second = augmented(whole), augmented(whole)
    left = resumable()
    next(iter(left))  # a pass left, and begun anew: other samples, the same chance
    again = augmented(left)
    for was, now in zip(first, again, strict=True):
        torch.testing.assert_close(was, now, atol=1e-5, rtol=0)
    for was, now in zip(first, second, strict=True):
        assert not torch.allclose(was, now, atol=1e-3)
    assert not torch.allclose(first[0], first[1], atol=1e-3)


def test_augmentation_leaves_the_global_source_of_chance_alone():
    before = torch.get_rng_state()
    list(resumable())
    assert torch.equal(torch.get_rng_state(), before)


def test_an_augmentation_that_loses_samples_is_named():
    X, y = pictures()
    batches = Batches(X, y, 4, augment=lambda X, generator: X[:-1])
    with pytest.raises(ValueError, match="augment gave 3 samples for 4"):
        list(batches)
    assert batches.position == 0


@pytest.mark.parametrize("batch_size", [3, 4, 11, 64])
@pytest.mark.parametrize("together", [1, 300, 10**6])
def test_how_many_batches_are_gathered_at_once_changes_nothing(
    monkeypatch, batch_size, together
):
    X, y = pictures()
    options = {"shuffle": True, "mean": 0.3, "std": [0.2, 0.3, 0.4]}
    one_by_one, several = (Batches(X, y, batch_size, **options) for _ in range(2))
    monkeypatch.setattr("torchbook.data.loader.TOGETHER", 0)
    want = list(one_by_one)
    monkeypatch.setattr("torchbook.data.loader.TOGETHER", together)
    assert_same(several, want)


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_batch_may_be_changed_and_the_set_stays(shuffle):
    X, y = torch.randn(7, 3), torch.arange(7)
    before = X.clone(), y.clone()
    for inputs, labels in Batches(X, y, 2, shuffle=shuffle):
        inputs.zero_()
        labels.zero_()
    assert torch.equal(X, before[0])
    assert torch.equal(y, before[1])


def test_values_are_those_of_the_formula():
    X, y = pictures(40)
    mean, std = [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]
    got = torch.cat([X for X, _ in Batches(X, y, 7, mean=mean, std=std)])
    mean, std = (torch.tensor(v).double().view(3, 1, 1) for v in (mean, std))
    want = (X.double() / 255 - mean) / std
    torch.testing.assert_close(got.double(), want, atol=1e-6, rtol=0)


def test_statistics_may_keep_the_dimensions_they_were_taken_over():
    X, y = pictures()
    flat, kept = (X.float().mean((0, 2, 3), keepdim=keep) for keep in (False, True))
    assert_same(Batches(X, y, 4, mean=kept), list(Batches(X, y, 4, mean=flat)))


def test_to_moves_the_set_and_its_statistics():
    X, y = pictures()
    batches = Batches(X, y, 4, mean=[0.5] * 3, std=0.5)
    assert batches.to("meta") is batches
    for inputs, labels in batches:
        assert (inputs.device.type, labels.device.type) == ("meta", "meta")
        assert inputs.dtype == torch.float32


@pytest.mark.parametrize("part", ["seed", "position", "order", "samples"])
def test_a_state_that_lacks_a_part_is_refused(part):
    state = resumable().state_dict()
    del state[part]
    with pytest.raises(ValueError, match=f"without {part}"):
        resumable().load_state_dict(state)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_batches_lie_on_the_device_in_the_same_order():
    X, y = pictures()
    here = Batches(X, y, 4, shuffle=True, mean=0.5, std=0.5)
    there = Batches(X, y, 4, shuffle=True, mean=0.5, std=0.5, device="cuda")
    for (X_cpu, y_cpu), (X_gpu, y_gpu) in zip(here, there, strict=True):
        assert X_gpu.is_cuda
        assert y_gpu.is_cuda
        assert y_gpu.tolist() == y_cpu.tolist()
        torch.testing.assert_close(X_gpu.cpu(), X_cpu)
