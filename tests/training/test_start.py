"""What a training begins with, and what its head says of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from heads import mlp
from planted import by_mark

import vrbench
from vrbench.alignments import parse_method
from vrbench.errors import InputError
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources.scorer import Scorer
from vrbench.features import Features
from vrbench.heads import train as closed_form
from vrbench.heads.applied import apply_head
from vrbench.heads.kinds.projection import ClosedProjection
from vrbench.sims.sim import DIRECTIONS
from vrbench.training.items import TrainingItems
from vrbench.training.validation import recalls


def test_the_header_says_what_the_head_was_trained_on() -> None:
    train = by_mark(40, 0)
    head = vrbench.train(train, "wti", epochs=1, seed=3)
    about = head.about
    assert about["encoder"] == "toy"
    assert about["split"] == "train"
    assert (about["loss"], about["method"], about["seed"]) == ("infonce", "wti", 3)
    assert about["features"] == {"file": train.path.name, "sha256": train.sha256()}
    assert head.trained_on(train.video.ids) == [str(i) for i in train.video.ids]
    assert not head.trained_on(by_mark(40, 1).video.ids)
    with pytest.raises(InputError, match="trained on 40 of the 40 test videos"):
        apply_head(train, head)
    apply_head(by_mark(40, 1), head)


def test_what_is_fitted_in_closed_form_sees_no_validation_video(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train, seen = by_mark(200, 0), list[str]()
    fit = closed_form.train

    def spy(given: Features, grid: Any) -> Any:
        seen.extend(map(str, given.video.ids))
        return fit(given, grid)

    monkeypatch.setattr(closed_form, "train", spy)
    head = vrbench.train(train, "projection", epochs=0)
    held = TrainingItems.of(train, 0.1, 0).held
    assert len(seen) == 180
    assert not {*seen} & {*map(str, train.video.ids[held])}
    assert len(head.video_ids) == 200
    with pytest.raises(InputError, match="put it first"):
        vrbench.train(train, "linear+projection", epochs=0)


def test_heads_that_are_not_trained_are_applied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    train, calls = by_mark(200, 0), list[int]()
    apply = ClosedProjection.apply

    def counted(self: ClosedProjection, *given: Any) -> Any:
        calls.append(1)
        return apply(self, *given)

    monkeypatch.setattr(ClosedProjection, "apply", counted)
    options: dict[str, Any] = {"method": "max-avg", "batch": 16, "lr": 0.01}
    taken = []
    for epochs in (0, 2):
        head = vrbench.train(train, "projection+linear", epochs=epochs, **options)
        taken.append(len(calls))
        calls.clear()
    assert taken[0] == taken[1] > 0
    weights = {name: torch.as_tensor(value) for name, value in head.weights.items()}
    items, row = TrainingItems.of(train, 0.1, 0), head.about["validation"][head.about["best"]]
    found = recalls(head.spec, weights, parse_method("max-avg"), items, Scorer(Compute()))
    assert found == {way: row[way] for way in DIRECTIONS}


def test_given_weights_are_not_fitted_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    train = by_mark(200, 0)
    first = vrbench.train(train, "projection", epochs=0)
    first.save(tmp_path / "h.safetensors")
    monkeypatch.setattr(closed_form, "train", lambda *_: pytest.fail("fitted again"))
    again = vrbench.train(train, "projection", epochs=0, start=tmp_path / "h.safetensors")
    for name, value in first.weights.items():
        np.testing.assert_array_equal(again.weights[name], value)


def test_a_head_has_seen_what_the_one_it_begins_with_has_seen(tmp_path: Path) -> None:
    before, after = by_mark(40, 1), by_mark(40, 2)
    vrbench.train(before, "wti", epochs=1).save(tmp_path / "h.safetensors")
    head = vrbench.train(after, "wti", epochs=1, start=tmp_path / "h.safetensors")
    assert head.trained_on(before.video.ids) == before.video.ids.tolist()
    assert head.trained_on(after.video.ids) == after.video.ids.tolist()
    with pytest.raises(InputError, match="trained on 40 of the 40 test videos"):
        apply_head(before, head)


def test_released_weights_load_by_their_names(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {**mlp(rng, 24, 24, "text"), **mlp(rng, 24, 24, "video")}
    released = {f"module.{k.removeprefix('wti.')}": torch.tensor(v) for k, v in arrays.items()}
    released |= {"module.clip.logit_scale": torch.tensor(4.5), "module.other": torch.ones(3)}
    torch.save(released, tmp_path / "drl.bin")
    head = vrbench.train(by_mark(20, 0), "wti", epochs=0, start=tmp_path / "drl.bin")
    for name, value in arrays.items():
        np.testing.assert_array_equal(head.weights[name], value.astype(np.float32))
    assert head.weights["logit_scale"] == np.float32(4.5)
    assert not head.video_ids
    head.save(tmp_path / "h.safetensors")
    again = vrbench.train(by_mark(20, 0), "wti", epochs=0, start=tmp_path / "h.safetensors")
    for name, value in head.weights.items():
        np.testing.assert_array_equal(again.weights[name], value)
    with pytest.raises(InputError, match="no weights of the head 'temporal'"):
        vrbench.train(by_mark(20, 0), "temporal", epochs=0, start=tmp_path / "drl.bin")
