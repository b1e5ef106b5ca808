"""The topic index: each number has its row, and what the row links to does speak of the topic."""

import re
from pathlib import Path

import pytest
from pages import BOOK, table_of_contents

WANTED = [
    [field.strip() for field in line.split(" | ")]
    for line in Path(__file__).with_name("topics.txt").read_text("utf8").splitlines()
    if not line.startswith("#")
]
INDEX = (BOOK / "topics.md").read_text("utf8")
TEXTS = {page.name: page.path.read_text("utf8") for page in table_of_contents()}
LABELS = {
    label: name
    for name, text in TEXTS.items()
    for label in re.findall(r"^\(([\w-]+)\)=$", text, re.M)
}
# Terms that the book must explain, whatever else it explains.
TERMS = """activation function, accuracy, augmentation, autograd, backpropagation, batch,
batch normalization, batch size, bias (parameter), bias (of a method), broadcasting, channel,
checkpoint, classification problem, convergence, convolution, cross-entropy, decision boundary,
discriminator, dropout, early stopping, epoch, error function, exponentially weighted average,
feature map, feedforward, fine-tuning, generator, gradient descent, hidden layer,
hyperparameter, inference, kernel, label, learning rate, linear model, local minimum, log-loss,
logistic regression, logits, loss, maximum likelihood, mini-batch, MNIST, Fashion-MNIST,
momentum, neural network, one-hot encoding, optimizer, overfitting, padding, parameter,
perceptron, pooling, precision, recall, ReLU, regularization, residual connection,
saddle point, sigmoid, softmax, state dict, step, stochastic gradient descent, stride, tensor,
test set, training set, transfer learning, underfitting, validation set, variance (of a method),
weight decay, weight initialization"""


def rows(index: str) -> dict[str, list[str]]:
    """The labels that each number is linked to. AssertionError for a number twice."""
    found = re.findall(r"^\| (T\d\d) \| .+? \| (.+?) \|$", index, re.M)
    assert len({number for number, _ in found}) == len(found), "a number stands twice"
    return {number: re.findall(r"{ref}`([\w-]+)`", where) for number, where in found}


def faults(index: str) -> list[str]:
    """What is wrong with the numbers and links of an index."""
    linked = rows(index)
    wanted = [number for number, *_ in WANTED]
    said = [f"{number} is missing" for number in wanted if number not in linked]
    said += [f"{number} is no topic" for number in linked if number not in wanted]
    said += [f"{number} has no link" for number, labels in linked.items() if not labels]
    for number, labels in linked.items():
        lost = [label for label in labels if label not in LABELS]
        said += [f"{number}: there is no {label}" for label in lost]
    if list(linked) != sorted(linked):
        said.append("the numbers are not in order")
    return said


def test_numbers_have_no_gap():
    assert [row[0] for row in WANTED] == [f"T{n:02}" for n in range(1, len(WANTED) + 1)]


def test_every_topic_is_in_the_index():
    assert faults(INDEX) == []


@pytest.mark.parametrize(
    ("pattern", "instead", "told"),
    [
        (r"^\| T42 .*\n", "", "T42 is missing"),
        (r"^\| T42 ", "| T99 ", "T99 is no topic"),
        (r"^(\| T42 \| .+? \|) .+? \|$", r"\1 to come, part 3 |", "T42 has no link"),
        (r"sec-softmax`", "sec-softmix`", "there is no sec-softmix"),
        (r"^(\| T42 .*\n)(\| T43 .*\n)", r"\2\1", "not in order"),
    ],
)
def test_a_fault_of_the_index_is_found(pattern, instead, told):
    broken = re.sub(pattern, instead, INDEX, flags=re.M)
    assert broken != INDEX
    assert any(told in fault for fault in faults(broken))


@pytest.mark.parametrize("row", WANTED, ids=lambda row: row[0])
def test_the_linked_pages_hold_the_topic(row):
    """At least one of them stands in a part named for it; together they use its words."""
    number, parts, words, title = row
    pages = {LABELS[label] for label in rows(INDEX)[number]}
    text = "\n".join(TEXTS[page] for page in pages).lower()
    assert any(page.startswith(tuple(parts.split(", "))) for page in pages), title
    for word in words.split(", "):
        choices = [choice.lower() for choice in word.split(" or ")]
        assert any(choice in text for choice in choices), f"{title}: {word}"


def test_the_glossary_holds_the_terms_that_it_must():
    entries = re.findall(r"^([^\s:(].*)\n  \S", TEXTS["glossary"], re.M)
    wanted = {term.lower() for term in re.split(r",\s+", TERMS)}
    assert wanted - {entry.lower() for entry in entries} == set()


def test_every_term_of_the_glossary_is_linked_from_a_page():
    used = set()
    for name, text in TEXTS.items():
        if name != "glossary":
            for words in re.findall(r"{term}`([^`]+)`", text):
                used.add(re.sub(r".*<(.*)>", r"\1", words, flags=re.S).lower())
    entries = re.findall(r"^([^\s:(].*)\n  \S", TEXTS["glossary"], re.M)
    assert [entry for entry in entries if entry.lower() not in used] == []
