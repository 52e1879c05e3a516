"""A similarity file says which method made it, and a bank of another one is noted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from small_features import write_features

SAID = "Bank bank.npz: it was scored by max-avg, and the test set by tokenflow:lam=5: norms take "


def save(folder: Path, name: str, method: str) -> Path:
    """Score and save the features' similarities and their bank."""
    more = ("--norm", "ncl", "--save-sim", folder / name, "--out", folder / "saved", "-q")
    done = run("eval", folder / "f.h5", "--method", method, *more)
    assert done.code == 0, done.err
    return folder / name


def notes(folder: Path, *words: Any) -> list[str]:
    norm = ("--norm", "ncl", "--bank", folder / "bank.npz")
    (result,) = run("eval", *words, *norm, "--out", folder / "r", "--json", "-q").results
    return [note for note in result["notes"] if "scored by" in note]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_features(tmp_path / "f.h5")
    save(tmp_path, "bank.npz", "max-avg")
    return tmp_path


def test_features_and_files_of_another_method_than_the_bank_are_noted(folder: Path) -> None:
    with np.load(folder / "bank.npz") as file:
        assert str(file["method"]) == "max-avg"
    words = folder / "f.h5", "--method"
    (note,) = notes(folder, *words, "tokenflow:lam=5")
    assert note.startswith(SAID)
    assert notes(folder, *words, "max-avg") == []
    other = save(folder, "other.npz", "tokenflow:lam=5")
    (note,) = notes(folder, "--from-sim", other)
    assert note.startswith(SAID)
    again = folder / "again.npz"
    assert run("eval", "--from-sim", other, "--save-sim", again, "--out", folder / "r").code == 0
    with np.load(again) as file:
        assert str(file["method"]) == "tokenflow:lam=5"


@pytest.mark.parametrize("kept", [None, np.arange(3), np.array(["a", "b"]), np.array({"a": 1})])
def test_what_a_file_says_otherwise_or_not_at_all_is_nothing(kept: Any, folder: Path) -> None:
    with np.load(folder / "bank.npz") as file:
        arrays = {key: file[key] for key in file.files if key != "method"}
    np.savez(folder / "bank.npz", **arrays, **({} if kept is None else {"method": kept}))
    assert notes(folder, folder / "f.h5", "--method", "tokenflow:lam=5") == []


@pytest.mark.parametrize("norm", ["dual-is", "mutual-proximity", "ncl"])
@pytest.mark.parametrize("method", ["tokenflow", "global"])
def test_what_a_similarity_file_lacks_for_a_norm_is_noted(
    tmp_path: Path, norm: str, method: str
) -> None:
    """Where both directions are scored alike, one's bank is what the other's queries need."""
    write_features(tmp_path / "f.h5")
    sims = save(tmp_path, "s.npz", method)
    how = ("--norm", norm, "--bank", "train", "--json", "-q")
    for words in ((tmp_path / "f.h5", "--method", method), ("--from-sim", sims)):
        (result,) = run("eval", *words, *how, "--out", tmp_path / norm).results
        noted = any(
            "similarities to the bank's gallery are not known" in n for n in result["notes"]
        )
        lacks = words[0] == "--from-sim" and norm != "ncl" and method == "tokenflow"
        assert noted == lacks, result["notes"]
