"""Flickr30K: 31,783 photos with five captions each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.items import Split
from vrbench.datasets.karpathy import Karpathy

FILE = "dataset_flickr30k.json"


@datasets.register("flickr30k")
@dataclass(frozen=True)
class Flickr30k(Karpathy):
    """Flickr30K in Karpathy's splits: 1,000 test photos, 5,000 captions.

    The whole set has 31,783 photos and 158,915 sentences; Karpathy's file has 31,014 of them.

    Source: Young et al., TACL 2014; splits by Karpathy and Fei-Fei, CVPR 2015.
    """

    source = "Young et al., TACL 2014; splits: Karpathy and Fei-Fei, CVPR 2015"
    file = FILE
    splits: ClassVar = {
        "test": Split((FILE,), 1000, 5000, about="Karpathy"),
        "train": Split((FILE,), 29_000, 145_000, about="Karpathy"),
        "val": Split((FILE,), 1014, 5070, about="Karpathy"),
    }
