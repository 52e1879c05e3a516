"""Names that look like those of rows without a name (video0, video1, ...) are names where given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.importing.to_features import import_arrays
from vrbench.sims.file import load_sim

Array = NDArray[Any]
N = 8
ROWS = np.array([f"video{i}" for i in range(N)])
ORDER = np.array([3, 1, 7, 0, 5, 2, 6, 4])
EYE = np.eye(N, 12, dtype=np.float32) + 0.1


def imported(folder: Path, texts: Array, videos: Array, **more: Any) -> float:
    """t2v R@1 of an import whose texts and videos are those rows of the same vectors."""
    np.savez(folder / "a.npz", text=EYE[texts], video=EYE[videos], **more)
    path = import_arrays(folder / "a.npz", folder / "f.h5", overwrite=True)
    return recall("eval", path, "--method", "global", "--out", folder / "r")


def similarities(folder: Path, texts: Array, videos: Array, **more: Any) -> float:
    np.savez(folder / "s.npz", t2v=np.eye(N)[texts][:, videos], **more)
    return recall("eval", "--from-sim", folder / "s.npz", "--out", folder / "r")


def recall(*words: str | Path) -> float:
    done = run(*words, "--json")
    if done.code == 2:
        raise InputError(done.err)
    return float(done.results[0]["metrics"]["t2v"]["R@1"])


BOTH = pytest.mark.parametrize("read", [imported, similarities])
Read = Callable[..., float]


@BOTH
@pytest.mark.parametrize("style", ["{}", "{}#0", "{}_0"])
@pytest.mark.parametrize("mixed", ["texts", "videos", "both"])
def test_named_rows_are_joined_by_name(tmp_path: Path, read: Read, style: str, mixed: str) -> None:
    still = np.arange(N)
    texts = still if mixed == "videos" else ORDER
    videos = still if mixed == "texts" else ORDER[::-1]
    names = {"text_ids": [style.format(ROWS[i]) for i in texts], "video_ids": ROWS[videos]}
    assert read(tmp_path, texts, videos, **names) == 100


@BOTH
def test_names_of_both_sides_that_are_numbered_rows(tmp_path: Path, read: Read) -> None:
    texts = np.char.replace(ROWS, "video", "text")
    mixed = {"text_ids": texts[ORDER], "video_ids": ROWS}
    assert read(tmp_path, ORDER, np.arange(N), **mixed) == 100
    mixed = {"text_ids": texts, "video_ids": ROWS[ORDER]}
    assert read(tmp_path, np.arange(N), ORDER, **mixed) == 100


@BOTH
def test_texts_named_after_numbered_rows_are_not_paired_by_place(
    tmp_path: Path, read: Read
) -> None:
    with pytest.raises(InputError, match=r"the order of rows pairs text 'video3' with video"):
        read(tmp_path, ORDER, np.arange(N), text_ids=ROWS[ORDER])


@BOTH
@pytest.mark.parametrize("names", ["rows", "numbers", "all but one"])
def test_links_that_contradict_names(tmp_path: Path, read: Read, names: str) -> None:
    ids = np.arange(N).astype(str) if names == "numbers" else ROWS
    texts = ids[ORDER]
    if names == "all but one":
        texts = np.r_[["a sentence"], texts[1:]]
    with pytest.raises(InputError, match=r"text_video pairs text .* but its name says"):
        read(tmp_path, ORDER, np.arange(N), text_ids=texts, video_ids=ids, text_video=np.arange(N))


@pytest.mark.parametrize("named", [True, False])
def test_a_bank_in_another_order(tmp_path: Path, named: bool) -> None:
    rng = np.random.default_rng(0)
    sim, texts, videos = (rng.standard_normal(shape) for shape in ((N, N), (20, N), (N, 20)))
    rows: dict[str, Any] = {"text_ids": ROWS, "video_ids": ROWS}
    np.savez(tmp_path / "s.npz", t2v=sim, bank_t2v=texts, bank_v2t=videos, **rows)
    names = {"text_ids": ROWS[ORDER], "video_ids": ROWS[ORDER]}
    mixed: dict[str, Any] = names if named else {}
    turned = sim[ORDER][:, ORDER], texts[:, ORDER], videos[ORDER]
    t2v, bank_t2v, bank_v2t = turned if named else (sim, texts, videos)
    np.savez(tmp_path / "b.npz", t2v=t2v, bank_t2v=bank_t2v, bank_v2t=bank_v2t, **mixed)
    found = []
    for name in ("s.npz", "b.npz"):
        ways = ("--bank", tmp_path / name, "--norm", "csls:k=3", "--save-sim", tmp_path / "o.npz")
        done = run("eval", "--from-sim", tmp_path / "s.npz", *ways, "--out", tmp_path / "r")
        assert done.code == 0, done.err
        found.append(load_sim(tmp_path / "o.npz").sim.t2v)
    np.testing.assert_array_equal(*found)


def test_a_bank_that_is_placed_without_names_says_so(tmp_path: Path) -> None:
    bank: dict[str, Any] = {"bank_t2v": np.eye(N)[:5], "bank_v2t": np.eye(N)[:, :5]}
    np.savez(tmp_path / "s.npz", t2v=np.eye(N)[ORDER])
    np.savez(tmp_path / "b.npz", t2v=np.eye(N), **bank, text_ids=ROWS, video_ids=[*"abcdefgh"],
             text_video=np.arange(N))  # fmt: skip
    ways = ("eval", "--from-sim", tmp_path / "s.npz", "--norm", "ncl", "--out", tmp_path / "r")
    said = "Bank b.npz: its rows and columns are those of the test set by place"
    told = " ".join(run(*ways, "--bank", tmp_path / "b.npz").err.split())
    assert f"{said}, as only one of them has names (text_ids, video_ids)." in told
    np.savez(tmp_path / "b.npz", t2v=np.eye(N), **bank)
    told = " ".join(run(*ways, "--bank", tmp_path / "b.npz").err.split())
    assert f"{said}, as neither of them has names (text_ids, video_ids)." in told
