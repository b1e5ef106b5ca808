"""The rooms of the package and who may enter, read from the sources' own imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "code"
PACKAGE = SOURCE / "torchbook"
FILES = sorted(PACKAGE.rglob("*.py"))
LINES, LINES_OF_A_FUNCTION = 250, 40


def name_of(file):
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(file):
    """Every module that a file imports, anywhere in it: `from a import b` is both a and a.b."""
    names = set()
    package = name_of(file).split(".")
    if file.name != "__init__.py":
        package.pop()
    for node in ast.walk(ast.parse(file.read_text("utf8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def enters(file, room):
    return any(name == room or name.startswith(f"{room}.") for name in imports(file))


def in_room(room):
    """The files of `torchbook.room`, be it a module or a folder."""
    name = f"torchbook.{room}"
    return [f for f in FILES if name_of(f) == name or name_of(f).startswith(f"{name}.")]


def outsiders(file, *allowed):
    """Imports that are neither the standard library's nor from the rooms allowed."""
    return {
        name
        for name in imports(file)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(f"{name}.".startswith(f"{room}.") for room in allowed)
        # `from torchbook import scratch`, say, enters nothing but what it names
        and name != "torchbook"
    }


def dotted(node):
    """`torch.nn.Linear` as text, for a chain of names; else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (left := dotted(node.value)):
        return f"{left}.{node.attr}"
    return ""


def ready_made(source):
    """The layers, functions and optimizers of torch that a source uses, however imported."""
    tree = ast.parse(source)
    full = {}  # what a name in this file stands for
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                full[alias.asname or first] = alias.name if alias.asname else first
                used.add(alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                full[alias.asname or alias.name] = name
                used.add(name)
    for node in ast.walk(tree):
        first, _, rest = dotted(node).partition(".")
        if first in full and rest:
            used.add(f"{full[first]}.{rest}")
    containers = {"torch.nn", "torch.nn.Module", "torch.nn.Parameter"}
    members = tuple(f"{c}." for c in containers - {"torch.nn"})
    return {
        name
        for name in used
        if f"{name}.".startswith(("torch.nn.", "torch.optim."))
        and name not in containers
        and not name.startswith(members)
    }


@pytest.mark.parametrize("file", in_room("scratch"), ids=name_of)
def test_scratch_uses_tensors_and_itself(file):
    assert outsiders(file, "torch", "torchbook.scratch") == set()
    assert ready_made(file.read_text("utf8")) == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from torch import nn\nclass A(nn.Module): ...", set()),
        ("import torch\nx = torch.nn.Parameter(torch.zeros(1))", set()),
        ("import torch.nn.functional as F", {"torch.nn.functional"}),
        ("from torch.nn import functional", {"torch.nn.functional"}),
        ("from torch import nn\nnn.Linear(2, 1)", {"torch.nn.Linear"}),
        ("import torch\ntorch.nn.Linear(2, 1)", {"torch.nn.Linear"}),
        ("from torch import optim", {"torch.optim"}),
        ("import torch as t\nt.optim.SGD", {"torch.optim", "torch.optim.SGD"}),
    ],
)
def test_what_is_ready_made_is_seen_in_every_spelling(source, found):
    assert ready_made(source) == found


@pytest.mark.parametrize("file", in_room("models"), ids=name_of)
def test_models_use_torch_alone(file):
    assert outsiders(file, "torch", "torchbook.models") == set()


def test_only_the_exercises_and_the_table_of_twins_enter_scratch():
    allowed = {*in_room("scratch"), *in_room("exercises"), *in_room("twins")}
    inside = [f for f in FILES if f not in allowed and enters(f, "torchbook.scratch")]
    assert inside == []


def test_no_module_enters_plots():
    assert [f for f in FILES if enters(f, "torchbook.plots")] == []


def test_data_and_train_do_not_know_each_other():
    assert [f for f in in_room("data") if enters(f, "torchbook.train")] == []
    assert [f for f in in_room("train") if enters(f, "torchbook.data")] == []


def test_nobody_imports_stars():
    stars = [
        name_of(file) for file in FILES if any(n.endswith(".*") for n in imports(file))
    ]
    assert stars == []


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_files_and_functions_stay_short_and_are_described(file):
    text = file.read_text("utf8")
    tree = ast.parse(text)
    assert len(text.splitlines()) < LINES
    assert ast.get_docstring(tree)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    public = [
        node
        for node in tree.body
        if isinstance(node, kinds) and not node.name.startswith("_")
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, kinds[:2])
    }
    assert {n: lines for n, lines in long.items() if lines > LINES_OF_A_FUNCTION} == {}


def loaded_after(statement):
    """The modules in a fresh interpreter, begun in the repository root, after a statement."""
    code = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=SOURCE.parent,
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_else():
    loaded = loaded_after("import torchbook")
    assert {name for name in loaded if name.startswith("torchbook")} == {"torchbook"}
    assert not loaded & {"torch", "numpy", "matplotlib", "sklearn", "tqdm"}


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("torchbook.data.images", {"matplotlib", "sklearn", "torchvision"}),
        ("torchbook.train", {"matplotlib", "sklearn", "torchvision"}),
    ],
)
def test_a_room_loads_no_more_than_it_needs(module, unwanted):
    loaded = loaded_after(f"import {module}")
    assert module in loaded
    assert not loaded & unwanted


def test_the_standard_library_keeps_the_name_code():
    assert not (SOURCE / "__init__.py").exists()
    loaded_after("import code, pdb; code.InteractiveConsole; pdb.Pdb")
    loaded_after("import torchbook, code; code.InteractiveConsole")
