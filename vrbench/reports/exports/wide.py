"""A CSV with a row for each result."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from vrbench.results import labels
from vrbench.results.result import Result
from vrbench.results.showing import frame_row
from vrbench.runtime.files import replacing
from vrbench.runtime.printable import csv_cell


def write_csv(results: Sequence[Result], path: Path) -> None:
    """Write a row a result: its data, method, protocol and every number, at full precision.

    Columns are those of ``Results.to_frame`` and ``transductive`` and ``limited``, whether the norm
    saw the test set and whether it was cut; R@K is in percent, shares are from 0 to 1.

    Raises:
        InputError: the file cannot be written.
    """
    rows = []
    for one in results:
        values = one.to_dict()
        seen = "(transductive)" in labels.how(values)
        said = {"transductive": seen, "limited": bool(labels.limited(values))}
        rows.append({**frame_row(values), **said})
    columns = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writerow({name: csv_cell(name) for name in columns})
    for row in rows:
        writer.writerow({name: csv_cell(value) for name, value in row.items()})
    with replacing(path) as part:
        part.write_text(stream.getvalue(), encoding="utf-8")
