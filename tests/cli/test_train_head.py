"""``vrbench train HEAD``, and what it leaves for ``eval --head`` and ``plot training``."""

import csv
import math
from pathlib import Path
from typing import Any

import pytest
import safetensors
from cli_runs import refused, run, stamps
from small_features import write_features

from vrbench.training.loop import Loop

QUICK = ("--epochs", "3", "--batch", "8", "--lr", "0.01")
COUNTS = (1, 2, 1, 0, 3, 1) * 5


@pytest.fixture
def train(tmp_path: Path) -> Path:
    return write_features(tmp_path / "train.h5", seed=3, counts=COUNTS)


def test_train_then_eval_then_plot(train: Path, tmp_path: Path) -> None:
    out, log = tmp_path / "h.safetensors", tmp_path / "log.csv"
    done = run("train", "linear+wti", train, "--out", out, *QUICK, "--log", log, "--queue", "20")
    assert (done.code, done.out) == (0, "")
    assert "epoch 3: loss" in done.err
    with safetensors.safe_open(out, "np") as file:
        assert {"linear.video.weight", "wti.text_weight_fc.0.weight", "logit_scale"} <= {
            *file.keys()
        }
        assert list(file.metadata()) == ["vrbench"]
    with log.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    assert rows[0]["loss"] == ""
    assert float(rows[3]["t2v R@10"]) >= 0
    refused(
        "eval", train, "--head", out, "--out", tmp_path / "r", says="was trained on 25 of the 30"
    )
    test = write_features(tmp_path / "test.h5", seed=4, counts=COUNTS, prefix="other-")
    scored = run("eval", test, "--head", out, "--norm", "ncl", "--bank", "head", "--json",
                 "--out", tmp_path / "r")  # fmt: skip
    (result,) = scored.results
    assert result["method"] == "wti"
    assert result["head"]["file"] == "h.safetensors"
    assert result["head"]["head"] == "linear+wti"
    assert result["bank"]["n_text"] == 20
    plotted = run("plot", "training", out, "--out", tmp_path / "plots", "-q")
    numbers = Path(plotted.out.splitlines()[0])
    assert numbers.suffix == ".csv"
    assert len(numbers.read_text().splitlines()) == 5


def test_what_exists_stays(train: Path, tmp_path: Path) -> None:
    out = tmp_path / "h.safetensors"
    assert run("train", "wti", train, "--out", out, *QUICK, "-q").err == ""
    before = stamps(tmp_path)
    assert "exists, with these settings" in run("train", "wti", train, "--out", out, *QUICK).err
    refused("train", "wti", train, "--out", out, says="trained with other settings")
    assert stamps(tmp_path) == before
    data = out.read_bytes()
    assert run("train", "wti", train, "--out", out, *QUICK, "--overwrite").code == 0
    assert out.read_bytes() == data


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["linaer"], "Did you mean 'linear'"),
        (["wti", "--method", "tokenfolw"], "Did you mean 'tokenflow'"),
        (["wti", "--loss", "infonec"], "Did you mean 'infonce'"),
        (["wti", "--validation", "1"], "validation is a share below 1"),
        (["wti", "--from", "none.bin"], "does not exist"),
        (["wti", "--memory", "much"], "size of memory"),
        (["wti", "--seed", "-1"], "seed must be 0 or more"),
        (["wti", "--seed", str(2**63)], "seed must be at most 9223372036854775807, it is 922337"),
        (["learnable:words=2"], "words, and learnable has weights of 2"),
        (["temporal:heads=5"], "cannot divide into 5"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: list[str], says: str, train: Path, tmp_path: Path
) -> None:
    refused("train", *words[:1], train, "--out", tmp_path / "h.safetensors", *words[1:], says=says)
    assert [path.name for path in tmp_path.iterdir()] == ["train.h5"]


def test_a_loss_that_is_no_number(
    train: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before an epoch has learnt anything it is an error, and after that a warning."""
    out, step = tmp_path / "h.safetensors", Loop._step
    words = ("train", "linear", train, "--out", out, *QUICK[:4])
    refused(*words, "-q", "--lr", "1e300", says="nothing was learnt before it: no head is kept")
    assert [path.name for path in tmp_path.iterdir()] == ["train.h5"]

    def wrong_in_epoch_3(loop: Loop, texts: Any, lengths: Any, number: int) -> float:
        value = step(loop, texts, lengths, number)
        return math.nan if number >= 2 * loop.per_epoch else value

    monkeypatch.setattr(Loop, "_step", wrong_in_epoch_3)
    done = run(*words, "--validation", "0")
    assert done.code == 0
    said = "Warning: The loss became nan at step 1 of epoch 3: the head is that of epoch 2; "
    assert said in done.err
    assert "h.safetensors: epoch 2 of 2" in done.err


def test_files_of_others_are_not_replaced(train: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    refused("train", "wti", train, "--out", other, "--overwrite", says="is no head file")
    refused("train", "wti", train, "--out", train, "--overwrite", says="is read by this command")
    refused("train", "wti", train, "--out", tmp_path / "h", "--log", train, says="is read by")
    assert other.read_text() == "mine"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    words: list[Any] = ["train", "wti", tmp_path / "f.h5", "--out", tmp_path / "h.safetensors"]
    refused(*words, says="f.h5 does not exist")


def test_help_names_the_heads_command() -> None:
    done = run("train", "--help")
    assert "HEAD" in done.out
    assert "projection" in done.out
    assert "--queue-encoding" in run("train", "linear", "--help").out
