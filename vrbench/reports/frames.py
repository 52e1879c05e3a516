"""What queries retrieve, as a page with frames of the videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from vrbench.errors import InputError
from vrbench.reports import html
from vrbench.runtime.files import replacing
from vrbench.video import Videos, open_videos, parse_sampling

FRAMES = parse_sampling("uniform:1-3")
HEIGHT = 72
"""Pixels of a thumbnail."""


def page_of_queries(
    queries: Sequence[Mapping[str, Any]], frames: Path, out: Path, data: str
) -> None:
    """Write a page with each query, and beside each other what each system retrieves for it.

    Args:
        queries: as ``vrbench show --json`` prints them.
        frames: folder of video files, or with a folder of frames a video, named by its id.
        out: the page; frames are inside it, so that it can be sent around alone.
        data: what the queries are of.

    Raises:
        InputError: there is no such folder, or the page cannot be written.
    """
    videos = open_videos(frames, FRAMES)

    @cache
    def thumbnails(video: str) -> str:
        return _thumbnails(videos, video)

    body = [html.paragraph(data), html.paragraph(_LEGEND, note=True)]
    for query in queries:
        kind = f"{query['picked'].capitalize()}: " if query["picked"] else ""
        body.append(html.heading(f"{kind}{query['query']}"))
        body.append(html.paragraph(query["caption"]))
        t2v = query["direction"] == "t2v"
        body += [] if t2v else [f"<p>{thumbnails(query['query'])}</p>"]
        tables = [_system(system, thumbnails if t2v else None) for system in query["systems"]]
        body.append(f"<div class=beside>{''.join(tables)}</div>")
    with replacing(out) as temporary:
        temporary.write_text(html.page("What queries retrieve", body), encoding="utf-8")


_LEGEND = (
    "The right item is marked. sum: the candidate's retrieval probabilities summed over all "
    "queries, divided by what is due (1 is fair)."
)


def _system(system: Mapping[str, Any], thumbnails: Any) -> str:
    head = ["place", "score", "sum", "item"]
    rows = [
        [
            one["place"],
            one["score"],
            "" if one["sum"] is None else one["sum"],
            html.Html(_item(one, thumbnails(one["item"]) if thumbnails else "")),
        ]
        for one in system["candidates"]
    ]
    marked = [one["right"] for one in system["candidates"]]
    title = html.heading(f"{system['how']}: rank {system['rank']:g}", 3)
    return f"<section>{title}{html.table(head, rows, marked, sortable=False)}</section>"


def _item(candidate: Mapping[str, Any], frames: str) -> str:
    words = f"{html.escape(candidate['item'])}: {html.escape(candidate['caption'])}"
    return f"{frames}<br>{words}" if frames else words


def _thumbnails(videos: Videos, video: str) -> str:
    """Return some frames of a video; a note where there are none."""
    try:
        clip = videos.read(video)
    except InputError:
        return "(no frames)"
    pictures = []
    for number, image in zip(clip.numbers, clip.images, strict=True):
        small = image.copy()
        small.thumbnail((4 * HEIGHT, HEIGHT))
        buffer = BytesIO()
        small.save(buffer, "JPEG", quality=80)
        pictures.append(html.picture(buffer.getvalue(), "jpeg", f"{video} frame {number}", "frame"))
    return "".join(pictures)
