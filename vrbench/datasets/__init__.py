"""Datasets: the original annotation files, read as they were published.

A dataset is a frozen dataclass in its own file. Rules of every reader:

* Files are looked for by name in one folder, as they are or inside any zip of it, and are read in
  place. They must be UTF-8 (a byte order mark is fine); nothing is guessed or repaired.
* White space around captions is stripped; nothing else is changed. Equal captions of a video all
  stay: each is a query of the published counts. Empty ones stay too, so that a caption's number
  does not depend on them; the extraction reports those it skips. ``Annotations.notes`` counts both.
* Counts that differ from the published ones are reported, never corrected.
"""

from __future__ import annotations

from pathlib import Path

from vrbench.datasets.annotations import Annotations
from vrbench.datasets.base import Content, Dataset, annotated
from vrbench.datasets.files import Folder
from vrbench.datasets.items import Split, Video
from vrbench.errors import InputError
from vrbench.registry import Registry

datasets: Registry[Dataset] = Registry("dataset", "vrbench.datasets", base=Dataset)

__all__ = [
    "Annotations",
    "Content",
    "Dataset",
    "Split",
    "Video",
    "datasets",
    "read",
    "read_captions",
    "read_csv",
]


def read(spec: str, annotations: Path, split: str) -> Annotations:
    """Read one split of a dataset.

    Args:
        spec: a dataset such as ``msrvtt`` or ``youcook2:unit=videos``.
        annotations: the folder that holds the dataset's annotation files.
        split: one of the dataset's splits.

    Raises:
        InputError: the dataset or the split is unknown, or a file is missing or malformed; or a
            reader from outside raises.
    """
    dataset = datasets.parse(spec)
    with datasets.calling(dataset):
        return dataset.read(datasets.spec(dataset), annotations, split)


def read_csv(path: Path) -> Annotations:
    """Read captions from one CSV file with the columns of the dataset ``csv``.

    Raises:
        InputError: the file is missing, is no such CSV, or names no video.
    """
    from vrbench.datasets.csv_ import rows_of

    _check(path)
    return annotated(rows_of(Folder(path.parent), path.name), str(path), path.name)


def read_captions(path: Path) -> Annotations:
    """Read captions from one file: as ``csv`` or ``json`` do, or a parquet file of such rows.

    What it begins with says which it is.

    Raises:
        InputError: the file is missing, is none of them, or names no video.
    """
    from vrbench.datasets.json_ import json_content
    from vrbench.datasets.parquet_file import MARK, read_rows
    from vrbench.datasets.table import table

    _check(path)
    with path.open("rb") as stream:
        start = stream.read(1000).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(MARK):
        return annotated(table(read_rows(path)), str(path), path.name)
    if not start.startswith((b"[", b"{")):
        return read_csv(path)
    return annotated(json_content(Folder(path.parent), path.name), str(path), path.name)


def _check(path: Path) -> None:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}: give a CSV with the columns video_id and caption.")
