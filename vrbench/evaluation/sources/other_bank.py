"""A bank in another file: ``--bank FILE``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.features.pairing import why_by_place
from vrbench.sims.beside import read_method
from vrbench.sims.file import SimFile
from vrbench.sims.limiting import bank_for
from vrbench.sims.sim import DIRECTIONS, Sim


def whole(
    file: SimFile, texts: NDArray[Any] | None = None, videos: NDArray[Any] | None = None
) -> Sim | None:
    """Return the bank of a similarity file.

    Args:
        file: it.
        texts: (n_text,) ids of the gallery of v2t that it is used for; None: the file's own.
        videos: (n_video,) ids of the gallery of t2v.

    Raises:
        InputError: it has one direction only, or lacks an item of the gallery.
    """
    for direction in DIRECTIONS if file.bank is not None else ():
        if getattr(file.bank, direction) is None:
            raise InputError(
                f"{file.path} has no bank_{direction}, but a bank is needed in both directions."
            )
    if file.bank is None or texts is None or videos is None:
        return file.bank
    return bank_for(file, texts, videos)


def ids(file: SimFile) -> dict[str, NDArray[Any] | None]:
    """Return the ids of the queries of a similarity file's bank, where it names them."""
    return {side: file.beside.get(f"bank_{side}_ids") for side in ("text", "video")}


def method_notes(other: Features | SimFile | None, made_by: str | None) -> Iterator[str]:
    """Yield what is odd about the alignment that scored another file's bank.

    Args:
        other: it.
        made_by: spec of the alignment of the test set, where it is known.
    """
    theirs = read_method(other.opened) if isinstance(other, SimFile) else None
    if other is not None and None not in (theirs, made_by) and theirs != made_by:
        yield (
            f"Bank {other.path.name}: it was scored by {theirs}, and the test set by {made_by}: "
            "norms take both as similarities of one kind; save a bank of the same method."
        )


def notes(
    other: Features | SimFile, texts: NDArray[Any], videos: NDArray[Any], sequence: str | None
) -> Iterator[str]:
    """Yield the notes of another file that is the bank, each under its name.

    Args:
        other: it.
        texts: (n_text,) ids of the test set.
        videos: (n_video,) ids of the test set.
        sequence: spec of the sequence alignment over it.
    """
    given = other.data_notes if isinstance(other, Features) else other.beside.get("notes", ())
    yield from (f"Bank {other.path.name}: {note}" for note in given)
    if not isinstance(other, SimFile) or sequence is not None:
        return
    sides = ("text", other.text_ids, texts), ("video", other.video_ids, videos)
    for why in dict.fromkeys(why_by_place(have, wanted, side) for side, have, wanted in sides):
        if why is not None:
            yield (
                f"Bank {other.path.name}: its rows and columns are those of the test set by place, "
                f"as {why} (text_ids, video_ids)."
            )
