"""The folder that holds the annotation files of a dataset."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from vrbench.datasets.parquet_file import read_rows
from vrbench.datasets.record import Record
from vrbench.errors import InputError
from vrbench.runtime.files import listed
from vrbench.runtime.inputs import reading
from vrbench.runtime.json_text import parse_json
from vrbench.runtime.npz import check_members

DIVIDERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
"""Signs that divide the values of a row."""
SHOWN = 100
"""Most characters shown of a first line that is not as expected."""


@dataclass(frozen=True)
class Folder:
    """Annotation files, found by name in a folder or in any zip of it, and read in place.

    Every method takes the name of a file; ``a|b`` means the first of the two that is there.

    Attributes:
        path: the folder.
    """

    path: Path

    def has(self, names: str) -> bool:
        """Whether a file is there."""
        return self._locate(names) is not None

    def require(self, files: Iterable[str], what: str) -> None:
        """Check that all ``files`` are there.

        Raises:
            InputError: one is missing, or the folder is; the message lists all that ``what`` needs.
        """
        needed = ", ".join(names.replace("|", " or ") for names in files) or "its annotations"
        if not self.path.is_dir():
            problem = "is a file" if self.path.exists() else "does not exist"
            raise InputError(f"{self.path} {problem}: give the folder that holds {needed}.")
        missing = [names.replace("|", " or ") for names in files if not self.has(names)]
        if missing:
            raise InputError(
                f"{self.path} has no {' and no '.join(missing)}: {what} needs {needed} there, "
                "plain or in a zip."
            )

    def json(self, names: str, *, lines: bool = False) -> Record:
        """Read a JSON file; ``lines``: it may have a value a line instead, which become a list."""
        where, text = self._read(names)
        rows = [(n, line.strip()) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        if lines and len(rows) > 1 and all(row[:1] + row[-1:] == "{}" for _, row in rows):
            return Record([_parsed(row, f"{where}, line {n}") for n, row in rows], where)
        return Record(_parsed(text, where), where)

    def records(self, names: str) -> Iterator[Record]:
        """Yield the value of each line of a JSON lines file."""
        for where, line in self.lines(names):
            yield Record(parse_json(line, where, "give the file as it was published"), where)

    def parquet(self, name: str) -> list[Path]:
        """Return a parquet file, or its shards as ``datasets`` names them: NAME-00000-of-00002."""
        form = re.compile(rf"{re.escape(name.removesuffix('.parquet'))}(-\d+-of-\d+)?\.parquet")
        return [path for path in listed(self.path, ".parquet") if form.fullmatch(path.name)]

    def parquet_rows(self, name: str) -> Iterator[Record]:
        """Yield the rows of a parquet file, or of its shards."""
        for path in self.parquet(name):
            yield from read_rows(path)

    def lines(self, names: str) -> Iterator[tuple[str, str]]:
        """Yield the place of each line, for messages, and the line; blank ones are left out."""
        where, text = self._read(names)
        for number, line in enumerate(io.StringIO(text), 1):
            if line.strip():
                yield f"{where}, line {number}", line.rstrip("\r\n")

    def rows(self, names: str, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield file and line of each row of a CSV with a header, for messages, and the row.

        Values are divided by commas, or by semicolons or tabs where the header shows it. There may
        be other columns than ``columns``, of which ``a|b`` means either; a row has a value, maybe
        empty, in each.
        """
        where, text = self._read(names)
        sign = _divider(text, columns)
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
        try:
            found = reader.fieldnames or []
            same = Counter(name.strip().casefold() for name in found)
            if twice := [name for name, n in same.items() if name and n > 1]:
                raise InputError(
                    f"{where} has the column '{twice[0]}' twice: keep one, or rename the other."
                )
            if absent := [column for column in columns if not _has(found, column)]:
                first = ", ".join(found) or "nothing"
                first = first if len(first) <= SHOWN else f"{first[:SHOWN]} ..."
                expected = " and ".join(map(_said, absent))
                raise InputError(
                    f"{where} has no column {expected} (its first line: {first}): name columns "
                    "there, divided by commas, semicolons or tabs."
                )
            for row in reader:
                place = f"{where}, line {reader.line_num}"
                if None in row or None in row.values():
                    raise InputError(
                        f"{place}: {len(found)} values expected, quoted where they hold "
                        f"{DIVIDERS[sign]}."
                    )
                yield place, row
        except csv.Error as error:
            raise InputError(f"{where}, after line {reader.line_num}: {error}.") from error

    def _read(self, names: str) -> tuple[str, str]:
        """Return the name of the file, for messages, and its text."""
        located = self._locate(names)
        if located is None:
            raise InputError(f"{self.path} has no {names.replace('|', ' or ')}.")
        path, member = located
        where = f"{path} ({member})" if member else str(path)
        with reading(where, "copy it again"):
            data = _bytes(path, member)
        with reading(where, "convert it", "is no text"):
            return where, data.decode("utf-8-sig")

    def _locate(self, names: str) -> tuple[Path, str] | None:
        """Return the file, or the zip and the member of it, that has one of these names."""
        for name in names.split("|"):
            if (self.path / name).is_file():
                return self.path / name, ""
            if name.endswith(".parquet") and (shards := self.parquet(name)):
                return shards[0], ""
            if name.endswith(".parquet"):
                continue
            for archive in listed(self.path, ".zip"):
                if member := _member(archive, name):
                    return archive, member
        return None


def _parsed(text: str, where: str) -> Any:
    return parse_json(text, where, "give the file as it was published")


def _divider(text: str, columns: Sequence[str]) -> str:
    """Return the sign that divides the header into ``columns``; a comma where none does."""
    for sign in DIVIDERS:
        try:
            header = next(csv.reader(io.StringIO(text, newline=""), delimiter=sign), [])
        except csv.Error:  # what divides nothing leaves one long value
            continue
        if all(_has(header, column) for column in columns):
            return sign
    return ","


def _said(column: str) -> str:
    first, _, others = column.partition("|")
    return f"{first} (or {others.replace('|', ', ')})" if others else first


def _has(header: Sequence[str], column: str) -> bool:
    return any(name in header for name in column.split("|"))


def _bytes(path: Path, member: str) -> bytes:
    if not member:
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        check_members([archive.getinfo(member)], path)
        return archive.read(member)


def _member(path: Path, name: str) -> str | None:
    """Return the member of a zip that is called ``name``, in whatever folder.

    Raises:
        InputError: it is no zip, or has unlike files of this name.
    """
    with (
        reading(path, "copy it again", "cannot be read as a zip"),
        zipfile.ZipFile(path) as archive,
    ):
        members = [m for m in archive.infolist() if PurePosixPath(m.filename).name == name]
    found = [member for member in members if not member.filename.startswith("__MACOSX/")]
    if len({(member.CRC, member.file_size) for member in found}) > 1:
        names = " and ".join(member.filename for member in found)
        raise InputError(f"{path} holds {names}, which differ: keep one of them.")
    return found[0].filename if found else None
