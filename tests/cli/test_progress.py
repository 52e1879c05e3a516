"""Progress covers every phase, and says no rate before it is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from small_features import write_features
from toy_videos import captions_of, write_captions, write_videos

from vrbench.cli.printing import progress
from vrbench.cli.printing.progress import Bars

EVAL = ["(test set)", "(bank)", "(norm, t2v)", "(norm, v2t)", "(measure)"]
PHASES = {
    "eval f.h5 --method global --norm ncl": EVAL,
    "tune f.h5 --method global --norm ncl --try gamma=0.1,0.2": [*EVAL, "trials"],
    "plot hubs f.h5 --method global": [*EVAL[:-1], "(numbers)", "(picture)"],
    "import a.npz --out g.h5": ["reading", "/video", "/text"],
    "extract --videos v --captions c.csv --encoder toy --out g.h5": [
        "loading the encoder",
        "video",
        "text",
    ],
    "pool f.h5 --factor 2 --out g.h5": ["/video", "/text"],
    "shard f.h5 --parts 2 --out set": ["parts"],
    "train linear f.h5 --out h.safetensors --epochs 1 --method global --validation 0.3": [
        "validation",
        "training",
        "head and queue",
    ],
}


@pytest.mark.parametrize("words", PHASES)
def test_every_phase_is_reported_and_ends(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    write_features(Path("f.h5"))
    write_videos(Path("v"), ["a", "b"])
    write_captions(Path("c.csv"), captions_of(["a", "b"]))
    rng = np.random.default_rng(0)
    np.savez("a.npz", video=rng.normal(size=(4, 8)), text=rng.normal(size=(4, 8)))
    last: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(Bars, "__call__", lambda _, what, *counts: last.update({what: counts}))
    done = run(*words.split())
    assert done.code == 0, done.err
    for phase in PHASES[words]:
        assert any(what.endswith(phase) for what in last), (phase, last)
    assert all(n == total for n, total in last.values())
    last.clear()
    assert run(*words.split(), "--quiet").code in (0, 2)  # 2: its file exists
    assert not last


def test_a_rate_is_said_once_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    now = [0.0]
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    monkeypatch.setattr(progress, "note", said.append)
    with Bars() as bars:
        clock: Any = bars._progress
        clock.get_time = lambda: now[0]
        for done in range(1, 7):
            now[0] += 0.5
            bars("/video", done, 10)
    assert said[0] == "/video: 1 of 10"
    assert not any("/s" in line for line in said[:3])
    assert said[-1] == "/video: 6 of 10, 2.0/s, 2 s left"


def test_work_without_parts_has_a_bar_while_it_lasts() -> None:
    with Bars() as bars:
        bars("reading", 0, 1)
        assert len(bars._progress.tasks) == 1
        bars("reading", 1, 1)
        assert not bars._progress.tasks
