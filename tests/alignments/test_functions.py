"""Plain functions as alignments: the same numbers, one call a pair, and errors that name it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from scored_by_functions import (  # noqa: F401
    RNG,
    TEXTS,
    VIDEOS,
    Array,
    best_frames,
    put_back,
)
from small_features import write_features

import vrbench
from vrbench.alignments import alignments, parse_method
from vrbench.alignments.engine import driver
from vrbench.errors import InputError

pytestmark = pytest.mark.usefixtures("put_back")


def best_both(text: Array, video: Array) -> tuple[Any, Any]:
    c = text @ video.T
    return c.max(1).mean(), c.max(0).mean()


def unit(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


@pytest.mark.parametrize(("precision", "near"), [("single", 1e-6), ("double", 1e-14)])
def test_a_function_scores_each_pair_of_scaled_tokens(precision: Any, near: float) -> None:
    sim = vrbench.score(TEXTS, VIDEOS, best_frames, precision=precision)
    expected = [[best_frames(unit(text), unit(video)) for video in VIDEOS] for text in TEXTS]
    np.testing.assert_allclose(sim.t2v, expected, rtol=0, atol=near)
    np.testing.assert_array_equal(sim.v2t, sim.t2v)
    assert sim.t2v.dtype == {"single": np.float32, "double": np.float64}[precision]


def test_two_numbers_serve_one_direction_each_and_sum_with_other_alignments() -> None:
    vrbench.alignment("both", symmetric=False)(best_both)
    found = vrbench.score(TEXTS, VIDEOS, best_both, precision="double")
    known = vrbench.score(TEXTS, VIDEOS, "max-avg", precision="double")
    np.testing.assert_allclose(found.t2v, known.t2v, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.v2t, known.v2t, rtol=0, atol=1e-14)
    assert np.abs(found.t2v - found.v2t).max() > 0.01
    mixed = vrbench.score(TEXTS, VIDEOS, "0.25*both+2*global", precision="double")
    alone = vrbench.score(TEXTS, VIDEOS, "2*global", precision="double")
    np.testing.assert_allclose(mixed.v2t, 0.25 * known.v2t + alone.v2t, rtol=0, atol=1e-14)


def test_raw_features_stay_as_they_are(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5", normalized=False)
    with vrbench.open(path) as features:
        found = vrbench.score(features.text, features.video, best_both_first, precision="double")
        known = vrbench.score(features.text, features.video, "max-avg", precision="double")
    np.testing.assert_allclose(found.t2v, known.t2v, rtol=1e-13)


def best_both_first(text: Array, video: Array) -> Any:
    return best_both(text, video)[0]


@pytest.mark.parametrize(
    "give",
    [float, np.float32, np.asarray, torch.tensor, lambda x: torch.tensor(x, requires_grad=True)],
)
def test_numbers_of_any_library_are_numbers(give: Callable[[Any], Any]) -> None:
    sim = vrbench.score(TEXTS, VIDEOS, lambda text, video: give(float(text[0, 0])))
    expected = [[unit(text)[0, 0]] * len(VIDEOS) for text in TEXTS]
    np.testing.assert_allclose(sim.t2v, expected, rtol=1e-6)


def test_whole_numbers_and_truths_are_numbers() -> None:
    sim = vrbench.score(TEXTS, VIDEOS, lambda text, video: len(text))
    np.testing.assert_array_equal(sim.t2v[:, 0], [len(text) for text in TEXTS])
    sim = vrbench.score(TEXTS, VIDEOS, lambda text, video: len(text) > 1)
    np.testing.assert_array_equal(sim.t2v[:, 0], [len(text) > 1 for text in TEXTS])


# --- parameters


def test_keywords_with_a_default_are_parameters() -> None:
    @vrbench.alignment("powered")
    def powered(  # type: ignore[no-untyped-def]  # k: without a type it is that of its default
        text: Array,
        video: Array,
        *,
        power: float = 2,
        k=3,
        how: Literal["max", "mean"] = "max",
        least: float | None = None,
        log: bool = False,
        weights: Array | None = None,  # no spec can hold it
        **more: Any,
    ) -> float:
        """The power of the best match.

        More of it.
        """
        assert (weights, more) == (None, {})
        assert isinstance(power, float)
        best = float(getattr((text @ video.T), how)())
        return float(best * power + k + (least or 0) + log)

    cls = alignments.classes()["powered"]
    assert (cls.__doc__ or "").startswith("The power of the best match.")
    spec = "powered:power=0.5,k=4,how=mean,least=1,log=true"
    assert parse_method(spec).spec == spec
    assert parse_method("powered:power=2.0").spec == "powered"
    sim = vrbench.score(TEXTS, VIDEOS, spec, precision="double")
    mean = (unit(TEXTS[1]) @ unit(VIDEOS[0]).T).mean()
    assert abs(sim.t2v[1, 0] - (0.5 * mean + 6)) < 1e-13
    with pytest.raises(InputError, match=r"'k=0\.5' in 'powered:k=0\.5' must be a whole number"):
        parse_method("powered:k=0.5")
    with pytest.raises(InputError, match="Unknown parameter 'weights'"):
        parse_method("powered:weights=1")
    assert powered(TEXTS[0], VIDEOS[0], power=2.0, k=0) == 2 * (TEXTS[0] @ VIDEOS[0].T).max()


def test_what_can_be_called_is_a_function() -> None:
    class Called:
        def __call__(self, text: Array, video: Array) -> Any:
            return best_frames(text, video)

    expected = vrbench.score(TEXTS, VIDEOS, best_frames).t2v
    half = functools.partial(lambda scale, text, video: scale * best_frames(text, video), 0.5)
    np.testing.assert_array_equal(vrbench.score(TEXTS, VIDEOS, Called()).t2v, expected)
    np.testing.assert_array_equal(vrbench.score(TEXTS, VIDEOS, half).t2v, expected / 2)
    with pytest.raises(InputError, match="The function 'partial' on text 'text0' and video"):
        vrbench.score(TEXTS, VIDEOS, functools.partial(lambda scale, text, video: None, 0.5))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda: 1, "The function '<lambda>' has to take two arrays: the tokens of a text, and"),
        (lambda text: 1, "has to take two arrays"),
        (lambda *items: 1, "has to take two arrays"),
        (lambda text, *videos: 1, "has to take two arrays by place"),
        (lambda *, text, video: 1, "has to take two arrays by place"),
        (lambda text, video, lam: 1, "takes 'lam' too: give it a default"),
        (lambda text, video, *, lam: 1, "takes 'lam' too: give it a default"),
        (lambda text, video, reduce=1: 1, "'reduce' of the function '<lambda>' has the name of"),
        (lambda text, video, symmetric=True: 1, "The parameter 'symmetric'"),
        (5, "An alignment is a function of two arrays, not 5."),
        (None, "An alignment is a function of two arrays, not None."),
    ],
)
def test_what_takes_other_arguments_is_refused(function: Any, says: str) -> None:
    for use in (
        lambda: vrbench.score(TEXTS, VIDEOS, function),
        lambda: vrbench.alignment("odd")(function),
    ):
        with pytest.raises(InputError) as caught:
            use()
        assert says in str(caught.value)
    assert "odd" not in alignments.classes()


# --- laws


def test_a_function_may_write_on_what_it_is_given() -> None:
    def spoils(text: Array, video: Array) -> Any:
        value = best_frames(text, video)
        text[:] = video[:] = np.nan
        return value

    expected = vrbench.score(TEXTS, VIDEOS, best_frames).t2v
    np.testing.assert_array_equal(vrbench.score(TEXTS, VIDEOS, spoils).t2v, expected)
    np.testing.assert_array_equal(vrbench.score(TEXTS, VIDEOS, best_frames).t2v, expected)


def test_calls_come_one_after_the_other_once_for_each_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # tiles of a few items, so that there is work for every thread
    monkeypatch.setattr(driver, "PANEL_WORDS", 8)
    monkeypatch.setattr(driver, "PANEL_FRAMES", 8)
    inside, most, calls = 0, 0, 0

    def counts(text: Array, video: Array) -> float:
        nonlocal inside, most, calls
        inside, calls = inside + 1, calls + 1
        most = max(most, inside)
        threading.Event().wait(0.0005)
        inside -= 1
        return 0.0

    many = [RNG.normal(size=(1 + i % 5, 8)) for i in range(20)]
    vrbench.score(many, many, counts, workers=4)
    assert (most, calls) == (1, len(many) ** 2)


def test_nothing_but_the_pair_decides_the_number() -> None:
    many = [RNG.normal(size=(1 + i % 5, 8)) for i in range(30)]
    whole = vrbench.score(many, VIDEOS, best_frames, workers=1).t2v
    np.testing.assert_array_equal(vrbench.score(many, VIDEOS, best_frames, workers=4).t2v, whole)
    for i in (0, 7, 29):
        alone = vrbench.score(many[i : i + 1], VIDEOS[::-1], best_frames).t2v
        np.testing.assert_array_equal(alone[0, ::-1], whole[i])


def test_ranks_are_the_same_without_a_matrix(tmp_path: Path) -> None:
    vrbench.alignment("both", symmetric=False)(best_both)
    path = write_features(tmp_path / "f.h5", noise=3)
    (whole,) = vrbench.evaluate(path, "both")
    (folded,) = vrbench.evaluate(path, "both", matrix=False)
    (known,) = vrbench.evaluate(path, "max-avg")
    for direction in ("t2v", "v2t"):
        np.testing.assert_array_equal(folded.ranks[direction], whole.ranks[direction])
        np.testing.assert_array_equal(known.ranks[direction], whole.ranks[direction])
