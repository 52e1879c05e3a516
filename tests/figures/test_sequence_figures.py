from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from long_videos import LENGTHS, arrays, write

from vrbench.figures.planting import clean, irrelevant, shifted, swapped
from vrbench.sequences.engine.grouping import Grouping, grouping


@pytest.fixture
def group() -> Grouping:
    names = np.repeat([f"s{i}" for i in range(6)], 4)
    return grouping(names, None, np.arange(24), "rows")


def parts(rows: Any, lengths: Any) -> list[list[int]]:
    return [part.tolist() for part in np.split(rows, np.cumsum(lengths)[:-1])]


def test_planted_items_are_of_other_sequences_and_the_rest_keep_their_order(
    group: Grouping,
) -> None:
    planted = irrelevant(group, 0.5, np.random.default_rng(0))
    assert planted.lengths.tolist() == [8] * 6
    assert planted.planted.mean() == 0.5
    flags = parts(planted.planted, planted.lengths)
    for number, rows in enumerate(parts(planted.rows, planted.lengths)):
        kept = [row for row, flag in zip(rows, flags[number], strict=True) if not flag]
        assert kept == list(range(4 * number, 4 * number + 4))
        others = set(rows) - set(kept)
        assert len(others) == 4
        assert all(row // 4 != number for row in others)


def test_shifts_and_swaps_touch_their_share_of_the_sequences(group: Grouping) -> None:
    before = parts(clean(group).rows, group.lengths)
    for noise in (shifted, swapped):
        done = noise(group, 0.5, np.random.default_rng(1))
        after = parts(done.rows, done.lengths)
        touched = [a for a, b in zip(after, before, strict=True) if a != b]
        assert len(touched) == 3
        assert [sorted(part) for part in after] == before
        assert not done.planted.any()
    whole = parts(shifted(group, 1.0, np.random.default_rng(2)).rows, group.lengths)
    assert whole == [[b, c, d, a] for a, b, c, d in before]
    assert parts(shifted(group, 0.0, np.random.default_rng(2)).rows, group.lengths) == before


def plotted(folder: Path, name: str, path: Path) -> Any:
    import pandas as pd

    done = run("plot", name, path, "--method", "global", "--norm", "none", "--out", folder, "-q")
    assert done.code == 0, done
    return pd.read_csv(next(folder.glob(f"{name.partition(':')[0]}*.csv")))


def test_the_noise_figure_has_every_alignment_at_every_rate(tmp_path: Path) -> None:
    data = plotted(tmp_path / "out", "sequence-noise", write(tmp_path, arrays(bank=False)))
    assert len(data) == 8 * (1 + 4 * 3)
    assert data["R@1"].between(0, 100).all()
    # what does not look at the order does not mind it
    still = data[data["noise"].isin(["shifted captions", "swapped captions"])]
    for spec in ("cap-avg", "transport"):
        plain = data[(data["noise"] == "none") & (data["sequence"] == spec)]["R@1"].iloc[0]
        assert still[still["sequence"] == spec]["R@1"].eq(plain).all()
    removed = data[data["precision"].notna()]
    assert set(removed["noise"]) == {"irrelevant captions"}
    assert len(removed) == 3 * 4


def test_the_realignment_says_what_went_where(tmp_path: Path) -> None:
    path = write(tmp_path, arrays(bank=False))
    name = "realignment:sequence=long2,planted=2"
    data = plotted(tmp_path / "out", name, path)
    assert len(data) == (LENGTHS[2] + 2) * LENGTHS[2]
    assert data.groupby("caption")["planted"].first().sum() == 2
    assert np.allclose(data.groupby("clip")["plan"].sum(), (LENGTHS[2] + 2) / LENGTHS[2])
    assert data["dtw"].sum() >= LENGTHS[2] + 2
    for caption, rows in data.groupby("caption"):
        best = rows["plan"].to_numpy().argmax()
        assert (rows["realigned to"] == best).all(), caption
        assert (rows["in bucket"] == (rows["plan with bucket"].sum() < 0.5)).all()
    refused(
        *("plot", "realignment:sequence=lung2", path, "--method", "global", "--norm", "none", "-q"),
        says="No sequence is called 'lung2'. Did you mean 'long2'",
    )


def test_figures_of_sequences_need_sequences(tmp_path: Path) -> None:
    made = {key: value for key, value in arrays(bank=False).items() if "sequence" not in key}
    path = write(tmp_path, made)
    for name in ("sequence-noise", "realignment"):
        refused(
            "plot",
            name,
            path,
            "--method",
            "global",
            "--norm",
            "none",
            "-q",
            says="no column sequence",
        )
