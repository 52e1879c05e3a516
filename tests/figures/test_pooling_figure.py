"""The figure of pooling: the numbers of pooled files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_features import write_features

import vrbench
from vrbench.errors import InputError
from vrbench.evaluation.evaluation import Evaluation
from vrbench.features.pooled_file import Side, pool_file
from vrbench.figures import figures
from vrbench.figures.plot import Look, picture, plot


@pytest.mark.parametrize("side", ["both", "text", "video"])
def test_it_has_the_recalls_of_pooled_files(tmp_path: Path, side: Side) -> None:
    path = write_features(tmp_path / "f.h5", counts=(2, 1, 1) * 5)
    case = Evaluation.open(path).case("max-avg")
    data = figures.parse(f"pooling:most=4,side={side}").data(case)
    assert data["factor"].unique().tolist() == [1, 2, 3, 4]
    for factor in (1, 3):
        pool_file(path, tmp_path / "g.h5", factor, side=side, overwrite=True)
        (result,) = vrbench.evaluate(tmp_path / "g.h5", "max-avg")
        features = vrbench.open(tmp_path / "g.h5")
        whole = vrbench.open(path)
        sides = ("text", "video") if side == "both" else (side,)
        left, before = (
            sum(int(getattr(one, name).offsets[-1]) for name in sides) for one in (features, whole)
        )
        for direction in ("t2v", "v2t"):
            row = data[(data["direction"] == direction) & (data["factor"] == factor)].iloc[0]
            assert row["tokens left"] == pytest.approx(100 * left / before)
            for k in (1, 5, 10):
                assert row[f"R@{k}"] == pytest.approx(result.metrics[direction][f"R@{k}"])


def test_global_vectors_do_not_change_with_it(tmp_path: Path) -> None:
    case = Evaluation.open(write_features(tmp_path / "f.h5", counts=(1,) * 12)).case("global")
    data, files = plot(figures.parse("pooling"), case, "figure", tmp_path)
    assert len(files) == 3
    assert data["factor"].tolist() == [f for f in (1, 2, 3, 4, 6, 8, 12) for _ in range(2)]
    for _, rows in data.groupby("direction"):
        assert rows["R@1"].nunique() == 1
        assert rows["tokens left"].is_monotonic_decreasing


def test_no_line_leaves_its_panel() -> None:
    pytest.importorskip("matplotlib")
    rows = [("t2v", 1, 100.0, 9.0, 20.0, 30.0), ("v2t", 1, 100.0, 9.0, 30.0, 45.0)]
    data = pd.DataFrame(rows, columns=["direction", "factor", "tokens left", "R@1", "R@5", "R@10"])
    for panel in picture(figures.parse("pooling"), data, "", Look()).axes:
        highest = max(float(np.max(np.asarray(line.get_ydata()))) for line in panel.lines)
        assert highest < panel.get_ylim()[1]


def test_a_factor_of_one_is_no_pooling() -> None:
    with pytest.raises(InputError, match="most must be at least 2"):
        figures.parse("pooling:most=1")
