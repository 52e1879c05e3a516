"""An option that is given twice is a grid, or refused: never the last one silently."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import random_sim, refused, run
from long_videos import arrays, write
from small_features import write_features
from typer.main import get_command

from vrbench.cli import registered as commands  # noqa: F401  registers every command
from vrbench.cli.app import app


def every_command(group: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, found in group.commands.items():
        if hasattr(found, "commands"):
            yield from every_command(found, *names, name)
        else:
            yield (*names, name), found


EVERY = list(every_command(get_command(app)))
OPTIONS = [
    (words, option)
    for words, one in EVERY
    for option in one.params
    if option.param_type_name == "option" and option.name != "help"
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def given(option: Any, value: str) -> list[str]:
    return [option.opts[0]] if option.is_flag else [option.opts[0], value]


@pytest.mark.parametrize("words", sorted({words for words, _ in OPTIONS}), ids=" ".join)
def test_no_option_of_any_command_is_taken_silently_from_its_last_place(
    words: tuple[str, ...],
) -> None:
    for option in (one for command, one in OPTIONS if command == words):
        if option.multiple or (option.is_flag and not option.secondary_opts):
            continue  # a grid; or a word that says the same twice
        last = option.secondary_opts[:1] or given(option, "2")
        said = refused(*words, *given(option, "1"), *last, says="is given 2 times")
        assert option.opts[0] in said


def test_every_command_is_looked_at() -> None:
    assert len(EVERY) >= 18
    assert len(OPTIONS) >= 120
    several = {(*words, option.opts[0]) for words, option in OPTIONS if option.multiple}
    assert several >= {("eval", f"--{name}") for name in ("method", "norm", "sequence", "from-sim")}


@pytest.mark.slow
def test_the_sentence_names_the_option_by_the_way_it_was_written(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5")
    refused("eval", tmp_path / "f.h5", "--bank", "train", "--bank=test", says="--bank is given")
    refused("train", "projection", "f.h5", "--out", "a", "--seed", "1", "--seed", "2", says="seed")
    refused("import", "a.npz", "--normalized", "--raw", "--out", "o.h5", says="--normalized/--raw")
    assert run("eval", "-q", "--quiet", tmp_path / "f.h5", "--out", tmp_path).code == 0
    assert run("eval", "--json", "--help").code == 0


def test_a_usage_error_is_still_said_once() -> None:
    done = run("eval", "--nothing")
    assert done.code == 2
    assert done.err.count("No such option") == 1


@pytest.fixture
def sims(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "s0.npz", tmp_path / "s1.npz"]
    for seed, path in enumerate(found):
        np.savez(path, t2v=random_sim(seed))
    return found


def test_similarity_files_are_a_grid_as_feature_files_are(sims: list[Path], tmp_path: Path) -> None:
    words = ["--norm", "none", "--norm", "ncl", "--bank", "test", "--json", "-q", "--out"]
    both = run("eval", "--from-sim", sims[0], "--from-sim", sims[1], *words, tmp_path / "r").results
    alone = [r for s in sims for r in run("eval", "--from-sim", s, *words, tmp_path / "r").results]
    assert [one["dataset"] for one in both] == ["s0", "s0", "s1", "s1"]
    assert [one["metrics"] for one in both] == [one["metrics"] for one in alone]
    assert both[0]["metrics"] != both[2]["metrics"]
    refused(
        *("eval", "--from-sim", sims[0], "--from-sim", sims[1], "--save-sim", tmp_path / "o.npz"),
        says="--save-sim holds one result",
    )
    refused(
        *("eval", "--from-sim", sims[0], "--from-sim", sims[1], "--save-sim", sims[1]),
        says="is read",
    )


@pytest.mark.slow
def test_the_same_file_twice_is_one(sims: list[Path], tmp_path: Path) -> None:
    words = ("--json", "-q", "--out", tmp_path / "out")
    again = ("--from-sim", sims[0], "--from-sim", sims[0])
    assert len(run("eval", *again, *words).results) == 1
    path = write_features(tmp_path / "f.h5")
    assert len(run("eval", path, path, "--method", "global", *words).results) == 1


def test_a_norm_that_needs_the_matrix_says_so(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    words = ("eval", path, "--method", "global", "--overwrite", "--out", tmp_path / "out")
    said = "Note: the matrix is kept in spite of --no-matrix: the norm needs it.\n"
    assert said in run(*words, "--norm", "dsl", "--no-matrix").err
    assert said not in run(*words, "--norm", "dsl", "--no-matrix", "-q").err
    assert said not in run(*words, "--norm", "dsl").err
    assert said not in run(*words, "--no-matrix").err
    both = ("--norm", "none", "--norm", "dsl", "--no-matrix")
    assert run(*words, *both).err.count("\n") == 1, "refused"


def test_sequences_are_a_grid(tmp_path: Path) -> None:
    long = write(tmp_path, arrays(), "long")
    out = str(tmp_path / "r")
    words = ["eval", str(long), "--method", "global", "--json", "-q", "--out", out]
    both = run(*words, "--sequence", "dtw", "--sequence", "otam").results
    assert [one["sequence"] for one in both] == ["dtw", "otam"]
    for one in both:
        [alone] = run(*words, "--sequence", one["sequence"], "--overwrite").results
        assert alone["metrics"] == one["metrics"]
    plan = run("eval", long, "--sequence", "dtw", "--sequence", "cap-avg", "--dry-run").out
    assert "tokenflow, dtw" in plan
    assert "tokenflow, cap-avg" in plan


def test_a_key_of_try_is_given_once(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    refused(
        *("tune", path, "--try", "gamma=0.1", "--try", "gamma=0.2", "--out", tmp_path),
        says=r"gamma stands twice in --try: write --try gamma=0\.1,0\.2",
    )


def test_names_that_begin_with_a_dash(tmp_path: Path) -> None:
    """YouTube's ids do: -4wsuPCjDBc, --07WQ2iBlw."""
    write_features(tmp_path / "f.h5")
    ids = ["-4ws_5_15", "--07WQ2iBlw", "c"]
    np.savez("a.npz", video=np.eye(3), text=np.eye(3), video_ids=ids, text_ids=ids)
    assert run("import", "a.npz", "--out", "f.h5", "--overwrite").code == 0
    words = ("--features", "f.h5", "--method", "global", "--norm", "none")
    for name in ids[:2]:
        told = run("show", name, *words)
        assert told.code == 2
        assert "./" in told.err
        assert " -- " in told.err
        assert run("show", *words, "--", name).code == 0
    more = run("show", "--featurs", "f.h5")
    assert "--features" in more.err
    assert "./" not in more.err
