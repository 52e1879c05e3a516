"""The types of a result file, from which its check is derived.

A key that is ``NotRequired`` may be missing or null; a file may have any other keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from numpy.typing import NDArray

UNREAD = "unread"
"""Marks values that no command reads; a file with another type there is not refused."""

Count = Annotated[int, "a whole number"]
"""From 0."""

FileName = Annotated[str | None, "the name of a file beside it, or null"]

Metrics = Annotated[dict[str, float], "metrics"]
"""By name, as the table of metrics has them: R@K in percent, ``tied`` from 0 to 1."""

Diagnostics = Annotated[dict[str, float | None], "diagnostics"]
"""By name; shares from 0 to 1."""


class MetricsByDirection(TypedDict):
    """Metrics of both directions."""

    t2v: Metrics
    v2t: Metrics


class DiagnosticsByDirection(TypedDict):
    """Diagnostics of both directions."""

    t2v: Diagnostics
    v2t: Diagnostics


class Measured(TypedDict):
    """Metrics and diagnostics."""

    metrics: MetricsByDirection
    diagnostics: DiagnosticsByDirection


Change = TypedDict(
    "Change",
    {
        "R@1": float,
        "gained": float,
        "lost": float,
        "p": float,
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


class Sides(TypedDict):
    """Queries of a bank."""

    n_text: Count
    n_video: Count


class Bank(TypedDict):
    """The bank of a norm; ``kind`` is none, train, test, rolling or file."""

    kind: str
    n_text: Count
    n_video: Count


class Protocol(TypedDict):
    """The rules of ties and of v2t."""

    ties: str
    v2t: str


class SequenceAbout(TypedDict):
    """Conventions of a sequence alignment's scores in one direction."""

    bucket_of: str | None
    bucket: NotRequired[float | None]
    offset: NotRequired[float | None]
    negative: NotRequired[float | None]
    length_norm: NotRequired[str | None]


class SequenceByDirection(TypedDict):
    """Conventions of a sequence alignment's scores."""

    t2v: NotRequired[SequenceAbout | None]
    v2t: NotRequired[SequenceAbout | None]


class Provenance(TypedDict):
    """Versions and settings that made a result; null for a package that was not used."""

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
    plugins: NotRequired[Annotated[list[dict[str, str]], UNREAD]]


class ResultDict(TypedDict):
    """The JSON of a result.

    ``limit`` is how the test set was cut; ``raw`` has the numbers before the norm, ``change`` their
    change; ``error_gamma`` the temperature of the normalization errors; ``solved`` the
    share of pairs that are known; ``rank_vectors`` are read from the file beside it.
    """

    schema: NotRequired[Annotated[int, UNREAD]]
    dataset: str | None
    split: str | None
    encoder: str | None
    method: str | None
    head: NotRequired[HeadAbout | None]
    features: FeaturesAbout
    norm: str
    sequence: NotRequired[str | None]
    sequence_info: NotRequired[SequenceByDirection | None]
    given_norm: NotRequired[str | None]
    bank: Bank
    bank_distinct: NotRequired[Sides | None]
    bank_shared: NotRequired[Sides | None]
    transductive: NotRequired[Annotated[bool, UNREAD]]
    n_text: Count
    n_video: Count
    limit: NotRequired[Annotated[dict[str, Any] | None, UNREAD]]
    notes: NotRequired[list[str] | None]
    protocol: Protocol
    metrics: MetricsByDirection
    diagnostics: DiagnosticsByDirection
    error_gamma: NotRequired[float | None]
    raw: NotRequired[Measured | None]
    change: NotRequired[ChangeByDirection | None]
    norm_info: NotRequired[Annotated[dict[str, Any], UNREAD]]
    solved: NotRequired[Annotated[float, UNREAD]]
    tuning: NotRequired[Annotated[dict[str, Any], UNREAD]]
    seconds: NotRequired[Annotated[dict[str, float], UNREAD]]
    provenance: Provenance
    ranks: FileName
    rank_vectors: NotRequired[Annotated[Mapping[str, NDArray[Any]], UNREAD]]
