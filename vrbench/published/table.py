"""The parts of a published table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnDirection = Literal["t2v", "v2t", ""]
"""The direction of a column; empty for a metric that has none."""

_IMPLIED = frozenset({"percent", "rank", "1", "text"})


@dataclass(frozen=True)
class Column:
    """The metric of one column.

    Attributes:
        metric: "R@1", "MdR", ...
        unit: "percent" or "rank" (1-based), for words "text", else "1" or the name of the unit.
        dataset: only in tables whose columns are of different datasets.
        setting: only in tables whose columns differ in it.
    """

    direction: ColumnDirection
    metric: str
    unit: str
    dataset: str = ""
    setting: str = ""

    @property
    def measure(self) -> str:
        """Return direction and metric, such as ``t2v R@1``."""
        return f"{self.direction} {self.metric}".strip()

    @property
    def label(self) -> str:
        """Return the column's label, such as ``t2v R@1`` or ``MS-COCO: t2v R@1``."""
        return prefixed(self.measure, self.dataset, self.setting)

    @property
    def heading(self) -> str:
        """Return the label, with the unit where the metric does not imply it."""
        return self.label if self.unit in _IMPLIED else f"{self.label} ({self.unit})"


@dataclass(frozen=True)
class Cell:
    """One number: its value (None for an empty cell or words), its text, whether marked best.

    Without text it is no cell: the row has no such column.

    Attributes:
        beats: letters of the rows of its block that it is significantly better than.
    """

    value: float | None
    text: str
    best: bool = False
    beats: str = ""


@dataclass(frozen=True)
class MeasuredBy:
    """The results that stand beside a published row, and what ``vrbench reproduce`` runs for it.

    A parameter that a spec gives is the paper's; one that it leaves out may be anything.

    Attributes:
        method: spec of the alignment; the weights of a sum are run and may be anything. Empty: any
            method, and ``global`` is run.
        norm: spec of the normalization.
        bank: kind of its bank.
        sequence: spec of the sequence alignment; empty: none. Of a row with columns of both, and of
            several, ``|`` separates them: ``|dtw``.
        training: of the encoder, "zero-shot" or "fine-tuned", where the row's label says it.
        loss: spec of the loss that the system is trained with; empty: it is not trained, or its
            loss is not one of vrbench's.
        head: spec of what the system learns besides its encoders; empty: nothing.
        queue: training queries that it keeps as its bank, the last ones; 0: none.
        head_norm: spec of the norm that is run behind a head; empty: ``norm``.
        task: spec of the task (``vrbench task``) that measures it, without ranks; empty: none.
    """

    method: str = ""
    norm: str = "none"
    bank: str = "none"
    sequence: str = ""
    training: str = ""
    loss: str = ""
    head: str = ""
    queue: int = 0
    head_norm: str = ""
    task: str = ""

    @property
    def sequences(self) -> tuple[str, ...]:
        """The specs of the sequence alignments, an empty one for none."""
        return tuple(self.sequence.split("|"))


@dataclass(frozen=True)
class Row:
    """One system of a table.

    Attributes:
        printed: the label as the paper prints it.
        system: the name of this system over all papers.
        cells: in the order of the table's columns.
        dataset: only in tables whose rows are of different datasets.
        setting: only in tables whose rows differ in it.
        measured_by: None for a row that no result of ours corresponds to.
    """

    printed: str
    system: str
    cells: tuple[Cell, ...]
    dataset: str = ""
    setting: str = ""
    measured_by: MeasuredBy | None = None

    @property
    def label(self) -> str:
        """Return the label, unique in its table."""
        return prefixed(self.printed, self.dataset, self.setting)

    @property
    def slot(self) -> str:
        """Return the label without the dataset, which measured rows bring themselves."""
        return prefixed(self.printed, self.setting)


@dataclass(frozen=True)
class Claim:
    """A paper's claim that a row of its table is ahead, and perhaps by how much.

    Attributes:
        where: section or caption.
        text: the paper's words.
        row: label of the row that is ahead.
        over: labels of the rows behind it; empty: all others of its dataset and setting.
        columns: labels of the columns; empty: all.
        gain: as claimed, in points, or in percent of the smaller value if ``relative``; ">23" is
            "more than 23"; empty if the paper gives no number.
        relative: see ``gain``.
        strict: whether it is made of every metric, so that equal numbers contradict it.
    """

    where: str
    text: str
    row: str
    over: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    gain: str = ""
    relative: bool = False
    strict: bool = False


@dataclass(frozen=True)
class PublishedTable:
    """One table of one paper.

    Attributes:
        name: "tokenflow-1", ...
        title: the first sentence of its caption.
        source: paper and table, for every cell.
        cite: the paper.
        n_video: size of the test set where the paper states it, else None.
        setting: the setting of all its numbers, if it is not training on the dataset; empty:
            trained on the dataset, or as each row says.
        v2t: protocol of its v2t numbers where videos have several texts; empty: not known.
        clips: what its long videos are of: ``captioned``, a clip for each caption; ``windows`` of
            the whole videos; empty: there are no long videos, or their clips may be any.
        notes: errors of the paper and other remarks for the reader.
        claims: the claims of the paper's text on it.
        numbered: whether it is a numbered table of a paper.
    """

    name: str
    title: str
    source: str
    cite: str
    dataset: str
    split: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    n_video: int | None = None
    setting: str = ""
    v2t: str = ""
    clips: str = ""
    notes: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    numbered: bool = True


def prefixed(label: str, *scope: str) -> str:
    """Put the known parts of the scope before a label: ``MSVD, zero-shot: label``."""
    known = ", ".join(filter(None, scope))
    return f"{known}: {label}" if known else label
