"""Checks for the exercises on backpropagation, of part 5."""

import torch

from torchbook.exercises import compare, compare_entries, exercise, unchanged

IN_PLACE = "*= and -= work in place. Make new tensors instead."


@exercise("hidden_delta")
def check_hidden_delta(slope_w11, slope_w21, slope_x1):
    """Three slopes of a small network with a ReLU, with autograd's as the truth."""
    x = torch.tensor([1.0, -1.0], requires_grad=True)
    W1 = torch.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    y_hat = torch.tensor([3.0, 5.0]) @ torch.relu(W1 @ x) - 1
    ((y_hat - 1) ** 2).backward()
    off = "Unit 2 has a score below 0. What is the slope of its ReLU there?"
    usual = [
        (3.0, "The slope of the square is 2 (y_hat - 1), not y_hat - 1."),
        (2.0, "That has arrived at y_hat. From there to the weight are two factors."),
        (-6.0, "The first input is 1, the second is -1."),
        (12.0, "That is the slope in x_1. A weight is multiplied by x_1."),
        (18.0, "The slope of a square is twice what is squared, y_hat - 1."),
    ]
    told = (
        "2 (y_hat - 1), times the output's weight, times the ReLU's slope, times x_1."
    )
    yield compare("for slope_w11 you", slope_w11, W1.grad[0, 0], usual, told)
    usual = [(10.0, off), (5.0, off), (-20.0, off)]
    yield compare("for slope_w21 you", slope_w21, W1.grad[1, 0], usual, off)
    usual = [
        (22.0, off),
        (
            6.0,
            "That is the slope in the weight. The input is multiplied by the weight.",
        ),
        (10.0, "That is the way through unit 2, as if it were on. " + off),
    ]
    told = "Each unit hands its delta to x_1, times the weight that x_1 came in by."
    yield compare("for slope_x1 you", slope_x1, x.grad[0], usual, told)


@exercise("through_block")
def check_through_block(through_block):
    """Blocks wider and narrower than their inputs, one sample and several."""
    for N, D, K in ((4, 3, 5), (1, 4, 2), (6, 2, 2)):
        g = torch.Generator().manual_seed(N)
        X, delta = torch.randn(2, N, D, generator=g)
        W1, W2 = torch.randn(K, D, generator=g), torch.randn(D, K, generator=g)
        H = torch.tanh(X @ W1.T)
        inner = (delta @ W2 * (1 - H**2)) @ W1
        usual = [
            (inner, "That is the way through the layers. X also goes round them."),
            (delta, "That is the way round. There is one through the layers, too."),
            (delta + delta @ W2 @ W1, "The tanh has a slope, 1 - H²."),
            (
                delta + (delta @ W2 * (1 - H)) @ W1,
                "The slope of the tanh is 1 - H², with the square.",
            ),
            (delta * inner, "Two ways: their slopes add up."),
        ]
        told = "Through the layers it is as on the page, and the way round adds delta."
        given = [part.clone() for part in (delta, X, W1, W2)]
        got = through_block(*given)
        yield unchanged(given, (delta, X, W1, W2), IN_PLACE)
        call = f"for N = {N}, D = {D}, K = {K} it"
        yield compare_entries(call, got, delta + inner, usual, told)


@exercise("shared_slope")
def check_shared_slope(shared_slope):
    """Several sizes; the two shares are told apart."""
    for N, D in ((5, 3), (1, 2), (3, 4)):
        g = torch.Generator().manual_seed(N)
        X, delta = torch.randn(2, N, D, generator=g)
        W = torch.randn(D, D, generator=g)
        H = torch.tanh(X @ W.T)
        below = (delta @ W) * (1 - H**2)
        upper, lower = delta.T @ H, below.T @ X
        usual = [
            (upper, "That is the upper layer's share. The lower one has one, too."),
            (lower, "That is the lower layer's share. The upper one has one, too."),
            ((upper + lower) / 2, "Add the shares; there is no mean to be taken."),
            (upper + (delta @ W).T @ X, "The tanh has a slope, 1 - H²."),
            (
                upper + ((delta @ W.T) * (1 - H**2)).T @ X,
                "Z = H W^T hands delta W to H, not delta W^T.",
            ),
            ((upper + lower).T, "This is the transpose: a row for each output."),
            (2 * upper, "The two layers have different inputs: X, and tanh(X W^T)."),
        ]
        told = "The slope of each layer as on the page; a weight used twice adds both."
        given = [part.clone() for part in (delta, X, W)]
        got = shared_slope(*given)
        yield unchanged(given, (delta, X, W), IN_PLACE)
        call = f"for N = {N}, D = {D} it"
        yield compare_entries(call, got, upper + lower, usual, told)
