"""Checks that a feature file holds its data itself, in the declared sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any

from vrbench.errors import InputError
from vrbench.features.chunks import (
    FLETCHER32,
    GZIP,
    LZF,
    SHUFFLE,
    chunk_problems,
    string_problems,
)
from vrbench.features.virtual import virtual_problems
from vrbench.runtime.opened import OpenedFile


def check_enclosed(
    file: Any, groups: Sequence[str], opened: OpenedFile, parts: Set[str] = frozenset()
) -> None:
    """Check, before any data are read, that all data lie in the file itself, or in its parts.

    Args:
        file: an open ``h5py.File``.
        groups: the groups that are read, where they exist; outer ones first.
        opened: the same file.
        parts: the names of the files of which virtual datasets may be made.

    Raises:
        InputError: a group or dataset is a link to another place, a virtual dataset of other
            files, stored in another file or with another filter than gzip, lzf, shuffle and
            fletcher32, or what is stored is not as large as the dataset declares.
    """
    if file.id.get_create_plist().get_sizes() != (8, 8):
        raise InputError(f"{opened.path} has addresses of other than 8 bytes: run h5repack on it.")
    for problem in _problems(file, groups, opened, parts):
        raise InputError(f"{opened.path}: {problem}")


def check_all_enclosed(file: Any, opened: OpenedFile, depth: int) -> None:
    """Check, as ``check_enclosed`` does, every group and dataset of a file of another program.

    Args:
        file: an open ``h5py.File``.
        opened: the same file.
        depth: how many groups that are read lie in each other.

    Raises:
        InputError: as ``check_enclosed`` says.
    """
    if file.id.get_create_plist().get_sizes() != (8, 8):
        raise InputError(f"{opened.path} has addresses of other than 8 bytes: run h5repack on it.")
    for problem in _all_problems(file, "", opened, depth):
        raise InputError(f"{opened.path}: {problem}")


def _all_problems(group: Any, prefix: str, opened: OpenedFile, depth: int) -> Iterator[str]:
    import h5py

    for name in group:
        if (
            group.id.links.get_info(name.encode("utf-8", "surrogateescape")).type
            != h5py.h5l.TYPE_HARD
        ):
            yield _elsewhere(f"{prefix}{name}")
            continue
        thing = group[name]
        if isinstance(thing, h5py.Dataset):
            for problem in _storage_problems(thing, opened, frozenset()):
                yield f"/{prefix}{name} {problem}"
        elif isinstance(thing, h5py.Group) and depth:
            yield from _all_problems(thing, f"{prefix}{name}/", opened, depth - 1)


def _problems(
    file: Any, groups: Sequence[str], opened: OpenedFile, parts: Set[str]
) -> Iterator[str]:
    import h5py

    yield from _link_problems(file, "")
    for name in groups:
        group = file.get(name)
        if not isinstance(group, h5py.Group):
            continue
        yield from _link_problems(group, f"{name}/")
        for part, thing in group.items():
            if isinstance(thing, h5py.Dataset):
                for problem in _storage_problems(thing, opened, parts):
                    yield f"/{name}/{part} {problem}"


def _link_problems(group: Any, prefix: str) -> Iterator[str]:
    import h5py

    h5py.h5o.get_info(group.id)  # on another way through the file: either may be a circle
    for name in group:
        try:
            own = isinstance(group.get(name, getlink=True), h5py.HardLink)
        except TypeError:  # a kind of link that a program has defined for itself
            own = False
        if not own:
            yield _elsewhere(f"{prefix}{name}")


def _elsewhere(name: str) -> str:
    return f"/{name} is a link to another place, which is not followed: store the data there."


def _storage_problems(dataset: Any, opened: OpenedFile, parts: Set[str]) -> Iterator[str]:
    from h5py import h5d

    plan = dataset.id.get_create_plist()
    layout = plan.get_layout()
    filters = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    if layout == h5d.VIRTUAL:
        yield from virtual_problems(dataset, parts)
    elif plan.get_external_count():
        yield "lies in other files, which are not read: store the data there."
    elif other := [code for code in filters if code not in (GZIP, SHUFFLE, FLETCHER32, LZF)]:
        yield (
            f"is stored with filter {other[0]}, which is not read: store it without, or with gzip."
        )
    elif dataset.id.get_storage_size() > opened.size:
        yield "is damaged (it takes more than the file has): write the file again."
    elif dataset.dtype.hasobject and layout == h5d.COMPACT:
        yield "has strings in a compact dataset: store them in chunks."
    else:
        if layout == h5d.CHUNKED:
            yield from chunk_problems(dataset, filters, opened.size)
        if dataset.dtype.hasobject:
            yield from string_problems(dataset, filters, opened)
