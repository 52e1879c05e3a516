"""Results are compared only if they agree in which video is right for a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run

import vrbench
from vrbench import InputError
from vrbench.results.result import Result, load

N = 30
IDS: dict[str, Any] = {
    "text_ids": np.array([f"q{i}" for i in range(N)]),
    "video_ids": np.array([f"w{i}" for i in range(N)]),
}


def evaluated(folder: Path, name: str, **arrays: Any) -> Result:
    """Evaluate a similarity file of a matrix of its own, and read the result back."""
    t2v = np.random.default_rng(len(name)).normal(size=(N, N)) + 2 * np.eye(N)
    given = {"t2v": t2v, **IDS, "text_video": np.arange(N), **arrays}
    np.savez(folder / f"{name}.npz", **{key: x for key, x in given.items() if x is not None})
    vrbench.evaluate(folder / f"{name}.npz", out=folder / name)
    return load(next((folder / name).glob("*.json")))


def test_results_of_other_pairs_are_refused(tmp_path: Path) -> None:
    evaluated(tmp_path, "a")
    evaluated(tmp_path, "bb", text_video=np.roll(np.arange(N), 1))
    words = "compare", tmp_path / "a", tmp_path / "bb", "--draws", "9"
    said = r"a-\S+ and bb-\S+ differ in whether video 'w0' is right for text 'q0', or how relevant"
    refused(*words, says=said)
    refused(*words, "--common", says=said)


def test_the_same_pairs_in_another_order_are_compared(tmp_path: Path) -> None:
    one = evaluated(tmp_path, "a")
    order = np.random.default_rng(1).permutation(N)
    moved = {"video_ids": IDS["video_ids"][order], "text_video": np.argsort(order)}
    other = evaluated(tmp_path, "bb", **moved)
    assert vrbench.compare(one, other, draws=9)["queries"] == {"t2v": N, "v2t": N}
    right = np.eye(N, dtype=bool)
    assert vrbench.compare(one, evaluated(tmp_path, "c", text_video=None, positives=right), draws=9)


def test_grades_are_part_of_the_pairs(tmp_path: Path) -> None:
    """One grade of all is none."""
    grades = [
        np.eye(N) * scale for scale in (1, np.r_[2, np.ones(N - 1)], np.r_[3, np.ones(N - 1)])
    ]
    plain, two, three = (
        evaluated(tmp_path, "abcd"[: i + 1], text_video=None, relevance=grade)
        for i, grade in enumerate(grades)
    )
    assert vrbench.compare(plain, evaluated(tmp_path, "eeeee"), draws=9)
    for pair in ((plain, two), (two, three)):
        with pytest.raises(InputError, match="video 'w0' is right for text 'q0', or how relevant"):
            vrbench.compare(*pair, draws=9)
    assert vrbench.compare(two, two, draws=9)


def test_pairs_of_items_that_one_result_lacks_are_no_contradiction(tmp_path: Path) -> None:
    """Video w0 has two texts, of which one is cut off with its other video w1."""
    right = np.eye(N, dtype=bool)
    right[0, 1] = True
    whole = evaluated(tmp_path, "a", text_video=None, positives=right)
    rest = np.delete(np.arange(N), 1)
    some = {key: names[rest] for key, names in IDS.items()}
    np.savez(tmp_path / "b.npz", t2v=np.eye(N - 1), text_video=np.arange(N - 1), **some)
    (part,) = vrbench.evaluate(tmp_path / "b.npz")
    report = vrbench.compare(whole, part, common=True, draws=9)
    assert report["queries"] == {"t2v": N - 1, "v2t": N - 1}
    swapped = np.arange(N - 1)
    swapped[[5, 6]] = 6, 5
    np.savez(tmp_path / "c.npz", t2v=np.eye(N - 1), text_video=swapped, **some)
    (other,) = vrbench.evaluate(tmp_path / "c.npz")
    with pytest.raises(InputError, match="video 'w6' is right for text 'q6'"):
        vrbench.compare(whole, other, common=True, draws=9)


def test_each_pair_of_results_is_checked_and_older_ones_are_left_out(tmp_path: Path) -> None:
    one, other = (
        evaluated(tmp_path, "a"),
        evaluated(tmp_path, "bb", text_video=np.roll(range(N), 1)),
    )
    assert {key for key in one.ranks if key.startswith("positive")} == {
        "positive_text",
        "positive_video",
    }
    old = Result(one.values, {k: x for k, x in one.ranks.items() if not k.startswith("positive")})
    assert vrbench.compare(old, other, draws=9)
    with pytest.raises(InputError, match="differ in whether video"):
        vrbench.compare(old, one, other, draws=9)


def test_folds_keep_the_pairs_of_the_whole(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", t2v=np.eye(N), text_video=np.roll(range(N), 3), **IDS)
    (folds,), (whole,) = (vrbench.evaluate(tmp_path / "a.npz", folds=n) for n in (3, None))
    for key in ("positive_text", "positive_video"):
        np.testing.assert_array_equal(folds.ranks[key], whole.ranks[key])


@pytest.mark.parametrize(
    "change",
    [
        {"positive_text": None},
        {"positive_video": np.zeros(N)},
        {"positive_video": np.full(N, N)},
        {"positive_text": np.full(N, -1)},
        {"positive_text": np.arange(N - 1)},
        {"positive_relevance": np.ones(N - 1)},
        {"text_ids": None},
    ],
)
def test_damaged_pairs_belong_to_no_result(tmp_path: Path, change: dict[str, Any]) -> None:
    evaluated(tmp_path, "a")
    (path,) = (tmp_path / "a").glob("*.npz")
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files} | change
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    assert load(path.with_suffix(".json")).ranks == {}


def test_rows_without_names_are_said_to_be_joined_by_place(tmp_path: Path) -> None:
    none: dict[str, Any] = dict.fromkeys(IDS)
    for name in ("a", "bb"):
        evaluated(tmp_path, name, **none)
    done = run("compare", tmp_path / "a", tmp_path / "bb", "--draws", "9")
    said = "joined by place, row i with row i, as none of the data names them"
    told = " ".join(done.out.split())
    for side in ("text", "video"):
        assert f"Note: {side}s are {said} ({side}_ids)." in told
    (one,) = vrbench.evaluate(tmp_path / "a.npz")
    assert vrbench.compare(one, one, draws=9)["notes"] == []
    names = [evaluated(tmp_path, name) for name in ("ccc", "dddd")]
    assert vrbench.compare(*names, draws=9)["notes"] == []
