"""Shards of an extraction, which run independently."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vrbench.datasets import Annotations
from vrbench.errors import InputError


@dataclass(frozen=True)
class Shard:
    """Part ``part`` of ``parts``, counted from 1; 1 of 1 is the whole.

    Every shard takes a stretch of the videos, with their captions, and another of the bank's.
    """

    part: int = 1
    parts: int = 1

    @classmethod
    def parse(cls, text: str | None) -> Shard:
        """Read ``i/n``; None is the whole.

        Raises:
            InputError: it is not of this form, or i is not in 1..n.
        """
        if text is None:
            return cls()
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
        if found and 1 <= int(found[1]) <= int(found[2]):
            return cls(int(found[1]), int(found[2]))
        raise InputError(
            f"Cannot read the shard '{text}': write i/n, such as 1/4 to 4/4, or n for all n."
        )

    @staticmethod
    def all_of(text: str | None) -> int | None:
        """Read ``n``, which stands for all n parts; None where it is not of this form."""
        found = re.fullmatch(r"[1-9]\d{0,8}", text or "", re.ASCII)
        return int(found[0]) if found else None

    def __str__(self) -> str:
        return f"{self.part}/{self.parts}"

    @property
    def name(self) -> str:
        """Name of its file in the folder of a sharded set."""
        return f"part-{self.part:05}-of-{self.parts:05}.h5"

    @property
    def whole(self) -> bool:
        """Whether there is no other part."""
        return self.parts == 1

    @property
    def attrs(self) -> dict[str, str]:
        """Attribute of the feature file; the whole has none."""
        return {} if self.whole else {"shard": str(self)}

    def of(self, annotations: Annotations) -> Annotations:
        """Return the videos of this part; parts differ by at most one video."""
        ends = cuts(len(annotations.videos), self.parts)
        return annotations.between(ends[self.part - 1], ends[self.part])


def cuts(n: int, parts: int) -> list[int]:
    """(parts + 1,) where n items are cut into stretches that differ by at most one item."""
    return [n * k // parts for k in range(parts + 1)]
