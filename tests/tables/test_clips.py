"""Tables of long videos: on windows of whole videos, or on clips with a caption each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from long_videos import LENGTHS, arrays, write
from sample_results import sample_result

from vrbench.features import open_features
from vrbench.published import load
from vrbench.results.result import load_all
from vrbench.sequences.engine.grouping import group_tokens
from vrbench.sequences.engine.windows import apart, uncaptioned, whole_windows
from vrbench.tables import paper_table
from vrbench.tables.matching import fill

Made = dict[str, Any]


def windows(seed: int = 0) -> Made:
    """Clips as windows of 16 s by their places, captions within the middle of their windows."""
    made = arrays(seed)
    for prefix in ("", "bank_"):
        start = 16.0 * made[f"{prefix}video_position"]
        made |= {f"{prefix}video_start": start, f"{prefix}video_end": start + 16}
        own = start[made[f"{prefix}text_video"]]
        made |= {f"{prefix}text_start": own + 4, f"{prefix}text_end": own + 9}
    return made


def test_windows_begin_at_0_and_have_no_gap(tmp_path: Path) -> None:
    def are(change: Callable[[Made], object]) -> bool:
        made = windows()
        change(made)
        with open_features(write(tmp_path, made)) as features:
            return whole_windows(features.video, group_tokens(features.video))

    def shift(made: Made, key: str, place: int, by: float) -> None:
        row = int(np.flatnonzero(made["video_position"] == place)[0])
        made[key] = made[key].copy()
        made[key][row] += by

    assert are(lambda made: None)
    assert are(lambda made: shift(made, "video_end", 1, 0.0004))
    assert not are(lambda made: shift(made, "video_end", 0, -2))
    assert not are(lambda made: shift(made, "video_start", 0, 1))
    assert not are(lambda made: made.pop("video_end"))


def test_a_clip_without_a_caption_in_its_place_is_found(tmp_path: Path) -> None:
    def found(made: Made) -> int | None:
        with open_features(write(tmp_path, made)) as features:
            texts, videos = group_tokens(features.text, captions=True), group_tokens(features.video)
            return uncaptioned(features.text_video, texts, videos)

    made = arrays()
    assert found(made) is None
    fewer = {k: v[1:] if k.startswith("text") else v for k, v in made.items()}
    missing = found(fewer)
    assert missing is not None
    assert missing not in fewer["text_video"] or fewer["video_sequence"][missing]
    same = [i for i, name in enumerate(made["text_sequence"]) if name == "long2"]
    crossed = {**made, "text_video": made["text_video"].copy()}
    crossed["text_video"][same[:2]] = made["text_video"][same[:2][::-1]]
    assert found(crossed) in made["text_video"][same[:2]]


def test_norton_2_needs_windows_and_norton_1_a_caption_for_each_clip(tmp_path: Path) -> None:
    clips = write(tmp_path, arrays(), "clips")
    says = "does not hold windows of whole videos, by start and end from second 0 on without a gap"
    refused("reproduce", "norton-2", clips, says=says)
    plain = {k: v for k, v in arrays().items() if "sequence" not in k and "position" not in k}
    refused("reproduce", "norton-2", write(tmp_path, plain, "plain"), says=says)
    made = windows()
    some = {k: v[2:] if k.startswith("text") else v for k, v in made.items()}
    kept = write(tmp_path, some, "kept")
    refused("reproduce", "norton-1", kept, says="has not one caption in its place, and norton-1")
    done = run("reproduce", "norton-2", kept, "--out", tmp_path / "r", "-q", "--format", "markdown")
    assert done.code == 0, done.err
    assert "dtw:background=true" in done.out
    assert "OTAM: VideoCLIP: global, otam:background=true" in done.out


def test_measured_rows_say_offset_scaling_and_signs(tmp_path: Path) -> None:
    path, out = write(tmp_path, windows(), "w"), tmp_path / "r"
    run("reproduce", "norton-2", path, "--out", out, "-q")
    found, _ = load_all(out)
    values = [result.values for result in found]
    [section] = [s for s in paper_table("norton-2", values).sections if s.kind == "measured"]
    said = [text for text in section.footnotes if "distance = 1 - similarity" in text]
    assert len(said) == 4  # dtw and otam, both directions
    for result in values:
        info: dict[str, Any] = dict(result.get("sequence_info") or {})
        for direction, about in info.items():
            if about["offset"] is not None:
                share = f"{100 * about['negative']:.1f} % of them negative"
                line = f"{result['method']}, {result['sequence']}, {direction}: distance = 1 - "
                assert any(
                    text.startswith(line) and share in text and "length scaling product" in text
                    for text in said
                )


def test_a_result_on_windows_is_not_one_on_clips(tmp_path: Path) -> None:
    whole, out = write(tmp_path, windows(), "w"), tmp_path / "r"
    run("eval", whole, "--method", "global", "--sequence", "cap-avg", "--out", out, "-q")
    clips = write(tmp_path, arrays(), "c")
    run("eval", clips, "--method", "global", "--sequence", "cap-avg", "--out", out, "-q")
    found, _ = load_all(out)
    values = [result.values for result in found]
    of = {name: fill(load(name), values) for name in ("norton-1", "norton-2")}
    rows = {name: next(iter(found.values())) for name, found in of.items()}
    assert [one["features"]["file"] for one in rows["norton-1"]] == ["c.h5"]
    assert [one["features"]["file"] for one in rows["norton-2"]] == ["w.h5"]
    notes = [note for note in paper_table("norton-1", values).notes if "is left out" in note]
    assert notes == [
        "global, cap-avg on long is left out: this table is measured on one clip for each caption, "
        "and the result is one on windows of whole videos."
    ]
    older = sample_result(sequence="cap-avg")
    [note] = [n for n in paper_table("norton-2", [older]).notes if "is left out" in n]
    assert "not known to be on windows of whole videos" in note


def quantile(path: Path, rows: Any, share: float) -> float:
    """The quantile of the dot products of captions and their clips, by hand."""
    with open_features(path) as features:
        t, v = (
            np.asarray(side.tokens, dtype=np.float64) for side in (features.text, features.video)
        )
        t, v = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (t, v))
        pairs = sorted(float(t[i] @ v[features.text_video[i]]) for i in rows)
    place = share * (len(pairs) - 1)
    low = int(place)
    high = min(low + 1, len(pairs) - 1)
    return pairs[low] + (place - low) * (pairs[high] - pairs[low])


def test_a_caption_of_another_time_is_named_and_its_pair_is_no_pair(tmp_path: Path) -> None:
    n, spec = sum(LENGTHS), "transport:bucket=0.3"
    words = "--method", "global", "--sequence", spec, "--json", "--precision", "double"
    [plain] = run("eval", write(tmp_path, windows(), "w"), *words, "--out", tmp_path / "a").results
    bucket = plain["sequence_info"]["t2v"]["bucket"]
    # with a bank the value would be the bank's
    assert plain["sequence_info"]["t2v"]["bucket_of"] == "train"
    made = {k: v for k, v in windows().items() if not k.startswith("bank_")}
    path = write(tmp_path, made, "x")
    [whole] = run("eval", path, *words, "--out", tmp_path / "b").results
    assert whole["sequence_info"]["t2v"]["bucket"] == pytest.approx(
        quantile(path, range(n), 0.3), abs=1e-9
    )
    assert bucket != whole["sequence_info"]["t2v"]["bucket"]
    assert not any("another time" in note for note in whole["notes"])
    made["text_start"] = made["text_start"].copy()
    made["text_end"] = made["text_end"].copy()
    made["text_start"][3] += 500
    made["text_end"][3] += 500
    path = write(tmp_path, made, "y")
    with open_features(path) as features:
        assert np.flatnonzero(apart(features.text, features.video)).tolist() == [3]
    [wrong] = run("eval", path, *words, "--out", tmp_path / "c").results
    left = [row for row in range(n) if row != 3]
    assert wrong["sequence_info"]["t2v"]["bucket"] == pytest.approx(
        quantile(path, left, 0.3), abs=1e-9
    )
    [note] = [note for note in wrong["notes"] if "another time" in note]
    assert note.startswith("Caption 'text3' (5")
    assert note.endswith("the bucket's value is that of the other pairs")


def test_two_sequences_are_a_grid(tmp_path: Path) -> None:
    path = write(tmp_path, arrays(), "f")
    words = "--method", "global", "--sequence", "dtw", "--sequence", "otam", "--json"
    done = run("eval", path, *words, "--out", tmp_path / "r")
    assert [one["sequence"] for one in json.loads(done.out)] == ["dtw", "otam"]
