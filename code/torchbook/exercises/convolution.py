"""Checks for the exercises on convolution, in part 9."""

import torch

from torchbook.exercises import compare, compare_entries, exercise, unchanged

BRIGHT = (
    "That is the brightest ground. The product is highest there, and so is the sum of "
    "the squared differences; the smallest one is wanted."
)


@exercise("moving_kernel")
def check_moving_kernel(moving_kernel):
    """Two ways across, the four straight ones, and no move."""
    ways = (1, 1), (1, 0), (0, 1), (-1, 0), (0, -1), (0, 0), (1, -1)
    for down, right in ways:
        want = _kernel(down, right)
        told = (
            "What moves down comes from above: the score is the pixel one row higher."
        )
        usual = [
            (_kernel(-down, -right), f"That moves the other way. {told}"),
            (_kernel(right, down), "Rows come first: down is about rows."),
            (_kernel(-down, right), f"Right is right, down is up. {told}"),
            (_kernel(down, -right), "Down is right; right and left are exchanged."),
            (torch.ones(3, 3), "That adds all nine pixels up."),
            (_kernel(0, 0), "This leaves every picture where it is."),
            (torch.zeros(3, 3), "One weight has to be 1."),
        ]
        otherwise = "One of the nine weights is 1, the others are 0."
        call, got = f"moving_kernel({down}, {right})", moving_kernel(down, right)
        yield compare_entries(call, got, want, usual, otherwise)


def _kernel(down: int, right: int) -> torch.Tensor:
    kernel = torch.zeros(3, 3)
    kernel[1 - down, 1 - right] = 1
    return kernel


@exercise("receptive_field")
def check_receptive_field(receptive_field):
    """One layer, several, strides before and after, dilations, a 1 × 1 kernel, no layer."""
    for layers in (
        [(3, 1, 1)],
        [(3, 1, 1), (5, 1, 1)],
        [(3, 2, 1)],
        [(3, 2, 1), (3, 1, 1)],
        [(3, 1, 1), (3, 1, 2), (3, 1, 4)],
        [(7, 2, 1), (3, 2, 1), (3, 1, 2), (1, 3, 1), (3, 1, 1)],
        [],
    ):
        usual = [
            (_field(layers, stride=0), "Strides count: behind one, scores lie apart."),
            (_field(layers, early=True), "A stride acts on the layers behind its own."),
            (_field(layers, dilation=0), "A dilation spreads the weights of a kernel."),
            (
                _field(layers, last=True),
                "Neighbours are as far apart as the product of all strides before.",
            ),
            (_field(layers) - 1, "With no layer, a score is one pixel: begin with 1."),
            (
                sum(k for k, _, _ in layers),
                "A kernel of three adds two to what is seen, not three.",
            ),
        ]
        otherwise = "Each layer adds (kernel - 1) · dilation · the strides before it."
        got = receptive_field(list(layers))
        yield compare(
            f"receptive_field({layers})", got, _field(layers), usual, otherwise
        )


def _field(layers, stride=1, dilation=1, early=False, last=False) -> int:
    """What a score sees; without strides or dilations, or with strides taken wrongly."""
    seen, step = 1, 1
    for k, s, d in layers:
        s, d = s if stride else 1, d if dilation else 1
        if early:
            step *= s
        seen += (k - 1) * d * step
        if not early:
            step = s if last else step * s
    return seen


def _pictures():
    """A pattern in noise, beside something brighter; wide, high, and at the edges."""
    for (H, W), (I, J), (row, column) in (
        ((7, 9), (3, 3), (1, 5)),
        ((9, 7), (2, 4), (6, 0)),
        ((8, 8), (3, 2), (0, 6)),
        ((4, 4), (4, 4), (0, 0)),
    ):
        g = torch.Generator().manual_seed(H + 10 * I)
        pattern = torch.rand(I, J, generator=g)
        picture = 0.3 * torch.rand(H, W, generator=g)
        if I < H:
            brightest = (
                (H - I if row < H // 2 else 0),
                (W - J if column < W // 2 else 0),
            )
            picture[brightest[0] :, brightest[1] :][:I, :J] = 2.0
        noise = 0.02 * torch.randn(I, J, generator=g)
        picture[row : row + I, column : column + J] = pattern + noise
        yield picture, pattern, (row, column)
    yield _one_or_many()


def _one_or_many():
    """One window is off by a little everywhere, another by much at one pixel: sizes of the
    differences add up to less there, their squares to more."""
    pattern = torch.tensor([[0.2, 0.9, 0.4], [0.8, 0.1, 0.6]])
    picture = torch.full((5, 9), 3.0)
    picture[0:2, 0:3] = pattern + 0.2  # 6 · 0.2 = 1.2, 6 · 0.04 = 0.24
    picture[3:5, 5:8] = pattern
    picture[4, 6] += 0.8  # 0.8, and 0.64
    return picture, pattern, (0, 0)


@exercise("find_pattern")
def check_find_pattern(find_pattern):
    """Patterns of other sizes than the picture's sides, at edges, and as large as it."""
    for picture, pattern, place in _pictures():
        given = picture.clone(), pattern.clone()
        got = find_pattern(*given)
        told = "Your function works in place. Make new tensors instead."
        yield unchanged(given, (picture, pattern), told)
        call = (
            f"find_pattern, with a picture {tuple(picture.shape)} and a pattern "
            f"{tuple(pattern.shape)},"
        )
        otherwise = "Take the pattern off every window, square, add up; argmin."
        usual = _slips(picture, pattern, place)
        yield compare(call, got, torch.tensor(place), usual, otherwise)


def _slips(picture, pattern, place):
    seen = picture.unfold(0, len(pattern), 1).unfold(1, pattern.shape[1], 1)
    width = seen.shape[1]
    away = ((seen - pattern) ** 2).sum(dim=(2, 3))

    def at(scores):
        return torch.tensor(divmod(scores.argmax().item(), width))

    wrong = [
        (
            -(seen - pattern).abs().sum(dim=(2, 3)),
            "Square, do not take the size: that "
            "counts one large difference for more than many small ones.",
        ),
        ((seen * pattern).sum(dim=(2, 3)), BRIGHT),
        (away, BRIGHT),
        (-(seen - pattern).sum(dim=(2, 3)), "Square the differences before the sum."),
        ((seen - pattern).sum(dim=(2, 3)), "Square the differences before the sum."),
    ]
    found = [(at(scores), hint) for scores, hint in wrong]
    row, column = place
    middle = [row + len(pattern) // 2, column + pattern.shape[1] // 2]
    numbered = "argmin counts through all places: divmod by the places in a row."
    others = [
        (torch.tensor([column, row]), "The row comes first."),
        (torch.tensor(middle), "That is its middle. Give its top left pixel."),
        (torch.tensor(row * width + column), numbered),
        (
            torch.tensor(divmod(row * width + column, picture.shape[1])),
            "There are fewer places in a row than pixels.",
        ),
    ]
    return [(w, h) for w, h in found + others if w.tolist() != list(place)]
