"""A training that is interrupted goes on and ends with the same bits; ``VRBENCH_KILLS=20``."""

import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import prepared
import pytest
from planted import by_mark
from prepared import Process
from small_features import tokens_of

import vrbench
from vrbench.errors import InputError
from vrbench.features import Features
from vrbench.features.writer import FeatureWriter
from vrbench.training.settings import TrainingSettings
from vrbench.training.state import partial
from vrbench.training.train import Where, run

KILLS = int(os.environ.get("VRBENCH_KILLS", "3"))
QUICK: dict[str, Any] = {"epochs": 4, "batch": 16, "lr": 0.01, "patience": 9}


class StopError(Exception):
    pass


def stopping(after: int) -> Any:
    """Interrupt once the epoch ``after`` is told."""

    def told(curve: Sequence[Mapping[str, Any]]) -> None:
        if curve[-1]["epoch"] == after:
            raise StopError

    return told


@pytest.fixture(scope="module")
def train() -> Features:
    return by_mark(60, 0)


@pytest.mark.parametrize("loss", ["infonce", "momentum:queue=24"])
@pytest.mark.parametrize("encoding", ["stale", "final"])
def test_an_interrupted_training_ends_with_the_same_bytes(
    train: Features, loss: str, encoding: Any, tmp_path: Path
) -> None:
    settings = TrainingSettings("linear+wti", loss=loss, queue=50, queue_encoding=encoding, **QUICK)
    whole, out = tmp_path / "whole.safetensors", tmp_path / "h.safetensors"
    run(train, settings, Where(whole))
    for after in (0, 1, 3):
        with pytest.raises(StopError):
            run(train, settings, Where(out, told=stopping(after)))
        assert not out.exists()
        assert partial(out).exists() is (after > 0)
    run(train, settings, Where(out))
    assert out.read_bytes() == whole.read_bytes()
    assert [path.name for path in sorted(tmp_path.iterdir())] == [out.name, whole.name]


def test_what_is_there_is_not_trained_again_nor_lost(train: Features, tmp_path: Path) -> None:
    out = tmp_path / "h.safetensors"
    settings = TrainingSettings("wti", **QUICK)
    run(train, settings, Where(out))
    before = out.read_bytes(), out.stat().st_mtime_ns
    run(train, settings, Where(out, told=stopping(0)))
    assert (out.read_bytes(), out.stat().st_mtime_ns) == before
    with pytest.raises(InputError, match=r"trained with other settings \(lr\)"):
        run(train, replace(settings, lr=0.02), Where(out))
    with pytest.raises(InputError, match=r"trained with other settings \(features\)"):
        run(replace(train, path=Path(vrbench.__file__)), settings, Where(out))
    run(train, replace(settings, lr=0.02), Where(out, overwrite=True))
    assert out.read_bytes() != before[0]


def test_an_unfinished_training_goes_on_with_its_own_settings_only(
    train: Features, tmp_path: Path
) -> None:
    out = tmp_path / "h.safetensors"
    settings = TrainingSettings("wti", **QUICK)
    with pytest.raises(StopError):
        run(train, settings, Where(out, told=stopping(1)))
    with pytest.raises(InputError, match=r"begun with other settings \(batch, loss|\(batch\)"):
        run(train, replace(settings, batch=8), Where(out))
    for data in (b"", b"\0" * 100, partial(out).read_bytes()[:-1]):
        partial(out).write_bytes(data)
        with pytest.raises(InputError, match="is no unfinished training"):
            run(train, settings, Where(out))
    run(train, settings, Where(out, overwrite=True))
    assert not partial(out).exists()


def written(path: Path, given: Features) -> Path:
    """The same features as a file."""
    texts, videos = (
        [side.tokens[a:b] for a, b in zip(side.offsets, side.offsets[1:], strict=False)]
        for side in (given.text, given.video)
    )
    with FeatureWriter(path, {"encoder": "toy", "split": "train"}, "float32") as writer:
        writer.append("video", tokens_of(videos, "video"))
        writer.append("text", tokens_of(texts, "text", video=given.text_video))
        writer.finish()
    return path


def stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    path = written(tmp_path / "f.h5", by_mark(300, 0))
    whole, out = tmp_path / "whole.safetensors", tmp_path / "h.safetensors"
    command = ["train", "linear+wti", str(path), "--queue", "300"]
    command += ["--epochs", "12", "--batch", "16", "--lr", "0.01", "--patience", "20", "--out"]

    def start(to: Path) -> Process:
        return prepared.start([*command, to])

    assert start(whole).wait() == 0
    rng, killed = random.Random(0), 0
    while killed < KILLS:
        before, process = stamp(partial(out)), start(out)
        while process.poll() is None and stamp(partial(out)) == before:
            time.sleep(0.01)  # it is still importing, or in its first epoch
        time.sleep(rng.uniform(0, 0.5))
        if process.poll() is None:
            process.kill()
            process.wait()
            killed += 1
        else:
            assert process.returncode == 0
            assert out.read_bytes() == whole.read_bytes()
            out.unlink()
    assert start(out).wait() == 0
    assert out.read_bytes() == whole.read_bytes()
