from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from long_videos import BANK, LENGTHS, arrays, expected, sim_arrays, write
from numpy.typing import NDArray

import vrbench
from vrbench.errors import InputError
from vrbench.evaluation.evaluate import evaluate
from vrbench.results import labels
from vrbench.results.result import Result

Array = NDArray[Any]


def evaluated(path: Path, **more: Any) -> Result:
    (result,) = evaluate(path, "max-avg", precision="double", **more)
    return result


@pytest.mark.parametrize("spec", ["cap-avg", "vote", "dtw", "otam", "transport", "drop-dtw"])
def test_eval_scores_paragraphs_against_long_videos(tmp_path: Path, spec: str) -> None:
    path = write(tmp_path, arrays())
    result = evaluated(path, sequence=spec)
    assert result["sequence"] == spec
    assert (result["n_text"], result["n_video"]) == (5, 5)
    scores = expected(path, spec)
    owner = [list(result.ranks["video_ids"]).index(name) for name in result.ranks["text_ids"]]
    ranks = vrbench.metrics.ranks(scores, text_video=owner)
    assert np.array_equal(result.ranks["t2v"], ranks)


def test_the_two_directions_are_scored_on_their_own_similarities(tmp_path: Path) -> None:
    made = arrays()
    counts = np.random.default_rng(1).integers(1, 4, len(made["video"]))
    made["video_offsets"] = np.concatenate([[0], np.cumsum(counts)])
    tokens = np.repeat(made.pop("video"), counts, axis=0)
    made["video_tokens"] = tokens + np.random.default_rng(2).standard_normal(tokens.shape)
    result = evaluated(write(tmp_path, made), sequence="dtw:offset=0.2")
    info = result["sequence_info"]
    assert set(info) == {"t2v", "v2t"}
    assert info["t2v"]["negative"] != info["v2t"]["negative"]
    assert info["t2v"]["offset"] == 0.2
    assert 0 < info["t2v"]["negative"] < 1


def test_chunks_of_captions_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vrbench.evaluation.sources import sequences as sequence_sources

    path = write(tmp_path, arrays())
    whole = evaluated(path, sequence="dtw", norm="ncl")
    monkeypatch.setattr(sequence_sources, "CHUNK_BYTES", 1)
    parts = evaluated(path, sequence="dtw", norm="ncl")
    assert np.array_equal(whole.ranks["t2v"], parts.ranks["t2v"])
    assert whole["metrics"] == parts["metrics"]
    assert whole["sequence_info"]["t2v"] == pytest.approx(parts["sequence_info"]["t2v"])


def test_the_bank_goes_through_the_same_stage(tmp_path: Path) -> None:
    path = write(tmp_path, arrays())
    result = evaluated(path, sequence="cap-avg", norm="ncl")
    assert result["bank"]["kind"] == "train"
    assert (result["bank"]["n_text"], result["bank"]["n_video"]) == (3, 3)
    assert result["transductive"] is False


def test_a_bucket_is_set_on_the_bank_or_is_transductive(tmp_path: Path) -> None:
    made = arrays()
    path = write(tmp_path, made)
    result = evaluated(path, sequence="transport:bucket=0.3")
    bank = (made["bank_text"], made["bank_video"][made["bank_text_video"]])
    text, video = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in bank)
    value = np.quantile((text * video).sum(1), 0.3)
    assert result["sequence_info"]["t2v"]["bucket"] == pytest.approx(value)
    assert result["sequence_info"]["t2v"]["bucket_of"] == "train"
    assert result["transductive"] is False
    assert "transductive" not in labels.how(result.to_dict())
    own = evaluated(write(tmp_path, arrays(bank=False), "own"), sequence="transport:bucket=0.3")
    assert own["sequence_info"]["t2v"]["bucket_of"] == "test"
    assert own["transductive"] is True
    assert "transport:bucket=0.3 (transductive)" in labels.how(own.to_dict())


def test_what_exists_is_skipped_and_the_sequence_is_part_of_it(tmp_path: Path) -> None:
    path, out = write(tmp_path, arrays()), tmp_path / "results"
    for sequence in (None, "dtw", "dtw:offset=0", "dtw"):
        evaluated(path, sequence=sequence, out=out)
    files = sorted(file.name for file in out.glob("*.json"))
    assert len(files) == 3
    assert sum("dtw" in name for name in files) == 2


def test_limits_count_long_videos(tmp_path: Path) -> None:
    path = write(tmp_path, arrays())
    assert evaluated(path, sequence="dtw", limit=2)["n_video"] == 2
    chosen = evaluated(path, sequence="dtw", limit_ids=["long3", "long0", "long1"])
    assert sorted(chosen.ranks["video_ids"]) == ["long0", "long1", "long3"]


# --- similarity files


def from_sim(folder: Path, made: dict[str, Array], sequence: str, norm: str = "none") -> Result:
    np.savez(folder / "s.npz", allow_pickle=False, **made)
    return evaluate(folder / "s.npz", norm=norm, sequence=sequence)[0]


def test_a_similarity_file_names_the_sequences_of_its_rows_and_columns(tmp_path: Path) -> None:
    made = sim_arrays()
    for norm in ("none", "ncl"):
        result = from_sim(tmp_path, made, "dtw", norm)
        assert (result["method"], result["sequence"]) == (None, "dtw")
    scores = vrbench.sequences.score(made["t2v"], LENGTHS, LENGTHS, "dtw")
    raw = from_sim(tmp_path, made, "dtw")
    assert np.array_equal(raw.ranks["t2v"], vrbench.metrics.ranks(scores))
    bank = {
        "t2v": vrbench.sequences.score(made["bank_t2v"], BANK, LENGTHS, "cap-avg"),
        "v2t": vrbench.sequences.score(made["bank_v2t"], LENGTHS, BANK, "cap-avg"),
    }
    sim = vrbench.sequences.score(made["t2v"], LENGTHS, LENGTHS, "cap-avg")
    out = vrbench.normalize(sim, "ncl", bank=bank)
    ncl = from_sim(tmp_path, made, "cap-avg", "ncl")
    assert np.array_equal(ncl.ranks["t2v"], vrbench.metrics.ranks(out.t2v))


# --- what is refused


def without(*names: str) -> Callable[[dict[str, Array]], dict[str, Array]]:
    return lambda made: {key: value for key, value in made.items() if key not in names}


def change(name: str, row: int, value: Any) -> Callable[[dict[str, Array]], dict[str, Array]]:
    def changed(made: dict[str, Array]) -> dict[str, Array]:
        column = made[name].copy()
        column[row] = value
        return {**made, name: column}

    return changed


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without("text_sequence"), "/text in .*no column sequence"),
        (without("video_sequence"), "/video in .*no column sequence"),
        (without("video_position"), "neither position nor start"),
        (change("text_sequence", 0, "other"), "Text 'text0' belongs to sequence 'other'"),
        (
            lambda made: {**made, "video_position": np.zeros(len(made["video"]), dtype=int)},
            "have the same position 0",
        ),
    ],
)
def test_sequences_that_mean_nothing_are_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Array]], dict[str, Array]], says: str
) -> None:
    path = write(tmp_path, spoil(arrays()))
    with pytest.raises(InputError, match=says):
        evaluated(path, sequence="dtw")


def test_a_similarity_file_without_sequences_is_refused(tmp_path: Path) -> None:
    made = sim_arrays()
    with pytest.raises(InputError, match="has no text_sequence"):
        from_sim(tmp_path, without("text_sequence")(made), "dtw")
    with pytest.raises(InputError, match=r"text_sequence is .* expected names \(14,\)"):
        from_sim(tmp_path, {**made, "text_sequence": made["text_sequence"][1:]}, "dtw")
    with pytest.raises(InputError, match="has no bank_text_sequence"):
        from_sim(tmp_path, without("bank_text_sequence")(made), "dtw", "ncl")


def test_import_refuses_places_that_are_no_numbers(tmp_path: Path) -> None:
    made = arrays()
    with pytest.raises(InputError, match="nan in video_position, row 1"):
        write(
            tmp_path,
            change("video_position", 1, np.nan)(
                {**made, "video_position": made["video_position"].astype(float)}
            ),
        )
    with pytest.raises(InputError, match=r"text_sequence of shape \(3,\), expected \(14,\)"):
        write(tmp_path, {**made, "text_sequence": made["text_sequence"][:3]})
