"""How many bytes the matrices of a test set and its bank take."""

from __future__ import annotations

from dataclasses import dataclass

from vrbench.sims.beside import MOST_PAIRS


@dataclass(frozen=True)
class Sizes:
    """Bytes of matrices, before there are any.

    Attributes:
        n_text: texts of the test set.
        n_video: videos of the test set.
        width: bytes of a similarity.
    """

    n_text: int
    n_video: int
    width: int

    @property
    def pairs(self) -> int:
        """Entries of a matrix."""
        return self.n_text * self.n_video

    def raw(self, directions: int = 2, levels: int = 1) -> int:
        """Return those of the similarities of so many directions; of levels the mean, too."""
        matrices = levels if levels == 1 else levels + 1
        return directions * self.width * self.pairs * matrices

    @property
    def normalized(self) -> int:
        """Those of both directions after a norm, float64."""
        return 2 * 8 * self.pairs

    def banked(self, bank_texts: int, bank_videos: int, levels: int = 1) -> int:
        """Return those of the bank against itself, both directions."""
        return 2 * self.width * bank_texts * bank_videos * levels

    @property
    def within_is_kept(self) -> bool:
        """Whether the products within a side go into a similarity file."""
        return max(self.n_text, self.n_video) ** 2 <= MOST_PAIRS

    def beside(self, bank_texts: int, bank_videos: int, levels: int = 1) -> int:
        """Return those of what a similarity file keeps beside the similarities."""
        within = self.n_text**2 + self.n_video**2 + self.pairs if self.within_is_kept else 0
        banked = bank_texts * bank_videos <= MOST_PAIRS
        return 8 * within + (self.banked(bank_texts, bank_videos, levels) if banked else 0)
