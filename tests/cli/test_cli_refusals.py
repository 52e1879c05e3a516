from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import random_sim, refused, run
from small_features import COUNTS, write_features

from vrbench.evaluation.sources import scorer


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["missing.h5"], "missing.h5 does not exist"),
        (["text.h5"], "text.h5 is not an HDF5 file"),
        (["."], "is a folder"),
        (["f.h5", "missing.h5"], "missing.h5 does not exist"),
        (["f.h5", "text.h5", "missing.h5"], "text.h5 is not an HDF5 file"),
        (["f.h5", "--method", "tokenflo"], "Unknown method 'tokenflo'. Did you mean 'tokenflow'?"),
        (["f.h5", "--norm", "nlc"], "Unknown norm 'nlc'. Did you mean 'ncl'?"),
        (["f.h5", "--method", "scan:lamda=2"], "Unknown parameter 'lamda'.* mean 'lam'?"),
        (["f.h5", "--norm", "ncl:gama=2"], "Unknown parameter 'gama'.* mean 'gamma'?"),
        (["f.h5", "--norm", "ncl:gamma=0"], "gamma must be positive"),
        (["f.h5", "--method", "global+nlobal"], "Unknown method 'nlobal'"),
        (["f.h5", "--method", "0.5*"], r"A term is missing after '0\.5\*'"),
        (["f.h5", "--bank", "tset"], "Unknown bank 'tset'. Did you mean 'test'?"),
        (["f.h5", "--bank", "none", "--norm", "ncl"], "--norm ncl needs a bank"),
        (["f.h5", "--bank", "missing.h5", "--norm", "ncl"], "Unknown bank 'missing.h5'"),
        (["f.h5", "--bank", "text.h5", "--norm", "ncl"], "text.h5 is not an HDF5 file"),
        (["f.h5", "--bank", "rolling:no", "--norm", "ncl"], "rolling:N"),
        (["f.h5", "--bank", "narrow.h5", "--norm", "ncl"], "width 8.*narrow.h5"),
        (["f.h5", "--k", "1,x"], "Cannot read --k 1,x"),
        (["f.h5", "--k", "0"], "k must be whole numbers from 1"),
        (["f.h5", "--k", "1000000000000000000"], "k must be .* to 999999999999999999, it is"),
        (["f.h5", "--seed", "-5"], "seed must be 0 or more, it is -5"),
        (["f.h5", "--memory", "10MB"], "--memory 10MB is too little.*at least"),
        (["f.h5", "--memory", "2"], "--memory 2 bytes is too little.*at least"),
        (["f.h5", "--memory", "much"], "'much' as a size of memory"),
        (["f.h5", "--out", "f.h5"], "f.h5.* cannot be written|f.h5 is not a folder"),
        (["f.h5", "--out", "f.h5/deeper"], "cannot be written|not a folder"),
        (["f.h5", "--save-sim", "f.h5/s.npz"], "f.h5/s.npz cannot be written"),
        (["f.h5", "--limit-ids", "missing.txt"], "missing.txt"),
        (["f.h5", "--limit-ids", "empty.txt"], "empty.txt names no video"),
        (["f.h5", "--limit-ids", "wrong.txt"], "'clip1'"),
        (["f.h5", "--limit-ids", "f.h5"], "f.h5"),
        (["f.h5", "--from-sim", "s.npz"], "--from-sim takes neither"),
        (["--from-sim", "s.npz", "--method", "global"], "--from-sim takes neither"),
        (["--from-sim", "s.npz", "--limit-ids", "wrong.txt"], "'clip1'"),
        (["--from-sim", "missing.npz"], "missing.npz does not exist"),
        (["--from-sim", "s.npz", "--norm", "ncl"], "s.npz has no bank .*--bank test"),
        (["--from-sim", "s.npz", "--norm", "ncl", "--bank", "f.h5"], "f.h5 cannot be the bank"),
        (["--from-sim", "half.npz", "--norm", "ncl"], "half.npz .*v2t"),
        (["f.h5", "--norm", "ncl", "--bank", "half.npz"], "half.npz .*v2t"),
        (["f.h5", "--norm", "ncl", "--bank", "s.npz"], "s.npz holds no bank_t2v"),
        (["--from-sim", "s.npz", "--memory", "10MB"], "--memory 10MB is too little"),
        (["f.h5", "--memory", "10MB", "--dry-run"], "--memory 10MB is too little"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_refused_in_one_sentence(words: Sequence[str], says: str) -> None:
    Path("text.h5").write_text("not features\n")
    Path("empty.txt").write_text("\n")
    Path("wrong.txt").write_text("video1\nclip1\n")
    write_features(Path("narrow.h5"), dim=8)
    np.savez("s.npz", t2v=random_sim())
    bank = np.zeros((5, len(COUNTS)))
    np.savez("half.npz", t2v=np.zeros((2, len(COUNTS))), text_video=[0, 1], bank_t2v=bank)
    before = Path("f.h5").read_bytes()
    refused("eval", *words, "-q", says=says)
    assert Path("f.h5").read_bytes() == before
    assert not [file for file in Path().rglob(".*") if file.is_file()], "no temporary file is left"


@pytest.mark.usefixtures("place")
def test_without_quiet_there_is_still_one_sentence_only() -> None:
    message = refused("eval", "f.h5", "--memory", "10MB", says="too little")
    assert "10MB" in message


@pytest.mark.usefixtures("place")
def test_one_bad_file_stops_before_anything_is_made() -> None:
    refused("eval", "f.h5", "missing.h5", says="missing.h5")
    assert not Path("results").exists()


@pytest.mark.usefixtures("place")
def test_a_folder_that_cannot_be_written_is_said_before_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("hours of scoring would be lost")

    monkeypatch.setattr(scorer, "score", refuse)
    refused("eval", "f.h5", "--out", "f.h5", "-q", says="f.h5")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "words",
    [
        ("--ties", "average"),
        ("--v2t", "max"),
        ("--precision", "half"),
        ("--device", "tpu"),
        ("--limit", "0"),
        ("--workers", "0"),
        ("--frobnicate",),
    ],
)
def test_options_outside_their_choices_end_with_2(words: Sequence[str]) -> None:
    done = run("eval", "f.h5", *words)
    assert done.code == 2
    assert not done.out
    assert words[0] in done.err
    assert not Path("results").exists()


def nan_in_a_token(path: Path) -> None:
    import h5py

    with h5py.File(path, "r+") as file:
        tokens = file["video/tokens"]
        tokens[int(file["video/offsets"][3]), 2] = np.nan


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("method", ["global", "tokenflow", "uniform", "emd"])
def test_a_token_that_is_nan_names_the_item(method: str) -> None:
    nan_in_a_token(Path("f.h5"))
    message = refused("eval", "f.h5", "--method", method, "-q", says="'video3'")
    assert "f.h5" in message


INPUTS = ("f.h5", "bank.h5", "s.npz", "a.npz", "ranks.npz", "run.t2v.run")


@pytest.fixture
def inputs(place: Path) -> dict[str, bytes]:
    """Files that commands read, and another name for two of them."""
    write_features(place / "bank.h5", seed=3)
    np.savez(place / "s.npz", t2v=random_sim())
    np.savez(place / "a.npz", video=random_sim(), text=random_sim())
    np.savez(place / "ranks.npz", t2v=np.ones(6), v2t=np.ones(6))  # beside a result
    (place / "link.npz").symlink_to(place / "s.npz")
    (place / "hard.npz").hardlink_to(place / "f.h5")
    (place / "link.h5").symlink_to(place / "f.h5")
    (place / "run.t2v.run").write_text("video1\nvideo3\n")
    return {name: (place / name).read_bytes() for name in INPUTS}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["eval", "f.h5", "--save-sim", "f.h5"], "f.h5 is read by this command: give --save-sim"),
        (["eval", "f.h5", "--save-sim", "hard.npz"], "hard.npz is read .* give --save-sim"),
        (["eval", "link.h5", "--save-sim", "hard.npz"], "hard.npz is read by this command"),
        (["eval", "f.h5", "--save-sim", "results.npz"], "results.npz is a folder"),
        (["eval", "f.h5", "--save-sim", "bank.h5"], "bank.h5 is no similarity file and is not"),
        (["eval", "f.h5", "--save-sim", "a.npz"], "a.npz is no similarity file"),
        (["eval", "f.h5", "--save-sim", "s.npz/s.npz"], "s.npz/s.npz cannot be written"),
        (["eval", "f.h5", "--run", "s.npz/run"], "s.npz/run.*cannot be written"),
        (["eval", "f.h5", "--save-sim", "ranks.npz"], "ranks.npz is no similarity file"),
        (["eval", "--from-sim", "s.npz", "--save-sim", "s.npz"], "s.npz is read"),
        (["eval", "--from-sim", "s.npz", "--save-sim", "./results/../link.npz"], "is read"),
        (["eval", "f.h5", "--norm", "ncl", "--bank", "s.npz", "--save-sim", "s.npz"], "is read"),
        (["eval", "f.h5", "--limit-ids", "run.t2v.run", "--run", "run"], "run.t2v.run is read"),
        (["train", "projection", "f.h5", "--out", "f.h5", "--overwrite"], "f.h5 is read"),
        (["train", "projection", "f.h5", "--out", "hard.npz", "--overwrite"], "is read"),
        (["train", "projection", "f.h5", "--out", "a.npz", "--overwrite"], "no projection file"),
        (["report", "results", "--out", "f.h5"], "f.h5 is no html file .*: give --out"),
        (
            ["show", "--features", "f.h5", "--frames", ".", "--out", "s.npz"],
            "s.npz is no html file",
        ),
        (["show", "--features", "f.h5", "--frames", ".", "--out", "f.h5"], "f.h5 is read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_no_output_takes_the_place_of_what_is_read(
    words: Sequence[str], says: str, inputs: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("hours of work would be lost")

    if words[0] == "eval":
        Path("results.npz").mkdir()
        Path("results").mkdir()
    else:
        assert run("eval", "f.h5", "--method", "global", "-q").code == 0
    monkeypatch.setattr(scorer, "score", refuse)
    refused(*words, says=says)
    assert {name: Path(name).read_bytes() for name in INPUTS} == inputs


def test_a_plan_makes_no_folder(place: Path) -> None:
    assert run("eval", "f.h5", "--save-sim", "new/deep/s.npz", "--dry-run").code == 0
    assert not (place / "new").exists()
