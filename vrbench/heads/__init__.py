"""Heads: what is learnt on stored features, and the files that keep it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.errors import InputError
from vrbench.heads.base import HeadPart
from vrbench.registry import Registry, summands

__all__ = ["HeadSpec", "heads", "load", "parse_head", "patch_saliency", "select_patches"]

if TYPE_CHECKING:
    from vrbench.heads.head import Head
    from vrbench.heads.patches import patch_saliency, select_patches

heads: Registry[HeadPart] = Registry(
    "head", "vrbench.heads.kinds", base=HeadPart, group="vrbench.heads"
)


@dataclass(frozen=True)
class HeadSpec:
    """Heads one after the other: what one gives, the next one gets.

    Attributes:
        parts: by name, in order.
    """

    parts: dict[str, HeadPart]

    @property
    def spec(self) -> str:
        """The spec that names them, such as ``linear+learnable``."""
        return "+".join(heads.spec(part) for part in self.parts.values())


def __getattr__(name: str) -> Any:
    """Import the functions of ``patches.py`` when they are first used."""
    if name in ("patch_saliency", "select_patches"):
        from vrbench.heads import patches

        return getattr(patches, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def parse_head(spec: str) -> HeadSpec:
    """Read ``name:key=value``, or several of them joined by ``+``.

    Raises:
        InputError: a name, parameter or value cannot be read, a head is missing or stands twice.
    """
    parts: dict[str, HeadPart] = {}
    for text in summands(spec):
        name = text.partition(":")[0].strip()
        if name in parts:
            raise InputError(f"The head '{name}' stands twice in '{spec}': give it once.")
        parts[name] = heads.parse(text)
    return HeadSpec(parts)


def load(path: str | Path) -> Head:
    """Read a head file that ``vrbench train`` or ``Head.save`` wrote.

    Raises:
        InputError: it is missing or is no head.
    """
    from vrbench.heads import file

    return file.load(path)
