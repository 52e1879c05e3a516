"""Distributions and functions that fail: one sentence, exit code 2, never a traceback."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from plugged import FUNCTION, NORM, install, kept, vrbench
from small_features import write_features


@dataclass(frozen=True)
class Broken:
    """A distribution that cannot be used, and what is said of it."""

    code: str
    group: str
    says: str


BROKEN = {
    "syntax": Broken("def f(:\n", "normalizations", "cannot be loaded (SyntaxError: "),
    "exit": Broken("raise SystemExit(0)\n", "alignments", "cannot be loaded (SystemExit: 0)"),
    "taken": Broken(
        NORM.replace("halves", "ncl"),
        "normalizations",
        "There is a norm 'ncl' of vrbench itself and one of the distribution acme 1.0:",
    ),
    "base": Broken(
        NORM.replace("(Normalization)", ""),
        "normalizations",
        "The norm 'halves' of the distribution acme 1.0 is not derived from ",
    ),
    "thawed": Broken(
        NORM.replace("(frozen=True)", ""),
        "normalizations",
        "The norm 'halves' of the distribution acme 1.0 is no frozen dataclass",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_distribution_is_one_sentence_in_every_command(name: str, tmp_path: Path) -> None:
    broken = BROKEN[name]
    write_features(tmp_path / "f.h5")
    install(tmp_path, broken.code, group=broken.group)
    for words in (("list",), ("eval", "f.h5", "--method", "global", "--norm", "none")):
        done = vrbench(tmp_path, *words)
        assert done.returncode == 2, words
        assert done.stderr.startswith("vrbench: The"), words
        assert broken.says in done.stderr
        assert "the distribution acme 1.0" in done.stderr
        assert done.stderr.count("\n") == 1
        assert not done.stdout


@pytest.mark.slow
def test_what_names_no_method_goes_on_beside_a_broken_distribution(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5")
    install(tmp_path, BROKEN["syntax"].code)
    assert vrbench(tmp_path, "inspect", "f.h5").returncode == 0
    assert vrbench(tmp_path, "list", "encoders").returncode == 0


@pytest.mark.slow
def test_a_function_that_fails_is_one_sentence_and_keeps_what_was_finished(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5")
    (tmp_path / "mine.py").write_text(FUNCTION.replace("return ", "return len(text) // 0 or "))
    done = vrbench(
        tmp_path,
        *("eval", "f.h5", "-q", "--plugin", "mine.py", "--method", "global", "--method", "mine"),
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("vrbench: The function 'mine' on text 'text")
    assert "ZeroDivisionError" in done.stderr
    assert "in line 7 of mine.py)." in done.stderr
    assert len(kept(tmp_path)) == 1
