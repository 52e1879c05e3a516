"""Token pooling: clusters, means, and the file that it makes of a file."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import h5py
import numpy as np
import pytest
from cli_runs import refused, run
from numpy.typing import NDArray
from oracles import l2
from small_features import tokens_of, write_features

import vrbench
from vrbench.errors import InputError
from vrbench.features.pooling import pooled

Array = NDArray[np.float64]


def slow_ward(item: Array, most: int) -> list[list[int]]:
    """Merge the two clusters of least Ward distance until ``most`` are left (Lance-Williams)."""
    unit = l2(item)
    clusters = [[i] for i in range(len(item))]
    d = {
        frozenset((i, j)): max(0.0, 1 - float(unit[i] @ unit[j]))
        for i, j in combinations(range(len(item)), 2)
    }
    names = list(range(len(item)))
    new = len(item)
    while len(clusters) > most:
        i, j = min(
            combinations(range(len(names)), 2), key=lambda p: d[frozenset(names[k] for k in p)]
        )
        a, b, between = names[i], names[j], d[frozenset((names[i], names[j]))]
        na, nb = len(clusters[i]), len(clusters[j])
        for k, other in enumerate(names):
            if k not in (i, j):
                n = len(clusters[k])
                squared = (
                    (na + n) * d[frozenset((a, other))] ** 2
                    + (nb + n) * d[frozenset((b, other))] ** 2
                    - n * between**2
                ) / (na + nb + n)
                d[frozenset((new, other))] = squared**0.5
        merged = sorted(clusters[i] + clusters[j])
        clusters = [c for k, c in enumerate(clusters) if k not in (i, j)] + [merged]
        names = [name for k, name in enumerate(names) if k not in (i, j)] + [new]
        new += 1
    return sorted(clusters)


@pytest.mark.parametrize("factor", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("normalized", [True, False])
def test_tokens_are_the_means_of_ward_clusters(factor: int, normalized: bool) -> None:
    rng = np.random.default_rng(factor)
    items = [rng.standard_normal((n, 6)) for n in (1, 2, 5, 12, 13)]
    found = pooled(tokens_of(items, normalized=normalized), factor)
    for i, item in enumerate(items):
        rows = l2(item) if normalized else item
        most = max(1, len(item) // factor)
        expected = [rows[c].mean(axis=0) for c in slow_ward(item, most)]
        got = found.tokens[found.offsets[i] : found.offsets[i + 1]]
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)
        assert len(got) == most


def test_near_tokens_become_one_in_the_order_of_the_first() -> None:
    a, b = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    item = np.array([b, a, b + 0.01, a + 0.01, a - 0.01, b - 0.01])
    found = pooled(tokens_of([item], normalized=False), 3)
    assert len(found.tokens) == 2
    np.testing.assert_allclose(found.tokens, [b, a], rtol=0, atol=1e-12)


def test_equal_tokens_are_one_cluster_of_their_own_value() -> None:
    item = np.full((9, 4), 2.0)
    found = pooled(tokens_of([item]), 3)
    np.testing.assert_allclose(found.tokens, np.full((len(found.tokens), 4), 0.5), atol=1e-15)


def test_levels_are_apart_and_columns_fold() -> None:
    rng = np.random.default_rng(2)
    frames, patches = rng.standard_normal((4, 5)), rng.standard_normal((8, 5))
    level = np.array([0, 1, 1] * 4, dtype=np.uint8)
    rows = np.empty((12, 5))
    rows[level == 0], rows[level == 1] = frames, patches
    side = tokens_of([rows], level=level)
    columns = {
        **side.token_columns,
        "time": np.arange(12.0),
        "weight": np.ones(12),
        "frame": np.arange(12),
    }
    found = pooled(replace(side, token_columns=columns), 2)
    assert sorted(found.token_columns) == ["level", "time", "weight"]
    assert np.bincount(found.token_columns["level"]).tolist() == [2, 4]
    assert found.token_columns["weight"].sum() == 12
    weight, time = found.token_columns["weight"], found.token_columns["time"]
    assert (weight * time).sum() == pytest.approx(np.arange(12).sum())
    alone = pooled(tokens_of([frames]), 2)
    np.testing.assert_allclose(found.tokens[found.token_columns["level"] == 0], alone.tokens)


def test_a_zero_among_cosines_is_refused() -> None:
    items = [np.ones((2, 3)), np.zeros((2, 3))]
    with pytest.raises(InputError, match="Item 'video1' of video has a token of zeros"):
        pooled(tokens_of(items), 2)
    assert (pooled(tokens_of(items, normalized=False), 2).tokens[1] == 0).all()
    with pytest.raises(InputError, match="factor must be at least 1"):
        pooled(tokens_of(items[:1]), 0)


@pytest.mark.parametrize("side", ["both", "text", "video"])
def test_a_pooled_file_has_all_but_fewer_tokens(tmp_path: Path, side: str) -> None:
    path, out = write_features(tmp_path / "f.h5"), tmp_path / "g.h5"
    done = run("pool", path, "--factor", "3", "--side", side, "--out", out)
    assert done.code == 0, done.err
    before, after = vrbench.open(path), vrbench.open(out)
    for name in ("video", "text", "bank_video", "bank_text"):
        one, other = getattr(before, name), getattr(after, name)
        assert other.ids.tolist() == one.ids.tolist()
        pool = side == "both" or name.endswith(side)
        lengths = np.maximum(one.lengths // 3, 1) if pool else one.lengths
        assert other.lengths.tolist() == lengths.tolist()
        for key, column in one.item_columns.items():
            np.testing.assert_array_equal(other.item_columns[key], column)
    assert (after.attrs["dataset"], after.attrs["dtype"]) == ("small", "float32")
    assert after.attrs["pooling"] == f"ward:factor=3,side={side}"
    assert run("inspect", out).code == 0
    (whole,) = vrbench.evaluate(path, "global", "ncl")
    (fewer,) = vrbench.evaluate(out, "global", "ncl")
    assert fewer.metrics == whole.metrics  # of global vectors, which stay
    assert any("Tokens are pooled by a factor of 3" in note for note in fewer.notes)
    tokens = [vrbench.evaluate(one, "max-avg")[0].metrics for one in (path, out)]
    assert tokens[0] != tokens[1]


def test_what_a_file_says_stays(tmp_path: Path) -> None:
    path, out = write_features(tmp_path / "f.h5"), tmp_path / "g.h5"
    with h5py.File(path, "a") as file:
        file.attrs["notes"] = '["Odd."]'
        n = len(file["video/tokens"])
        file["video/frame"] = np.arange(n)
        file["video/time"] = np.arange(n) / 2
    run("pool", path, "--factor", "2", "--out", out)
    with h5py.File(out) as file:
        assert "frame" not in file["video"]
        assert len(file["video/time"]) == len(file["video/tokens"])
    notes = vrbench.open(out).data_notes
    assert notes[0] == "Odd."
    assert "pooled" in notes[1]


def test_what_cannot_be_pooled_is_refused(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    refused("pool", path, "--factor", "2", "--out", path, says="give --out another name")
    (tmp_path / "g.h5").write_bytes(b"mine")
    words = ("pool", path, "--factor", "2", "--out", tmp_path / "g.h5")
    refused(*words, says="exists already")
    refused(*words, "--overwrite", says="no HDF5 file")
    assert (tmp_path / "g.h5").read_bytes() == b"mine"
    refused("pool", tmp_path / "no.h5", "--factor", "2", "--out", tmp_path / "h.h5", says="no.h5")
    with h5py.File(path, "a") as file:
        file.attrs["complete"] = False
    refused("pool", path, "--factor", "2", "--out", tmp_path / "h.h5", says="unfinished")
    assert run("pool", path, "--factor", "0", "--out", tmp_path / "h.h5").code == 2
