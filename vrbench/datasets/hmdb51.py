"""HMDB51: clips of 51 human actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vrbench.datasets import datasets
from vrbench.datasets.class_folders import ClassFolders
from vrbench.datasets.items import Split


@datasets.register("hmdb51")
@dataclass(frozen=True)
class Hmdb51(ClassFolders):
    """HMDB51: 6,849 clips in folders of 51 classes, as ``class-folders`` reads them.

    6,849 is the paper's count; copies in use hold fewer (6,766 is common).

    Source: Kuehne et al., ICCV 2011.
    """

    source = "Kuehne et al., ICCV 2011"
    splits: ClassVar = {"all": Split((), 6849, 6849, labels=51, about="the paper's count")}
