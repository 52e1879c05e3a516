"""UCF101: clips of 101 human actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.class_folders import ClassFolders
from vrbench.datasets.items import Split


@datasets.register("ucf101")
@dataclass(frozen=True)
class Ucf101(ClassFolders):
    """UCF101: 13,320 clips in folders of 101 classes, as ``class-folders`` reads them.

    Source: Soomro et al., CRCV-TR-12-01, 2012.
    """

    source = "Soomro et al., CRCV-TR-12-01, 2012"
    splits: ClassVar = {"all": Split((), 13_320, 13_320, labels=101, about="the paper's count")}
