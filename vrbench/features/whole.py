"""Writing the whole of a sharded set: small, with virtual datasets over its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features.hdf5 import SIDES
from vrbench.features.layout import TYPES
from vrbench.features.part_names import COLUMNS, PARTS
from vrbench.features.parts import part_digest
from vrbench.features.storage import store
from vrbench.features.strings import is_text, strings
from vrbench.features.tokens import offsets_of
from vrbench.features.virtual import REAL


@dataclass(frozen=True)
class Part:
    """An open part.

    Attributes:
        path: the file.
        sides: name -> its datasets, by name.
    """

    path: Path
    sides: Mapping[str, Mapping[str, Any]]

    def rows(self, side: str) -> int:
        """Items of a side."""
        return len(self.sides[side]["ids"]) if side in self.sides else 0


def write_whole(path: Path, parts: Sequence[Part], attrs: Mapping[str, Any]) -> dict[str, int]:
    """Write the whole of these parts, which lie, or will lie, in the folder of ``path``.

    The same parts give the same bytes.

    Args:
        path: the file, which is made.
        parts: in the order of their items.
        attrs: of the whole.

    Returns:
        side -> items.

    Raises:
        InputError: parts have other columns, widths or types, or rows that belong to no item.
    """
    import h5py

    counts = {}
    with h5py.File(path, "w") as file:
        file.attrs.update(attrs)
        said = [part.path.name for part in parts], [part_digest(part.sides) for part in parts]
        for name, values in zip(COLUMNS, said, strict=True):
            store(file.require_group(PARTS), name, _text(values))
        for side in SIDES:
            if any(part.rows(side) for part in parts):
                counts[side] = _write_side(file.create_group(side), side, parts)
    return counts


def _write_side(group: Any, side: str, parts: Sequence[Part]) -> int:
    there = [part for part in parts if part.rows(side)]
    _check_alike(side, there)
    held = [part.sides[side] for part in there]
    ids = np.concatenate([strings(one["ids"]) for one in held])
    lengths = [np.diff(one["offsets"][:].astype(np.int64)) for one in held]
    store(group, "ids", ids)
    store(group, "offsets", offsets_of(np.concatenate(lengths)))
    names = sorted(set(held[0]) & set(TYPES))
    if "video" in names:
        before = offsets_of([part.rows(side.replace("text", "video")) for part in parts]).tolist()
        of_part = zip(parts, before, strict=False)
        links = [part.sides[side]["video"][:] + row for part, row in of_part if part in there]
        store(group, "video", np.concatenate(links).astype(np.int64))
    for name in names:
        if name not in REAL:
            _make_virtual(group, name, f"/{side}/{name}", there, [one[name] for one in held])
    return len(ids)


def _check_alike(side: str, parts: Sequence[Part]) -> None:
    """Check that a side of all parts has the same columns, and nothing beyond its items."""
    first = parts[0]
    for part in parts:
        held = part.sides[side]
        ends = {len(held["ids"]), len(held["offsets"]) - 1}
        if len(ends) > 1 or len(held["tokens"]) != int(held["offsets"][-1]):
            raise InputError(
                f"{part.path} ends in an interrupted write in /{side}: run the command that wrote "
                "it again."
            )
        if (one := _columns(held)) != (other := _columns(first.sides[side])):
            name = min(name for name in one | other if one.get(name) != other.get(name))
            raise InputError(
                f"{part.path} holds {one.get(name)} in /{side}/{name}, {first.path} holds "
                f"{other.get(name)}: these are not parts of one set."
            )


def _columns(held: Mapping[str, Any]) -> dict[str, str]:
    """Return the type and width of each column; strings may be of any length."""
    return {
        name: f"{_kind(held[name])} {held[name].shape[1:] or ''}".strip()
        for name in set(held) & set(TYPES) - REAL
    }


def _kind(dataset: Any) -> str:
    if not is_text(dataset):
        return str(dataset.dtype)
    return "strings of variable length" if dataset.dtype.hasobject else "strings"


def _make_virtual(
    group: Any, name: str, path: str, parts: Sequence[Part], held: Sequence[Any]
) -> None:
    from h5py import h5d, h5p, h5s

    widest = max(held, key=lambda one: int(one.dtype.itemsize))
    rows = offsets_of([len(one) for one in held]).tolist()
    whole = h5s.create_simple((rows[-1], *widest.shape[1:]))
    plan = h5p.create(h5p.DATASET_CREATE)
    plan.set_obj_track_times(False)  # the time of writing is no content
    for part, dataset, start in zip(parts, held, rows, strict=False):
        ones = (1,) * dataset.ndim
        whole.select_hyperslab((start, 0)[: dataset.ndim], ones, block=dataset.shape)
        source = h5s.create_simple(dataset.shape)
        plan.set_virtual(whole, part.path.name.encode(), path.encode(), source)
    whole.select_all()
    h5d.create(group.id, name.encode(), widest.id.get_type(), whole, plan)


def _text(values: Sequence[str]) -> NDArray[Any]:
    return np.array(list(values), dtype=np.dtypes.StringDType())
