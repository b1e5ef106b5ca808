"""torchbook.export: files that answer as the network does in eager mode, and what cannot be one."""

import json
import subprocess
import sys

import onnx
import pytest
import torch
from onnxruntime.quantization import quantize_dynamic
from torch import nn

from torchbook import export, predict, programs, runs
from torchbook.models.cnn import CNN
from torchbook.models.mlp import MLP
from torchbook.models.resnet import ResNet

KINDS = (".pt2", ".onnx")
SMALL = runs.Facts("digits", "Digits", tuple("0123456789"), (1, 8, 8), 0.3, 0.4)
BATCHES = (1, 2, 5, 31, 64)


def facts(*shape, classes=10):
    names = tuple(f"class {n}" for n in range(classes))
    return runs.Facts("set", "A set", names, shape, 0.28, 0.35)


NETWORKS = {
    "mlp": (lambda: MLP(64, 32, 10, dropout=0.5), SMALL),
    "cnn": (lambda: CNN(classes=7), facts(1, 28, 28, classes=7)),
    "resnet": (lambda: ResNet(in_channels=3, classes=10), facts(3, 32, 24)),
}


def pictures(facts, count, seed=9):
    chance = torch.Generator().manual_seed(seed + count)
    return torch.randint(256, (count, *facts.shape), generator=chance).byte()


def trained_a_little(make, facts):
    """A network whose running statistics are not those of a new one."""
    torch.manual_seed(0)
    model = make()
    with torch.no_grad():
        for n in range(3):
            model.train()(pictures(facts, 16, seed=n) / 255)
    return model


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    make, of = NETWORKS[request.param]
    return trained_a_little(make, of), of


@pytest.fixture(scope="module", params=KINDS)
def file(request, network, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / f"network{request.param}"
    export.write(path, *network)
    return path


def test_a_file_answers_as_eager_for_every_batch_size(network, file):
    model, of = network
    exported = export.read(file)
    for count in BATCHES:
        X = pictures(of, count)
        with torch.no_grad():
            want = model.eval()((X.float() / 255 - of.mean) / of.std)
        got = exported(X)
        assert got.shape == (count, len(of.classes))
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)
        assert not got.requires_grad


def test_the_facts_travel_with_the_file(network, file):
    assert export.read(file).facts == network[1]


def test_what_a_file_says_is_what_the_command_predict_says(network, file):
    model, of = network
    X = pictures(of, 9)
    want = predict.probabilities(model, X, of, "cpu")
    assert torch.allclose(export.read(file)(X).softmax(1), want, atol=1e-5)


def test_exporting_leaves_the_network_as_it_was(tmp_path):
    model = NETWORKS["mlp"][0]().train()
    model[1].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    apart = export.write(tmp_path / "a.pt2", model, SMALL)
    assert apart < 1e-6
    assert [part.training for part in model][:3] == [True, False, True]
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


def test_a_file_of_onnx_runs_where_there_is_no_torch(tmp_path):
    """With ONNX Runtime and NumPy alone, in a process that cannot import torch."""
    model = NETWORKS["mlp"][0]().eval()
    export.write(tmp_path / "a.onnx", model, SMALL)
    code = (
        "import json, sys; sys.modules['torch'] = None\n"
        "import numpy, onnxruntime\n"
        "session = onnxruntime.InferenceSession('a.onnx')\n"
        "X = numpy.arange(192, dtype='uint8').reshape(3, 1, 8, 8)\n"
        "logits = session.run(None, {'pictures': X})[0]\n"
        "said = json.loads(session.get_modelmeta().custom_metadata_map['torchbook'])\n"
        "print(json.dumps([logits.tolist(), said['facts']['classes']]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    logits, classes = json.loads(done.stdout)
    X = torch.arange(192).byte().view(3, 1, 8, 8)
    with torch.no_grad():
        want = model((X.float() / 255 - SMALL.mean) / SMALL.std)
    assert torch.allclose(torch.tensor(logits), want, atol=1e-5)
    assert classes == list(SMALL.classes)


@pytest.mark.parametrize(
    "X",
    [
        torch.zeros(2, 1, 8, 8),
        torch.zeros(2, 3, 8, 8, dtype=torch.uint8),
        torch.zeros(1, 8, 8, dtype=torch.uint8),
        torch.zeros(2, 64, dtype=torch.uint8),
    ],
)
def test_what_is_no_batch_of_bytes_is_refused(X, tmp_path):
    export.write(tmp_path / "a.pt2", MLP(64, 10), SMALL)
    exported = export.read(tmp_path / "a.pt2")
    with pytest.raises(ValueError, match=r"wanted torch.uint8 \(N, 1, 8, 8\)"):
        exported(X)
    with pytest.raises(ValueError, match="wanted 1 or more"):
        exported(torch.zeros(0, 1, 8, 8, dtype=torch.uint8))


class ByTheNumbers(nn.Module):
    def forward(self, X):
        X = X.flatten(1)[:, :10]
        return X if X.sum() > 0 else -X


class ByTheBatch(nn.Module):
    def forward(self, X):
        return X.reshape(2, -1)[:, :10]


class ByChance(nn.Module):
    def forward(self, X):
        return X.flatten(1)[:, :10] + torch.rand(())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ByTheNumbers(), "cannot be written down as a graph: .*torch.where"),
        (ByTheBatch(), "cannot be written down as a graph: .*batch size"),
        (ByChance(), "draws random numbers"),
    ],
)
def test_a_network_that_cannot_be_exported_gets_a_sentence(
    model, words, kind, tmp_path, capfd
):
    with pytest.raises(export.ExportError, match=words) as caught:
        export.write(tmp_path / f"a{kind}", model, SMALL)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")  # torch is not let speak of its insides


def test_check_finds_a_difference_and_says_where():
    def one_off(X):
        return X.flatten(1)[:, :3] + 0.01 * (len(X) == 7)

    def same(X):
        return X.flatten(1)[:, :3].float() / 255

    assert export.check(same, same, SMALL, (1, 2, 7)) == 0
    with pytest.raises(export.ExportError, match=r"batch of 7 logits are 0\.01 apart"):
        export.check(same, lambda X: one_off(X / 255), SMALL, (1, 2, 7))
    with pytest.raises(export.ExportError, match="nan apart"):
        export.check(same, lambda X: same(X) * torch.nan, SMALL)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_not_whole_is_refused(kind, tmp_path):
    path = tmp_path / f"a{kind}"
    with pytest.raises(export.ExportError, match="cannot be read"):
        export.read(path)
    export.write(path, MLP(64, 10), SMALL)
    whole = path.read_bytes()
    for content in (b"", b"no file of ours", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(export.ExportError, match="no whole file of `torchbook"):
            export.read(path)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_were_damaged_are_noticed(kind, tmp_path):
    """Neither format finds this by itself: the file is whole, and its numbers are others."""
    path = tmp_path / f"a{kind}"
    torch.manual_seed(0)
    model = MLP(64, 10)
    export.write(path, model, SMALL)
    bias = model[1].bias.detach().numpy().tobytes()
    content = path.read_bytes()
    assert bias in content
    path.write_bytes(content.replace(bias, bias[::-1]))
    with pytest.raises(export.ExportError, match="damaged"):
        export.read(path)


def test_a_file_of_onnx_that_is_not_from_here_is_refused(tmp_path):
    export.write(tmp_path / "a.onnx", MLP(64, 10), SMALL)
    proto = onnx.load(tmp_path / "a.onnx")
    del proto.metadata_props[:]
    onnx.save(proto, tmp_path / "a.onnx")
    with pytest.raises(export.ExportError, match="no whole file of `torchbook export`"):
        export.read(tmp_path / "a.onnx")


def test_a_file_of_onnx_can_be_quantized_and_keeps_what_travels_with_it(tmp_path):
    """ONNX Runtime's quantizer stops at a file that still says the shapes of its weights."""
    torch.manual_seed(0)
    export.write(tmp_path / "a.onnx", MLP(64, 256, 10), SMALL)
    quantize_dynamic(tmp_path / "a.onnx", tmp_path / "b.onnx")
    sizes = [(tmp_path / name).stat().st_size for name in ("a.onnx", "b.onnx")]
    assert sizes[1] < 0.4 * sizes[0]
    run, text = programs.from_onnx((tmp_path / "b.onnx").read_bytes())
    assert '"classes"' in text
    X = pictures(SMALL, 40)
    want = export.read(tmp_path / "a.onnx")(X)
    assert (run(X) - want).abs().max() < 0.1 * want.abs().max()


@pytest.mark.parametrize("name", ["a.pt", "a", "a.onnx.zip"])
def test_other_endings_are_refused(name, tmp_path):
    with pytest.raises(export.ExportError, match=r"wanted \.pt2 or \.onnx"):
        export.write(tmp_path / name, MLP(64, 10), SMALL)
    with pytest.raises(export.ExportError, match=r"wanted \.pt2 or \.onnx"):
        export.read(tmp_path / name)


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(export.ExportError, match="could not be written"):
        export.write(tmp_path / "file" / "a.pt2", MLP(64, 10), SMALL)


def test_an_example_of_one_cannot_show_what_varies():
    with pytest.raises(export.ExportError, match="wanted two or more"):
        export.traced(MLP(64, 10), torch.zeros(1, 1, 8, 8))


@pytest.mark.parametrize("package", ["onnxscript", "onnxruntime", "onnx"])
def test_a_missing_extra_is_named(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r"pip install 'torchbook\[export\]'"):
        export.write(tmp_path / "a.onnx", MLP(64, 10), SMALL)
    assert export.write(tmp_path / "a.pt2", MLP(64, 10), SMALL) < 1e-6


def test_a_network_of_nans_is_told_as_what_it_is(tmp_path):
    model = MLP(64, 10)
    torch.nn.init.constant_(model[1].bias, torch.nan)
    with pytest.raises(export.ExportError, match="own logits are not finite"):
        export.write(tmp_path / "a.pt2", model, SMALL)
    assert list(tmp_path.iterdir()) == []


def test_at_most_is_never_rounded_down():
    for value, said in [
        (0.0, "0"),
        (1.4e-6, "2e-06"),
        (2e-6, "2e-06"),
        (9.1e-7, "1e-06"),
        (3e-5, "3e-05"),
    ]:
        assert export.at_most(value) == said
        assert float(said) >= value
