"""torchbook.data.glyphs: the same bytes for the same seed, fair, and legible."""

import string

import pytest
import torch

from torchbook.data import glyphs


def as_bytes(images):
    return {image.numpy().tobytes() for image in images}


def test_shapes_and_types():
    images, labels = glyphs.draw(7)
    assert images.shape == (7, 1, 28, 28)
    assert images.dtype == torch.uint8
    assert labels.shape == (7,)
    assert labels.dtype == torch.int64


def test_other_sizes_and_classes():
    images, labels = glyphs.draw(6, classes="xyz", size=20)
    assert images.shape == (6, 1, 20, 20)
    assert labels.sort().values.tolist() == [0, 0, 1, 1, 2, 2]


def test_none_at_all():
    images, labels = glyphs.draw(0)
    assert images.shape == (0, 1, 28, 28)
    assert labels.shape == (0,)


def test_the_same_seed_gives_the_same_bytes(monkeypatch):
    monkeypatch.setattr(glyphs, "BATCH", 40)  # a ragged last batch too
    first, again = glyphs.draw(100, seed=3), glyphs.draw(100, seed=3)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])


def test_neither_the_global_seed_nor_the_threads_matter():
    torch.manual_seed(0)
    first, _ = glyphs.draw(50)
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    again, _ = glyphs.draw(50)
    torch.set_num_threads(threads)
    assert torch.equal(first, again)
    assert torch.equal(state, torch.get_rng_state())


def test_no_picture_comes_twice():
    train, _ = glyphs.draw(2000, seed=0)
    test, _ = glyphs.draw(1000, seed=1)
    assert len(as_bytes(train)) == 2000
    assert len(as_bytes(test)) == 1000
    assert not as_bytes(train) & as_bytes(test)


def test_every_class_is_as_frequent_and_the_order_is_shuffled():
    _, labels = glyphs.draw(205)
    counts = labels.bincount()
    assert counts.min() == 20
    assert counts.max() == 21
    assert not torch.equal(labels, torch.arange(205) % 10)


def test_white_on_black_in_the_frame():
    images, _ = glyphs.draw(500)
    pixels = images.float() / 255
    assert 0.05 < pixels.mean() < 0.25
    assert pixels.amax(dim=(1, 2, 3)).min() > 0.4  # none is blank
    rim = torch.ones(28, 28, dtype=torch.bool)
    rim[1:-1, 1:-1] = False
    assert pixels[:, 0, rim].mean() < 0.08


@pytest.mark.parametrize("classes", [string.ascii_uppercase, string.ascii_lowercase])
def test_every_font_is_there_and_has_every_letter(classes):
    masters = glyphs._masters(classes)
    assert masters.shape == (26, len(glyphs.FONTS), glyphs.MASTER, glyphs.MASTER)
    for font in masters.unbind(1):
        assert font.amax(dim=(1, 2)).min() > 0.5
        assert len(as_bytes(font)) == 26  # a font without letters draws one box for all
    frame = masters.clone()
    frame[..., 3:-3, 3:-3] = 0
    assert frame.max() < 0.1  # no letter is cut off


def test_letters_can_be_told_apart_though_not_easily():
    from sklearn.linear_model import LogisticRegression

    X, y = glyphs.draw(3000, seed=0)
    X_test, y_test = glyphs.draw(1000, seed=1)
    model = LogisticRegression(C=0.01, max_iter=60).fit(X.flatten(1) / 255, y)
    accuracy = model.score(X_test.flatten(1) / 255, y_test)
    assert 0.45 < accuracy < 0.85  # chance is 0.1


def bar(top, left, height, width, side=28):
    picture = torch.zeros(1, 1, side, side, dtype=torch.uint8)
    picture[..., top : top + height, left : left + width] = 200
    return picture


@pytest.mark.parametrize("place", [(0, 0), (3, 9), (12, 20)])
def test_a_fitted_letter_fills_its_longer_side_and_lies_in_the_middle(place):
    small = glyphs.fitted(bar(*place, 16, 8))[0, 0]  # (8, 8)
    want = torch.zeros(8, 8)
    want[:, 2:6] = 1
    torch.testing.assert_close(
        small, want, atol=0.15, rtol=0
    )  # the rim is interpolated
    assert small.max() == 1
    torch.testing.assert_close(small, small.flip(1))
    torch.testing.assert_close(small, small.flip(0))


def test_rows_and_columns_are_not_exchanged():
    high, wide = bar(3, 9, 16, 8), bar(9, 3, 8, 16)
    torch.testing.assert_close(glyphs.fitted(high), glyphs.fitted(wide).mT)


def test_fitted_letters_of_any_size_reach_two_edges():
    letters, _ = glyphs.draw(200, string.ascii_letters, seed=2)
    small = glyphs.fitted(letters, size=12)
    assert small.shape == (200, 1, 12, 12)
    assert torch.equal(small.amax(dim=(1, 2, 3)), torch.ones(200))
    across = torch.minimum(small[..., 0].amax((1, 2)), small[..., -1].amax((1, 2)))
    down = torch.minimum(small[..., 0, :].amax((1, 2)), small[..., -1, :].amax((1, 2)))
    assert torch.maximum(across, down).min() > 0.1


@pytest.mark.parametrize(
    ("letters", "words"),
    [
        (torch.zeros(3, 28, 28), "wanted \\(N, 1, H, H\\)"),
        (torch.zeros(3, 1, 28, 20), "wanted \\(N, 1, H, H\\)"),
        (
            torch.cat([bar(3, 3, 5, 5), torch.full((1, 1, 28, 28), 60)]),
            "picture 1 has no ink",
        ),
    ],
)
def test_pictures_that_cannot_be_fitted_are_named(letters, words):
    with pytest.raises(ValueError, match=words):
        glyphs.fitted(letters)
