"""The texts of a picture: which are seen, and whether they are legible."""

from __future__ import annotations

from itertools import combinations
from typing import Any


def texts(canvas: Any) -> list[Any]:
    """The texts that are not empty or hidden."""
    from matplotlib.text import Text

    found = canvas.findobj(lambda one: isinstance(one, Text) and one.get_visible())
    return [one for one in found if one.get_text().strip() and drawn(one)]


def drawn(text: Any) -> bool:
    """Whether a text is seen: ticks outside the limits of an axis are not."""
    return text.figure is not None and all(
        panel.get_visible() for panel in [text.axes] if panel is not None
    )


def check_texts(canvas: Any, name: str) -> None:
    """Every text has the size of the style, is inside the picture, and lies on no other."""
    boxes = []
    for text in visible(canvas):
        assert 7 <= text.get_fontsize() <= 9, text
        boxes.append((text, text.get_window_extent()))
    whole = canvas.bbox
    for text, box in boxes:
        assert within(box, whole), (name, text)
    for (one, a), (other, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        along = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, along) < 1.5, (name, one, other)


def within(box: Any, whole: Any) -> bool:
    """Whether a box is inside another, to a pixel."""
    across = whole.x0 - 1 <= box.x0 and box.x1 <= whole.x1 + 1
    return bool(across and whole.y0 - 1 <= box.y0 and box.y1 <= whole.y1 + 1)


def visible(canvas: Any) -> list[Any]:
    """Return the texts that are seen, ticks outside an axis left out."""
    ticks = set()
    for panel in canvas.axes:
        for axis in (panel.xaxis, panel.yaxis):
            shown = {id(tick) for tick in axis._update_ticks()}
            every = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            for tick in every:
                labels = (tick.label1, tick.label2)
                hidden = id(tick) not in shown or not panel.axison
                ticks |= {id(label) for label in labels if hidden or not label.get_visible()}
    return [one for one in texts(canvas) if id(one) not in ticks]
