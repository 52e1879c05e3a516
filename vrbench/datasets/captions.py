"""A caption, as an encoder sees it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caption:
    """What an encoder sees of a caption.

    Attributes:
        id: ``<video id>#<k>``, k counted from 0 over the captions that its file has of the video.
        video: the id of the video that it describes.
        text: the caption, without surrounding white space; never empty.
    """

    id: str
    video: str
    text: str
