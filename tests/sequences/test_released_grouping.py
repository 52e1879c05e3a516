"""What the releases do to groups and ties (methods of TempCLR and Norton), and vrbench does not.

Both take the videos of an evaluation as ``list(set(ids))``, whose order follows Python's hashes and
so changes from process to process; give a video every clip whose id contains the video's id; and
rank by ``argsort``, whose order among equal scores is that of the videos.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from long_videos import write
from numpy.typing import NDArray

import vrbench
from vrbench.evaluation.evaluate import evaluate
from vrbench.sequences.engine.grouping import grouping

Array = NDArray[Any]

RELEASED = """
import json, sys
clips = json.loads(sys.argv[1])
videos = list(set(clip.rpartition("_")[0] for clip in clips))
print(json.dumps({v: [row for row, clip in enumerate(clips) if v in clip] for v in videos}))
"""


def released_groups(clips: list[str], seed: int) -> dict[str, list[int]]:
    """Rows of each video, videos in the order of a process with this hash seed."""
    command = [sys.executable, "-c", RELEASED, json.dumps(clips)]
    env = {**os.environ, "PYTHONHASHSEED": str(seed)}
    groups = json.loads(subprocess.run(command, env=env, capture_output=True, check=True).stdout)
    assert isinstance(groups, dict)
    return groups


def test_released_membership_by_substring_takes_clips_of_other_videos(tmp_path: Path) -> None:
    clips = ["v1_0", "v1_1", "v10_0", "v10_1", "v10_2"]
    groups = released_groups(clips, 0)
    assert groups["v1"] == [0, 1, 2, 3, 4]  # three of them are clips of v10
    assert groups["v10"] == [2, 3, 4]
    names = np.array([clip.rpartition("_")[0] for clip in clips])
    exact = grouping(names, None, np.array(clips), "clips")
    assert dict(zip(exact.ids, exact.lengths, strict=True)) == {"v1": 2, "v10": 3}
    # the paragraph of v1 has its best clips in v10: by substring they count as those of v1
    sim = np.full((5, 5), 0.1)
    sim[:2, 2] = 0.9
    sim[[2, 3, 4], [2, 3, 4]] = 0.8
    lumped = np.array([sim[:2][:, groups[v]].max(axis=1).mean() for v in ("v1", "v10")])
    assert lumped[0] == lumped[1] == pytest.approx(0.9)
    np.savez(tmp_path / "s.npz", t2v=sim, text_sequence=names, video_sequence=names)
    words = ("eval", "--from-sim", tmp_path / "s.npz", "--sequence", "cap-avg", "--json", "-q")
    (result,) = json.loads(run(*words, "--out", tmp_path).out)
    assert result["metrics"]["t2v"]["R@1"] == 50
    assert result["metrics"]["t2v"]["tied"] == 0


def test_released_order_of_videos_and_of_ties_changes_with_every_process() -> None:
    clips = [f"video{i}_0" for i in range(6)]
    orders = {tuple(released_groups(clips, seed)) for seed in range(3)}
    assert len(orders) > 1
    # every paragraph finds two equal videos: which one is first is the order of the videos
    number = {f"video{i}": i for i in range(6)}
    scores = np.kron(np.eye(3), np.ones((2, 2)))
    won, ranks = set(), set()
    for order in orders:
        rows = [number[video] for video in order]
        ordered = scores[np.ix_(rows, rows)]
        first = np.argsort(-ordered, axis=1, kind="stable")[:, 0]
        won.add(tuple(sorted(order[i] for i in np.flatnonzero(first == np.arange(6)))))
        ranks |= set(vrbench.metrics.ranks(ordered).tolist())
    assert len(won) > 1, "whose paragraph is right depends on the process"
    assert ranks == {1.5}, "both share the middle of their places"


def tied_arrays() -> dict[str, Array]:
    """Six long videos in three equal pairs, of 1, 2 and 4 clips, with a caption a clip."""
    rng = np.random.default_rng(5)
    parts: list[tuple[str, int, Array, Array]] = []
    for pair, n in enumerate((1, 2, 4)):
        video = rng.standard_normal((n, 8))
        text = video + 0.9 * rng.standard_normal((n, 8))
        parts += [(f"long{2 * pair + k}", n, video, text) for k in (0, 1)]
    names = np.repeat([name for name, *_ in parts], [n for _, n, *_ in parts])
    places = np.concatenate([np.arange(n) for _, n, *_ in parts])
    made: dict[str, Array] = {"text_video": np.arange(len(names))}
    for side, at in (("video", 2), ("text", 3)):
        vectors = np.concatenate([part[at] for part in parts])
        ids = np.array(
            [f"{side}-{name}-{place}" for name, place in zip(names, places, strict=True)]
        )
        made |= {side: vectors, f"{side}_ids": ids}
        made |= {f"{side}_sequence": names, f"{side}_position": places}
    return made


def shuffled(made: dict[str, Array], seed: int) -> dict[str, Array]:
    """The same items in another order, texts and videos apart."""
    rng = np.random.default_rng(seed)
    n = len(made["text_video"])
    rows = {"text": rng.permutation(n), "video": rng.permutation(n)}
    moved = {key: value[rows[key.partition("_")[0]]] for key, value in made.items()}
    return moved | {"text_video": np.argsort(rows["video"])[made["text_video"][rows["text"]]]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "spec",
    [
        *("cap-avg", "vote", "dtw", "otam", "drop-dtw", "transport", "transport:bucket=0.3"),
        *("dtw:variant=norton", "otam:variant=norton"),
    ],
)
def test_the_order_of_items_in_the_file_changes_no_metric(tmp_path: Path, spec: str) -> None:
    made = tied_arrays()
    (kept,) = evaluate(write(tmp_path, made), "global", sequence=spec)
    assert kept["metrics"]["t2v"]["tied"] == kept["metrics"]["v2t"]["tied"] == 1
    for seed in range(4):
        (found,) = evaluate(write(tmp_path, shuffled(made, seed), "s"), "global", sequence=spec)
        assert found["metrics"] == kept["metrics"]
        assert found["diagnostics"] == kept["diagnostics"]
        for direction, side in (("t2v", "text_ids"), ("v2t", "video_ids")):
            ranks = [
                dict(zip(one.ranks[side].tolist(), one.ranks[direction].tolist(), strict=True))
                for one in (kept, found)
            ]
            assert ranks[0] == ranks[1]
    first, last = (
        evaluate(write(tmp_path, made), "global", sequence=spec, ties=rule)[0]["metrics"]["t2v"]
        for rule in ("optimistic", "pessimistic")
    )
    assert first["MnR"] < last["MnR"]
    assert kept["metrics"]["t2v"]["MnR"] == pytest.approx((first["MnR"] + last["MnR"]) / 2)
