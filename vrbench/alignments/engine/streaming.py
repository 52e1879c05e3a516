"""Products that are reduced while they are in a core's cache; imported only where numba is.

Products that are written to memory for a kernel of ``kernels.py``, and read again, cost as much as
a tenth of the product itself where a token has 512 numbers, and more where it has fewer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

from vrbench.alignments.engine.mean_products import fill
from vrbench.alignments.engine.microkernel import ROWS, multiply


def reduce(c: Any, d: Any, e: Any, at: Any, scale: Any, t2v: Any, v2t: Any) -> None:
    """Stand in ``stream`` for the kernel."""
    raise TypeError("streamed() puts a kernel in this place")


@cache
def streamed(kernel: Callable[..., None]) -> Callable[..., None]:
    """Return ``stream`` with a kernel, as a plain function for ``compiled``."""
    made = FunctionType(stream.__code__, {**globals(), reduce.__name__: kernel}, stream.__name__)
    # kernels of one name in one file stand in other lines
    name = f"stream_{kernel.__name__}_{kernel.__code__.co_firstlineno}"
    made.__module__, made.__name__ = __name__, name
    return made


def stream(
    a: Any, b: Any, d: Any, e: Any, of_texts: Any, of_videos: Any, texts: Any, videos: Any,
    near: Any, scale: Any, c: Any, t2v: Any, v2t: Any,
) -> None:  # fmt: skip
    """Multiply two panels, some words at a time, and reduce the texts whose words are all there.

    Args:
        a: the words as an operand (words' / ROWS, width, ROWS), see ``product.py``.
        b: the frames as one (frames' / size, width, size).
        d: (texts', frames') products, as the kernel reads them.
        e: (words', videos'). Of a kernel that reads neither, d and e are anything.
        of_texts: (1, texts) shares of sums that are written to d, see ``fill``; (1, 0): to neither.
        of_videos: (1, videos) alike, to e.
        texts: (groups, 4) first word, first text, how many, and their length.
        videos: (groups, 4) alike.
        near: columns that stay in a core's cache while rows go by, whole blocks.
        scale: the kernel's number.
        c: (rows, frames') to work in; at least ``ROWS - 1`` rows more than the longest text has
            words.
        t2v: (texts, videos) of each group of videos, one group after the other.
        v2t: alike.
    """
    _, width, size = b.shape
    rows, m = c.shape
    words, frames, products = a.reshape(-1), b.reshape(-1), c.reshape(-1)
    end, n = len(a) * ROWS, texts[-1, 1] + texts[-1, 2]
    base = made = 0  # the panel's row that is the first one of c, and the one after the last
    for group in range(len(texts)):
        token, item, count, w = texts[group]
        first = 0
        while first < count:
            start = token + first * w
            if start + w > made:
                keep = made - start  # rows of a text of which others are missing
                for k in range(keep * m):
                    products[k] = products[(start - base) * m + k]
                base = start
                more = min((rows - keep) // ROWS * ROWS, end - made)
                multiply(
                    words[made * width :], frames, products[keep * m :], more, m, width, size, near
                )
                made += more
            last = min((made - token) // w, count)  # one after the last whole text
            for other in range(len(videos)):
                column, video, v, f = videos[other]
                low, high = n * video + (item + first) * v, n * video + (item + last) * v
                at = (start - base, item + first, column, video, w, f)
                one, two = t2v[low:high].reshape(-1, v), v2t[low:high].reshape(-1, v)
                if of_texts.size:
                    fill(c, d, e[base:], at, of_texts, of_videos, one)
                reduce(c, d, e[base:], at, scale, one, two)
            first = last
