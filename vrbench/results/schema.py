"""The types of a result file, from which its check is derived.

A key that is ``NotRequired`` may be missing or null; a file may have any other keys. Numbers lie
within the ``Bounds`` that are declared here, and those of metrics in their table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from numpy.typing import NDArray

from vrbench.metrics.values import Bounds, Numbers
from vrbench.registry import OriginDict
from vrbench.results.schema_parts import (
    UNREAD,
    BankAbout,
    Count,
    FoldsAbout,
    IntervalsAbout,
    QueryCounts,
    Report,
    TuningDict,
)
from vrbench.sims.sim import SequenceByDirection

FileName = Annotated[str | None, "the name of a file beside it, or null"]


Change = TypedDict(
    "Change",
    {
        "R@1": Annotated[float, Bounds(-100, 100)],
        "gained": Annotated[float, Bounds(0)],
        "lost": Annotated[float, Bounds(0)],
        "p": Annotated[float, Bounds(0, 1)],
        "test": NotRequired[Annotated[str, UNREAD]],
    },
)
"""Change of R@1 by a norm: points, queries that hit only after and only before, p-value."""


class ChangeByDirection(TypedDict):
    """The change of both directions."""

    t2v: Change
    v2t: Change


class FeaturesAbout(TypedDict):
    """The file that was evaluated."""

    file: NotRequired[Annotated[str, UNREAD]]
    sha256: str | None


class HeadAbout(TypedDict):
    """The head that all items went through; without a file it was made in Python.

    Loss, method, seed, epochs, the best of them and features are those of its training.
    """

    file: str | None
    sha256: Annotated[str, UNREAD]
    head: str
    loss: str | None
    method: NotRequired[str | None]
    seed: NotRequired[Count | None]
    epochs: NotRequired[Count | None]
    best: NotRequired[Count | None]
    features: NotRequired[FeaturesAbout | None]


class ProtocolAbout(TypedDict):
    """The rules of ties and of v2t, and the number of folds whose mean a result is.

    ``qrels`` and ``candidates`` are there where they decide, by the start of their file's sha256;
    candidates of the data by that of their matrix.
    """

    ties: str
    v2t: str
    qrels: NotRequired[str | None]
    candidates: NotRequired[str | None]
    folds: NotRequired[Count | None]


class Provenance(TypedDict):
    """Versions and settings that made a result; null for a package that was not used.

    ``cluster`` is how many workers did so, how many of each fingerprint, and, with ``--mixed``, how
    many ``others`` than the client's.
    """

    vrbench: str
    date: str
    python: NotRequired[Annotated[str, UNREAD]]
    torch: NotRequired[Annotated[str, UNREAD]]
    numpy: NotRequired[Annotated[str, UNREAD]]
    numba: NotRequired[Annotated[str | None, UNREAD]]
    seed: NotRequired[Annotated[int, UNREAD]]
    precision: NotRequired[Annotated[str, UNREAD]]
    device: NotRequired[Annotated[str, UNREAD]]
    command: NotRequired[Annotated[str, UNREAD]]
    plugins: NotRequired[list[OriginDict]]
    cluster: NotRequired[Annotated[dict[str, Any], UNREAD]]


class Limit(TypedDict):
    """How the test set was cut: to the first videos, or to some ids, by their hash."""

    first: int | None
    ids: str | None


class EncoderAbout(TypedDict):
    """The encoder, and the split, which may say how it was trained."""

    split: str | None
    encoder: str | None


class DataAbout(EncoderAbout):
    """What is evaluated; ``side`` is what stood for a video, where not its frames alone."""

    dataset: str | None
    features: FeaturesAbout
    side: NotRequired[str | None]
    notes: NotRequired[list[str] | None]


class TaskAbout(TypedDict):
    """A task, and what it measured in the place of ranks: percentages, and counts."""

    spec: str
    report: Report


class ScorerAbout(TypedDict):
    """What made the similarities; ``given_norm`` is the norm of those that were given.

    ``label`` is a name that somebody gave the results.

    ``task`` is that of a result without similarities, or of those of a task.
    """

    method: str | None
    label: NotRequired[str | None]
    task: NotRequired[TaskAbout | None]
    head: NotRequired[HeadAbout | None]
    sequence: NotRequired[str | None]
    sequence_info: NotRequired[SequenceByDirection | None]
    given_norm: NotRequired[str | None]


class Setup(DataAbout, ScorerAbout):
    """What was evaluated and how; ``limit`` is how the test set was cut."""

    schema: NotRequired[Annotated[int, UNREAD]]
    norm: str
    bank: BankAbout
    bank_distinct: NotRequired[QueryCounts | None]
    bank_shared: NotRequired[QueryCounts | None]
    transductive: NotRequired[Annotated[bool, UNREAD]]
    n_text: Count
    n_video: Count
    limit: NotRequired[Annotated[Limit | None, UNREAD]]
    protocol: ProtocolAbout
    provenance: Provenance
    ranks: FileName


class Measurements(Numbers):
    """Numbers; ``raw`` has those before the norm, ``change`` their change."""

    raw: NotRequired[Numbers | None]
    change: NotRequired[ChangeByDirection | None]


class Extras(TypedDict):
    """What stands beside the numbers.

    ``error_gamma`` is the temperature of the normalization errors; ``solved`` the share of pairs
    that are known; ``rank_vectors`` are read from the file beside it.
    """

    error_gamma: NotRequired[float | None]
    norm_info: NotRequired[Annotated[dict[str, dict[str, float]], UNREAD]]
    solved: NotRequired[Annotated[float, UNREAD]]
    tuning: NotRequired[Annotated[TuningDict, UNREAD]]
    folds: NotRequired[FoldsAbout | None]
    intervals: NotRequired[IntervalsAbout | None]
    seconds: NotRequired[Annotated[dict[str, float], UNREAD]]
    rank_vectors: NotRequired[Annotated[Mapping[str, NDArray[Any]], UNREAD]]


class ResultDict(Setup, Measurements, Extras):
    """The JSON of a result; a task's has no metrics and no diagnostics in either direction."""


class TaskDict(Setup, Extras):
    """The JSON of a task's result, as far as it is read."""
