"""Which array is which: the names of the interface, the usual names of others, and ``--key``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vrbench.errors import InputError, did_you_mean, shown
from vrbench.importing.tree import ALONE, Tree
from vrbench.importing.usual import NAMES, is_text, name_of_side, own_name, part_of, side_of


@dataclass
class Named:
    """Arrays under the names of the interface.

    Attributes:
        arrays: ours -> the array, not yet read.
        theirs: ours -> the name that it had, for messages.
        items: side -> its items by id.
        captions: captions by the id of their video.
        ignored: names that are not read.
    """

    arrays: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, str] = field(default_factory=dict)
    items: dict[str, Tree] = field(default_factory=dict)
    captions: Tree | None = None
    ignored: list[str] = field(default_factory=list)

    @property
    def notes(self) -> Iterator[str]:
        """Yield which array of another name is read as what."""
        for ours, theirs in self.theirs.items():
            if theirs not in (ours, ALONE):
                yield f"'{theirs}' is read as {ours}."

    def add(self, ours: str, theirs: str, part: Any, where: str) -> None:
        """Take an array for one of ours.

        Raises:
            InputError: another one is it already.
        """
        if ours in self.arrays:
            raise InputError(
                f"{where} holds {self.theirs[ours]} and {theirs}, and either may be {ours}: say "
                f"which one is by --key THEIRS={ours}."
            )
        self.arrays[ours], self.theirs[ours] = part, theirs


def named(tree: Tree, side: str, keys: Mapping[str, str]) -> Named:
    """Say of the arrays of a file what they are.

    Args:
        tree: the arrays.
        side: the side that they are all of; ``""``: they say it themselves.
        keys: theirs -> ours, as ``--key`` says.

    Raises:
        InputError: what an array is, is not known, or may be said in two ways.
    """
    found = Named()
    left: dict[str, Any] = {}
    for name, part, ours in _parts(tree, keys):
        if name == ALONE:
            if not side:
                raise InputError(
                    f"{tree.path} is {tree.what}, which cannot hold two sides: give --video F "
                    "--text F, a file a side."
                )
            found.add(side, name, part, tree.path)
        elif isinstance(part, Tree):
            _take_group(found, left, ours or name, part, side)
        elif target := ours or _guess(tree, name, part, side, keys):
            found.add(target, name, part, tree.path)
        else:
            left[name] = part
    if side and found.items.keys() - {side}:  # --video of a file that holds both sides
        found.items = {side: found.items[side]} if side in found.items else {}
    if side and not _vectors(found, side):
        return _by_id(tree, side, found, left)
    _check_left(tree, side, found, left)
    found.ignored = [name for name in left if not isinstance(left[name], Tree)]
    return found


def _guess(tree: Tree, name: str, part: Any, side: str, keys: Mapping[str, str]) -> str | None:
    """Return what the name of an array says that it is; None: that is not known.

    Files of videos (``video``) name nothing beside ``video_id``, nor anything that ``--key`` names.
    """
    ours = name_of_side(name, part, side) if side else own_name(name, part)
    weak = is_text(part) and name.lower() in ("video", "image")
    others = tree.arrays.keys() & {"video_id", "video_ids", "image_id", "image_ids"} if weak else ()
    return None if others or ours in keys.values() else ours


def _parts(tree: Tree, keys: Mapping[str, str]) -> Iterator[tuple[str, Any, str | None]]:
    """Yield the parts, and what ``--key`` says that they are; of groups those that are named."""
    for name, part in tree.parts.items():
        yield name, part, keys.get(name)
        if isinstance(part, Tree):
            for inner, leaf in part.parts.items():
                if ours := keys.get(f"{name}/{inner}"):
                    yield f"{name}/{inner}", leaf, ours


def _take_group(found: Named, left: dict[str, Any], name: str, part: Tree, side: str) -> None:
    """Take a group: the items of a side by id, its parts by name, or captions by id."""
    key = side_of(name)
    if key is None and _is_side(part):  # tokens by a name of their own, such as of a column
        whole = name.removesuffix("_tokens")
        key = side_of(whole) or (side if part_of(name) in ("", "tokens") and side else None)
    if name in ("captions", "caption") and all(is_text(leaf) for leaf in part.arrays.values()):
        found.captions = part
    elif key is None:
        left[name] = part
    elif not _is_side(part):
        found.items[key] = part
    elif side in ("", key):
        for inner, leaf in part.parts.items():
            what = part_of(inner)
            found.add(f"{key}_{what}" if what else key, f"{name}/{inner}", leaf, part.path)


def _is_side(part: Tree) -> bool:
    """Whether a group holds the arrays of a side, not its items."""
    parts = {part_of(name) for name in part.parts}
    return (
        None not in parts and len(part.arrays) == len(part.parts) and bool({"", "tokens"} & parts)
    )


def _vectors(found: Named, side: str) -> bool:
    names = {side, f"{side}_tokens", f"{side}_global", *(("image",) if side == "video" else ())}
    return bool(names & found.arrays.keys()) or side in found.items


def _by_id(tree: Tree, side: str, found: Named, left: dict[str, Any]) -> Named:
    """Return a file that holds an array for each item of a side.

    Raises:
        InputError: it holds something else, too.
    """
    left = {name: part for name, part in left.items() if not name.startswith("__")}
    if found.arrays or not left:
        names = shown(sorted({*found.theirs.values(), *left}))
        raise InputError(
            f"{tree.path} has no {side} side: expected {side} (n, d), {side}_tokens, or an array "
            f"for each item, but it holds {names or 'nothing'}; --key THEIRS={side} names one."
        )
    items = Tree(tree.path, left, tree.what, tree.files, notes=tree.notes)
    return Named(items={side: items}, captions=found.captions)


def _check_left(tree: Tree, side: str, found: Named, left: Mapping[str, Any]) -> None:
    """Refuse items by id of a side that is not said, or more arrays beside a side than of it."""
    said = any(_vectors(found, one) for one in ("video", "text"))
    if not side and not said and left and _are_items(left):
        raise InputError(
            f"{tree.path} is {tree.what} with an array for each of {len(tree.parts):,} items (the "
            f"first is '{next(iter(tree.parts))}'), but not of which side: give --video F --text F "
            "--captions F, a file a side."
        )
    if side and len(_floats(left)) > len(_floats(found.arrays)):
        raise InputError(
            f"{tree.path} holds {shown([*found.theirs.values()])} and {len(_floats(left)):,} "
            f"arrays of other names ({shown(list(left)[:3])}, ...): if names are ids, rename the "
            f"former, else name the {side} side by --key THEIRS={side}."
        )


def _are_items(parts: Mapping[str, Any]) -> bool:
    kept = {name: part for name, part in parts.items() if not name.startswith("__")}
    trees = [part for part in kept.values() if isinstance(part, Tree)]
    return len(trees) + len(_floats(kept)) == len(kept) and bool(kept)


def _floats(parts: Mapping[str, Any]) -> list[str]:
    arrays = {name: part for name, part in parts.items() if not isinstance(part, Tree)}
    return [n for n, part in arrays.items() if part.dtype.kind == "f" and part.ndim in (1, 2, 3)]


def check_keys(keys: Mapping[str, str], trees: list[Tree], columns: tuple[str, ...]) -> None:
    """Check that ``--key`` names arrays that are there, and names of the interface.

    Args:
        keys: theirs -> ours.
        trees: the files that are read.
        columns: names that columns of captions may be given.

    Raises:
        InputError: so it is not.
    """
    for theirs, ours in keys.items():
        if ours not in (*NAMES, *columns):
            raise InputError(
                f"--key {theirs}={ours} gives a name that is not read.{did_you_mean(ours, NAMES)} "
                f"Names: {shown(NAMES)}; see vrbench import --help."
            )
        if ours not in columns and not any(theirs in tree.all_names() for tree in trees):
            known = [name for tree in trees for name in tree.all_names()]
            raise InputError(
                f"--key {theirs}={ours} names an array that is not there."
                f"{did_you_mean(theirs, known)} There are {shown(known) or 'none'}."
            )
