"""What an extraction refuses: of its bank, its captions, and of what is left of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vrbench.datasets import Annotations
from vrbench.errors import InputError
from vrbench.extraction.encoding import Encoding
from vrbench.heads.maps import Maps


def check_bank(parts: Mapping[str, Annotations], maps: Maps | None) -> None:
    """Check that the bank has no video of the test side, and none that made the projection.

    Raises:
        InputError: it has.
    """
    test = {video.file or video.id for video in parts[""].videos}
    for video in parts["bank/"].videos if "bank/" in parts else ():
        if maps is not None and maps.saw(video.id):
            raise InputError(
                f"Bank video '{video.id}' is one that the projection was fitted on, which would "
                "flatter the bank: choose bank videos apart from those."
            )
        if (video.file or video.id) in test:
            raise InputError(
                f"Bank video '{video.id}' is also a video of the test side: a bank holds others."
            )


def check_captions(parts: Mapping[str, Annotations], out: Path) -> None:
    """Refuse captions of which no encoder can make a text, before a video is encoded.

    Raises:
        InputError: all captions of a side are blank.
    """
    for prefix, part in parts.items():
        texts = [text for video in part.videos for text in video.texts]
        if texts and not any(text.strip() for text in texts):
            raise InputError(f"{out} would have an empty /{prefix}text, as all captions are blank.")


def check_counts(encoding: Encoding, out: Path) -> None:
    """Check that each side has an item, once all are encoded or skipped.

    Raises:
        InputError: all items of a side were skipped.
    """
    for side, count in encoding.counts.items():
        if count == 0:
            all_of = f"all {encoding.missing[side]} are skipped: "
            reason = all_of + encoding.skipped[0] if encoding.skipped else "the captions name none."
            raise InputError(f"{out} would have an empty /{side}, as {reason}")
