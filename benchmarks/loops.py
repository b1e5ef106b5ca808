"""An epoch of the same network, five ways: the loops that `speed.py` holds against each other.

Each is run in a process of its own: `python benchmarks/loops.py NAME` prints a line of JSON.
Only the epochs are timed; importing and reading the files are not.
"""

import argparse
import json
import resource
import time
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from torchbook import seed, train
from torchbook.data import images
from torchbook.data.folder import data_folder
from torchbook.data.loader import Batches
from torchbook.models.cnn import CNN
from torchbook.models.mlp import MLP

BATCH, LR = 64, 1e-3
MEAN, STD = 0.2860, 0.3530  # of Fashion-MNIST; the same in every loop


def model_of(kind):
    """MLP 784-256-128-64-10, or the book's small CNN."""
    return MLP(784, 256, 128, 64, 10) if kind == "mlp" else CNN()


def scaled(X):
    """Bytes as normalised floats, all at once."""
    return (X.float() / 255 - MEAN) / STD


class Pictures(Dataset):
    """What torchvision's own set gives, for pictures that are not in its format."""

    def __init__(self, X, y, transform):
        self.X, self.y, self.transform = X, y.tolist(), transform

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        from PIL import Image

        return self.transform(Image.fromarray(self.X[i, 0].numpy())), self.y[i]


def course(data, kind, epochs):
    """The loop that courses teach: torchvision's set, one picture at a time, item() each step."""
    from torchvision import datasets, transforms

    change = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))]
    )
    if data.title == "Fashion-MNIST" and len(data.X_train) == 60_000:
        pictures = datasets.FashionMNIST(data_folder(), train=True, transform=change)
    else:
        pictures = Pictures(data.X_train, data.y_train, change)
    loader = DataLoader(pictures, batch_size=BATCH, shuffle=True)
    model, times = model_of(kind), []
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    for _ in range(epochs):
        start, running = time.perf_counter(), 0.0
        for X, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X), y)
            loss.backward()
            optimizer.step()
            running += loss.item()
        times.append(time.perf_counter() - start)
    return model, times


def hand(data, kind, epochs):
    """The practical limit: floats in memory, an index for each batch, the fused optimizer."""
    X_train, y_train = scaled(data.X_train), data.y_train
    model, times = model_of(kind), []
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, fused=True)
    for _ in range(epochs):
        start = time.perf_counter()
        for rows in torch.randperm(len(y_train)).split(BATCH):
            X, y = X_train[rows], y_train[rows]
            optimizer.zero_grad()
            F.cross_entropy(model(X), y).backward()
            optimizer.step()
        times.append(time.perf_counter() - start)
    return model, times


def fit(data, kind, epochs, **options):
    """This book's loop: bytes in memory, everything that `fit` does around a step."""
    batches = Batches(
        data.X_train, data.y_train, BATCH, shuffle=True, mean=MEAN, std=STD
    )
    model = model_of(kind)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    history = train.fit(
        model,
        batches,
        F.cross_entropy,
        optimizer,
        epochs=epochs,
        device="cpu",
        progress=False,
        **options,
    )
    return model, history["seconds"]


def fit_compiled(data, kind, epochs):
    """The same with torch.compile; its first epoch holds the compilation."""
    return fit(data, kind, epochs, compile=True)


def lightning(data, kind, epochs):
    """Lightning over a TensorDataset, everything that can be switched off being off."""
    import logging

    import lightning as L

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.net, self.times = model_of(kind), []

        def training_step(self, batch, index):
            X, y = batch
            return F.cross_entropy(self.net(X), y)

        def configure_optimizers(self):
            return torch.optim.Adam(self.net.parameters(), lr=LR)

        def on_train_epoch_start(self):
            self.start = time.perf_counter()

        def on_train_epoch_end(self):
            self.times.append(time.perf_counter() - self.start)

    off = (
        "logger",
        "enable_checkpointing",
        "enable_progress_bar",
        "enable_model_summary",
    )
    trainer = L.Trainer(
        max_epochs=epochs, accelerator="cpu", **dict.fromkeys(off, False)
    )
    tensors = TensorDataset(scaled(data.X_train), data.y_train)
    module = Module()
    trainer.fit(module, DataLoader(tensors, batch_size=BATCH, shuffle=True))
    return module.net, module.times


def fastai(data, kind, epochs):
    """fastai over a TensorDataset, without bar and log."""
    from fastai.callback import progress  # noqa: F401 (adds no_bar to Learner)
    from fastai.callback.core import Callback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner

    class Clock(Callback):
        def before_train(self):
            self.start = time.perf_counter()

        def after_train(self):
            times.append(time.perf_counter() - self.start)

    times = []
    tensors = TensorDataset(scaled(data.X_train), data.y_train)
    few = TensorDataset(scaled(data.X_test[:64]), data.y_test[:64])
    loaders = DataLoaders.from_dsets(tensors, few, bs=BATCH, num_workers=0)
    model = model_of(kind)
    learner = Learner(loaders, model, loss_func=nn.CrossEntropyLoss(), cbs=Clock())
    with learner.no_bar(), learner.no_logging():
        learner.fit(epochs, LR)
    return model, times


LOOPS = {f.__name__: f for f in (course, hand, fit, fit_compiled, lightning, fastai)}


def main():
    """Run one loop and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loop", choices=LOOPS)
    parser.add_argument("--model", choices=["mlp", "cnn"], default="mlp")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(asked.threads)
    data = images.load("fashion_mnist", stand_in="glyphs")
    object.__setattr__(data, "X_train", data.X_train[: asked.samples])
    object.__setattr__(data, "y_train", data.y_train[: asked.samples])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seed.everything(0)
    model, times = LOOPS[asked.loop](data, asked.model, asked.epochs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    test = Batches(data.X_test, data.y_test, 1000, mean=MEAN, std=STD)
    scores = train.evaluate(model.cpu(), test, F.cross_entropy)
    result = {
        "seconds": times,
        "accuracy": scores["accuracy"],
        "mib": (peak - before) / 1024,
        "data": data.title,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
