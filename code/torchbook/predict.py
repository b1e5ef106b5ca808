"""What a trained network says about pictures: read them, ask, lay the answer out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchbook import metrics, train
from torchbook.data.folder import DataError
from torchbook.data.images import ImageSet
from torchbook.device import pick
from torchbook.tables import Table

if TYPE_CHECKING:
    from torchbook.runs import Facts


def read(paths: list[Path], facts: Facts, *, invert: bool = False) -> Tensor:
    """Picture files as bytes (N, C, H, W), in the size and colors that the model was trained on.

    What is not of its shape is cut to it round the middle; what is transparent becomes white,
    as on paper. Raises DataError that names a file which is missing or no picture.
    """
    from PIL import Image

    from torchbook.data.picture_reader import reason

    pictures = []
    for path in paths:
        try:
            with Image.open(path) as picture:
                pictures.append(fitted(picture, facts, invert=invert))
        except Exception as error:  # a decoder may fail on a strange file in any way
            why = reason(Path(path), error)
            raise DataError(f"{path} cannot be read as a picture: {why}") from error
    return torch.stack(pictures)


def fitted(picture, facts: Facts, *, invert: bool = False) -> Tensor:
    """An image of Pillow as bytes (C, H, W), as `read` does it.

    The image may be changed. Needs up to 12 bytes for each of its pixels. Raises ValueError for
    gray of more than 8 bits, and what Pillow raises.
    """
    from PIL import Image, ImageOps
    from torchvision.transforms.functional import pil_to_tensor

    channels, height, width = facts.shape
    ImageOps.exif_transpose(picture, in_place=True)
    colored = _opaque(picture).convert("L" if channels == 1 else "RGB")
    small = ImageOps.fit(colored, (width, height), Image.Resampling.BOX)
    return pil_to_tensor(ImageOps.invert(small) if invert else small)


def _opaque(picture):
    """An image of Pillow with white behind it; ValueError for gray of more than 8 bits."""
    from PIL import Image

    if picture.mode[0] in "IF":  # Pillow would cut them off at 255
        raise ValueError(
            f"it has gray of more than 8 bits (mode {picture.mode}): convert it to 8"
        )
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture
    drawn = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn)


@torch.inference_mode()
def probabilities(
    model: nn.Module, X: Tensor, facts: Facts, device: str | None = None
) -> Tensor:
    """The probability of each class (N, classes) for pictures X, bytes (N, C, H, W)."""
    device = pick(device)
    model.to(device).eval()
    X = (X.to(device).float() / 255 - facts.mean) / facts.std
    return model(X).softmax(dim=1).cpu()


def table(
    paths: list[Path], probs: Tensor, classes: tuple[str, ...], top: int
) -> Table:
    """The `top` most probable classes of each picture."""
    rows = []
    for path, row in zip(paths, probs, strict=True):
        best = row.topk(min(top, len(classes)))
        for i, (p, k) in enumerate(zip(*map(Tensor.tolist, best), strict=True)):
            rows.append([path if i == 0 else None, classes[k], f"{p:.4f}"])
    return Table(["image", "class", "probability"], rows, left=["image", "class"])


def draw(
    file: Path, paths: list[Path], X: Tensor, probs: Tensor, classes: tuple[str, ...]
) -> None:
    """Each picture as the model got it, and beside it a bar for each class, into a file."""
    from matplotlib.figure import Figure

    # not by pyplot: a page that shows figures is left as it is
    fig = Figure(figsize=(6, 2.6 * len(X)), layout="constrained")
    rows = fig.subplots(len(X), 2, squeeze=False, width_ratios=(1, 1.6))
    for (left, right), path, pixels, row in zip(rows, paths, X, probs, strict=True):
        shown = pixels[0] if len(pixels) == 1 else pixels.permute(1, 2, 0)
        left.imshow(shown.numpy(), cmap="gray", vmin=0, vmax=255)
        left.set_title(path.name, parse_math=False)
        left.set_axis_off()
        right.barh(classes, row.numpy())
        right.invert_yaxis()
        right.set(xlim=(0, 1), xlabel="probability")
    file.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(file)


def report(
    model: nn.Module, data: ImageSet, facts: Facts, device: str | None = None
) -> str:
    """Loss and accuracy on the test set, then precision and recall of every class, as text.

    Raises RunError for another set than the one that the model was trained on.
    """
    from torchbook.runs import batches, check_set

    check_set(data, facts)
    device = pick(device)
    loader = batches(data.X_test, data.y_test, facts, 1000, device=device)
    scores = train.evaluate(model.to(device).eval(), loader, F.cross_entropy)
    with torch.inference_mode():
        y_hat = torch.cat([model(X).argmax(dim=1) for X, _ in loader]).cpu()
    matrix = metrics.confusion_matrix(data.y_test, y_hat, len(facts.classes))
    precision, recall = metrics.precision_recall(matrix)
    wide = max(map(len, ["class", *facts.classes]))
    lines = [f"test loss {scores['loss']:.4f}, accuracy {scores['accuracy']:.4f}", ""]
    lines.append(f"{'class':{wide}}  precision  recall  images")
    for k, name in enumerate(facts.classes):
        found = "never" if precision[k].isnan() else f"{precision[k]:.4f}"
        count = int(matrix[k].sum())
        lines.append(f"{name:{wide}}  {found:>9}  {recall[k]:6.4f}  {count:6}")
    return "\n".join(lines)
