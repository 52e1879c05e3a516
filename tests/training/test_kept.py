"""What goes with the epoch that is kept: its queue, its scale, and what is known of its videos."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted import by_mark

import vrbench
from vrbench.errors import InputError
from vrbench.features import Features, Tokens
from vrbench.heads.applied import apply_side
from vrbench.heads.bank import bank_side
from vrbench.heads.base import Side
from vrbench.heads.head import Head
from vrbench.losses.triplet import Triplet
from vrbench.training.loop import Loop
from vrbench.training.queue import Queue
from vrbench.training.settings import TrainingSettings
from vrbench.training.state import partial
from vrbench.training.train import Where, run

SIDES: tuple[Side, ...] = ("text", "video")
BEST_1: dict[str, Any] = {"epochs": 6, "batch": 16, "lr": 0.05}
"""Of these six epochs the first validates best."""


@pytest.fixture(scope="module")
def train() -> Features:
    return by_mark(80, 0)


def bank(head: Head) -> dict[Side, Tokens]:
    return {side: bank_side(head.bank, side, "h", True) for side in SIDES}


@pytest.mark.parametrize("encoding", ["stale", "final"])
def test_the_queue_is_that_of_the_epoch_that_is_kept(
    train: Features, encoding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    after: list[dict[str, Any]] = []
    measured = Loop._measured

    def watched(loop: Loop, *given: Any) -> None:
        measured(loop, *given)
        after.append(loop.queue.arrays())

    monkeypatch.setattr(Loop, "_measured", watched)
    head = vrbench.train(train, "linear", queue=50, queue_encoding=encoding, **BEST_1)
    assert head.about["best"] == 1 < head.about["epochs"]
    assert len(after) == head.about["epochs"] + 1
    np.testing.assert_array_equal(
        [str(one) for one in bank(head)["text"].ids], train.text.ids[after[1]["texts"]].tolist()
    )
    if encoding == "stale":
        for name, value in after[1].items():
            if name != "texts":
                np.testing.assert_array_equal(head.bank[name], value)


def test_an_untrained_head_maps_its_queue_itself(train: Features) -> None:
    head = vrbench.train(train, "linear", epochs=3, batch=16, lr=0.5, queue=40)
    assert head.about["best"] == 0 < head.about["epochs"]
    for side, items in bank(head).items():
        rows = [list(getattr(train, side).ids).index(one) for one in items.ids]
        mapped = apply_side(head, side, getattr(train, side).take(rows))
        np.testing.assert_array_equal(
            np.asarray(items.tokens[0 : items.offsets[-1]]), mapped.tokens
        )


def test_batches_of_an_epoch_that_ended_in_nan_are_in_no_queue(
    train: Features, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the head is written, the training ends with the same bytes."""
    step = Loop._step

    def wrong_in_epoch_3(loop: Loop, texts: Any, lengths: Any, number: int) -> float:
        wrong = number == 2 * loop.per_epoch + 2
        return math.nan if wrong else step(loop, texts, lengths, number)

    monkeypatch.setattr(Loop, "_step", wrong_in_epoch_3)
    settings = TrainingSettings("linear", queue=50, **{**BEST_1, "lr": 0.1})
    whole, out = tmp_path / "whole.safetensors", tmp_path / "h.safetensors"
    assert run(train, settings, Where(whole)).about["stopped"]
    with monkeypatch.context() as killed:
        killed.setattr(Head, "save", lambda *_: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            run(train, settings, Where(out))
    assert partial(out).exists()
    run(train, settings, Where(out))
    assert out.read_bytes() == whole.read_bytes()


def test_a_queue_of_no_epoch_is_refused() -> None:
    with pytest.raises(
        InputError, match="0 epochs have none: give 1 epoch with a learning rate of"
    ):
        vrbench.train(by_mark(20, 0), "wti", epochs=0, queue=8)


def test_a_queue_of_vectors_is_no_bank_for_tokens(train: Features) -> None:
    options: dict[str, Any] = {"epochs": 1, "lr": 0.0, "queue": 40}
    vectors = vrbench.train(train, "linear", method="global", **options)
    tokens = vrbench.train(train, "linear", method="tokenflow", **options)
    test = by_mark(30, 1)
    for method in ("tokenflow", "uniform", "0.5*global+0.5*uniform"):
        how: dict[str, Any] = {"norm": "ncl", "bank": "head"}
        with pytest.raises(
            InputError, match=r"global vectors that global reads, and .* tokens: tr"
        ):
            vrbench.evaluate(test, method, head=vectors, **how)
        vrbench.evaluate(test, method, head=tokens, **how)
    one, other = (
        vrbench.evaluate(test, "global", norm="ncl", bank="head", head=head)[0]
        for head in (vectors, tokens)
    )
    np.testing.assert_array_equal(one.ranks["t2v"], other.ranks["t2v"])


@pytest.mark.parametrize(
    ("loss", "scale"),
    [
        ("infonce", math.nan),
        ("ncl", math.nan),
        ("triplet+0.5*infonce", math.nan),
        ("ncl:gamma=0.05", 20),
        ("15*ncl:gamma=0.07", 1 / 0.07),
        ("triplet", None),
        ("clip-caption", math.nan),
        ("clip-caption:variant=norton", 1),
    ],
)
def test_the_scale_is_the_one_that_the_loss_read(
    train: Features, tmp_path: Path, loss: str, scale: float | None
) -> None:
    """NaN: the learnt one."""
    head = vrbench.train(train, "linear", loss=loss, epochs=1, lr=0.01)
    learnt = float(np.exp(head.weights["logit_scale"]))
    due = learnt if scale is not None and math.isnan(scale) else scale
    head.save(tmp_path / "h.safetensors")
    for one in (head, vrbench.heads.load(tmp_path / "h.safetensors")):
        assert one.scale == (due if due is None else pytest.approx(due, rel=1e-6))
    if due is not None:
        (result,) = vrbench.evaluate(by_mark(30, 1), head=head, norm="ncl:gamma=scale", bank="test")
        assert float(result["norm"].removeprefix("ncl:gamma=")) == pytest.approx(1 / due, rel=1e-6)


def test_other_weights_of_tokens_than_training_reads_are_refused(train: Features) -> None:
    rows = int(train.text.offsets[-1])
    text = replace(train.text, token_columns={"weight": np.ones(rows, np.float32)})
    weighed = replace(train, text=text)
    with pytest.raises(InputError, match="column weight, which wti reads and training does"):
        vrbench.train(weighed, "linear", method="wti", epochs=1)
    for head, method in (("wti", "wti"), ("linear", "token-mean")):
        vrbench.train(weighed, head, method=method, epochs=1)


def test_validation_by_videos_that_the_start_has_seen_is_told(
    train: Features, tmp_path: Path
) -> None:
    path = tmp_path / "h.safetensors"
    first = vrbench.train(train, "linear", epochs=1, lr=0.01)
    first.save(path)
    assert first.about["validation_seen"] == 0
    seen = {
        seed: vrbench.train(train, "linear", epochs=1, lr=0.01, seed=seed, start=path)
        for seed in (0, 1)
    }
    assert seen[0].about["validation_seen"] == 0  # the same videos validate
    assert seen[1].about["validation_seen"] == 8
    other = vrbench.train(by_mark(80, 1), "linear", epochs=1, lr=0.01, seed=1, start=path)
    assert other.about["validation_seen"] == 0


def test_videos_that_an_earlier_start_has_seen_stay_known(train: Features, tmp_path: Path) -> None:
    start: Path | None = None
    for seed, due in ((0, 0), (1, 8), (1, 8)):
        head = vrbench.train(train, "linear", epochs=1, lr=0.01, seed=seed, start=start)
        assert head.about["validation_seen"] == due
        start = tmp_path / "h.safetensors"
        head.save(start)


def test_a_head_of_an_earlier_version_is_used_and_not_taken_for_done(
    train: Features, tmp_path: Path
) -> None:
    settings, out = TrainingSettings("linear", **BEST_1), tmp_path / "h.safetensors"
    made = run(train, settings, Where(out))
    about = {name: value for name, value in made.about.items() if name != "scale"}
    Head(made.spec, made.weights, about).save(out)
    assert vrbench.heads.load(out).scale == pytest.approx(np.exp(made.weights["logit_scale"]))
    with pytest.raises(InputError, match="was trained by an earlier vrbench"):
        run(train, settings, Where(out))
    run(train, settings, Where(out, overwrite=True))


def test_unfinished_features_train_nothing(train: Features) -> None:
    cut = replace(train, attrs={**train.attrs, "complete": False})
    with pytest.raises(InputError, match=r"The extraction of .* is unfinished"):
        vrbench.train(cut, "linear", epochs=1)


def test_the_queue_goes_on_from_what_it_was(train: Features) -> None:
    """Restoring empties it first."""
    settings = TrainingSettings("linear", queue=5)
    queue = Queue(settings.queue, stale=True, vectors=True)
    queue.texts = np.arange(3)
    queue.restore({"texts": np.empty(0, np.int64)})
    assert not len(queue.texts)


@pytest.mark.parametrize("loss", ["infonce", "triplet"])
def test_a_head_that_the_method_does_not_read_is_refused(train: Features, loss: str) -> None:
    with pytest.raises(InputError, match="No weight of the head learnable decides the similarit"):
        vrbench.train(train, "learnable", method="global", loss=loss, epochs=1)


def test_a_loss_with_a_teacher_says_how_it_follows(
    train: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Triplet, "needs_teacher", True)
    with pytest.raises(InputError, match="'triplet' needs a teacher, and has no parameters ema"):
        vrbench.train(train, "linear", loss="triplet", epochs=1)
