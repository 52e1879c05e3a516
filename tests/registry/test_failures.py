"""A method from outside that raises is one sentence with its name, its origin and the exception."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_runs import refused, run
from outside import plugged
from small_features import write_features

import vrbench
from vrbench.alignments import alignments
from vrbench.alignments.engine.batch import Packed
from vrbench.errors import InputError
from vrbench.heads import HeadSpec
from vrbench.heads.head import apply
from vrbench.losses.base import parse_loss
from vrbench.normalizations import normalizations
from vrbench.registry import TRACEBACK

FAILING = """
from dataclasses import dataclass
import numpy as np
from vrbench.alignments import alignments
from vrbench.alignments.base import TokenAlignment, VectorAlignment
from vrbench.auditing.rules import rules
from vrbench.auditing.rules.base import Rule
from vrbench.heads import heads
from vrbench.heads.base import HeadPart
from vrbench.losses.base import Loss, losses
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Fitted, Normalization
from vrbench.sequences.base import PairAlignment, sequences

def divide(x):
    return np.linalg.solve(np.zeros((2, 2)), np.zeros(2)) if x is None else {}[x]

@alignments.register("bad-tokens")
@dataclass(frozen=True)
class Tokens(TokenAlignment):
    def reduce(self, tile): return divide("tokens")

@alignments.register("bad-vectors")
@dataclass(frozen=True)
class Vectors(VectorAlignment):
    def vectors(self, items): return divide(None)

@alignments.register("bad-shape")
@dataclass(frozen=True)
class Shape(TokenAlignment):
    def reduce(self, tile): return tile.c, tile.c

@normalizations.register("bad-fit")
@dataclass(frozen=True)
class Fit(Normalization):
    def fit(self, bank): return divide("fit")

@normalizations.register("bad-transform")
@dataclass(frozen=True)
class Transform(Normalization):
    def fit(self, bank): return Fitted(lambda block: divide("transform"))

@sequences.register("bad-order")
@dataclass(frozen=True)
class Order(PairAlignment):
    def score(self, pairs): return divide("order")

@losses.register("bad-loss")
@dataclass(frozen=True)
class BadLoss(Loss):
    def __call__(self, t2v, v2t, scale, teacher=None): return divide("loss")

@rules.register("bad-rule")
@dataclass(frozen=True)
class BadRule(Rule):
    changes = "ties"
    def report(self, audited, direction): return divide("rule")
"""

ENDING = (
    f"): repair it; {TRACEBACK}=1 in the environment prints the traceback."  # of every sentence
)


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Path]:
    """A file of methods that fail, run."""
    with plugged(tmp_path / "failing.py", FAILING) as path:
        yield path


def said(error: pytest.ExceptionInfo[InputError]) -> str:
    message = str(error.value)
    assert message.endswith(ENDING)
    assert "\n" not in message
    return message.removesuffix(ENDING)


def line_of(words: str) -> int:
    return FAILING[: FAILING.index(words)].count("\n") + 1


SIM = np.random.default_rng(0).uniform(size=(4, 4))
TEXTS = [np.random.default_rng(i).normal(size=(2, 3)) for i in range(3)]


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("name", ["tokens", "vectors", "shape"])
def test_an_alignment_that_raises_is_named(name: str) -> None:
    with pytest.raises(InputError) as caught:
        vrbench.score(TEXTS, TEXTS, f"0.5*global+0.5*bad-{name}")
    message = said(caught)
    assert message.startswith(f"The method 'bad-{name}' of the file failing.py fails (")
    if name == "tokens":
        line = line_of("return np.linalg")
        assert f"fails (KeyError: 'tokens' in line {line} of failing.py" in message
    if name == "vectors":  # the last line of the plug-in, not that of numpy
        assert f"LinAlgError: Singular matrix in line {line_of('return np')} of fail" in message
    assert caught.value.__cause__ is not None
    assert not isinstance(caught.value.__cause__, InputError)


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("name", ["fit", "transform"])
def test_a_norm_that_raises_is_named(name: str) -> None:
    with pytest.raises(InputError) as caught:
        vrbench.normalize(SIM, f"bad-{name}", "test")
    start = f"The norm 'bad-{name}' of the file failing.py fails (KeyError: '{name}' in line "
    assert said(caught).startswith(start)
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.usefixtures("failing")
def test_sequences_losses_and_rules_that_raise_are_named() -> None:
    with pytest.raises(InputError, match=r"^The sequence alignment 'bad-order' of the file failin"):
        vrbench.sequences.score(SIM, [2, 2], [2, 2], "bad-order")
    both = torch.ones(2, 2), torch.ones(2, 2)
    with pytest.raises(InputError, match=r"^The loss 'bad-loss' of the file failing\.py fails"):
        parse_loss("0.5*infonce+0.5*bad-loss")(*both, torch.ones(()))
    with pytest.raises(InputError, match=r"rule 'bad-rule' of the file failing\.py fails \(KeyE"):
        vrbench.audit(SIM)


def test_a_command_ends_with_the_sentence_and_shows_the_traceback_where_asked(
    failing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = tmp_path / "f.h5"
    write_features(features)
    words = ("eval", features, "--method", "bad-tokens", "--out", tmp_path / "out", "-q")
    sentence = refused(*words, says=r"method 'bad-tokens' of the file failing\.py fails \(KeyErr")
    assert sentence.endswith(ENDING)
    assert not list((tmp_path / "out").glob("*"))
    monkeypatch.setenv(TRACEBACK, "1")
    done = run(*words)
    assert done.code == 2
    lines = done.err.strip().splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert f'File "{failing}", line {line_of("return np.linalg")}, in divide' in done.err
    assert lines[-2:] == ["KeyError: 'tokens'", sentence]


def test_what_a_built_in_method_raises_is_a_defect_and_stays_as_it_is() -> None:
    @dataclass(frozen=True)
    class Ours:
        pass

    Ours.__module__ = "vrbench.alignments.ours"
    with pytest.raises(ZeroDivisionError), alignments.calling(Ours()):  # type: ignore[arg-type]
        _ = 1 / 0


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("error", [InputError("Say so."), MemoryError(), KeyboardInterrupt()])
def test_what_already_is_a_sentence_stays_as_it_is(error: BaseException) -> None:
    with (
        pytest.raises(type(error)) as caught,
        normalizations.calling(normalizations.parse("bad-fit")),
    ):
        raise error
    assert caught.value is error


def test_a_head_that_raises_is_named() -> None:
    class Bad:
        def apply(self, *_: object) -> None:
            raise ValueError("of two\nlines.")

    items = Packed(torch.zeros(1, 1), [1])
    with pytest.raises(
        InputError, match=r"^The head 'Bad' of .* fails \(ValueError: of two lines in"
    ):
        apply(HeadSpec({"bad": Bad()}), {}, "text", items)  # type: ignore[dict-item]
