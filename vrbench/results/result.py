"""Result: the numbers of a table row, as a JSON file with the rank vectors beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.metrics.values import DiagnosticsByDirection, MetricsByDirection, Numbers
from vrbench.results import showing
from vrbench.results.check import belong, is_task, result_problems
from vrbench.results.schema import (
    ChangeByDirection,
    FeaturesAbout,
    ProtocolAbout,
    Provenance,
    ResultDict,
)
from vrbench.results.schema_parts import BankAbout
from vrbench.runtime.files import listed, replacing
from vrbench.runtime.inputs import as_text, reading
from vrbench.runtime.json_text import read_json
from vrbench.runtime.npz import read_npz

if TYPE_CHECKING:
    import pandas as pd

Held = TypeVar("Held")

SCHEMA = 1
REMEDY = "give what it wrote"


class _Value(Generic[Held]):
    """A value of the JSON as an attribute of its name."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, result: None, owner: type) -> _Value[Held]: ...
    @overload
    def __get__(self, result: Result, owner: type) -> Held: ...
    def __get__(self, result: Result | None, owner: type) -> _Value[Held] | Held:
        if result is None:
            return self
        return cast(Held, cast(Mapping[str, Any], result.values).get(self.name))


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """One alignment and normalization on one test set.

    The values of the JSON are there by key, ``result["method"]``, and most as attributes too.

    Attributes:
        values: the JSON: data, method, protocol, numbers and provenance.
        ranks: ``t2v`` (n_text,), ``v2t`` (n_video,) with NaN where a video is no query, or
            (n_text,) under ``each-caption``; ``text_ids``, ``video_ids``; of the right pairs
            ``positive_text``, ``positive_video`` (p,) rows, ``positive_relevance`` where graded.
    """

    values: ResultDict
    ranks: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    dataset = _Value[str | None]()
    split = _Value[str | None]()
    encoder = _Value[str | None]()
    features = _Value[FeaturesAbout]()
    method = _Value[str | None]()
    norm = _Value[str]()
    sequence = _Value[str | None]()
    bank = _Value[BankAbout]()
    n_text = _Value[int]()
    n_video = _Value[int]()
    protocol = _Value[ProtocolAbout]()
    metrics = _Value[MetricsByDirection]()
    diagnostics = _Value[DiagnosticsByDirection]()
    error_gamma = _Value[float | None]()
    raw = _Value[Numbers | None]()
    change = _Value[ChangeByDirection | None]()
    seconds = _Value[dict[str, float]]()
    provenance = _Value[Provenance]()

    @property
    def notes(self) -> list[str]:
        """What a reader of the numbers should know."""
        return list(self.values.get("notes") or ())

    def __getitem__(self, key: str) -> Any:
        return cast(Mapping[str, Any], self.values)[key]

    def __repr__(self) -> str:
        return f"Result({showing.brief(self.values)})"

    def to_dict(self) -> ResultDict:
        """Return the JSON object."""
        return self.values.copy()


class Results(list[Result]):
    """Results in the order of a grid."""

    def __repr__(self) -> str:
        return showing.as_text([one.values for one in self])

    def _repr_html_(self) -> str:
        return showing.as_html([one.values for one in self])

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame: a row for each result, with its data and every number of the JSON.

        Metrics and diagnostics are called ``t2v R@1``, ``v2t hub_skewness`` and so on; R@K is in
        percent, shares are from 0 to 1.
        """
        import pandas as pd

        return pd.DataFrame([showing.frame_row(one.values) for one in self])


def identity(values: Mapping[str, object]) -> str:
    """Short hash of everything that decides a result; equal results need no second run."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def stem(dataset: str | None, method: str | None, norm: str, key: str) -> str:
    """Name of a result's files: readable, and different for different results."""
    words = "_".join(filter(None, (dataset, method or "sim", norm)))
    # names that begin with a dot are no results, those with a dash look like options
    return f"{re.sub(r'[^A-Za-z0-9.+-]+', '-', words).lstrip('.-')[:100]}_{key}"


def save(result: Result, folder: Path, name: str) -> Result:
    """Write ``name.json`` and ``name.npz``; the JSON comes last, so what is there is whole.

    A task's result has no ranks, and so no npz.

    Raises:
        InputError: the folder cannot be written.
    """
    if is_task(result.values):
        with replacing(folder / f"{name}.json") as about:
            about.write_text(_text(result))
        return result
    saved = Result({**result.values, "ranks": f"{name}.npz"}, result.ranks)
    arrays: dict[str, Any] = dict(result.ranks)
    with replacing(folder / f"{name}.json") as about:
        about.write_text(_text(saved))
        with replacing(folder / f"{name}.npz") as ranks:  # moved before the JSON is
            np.savez_compressed(ranks, **arrays)
    return saved


def _text(result: Result) -> str:
    return json.dumps(result.values, indent=1, allow_nan=False) + "\n"


def load(path: Path) -> Result:
    """Read one result file, and the rank vectors beside it where they are there and belong to it.

    Raises:
        InputError: it is no result file, or a value in it is not what eval writes.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a file: give a result of vrbench eval.")
    problem = "is not a result of vrbench eval"
    values = read_json(path, REMEDY, problem)
    with reading(path, REMEDY, problem):
        json.dumps(values, ensure_ascii=False, allow_nan=False).encode()  # can be written again
        schema = values["schema"]
    if schema != SCHEMA:
        raise InputError(f"{path} has schema {schema!r}, expected {SCHEMA}.")
    for problem in result_problems(values):
        raise InputError(
            f"{path} is not a whole result of vrbench eval: {problem}; run it again with "
            "--overwrite."
        )
    if is_task(values):
        return Result(cast(ResultDict, {**values, **nothing_ranked(), "ranks": None}))
    ranks = {} if values["ranks"] is None else _ranks(path.parent / values["ranks"])
    return Result(values, ranks if belong(ranks, values) else {})


def nothing_ranked() -> Numbers:
    """Return the metrics and diagnostics of a result without ranks."""
    return {"metrics": {"t2v": {}, "v2t": {}}, "diagnostics": {"t2v": {}, "v2t": {}}}


def _ranks(path: Path) -> dict[str, NDArray[Any]]:
    """Read rank vectors; none where they are lost."""
    if not path.is_file():
        return {}
    try:
        return {key: as_text(array, key, path) for key, array in read_npz(path).items()}
    except InputError:
        return {}


def load_all(folder: Path) -> tuple[list[Result], list[str]]:
    """Read every result in a folder, in order of file name; the second list names what was not one.

    Raises:
        InputError: the folder does not exist.
    """
    check_folder(folder)
    found: list[Result] = []
    skipped: list[str] = []
    for path in listed(folder, ".json"):
        try:
            found.append(load(path))
        except InputError:
            skipped.append(str(path))
    return found, skipped


def check_folder(folder: Path) -> None:
    """Check that a folder of results is one.

    Raises:
        InputError: it is not.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: give the --out of vrbench eval.")


def as_dicts(results: Iterable[Result]) -> list[ResultDict]:
    """Return the JSON objects of several results."""
    return [result.to_dict() for result in results]


def with_ranks(results: Iterable[Result]) -> list[ResultDict]:
    """Return the JSON objects with the rank vectors under ``rank_vectors``, for tests of rows."""
    return [{**result.to_dict(), "rank_vectors": result.ranks} for result in results]
