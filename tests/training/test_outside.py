"""Heads and losses from outside: where they come from decides trainings and results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from planted import by_mark

import vrbench
from vrbench.evaluation.evaluation import Evaluation
from vrbench.heads import heads
from vrbench.heads.base import HeadPart, Start
from vrbench.losses.base import Loss, losses
from vrbench.registry import Origin, origins
from vrbench.training.folder import path_in
from vrbench.training.identity import identity_of
from vrbench.training.settings import TrainingSettings

if TYPE_CHECKING:
    from torch import Tensor

HERE = {"file": "test_outside.py", "sha256": sha256(Path(__file__).read_bytes()).hexdigest()}


@dataclass(frozen=True)
class Shift(HeadPart):
    """A vector that is not used."""

    def shapes(self) -> dict[str, tuple[int | str | tuple[int, str], ...]]:
        return {"vector": ("width",)}

    def init(self, start: Start) -> dict[str, Tensor]:
        return {"vector": torch.zeros(start.video_width)}


@dataclass(frozen=True)
class Sum(Loss):
    """The sum of all similarities."""

    def __call__(
        self, t2v: Tensor, v2t: Tensor, scale: Tensor, teacher: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        return scale * (t2v.sum() + v2t.sum())


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    """Register both for a test."""
    heads.register("shift")(Shift)
    losses.register("sum")(Sum)
    yield
    del heads._classes["shift"], losses._classes["sum"]


def changed(monkeypatch: pytest.MonkeyPatch, cls: type) -> None:
    """Let a class come from a file of other bytes."""
    known = import_module("vrbench.registry.origins")._KNOWN
    monkeypatch.setitem(known, cls, Origin("0" * 64, file="test_outside.py"))


@pytest.mark.parametrize(
    ("head", "loss", "expected"),
    [
        ("linear", "infonce", None),
        ("linear+shift", "infonce", [HERE]),
        ("linear", "infonce+2*sum", [HERE]),
    ],
)
def test_a_training_keeps_where_its_parts_come_from(
    head: str, loss: str, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, settings = by_mark(6, 0), TrainingSettings(head, loss=loss)
    assert identity_of(features, settings).get("plugins") == expected
    before = path_in(Path("heads"), features, settings)
    for cls in (Shift, Sum):
        changed(monkeypatch, cls)
    assert (path_in(Path("heads"), features, settings) != before) == bool(expected)


def test_a_result_keeps_where_its_head_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = by_mark(8, 0), by_mark(6, 1)
    head = vrbench.train(train, "shift", method="global", loss="sum", epochs=0, validation=0)
    assert head.about["identity"]["plugins"] == [HERE]
    [result] = vrbench.evaluate(test, "global", head=head)
    assert result["provenance"]["plugins"] == [HERE]
    [plain] = vrbench.evaluate(test, "global")
    assert "plugins" not in plain["provenance"]
    opened = Evaluation.open(test, head=head)
    [job] = opened.jobs(["global"], ["none"])
    changed(monkeypatch, Sum)  # what trained it is in the bytes of its file
    assert opened.jobs(["global"], ["none"]) == [job]
    changed(monkeypatch, Shift)
    [again] = opened.jobs(["global"], ["none"])
    assert again.name != job.name
    assert origins(Shift()) == [{"file": "test_outside.py", "sha256": "0" * 64}]
