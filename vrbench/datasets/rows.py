"""A file of captions row by row, in its order, as rows of embeddings may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vrbench.datasets.files import Folder
from vrbench.datasets.json_ import rows_in, texts_of
from vrbench.datasets.parquet_file import MARK, read_rows
from vrbench.datasets.record import Record
from vrbench.datasets.table import CAPTION, VIDEO, captions_of, name_of, without_ending
from vrbench.errors import InputError

TEXT = "text_id|caption_id|sentence_id|sen_id|desc_id|query_id|qid"
"""Names of the key that names a caption."""
COLUMNS = ("video_id", "caption", "text_id")
"""What columns of other names may be said to be."""


@dataclass(frozen=True)
class Row:
    """A caption in its file.

    Attributes:
        video: the id of its video, without the ending of a file.
        text: the caption, without surrounding white space.
        id: its own; None: it has none.
    """

    video: str
    text: str
    id: str | None = None


def caption_rows(path: Path, keys: Mapping[str, str]) -> list[Row]:
    """Return the captions of a CSV, JSON or parquet file, in its order.

    Args:
        path: the file; what it begins with says what it is.
        keys: theirs -> one of ``COLUMNS``, for columns of other names.

    Raises:
        InputError: it is missing, no such file, or holds no caption.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}: give a CSV or JSON file with video_id and caption.")
    with path.open("rb") as stream:
        start = stream.read(1000).removeprefix(b"\xef\xbb\xbf").lstrip()
    folder = Folder(path.parent)
    read = _json if start.startswith((b"[", b"{")) else _csv
    parquet = start.startswith(MARK)
    rows = list(_rows(read_rows(path), keys) if parquet else read(folder, path.name, keys))
    if not rows:
        raise InputError(f"{path} holds no caption: give a row for each of them.")
    return rows


def _csv(folder: Folder, name: str, keys: Mapping[str, str]) -> Iterator[Row]:
    columns = [
        "|".join([*(theirs for theirs, ours in keys.items() if ours == names.split("|")[0]), names])
        for names in (VIDEO, CAPTION)
    ]
    return _rows((Record(row, where) for where, row in folder.rows(name, columns)), keys)


def _json(folder: Folder, name: str, keys: Mapping[str, str]) -> Iterator[Row]:
    data = folder.json(name, lines=True)
    rows = rows_in(data)
    if rows is not None:
        yield from _rows(rows, keys)
    else:
        for video, texts in data.items():
            yield from (Row(without_ending(video), text.strip()) for text in texts_of(texts))


def _rows(records: Iterable[Record], keys: Mapping[str, str]) -> Iterator[Row]:
    for record in records:
        if keys and isinstance(record.value, dict):
            renamed = {keys.get(key, key): value for key, value in record.value.items()}
            record = Record(renamed, record.where)
        video, texts = without_ending(name_of(record)), captions_of(record)
        found = [record[key] for key in TEXT.split("|") if key in record.value]
        own = str(found[0].value) if found and len(texts) == 1 else None
        yield from (Row(video, text.strip(), own) for text in texts)
