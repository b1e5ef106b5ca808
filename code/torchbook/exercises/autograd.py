"""Checks for the exercises on slopes, of part 1."""

import torch

from torchbook.exercises import Case, NothingBack, compare, exercise, show

POINTS = [torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1.5, 0.25, -0.5])]  # (3,) each
FUNCTIONS = {
    "the sum of squares": lambda x: (x**2).sum(),
    "x[0] * x[1] + exp(x[2])": lambda x: x[0] * x[1] + x[2].exp(),
}


def untouched(x, before, what):
    """Cases: x has the numbers it had, asks for no slope and holds none."""
    yield Case(
        f"{what} changed the tensor that it was given.",
        torch.equal(x.detach(), before),
        "Work on a copy: x.detach().clone().",
    )
    yield Case(
        f"after {what} the given tensor has requires_grad=True.",
        not x.requires_grad,
        "requires_grad_() changes the tensor itself. Make a copy first.",
    )
    yield Case(
        f"after {what} the given tensor has a .grad.",
        x.grad is None,
        "Switching requires_grad off again leaves the slopes there. Use a copy.",
    )


@exercise("gradient_at")
def check_gradient_at(gradient_at):
    """Two functions at two points, each twice, then a tensor that has a slope already."""
    for name, f in FUNCTIONS.items():
        for x in POINTS:
            x, before = x.clone(), x.clone()
            want = torch.autograd.grad(f(leaf := x.clone().requires_grad_()), leaf)[0]
            otherwise = (
                "Copy x, ask the copy for its slope, and walk back from f of it."
            )
            usual = [
                (f(before).item(), "That is f(x) itself. The gradient is in .grad."),
                (want.norm(), "That is the gradient's length. Return the vector."),
                (2 * want, "Twice too large: slopes of two calls were added."),
            ]
            what = f"gradient_at of {name} at {show(x)}"
            for _ in range(2):
                got = gradient_at(f, x)
                yield from untouched(x, before, "gradient_at")
                if isinstance(got, torch.Tensor):
                    yield Case(
                        f"{what} still carries a graph.",
                        not got.requires_grad,
                        "Return the .grad, not the tensor that has it.",
                    )
                yield compare(what, got, want, usual, otherwise)
    yield from of_an_x_with_slopes(gradient_at)


def of_an_x_with_slopes(gradient_at):
    """Cases: an x that asks for slopes and holds some keeps them, and they count for nothing."""
    x = POINTS[0].clone().requires_grad_()
    x.grad = torch.full((3,), 10.0)
    what = "with an x that has requires_grad=True and a .grad of tens, gradient_at"
    try:
        got = gradient_at(FUNCTIONS["the sum of squares"], x)
    except NothingBack:
        told = "A clone of such an x is no leaf, and gets no .grad. Detach it first."
        yield Case(f"{what} gave nothing, wanted the gradient.", False, told)
    kept = x.grad is not None and torch.equal(x.grad, torch.full((3,), 10.0))
    yield Case(
        "the given x had a .grad, and your function changed it.",
        kept and x.requires_grad,
        "Call backward on a detached copy, so that x keeps what it has.",
    )
    yield compare(what, got, 2 * POINTS[0], [], "Use the slopes of the copy alone.")


@exercise("jacobian_rows")
def check_jacobian_rows(jacobian_rows):
    """More results than inputs, fewer, and as many."""
    table = torch.tensor([[1.0, 2.0, -1.0], [0.0, 3.0, 0.5]])  # (2, 3)
    for name, f in {
        "x -> A @ x, A of shape (2, 3),": lambda x: table @ x,
        "x -> x ** 2": lambda x: x**2,
        "four results of x": lambda x: torch.stack([*(x * x.roll(1)), x.sum().tanh()]),
    }.items():
        x, before = POINTS[0].clone(), POINTS[0].clone()
        want = torch.autograd.functional.jacobian(f, before)  # (M, 3)
        got = jacobian_rows(f, x)
        yield from untouched(x, before, "jacobian_rows")
        usual = [
            (want.T, "Transposed: a row for each result, a column for each input."),
            (want.sum(0), "That is the sum of the rows: v was all ones."),
            (want.cumsum(0), "Each row holds those before it. Clear .grad each time."),
            (
                want.sum(0).expand_as(want),
                "Every row is the sum of all. Either v was all ones, or all rows are one "
                "tensor: copy .grad each time, and clear it.",
            ),
        ]
        what = f"for {name} jacobian_rows"
        otherwise = "Row i is what backward(v) leaves when v has a 1 at place i alone."
        if isinstance(got, list | tuple):
            otherwise = "torch.stack makes a table of a list of rows."
        yield compare(what, got, want, usual, otherwise)


@exercise("go_down")
def check_go_down(go_down):
    """No step, one, and several, from two starts, against steps taken one by one."""
    scale = torch.tensor([1.0, 3.0, 0.5])

    def f(w):
        return (scale * (w - 1) ** 2).sum() + w[0] * w[1]

    def walk(w, lr, steps, *, keep=False, sign=-1):
        total = torch.zeros_like(w)
        for _ in range(steps):
            slope = torch.autograd.grad(f(leaf := w.clone().requires_grad_()), leaf)[0]
            total = total + slope if keep else slope
            w = w + sign * lr * total
        return w

    for steps in (0, 1, 2, 7):
        for start in POINTS:
            w, before, lr = start.clone(), start.clone(), 0.05
            got, want = go_down(f, w, lr, steps), walk(start, lr, steps)
            yield from untouched(w, before, "go_down")
            if isinstance(got, torch.Tensor):
                yield Case(
                    "the w that came back has requires_grad=True.",
                    not got.requires_grad,
                    "Return w.detach().",
                )
            usual = [
                (walk(start, lr, steps, sign=1), "Uphill. Move against the slope."),
                (walk(start, lr, steps, keep=True), "Old slopes are still in .grad."),
                (walk(start, 1.0, steps), "The slope is to be multiplied by lr."),
                (start, "w has not moved. backward only computes slopes."),
                (walk(start, lr, steps + 1), "One step too many."),
                (walk(start, lr, max(steps - 1, 0)), "One step too few."),
            ]
            call = f"go_down(f, {show(start)}, {lr}, {steps})"
            otherwise = "Each step: backward, a move that is not recorded, then clear."
            yield compare(call, got, want, usual, otherwise)
