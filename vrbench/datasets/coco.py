"""MS-COCO captions: 123,287 photos with five captions or a few more each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.items import Split
from vrbench.datasets.karpathy import Karpathy
from vrbench.errors import InputError

FILE = "dataset_coco.json"


@datasets.register("coco")
@dataclass(frozen=True)
class Coco(Karpathy):
    """MS-COCO in Karpathy's splits: 5,000 test photos, 25,010 captions.

    Some photos have six or seven captions. Much published code takes the first five of each
    (``most=5``: 25,000 test captions); both counts are called "COCO 5k".

    Source: Lin et al., ECCV 2014; splits by Karpathy and Fei-Fei, CVPR 2015.

    Attributes:
        most: the most captions of a photo, the first ones; 0: all.
    """

    most: int = 0
    source = "Lin et al., ECCV 2014; splits: Karpathy and Fei-Fei, CVPR 2015"
    file = FILE
    splits: ClassVar = {
        "test": Split((FILE,), 5000, 25_010, about="Karpathy"),
        "train": Split((FILE,), 113_287, 566_747, about="Karpathy, with restval"),
        "val": Split((FILE,), 5000, 25_010, about="Karpathy"),
    }

    def __post_init__(self) -> None:
        if self.most < 0:
            raise InputError(f"most must not be negative, it is {self.most}.")

    def expected(self, split: str) -> Split:
        """Return the published counts, for ``most`` captions a photo."""
        published = super().expected(split)
        if not self.most:
            return published
        # Every photo has five captions; how many have more is known in total only.
        n = published.videos if self.most <= 5 else None
        return replace(published, texts=n and n * self.most)
