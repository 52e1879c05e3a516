"""kill -9 at random moments of an extraction; ``VRBENCH_KILLS=20`` for more than three."""

import os
import random
import time
from pathlib import Path

import prepared
import pytest
from prepared import Process

pytest.importorskip("PIL")

from toy_videos import captions_of, write_captions, write_videos
from workplace import same

KILLS = int(os.environ.get("VRBENCH_KILLS", "3"))
VIDEOS = [f"v{i}" for i in range(200)]


def test_killed_at_random_moments(tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos", VIDEOS)
    captions = write_captions(tmp_path / "captions.csv", captions_of(VIDEOS))
    whole, out = tmp_path / "whole.h5", tmp_path / "f.h5"
    command = ["extract", "--encoder", "toy:dim=256"]
    command += ["--videos", str(videos), "--captions", str(captions), "--batch", "4", "--out"]

    def start(path: Path) -> Process:
        return prepared.start([*command, path])

    begun = time.monotonic()
    assert start(whole).wait() == 0
    lasts = time.monotonic() - begun
    rng, killed, in_between = random.Random(0), 0, 0
    while killed < KILLS:
        process = start(out)
        try:
            assert process.wait(rng.uniform(0.3, 0.9) * lasts) == 0
        except TimeoutError:
            process.kill()
            process.wait()
            killed += 1
            in_between += out.exists()
        else:
            assert same(out, whole)
            out.unlink()
    assert start(out).wait() == 0
    assert same(out, whole)
    assert in_between
