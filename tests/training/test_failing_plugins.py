"""Heads, losses and methods from outside that raise or misbehave while they train."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from outside import plugged
from planted import by_mark

import vrbench
from vrbench import InputError

CODE = """
from dataclasses import dataclass
import torch
import vrbench
from vrbench.alignments import alignments
from vrbench.alignments.base import TokenAlignment, mean
from vrbench.heads import heads
from vrbench.heads.base import HeadPart
from vrbench.losses.base import Loss, losses

class Own(HeadPart):
    def shapes(self): return {"w": ("width",)}
    def init(self, start): return {"w": torch.ones(start.video_width, requires_grad=True)}

@heads.register("bad-init")
@dataclass(frozen=True)
class BadInit(Own):
    def init(self, start): return {}["init"]

@heads.register("lists")
@dataclass(frozen=True)
class Lists(Own):
    def init(self, start): return {"w": [1.0]}

@heads.register("bad-apply")
@dataclass(frozen=True)
class BadApply(Own):
    def apply(self, weights, side, items): return {}["apply"]

@heads.register("nothing")
@dataclass(frozen=True)
class Nothing(Own):
    def apply(self, weights, side, items): return None

@heads.register("fine")
@dataclass(frozen=True)
class Fine(Own): pass

@losses.register("returns")
@dataclass(frozen=True)
class Returns(Loss):
    what: str = "float"
    def __call__(self, t2v, v2t, scale, teacher=None):
        return {
            "float": 0.5, "matrix": t2v, "detached": t2v.detach().mean(),
            "count": torch.tensor(3), "none": None, "good": -t2v.diagonal().mean(),
        }[self.what]

@losses.register("field")
@dataclass(frozen=True)
class Field(Loss):
    scale: float = 30.0
    def __call__(self, t2v, v2t, scale, teacher=None):
        return -(self.scale * t2v).diagonal().mean(0, True)

@losses.register("scaled")
@dataclass(frozen=True)
class Scaled(Loss):
    by: float = 0.0
    def effective_scale(self, learnt): return {0.5: None}[self.by] if self.by else 0
    def __call__(self, t2v, v2t, scale, teacher=None): return -t2v.diagonal().mean()

@vrbench.alignment("best-word")
def best_word(text, video):
    return (text @ video.T).max(axis=0).mean()

class Words(TokenAlignment):
    symmetric = True
    def score(self, tile): return mean(tile.c.amax(1), 1)

@alignments.register("bad-backward")
@dataclass(frozen=True)
class BadBackward(Words):
    def reduce(self, tile):
        found = self.score(tile)
        if found.requires_grad:
            raise ValueError("no way back")
        return found, found

@alignments.register("detached")
@dataclass(frozen=True)
class Detached(Words):
    def reduce(self, tile):
        found = self.score(tile).detach()
        return found, found

@alignments.register("bad-weights")
@dataclass(frozen=True)
class BadWeights(Words):
    def with_weights(self, weights): return {}["weights"]
    def reduce(self, tile): return self.score(tile), self.score(tile)
"""


@pytest.fixture(autouse=True)
def plugin(tmp_path: Path) -> Iterator[None]:
    with plugged(tmp_path / "own.py", CODE):
        yield


def train(head: str = "linear", method: str = "global", loss: str = "infonce") -> None:
    vrbench.train(by_mark(40, 0), head, method=method, loss=loss, epochs=1, batch=4)


@pytest.mark.parametrize("name", ["bad-init", "lists", "bad-apply", "nothing"])
def test_a_head_that_cannot_begin_is_one_sentence(name: str) -> None:
    with pytest.raises(InputError, match=rf"^The head '{name}' of the file own\.py fails \("):
        train(name)


def test_a_head_may_begin_with_weights_that_have_a_gradient() -> None:
    train("linear+fine")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("float", "0.5"),
        ("matrix", r"an array of shape \(4, 4\)"),
        ("detached", r"tensor\(.*\) without gradient"),
        ("count", r"tensor\(3\)"),
        ("none", "None"),
    ],
)
def test_a_loss_that_returns_no_number_with_gradient_is_refused(what: str, said: str) -> None:
    spec = "returns" if what == "float" else f"returns:what={what}"
    sentence = f"^The loss '{spec}' returns {said}: it has to return a torch number with gradient.$"
    for loss in (spec, f"infonce+0.5*{spec}"):
        with pytest.raises(InputError, match=sentence):
            train(loss=loss)


def test_a_loss_that_returns_one_is_trained() -> None:
    train(loss="infonce+0.5*returns:what=good")


def test_what_a_loss_says_of_its_scale_is_checked_before_training() -> None:
    train(loss="field")
    train(loss="scaled:by=0.5")
    with pytest.raises(InputError, match="effective_scale must be positive and finite, it is 0"):
        train(loss="scaled")
    with pytest.raises(InputError, match=r"^The loss 'scaled' of the file own\.py fails"):
        train(loss="scaled:by=2.0")


def test_a_function_is_refused_before_training_and_kept_without() -> None:
    sentence = "^The method 'best-word' is a function, which has no gradient: train with another"
    with pytest.raises(InputError, match=sentence):
        train(method="0.5*global+0.5*best-word")
    vrbench.train(by_mark(40, 0), "linear", method="best-word", epochs=0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bad-backward", "ValueError: no way back in line 77 of own"),
        ("detached", "RuntimeError: element 0 of tensors does not require grad"),
        ("bad-weights", "KeyError: 'weights' in line"),
    ],
)
def test_a_method_that_fails_in_training_is_one_sentence(name: str, said: str) -> None:
    with pytest.raises(
        InputError, match=rf"^The method '{name}' of the file own\.py fails \({said}"
    ):
        train(method=name)
