"""Tasks on whole videos with a row a second: from annotations to numbers, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from htm_cases import htm_case
from numpy.typing import NDArray
from small_annotations import write

from vrbench.features import open_features
from vrbench.importing.to_features import import_arrays
from vrbench.tasks import htm_align

Array = NDArray[Any]
Case = tuple[Array, Array, Array, Array, Array]


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path.with_suffix(".npz"), allow_pickle=False, **arrays)
    return import_arrays(path.with_suffix(".npz"), path, overwrite=True)


def aligned(folder: Path, *cases: Case, **more: Any) -> Path:
    """A feature file of HTM-Align cases."""
    lengths = [len(case[0]) for case in cases]
    return save(
        folder / "htm.h5",
        video_tokens=np.concatenate([case[0] for case in cases]),
        video_offsets=np.cumsum([0, *lengths]),
        text=np.concatenate([case[1] for case in cases]),
        text_start=np.concatenate([case[2] for case in cases]),
        text_end=np.concatenate([case[3] for case in cases]),
        text_label=np.concatenate([case[4] for case in cases]).astype(int),
        text_video=np.repeat(np.arange(len(cases)), [len(case[1]) for case in cases]),
        **more,
    )


def slow_global(video: Array, text: Array, start: Array, end: Array, shown: Array) -> list[bool]:
    hits = []
    for i in np.flatnonzero(shown):
        cosines = [
            float(text[i] @ v) / float(np.linalg.norm(text[i]) * np.linalg.norm(v)) for v in video
        ]
        best = cosines.index(max(cosines))
        hits.append(math.floor(start[i]) <= best <= math.ceil(end[i]))
    return hits


def noisy(case: Case) -> Case:
    """A case whose sentences are further from their seconds."""
    video, text, start, end, shown = case
    far = text + 0.8 * np.random.default_rng(len(text)).standard_normal(text.shape)
    return video, far, start, end, shown


def test_both_protocols_are_measured_side_by_side(tmp_path: Path) -> None:
    cases = [noisy(htm_case(7, 400, 60)), noisy(htm_case(8, 300, 40))]
    path = aligned(tmp_path, *cases)
    words = "--protocol", "window", "--protocol", "global", "--json"
    window, whole = json.loads(run("task", "htm-align", path, *words).out)
    assert (window["protocol"], whole["protocol"]) == ("window", "global")
    slow = [hit for case in cases for hit in slow_global(*case)]
    assert whole["recall"] == pytest.approx(100 * np.mean(slow), abs=1e-9)
    hits = np.concatenate([htm_align(*case).hits for case in cases])
    assert window["recall"] == pytest.approx(100 * hits.mean(), abs=1e-9)
    assert whole["recall"] != window["recall"]
    shorter = json.loads(run("task", "htm-align", path, "--window", "16", "--json").out)[0]
    hits = np.concatenate([htm_align(*case, window=16).hits for case in cases])
    assert shorter["recall"] == pytest.approx(100 * hits.mean(), abs=1e-9)


@pytest.mark.parametrize("seconds", [1, 10, 16])
def test_a_video_of_half_a_window_is_one_window(seconds: int) -> None:
    rng = np.random.default_rng(seconds)
    video = rng.standard_normal((seconds, 4))
    text = video[rng.integers(0, seconds, 3)] * 2.0
    start = np.arange(3) % seconds * 1.0
    shown = [1, 1, 0]
    second, _, _ = htm_align(video, text, start, start + 1, shown)
    whole = htm_align(video, text, start, start + 1, shown, protocol="global").second
    assert second.tolist() == whole.tolist()
    assert [float(video[s] @ t) > 0 for s, t in zip(second, text, strict=True)] == [True] * 3


def test_clips_and_other_rates_are_refused(tmp_path: Path) -> None:
    case = htm_case(7, 40, 6)
    clips = aligned(tmp_path, case, video_sequence=np.array(["v"]), video_position=np.array([0]))
    says = "holds clips of long videos .column sequence., and htm-align reads whole ones"
    refused("task", "htm-align", clips, says=says)
    timed = aligned(tmp_path, case, video_start=np.array([2.0]), video_end=np.array([9.0]))
    refused("task", "htm-align", timed, says=r"holds clips of long videos \(column start\)")
    refused("task", "segmentation", timed, says=r"\(column start\), and segmentation reads whole")
    none = (*case[:4], np.zeros(6))
    refused("task", "htm-align", aligned(tmp_path, none), says="no alignable text")
    late = aligned(tmp_path, (*case[:2], case[2] + 9, case[3], case[4]))
    refused("task", "htm-align", late, says="give each item a start and, not before it, an end")
    path = aligned(tmp_path, case)
    refused("task", "htm-align", path, "--protocol", "globe", says="must be one of window, global")
    words = "--protocol", "global", "--window", "16"
    refused("task", "htm-align", path, *words, says="protocol=global has no windows")


SPEECH = {
    "v": [[1, 0.2, 1.4, "a red square"], [0, 1.5, 2.5, "hello there"]],
    "w": [[1, 3.0, 4.0, "a blue square"], [1, 0, 1, "green"]],
}
STEPS = {
    name: {
        "class": "Cook",
        "subset": subset,
        "annotation": [
            {"id": "3", "segment": [0.0, 2.0], "label": "stir"},
            {"id": "5", "segment": [2.0, 4.0], "label": "cut"},
        ],
    }
    for name, subset in (("v", "testing"), ("w", "training"))
}


@pytest.fixture
def filmed(tmp_path: Path) -> Path:
    """Two videos of five seconds, with the annotations of HTM-Align and of COIN."""
    pytest.importorskip("av")
    from toy_files import moving, write_video

    (tmp_path / "videos").mkdir()
    for seed, name in enumerate("vw"):
        write_video(tmp_path / "videos" / f"{name}.mp4", moving(125, seed=seed))
    write(tmp_path, htm_align_json=SPEECH, COIN_json={"database": STEPS})
    return tmp_path


def extracted(folder: Path, dataset: str, split: str, out: str, *more: str) -> Path:
    words = ("--dataset", dataset, "--annotations", str(folder), "--split", split, *more)
    out_ = folder / out
    done = run("extract", "--videos", folder / "videos", *words, "--encoder", "toy", "--out", out_)
    assert done.code == 0, done.err
    return out_


def test_htm_align_goes_from_annotations_to_the_task(filmed: Path) -> None:
    path = extracted(filmed, "htm-align", "test", "htm.h5")
    with open_features(path) as features:
        assert features.video.lengths.tolist() == [5, 5]
        assert features.attrs["frames"] == "fps:1"
        columns = features.text.item_columns
        assert columns["start"].tolist() == [0.2, 1.5, 3.0, 0.0]
        assert columns["end"].tolist() == [1.4, 2.5, 4.0, 1.0]
        assert list(map(str, columns["label"])) == ["1", "0", "1", "1"]
        assert set(features.video.item_columns) == set()
    done = run("task", "htm-align", path, "--json", "--protocol", "global", "--protocol", "window")
    whole, window = json.loads(done.out)
    assert (whole["videos"], whole["texts"], whole["alignable"]) == (2, 4, 3)
    assert window["alignable"] == 3
    sparse = extracted(filmed, "htm-align", "test", "sparse.h5", "--frames", "uniform:2")
    refused("task", "htm-align", sparse, says="has 2 rows, the last at 3.7 s, and htm-align needs")
    clips = extracted(filmed, "htm-align:unit=clips", "test", "clips.h5")
    refused("task", "htm-align", clips, says="holds clips of long videos")


def test_coin_goes_from_annotations_to_the_task(filmed: Path) -> None:
    test = extracted(filmed, "coin:unit=timed", "test", "test.h5")
    train = extracted(filmed, "coin:unit=timed", "train", "train.h5")
    words = "--classifier", "cross-entropy", "--classifier", "ridge", "--json"
    done = run("task", "segmentation", test, "--train", train, *words)
    names, ridge, cross = json.loads(done.out)
    assert (ridge["classifier"], cross["classifier"]) == ("ridge", "cross-entropy")
    assert {one["frames"] for one in (names, ridge, cross)} == {5}
    assert names["largest label"] == pytest.approx(40)
    (alone,) = json.loads(run("task", "segmentation", test, "--json").out)
    assert alone["how"] == "step names"
    refused("task", "segmentation", test, "--train", test, says="'v' of .*test.h5 is also a test")
    refused("task", "segmentation", test, "--classifier", "ridg", says="Did you mean 'ridge'")
    refused("task", "segmentation", test, "--reg", "0", says="reg must be positive")
