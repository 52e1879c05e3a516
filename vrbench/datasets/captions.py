"""A caption, as an encoder gets it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caption:
    """A caption, as an encoder gets it.

    Attributes:
        id: ``<video id>#<k>``, k counted from 0 over the video's captions in its file.
        video: the id of the video that it describes.
        text: the caption, without surrounding white space; never empty.
    """

    id: str
    video: str
    text: str
