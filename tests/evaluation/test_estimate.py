from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_features import BANK_COUNTS, COUNTS, write_features

import vrbench
from vrbench.alignments import alignments
from vrbench.evaluation import estimate as estimating
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.settings import Compute
from vrbench.sims.file import save_sim


def costs(path: Path, compute: Compute, methods: list[str], norms: list[str]) -> list[Any]:
    opened = Evaluation.open(path, compute=compute)
    return [opened.estimate(job) for job in opened.jobs(methods, norms)]


def test_pairs_and_token_products_are_counted_bank_included(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    features = Evaluation.open(path).source.features
    assert features is not None
    assert features.bank_text is not None
    assert features.bank_video is not None
    (t, v), bank_t, bank_v = (
        (features.text, features.video), features.bank_text, features.bank_video,
    )  # fmt: skip
    plain, bank = costs(path, Compute(), ["scan"], ["none", "ncl"])
    pairs = sum(COUNTS) * len(COUNTS)
    assert plain.pairs == pairs
    assert plain.products == t.offsets[-1] * v.offsets[-1]
    more = sum(BANK_COUNTS) * len(COUNTS) + sum(COUNTS) * len(BANK_COUNTS)
    assert bank.pairs == pairs + more
    extra = bank_t.offsets[-1] * v.offsets[-1] + t.offsets[-1] * bank_v.offsets[-1]
    assert bank.products == plain.products + extra


def test_time_follows_the_rate_and_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_features(tmp_path / "f.h5")
    monkeypatch.setattr(
        "vrbench.evaluation.estimate.time.perf_counter", iter(np.arange(0.0, 400.0, 2.0)).__next__
    )
    one, two = (costs(path, Compute(workers=n), ["scan"], ["none"])[0].seconds for n in (1, 2))
    # the sample is the whole of these features, and takes two seconds by this clock
    assert one == pytest.approx(2)
    assert two == pytest.approx(1)
    (folded,) = costs(path, Compute(workers=1, matrix=False), ["scan"], ["none"])
    assert folded.seconds == pytest.approx(2)


def test_a_function_is_called_for_few_pairs_and_by_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_features(tmp_path / "f.h5", counts=(5,) * 200)
    calls = 0

    def counts(text: Any, video: Any) -> float:
        nonlocal calls
        calls += 1
        return 0.0

    monkeypatch.setattr(alignments, "_classes", dict(alignments.classes()))
    vrbench.alignment("counted")(counts)
    clock = iter(np.arange(0.0, 400.0, 2.0)).__next__
    monkeypatch.setattr("vrbench.evaluation.estimate.time.perf_counter", clock)
    one, two = (costs(path, Compute(workers=n), ["counted"], ["none"])[0] for n in (1, 2))
    assert one.seconds == two.seconds > 2
    # each estimate scores its sample twice
    assert 0 < calls < 4 * one.pairs / 8


def test_emd_by_bounds_is_told_as_the_most_it_can_take(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    whole, by_bounds = (costs(path, Compute(matrix=m), ["emd"], ["none"])[0] for m in (True, False))
    assert "about" in str(whole)
    assert "at most" in str(by_bounds)


def test_vectors_take_no_time_and_doubles_are_not_compiled(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    assert costs(path, Compute(), ["global"], ["none"])[0].seconds == 0
    assert not costs(path, Compute("double"), ["scan"], ["none"])[0].compiled


def test_given_similarities_cost_nothing(tmp_path: Path) -> None:
    from vrbench.sims.sim import Sim
    from vrbench.sims.truth import Truth

    sim = Sim(np.eye(3), np.eye(3))
    path = tmp_path / "s.npz"
    ids = {name: np.array(["a", "b", "c"]) for name in ("text_ids", "video_ids")}
    save_sim(path, sim, "none", sim, Truth.of((3, 3)), None, ids)
    opened = Evaluation.open(path)
    assert opened.estimate(opened.jobs([], ["none"])[0]) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (75, "75 s"), (150, "2.5 min"), (9000, "2.5 h")]
)
def test_times_are_written_as_people_say_them(seconds: float, text: str) -> None:
    found = str(estimating.Estimate(1000, 240_000, seconds, 812_000_000, True))
    assert found == f"1,000 pairs x 240 token products, scoring by numba takes about {text}, 812 MB"
