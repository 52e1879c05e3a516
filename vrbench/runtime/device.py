"""The device that computes."""

from __future__ import annotations

from vrbench.errors import InputError, did_you_mean

DEVICES = ("auto", "cpu", "cuda")


def check_device(name: str) -> None:
    """Check the name of a device.

    Raises:
        InputError: it is unknown.
    """
    if name not in DEVICES:
        hint = did_you_mean(name, DEVICES)
        raise InputError(f"Unknown device '{name}'.{hint} Use {', '.join(DEVICES)}.")


def torch_device(name: str) -> str:
    """Return ``cpu`` or ``cuda``: CUDA for ``auto`` where there is one.

    Raises:
        InputError: the device is ``cuda`` and there is none, or the name is unknown.
    """
    import torch

    check_device(name)
    cuda = torch.cuda.is_available()
    if name == "cuda" and not cuda:
        raise InputError("There is no CUDA device here: use --device cpu or auto.")
    return "cuda" if cuda and name != "cpu" else "cpu"
