"""Where similarities come from, and how they are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from vrbench.alignments import Method
from vrbench.alignments.engine.driver import Progress
from vrbench.normalizations.bank import BankSim
from vrbench.sims.sim import Sim
from vrbench.sims.truth import Truth


@dataclass(frozen=True)
class Compute:
    """How to compute; nothing here changes a result beyond rounding.

    Attributes:
        precision: ``single`` or ``double``.
        device: ``auto``, ``cpu`` or ``cuda``.
        workers: threads; None: one a core.
        memory: bytes that the process may hold; None: unbounded.
        matrix: whether similarities are kept where a norm does not need all of them.
    """

    precision: Literal["single", "double"] = "single"
    device: str = "auto"
    workers: int | None = None
    memory: int | None = None
    matrix: bool = True


class Source(Protocol):
    """Similarities of texts and videos, and of the bank."""

    about: dict[str, Any]
    notes: tuple[str, ...]
    truth: Truth
    text_ids: NDArray[Any]
    video_ids: NDArray[Any]
    has_bank: bool
    captions: NDArray[Any] | None
    given_norm: str
    sequence: str | None
    scale: float | None

    def pairs(self, bank: str) -> int:
        """Return how many similarities one alignment computes with this bank."""

    def bank_identity(self, kind: str) -> str | int | None:
        """Return what tells a bank of this kind from another one."""

    def bank_ids(self, kind: str) -> Mapping[str, NDArray[Any] | None]:
        """Return the ids of the bank's ``text`` and ``video`` queries, where they are known."""

    def bank_notes(self, kind: str) -> list[str]:
        """Return what a reader of numbers should know of a bank that is another file."""

    def version(self, bank: str) -> str:
        """Return which of its similarities ``sim`` gives for this bank."""

    def odd_rows(self) -> list[str]:
        """Return a sentence for each kind of stored row that can hardly be meant."""

    def check_room(
        self, jobs: Sequence[tuple[Method | None, str]], whole: bool, saved: bool
    ) -> None:
        """Refuse, before anything is scored, a (method, bank) that the bound cannot hold.

        Args:
            jobs: what is to be scored.
            whole: whether the matrix has to be kept, and not only what is counted of it.
            saved: whether it is to be saved with all that stands beside it.
        """

    def sim(self, method: Method | None, bank: str, progress: Progress | None) -> Sim:
        """Return the raw similarities."""

    def bank(self, method: Method | None, kind: str, progress: Progress | None) -> BankSim:
        """Return the bank of the kind ``none``, ``train``, ``test``, ``rolling`` or ``file``."""

    def within(self) -> dict[str, NDArray[Any]]:
        """Return what is known of ``text_text``, ``video_video`` and ``text_video`` similarities.

        Of the global vectors, or of the similarities given.
        """

    def beside(self, method: Method | None, kind: str) -> dict[str, Any]:
        """Return what a similarity file keeps beside matrices: see ``vrbench.sims.beside``."""
