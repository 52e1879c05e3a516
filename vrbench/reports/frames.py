"""A page of retrieved items, with frames of the videos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from vrbench.errors import InputError
from vrbench.reports import rendering
from vrbench.reports.parts import (
    Beside,
    Frames,
    Heading,
    PageCell,
    PagePart,
    PageTable,
    Paragraph,
    Picture,
    number,
)
from vrbench.reports.query import Listing, Shown
from vrbench.runtime.files import replacing
from vrbench.video import Videos, open_videos, parse_sampling

SAMPLING = parse_sampling("uniform:1-3")
HEIGHT = 72
"""Pixels of a thumbnail."""


def page_of_queries(queries: Sequence[Shown], frames: Path, out: Path, data: str) -> None:
    """Write a page with the items that each system retrieves for each query, side by side.

    Args:
        queries: and what each system retrieves for them.
        frames: folder of video files, or with a folder of frames a video, named by its id.
        out: the page; the frames are embedded.
        data: name of the data.

    Raises:
        InputError: there is no such folder, or the page cannot be written.
    """
    videos = open_videos(frames, SAMPLING)

    @cache
    def thumbnails(video: str) -> Frames:
        return _thumbnails(videos, video)

    body: list[PagePart] = [Paragraph(data), Paragraph(_LEGEND, note=True)]
    for query in queries:
        kind = f"{query.picked.capitalize()}: " if query.picked else ""
        body += [Heading(f"{kind}{query.query}"), Paragraph(query.caption)]
        t2v = query.direction == "t2v"
        body += [] if t2v else [thumbnails(query.query)]
        body.append(Beside([_system(one, thumbnails if t2v else None) for one in query.systems]))
    with replacing(out) as temporary:
        temporary.write_text(rendering.page("What queries retrieve", body), encoding="utf-8")


_LEGEND = (
    "Positives are marked. sum: the candidate's retrieval probabilities summed over all "
    "queries, divided by the expected sum (1 is fair)."
)


def _system(system: Listing, thumbnails: Callable[[str], Frames] | None) -> list[PagePart]:
    rows = [
        [
            PageCell(f"{one.place}", one.place),
            number(one.score),
            PageCell("") if one.sum is None else number(one.sum),
            PageCell(
                f"{one.item}: {one.caption}",
                frames=thumbnails(one.item) if thumbnails else Frames(),
            ),
        ]
        for one in system.candidates
    ]
    marked = [one.right for one in system.candidates]
    head = ["place", "score", "sum", "item"]
    return [
        Heading(f"{system.how}: rank {system.rank:g}", 3),
        PageTable(head, rows, marked),
    ]


def _thumbnails(videos: Videos, video: str) -> Frames:
    """Return some frames of a video; a note where there are none."""
    try:
        clip = videos.read(video)
    except InputError:
        return Frames(note="(no frames)")
    pictures = []
    for frame, image in zip(clip.numbers, clip.images, strict=True):
        small = image.copy()
        small.thumbnail((4 * HEIGHT, HEIGHT))
        buffer = BytesIO()
        small.save(buffer, "JPEG", quality=80)
        pictures.append(Picture.of(buffer.getvalue(), "jpeg", f"{video} frame {frame}", "frame"))
    return Frames(tuple(pictures))
