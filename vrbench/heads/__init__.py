"""Heads: what is learnt on stored features, and the files that keep it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vrbench.errors import InputError
from vrbench.heads.base import HeadPart
from vrbench.registry import Registry

if TYPE_CHECKING:
    from vrbench.heads.head import Head

heads: Registry[HeadPart] = Registry(
    "head", "vrbench.heads.kinds", base=HeadPart, group="vrbench.heads"
)

_PLUS = re.compile(r"(?<!\d[eE])\+")


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


def parse_head(spec: str) -> HeadSpec:
    """Read ``name:key=value``, or several of them joined by ``+``.

    Raises:
        InputError: a name, parameter or value cannot be read, or a head stands twice.
    """
    parts: dict[str, HeadPart] = {}
    for text in _PLUS.split(spec):
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
