"""Checks for the exercises on transfer with few labels, in part 10."""

import torch

from torchbook.exercises import Case, compare, exercise, show, unchanged


@exercise("rates_by_depth")
def check_rates_by_depth(rates_by_depth):
    """Three parts, a single one, no decay at all, and five parts."""
    for parts, lr, decay in (
        (["stem", "middle", "last"], 0.01, 0.5),
        (["body"], 0.1, 0.5),
        (["stem", "stages"], 0.001, 1.0),
        (["a", "b", "c", "d", "e"], 1.0, 0.1),
    ):
        got = rates_by_depth(list(parts), lr, decay)
        call = f"rates_by_depth({parts}, {lr}, {decay})"
        yield Case(
            f"{call} gave {show(got)}, wanted a dictionary with the keys {parts}.",
            isinstance(got, dict) and set(got) == set(parts),
            "A pair for each part and no other: its name, and its rate.",
        )
        n = len(parts)
        want = [lr * decay ** (n - 1 - k) for k in range(n)]
        usual = [
            (want[::-1], "The last part has the largest rate, the first the smallest."),
            ([r * decay for r in want], "The last part gets lr itself."),
            (
                [lr * decay * (n - 1 - k) for k in range(n)],
                "Each step towards the input multiplies once more: decay ** steps.",
            ),
            ([lr * decay] * n, "Every part has a rate of its own."),
            ([lr] * n, "Every part before the last has less than the one after it."),
        ]
        otherwise = (
            "Count the steps from the last part: none for itself, one before it."
        )
        rates = [got[name] for name in parts]
        yield compare(f"the rates of {call}", rates, want, usual, otherwise)


def _features():
    """Three classes in the plane, of different sizes; one has a sample far out."""
    features = torch.tensor(
        [[0.0, 0.0], [1.0, 0.0], [8.0, 0.0], [5.0, 5.0], [5.0, 6.0], [0.0, 9.0]]
    )
    new = torch.tensor([[3.2, 0.5], [5.0, 4.0], [0.5, 7.0], [7.5, 0.4], [1.0, 4.0]])
    return features, torch.tensor([0, 0, 0, 1, 1, 2]), new


@exercise("nearest_mean")
def check_nearest_mean(nearest_mean):
    """Samples near a mean and far from every sample, labels in another order, one row."""
    features, labels, new = _features()
    order = torch.tensor([5, 3, 0, 4, 2, 1])
    for what, X, y, M in (
        ("six samples", features, labels, new),
        ("the same in another order", features[order], labels[order], new),
        ("one row", features, labels, new[3:4]),
    ):
        given = X.clone(), y.clone(), M.clone()
        got = nearest_mean(*given)
        yield unchanged(given, (X, y, M), "Make new tensors; none of those given.")
        means = torch.stack([X[y == c].mean(dim=0) for c in range(3)])
        sums = torch.stack([X[y == c].sum(dim=0) for c in range(3)])
        distance = torch.cdist(M, means)
        usual = [
            (distance.argmax(dim=1), "This is the farthest mean. Take the nearest."),
            (
                y[torch.cdist(M, X).argmin(dim=1)],
                "This is the class of the nearest sample. Take the mean of each class "
                "first.",
            ),
            (
                torch.cdist(M, sums).argmin(dim=1),
                "These are sums. Divide by how many samples the class has.",
            ),
            ((M @ means.T).argmax(dim=1), "A product is no distance."),
            (distance.min(dim=1).values, "Those are distances. Give the class."),
            (distance, "Those are distances. Give the class of the smallest."),
        ]
        otherwise = "A mean for each class, a distance to each mean, the nearest one."
        call = f"for {what}, nearest_mean(features, labels, new)"
        yield compare(call, got, distance.argmin(dim=1), usual, otherwise)
