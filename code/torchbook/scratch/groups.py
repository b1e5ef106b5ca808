"""What every optimizer does, by hand: groups of parameters, their settings, their state.

`backward()` leaves a slope in `.grad` of each parameter. `step()` hands it to `update`, which
moves one parameter and is all that a method adds: optim.py and adaptive.py. Read in part 7.
"""

import math
from collections.abc import Iterable, Iterator
from numbers import Real

import torch
from torch import Tensor


class Optimizer:
    """Moves parameters by their slopes, as torch.optim.Optimizer does.

    `params` is a list of tensors, or of groups: dictionaries with "params" and settings
    of their own, such as a rate. The settings stand in `param_groups` and may be changed
    between steps. Raises ValueError for settings out of range or of other optimizers,
    for no parameters and for one given twice, TypeError for what is no tensor or number.
    """

    numbers = ("lr", "weight_decay")  # settings from 0
    shares = ()  # settings from 0, below 1

    def __init__(self, params: Iterable[Tensor] | Iterable[dict], **settings: object):
        self.defaults = settings
        self.param_groups = []
        self.state = {}  # of each parameter, what `update` wants to remember
        entries = _listed(params)
        if not entries:
            raise ValueError(
                "no parameters: wanted one at least. What model.parameters() gives can "
                "be read once only; list(...) keeps it"
            )
        grouped = isinstance(entries[0], dict)
        for group in entries if grouped else [{"params": entries}]:
            self.add_param_group(group)

    def update(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        """Move p by its slope g; `state` keeps what is remembered of p, at first empty."""
        raise NotImplementedError

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a slope; those whose .grad is None stay."""
        for group in self.param_groups:
            self.check(group)
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    g = self.slope(p, group)
                    self.update(p, g, self.state.setdefault(p, {}), group)

    def slope(self, p: Tensor, group: dict) -> Tensor:
        """The slope of the loss and of the penalty weight_decay / 2 * sum of p²."""
        if p.grad.is_sparse:
            raise ValueError(
                "a sparse slope: wanted a dense one; sparse=False gives it"
            )
        if group["weight_decay"] == 0:
            return p.grad
        return p.grad + group["weight_decay"] * p

    def zero_grad(self) -> None:
        """Forget the slopes: `backward()` adds to those that it finds."""
        for p in self._params():
            p.grad = None

    def add_param_group(self, group: dict) -> None:
        """One more group; what it does not set itself, it takes from the optimizer."""
        if not isinstance(group, dict) or "params" not in group:
            raise TypeError(f'a group {group!r}: wanted a dictionary with "params"')
        unknown = sorted(set(group) - {"params", "initial_lr", *self.defaults})
        if unknown:
            raise ValueError(
                f"a group sets {unknown}: wanted settings out of {[*self.defaults]}"
            )
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else _listed(params)
        for p in params:
            _check_parameter(p)
        everything = [*self._params(), *params]
        if len(set(everything)) < len(everything):
            raise ValueError("a parameter is given twice: wanted it in one place")
        group = {**self.defaults, **group, "params": params}
        self.check(group)
        self.param_groups.append(group)

    def check(self, group: dict) -> None:
        """Raise ValueError or TypeError for a setting out of range."""
        for name in self.numbers:
            check_number(name, group[name])
        for name in self.shares:
            check_number(name, group[name], below=1)

    def state_dict(self) -> dict:
        """The settings and the state, with a number in place of each parameter.

        It is of the form that torch's have, and the entries are named as torch's are.
        """
        number = {p: i for i, p in enumerate(self._params())}
        state = {number[p]: dict(entry) for p, entry in self.state.items() if entry}
        groups = [
            {**group, "params": [number[p] for p in group["params"]]}
            for group in self.param_groups
        ]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, saved: dict) -> None:
        """Go on from a `state_dict()`, ours or that of torch's twin.

        Raises ValueError for the state of another optimizer or of other parameters,
        and then changes nothing.
        """
        groups = saved["param_groups"]
        sizes = [len(group["params"]) for group in groups]
        here = [len(group["params"]) for group in self.param_groups]
        if sizes != here:
            raise ValueError(
                f"the saved groups hold {sizes} parameters, these {here}: wanted the same"
            )
        for group in groups:
            missing = [name for name in self.defaults if name not in group]
            if missing:
                raise ValueError(
                    f"the saved groups do not have {missing}: wanted those of "
                    f"{type(self).__name__}; they are another optimizer's"
                )
            self.check(group)
        numbers = [i for group in groups for i in group["params"]]
        param = dict(zip(numbers, self._params(), strict=True))
        self.state = {
            param[i]: _restored(param[i], entry) for i, entry in saved["state"].items()
        }
        for group, new in zip(self.param_groups, groups, strict=True):
            group.update({**new, "params": group["params"]})

    def _params(self) -> Iterator[Tensor]:
        return (p for group in self.param_groups for p in group["params"])


def check_number(name: str, value: object, below: float = math.inf) -> None:
    """Raise TypeError for what is no number, ValueError for one not from 0, below `below`."""
    if not isinstance(value, Real):
        raise TypeError(
            f"{name} {value!r}: wanted a number; .item() makes one of a tensor"
        )
    if not 0 <= value < below:  # nan is neither
        end = "finite" if below == math.inf else f"below {below}"
        raise ValueError(f"{name} {value}: wanted a number from 0, {end}")


def _listed(params: Iterable) -> list:
    if isinstance(params, Tensor | dict | set | str):
        raise TypeError(
            f"params is a {type(params).__name__}: wanted a list of tensors, or of groups"
        )
    return list(params)


def _check_parameter(p: object) -> None:
    if not isinstance(p, Tensor):
        raise TypeError(
            f"a {type(p).__name__} among the parameters: wanted tensors only; "
            "model.parameters() gives them"
        )
    if not p.is_leaf:
        raise ValueError(
            "a parameter is the result of a computation: backward() leaves it no slope. "
            "Wanted a leaf; x.detach().requires_grad_() makes one"
        )
    if not p.is_floating_point():
        raise ValueError(f"a parameter has dtype {p.dtype}: wanted real floats")


def _restored(p: Tensor, entry: dict) -> dict:
    """A copy of a saved entry, with the dtype and on the device of p."""
    restored = {}
    for name, value in entry.items():
        if name == "step":
            restored[name] = int(value)
        elif isinstance(value, Tensor):
            if value.shape != p.shape:
                raise ValueError(
                    f"the saved {name} has shape {tuple(value.shape)}, the parameter "
                    f"{tuple(p.shape)}: wanted the same"
                )
            restored[name] = value.to(p, copy=True)
    return restored
