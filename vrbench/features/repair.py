"""Cutting off what an interrupted write has left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.features.check import item_problems
from vrbench.features.hdf5 import SIDES
from vrbench.features.layout import PER_TOKEN, layout_problems
from vrbench.features.storage import settle


def repair(file: Any, path: Path) -> None:
    """Bring a file open for writing back to its last whole item.

    Raises:
        InputError: the file has a defect that no interrupted write explains.
    """
    import h5py

    for side in SIDES:
        if file.get(side) is None:
            continue
        if isinstance(file[side], h5py.Group):
            settle(file[side])
        if _is_empty(file[side]):
            del file[side]
            continue
        for problem in layout_problems(file, side):
            raise InputError(_beyond_repair(path, problem))
        _cut_torn_tail(file[side])
        for problem in item_problems(file, side):
            raise InputError(_beyond_repair(path, problem))
    file.flush()


def _is_empty(group: Any) -> bool:
    """Whether no item was finished: the group is then made anew with the first one."""
    import h5py

    return isinstance(group, h5py.Group) and ("ids" not in group or len(group["ids"]) == 0)


def _cut_torn_tail(group: Any) -> None:
    n = len(group["ids"])
    rows = int(group["offsets"][n])
    for name, dataset in group.items():
        keep = n + 1 if name == "offsets" else rows if name in PER_TOKEN | {"tokens"} else n
        if len(dataset) > keep:
            dataset.resize(keep, axis=0)


def _beyond_repair(path: Path, problem: str) -> str:
    return f"{path} cannot be carried on: {problem} Use another --out, or --overwrite."
