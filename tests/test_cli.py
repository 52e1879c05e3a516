from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from small_features import BANK_COUNTS, COUNTS, write_features
from typer.testing import CliRunner

import vrbench
from vrbench.alignments import driver
from vrbench.cli import commands  # noqa: F401  registers every command
from vrbench.cli.app import app
from vrbench.evaluation import scorer

Array = NDArray[Any]

OWNER = np.repeat(np.arange(len(COUNTS)), COUNTS)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def results(self) -> list[dict[str, Any]]:
        """What ``--json`` printed."""
        found: list[dict[str, Any]] = json.loads(self.out)
        return found


def run(*words: str | Path) -> Done:
    """Run ``vrbench words`` in this process; an exception is a traceback and fails the test."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def refused(*words: str | Path, says: str) -> str:
    """Run a command that has to end with one sentence on stderr, exit code 2 and no output."""
    done = run(*words)
    assert done.code == 2, done
    assert not done.out
    message = done.err.strip()
    assert message.count("\n") == 0, "one line"
    assert message.startswith("vrbench: ")
    assert re.search(says, message), message
    assert re.search(r"[^.][.?]$", message), "a whole sentence"
    return message


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a feature file ``f.h5``."""
    monkeypatch.chdir(tmp_path)
    write_features(tmp_path / "f.h5")
    return tmp_path


def stamps(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in sorted(folder.iterdir())}


def random_sim(seed: int = 0, n: int = 6) -> Array:
    return np.random.default_rng(seed).uniform(-0.2, 0.5, (n, n))


# --- eval on features


@pytest.mark.usefixtures("place")
def test_eval_prints_a_table_and_keeps_results() -> None:
    done = run("eval", "f.h5", "--method", "max-avg", "--norm", "none", "--norm", "ncl")
    assert done.code == 0
    assert "max-avg" in done.out
    assert "ncl" in done.out
    assert "Text to video" in done.out
    assert "Video to text" in done.out
    assert "R@1" in done.out
    assert len(list(Path("results").glob("*.json"))) == 2
    assert len(list(Path("results").glob("*.npz"))) == 2


@pytest.mark.usefixtures("place")
def test_the_printed_numbers_are_those_of_the_result() -> None:
    done = run("eval", "f.h5", "--method", "global", "-q")
    (result,) = run("eval", "f.h5", "--method", "global", "--json").results
    for direction, title in (("t2v", "Text to video"), ("v2t", "Video to text")):
        metrics = result["metrics"][direction]
        table = done.out[done.out.index(title) :]
        row = next(line for line in table.splitlines() if "global" in line)
        numbers = [float(word) for word in re.findall(r"\d+\.\d", row)]
        expected = [metrics[key] for key in ("R@1", "R@5", "R@10", "MdR", "MnR")]
        assert numbers[:5] == pytest.approx(expected, abs=0.05 + 1e-9)


@pytest.mark.usefixtures("place")
def test_json_is_a_list_of_the_results_and_nothing_else() -> None:
    done = run("eval", "f.h5", "--method", "global", "--norm", "none", "--norm", "dsl", "--json")
    assert [result["norm"] for result in done.results] == ["none", "dsl"]
    for result in done.results:
        file = (Path("results") / result["ranks"]).with_suffix(".json")
        assert json.loads(file.read_text()) == result


@pytest.mark.usefixtures("place")
def test_quiet_says_nothing_on_stderr() -> None:
    done = run("eval", "f.h5", "--method", "global", "--quiet", "--json")
    assert done.err == ""
    assert done.results


@pytest.mark.usefixtures("place")
def test_what_exists_is_skipped_unless_overwritten() -> None:
    first = run("eval", "f.h5", "--method", "global", "--json")
    before = stamps(Path("results"))
    again = run("eval", "f.h5", "--method", "global", "--json")
    assert stamps(Path("results")) == before
    assert again.results == first.results
    assert "1 of 1 results exist in results" in again.err
    over = run("eval", "f.h5", "--method", "global", "--json", "--overwrite")
    after = stamps(Path("results"))
    assert set(after) == set(before)
    assert all(after[name] != before[name] for name in before)
    assert over.results[0]["metrics"] == first.results[0]["metrics"]


@pytest.mark.usefixtures("place")
def test_the_order_is_that_of_files_methods_and_norms() -> None:
    write_features(Path("g.h5"), seed=3)
    words = ("eval", "g.h5", "f.h5", "--method", "scan", "--method", "global")
    done = run(*words, "--norm", "ncl", "--norm", "none", "--json")
    found = [(r["features"]["file"], r["method"], r["norm"]) for r in done.results]
    assert found == [
        (f, m, n) for f in ("g.h5", "f.h5") for m in ("scan", "global") for n in ("ncl", "none")
    ]


@pytest.mark.usefixtures("place")
def test_a_dry_run_writes_nothing_and_says_what_there_is_to_do() -> None:
    run("eval", "f.h5", "--method", "global")
    before = stamps(Path())
    done = run("eval", "f.h5", "--method", "global", "--method", "scan", "--dry-run")
    assert done.code == 0
    assert stamps(Path()) == before
    assert len(list(Path("results").iterdir())) == 2
    lines = done.out.splitlines()
    assert f"{len(OWNER)} texts x {len(COUNTS)} videos" in lines[0]
    assert re.search(r"global: exists", done.out)
    assert re.search(rf"scan: {len(OWNER) * len(COUNTS)} pairs", done.out)


@pytest.mark.usefixtures("place")
def test_limits_are_flagged_wherever_the_result_is_shown() -> None:
    (result,) = run("eval", "f.h5", "--method", "global", "--limit", "4", "--json").results
    assert result["n_video"] == 4
    assert result["limit"] == {"first": 4, "ids": None}
    assert "limited" in run("eval", "f.h5", "--method", "global", "--limit", "4").out
    assert "limited" in run("table").out
    Path("ids.txt").write_text("video5\n\n video1 \n")
    words = ("eval", "f.h5", "--method", "global", "--limit-ids", "ids.txt")
    (result,) = run(*words, "--json").results
    assert (result["n_video"], result["n_text"]) == (2, COUNTS[1] + COUNTS[5])
    assert "limited" in run(*words).out


@pytest.mark.usefixtures("place")
def test_k_is_obeyed() -> None:
    (result,) = run("eval", "f.h5", "--k", "2,7,50", "--json").results
    assert list(result["metrics"]["t2v"]) == ["R@2", "R@7", "R@50", "MdR", "MnR", "tied"]
    assert result["metrics"]["t2v"]["R@50"] == 100
    assert "R@50" in run("eval", "f.h5", "--k", "2,7,50").out


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("v2t", ["group-max", "best-caption", "each-caption"])
@pytest.mark.parametrize("ties", ["mean", "optimistic", "pessimistic"])
def test_the_protocol_is_obeyed(ties: str, v2t: str) -> None:
    words = ("--ties", ties, "--v2t", v2t, "--method", "global", "--json")
    (result,) = run("eval", "f.h5", *words).results
    assert result["protocol"] == {"ties": ties, "v2t": v2t}
    (other,) = vrbench.evaluate("f.h5", "global", ties=ties, v2t=v2t)
    assert result["metrics"] == other["metrics"]


@pytest.mark.usefixtures("place")
def test_the_seed_precision_and_command_are_recorded() -> None:
    words = ("--seed", "7", "--precision", "double", "--device", "cpu", "--workers", "1")
    (result,) = run("eval", "f.h5", *words, "--json").results
    made = result["provenance"]
    assert (made["seed"], made["precision"], made["device"]) == (7, "double", "cpu")


# --- banks


@pytest.mark.usefixtures("place")
def test_banks_are_named_and_transductive_ones_marked() -> None:
    size = f"{sum(BANK_COUNTS)} x {len(BANK_COUNTS)}"
    train = run("eval", "f.h5", "--norm", "ncl").out
    assert f"train {size}" in train
    assert "(transductive)" not in train
    for words in (("ncl", "--bank", "test"), ("dsl",), ("ncl:marginals=captions",)):
        assert "(transductive)" in run("eval", "f.h5", "--norm", *words).out
    table = run("table").out
    assert table.count("(transductive)") == 3


@pytest.mark.usefixtures("place")
def test_a_norm_without_a_bank_is_refused_with_the_way_out() -> None:
    write_features(Path("bare.h5"), bank=())
    message = refused("eval", "bare.h5", "--norm", "ncl", says="--bank test")
    assert "bare.h5" in message
    assert "ncl" in message
    assert not Path("results").exists()
    assert run("eval", "bare.h5", "--norm", "ncl", "--bank", "test").code == 0
    assert run("eval", "bare.h5", "--norm", "dsl").code == 0


@pytest.mark.usefixtures("place")
def test_a_feature_file_and_a_similarity_file_can_be_the_bank() -> None:
    write_features(Path("other.h5"), seed=4, counts=(1, 1, 2))
    (result,) = run("eval", "f.h5", "--norm", "ncl", "--bank", "other.h5", "--json").results
    assert result["bank"] == {"kind": "file", "n_text": 4, "n_video": 3}
    with vrbench.open("f.h5") as f:
        assert f.bank_text is not None
        assert f.bank_video is not None
        np.savez(
            "bank.npz",
            t2v=np.zeros((2, 2)),
            bank_t2v=vrbench.score(f.bank_text, f.video).t2v[:, :2],
            bank_v2t=vrbench.score(f.text, f.bank_video).v2t[:2],
        )
        np.savez(
            "right.npz",
            t2v=vrbench.score(f.text, f.video).t2v,
            text_video=OWNER,
            bank_t2v=vrbench.score(f.bank_text, f.video).t2v,
            bank_v2t=vrbench.score(f.text, f.bank_video).v2t,
        )
    (result,) = run("eval", "f.h5", "--norm", "ncl", "--bank", "right.npz", "--json").results
    (train,) = run("eval", "f.h5", "--norm", "ncl", "--json").results
    assert result["bank"]["kind"] == "file"
    assert result["metrics"] == train["metrics"]
    words = ("eval", "f.h5", "--norm", "ncl", "-q", "--bank", "bank.npz")
    assert "shape" in refused(*words, says="bank")


# --- similarity files


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("norm", ["none", "ncl", "dsl"])
def test_what_is_saved_and_read_again_gives_the_same(norm: str) -> None:
    words = ("--method", "scan", "--norm", norm, "--save-sim", "s.npz", "--json")
    (saved,) = run("eval", "f.h5", *words).results
    with np.load("s.npz", allow_pickle=False) as file:
        arrays = dict(file)
    assert arrays["t2v"].shape == arrays["v2t"].shape == (len(OWNER), len(COUNTS))
    np.testing.assert_array_equal(arrays["text_video"], OWNER)
    assert str(arrays["norm"]) == norm
    assert ("raw_t2v" in arrays) == (norm != "none")
    (read,) = run("eval", "--from-sim", "s.npz", "--json").results
    assert read["method"] is None
    assert read["metrics"] == saved["metrics"]
    (again,) = run(
        "eval", "--from-sim", "s.npz", "--norm", "ncl", "--bank", "test", "--json"
    ).results
    (direct,) = run(
        *("eval", "f.h5", "--method", "scan", "--norm", "ncl", "--bank", "test", "--json")
    ).results
    assert again["metrics"] == direct["metrics"]
    assert again["diagnostics"] == direct["diagnostics"]


@pytest.mark.usefixtures("place")
def test_the_saved_bank_is_the_train_bank() -> None:
    words = ("eval", "f.h5", "--method", "scan", "--norm", "ncl")
    (direct,) = run(*words, "--save-sim", "s.npz", "--json").results
    (read,) = run("eval", "--from-sim", "s.npz", "--norm", "ncl", "--json").results
    assert read["bank"] == direct["bank"]
    assert read["metrics"] == direct["metrics"]
    assert read["diagnostics"] == direct["diagnostics"]


@pytest.mark.usefixtures("place")
def test_a_norm_on_raw_matrices_does_not_say_that_they_were_normalized() -> None:
    run("eval", "f.h5", "--method", "scan", "--norm", "dsl", "--save-sim", "s.npz")
    words = ("eval", "--from-sim", "s.npz", "--norm", "ncl", "--bank", "test")
    assert "already" not in run(*words).out
    assert "already dsl" in run("eval", "--from-sim", "s.npz").out


@pytest.mark.usefixtures("place")
def test_a_second_norm_needs_the_raw_matrices() -> None:
    np.savez("s.npz", t2v=random_sim(), norm="ncl")
    assert run("eval", "--from-sim", "s.npz").code == 0
    message = refused("eval", "--from-sim", "s.npz", "--norm", "dsl", "-q", says="raw_t2v")
    assert "s.npz" in message
    assert "'ncl'" in message
    np.savez("s.npz", t2v=random_sim(), norm="ncl", raw_t2v=random_sim(1))
    (found,) = run("eval", "--from-sim", "s.npz", "--norm", "dsl", "--json").results
    np.savez("raw.npz", t2v=random_sim(1))
    (expected,) = run("eval", "--from-sim", "raw.npz", "--norm", "dsl", "--json").results
    assert found["metrics"] == expected["metrics"]


@pytest.mark.usefixtures("place")
def test_given_and_raw_matrices_are_told_apart_in_one_grid() -> None:
    np.savez("s.npz", t2v=random_sim(), norm="ncl", raw_t2v=random_sim(1))
    norms = ("none", "dsl", "none", "center")
    words = [word for norm in norms for word in ("--norm", norm)]
    grid = run("eval", "--from-sim", "s.npz", "--bank", "test", *words, "--json").results
    assert [result["norm"] for result in grid] == ["none", "dsl", "center"]
    for result in grid:
        one = ("--norm", result["norm"], "--bank", "test", "--out", "other", "--json")
        (alone,) = run("eval", "--from-sim", "s.npz", *one).results
        assert alone["metrics"] == result["metrics"]


@pytest.mark.usefixtures("place")
def test_a_matrix_normalized_elsewhere_can_be_measured() -> None:
    np.savez("s.npz", t2v=random_sim(), norm="something-of-theirs:x=1")
    done = run("eval", "--from-sim", "s.npz", "--json")
    assert done.code == 0
    np.savez("plain.npz", t2v=random_sim())
    (plain,) = run("eval", "--from-sim", "plain.npz", "--json").results
    assert done.results[0]["metrics"] == plain["metrics"]


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("name", ["sims", "sims.bin", "sims.v1", "deep/er/s.npz"])
def test_similarities_are_saved_under_the_name_given(name: str) -> None:
    assert run("eval", "f.h5", "--method", "global", "--save-sim", name).code == 0
    with np.load(name, allow_pickle=False) as file:
        assert file["t2v"].shape == (len(OWNER), len(COUNTS))
    assert [file.name for file in Path(name).parent.iterdir() if file.name.startswith(".")] == []


@pytest.mark.usefixtures("place")
def test_a_similarity_file_keeps_what_is_said_of_the_data() -> None:
    with h5py.File("f.h5", "r+") as file:
        file.attrs["missing"] = json.dumps({"video": 3})
    assert run("eval", "f.h5", "--method", "global", "--save-sim", "s.npz").code == 0
    again = run("eval", "--from-sim", "s.npz", "--json")
    (said,) = again.results[0]["notes"]
    assert said.startswith("Items that could not be read are missing (3 in /video)")
    assert said in " ".join(again.err.split())


@pytest.mark.usefixtures("place")
def test_save_sim_takes_one_result() -> None:
    words = ("eval", "f.h5", "--norm", "none", "--norm", "dsl", "--save-sim", "s.npz")
    refused(*words, says="--save-sim holds one result")
    assert not Path("s.npz").exists()


@pytest.mark.usefixtures("place")
def test_double_precision_and_several_right_videos_survive_a_similarity_file() -> None:
    positives = np.zeros((6, 4), dtype=bool)
    positives[np.arange(6), [0, 1, 2, 3, 0, 1]] = True
    positives[0, 1] = True
    sim = np.random.default_rng(2).integers(0, 3, (6, 4)) + 2.0**-40
    np.savez("s.npz", t2v=sim, positives=positives)
    (first,) = run("eval", "--from-sim", "s.npz", "--save-sim", "t.npz", "--json").results
    with np.load("t.npz") as file:
        assert file["t2v"].dtype == np.float64
        np.testing.assert_array_equal(file["t2v"], sim)
        np.testing.assert_array_equal(file["positives"], positives)
    (second,) = run("eval", "--from-sim", "t.npz", "--json").results
    assert second["metrics"] == first["metrics"]


@pytest.mark.usefixtures("place")
def test_levels_of_a_similarity_file_are_averaged() -> None:
    levels = np.random.default_rng(3).random((3, 6, 6))
    np.savez("levels.npz", t2v=levels)
    np.savez("flat.npz", t2v=levels.mean(axis=0))
    found, expected = (
        run("eval", "--from-sim", name, "--norm", "ncl", "--bank", "test", "--json").results[0]
        for name in ("levels.npz", "flat.npz")
    )
    assert found["metrics"] == expected["metrics"]


# --- what is wrong is said in a sentence


def write_npz(**arrays: Any) -> Callable[[Path], None]:
    return lambda path: np.savez(path, **arrays)


def bad_value(row: int, column: int, value: float) -> Array:
    sim = random_sim()
    sim[row, column] = value
    return sim


BAD_SIMS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "nan": (write_npz(t2v=bad_value(2, 4, np.nan)), r"t2v of text 2 and video 4 is nan"),
    "infinity": (
        write_npz(t2v=random_sim(), v2t=bad_value(5, 0, -np.inf)),
        r"v2t of text 5 and video 0 is -inf",
    ),
    "nan in the bank": (
        write_npz(t2v=random_sim(), bank_t2v=bad_value(3, 1, np.nan), bank_v2t=random_sim()),
        r"bank_t2v of text 3 and video 1 is nan",
    ),
    "not square": (write_npz(t2v=np.ones((4, 5))), "4 texts x 5 videos is not square.*text_video"),
    "v2t of another shape": (
        write_npz(t2v=np.ones((4, 5)), v2t=np.ones((5, 4)), text_video=np.zeros(4, int)),
        r"v2t has shape \(5, 4\), t2v \(4, 5\)",
    ),
    "bank of another shape": (
        write_npz(t2v=random_sim(), bank_t2v=np.ones((6, 5))),
        r"bank_t2v has shape \(6, 5\), expected \(bank texts, 6\)",
    ),
    "one dimension": (write_npz(t2v=np.ones(5)), r"t2v is float64 \(5,\)"),
    "empty": (write_npz(t2v=np.ones((0, 5))), r"t2v is float64 \(0, 5\)"),
    "strings": (write_npz(t2v=np.array([["a"]])), "t2v is <U1"),
    "no t2v": (write_npz(sims=random_sim()), r"no matrix 't2v' .* It has: sims\."),
    "misspelt t2v": (write_npz(t2v_=random_sim()), r"no matrix 't2v' .* Did you mean 't2v_'\?"),
    "objects": (write_npz(t2v=np.array([[object()]])), "not a readable npz|t2v"),
    "text_video out of range": (
        write_npz(t2v=random_sim(), text_video=np.array([0, 1, 2, 3, 4, 6])),
        "points text 5 to video 6",
    ),
    "ids twice": (write_npz(t2v=random_sim(), text_ids=list("aabcde")), "text_ids"),
    "a text file": (lambda path: path.write_text("0.1 0.2\n"), "not a readable npz"),
    "an empty file": (lambda path: path.write_bytes(b""), "not a readable npz"),
    "one array": (lambda path: np.save(path.open("wb"), random_sim()), "npz"),
    "a folder": (lambda path: path.mkdir(), "s.npz is a folder"),
}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("name", BAD_SIMS)
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_bad_similarity_file_is_refused(name: str) -> None:
    write, says = BAD_SIMS[name]
    write(Path("s.npz"))
    message = refused("eval", "--from-sim", "s.npz", "-q", says=says)
    assert "s.npz" in message
    assert not Path("results").exists()


@pytest.mark.usefixtures("place")
def test_a_damaged_similarity_file_is_refused() -> None:
    np.savez_compressed("s.npz", t2v=random_sim(n=60))
    data = bytearray(Path("s.npz").read_bytes())
    for place in range(len(data) // 3, len(data) // 3 + 200, 20):
        broken = data.copy()
        broken[place : place + 20] = b"\xff" * 20
        Path("s.npz").write_bytes(broken)
        refused("eval", "--from-sim", "s.npz", "-q", says="s.npz")
    Path("s.npz").write_bytes(data[: len(data) // 2])
    refused("eval", "--from-sim", "s.npz", "-q", says="s.npz")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["missing.h5"], "missing.h5 does not exist"),
        (["text.h5"], "text.h5 is not an HDF5 file"),
        (["."], "is a folder"),
        (["f.h5", "missing.h5"], "missing.h5 does not exist"),
        (["f.h5", "text.h5", "missing.h5"], "text.h5 is not an HDF5 file"),
        (["f.h5", "--method", "tokenflo"], "Unknown method 'tokenflo'. Did you mean 'tokenflow'?"),
        (["f.h5", "--norm", "nlc"], "Unknown norm 'nlc'. Did you mean 'ncl'?"),
        (["f.h5", "--method", "scan:lamda=2"], "Unknown parameter 'lamda'.* mean 'lam'?"),
        (["f.h5", "--norm", "ncl:gama=2"], "Unknown parameter 'gama'.* mean 'gamma'?"),
        (["f.h5", "--norm", "ncl:gamma=0"], "gamma must be positive"),
        (["f.h5", "--method", "global+nlobal"], "Unknown method 'nlobal'"),
        (["f.h5", "--method", "0.5*"], "Unknown method ''"),
        (["f.h5", "--bank", "tset"], "Unknown bank 'tset'. Did you mean 'test'?"),
        (["f.h5", "--bank", "none", "--norm", "ncl"], "--norm ncl needs a bank"),
        (["f.h5", "--bank", "missing.h5", "--norm", "ncl"], "Unknown bank 'missing.h5'"),
        (["f.h5", "--bank", "text.h5", "--norm", "ncl"], "text.h5 is not an HDF5 file"),
        (["f.h5", "--bank", "rolling:no", "--norm", "ncl"], "rolling:N"),
        (["f.h5", "--bank", "narrow.h5", "--norm", "ncl"], "width 8.*narrow.h5"),
        (["f.h5", "--k", "1,x"], "Cannot read --k 1,x"),
        (["f.h5", "--k", "0"], "k must be whole numbers from 1"),
        (["f.h5", "--memory", "10MB"], "--memory 10MB is too little.*at least"),
        (["f.h5", "--memory", "much"], "'much' as a size of memory"),
        (["f.h5", "--out", "f.h5"], "f.h5.* cannot be written|f.h5 is not a folder"),
        (["f.h5", "--out", "f.h5/deeper"], "cannot be written|not a folder"),
        (["f.h5", "--save-sim", "f.h5/s.npz"], "f.h5/s.npz cannot be written"),
        (["f.h5", "--limit-ids", "missing.txt"], "missing.txt"),
        (["f.h5", "--limit-ids", "empty.txt"], "empty.txt names no video"),
        (["f.h5", "--limit-ids", "wrong.txt"], "'clip1'"),
        (["f.h5", "--limit-ids", "f.h5"], "f.h5"),
        (["f.h5", "--from-sim", "s.npz"], "--from-sim takes neither"),
        (["--from-sim", "s.npz", "--method", "global"], "--from-sim takes neither"),
        (["--from-sim", "s.npz", "--limit", "3"], "--limit"),
        (["--from-sim", "missing.npz"], "missing.npz does not exist"),
        (["--from-sim", "s.npz", "--norm", "ncl"], "s.npz has no bank .*--bank test"),
        (["--from-sim", "s.npz", "--norm", "ncl", "--bank", "f.h5"], "f.h5 cannot be the bank"),
        (["--from-sim", "half.npz", "--norm", "ncl"], "half.npz .*v2t"),
        (["f.h5", "--norm", "ncl", "--bank", "half.npz"], "half.npz .*v2t"),
        (["f.h5", "--norm", "ncl", "--bank", "s.npz"], "s.npz holds no bank_t2v"),
        (["--from-sim", "s.npz", "--memory", "10MB"], "--memory 10MB is too little"),
        (["f.h5", "--memory", "10MB", "--dry-run"], "--memory 10MB is too little"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_refused_in_one_sentence(words: Sequence[str], says: str) -> None:
    Path("text.h5").write_text("not features\n")
    Path("empty.txt").write_text("\n")
    Path("wrong.txt").write_text("video1\nclip1\n")
    write_features(Path("narrow.h5"), dim=8)
    np.savez("s.npz", t2v=random_sim())
    bank = np.zeros((5, len(COUNTS)))
    np.savez("half.npz", t2v=np.zeros((2, len(COUNTS))), text_video=[0, 1], bank_t2v=bank)
    before = Path("f.h5").read_bytes()
    refused("eval", *words, "-q", says=says)
    assert Path("f.h5").read_bytes() == before
    assert not [file for file in Path().rglob(".*") if file.is_file()], "no temporary file is left"


@pytest.mark.usefixtures("place")
def test_without_quiet_there_is_still_one_sentence_only() -> None:
    message = refused("eval", "f.h5", "--memory", "10MB", says="too little")
    assert "10MB" in message


@pytest.mark.usefixtures("place")
def test_one_bad_file_stops_before_anything_is_made() -> None:
    refused("eval", "f.h5", "missing.h5", says="missing.h5")
    assert not Path("results").exists()


@pytest.mark.usefixtures("place")
def test_a_folder_that_cannot_be_written_is_said_before_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("hours of scoring would be lost")

    monkeypatch.setattr(scorer, "score", refuse)
    refused("eval", "f.h5", "--out", "f.h5", "-q", says="f.h5")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "words",
    [
        ("--ties", "average"),
        ("--v2t", "max"),
        ("--precision", "half"),
        ("--device", "tpu"),
        ("--limit", "0"),
        ("--workers", "0"),
        ("--frobnicate",),
    ],
)
def test_options_outside_their_choices_end_with_2(words: Sequence[str]) -> None:
    done = run("eval", "f.h5", *words)
    assert done.code == 2
    assert not done.out
    assert words[0] in done.err
    assert not Path("results").exists()


def nan_in_a_token(path: Path) -> None:
    import h5py

    with h5py.File(path, "r+") as file:
        tokens = file["video/tokens"]
        tokens[int(file["video/offsets"][3]), 2] = np.nan


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("method", ["global", "tokenflow", "uniform", "emd"])
def test_a_token_that_is_nan_names_the_item(method: str) -> None:
    nan_in_a_token(Path("f.h5"))
    message = refused("eval", "f.h5", "--method", method, "-q", says="'video3'")
    assert "f.h5" in message


# --- interrupted


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("json_too", [False, True])
def test_an_interruption_ends_with_130_and_keeps_what_was_finished(
    json_too: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = driver.score

    def interrupted(text: Any, video: Any, method: Any, **options: Any) -> Any:
        if method.spec == "scan":
            raise KeyboardInterrupt
        return score(text, video, method, **options)

    grid = ("eval", "f.h5", "--method", "global", "--method", "scan", "-q")
    with monkeypatch.context() as patch:
        patch.setattr(scorer, "score", interrupted)
        done = run(*grid, *(["--json"] if json_too else []))
    assert done.code == 130
    assert "what was finished is kept" in done.err
    kept = stamps(Path("results"))
    assert len(kept) == 2
    again = run(*grid, "--json")
    assert [result["method"] for result in again.results] == ["global", "scan"]
    assert {name: stamps(Path("results"))[name] for name in kept} == kept


# --- table and list


@pytest.mark.usefixtures("place")
def test_table_prints_every_result_found() -> None:
    run("eval", "f.h5", "--method", "global", "--norm", "none", "--norm", "dsl")
    done = run("table")
    assert done.code == 0
    assert "global" in done.out
    assert "dsl" in done.out
    cells = json.loads(run("table", "--format", "json").out)
    assert {"table", "row", "column", "value", "unit", "kind", "source"} == set(cells[0])
    assert {cell["kind"] for cell in cells} == {"measured"}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "content", ["{}", "[]", "nonsense", '{"schema": 1}', '{"schema": 2}', "\x00", ""]
)
def test_table_leaves_out_what_is_no_result(content: str) -> None:
    run("eval", "f.h5", "--method", "global")
    Path("results/other.json").write_text(content)
    done = run("table")
    assert done.code == 0
    assert "global" in done.out
    assert "other.json" in done.err


@pytest.mark.usefixtures("place")
def test_table_refuses_what_is_not_there() -> None:
    refused("table", "--results", "nowhere", says="nowhere is not a folder")
    refused("table", "tokenflow-9", says="tokenflow-9")
    assert run("table", "tokenflow-5", "--results", "nowhere").code == 0


def test_list_names_everything_registered() -> None:
    done = run("list", "--json")
    found = json.loads(done.out)
    assert {"methods", "norms", "metrics", "tables"} <= set(found)
    assert {"tokenflow", "emd"} <= {entry["name"] for entry in found["methods"]}
    assert all(entry["summary"] for entries in found.values() for entry in entries)
    text = run("list", "methods").out
    assert "tokenflow:lam=10" in text
    assert "norms:" not in text
    refused("list", "method", says="Unknown kind 'method'. Did you mean 'methods'?")


def test_every_listed_method_and_norm_runs(place: Path) -> None:
    found = json.loads(run("list", "--json").out)
    words = [word for entry in found["methods"] for word in ("--method", entry["name"])]
    done = run("eval", place / "f.h5", *words, "--json", "-q")
    assert len(done.results) == len(found["methods"])
    norms = [word for entry in found["norms"] for word in ("--norm", entry["name"])]
    done = run("eval", place / "f.h5", "--method", "global", *norms, "--json", "-q")
    assert len(done.results) == len(found["norms"])


# --- in a process of its own


HEAVY = ("torch", "numpy", "h5py", "pandas", "scipy", "ot", "numba", "matplotlib", "onnxruntime")
LOADED = f"print(sorted(m for m in {HEAVY!r} if m in sys.modules), file=sys.stderr)"
HELP = f"""
import sys
from vrbench.cli import main
sys.argv = ["vrbench", *sys.argv[1:]]
try:
    main()
except SystemExit as error:
    assert not error.code, error.code
{LOADED}
"""


@pytest.mark.parametrize("words", [["--help"], ["eval", "--help"], ["table", "--help"]], ids=str)
def test_help_imports_nothing_heavy(words: Sequence[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELP, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage: vrbench" in done.stdout
    assert done.stderr.strip() == "[]"


def test_the_version_is_printed() -> None:
    assert run("--version").out == f"vrbench {vrbench.__version__}\n"


def test_import_vrbench_imports_nothing_heavy() -> None:
    code = f"import sys; import vrbench; vrbench.__version__; {LOADED}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_the_public_names_are_all_there() -> None:
    for name in ("open", "evaluate", "score", "normalize", "metrics", "InputError", "Tokens"):
        assert name in dir(vrbench)
        assert getattr(vrbench, name) is not None
    assert all(hasattr(vrbench, name) for name in vrbench.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = vrbench.nothing


@pytest.mark.usefixtures("place")
def test_an_error_in_a_real_process_has_no_traceback() -> None:
    code = "from vrbench.cli import main; main()"
    command = [sys.executable, "-c", code, "eval", "missing.h5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("vrbench: missing.h5 does not exist")
    assert done.stderr.count("\n") == 1
