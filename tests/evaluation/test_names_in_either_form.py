"""Names with accents, composed or apart, wherever the user gives them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from cli_runs import refused, run

from vrbench.runtime.composed import found_among

NAMES = ["café", "plain", "übung"]


def apart(name: str) -> str:
    return unicodedata.normalize("NFD", name)


@pytest.mark.parametrize("stored", [str, apart])
def test_show_and_limit_ids_find_names_in_either_form(
    stored: type[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ids = [stored(name) for name in NAMES]
    np.savez("s.npz", t2v=np.eye(3), video_ids=ids, text_ids=[f"{name}#0" for name in ids])
    for given in (str, apart):
        Path("ids.txt").write_text(f"{given('café')}\nplain\n", encoding="utf-8")
        words = ("eval", "--from-sim", "s.npz", "--limit-ids", "ids.txt", "--overwrite")
        assert run(*words, "--norm", "none", "--out", "r").code == 0
        assert run("show", given("übung"), "--from-sim", "s.npz", "--norm", "none").code == 0
    Path("ids.txt").write_text("cafe\nplain\n", encoding="utf-8")
    refused(*words, says="--limit-ids names 1 videos that s.npz does not have, the first is 'cafe'")


def test_an_exact_name_comes_first() -> None:
    both = ["café", apart("café"), "x"]
    assert found_among([apart("café"), "café", "y"], both) == [both[1], both[0], None]
