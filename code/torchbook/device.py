"""Where the arithmetic runs: a GPU where there is one, else the CPU."""

import torch


def pick(name: str | None = None) -> torch.device:
    """The device called name, or the fastest at hand: CUDA, then Apple's MPS, then the CPU.

    Raises ValueError when the named one is unknown or not at hand.
    """
    at_hand = available()
    if name is None:
        return torch.device(at_hand[0])
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(
            f"no device is called {name!r}; at hand: {', '.join(at_hand)}"
        ) from error
    known = {torch.device(d).type for d in at_hand}
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if device.type not in known or (device.index or 0) >= count:
        raise ValueError(
            f"{name!r} is not at hand on this machine; at hand: {', '.join(at_hand)}"
        )
    return device


def available() -> list[str]:
    """The devices at hand, fastest first; the CPU is always the last."""
    names = []
    if torch.cuda.is_available():
        names.append("cuda")
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]
