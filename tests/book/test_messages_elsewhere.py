"""The messages on book/messages.md that no page shows: torch says them, in these words."""

import io
import re

import pytest
import torch
import torch.nn.functional as F
from messages import words
from pages import BOOK
from PIL import Image
from torch import nn
from torch.utils.data import default_collate

# What this machine cannot say: it may have a GPU or none, and it is not Windows.
NOT_HERE = (
    "RuntimeError: Found no NVIDIA driver",
    "OutOfMemoryError: CUDA out of memory",
    "RuntimeError: Expected all tensors to be on the same device",
    "RuntimeError: An attempt has been made to start a new process",
    "ModuleNotFoundError: No module named 'torchbook'",
)


class Net(nn.Module):
    """A network without forward."""


class NoInit(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


def not_only_weights():
    file = io.BytesIO()
    torch.save(nn.Linear(1, 1), file)
    file.seek(0)
    torch.load(file)


def slope(*shape: int) -> torch.Tensor:
    return torch.ones(shape, requires_grad=True)


SCORES, LABELS = torch.zeros(2, 10), torch.tensor([3, 1])
MISTAKES = [
    lambda: F.cross_entropy(SCORES, torch.tensor([3, 10])),
    lambda: F.cross_entropy(SCORES, LABELS.float()),
    lambda: F.cross_entropy(SCORES, LABELS[:, None]),
    lambda: F.binary_cross_entropy_with_logits(torch.zeros(4, 1), torch.zeros(4)),
    lambda: F.binary_cross_entropy(torch.tensor([1.5]), torch.tensor([1.0])),
    lambda: slope(2).numpy(),
    lambda: torch.tensor([1, 2], requires_grad=True),
    lambda: slope(2).add_(1),
    lambda: torch.zeros(3).item(),
    lambda: LABELS.mean(),
    lambda: torch.zeros(6).reshape(4, 2),
    lambda: torch.zeros(3)[5],
    lambda: default_collate([torch.zeros(1, 28, 28), torch.zeros(1, 32, 28)]),
    lambda: default_collate([Image.new("L", (2, 2))]),
    lambda: nn.Conv2d(1, 4, 3)(torch.zeros(28, 28)),
    lambda: nn.Conv2d(1, 4, 5)(torch.zeros(1, 1, 3, 3)),
    NoInit,
    lambda: Net()(torch.zeros(1)),
    lambda: nn.Sequential([nn.Linear(1, 1)]),
    lambda: nn.Linear(2, 2)([1.0, 2.0]),
    lambda: nn.Linear(2, 2).load_state_dict(
        {f"module.{k}": v for k, v in nn.Linear(2, 2).state_dict().items()}
    ),
    not_only_weights,
]


def entries() -> list[str]:
    """The messages of the hand-written list."""
    text = (BOOK / "messages.md").read_text("utf8")
    block = re.search(r"^````\{messages\} others\n(.*?)^````", text, re.M | re.S)[1]
    return re.findall(r"^- (?:`(.+)`)$", block, re.M)


def said(mistake) -> str:
    with pytest.raises(Exception) as caught:
        mistake()
    return f"{caught.type.__name__}: {caught.value}"


def test_torch_says_what_the_page_says():
    wanted = [text for text in entries() if not text.startswith(NOT_HERE)]
    assert len(wanted) == len(MISTAKES) == len(entries()) - len(NOT_HERE)
    for text, mistake in zip(wanted, MISTAKES, strict=True):
        message = said(mistake)
        missing = set(words(text).split()) - set(words(message).split())
        assert not missing, f"{text}\nis now: {message}"


def test_each_entry_explains_and_leads_to_a_page(html):
    text = (html / "messages.html").read_text("utf8")
    start = text.index('id="often-met-elsewhere"')
    block = text[start : text.index('id="by-symptom"')]
    items = re.findall(r"<li><p><code.*?</li>", block, re.S)
    assert len(items) == len(entries())
    assert all('class="reference internal"' in item for item in items)
