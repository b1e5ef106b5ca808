"""Which names of the package a piece of code holds: found by reading it."""

import pytest
from names import Reader, definitions, file_of, imports, of_file, read_included, resolve


def found(*cells: str) -> list[tuple[str, str]]:
    """(what is written, full name) of the last of several cells."""
    reader = Reader()
    for cell in cells:
        uses = reader.uses(cell)
    return [(cells[-1][use.start : use.end], use.name) for use in uses]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            ["from torchbook import train", "train.fit(model, data)"],
            [("train.fit", "torchbook.train.fit")],
        ),
        (
            ["import torchbook.metrics as m", "a = m.accuracy(m, y).item()"],
            [
                ("m.accuracy", "torchbook.metrics.accuracy"),
                ("m", "torchbook.metrics"),
            ],
        ),
        (
            ["from torchbook.scratch.perceptron import Run as R", "R(w, b).converged"],
            [("R", "torchbook.scratch.perceptron.Run")],
        ),
        (  # a name that another module of the package defines
            ["from torchbook.scratch import optim", "optim.Adam(p, lr=1)"],
            [("optim.Adam", "torchbook.scratch.adaptive.Adam")],
        ),
        (  # from the assignment on, the name is the reader's own
            ["from torchbook import train", "train = train.fit\ntrain.fit"],
            [("train.fit", "torchbook.train.fit")],
        ),
        (["from torchbook import train", "def f(train):\n    return train.fit"], []),
        (["from torchbook import train", "[train.fit for train in all_of_them]"], []),
        (
            ["from torchbook import seed", "'ä·' ; seed.everything(0)"],
            [("seed.everything", "torchbook.seed.everything")],
        ),
        (
            ["from torchbook import seed", "!ls\nseed.everything(0)"],
            [("seed.everything", "torchbook.seed.everything")],
        ),
        (["import torch", "torch.nn.Linear(1, 2)"], []),
        (["this is no Python"], []),
    ],
)
def test_names_are_found_where_they_stand(cells, expected):
    assert found(*cells) == expected


def test_an_import_names_the_module_and_what_comes_from_it():
    assert found("from torchbook.data import toy, images as pictures") == [
        ("torchbook.data", "torchbook.data"),
        ("toy", "torchbook.data.toy"),
        ("images", "torchbook.data.images"),
    ]


def test_a_function_keeps_its_imports_to_itself():
    cell = "def f():\n    from torchbook import seed\n    seed.everything(0)"
    assert ("seed.everything", "torchbook.seed.everything") in found(cell)
    assert found(cell, "seed.everything(0)") == []


def test_full_names_end_where_the_package_does():
    assert resolve("torchbook.train.fit.__name__") == ("torchbook.train.fit", 3)
    assert resolve("torchbook.callbacks.EarlyStopping.before") == (
        "torchbook.callbacks.EarlyStopping.before",
        4,
    )
    assert resolve("torch.nn.Linear") == ("", 0)


def test_static_names_are_those_that_python_has():
    """What is read from the files is what an import gives."""
    from importlib import import_module

    for module in ("torchbook.train", "torchbook.scratch.optim", "torchbook.exercises"):
        there = import_module(module)
        assert of_file(file_of(module)) == module
        for name in [n for n in definitions(module) if "." not in n]:
            assert hasattr(there, name), f"{module}.{name}"
        for name in imports(module):
            assert hasattr(there, name), f"{module}.{name}"


def test_included_code_is_known_again():
    file = file_of("torchbook.scratch.perceptron")
    name, uses = read_included(
        file, definitions("torchbook.scratch.perceptron")["predict"]
    )
    assert name == "torchbook.scratch.perceptron.predict"
    assert [use.name for use in uses] == [
        "torchbook.scratch.perceptron.predict",  # its own name, where it is defined
        "torchbook.scratch.activations.step",
        "torchbook.scratch.perceptron.score",
    ]
    assert read_included(file, "s = 2 * float(y) - 1")[0] == ""
