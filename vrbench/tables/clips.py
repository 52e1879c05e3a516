"""Whether a feature file has the clips that a table's long videos are of."""

from __future__ import annotations

from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.published import PublishedTable
from vrbench.sequences.engine.grouping import group_tokens
from vrbench.sequences.engine.windows import uncaptioned, whole_windows
from vrbench.tables.matching import WINDOWS


def check_clips(table: PublishedTable, features: Features) -> None:
    """Refuse a file whose clips are not those that a table is measured on.

    A file without sequences is refused for a table of windows only; the rows of others stay empty.

    Raises:
        InputError: clips are no windows of whole videos, or have not one caption each.
    """
    sequences = all("sequence" in side.item_columns for side in (features.text, features.video))
    if table.clips == WINDOWS:
        if not sequences or not whole_windows(features.video, group_tokens(features.video)):
            raise InputError(
                f"{features.path} does not hold windows of whole videos, by start and end from "
                f"second 0 on without a gap, which {table.name} is measured on: extract them with "
                "the background (--dataset youcook2:unit=windows)."
            )
    elif table.clips and sequences:
        texts, videos = group_tokens(features.text, captions=True), group_tokens(features.video)
        clip = uncaptioned(features.text_video, texts, videos)
        if clip is not None:
            raise InputError(
                f"Clip '{features.video.ids[clip]}' of {features.path} has not one caption in its "
                f"place, and {table.name} is measured on clips with a caption each: extract them "
                "without the background (--dataset youcook2)."
            )
