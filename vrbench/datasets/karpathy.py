"""The JSON format of Karpathy's splits of image captions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import ClassVar

from vrbench.datasets.base import Content, Dataset
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Video


class Karpathy(Dataset):
    """Images with their captions, from a file such as ``dataset_coco.json``.

    ``{"images": [{"filename", "filepath", "split", "sentences": [{"raw"}, ...]}, ...]}``;
    ``filepath`` is the folder, where images lie in several. The id is the file name without
    extension. ``restval`` (COCO's validation images outside val and test) belongs to ``train``.

    Source: Karpathy and Fei-Fei, CVPR 2015.
    """

    file: ClassVar[str]
    most: int = 0
    """The most captions taken of an image; 0: all."""

    def content(self, folder: Folder, split: str) -> Content:
        """Read the images of a split."""
        return Content(self._images(folder, split))

    def _images(self, folder: Folder, split: str) -> Iterator[Video]:
        for image in folder.json(self.file)["images"]:
            if image["split"].text().replace("restval", "train") != split:
                continue
            texts = tuple(sentence["raw"].text() for sentence in image["sentences"])
            name = PurePosixPath(image["filename"].text()).stem
            where = image["filepath"].text() if "filepath" in image.value else ""
            file = f"{where}/{name}" if where else ""
            yield Video(name, texts[: self.most] if self.most else texts, file)
