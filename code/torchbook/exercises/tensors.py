"""Checks for the exercises of part 1 on tensors, and on standing inside a model."""

import torch

from torchbook.exercises import Case, compare, compare_entries, exercise, show


def untouched(what, given, before) -> Case:
    """A case that holds when the reader's function left its input alone."""
    return Case(
        f"your function changed the {what} that it was given.",
        torch.equal(given, before),
        "Brackets on the left of =, and operators like /= and *=, write into the tensor "
        "itself. Work on a copy, or make a new tensor.",
    )


@exercise("as_input")
def check_as_input(as_input):
    """Bytes of two sizes: the values, then the dtype."""
    for N, H, W in ((3, 8, 8), (1, 2, 5)):
        pixels = (37 * torch.arange(N * H * W) % 256).to(torch.uint8)
        pixels = pixels.reshape(N, 1, H, W)
        flat = pixels.flatten(1)  # (N, H W)
        got = as_input(pixels.clone())
        usual = [
            (flat, "These are bytes still, 0 to 255. Divide by the largest."),
            (flat // 255, "// leaves whole numbers. One slash divides."),
            (flat / 256, "The largest byte is 255, and should become 1."),
            (pixels / 255, "The numbers are right. flatten(1) makes a row of each."),
            (pixels.flatten() / 255, "flatten(1) leaves the samples apart."),
            (flat / flat.max(), "Divide by 255, whatever the brightest pixel is."),
        ]
        otherwise = "A row for each picture, its H * W pixels divided by 255."
        call = f"as_input of bytes {(N, 1, H, W)}"
        yield compare_entries(call, got, flat / 255, usual, otherwise)
    told = "Bytes divided by a number are float32; .float() makes it so in any case."
    if not isinstance(got, torch.Tensor):
        told = "Stay in torch: pixels is a tensor, and can be flattened and divided."
    dtype = getattr(got, "dtype", None)
    came = dtype if isinstance(got, torch.Tensor) else type(got).__name__
    what = f"the answer is {came}, wanted a tensor of torch.float32."
    yield Case(what, dtype == torch.float32, told)


@exercise("clean")
def check_clean(clean):
    """An entry at the threshold, one that is all faint, and the picture left as it was."""
    for picture, threshold in (
        (torch.tensor([[10.0, 200.0, 64.0], [63.0, 0.0, 255.0]]), 64),
        (torch.tensor([[0.25, 0.5], [0.125, 0.375]]), 0.3),
        (torch.tensor([[1.0, 2.0]]), 5.0),
    ):
        given = picture.clone()
        got, keep = clean(given, threshold), picture >= threshold
        usual = [
            (picture * (picture > threshold), "An entry at the threshold stays."),
            (picture * ~keep, "You wiped out the bright ink and kept the faint."),
            (keep, "This is the mask. Use it to pick what becomes 0."),
            (picture[keep], "A mask in brackets picks. Here it should write a 0."),
            (picture, "Nothing became 0."),
        ]
        otherwise = "Copy with .clone(), then write 0 where the copy is too faint."
        call = f"clean({show(picture)}, {threshold})"
        yield compare_entries(call, got, picture * keep, usual, otherwise)
        yield untouched("picture", given, picture)


@exercise("turn")
def check_turn(turn):
    """Squares of two sizes and a rectangle, against torch.rot90."""
    for H, W in ((3, 3), (4, 4), (2, 3)):
        picture, P = torch.arange(1.0, H * W + 1).reshape(H, W), torch.eye(H).flip(0)
        got, want = turn(picture.clone(), P.clone()), torch.rot90(picture, -1)
        usual = [
            (
                torch.rot90(picture, 1),
                "That is a turn to the left. Exchange the order.",
            ),
            (picture.flip(0), "That is upside down. A turn needs .T as well."),
            (picture.flip(1), "That is a mirror. A turn needs .T as well."),
            (picture.T, "Rows became columns. Now put the columns in reverse."),
            (torch.rot90(picture, 2), "That is half a turn."),
        ]
        otherwise = (
            "The first row becomes the last column. "
            "What stands on the right acts on columns."
        )
        call = f"turn({show(picture)}, P)"
        yield compare_entries(call, got, want, usual, otherwise)


@exercise("class_means")
def check_class_means(class_means):
    """Classes of different sizes, one with a single sample, then classes of equal sizes."""
    X = torch.tensor(
        [[1.0, 2, 3], [3, 4, 8], [5, 6, 1], [0, 9, 2], [2, 1, 7], [4, 4, 4]]
    )
    for labels, C in (([0, 1, 1, 2, 1, 0], 3), ([1, 0, 0, 1, 1, 0], 2)):
        y = torch.tensor(labels)
        member = (y == torch.arange(C)[:, None]).float()  # (C, N)
        sums, counts = member @ X, member.sum(dim=1)  # (C, 3), (C,)
        want = sums / counts[:, None]
        got = class_means(X.clone(), y.clone(), C)
        usual = [
            (sums, "These are sums. Divide each row by the samples in its class."),
            (
                sums / len(X),
                "Divide by the number of samples in the class, not in all of X.",
            ),
            (want.T, "A row for each class, and a column for each input."),
            (X.mean(dim=0).expand(C, 3), "Each row is the mean of all samples."),
            (want.mean(dim=1), "One number a class: which dim?"),
            (member, "This is the matrix. Multiply X with it, then divide."),
        ]
        if C == 3:  # as many classes as inputs
            told = (
                "Each count divides a column here. Make a column of counts: [:, None]."
            )
            usual.append((sums / counts, told))
        otherwise = "Row k of the matrix has a 1 where y is k. Divide by how many ones."
        if isinstance(got, list | tuple):
            otherwise = "One product of two matrices gives all rows at once."
        call = f"class_means(X, {labels}, {C})"
        yield compare_entries(call, got, want, usual, otherwise)


@exercise("shapes_through")
def check_shapes_through(shapes_through):
    """Three layers that change the shape, one layer, none."""
    layers = [lambda x: x.flatten(1), lambda x: x[:, :4], lambda x: x.sum(dim=1)]
    x = torch.zeros(2, 3, 5)
    for count, want in ((3, [(2, 15), (2, 4), (2,)]), (1, [(2, 15)]), (0, [])):
        got = shapes_through(layers[:count], x)
        steps = [(2, 3, 5), *want]
        usual = [
            (steps, "The shape of x itself is not asked for."),
            (steps[:-1], "Note the shape after the layer has run, not before."),
            (
                [tuple(layer(x).shape) for layer in layers[:count]],
                "Each layer gets what the one before it gave, not x.",
            ),
        ]
        told = "After each layer, append tuple(x.shape) to a list."
        shapes = listed(got)
        if count and not shapes and listed([got]) == want[-1:]:
            told = "This is the last shape only. Keep one for every layer."
        what = f"with {count} layers it gave no list of shapes, wanted {want}."
        yield Case(what, shapes is not None, told)
        told = next((text for wrong, text in usual if shapes == wrong), told)
        what = (
            f"with {count} layers and x of {steps[0]} it gave {shapes}, wanted {want}."
        )
        yield Case(what, shapes == want, told)


def listed(got):
    """The answer as a list of tuples, where it is a list of shapes; else nothing."""
    kinds = list | tuple
    if not isinstance(got, kinds) or not all(isinstance(part, kinds) for part in got):
        return None
    whole = all(isinstance(size, int) for part in got for size in part)
    return [tuple(part) for part in got] if whole else None


@exercise("halvings")
def check_halvings(halvings):
    """None needed, some, a length that meets the limit; and x left as it was."""
    for values, limit, want in (
        ([6.0, 8.0], 2.5, 2),
        ([3.0, 4.0], 6.0, 0),
        ([3.0, 4.0], 4.5, 1),
        ([3.0, 4.0], 1.0, 3),
        ([0.0, 0.0], 0.0, 0),
    ):
        x = torch.tensor(values)
        given = x.clone()
        got = halvings(given, limit)
        largest, entries = max(values), 0
        while largest > limit:
            largest, entries = largest / 2, entries + 1
        usual = [(want + 1, "One too many: at most the limit is short enough.")]
        if want:
            usual += [(want - 1, "One too few: go on while the length is above.")]
        if entries != want:
            told = "The length is x.norm(), not the largest entry."
            usual.insert(0, (entries, told))
        call = f"halvings({show(values)}, {limit})"
        otherwise = "Go on while the length is above the limit, and count."
        yield compare(call, got, want, usual, otherwise)
        yield untouched("x", given, x)
