"""torchbook.transfer: held against torchvision's networks, without their weights."""

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from torchbook import transfer
from torchbook.data.loader import Batches
from torchbook.models.cnn import CNN
from torchbook.models.mlp import MLP
from torchbook.models.resnet import ResNet
from torchbook.train import fit

HEADS = {"resnet18": "fc", "densenet121": "classifier"}
SIZES = {"resnet18": (512, 11_689_512), "densenet121": (1024, 7_978_856)}


def published(name):
    torch.manual_seed(0)
    return torchvision.models.get_model(name, weights=None)


@pytest.fixture(scope="module", params=HEADS)
def original(request):
    model = published(request.param)
    model.name = request.param
    return model


@pytest.fixture
def model(original):
    return copy.deepcopy(original)


def small():
    torch.manual_seed(0)
    return ResNet(1, 3, 4, width=4)


def pictures(n=8, side=32):
    g = torch.Generator().manual_seed(1)
    return torch.randn(n, 3, side, side, generator=g)


def step(model, X, y, **settings):
    """One step of training on everything that requires a gradient."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.1, **settings)
    F.cross_entropy(model(X), y).backward()
    optimizer.step()


def copied(state):
    return {name: x.clone() for name, x in state.items()}


def changed(before, model):
    return {n for n, x in model.state_dict().items() if not torch.equal(x, before[n])}


def test_the_counts_are_the_published_ones(model):
    features, total = SIZES[model.name]
    assert transfer.count(model) == (total, total)
    transfer.freeze(model)
    assert transfer.count(model) == (0, total)
    transfer.swap_head(model, 2)
    new = 2 * features + 2
    assert transfer.count(model) == (new, total - 1000 * (features + 1) + new)
    assert transfer.count(model).trainable == new
    transfer.unfreeze(model)
    assert transfer.count(model).trainable == transfer.count(model).total


def test_a_parameter_used_twice_counts_once():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    assert transfer.count(model) == (9 + 3 + 3, 9 + 3 + 3)


def test_the_head_is_where_the_network_has_it(model):
    assert transfer.head_name(model) == HEADS[model.name]
    head = model.get_submodule(HEADS[model.name])
    assert (head.in_features, head.out_features) == (SIZES[model.name][0], 1000)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("vgg11", "classifier.6"),
        ("mobilenet_v3_small", "classifier.3"),
        ("vit_b_16", "heads.head"),
        ("efficientnet_b0", "classifier.1"),
    ],
)
def test_the_heads_of_other_families(name, head):
    with torch.device("meta"):  # shapes without numbers: nothing is allocated
        model = torchvision.models.get_model(name, weights=None)
    assert transfer.head_name(model) == head


def test_the_heads_of_the_books_own_networks():
    assert transfer.head_name(ResNet()) == "head"
    assert transfer.head_name(CNN()) == "6"
    assert transfer.head_name(MLP(4, 5, 3)) == "3"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Linear(2, 2), "this Linear is a single layer"),
        (nn.Sequential(nn.ReLU()), "Sequential has no parameters"),
        (
            nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)),
            "ends in '1', a BatchNorm1d: wanted an nn.Linear; .* head=",
        ),
    ],
)
def test_a_network_without_a_linear_head_is_refused(model, words):
    with pytest.raises(ValueError, match=words):
        transfer.head_name(model)


def test_a_convolution_is_no_head():
    with torch.device("meta"):
        model = torchvision.models.squeezenet1_0(weights=None)
    with pytest.raises(ValueError, match=r"'classifier.1', a Conv2d: wanted an nn.Lin"):
        transfer.head_name(model)


def test_a_new_head_has_the_classes_and_trains_while_the_rest_is_still(model):
    transfer.freeze(model)
    head = transfer.swap_head(model, 3)
    assert model.get_submodule(HEADS[model.name]) is head
    assert all(p.requires_grad for p in head.parameters())
    X, y, before = pictures(4), torch.arange(4) % 3, copied(model.state_dict())
    model.train()
    assert model(X).shape == (4, 3)
    step(model, X, y)
    own = {f"{HEADS[model.name]}.{name}" for name in ("weight", "bias")}
    assert changed(before, model) == own


def test_the_seed_alone_decides_the_new_head():
    heads = []
    for number, seed in enumerate((0, 0, 1)):
        model = small()
        torch.manual_seed(number)
        heads.append(transfer.swap_head(model, 5, seed).weight)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])
    torch.manual_seed(3)
    first = nn.Linear(16, 5)
    assert torch.equal(first.weight, transfer.swap_head(small(), 5, 3).weight)


def test_swapping_draws_on_no_other_random_number():
    model = small()
    before = torch.get_rng_state()
    transfer.swap_head(model, 5, seed=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_new_head_is_like_the_old_one():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4, bias=False)).double().eval()
    head = transfer.swap_head(model, 2)
    assert head.bias is None
    assert head.weight.dtype == torch.float64
    assert not head.training
    with torch.device("meta"):
        far = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))
    assert transfer.swap_head(far, 2).weight.device.type == "meta"


def test_a_head_of_ones_own_choice_can_be_named():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.out = nn.Linear(3, 4)
            self.body = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))

        def forward(self, X):
            return self.out(self.body(X))

    model = Odd()
    assert transfer.swap_head(model, 2, head="out") is model.out
    X, y = transfer.features(model, [(torch.ones(5, 2), torch.zeros(5))], head="out")
    assert (X.shape, y.shape) == ((5, 3), (5,))
    names = [g["name"] for g in transfer.groups(model, 1e-3, 1e-2, head="out")]
    assert names == ["body", "out"]


@pytest.mark.parametrize("classes", [0, -1])
def test_a_head_without_classes_is_refused(classes):
    with pytest.raises(ValueError, match=f"classes {classes}: wanted 1 or more"):
        transfer.swap_head(small(), classes)


@pytest.mark.parametrize("name", ["classifier", "", "head.weight"])
def test_a_head_that_is_not_there_is_refused_with_what_is(name):
    with pytest.raises(ValueError, match=r"no layer is called '.*stem, stages, head"):
        transfer.swap_head(small(), 2, head=name)


def test_a_head_that_is_not_linear_is_refused():
    with pytest.raises(ValueError, match=r"'stem' is a Sequential: wanted the name of"):
        transfer.swap_head(small(), 2, head="stem")


def test_frozen_statistics_stay_through_train_and_fit(model):
    transfer.freeze(model)
    transfer.swap_head(model, 2)
    before = copied(model.state_dict())
    loader = Batches(pictures(6), torch.arange(6) % 2, 3)
    optimizer = torch.optim.SGD(
        model.get_submodule(HEADS[model.name]).parameters(), 0.1
    )
    fit(model, loader, F.cross_entropy, optimizer, epochs=2, valid=loader,
        device="cpu", progress=False)  # fmt: skip
    assert {n.split(".")[0] for n in changed(before, model)} == {HEADS[model.name]}
    assert model.training


def test_without_freeze_the_statistics_move_though_no_gradient_does(model):
    """The reason for the hook: if torch stopped doing this, the book would be wrong."""
    model.requires_grad_(False)
    before = copied(model.state_dict())
    model.train()(pictures(4))
    moved = changed(before, model)
    assert moved
    assert all("running" in name or "num_batches" in name for name in moved)


def test_a_frozen_part_computes_as_in_eval():
    model, X = small(), pictures()
    transfer.freeze(model)
    want = model.eval()(X)
    assert torch.equal(model.train()(X), want)


def test_a_frozen_part_leaves_the_rest_alone():
    model, X = small(), pictures()
    transfer.freeze(model.stem)
    before = copied(model.state_dict())
    model.train()
    step(model, X, torch.arange(8) % 4)
    moved = {name.split(".")[0] for name in changed(before, model)}
    assert moved == {"stages", "head"}
    assert any("running_mean" in name for name in changed(before, model))


def test_dropout_is_left_as_it_is():
    model = nn.Sequential(nn.Linear(4, 50), nn.Dropout(0.5), nn.Linear(50, 2))
    transfer.freeze(model).train()
    X = torch.ones(1, 4)
    assert not torch.equal(model(X), model(X))


def test_a_copy_and_a_pickle_of_a_frozen_network_are_frozen_too():
    model = transfer.freeze(small())
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        before = copied(twin.state_dict())
        twin.train()(pictures())
        assert changed(before, twin) == set()
        transfer.unfreeze(twin)
        twin.train()(pictures())
        assert changed(before, twin)
    before = copied(model.state_dict())
    model.train()(pictures())
    assert changed(before, model) == set()


def test_freezing_twice_and_unfreezing_once():
    model = transfer.freeze(transfer.freeze(small()))
    assert transfer.unfreeze(model) is model
    before = copied(model.state_dict())
    step(model.train(), pictures(), torch.arange(8) % 4)
    still = before.keys() - changed(before, model)
    assert still == set()


@pytest.mark.parametrize("training", [True, False])
def test_unfreezing_keeps_to_the_mode_of_the_model(training):
    model = small().train(training)
    transfer.freeze(model)
    model(pictures())
    transfer.unfreeze(model)
    assert {m.training for m in model.modules()} == {training}


def test_a_single_norm_can_be_frozen_and_unfrozen():
    norm, X = nn.BatchNorm2d(3), pictures()
    transfer.freeze(norm).train()
    norm(X)
    assert norm.num_batches_tracked == 0
    transfer.unfreeze(norm)(X)
    assert norm.num_batches_tracked == 1


def rates(found):
    return {group["name"]: group["lr"] for group in found}


def test_groups_of_a_published_network_hold_everything_once(model):
    found = transfer.groups(model, 1e-3, 1e-2)
    head = HEADS[model.name]
    assert found[-1]["name"] == head
    assert rates(found)[head] == 1e-2
    assert {lr for name, lr in rates(found).items() if name != head} == {1e-3}
    held = [id(p) for group in found for p in group["params"]]
    assert len(held) == len(set(held))
    assert set(held) == {id(p) for p in model.parameters()}


def test_rates_fall_towards_the_input():
    found = transfer.groups(published("resnet18"), 1e-3, 1e-2, decay=0.5)
    names = ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"]
    assert [group["name"] for group in found] == names
    wanted = [1e-3 * 0.5**k for k in (5, 4, 3, 2, 1, 0)] + [1e-2]
    assert list(rates(found).values()) == pytest.approx(wanted)


def test_what_is_frozen_is_in_no_group_and_keeps_its_place_in_the_decay():
    model = small()
    transfer.freeze(model.stages)
    found = transfer.groups(model, 1e-3, 1e-2, decay=0.1)
    assert rates(found) == {"stem": pytest.approx(1e-4), "head": 1e-2}
    transfer.freeze(model.stem)
    assert rates(transfer.groups(model, 1e-3, 1e-2)) == {"head": 1e-2}


def test_parameters_of_the_model_itself_come_first():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.fc = nn.Linear(2, 2), nn.Linear(2, 2)
            self.token = nn.Parameter(torch.zeros(2))

    found = transfer.groups(Tokens(), 1.0, 2.0, decay=0.5)
    assert rates(found) == {"own": 0.5, "body": 1.0, "fc": 2.0}


def test_layers_beside_the_head_belong_to_the_body():
    with torch.device("meta"):
        model = torchvision.models.vgg11(weights=None)
    found = transfer.groups(model, 1e-3, 1e-2)
    assert rates(found) == {"features": 1e-3, "classifier": 1e-3, "classifier.6": 1e-2}
    assert len(found[1]["params"]) == 4  # two layers, of a weight and a bias each


def test_an_optimizer_steps_each_group_at_its_rate():
    model = small()
    before = copied(model.state_dict())
    optimizer = torch.optim.SGD(transfer.groups(model, 0.1, 1.0, decay=0.5))
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    for name, lr in (("stem", 0.05), ("stages", 0.1), ("head", 1.0)):
        for key, p in model.get_submodule(name).named_parameters():
            moved = before[f"{name}.{key}"] - p
            torch.testing.assert_close(moved, torch.full_like(p, lr))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": 0, "head_lr": 1}, "lr 0, head_lr 1"),
        ({"lr": 1, "head_lr": -1}, "wanted rates above 0"),
        ({"lr": 1, "head_lr": 1, "decay": 0}, "decay 0: wanted"),
        ({"lr": 1, "head_lr": 1, "decay": 2}, "up to 1"),
        ({"lr": float("nan"), "head_lr": 1}, "lr nan"),
    ],
)
def test_rates_that_are_none_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        transfer.groups(small(), **settings)


def test_with_everything_frozen_there_are_no_groups():
    with pytest.raises(ValueError, match="every parameter is frozen: unfreeze"):
        transfer.groups(transfer.freeze(small()), 1e-3, 1e-2)


def test_features_are_what_the_head_is_given(model):
    X, y = pictures(5, side=64), torch.arange(5)
    model.train()
    before = copied(model.state_dict())
    found, labels = transfer.features(model, Batches(X, y, 2))
    assert found.shape == (5, SIZES[model.name][0])
    assert torch.equal(labels, y)
    assert changed(before, model) == set()
    assert all(part.training for part in model.modules())
    head = model.get_submodule(HEADS[model.name])
    with torch.no_grad():
        torch.testing.assert_close(head(found), model.eval()(X), rtol=1e-4, atol=1e-4)


def test_features_can_be_trained_on_and_each_part_keeps_its_mode():
    model = small()
    model.stem.eval()
    found, y = transfer.features(model, [(pictures(6), torch.arange(6) % 2)])
    assert not model.stem.training
    assert model.stages.training
    head = nn.Linear(found.shape[1], 2)
    F.cross_entropy(head(found), y).backward()
    assert head.weight.grad.abs().sum() > 0


def test_features_of_shuffled_batches_go_with_their_labels():
    X, y = pictures(7), torch.arange(7)
    in_order, _ = transfer.features(small(), Batches(X, y, 3))
    found, labels = transfer.features(small(), Batches(X, y, 3, shuffle=True))
    assert labels.tolist() != y.tolist()
    torch.testing.assert_close(found, in_order[labels], rtol=1e-4, atol=1e-5)


def test_a_hook_does_not_stay_when_the_loader_breaks():
    model = small()
    with pytest.raises(RuntimeError):
        transfer.features(model, [(torch.ones(2, 5, 8, 8), torch.zeros(2))])
    assert not model.head._forward_pre_hooks
    assert model.training


def test_no_batches_and_no_pass_through_the_head_are_refused():
    with pytest.raises(ValueError, match="the loader yielded no batch"):
        transfer.features(small(), [])

    class Around(nn.Sequential):
        def forward(self, X):
            return self[0](X)

    model = Around(nn.Linear(2, 2), nn.Linear(2, 2))
    with pytest.raises(ValueError, match="called its head, '1', 0 times: wanted once"):
        transfer.features(model, [(torch.ones(3, 2), torch.ones(3))])
