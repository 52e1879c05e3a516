"""An eval that ends before its last result keeps and shows those that are finished."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cli_runs import run, stamps

from vrbench.alignments.engine import driver
from vrbench.evaluation.sources import scorer


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("json_too", [False, True])
def test_an_interruption_ends_with_130_and_keeps_what_was_finished(
    json_too: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = driver.score

    def interrupted(text: Any, video: Any, method: Any, **options: Any) -> Any:
        if method.spec == "scan":
            raise KeyboardInterrupt
        return score(text, video, method, **options)

    grid = ("eval", "f.h5", "--method", "global", "--method", "scan", "-q")
    with monkeypatch.context() as patch:
        patch.setattr(scorer, "score", interrupted)
        done = run(*grid, *(["--json"] if json_too else []))
    assert done.code == 130
    assert "finished results are kept; the same command makes the others." in done.err
    kept = stamps(Path("results"))
    assert len(kept) == 2
    again = run(*grid, "--json")
    assert [result["method"] for result in again.results] == ["global", "scan"]
    assert {name: stamps(Path("results"))[name] for name in kept} == kept


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("more", [(), ("--json",)], ids=str)
def test_what_was_finished_is_shown_where_a_later_norm_fails(more: Sequence[str]) -> None:
    impossible = "ncl:gamma=0.0001,iterations=0,tol=1e-300"
    words = ["--method", "global", "--bank", "test"]
    words += [word for norm in ("csls", "dsl", impossible) for word in ("--norm", norm)]
    done = run("eval", "f.h5", *words, *more)
    assert done.code == 2
    assert f"vrbench: global, {impossible}, bank test: Sinkhorn did not reach tol" in done.err
    if more:
        assert [result["norm"] for result in done.results] == ["csls", "dsl"]
    else:
        assert "csls" in done.out
        assert "dsl" in done.out
