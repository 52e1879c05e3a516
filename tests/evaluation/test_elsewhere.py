"""Other processes give the same result, to the last bit, whatever becomes of them."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import run
from small_features import tokens_of, write_features

import vrbench
from vrbench.alignments import alignments
from vrbench.alignments.prototypes import method_of
from vrbench.errors import InputError
from vrbench.evaluation import elsewhere
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.fingerprint import fingerprint
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources import spread, without_matrix
from vrbench.runtime.cluster import Cluster
from vrbench.runtime.schedulers import local

distributed: Any = pytest.importorskip("distributed")

WIDE = bool(os.environ.get("VRBENCH_CLUSTER"))
"""Whether all methods and norms are tried, with 1, 2 and 4 workers."""
HIDDEN = "127.0.0.1:0"
NORMS = [
    ("none", None),
    ("ncl", "train"),
    ("ncl", "test"),
    ("dsl", None),
    ("csls", "train"),
]
BLOCKS = {"256": 1, "512": 512 * 512, "whole": 10**9}


@pytest.fixture(scope="module", params=[1, 2, 4] if WIDE else [2])
def backend(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with local(request.param, fingerprint) as found:
        yield found


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """260 texts of 260 videos, two blocks of each: several captions, and videos without a text."""
    counts = (1, 2, 0, 1) * 65
    return write_features(
        tmp_path_factory.mktemp("features") / "f.h5", counts=counts, noise=3, dim=8
    )


def evaluated(
    path: Path, backend: Cluster | None, spec: str, norm: str, bank: Any, **how: Any
) -> Any:
    compute = Compute(workers=1, backend=backend, **how)
    evaluation = Evaluation.open(path, compute=compute, bank=bank)
    (result,) = evaluation.run(evaluation.jobs([spec], [norm]))
    evaluation.source.features.close()  # type: ignore[union-attr]
    return result


def in_blocks(monkeypatch: pytest.MonkeyPatch, pairs: int) -> None:
    for module in (spread, without_matrix):
        monkeypatch.setattr(module, "task_pairs", lambda *_: pairs)


def same(one: Any, other: Any) -> None:
    for key in ("metrics", "diagnostics", "raw", "change", "norm_info", "notes", "bank_distinct"):
        assert one[key] == other[key], key
    for name, ranks in one.ranks.items():
        np.testing.assert_array_equal(ranks, other.ranks[name])


SPECS = ["tokenflow"]
if WIDE:  # ucofia's other levels need patches
    SPECS = [*sorted({*alignments.classes()} - {"ucofia"}), "ucofia:levels=video+frame"]


@pytest.mark.parametrize("spec", SPECS)
def test_every_number_is_the_same(
    spec: str, path: Path, backend: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for norm, bank in NORMS:
        here = evaluated(path, None, spec, norm, bank)
        for pairs in BLOCKS.values() if WIDE or norm == "none" else [1]:
            in_blocks(monkeypatch, pairs)
            same(evaluated(path, backend, spec, norm, bank), here)
    assert backend.about()["workers"] >= 1
    assert len(backend.about()["fingerprints"]) == 1


@pytest.mark.parametrize("spec", SPECS if WIDE else ["max-avg", "emd", "0.5*global+scan"])
def test_without_a_matrix_likewise(
    spec: str, path: Path, backend: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = evaluated(path, None, spec, "none", None, matrix=False)
    in_blocks(monkeypatch, 1)
    found = evaluated(path, backend, spec, "none", None, matrix=False)
    same(found, here)
    assert found["provenance"]["cluster"]["fingerprints"][0]["tile"] == fingerprint()["tile"]
    assert ("solved" in found.values) == (spec == "emd")


@pytest.mark.parametrize("turn", range(3 if WIDE else 1))
def test_a_killed_worker_changes_nothing(
    turn: int, path: Path, backend: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_blocks(monkeypatch, 1)
    here = evaluated(path, None, "emd", "none", None)
    victim = list(backend.client.run(os.getpid).values())[turn % 2 - 1]
    moment = float(np.random.default_rng(turn).uniform(0, 0.3))
    killer = threading.Timer(moment, os.kill, (victim, signal.SIGKILL))
    start = time.monotonic()
    killer.start()
    same(evaluated(path, backend, "emd", "none", None), here)
    killer.join()
    assert time.monotonic() - start > moment, "it was killed meanwhile"


def test_the_command_says_where_it_was_computed(
    path: Path, backend: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def running(processes: int, *_: Any) -> Iterator[Cluster]:
        assert processes == 2
        yield backend

    monkeypatch.setattr(elsewhere, "local", running)
    words = ("eval", path, "--norm", "ncl", "--json", "-q", "--out")
    here = run(*words, tmp_path / "here")
    there = run(*words, tmp_path / "there", "--processes", "2")
    assert there.code == 0, there.err
    (one,), (other,) = here.results, there.results
    assert one["ranks"] == other["ranks"], "the same name"
    assert "cluster" not in one["provenance"]
    assert other["provenance"]["cluster"]["workers"] >= 1
    for key in one.keys() - {"provenance", "seconds"}:
        assert one[key] == other[key]


def test_what_a_task_says_of_the_input_is_said_in_one_sentence(
    backend: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with vrbench.open(write_features(tmp_path / "f.h5")) as features:
        text = features.text.block(0, len(features.text))
    text.tokens[3] = np.nan
    videos = tokens_of([np.ones((2, text.dim))] * 3)
    compute = Compute(backend=backend)
    evaluation = Evaluation.open((text, videos), None, compute, text_video=[0] * len(text))
    with pytest.raises(InputError, match=r"Item 'text0' of .*NaN or infinity"):
        _ = evaluation.case("max-avg").sim


def by_process() -> dict[str, str]:
    return {"tile": str(os.getpid()), "numpy": "2"}


def test_another_fingerprint_is_refused_or_reported(path: Path, backend: Cluster) -> None:
    other = Cluster(backend.client, by_process)
    says = r"The worker .*:\d+ would compute other bits \(tile \d+ and not \d+\).*--mixed\."
    with pytest.raises(InputError, match=says):
        evaluated(path, other, "global", "none", None)
    mixed = Cluster(backend.client, by_process, mixed=True)
    found = evaluated(path, mixed, "global", "none", None)
    assert found["provenance"]["cluster"]["others"] == mixed.about()["workers"]
    [note] = [note for note in found["notes"] if "--mixed" in note]
    assert "workers compute other last bits than this machine" in note
    assert {one["tile"] for one in mixed.about()["fingerprints"]} <= {
        str(pid) for pid in backend.client.run(os.getpid).values()
    }


def test_a_file_that_a_worker_does_not_see_is_named(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.h5"
    copy.write_bytes(path.read_bytes())
    with vrbench.open(copy) as features:
        texts = features.text.block(10, 20)
        sent = pickle.dumps(features.video.part(3, 9))
        np.testing.assert_array_equal(
            pickle.loads(sent).block(0, 6).tokens, features.video.block(3, 9).tokens
        )
        again = pickle.dumps(pickle.loads(pickle.dumps(features.text.part(0, 200).part(10, 20))))
    np.testing.assert_array_equal(pickle.loads(again).block(0, 10).tokens, texts.tokens)
    whole = path.read_bytes()
    for other in (whole + b"more", whole[:-1] + bytes([whole[-1] ^ 1])):  # longer, and as long
        copy.write_bytes(other)
        with pytest.raises(InputError, match=r"copy.h5 is another file on .*same file"):
            pickle.loads(again).block(0, 5)
    copy.unlink()
    with pytest.raises(InputError, match=r"The worker on .* cannot see .*copy.h5"):
        pickle.loads(sent).block(0, 6)


def test_methods_of_plugins_are_refused(tmp_path: Path, backend: Cluster) -> None:
    path = write_features(tmp_path / "f.h5")
    evaluation = Evaluation.open(path, compute=Compute(backend=backend))
    jobs = evaluation.jobs([method_of(lambda text, video: 0.0)], ["none"])
    with pytest.raises(InputError, match="not one of vrbench's own methods"):
        list(evaluation.run(jobs))
