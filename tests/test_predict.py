"""torchbook.predict: pictures as the model wants them, and what it says about them."""

import matplotlib as mpl
import pytest
import torch
from PIL import Image
from torch import nn

from torchbook import predict
from torchbook.data.folder import DataError
from torchbook.data.images import ImageSet
from torchbook.runs import Facts, RunError

GRAY = Facts("x", "X", ("a", "b", "c"), (1, 4, 4), 0.25, 0.5)
COLOR = Facts("x", "X", ("a", "b", "c"), (3, 4, 4), 0.25, 0.5)


def ramp(size=(4, 4)):
    g = torch.Generator().manual_seed(0)
    return torch.randint(256, size, generator=g).to(torch.uint8)


def saved(path, image):
    image.save(path)
    return path


def test_a_picture_of_the_right_size_is_read_as_it_is(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(ramp().numpy()))
    X = predict.read([path, path], GRAY)
    assert (X.dtype, X.shape) == (torch.uint8, (2, 1, 4, 4))
    assert torch.equal(X[0, 0], ramp())
    assert torch.equal(predict.read([path], GRAY, invert=True), 255 - X[:1])


def test_gray_becomes_three_channels_and_color_one(tmp_path):
    gray = saved(tmp_path / "g.png", Image.fromarray(ramp().numpy()))
    X = predict.read([gray], COLOR)
    assert torch.equal(X, ramp().expand(1, 3, 4, 4))
    pixels = ramp((4, 4, 3))
    color = saved(tmp_path / "c.png", Image.fromarray(pixels.numpy()))
    X = predict.read([color], COLOR)
    assert torch.equal(X[0], pixels.permute(2, 0, 1))
    weights = torch.tensor([0.299, 0.587, 0.114])  # ITU-R 601-2, as Pillow says
    luma = (pixels.float() @ weights).round()
    assert (predict.read([color], GRAY)[0, 0].float() - luma).abs().max() <= 1


@pytest.mark.parametrize("facts", [GRAY, COLOR])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_what_is_transparent_is_white(tmp_path, facts, mode):
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0))  # nothing to be seen
    image.putpixel((1, 2), (0, 0, 0, 255))  # but one black pixel
    path = tmp_path / "a.png"
    if mode == "RGB":  # one color of a picture without alpha may stand for nothing
        opaque = Image.new("RGB", (4, 4), (9, 9, 9))
        opaque.putpixel((1, 2), (0, 0, 0))
        opaque.save(path, transparency=(9, 9, 9))
    else:
        image.convert(mode).save(path)
    wanted = torch.full((4, 4), 255, dtype=torch.uint8)
    wanted[2, 1] = 0
    X = predict.read([path], facts)
    assert torch.equal(X, wanted.expand(1, facts.shape[0], 4, 4))


def test_half_transparent_is_half_white(tmp_path):
    path = saved(tmp_path / "a.png", Image.new("RGBA", (4, 4), (100, 100, 100, 51)))
    X = predict.read([path], GRAY)
    assert (X.float() - (0.2 * 100 + 0.8 * 255)).abs().max() <= 1


def test_other_shapes_are_cut_round_the_middle_and_scaled(tmp_path):
    wide = torch.zeros(8, 24, dtype=torch.uint8)
    wide[:, 8:16] = ramp((4, 4)).repeat_interleave(2, 0).repeat_interleave(2, 1)
    path = saved(tmp_path / "a.png", Image.fromarray(wide.numpy()))
    assert torch.equal(predict.read([path], GRAY)[0, 0], ramp((4, 4)))


def test_a_photo_is_turned_upright(tmp_path):
    image = Image.fromarray(ramp().numpy())
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    image.save(tmp_path / "a.png", exif=exif)
    X = predict.read([tmp_path / "a.png"], GRAY)
    assert torch.equal(X[0, 0], ramp().flip(0, 1))


def test_an_error_names_the_file(tmp_path):
    good = saved(tmp_path / "a.png", Image.fromarray(ramp().numpy()))
    with pytest.raises(
        DataError, match=r"b\.png cannot be read as a picture: it is not"
    ):
        predict.read([good, tmp_path / "b.png"], GRAY)


def test_probabilities_are_the_softmax_of_scaled_pictures():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 3))
    X = ramp((5, 1, 4, 4))
    probs = predict.probabilities(model.train(), X, GRAY, "cpu")
    wanted = ((X.float() / 255 - 0.25) / 0.5).flatten(1) @ model[2].weight.T
    wanted = (wanted + model[2].bias).softmax(1)
    assert torch.allclose(probs, wanted, atol=1e-6)
    assert torch.allclose(probs.sum(1), torch.ones(5))


def test_the_table_is_sorted_and_aligned():
    probs = torch.tensor([[0.1, 0.7, 0.2], [0.25, 0.25, 0.5]])
    text = predict.table(["one.png", "2.png"], probs, ("ant", "bee", "wasp"), 2)
    assert str(text).splitlines() == [
        "image    class  probability",
        "one.png  bee         0.7000",
        "         wasp        0.2000",
        "2.png    wasp        0.5000",
        "         ant         0.2500",
    ]


def test_drawing_leaves_the_backend_and_open_figures_alone(tmp_path):
    import matplotlib.pyplot as plt

    before, figures = mpl.get_backend(), plt.get_fignums()
    for facts in (GRAY, COLOR):
        X = ramp((2, *facts.shape))
        path = tmp_path / "deep" / f"{facts.shape[0]}.png"
        predict.draw(path, [path, path], X, torch.full((2, 3), 1 / 3), facts.classes)
        with Image.open(path) as image:
            image.verify()
    assert (mpl.get_backend(), plt.get_fignums()) == (before, figures)


class Always(nn.Module):
    """Says the same class whatever it sees."""

    def __init__(self, k):
        super().__init__()
        self.logits = nn.Parameter(torch.eye(3)[k] * 5)

    def forward(self, X):
        return self.logits.expand(len(X), 3)


def test_the_report_counts_and_says_what_was_never_predicted():
    X, y = ramp((5, 1, 4, 4)), torch.tensor([0, 1, 1, 1, 2])
    data = ImageSet("x", "X", "", X, y, X, y, GRAY.classes, "X")
    lines = predict.report(Always(1), data, GRAY, "cpu").splitlines()
    assert lines[0].endswith("accuracy 0.6000")
    assert [line.split() for line in lines[2:]] == [
        ["class", "precision", "recall", "images"],
        ["a", "never", "0.0000", "1"],
        ["b", "0.6000", "1.0000", "3"],
        ["c", "never", "0.0000", "1"],
    ]
    assert len({len(line) for line in lines[2:]}) == 1


def test_the_report_leaves_batch_statistics_and_dropout_alone():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16), nn.Linear(16, 3))
    X, y = ramp((5, 1, 4, 4)), torch.tensor([0, 1, 1, 1, 2])
    data = ImageSet("x", "X", "", X, y, X, y, GRAY.classes, "X")
    before = model[1].running_mean.clone()
    predict.report(model.train(), data, GRAY, "cpu")
    assert torch.equal(model[1].running_mean, before)


def test_another_set_is_not_measured():
    X, y = ramp((5, 1, 4, 4)), torch.tensor([0, 1, 1, 1, 2])
    data = ImageSet("x", "Y", "", X, y, X, y, GRAY.classes, "Y")
    with pytest.raises(RunError, match="trained on X, and Y is another set"):
        predict.report(Always(1), data, GRAY, "cpu")
