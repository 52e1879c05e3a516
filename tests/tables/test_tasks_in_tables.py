"""Results of tasks: their files, what reads them, and the rows of papers' tables that they fill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run, stamps
from htm_cases import htm_case
from numpy.typing import NDArray

import vrbench
from vrbench.importing.to_features import import_arrays
from vrbench.results.result import load, load_all
from vrbench.tables import paper_table, results_table
from vrbench.tables.formats import Section

Array = NDArray[Any]


def save(path: Path, encoder: str = "", dataset: str = "data", **arrays: Any) -> Path:
    np.savez(path.with_suffix(".npz"), allow_pickle=False, **arrays)
    return import_arrays(
        path.with_suffix(".npz"), path, overwrite=True, encoder=encoder, dataset=dataset
    )


def answers(folder: Path, encoder: str = "") -> Path:
    """Three videos with two answers each; two of the three are found."""
    video, text = np.eye(3), np.eye(3)[[0, 1, 2, 1, 0, 2]]
    rows, label = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0])
    return save(
        folder / "qa.h5", encoder, video=video, text=text, text_video=rows, video_label=label
    )


def measured(name: str, folder: Path) -> Section:
    found, _ = load_all(folder)
    table = paper_table(name, [result.values for result in found])
    return next(section for section in table.sections if section.kind == "measured")


def filled(section: Section) -> dict[str, list[str]]:
    return {
        line.labels[0]: [cell.text for cell in line.cells]
        for line in section.lines
        if any(cell.text for cell in line.cells)
    }


def test_a_task_is_written_like_an_evaluation_and_not_measured_twice(tmp_path: Path) -> None:
    path, out = answers(tmp_path, "toy"), tmp_path / "r"
    first = run("task", "qa", path, "--json", "--out", out)
    [file] = out.glob("*.json")
    assert file.name.startswith("data-qa-none_")
    written = json.loads(file.read_text())
    vrbench.evaluate(path, "global", out=out)
    [other] = set(out.glob("*.json")) - {file}
    shared = json.loads(other.read_text()).keys() & written.keys()
    assert {"schema", "dataset", "features", "method", "bank", "protocol", "provenance"} <= shared
    assert written["task"] == {"spec": "qa", "report": json.loads(first.out)[0]}
    assert (written["n_text"], written["n_video"]) == (6, 3)
    assert written["metrics"] == {"t2v": {}, "v2t": {}}
    before = stamps(out)
    assert run("task", "qa", path, "--json", "--out", out).out == first.out
    assert stamps(out) == before
    run("task", "qa", path, "--out", out, "--overwrite")
    assert stamps(out)[file.name] != before[file.name]
    assert load(file).values["task"] == written["task"]


def test_whatever_reads_results_reads_those_of_tasks(tmp_path: Path) -> None:
    path, out = answers(tmp_path), tmp_path / "r"
    for word in ("qa", "classification"):
        assert run("task", word, path, "--out", out).code == 0
    vrbench.evaluate(path, ["global", "max-avg"], out=out)
    done = run("compare", out)
    assert done.code == 0
    assert "Note: 2 results of tasks in " in done.err
    [task] = out.glob("data-qa*.json")
    [plain] = out.glob("data-global*.json")
    refused("compare", task, plain, says="the task qa on data has no ranks to compare")
    assert run("report", out, "--out", tmp_path / "p.html").code == 0
    page = (tmp_path / "p.html").read_text()
    assert "<h3>Task qa</h3>" in page
    assert "<h3>Task classification</h3>" in page
    found, skipped = load_all(out)
    assert (len(found), skipped) == (4, [])
    table = results_table([result.values for result in found])
    assert [section.heading for section in table.sections] == [
        *("", "Task classification", "Task qa")
    ]
    [line] = table.sections[2].lines
    columns = [column.label for column in table.sections[2].columns]
    assert line.cells[columns.index("accuracy")].text == "66.7"
    frame = vrbench.Results(found).to_frame()
    assert frame["task"].dropna().tolist() == ["classification", "qa"]
    assert "accuracy 66.67" in repr(load(task))
    assert "qa" in repr(vrbench.Results(found))
    alone = results_table([load(task).values])
    assert [section.heading for section in alone.sections] == ["Task qa"]
    for form in ("markdown", "csv", "json", "latex", "terminal"):
        assert run("table", "--results", out, "--format", form).code == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"task": 3}, "task is 3, expected an object"),
        ({"task": {"spec": "qa"}}, "task.report is missing"),
        ({"task": {"spec": "qa", "report": {"accuracy": {}}}}, "task.report is"),
        ({"task": {"spec": "qa", "report": {"accuracy": [[1]]}}}, "task.report is"),
        ({"n_text": -1}, "n_text is -1"),
    ],
)
def test_a_changed_task_result_is_one_sentence(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    run("task", "qa", answers(tmp_path), "--out", tmp_path / "r")
    [file] = (tmp_path / "r").glob("*.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    refused("compare", file, file, says=says)
    assert run("table", "norton-6", "--results", tmp_path / "r").code == 0


@pytest.mark.parametrize("training", ["zero-shot", "fine-tuned", ""])
def test_norton_6_is_filled_by_the_training_that_the_encoder_states(
    tmp_path: Path, training: str
) -> None:
    path, out = answers(tmp_path, f"VideoCLIP {training}".strip()), tmp_path / "r"
    run("task", "qa", path, "--out", out)
    found, _ = load_all(out)
    table = paper_table("norton-6", [result.values for result in found])
    rows = {
        label: texts
        for section in table.sections
        if section.kind == "measured"
        for label, texts in filled(section).items()
    }
    row = "VideoCLIP (Xu et al., 2021): qa"
    expected = {"zero-shot": f"zero-shot: {row}", "fine-tuned": row}
    assert rows == ({expected[training]: ["66.7"]} if training else {})
    said = [note for note in table.notes if "does not say its training" in note]
    assert bool(said) == (training == "")
    assert all("say it in the name of the encoder or of the split" in note for note in said)


def test_norton_9_tells_the_protocols_apart(tmp_path: Path) -> None:
    video, text, start, end, shown = htm_case(7, 400, 60)
    text = text + 0.8 * np.random.default_rng(60).standard_normal(text.shape)
    path = save(
        tmp_path / "htm.h5",
        video_tokens=video,
        video_offsets=np.array([0, len(video)]),
        text=text,
        text_start=start,
        text_end=end,
        text_label=shown.astype(int),
        text_video=np.zeros(len(text), dtype=int),
    )
    words = "--protocol", "global", "--protocol", "window", "--json"
    done = run("task", "htm-align", path, *words, "--out", tmp_path / "r")
    whole, window = (f"{one['recall']:.1f}" for one in json.loads(done.out))
    assert whole != window
    section = measured("norton-9", tmp_path / "r")
    assert filled(section) == {
        "CLIP (ViT-B/32) (Radford et al., 2021): htm-align:protocol=global": [whole],
        "MIL-NCE (Miech et al., 2020): htm-align": [window],
        "VideoCLIP (Xu et al., 2021): htm-align": [window],
    }
    assert any("htm-align:protocol=window,window=32,step=8" in said for said in section.footnotes)
    [left] = [n for n in paper_table("norton-9", []).notes if n.startswith("Left empty")]
    assert "Norton (Ours): only its loss, clip-caption+0.1*video-paragraph, tells it from" in left
    assert "vrbench train, then vrbench task htm-align --head" in left


def test_norton_4_is_the_cross_entropy_head_and_modality_structure_1_the_clusters(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 8)
    x = np.eye(3)[y] + 0.6 * rng.standard_normal((24, 3))
    np.savez(tmp_path / "coin.npz", frames=x[::2], labels=y[::2], train_frames=x[1::2],
             train_labels=y[1::2])  # fmt: skip
    words = "--classifier", "ridge", "--classifier", "cross-entropy", "--json"
    done = run("task", "segmentation", tmp_path / "coin.npz", *words, "--out", tmp_path / "r")
    cross = json.loads(done.out)[1]
    assert cross["classifier"] == "cross-entropy"
    section = measured("norton-4", tmp_path / "r")
    assert filled(section) == {
        "VideoCLIP (Xu et al., 2021): segmentation:by=cross-entropy": [f"{cross['accuracy']:.1f}"]
    }
    assert any("background=none,reg=1" in said for said in section.footnotes)
    path = save(tmp_path / "ucf101.h5", dataset="ucf101", video=x, text=x, video_label=y)
    done = run("task", "classification", path, "--json", "--out", tmp_path / "r")
    accuracy = f"{json.loads(done.out)[0]['accuracy']:.1f}"
    section = measured("modality-structure-1", tmp_path / "r")
    assert filled(section) == {"EAO [13]: classification": [accuracy]}
    assert "ucf101" in section.about


def test_a_head_goes_before_the_task_and_fills_the_row_of_its_loss(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    text = rng.standard_normal((24, 6))
    video = text @ rng.standard_normal((6, 6)) + 0.3 * rng.standard_normal((24, 6))
    names = np.array([f"v{i}" for i in range(24)])
    train = save(tmp_path / "t.h5", "enc", video=video, text=text, video_ids=names)
    y = np.arange(12) % 2
    own: dict[str, Any] = {"video_ids": np.array([f"w{i}" for i in range(12)]), "video_label": y}
    test = save(tmp_path / "f.h5", "enc", video=video[:12] + y[:, None], text=text[:12], **own)
    head = tmp_path / "h.safetensors"
    words = "--loss", "infonce+sspc:anchors=4,k=2", "--method", "global", "--epochs", "1"
    done = run("train", "linear", train, *words, "--batch", "8", "--out", head)
    assert done.code == 0, done.err
    plain = run("task", "classification", test, "--json", "--out", tmp_path / "r")
    behind = run("task", "classification", test, "--head", head, "--json", "--out", tmp_path / "r")
    assert behind.code == 0, behind.err
    assert len(load_all(tmp_path / "r")[0]) == 2
    section = measured("modality-structure-1", tmp_path / "r")
    found = filled(section)
    assert list(found) == [
        "EAO [13]: classification",
        "Ours: classification, head linear (infonce+sspc:anchors=4,k=2, h.safetensors)",
    ]
    [accuracy] = json.loads(plain.out)
    assert found["EAO [13]: classification"] == [f"{accuracy['accuracy']:.1f}"]
    refused("task", "qa", test, "--head", tmp_path / "none", says="none")
    refused("task", "classification", train, "--head", head, says="was trained on")


def test_reproduce_says_what_measures_the_rows_of_a_task(tmp_path: Path) -> None:
    done = run("reproduce", "norton-9", answers(tmp_path), "--dry-run")
    assert "vrbench task htm-align --out RESULTS measures it" in done.out


def test_a_task_on_a_closed_or_foreign_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "no.h5").write_text("no")
    for word in ("qa", "classification", "htm-align", "segmentation", "ordering"):
        refused("task", word, tmp_path / "no.h5", says="no.h5")
    nan = {"frames": np.full((2, 2), np.nan), "labels": np.zeros(2), "steps": np.eye(2)}
    np.savez(tmp_path / "nan.npz", allow_pickle=False, **nan)
    refused("task", "segmentation", tmp_path / "nan.npz", says="frame 0 holds NaN or infinity")
    empty = {"frames": np.zeros((0, 2)), "labels": np.zeros(0), "steps": np.eye(2)}
    np.savez(tmp_path / "none.npz", allow_pickle=False, **empty)
    refused("task", "segmentation", tmp_path / "none.npz", says=r"expected \(n, d\), \(n,\)")
    refused("task", "segmentation", tmp_path / "nan.npz", "--train", tmp_path / "no.h5",
            says="holds arrays, with train_frames")  # fmt: skip
