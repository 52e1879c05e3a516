"""``cap-avg``: the mean over captions of the similarity to the best clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.sequences.base import BestClipAlignment, Float, sequences


@sequences.register("cap-avg")
@dataclass(frozen=True)
class CaptionAverage(BestClipAlignment):
    """Mean over the paragraph's captions of the maximum over the video's clips.

    ``score = 1/n sum_i max_j S[i, j]``; the order of captions and clips plays no part.

    Source: Cap. Avg. of TempCLR and Norton, as released; their text describes ``vote``.
    """

    source = "TempCLR; Norton Tables 1 and 2"

    def credit(self, best: NDArray[Any], lengths: NDArray[np.int64]) -> Float:
        """Return each caption's share of the mean."""
        return np.asarray(best / lengths[:, None], dtype=np.float64)
