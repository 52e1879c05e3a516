"""Videos, their sound, or the mean of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from cli_runs import run
from numpy.typing import NDArray
from small_arrays import brought

import vrbench
from vrbench.errors import InputError
from vrbench.evaluation.sources.streams import with_side
from vrbench.features import open_features
from vrbench.features.tokens import Tokens
from vrbench.results import labels

Array = NDArray[Any]
N, D, SILENT = 12, 6, 4
IDS = [f"v{i}" for i in range(N)]


def given(seed: int = 0, **changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 4, N)
    order = [i for i in rng.permutation(N).tolist() if i != SILENT]
    made = {
        "video_tokens": rng.standard_normal((lengths.sum(), D)),
        "video_offsets": np.cumsum([0, *lengths]),
        "video_ids": IDS,
        "text": rng.standard_normal((N, D)),
        "text_ids": [f"{name}#0" for name in IDS],
        "audio_tokens": rng.standard_normal((2 * len(order), D)),
        "audio_offsets": 2 * np.arange(len(order) + 1),
        "audio_ids": [IDS[i] for i in order],
        "bank_video": rng.standard_normal((5, D)),
        "bank_text": rng.standard_normal((5, D)),
        "bank_audio": rng.standard_normal((5, D)),
        "bank_text_video": np.arange(5),
    }
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


def unit(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def mean_of(tokens: Array, cosines: bool) -> Array:
    return unit(unit(tokens).mean(axis=0)) if cosines else np.asarray(tokens.mean(axis=0))


def item(side: Tokens, name: str) -> Array | None:
    at = np.flatnonzero(side.ids == name)
    return None if not len(at) else np.asarray(side.block(int(at[0]), int(at[0]) + 1).tokens)


@pytest.mark.parametrize("cosines", [True, False])
def test_global_of_both_is_the_mean_of_both_globals(tmp_path: Path, cosines: bool) -> None:
    with open_features(brought(tmp_path, given(), normalized=cosines)) as features:
        assert features.audio is not None
        both = with_side(features, "video+audio")
        found = vrbench.score(both.text, both.video, "global", precision="double").t2v
        rows = []
        for name in IDS:
            seen, sound = item(features.video, name), item(features.audio, name)
            assert seen is not None
            parts = [mean_of(one, cosines) for one in (seen, sound) if one is not None]
            rows.append(np.mean(parts, axis=0))
        texts = np.asarray(features.text.tokens[:])
    expected = (unit(texts) @ unit(np.array(rows)).T) if cosines else texts @ np.array(rows).T
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_tokens_of_both_stand_side_by_side(tmp_path: Path) -> None:
    with open_features(brought(tmp_path, given())) as features:
        both = with_side(features, "video+audio")
        for name in IDS:
            parts = [item(side, name) for side in (features.video, features.audio) if side]
            expected = np.concatenate([part for part in parts if part is not None])
            found = item(both.video, name)
            assert found is not None
            np.testing.assert_array_equal(found, expected)


def test_levels_stay_and_sound_is_no_patch(tmp_path: Path) -> None:
    rows = int(given()["video_offsets"][-1])
    levels = np.zeros(rows, int)
    with open_features(brought(tmp_path, given(video_level=levels))) as features:
        both = with_side(features, "video+audio")
        assert len(both.video.token_columns["level"]) == int(both.video.offsets[-1])
        plain = with_side(features, "video")
        assert plain is features


def weighted(path: Path, sides: tuple[str, ...]) -> dict[str, Array]:
    """Write weights of the tokens of these sides of a feature file, and words of them."""
    found = {}
    with h5py.File(path, "r+") as file:
        for seed, side in enumerate(sides):
            n = len(file[f"{side}/tokens"])
            found[side] = np.random.default_rng(seed).uniform(0.5, 2, n).astype(np.float32)
            file[f"{side}/weight"] = found[side]
            file[f"{side}/words"] = np.array([f"t{i}" for i in range(n)], dtype="S")
    return found


def test_weights_of_both_streams_are_joined(tmp_path: Path) -> None:
    path = brought(tmp_path, given())
    weight = weighted(path, ("video", "audio"))
    with open_features(path) as features:
        both = with_side(features, "video+audio")
        assert not any("has weights of" in note for note in both.data_notes)
        assert both.video.token_columns.keys() == {"weight"}
        assert features.audio is not None
        streams = (features.video, weight["video"]), (features.audio, weight["audio"])
        for name in IDS:
            expected = [
                stored[side.offsets[i] : side.offsets[i + 1]]
                for side, stored in streams
                for i in np.flatnonzero(side.ids == name)
            ]
            at = IDS.index(name)
            found = both.video.block(at, at + 1).token_columns["weight"]
            np.testing.assert_array_equal(found, np.concatenate(expected))
        bare = replace(both, video=replace(both.video, token_columns={}))
        scores = [vrbench.score(one.text, one.video, "wti").t2v for one in (both, bare)]
        assert not np.allclose(*scores)


@pytest.mark.parametrize("side", ["video", "audio"])
def test_weights_of_one_stream_alone_are_left_out_with_a_note(tmp_path: Path, side: str) -> None:
    path = brought(tmp_path, given())
    weighted(path, (side,))
    (result,) = vrbench.evaluate(path, "wti", side="video+audio")
    said = f"Only /{side} in {path} has weights of its tokens (weight): the tokens of both streams"
    assert any(note.startswith(said) for note in result.notes), result.notes


def test_eval_side_is_its_own_result_and_says_so(tmp_path: Path) -> None:
    path, out = brought(tmp_path, given()), tmp_path / "results"
    args = ["eval", str(path), "--method", "global", "--norm", "ncl", "--out", str(out)]
    for side in ("video", "video+audio"):
        ran = run(*args, "--side", side)
        assert ran.code == 0, ran.err
        assert ("(video+audio)" in ran.out) == (side != "video")
    assert len(list(out.glob("*.json"))) == 2
    assert f"1 of {N} items" in ran.err
    [result] = vrbench.evaluate(path, "global", side="video+audio")
    assert "(video+audio)" in labels.data(result.values)
    assert result.values["side"] == "video+audio"
    assert any("have no audio" in note for note in result.values["notes"] or ())


def test_bank_without_sound_is_no_bank(tmp_path: Path) -> None:
    path = brought(tmp_path, given(bank_audio=None))
    with pytest.raises(InputError, match="has no bank of training queries"):
        vrbench.evaluate(path, "global", norm="ncl", side="video+audio")
    vrbench.evaluate(path, "global", norm="ncl")


@pytest.mark.parametrize(
    ("changes", "side", "said"),
    [
        ({}, "audio", f"Item 'v{SILENT}' of /video"),
        ({"audio_tokens": None, "audio_offsets": None, "audio_ids": None, "bank_audio": None},
         "audio", "has no /audio for --side audio"),
        ({}, "sound", "Unknown side 'sound'"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, changes: dict[str, Any], side: str, said: str) -> None:
    path = brought(tmp_path, given(**changes))
    with pytest.raises(InputError) as found:
        vrbench.evaluate(path, "global", side=side)
    assert said in str(found.value)


def test_audio_alone_of_videos_that_have_it(tmp_path: Path) -> None:
    path = brought(tmp_path, given())
    heard = [name for name in IDS if name != f"v{SILENT}"]
    [alone] = vrbench.evaluate(path, "max-avg", side="audio", limit_ids=heard)
    assert alone.values["n_video"] == N - 1
    with pytest.raises(InputError, match="give a feature file without --head"):
        vrbench.evaluate(np.eye(3), side="audio")
