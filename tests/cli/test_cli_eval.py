from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from cli_runs import OWNER, refused, run, stamps
from small_features import BANK_COUNTS, COUNTS, write_features

import vrbench

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
def test_a_damaged_result_does_not_count_as_existing() -> None:
    run("eval", "f.h5", "--method", "global", "--method", "scan")
    (scan,) = Path("results").glob("*scan*.json")
    scan.write_text("{", encoding="utf-8")
    again = run("eval", "f.h5", "--method", "global", "--method", "scan")
    assert again.code == 0
    assert "1 of 2 results exist" in again.err


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


@pytest.mark.slow
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
    assert list(result["metrics"]["t2v"]) == [
        *("R@2", "R@7", "R@50", "MdR", "MnR", "MRR", "mAP", "nDCG@10", "nDCG@50", "rsum", "tied")
    ]
    assert result["metrics"]["t2v"]["R@50"] == 100
    assert "R@50" in run("eval", "f.h5", "--k", "2,7,50").out


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
