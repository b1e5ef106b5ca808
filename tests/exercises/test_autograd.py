"""torchbook.exercises.autograd: right answers pass, usual slips get the hint meant for them."""

import torch
from answers import *  # noqa: F403
from answers import BROKE


def gradient_at(f, x):
    x = x.detach().clone().requires_grad_()
    f(x).backward()
    return x.grad


def gradient_of_the_given(f, x):
    x.requires_grad_()
    f(x).backward()
    return x.grad


def gradient_without_a_copy(f, x):
    x = x.detach().requires_grad_()  # another tensor over the same numbers
    f(x).backward()
    return x.grad


def gradient_that_adds(f, x, memory={}):  # noqa: B006 that is the slip
    leaf = memory.setdefault(tuple(x.tolist()), x.clone().requires_grad_())
    f(leaf).backward()
    return leaf.grad.clone()


def gradient_with_its_graph(f, x):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x), x, create_graph=True)[0] + 0 * x


def leaf_returned(f, x):
    x = x.detach().clone().requires_grad_()
    f(x).backward()
    return x


def gradient_of_a_grown_x(f, x):
    """Clears the slope of an x that had one."""
    had = x.requires_grad
    x.grad = None
    x.requires_grad_()
    f(x).backward()
    got, x.grad = x.grad, None
    x.requires_grad_(had)
    return got


def gradient_switched_off(f, x):
    x.requires_grad_()
    f(x).backward()
    x.requires_grad_(False)
    return x.grad


def gradient_of_a_clone(f, x):
    x = x.clone().requires_grad_()
    f(x).backward()
    return x.grad


def gradient_in_place(f, x):
    got = gradient_at(f, x)
    x -= 0.1 * got
    return got


def rows_by(v_of, change=lambda rows: torch.stack(rows)):
    def jacobian_rows(f, x):
        rows = []
        for i in range(len(f(x))):
            leaf = x.detach().clone().requires_grad_()
            y = f(leaf)
            y.backward(v_of(i, y))
            rows.append(leaf.grad)
        return change(rows)

    return jacobian_rows


def one_at(i, y):
    v = torch.zeros_like(y)
    v[i] = 1
    return v


def rows_by_grad(f, x):
    leaf = x.clone().requires_grad_()
    y = f(leaf)
    rows = [torch.autograd.grad(y_i, leaf, retain_graph=True)[0] for y_i in y]
    return torch.stack(rows)


def rows_on_one_leaf(f, x, keep=lambda grad: grad.clone()):
    leaf, rows = x.detach().clone().requires_grad_(), []
    for i in range(len(f(x))):
        y = f(leaf)
        y.backward(one_at(i, y))
        rows.append(keep(leaf.grad))
    return torch.stack(rows)


def rows_freed(f, x):
    leaf = x.detach().clone().requires_grad_()
    y = f(leaf)
    for i in range(len(y)):
        y[i].backward()
    return leaf.grad


def rows_of_the_given(f, x):
    x.requires_grad_()
    return rows_on_one_leaf(f, x)


def descend(
    f, w, lr, steps, clear=True, sign=-1, copy=lambda w: w.detach().clone(), end=True
):
    w = copy(w).requires_grad_()
    for _ in range(steps):
        f(w).backward()
        with torch.no_grad():
            w += sign * lr * w.grad
        if clear:
            w.grad.zero_()
    return w.detach() if end else w


def descend_by_new_tensors(f, w, lr, steps):
    for _ in range(steps):
        leaf = w.detach().clone().requires_grad_()
        w = w - lr * torch.autograd.grad(f(leaf), leaf)[0]
    return w


def descend_recorded(f, w, lr, steps):
    w = w.clone().requires_grad_()
    for _ in range(steps):
        f(w).backward()
        w -= lr * w.grad
    return w.detach()


def descend_renamed(f, w, lr, steps):
    w = w.clone().requires_grad_()
    for _ in range(steps):
        f(w).backward()
        w = w - lr * w.grad
    return w.detach()


def descend_without_moving(f, w, lr, steps):
    w = w.clone().requires_grad_()
    for _ in range(steps):
        f(w).backward()
    return w.detach()


RIGHT = {
    "gradient_at": [
        gradient_at,
        lambda f, x: torch.autograd.grad(
            f(c := x.clone().detach().requires_grad_()), c
        )[0],
        lambda f, x: torch.func.grad(f)(x.detach()),
        gradient_without_a_copy,
    ],
    "jacobian_rows": [rows_by(one_at), rows_by_grad],
    "go_down": [descend, descend_by_new_tensors],
}

WRONG = {
    "gradient_at": {
        "no copy": (gradient_of_the_given, "Make a copy first"),
        "adds up": (gradient_that_adds, "slopes of two calls were added"),
        "value": (lambda f, x: f(x), "That is f(x) itself"),
        "length": (lambda f, x: gradient_at(f, x).norm(), "Return the vector"),
        "with its graph": (gradient_with_its_graph, "still carries a graph"),
        "the leaf": (leaf_returned, "Return the .grad, not the tensor"),
        "clears what was there": (gradient_of_a_grown_x, "keeps what it has"),
        "changes x": (gradient_in_place, "Work on a copy"),
        "switches it off again": (
            gradient_switched_off,
            "the given tensor has a .grad",
        ),
        "no detach": (gradient_of_a_clone, "Detach it first"),
        "no slope asked for": (
            lambda f, x: f(x).backward(),
            "does not require grad",
        ),
        "clone that stays in the graph": (
            lambda f, x: f(x.clone()).backward() or x.grad,
            BROKE,
        ),
        "nudges": (
            lambda f, x: torch.stack(
                [(f(x + h) - f(x)) / 0.1 for h in 0.1 * torch.eye(3)]
            ),
            "Copy x, ask the copy",
        ),
    },
    "jacobian_rows": {
        "transposed": (lambda f, x: rows_by(one_at)(f, x).T, "Transposed"),
        "all ones": (
            rows_by(lambda i, y: torch.ones_like(y), lambda rows: rows[0]),
            "v was all ones",
        ),
        "all ones, stacked": (
            rows_by(lambda i, y: torch.ones_like(y)),
            "Either v was all ones",
        ),
        "not cleared": (rows_on_one_leaf, "Each row holds those before it"),
        "not copied": (
            lambda f, x: rows_on_one_leaf(f, x, keep=lambda grad: grad),
            "or all rows are one tensor",
        ),
        "one graph": (rows_freed, "second time"),
        "one graph that keeps": (
            lambda f, x: rows_by(one_at)(f, x).sum(0),
            "v was all ones",
        ),
        "a list": (rows_by(one_at, lambda rows: rows), "torch.stack makes a table"),
        "another row": (
            rows_by(lambda i, y: one_at(len(y) - 1 - i, y)),
            "Row i is what backward(v)",
        ),
        "the given x": (rows_of_the_given, "Make a copy first"),
        "no v": (rows_by(lambda i, y: None), "scalar outputs"),
    },
    "go_down": {
        "not cleared": (
            lambda f, w, lr, steps: descend(f, w, lr, steps, clear=False),
            "Old slopes are still in .grad",
        ),
        "uphill": (
            lambda f, w, lr, steps: descend(f, w, lr, steps, sign=1),
            "Uphill",
        ),
        "no lr": (
            lambda f, w, lr, steps: descend(f, w, 1.0, steps),
            "multiplied by lr",
        ),
        "one step more": (
            lambda f, w, lr, steps: descend(f, w, lr, steps + 1),
            "One step too many",
        ),
        "one step less": (
            lambda f, w, lr, steps: descend(f, w, lr, steps - 1),
            "w has not moved",
        ),
        "one step less of many": (
            lambda f, w, lr, steps: descend(f, w, lr, steps - (steps > 1)),
            "One step too few",
        ),
        "moves the given": (
            lambda f, w, lr, steps: descend(f, w, lr, steps, copy=torch.detach),
            "Work on a copy",
        ),
        "asks the given": (
            lambda f, w, lr, steps: descend(f, w, lr, steps, copy=lambda w: w),
            "Make a copy first",
        ),
        "still a leaf": (
            lambda f, w, lr, steps: descend(f, w, lr, steps, end=False),
            "Return w.detach()",
        ),
        "recorded": (descend_recorded, "Move weights under torch.no_grad()"),
        "a new w": (descend_renamed, "It fills those of leaves"),
        "no move": (descend_without_moving, "w has not moved"),
        "half as far": (
            lambda f, w, lr, steps: descend(f, w, lr / 2, steps),
            "Each step: backward",
        ),
    },
}
