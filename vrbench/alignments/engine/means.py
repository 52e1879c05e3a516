"""Gradients of global vectors that are means of a batch's tokens, by way of ``c``.

A global vector ``u = m / |m|`` of the mean ``m`` of l tokens ``x`` has with any ``y`` the product
``u . y = mean(x . y) / |m|``. A gradient of it is one of each ``x . y``, in equal shares, and,
through ``|m|``, a part of ``-u`` for each ``x``: no further product of matrices is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from vrbench.alignments.engine.panels import LengthGroup, Panel, in_order

if TYPE_CHECKING:
    from torch import Tensor

WIDE = 256
"""Numbers a token from which products of matrices take longer than adding to all of ``c``."""

Side = Literal["text", "video"]


def mean_lengths(panel: Panel) -> Tensor | None:
    """(items,) in the panel's order: ``|m|``, or 1 where means are not scaled.

    None: the global vectors are no means, or tokens are so narrow that products take less time.
    """
    found = panel.items.mean_lengths() if panel.tokens.shape[1] >= WIDE else None
    return None if found is None else in_order(found, panel.index)


def give(
    panel: Panel, side: Side, lengths: Tensor, value: Tensor, grad: Tensor, c: Tensor
) -> Tensor | None:
    """Add the gradient of a side's products with global vectors to that of ``c``.

    Args:
        panel: of the side.
        side: which it is.
        lengths: (items,) ``mean_lengths``.
        value: (texts, frames) d of the texts, (words, videos) e of the videos.
        grad: of the same shape; it is changed.
        c: (words, frames), its gradient, which is added to.

    Returns:
        (tokens, width) what is left for the panel's tokens; None where means are not scaled.
    """
    along = (grad * value).sum(1 if side == "text" else 0) / lengths
    grad /= lengths[:, None] if side == "text" else lengths
    for group, part in _parts(panel, side, c):
        some = grad[group.items, None] if side == "text" else grad[:, None, group.items]
        part.add_(some, alpha=1 / group.length)
    if not panel.items.stored.normalized:
        return None
    each = panel.global_vectors * -along[:, None]
    found = each.new_empty(panel.tokens.shape)
    for group in panel.groups:
        n, some = len(group.index), each[group.items] / group.length
        if panel.lanes:  # all first tokens, then all second ones
            found[group.tokens].view(group.length, n, -1)[:] = some
        else:
            found[group.tokens].view(n, group.length, -1)[:] = some[:, None]
    return found


def _parts(panel: Panel, side: Side, c: Tensor) -> Iterator[tuple[LengthGroup, Tensor]]:
    """Yield the groups of c: (n, l, frames) of texts, (words, l, n) of videos."""
    for group in panel.groups:
        n = len(group.index)
        if side == "text":
            yield group, c[group.tokens].view(n, group.length, -1)
        else:
            yield group, c[:, group.tokens].view(len(c), group.length, n)
