"""Descriptions of items: a text's caption, a video's first caption."""

from __future__ import annotations

from vrbench.evaluation.sources.base import Source
from vrbench.sims.sim import Direction

LONGEST = 5000
"""Most characters of a caption that are shown; half as many for paragraphs."""


def text_captions(source: Source) -> list[str]:
    """(n_text,) captions, cut at ``LONGEST``; empty where the source has none."""
    if source.captions is None:
        return [""] * source.truth.n_text
    return [_cut(str(caption)) for caption in source.captions]


def _cut(caption: str) -> str:
    return caption if len(caption) <= LONGEST else f"{caption[:LONGEST]}..."


def video_captions(source: Source) -> list[str]:
    """(n_video,) the first caption of each video; empty where it has none."""
    texts, truth = text_captions(source), source.truth
    first = dict(zip(truth.video[::-1], truth.text[::-1], strict=True))
    return [texts[first[video]] if video in first else "" for video in range(truth.n_video)]


def gallery_captions(source: Source, direction: Direction) -> list[str]:
    """(gallery,) descriptions of the items that a direction ranks."""
    return video_captions(source) if direction == "t2v" else text_captions(source)
