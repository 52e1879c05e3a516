from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import oracle_metrics as slow
import pytest
from evaluated import OWNER, matrices, path
from small_features import COUNTS

import vrbench
from vrbench.errors import InputError

__all__ = ["path"]


def test_a_limit_keeps_the_first_videos_with_their_texts(path: Path) -> None:
    (whole,) = vrbench.evaluate(path, "global")
    assert whole["limit"] is None
    (result,) = vrbench.evaluate(path, "global", limit=4)
    assert (result["n_text"], result["n_video"]) == (sum(COUNTS[:4]), 4)
    assert result["limit"]["first"] == 4
    sim, _ = matrices(path, "global")
    keep = OWNER < 4
    expected = slow.ranks_t2v(sim.t2v[keep][:, :4], OWNER[keep])
    np.testing.assert_array_equal(result.ranks["t2v"], expected)


def test_limit_ids_keep_the_order_of_the_file(path: Path) -> None:
    wanted = ["video7", "video2", "video3"]
    (result,) = vrbench.evaluate(path, "global", limit_ids=wanted)
    assert result["limit"]["ids"]
    assert result.ranks["video_ids"].tolist() == ["video2", "video3", "video7"]
    assert result["n_text"] == COUNTS[2] + COUNTS[3] + COUNTS[7]
    (turned,) = vrbench.evaluate(path, "global", limit_ids=[*sorted(wanted), wanted[0]])
    assert turned["metrics"] == result["metrics"]
    assert turned["limit"] == result["limit"]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"limit": 0}, "at least 1"),
        ({"limit_ids": ["video0", "clip9"]}, "'clip9'"),
        ({"limit_ids": ["video2"]}, "no text belongs to these videos"),
    ],
    ids=str,
)
def test_limits_that_leave_nothing_are_refused(
    path: Path, limits: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        vrbench.evaluate(path, "global", **limits)
