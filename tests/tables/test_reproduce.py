"""``vrbench reproduce``: rows are measured as the papers measured them, or as the user says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_runs import refused, run
from long_videos import arrays, write
from small_features import write_features

from vrbench import published
from vrbench.results.result import load_all

K = "1,5,10,50"
NCL = "(Luo et al., 2021)"
Hand = dict[str, list[str]]
Cells = dict[tuple[str, str], float]

TOKENFLOW: Hand = {
    "Uniform [28]": ["--method", "uniform"],
    "Max-Avg [28]": ["--method", "max-avg"],
    "SCAN [14]": ["--method", "scan"],
    "EMD": ["--method", "emd"],
    "TokenFlow (Ours)": ["--method", "0.5*global+0.5*tokenflow:lam=10"],
}
GLOBAL = ["--method", "global"]
TRAIN = [*GLOBAL, "--bank", "train", "--norm"]
GROUPED = ["--v2t", "group-max"]
BY_HAND: dict[str, Hand] = {
    "tokenflow-5": {"CLIP4Clip [20]": GLOBAL, **TOKENFLOW},
    "tokenflow-6": {"CLIP-ViT-B/32 (fine-tune) [22] †": GLOBAL, **TOKENFLOW},
    "tokenflow-3": {
        "CLIP4Clip [20]": GLOBAL,
        "TokenFlow (Ours)": TOKENFLOW["TokenFlow (Ours)"],
    },
    "tokenflow-1": {"TokenFlow (Ours)": TOKENFLOW["TokenFlow (Ours)"]},
    "ncl-1": {f"CLIP4Clip {NCL}": GLOBAL, "NCL (Ours)": [*TRAIN, "ncl:gamma=0.01"]},
    "ncl-2": {
        f"CLIP4Clip {NCL}": [*GLOBAL, *GROUPED],
        "NCL (Ours)": [*TRAIN, "ncl:gamma=0.01", *GROUPED],
    },
    "ncl-3": {f"CLIP4Clip{NCL}": GLOBAL, "NCL (Ours)": [*TRAIN, "ncl:gamma=0.01"]},
    "ncl-4": {
        "SSB (Patrick et al., 2021)": GLOBAL,
        "SSB + NCL": [*TRAIN, "ncl:gamma=0.07"],
    },
    "ncl-5": {
        f"None {NCL}": GLOBAL,
        "Train queries": [*TRAIN, "ncl:gamma=0.01"],
        "Test queries (oracle)": [*GLOBAL, "--norm", "ncl:gamma=0.01", "--bank", "test"],
    },
    "ucofia-10": {"CLIP4Clip [14]": GLOBAL, "X-CLIP [15]": ["--method", "xclip"]},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a feature file ``f.h5`` whose videos have several texts."""
    monkeypatch.chdir(tmp_path)
    write_features(tmp_path / "f.h5", counts=(1, 2, 0, 3, 1, 1, 2, 1, 4, 2, 5, 1, 3, 1))
    return tmp_path


def measured(*words: str, file: str = "f.h5", command: str = "reproduce") -> Cells:
    """Return value by (row without method and data, column), as far as there are any."""
    files = [file] if command == "reproduce" else []
    done = run(command, words[0], *files, *words[1:], "--format", "json")
    assert done.code == 0, done.err
    return {
        (one["row"].rpartition(" [small")[0], one["column"]): one["value"]
        for one in json.loads(done.out)
        if one["kind"] == "measured" and one["value"] is not None
    }


def by_hand(*words: str) -> dict[str, float]:
    [result] = run("eval", "f.h5", *words, "--k", K, "--json", "-q", "--out", "hand").results
    return {
        f"{side} {metric}": number
        for side in ("t2v", "v2t")
        for metric, number in result["metrics"][side].items()
    }


@pytest.mark.parametrize("name", BY_HAND)
def test_every_cell_is_that_of_a_run_by_hand(name: str) -> None:
    cells = measured(name)
    columns = {column.measure for column in published.load(name).columns}
    expected: Cells = {}
    for row, words in BY_HAND[name].items():
        hand = by_hand(*words)
        [label] = {label for label, _ in cells if label.startswith(f"{row}: ")}
        expected |= {(label, column): hand[column] for column in columns}
    assert cells == expected


def test_the_choices_of_ncl_2_and_ncl_4_matter_on_this_file() -> None:
    grouped, best = by_hand(*GLOBAL, *GROUPED), by_hand(*GLOBAL)
    assert grouped["v2t MnR"] != best["v2t MnR"]
    assert by_hand(*TRAIN, "ncl:gamma=0.07") != by_hand(*TRAIN, "ncl")
    assert by_hand(*TOKENFLOW["TokenFlow (Ours)"]) != by_hand("--method", "tokenflow")


def test_a_row_is_measured_by_the_methods_that_the_user_says() -> None:
    specs = ["0.3*global+0.7*tokenflow:lam=5", "0.9*global+0.1*tokenflow"]
    words = [word for spec in specs for word in ("--method", f"TokenFlow={spec}")]
    cells = measured("tokenflow-5", *words, "--method", "SCAN=scan:lam=4")
    labels = {label for label, _ in cells}
    assert {f"TokenFlow (Ours): {spec}" for spec in specs} <= labels
    assert "SCAN [14]: scan:lam=4" in labels
    assert len(labels) == 7
    for spec in specs:
        assert cells[f"TokenFlow (Ours): {spec}", "t2v R@1"] == by_hand("--method", spec)["t2v R@1"]
    out = run("reproduce", "tokenflow-5", "f.h5", *words).out
    assert "Parameters: " in out
    assert "tokenflow:lam=5,level=frame; tokenflow:lam=10,level=frame" in out


def test_two_rows_of_one_method_keep_their_own_parameters() -> None:
    cells = measured("tokenflow-5", "--method", "EMD=scan:lam=1", "--method", "SCAN=scan:lam=50")
    labels = {label for label, _ in cells if "scan" in label}
    assert labels == {"EMD: scan:lam=1", "SCAN [14]: scan:lam=50"}


def test_rows_without_a_measurement_can_be_given_one() -> None:
    cells = measured("tokenflow-3", "--method", "ClipBERT=max-avg")
    assert cells["ClipBERT: max-avg", "t2v R@5"] == by_hand("--method", "max-avg")["t2v R@5"]


def test_norm_bank_ties_and_v2t_are_the_user_s() -> None:
    words = ["--norm", "ncl:gamma=0.05", "--norm", "dsl", "--bank", "test", "--v2t", "each-caption"]
    cells = measured("ncl-2", *words, "--ties", "pessimistic")
    same = ["--ties", "pessimistic", "--v2t", "each-caption", "--method", "global"]
    for norm in ("ncl:gamma=0.05", "dsl"):
        hand = by_hand(*same, "--norm", norm, "--bank", "test")
        [row] = {row for row, _ in cells if f"global, {norm}, bank test" in row}
        assert row.startswith("NCL (Ours): ")
        assert row.endswith("(transductive)")
        assert cells[row, "v2t R@1"] == hand["v2t R@1"]
    assert cells[f"CLIP4Clip {NCL}: global", "v2t MnR"] == by_hand(*same)["v2t MnR"]
    out = run("reproduce", "ncl-2", "f.h5", *words).out
    assert "v2t each-caption" in out.partition("Measured here")[2]
    every = {row for row, _ in measured("tokenflow-5", "--norm", "ncl")}
    assert len(every) == 6
    assert all(", ncl, bank train" in row for row in every)


def test_a_bank_stands_in_place_of_the_training_queries_only(folder: Path) -> None:
    write_features(folder / "bank.h5", seed=5)
    rows = {row for row, _ in measured("ncl-5", "--bank", "bank.h5")}
    assert {row.partition(", bank ")[2].partition(" ")[0] for row in rows} == {"", "file", "test"}
    write_features(folder / "bare.h5", bank=())
    rows = {row for row, _ in measured("ncl-1", "--bank", "rolling", file="bare.h5")}
    assert any("bank rolling" in row for row in rows)


def test_zero_shot_and_fine_tuned_rows_ask_which_one_it_is(folder: Path) -> None:
    done = run("reproduce", "tokenflow-1", "f.h5")
    for row, training in (("CLIP (zero-shot) [22]", "zero-shot"), ("CLIP4Clip [20]", "fine-tuned")):
        reason = f"if it is {training}, give --method '{row}=global'"
        # Markdown has a link's brackets escaped
        assert f"Left empty: {row}: f.h5 does not say" in done.out.replace("\\]", "]")
        assert reason in done.err
        assert reason in done.out
    cells = measured("tokenflow-1", "--method", "CLIP (zero-shot)=global")
    shown = {row.partition(":")[0] for row, _ in cells}
    assert shown == {"CLIP (zero-shot) [22]", "TokenFlow (Ours)"}
    refused(
        *("reproduce", "tokenflow-1", "f.h5", "--method", "CLIP (zero-shot)=global"),
        *("--method", "CLIP4Clip=global"),
        says="f.h5 does not say how its encoder was trained.*fine-tuned and zero-shot",
    )
    run("import", _arrays(folder), "--out", "z.h5", "--encoder", "CLIP zero-shot")
    done = run("reproduce", "tokenflow-4", "z.h5")
    row = "CLIP-ViT-B/32 (fine-tune) [22] †"
    assert f"Left empty: {row}: the encoder of z.h5 is zero-shot, the row's fine-tuned." in done.err
    assert "CLIP-ViT-B/32 (zero-shot) [22] †: global" in done.out


def _arrays(folder: Path) -> Path:
    import numpy as np

    rows = np.random.default_rng(0).standard_normal((2, 9, 8))
    np.savez(folder / "a.npz", text=rows[0], video=rows[1])
    return folder / "a.npz"


def test_sequence_rows_take_another_method(folder: Path) -> None:
    write(folder, arrays(), "long")
    plan = run("reproduce", "norton-1", "long.h5", "--method", "VideoCLIP=max-avg", "--dry-run").out
    assert [spec for spec in ("cap-avg", "dtw", "otam") if f"  max-avg, {spec}: " in plan] == [
        *("cap-avg", "dtw", "otam")
    ]
    assert "ties mean; v2t best-caption" in plan


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--method", "tokenflow"], "write ROW=SPEC"),
        (["--method", "=tokenflow"], "write ROW=SPEC"),
        (["--method", "SCANN=scan"], r"no row 'SCANN'. Did you mean 'SCAN"),
        (["--method", "SCAN=scam"], "Unknown method 'scam'"),
        (["--norm", "nlc"], "Unknown norm 'nlc'"),
        (["--bank", "test"], "--bank test changes nothing"),
        (["--norm", "ncl", "--bank", "none"], "needs a bank"),
        (["--v2t", "group-max", "--v2t", "best-caption"], "--v2t is given 2 times"),
    ],
)
def test_choices_that_cannot_be_are_one_sentence(words: list[str], says: str) -> None:
    refused("reproduce", "tokenflow-5", "f.h5", *words, says=says)
    assert not Path("results").exists()


def test_the_table_shows_what_reproduce_wrote_for_the_table() -> None:
    for name, n in (("tokenflow-5", 6), ("ncl-2", 2), ("ncl-4", 2)):
        cells = measured(name, "--out", name)
        assert measured(name, "--results", name, command="table") == cells
        assert len(load_all(Path(name))[0]) == n


def test_a_note_of_the_data_stands_under_every_table_that_is_made_of_them(folder: Path) -> None:
    import h5py

    said = "two clips were skipped"
    with h5py.File(folder / "f.h5", "r+") as file:
        file.attrs["notes"] = json.dumps([said])
    words = ["--method", "global", "-q"]
    for command in (
        ["eval", "f.h5", *words],
        ["tune", "f.h5", *words, "--norm", "ncl", "--try", "gamma=0.1"],
        ["reproduce", "ncl-1", "f.h5", "-q"],
        ["table"],
        ["table", "ncl-1", "--format", "terminal"],
        ["table", "ncl-1", "--format", "latex"],
    ):
        assert said in run(*command).out, command
    run("report", "results", "--out", "page.html")
    assert said in (folder / "page.html").read_text(encoding="utf-8").partition("Paired tests")[0]
