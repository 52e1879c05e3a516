"""Files that an import refuses, and the sentence with which it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from vrbench.errors import LONGEST, InputError
from vrbench.importing import Given, read_arrays

X = np.ones((3, 4), np.float32)


def refusal(source: Path | Given, says: str) -> str:
    with pytest.raises(InputError, match=says) as error:
        read_arrays(source)
    message = str(error.value)
    assert len(message) <= LONGEST
    return message


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def hdf5(path: Path, write: Callable[[Any], Any]) -> Path:
    with h5py.File(path, "w") as file:
        write(file)
    return path


def saved(path: Path, value: Any) -> Path:
    torch.save(value, path)
    return path
