from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from htm_cases import htm_case
from numpy.typing import NDArray

from vrbench.importing.to_features import import_arrays
from vrbench.tasks import htm_align

Array = NDArray[Any]


def save(folder: Path, **arrays: Array) -> Path:
    np.savez(folder / "a.npz", allow_pickle=False, **arrays)
    return import_arrays(folder / "a.npz", folder / "a.h5", overwrite=True)


def test_task_qa_reads_answers_and_labels(tmp_path: Path) -> None:
    video, text = np.eye(3), np.eye(3)[[0, 1, 2, 1, 0, 2]]
    rows = np.array([0, 0, 1, 1, 2, 2])
    path = save(tmp_path, video=video, text=text, text_video=rows, video_label=np.array([0, 1, 0]))
    (report,) = json.loads(run("task", "qa", path, "--json").out)
    assert report["accuracy"] == pytest.approx(200 / 3)
    assert report["chance"] == 50


def test_answers_are_counted_by_their_names(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    text, ids = rng.standard_normal((9, 4)), [f"v{i // 3}#{i % 3}" for i in range(9)]
    label = np.array([2, 0, 1])
    video = text[np.arange(3) * 3 + label]
    order = rng.permutation(9)
    names = {"text_ids": np.array(ids)[order], "video_ids": np.array(["v0", "v1", "v2"])}
    path = save(tmp_path, video=video, text=text[order], video_label=label, **names)
    assert json.loads(run("task", "qa", path, "--json").out)[0]["accuracy"] == 100


def test_task_classification_says_mean_and_spread(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    labels = np.repeat(np.arange(3), 10)
    video = 5 * np.eye(3)[labels] + rng.standard_normal((30, 3))
    path = save(tmp_path, video=video, text=video, video_label=labels)
    (report,) = json.loads(run("task", "classification", path, "--seeds", "4", "--json").out)
    assert len(report["of each seed"]) == 4
    assert report["accuracy"] == pytest.approx(np.mean(report["of each seed"]))
    assert report["std"] == pytest.approx(np.std(report["of each seed"]))
    assert report["accuracy"] > 90
    assert "accuracy" in run("task", "classification", path, "--seeds", "2").out


def test_task_htm_align_pools_the_sentences_of_all_videos(tmp_path: Path) -> None:
    cases = [htm_case(7), htm_case(8, 90, 15)]
    lengths = [len(case[0]) for case in cases]
    path = save(
        tmp_path,
        video_tokens=np.concatenate([case[0] for case in cases]),
        video_offsets=np.cumsum([0, *lengths]),
        text=np.concatenate([case[1] for case in cases]),
        text_start=np.concatenate([case[2] for case in cases]),
        text_end=np.concatenate([case[3] for case in cases]),
        text_label=np.concatenate([case[4] for case in cases]).astype(int),
        text_video=np.repeat([0, 1], [25, 15]),
    )
    (report,) = json.loads(run("task", "htm-align", path, "--json").out)
    hits = np.concatenate([htm_align(*case).hits for case in cases])
    assert report["recall"] == pytest.approx(100 * hits.mean())
    assert report["alignable"] == len(hits)


def test_task_ordering_reads_sequences(tmp_path: Path) -> None:
    path = save(
        tmp_path,
        video=np.eye(4),
        video_sequence=np.array(["a", "a", "b", "b"]),
        video_position=np.array([0, 1, 0, 1]),
        text=np.eye(4)[[1, 0, 2, 3]],
        text_video=np.array([1, 0, 2, 3]),
        text_sequence=np.array(["a", "a", "b", "b"]),
        text_position=np.array([0, 1, 0, 1]),
    )
    done = run("task", "ordering", path, "--method", "global", "--how", "dtw", "--json")
    (report,) = json.loads(done.out)
    assert (report["videos"], report["wholly in order"]) == (2, 100)


def test_task_segmentation_reads_arrays(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "s.npz",
        frames=np.eye(3),
        labels=np.array([1, 2, 2]),
        steps=np.eye(3),
        train_frames=np.eye(3),
        train_labels=np.array([1, 2, 2]),
    )
    names, head = json.loads(run("task", "segmentation", tmp_path / "s.npz", "--json").out)
    assert names["accuracy"] == pytest.approx(200 / 3)
    assert head["accuracy"] == 100


def test_tasks_say_what_a_file_lacks(tmp_path: Path) -> None:
    path = save(tmp_path, video=np.eye(3), text=np.eye(3))
    refused("task", "qa", path, says="no column label")
    refused("task", "classification", path, says="no column label")
    refused("task", "htm-align", path, says="no column start")
    refused("task", "ordering", path, says="no column sequence")
    refused("task", "ordering", tmp_path / "none.json", says="does not exist")
    np.savez(tmp_path / "s.npz", frames=np.eye(3), labels=np.zeros(3))
    refused("task", "segmentation", tmp_path / "s.npz", says="neither steps nor train_frames")
    (tmp_path / "empty").mkdir()
    refused("task", "segmentation", tmp_path / "empty", says=r"empty has no frames\.npy: it needs")
