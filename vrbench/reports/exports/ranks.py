"""The ranks of every query as parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench._version import VERSION
from vrbench.errors import InputError
from vrbench.results import labels
from vrbench.results.result import Result
from vrbench.results.schema import ResultDict
from vrbench.runtime.extras import needed
from vrbench.runtime.files import replacing
from vrbench.sims.sim import DIRECTIONS


def write_ranks(results: Sequence[Result], path: Path) -> None:
    """Write a row a query: the rank of its best positive, in each direction of each result.

    Columns: ``result`` (its place, from 0), ``dataset``, ``encoder``, ``method``, ``norm``,
    ``bank``, ``direction``, ``query`` (id) and ``rank`` (from 1; ties have halves). Videos that ask
    no query are left out.

    Raises:
        InputError: no result has its ranks beside it, the extra is missing, or the file cannot be
            written.
    """
    core, io = (needed(f"arro3.{name}", "parquet") for name in ("core", "io"))
    parts = [part for i, one in enumerate(results) for part in _parts(i, one)]
    if not parts:
        raise InputError("No result has its ranks beside it: run vrbench eval again, --overwrite.")
    columns: dict[str, Any] = {}
    for name in parts[0]:
        values = np.concatenate([part[name] for part in parts])
        if values.dtype.kind in "if":
            columns[name] = core.Array.from_numpy(values)
        else:
            columns[name] = core.Array(values.tolist(), core.DataType.string())
    table, about = core.Table.from_pydict(columns), {"vrbench": VERSION}
    written = BytesIO()  # the library panics where a file cannot be written
    io.write_parquet(table, written, key_value_metadata=about)
    with replacing(path) as part:
        part.write_bytes(written.getbuffer())


def _parts(place: int, result: Result) -> Iterator[dict[str, NDArray[Any]]]:
    values = result.to_dict()
    for direction in DIRECTIONS:
        ranks = result.ranks.get(direction)
        if ranks is None:
            continue
        asked = np.isfinite(ranks)
        ids = np.array([str(name) for name in _ids(result, direction, len(ranks)).tolist()])
        n = int(asked.sum())
        said = {name: np.full(n, text) for name, text in _about(values, direction).items()}
        yield {
            "result": np.full(n, place, np.int64),
            **said,
            "query": ids[asked],
            "rank": np.asarray(ranks[asked], np.float64),
        }


def _ids(result: Result, direction: str, n: int) -> NDArray[Any]:
    """Return the ids of the queries; under each-caption each text asks for its video in v2t."""
    video, text = result.ranks["video_ids"], result.ranks["text_ids"]
    return video if direction == "v2t" and len(video) == n else text


def _about(values: ResultDict, direction: str) -> dict[str, str]:
    return {
        "dataset": labels.dataset(values),
        "encoder": labels.encoder(values),
        "method": labels.method(values),
        "norm": values["norm"],
        "bank": labels.bank(values),
        "direction": direction,
    }
