"""What is read and what is hashed is one file, whatever happens to its path meanwhile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_features import write_features

from vrbench.alignments import parse_method
from vrbench.errors import InputError
from vrbench.evaluation.evaluate import evaluate
from vrbench.evaluation.evaluation import Evaluation
from vrbench.features import open_features
from vrbench.runtime.opened import OpenedFile
from vrbench.sims.file import load_sim
from vrbench.sims.limiting import matrices


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def replace(path: Path, other: Path) -> None:
    """Move another file to a path."""
    other.replace(path)


def overwrite(path: Path, other: Path) -> None:
    """Write another file's bytes into a file, with a later time."""
    before = path.stat().st_mtime_ns
    with path.open("r+b") as stream:
        stream.write(other.read_bytes())
        stream.truncate()
    os.utime(path, ns=(before + 1, before + 1))


def write_sims(path: Path, seed: int) -> Path:
    random = np.random.default_rng(seed)
    t2v, bank = random.standard_normal((6, 6)), random.standard_normal((9, 6))
    beside = {"text_text": random.standard_normal((6, 6))}
    np.savez(path, t2v=t2v, bank_t2v=bank, bank_v2t=bank.T.copy(), **beside)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("read", [lambda path: open_features(path).sha256(), digest])
def test_the_sha256_of_a_feature_file(read: Callable[[Path], str], tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    assert read(path) == digest(path)


def test_a_feature_file_that_is_replaced_is_read_to_its_end(tmp_path: Path) -> None:
    path, other = (write_features(tmp_path / f"{i}.h5", seed=i) for i in (1, 2))
    expected, sha256 = evaluate(path, "max-avg")[0], digest(path)
    features = open_features(path)
    replace(path, other)
    found = evaluate(features, "max-avg")[0]
    assert found["features"]["sha256"] == sha256
    np.testing.assert_array_equal(found.ranks["t2v"], expected.ranks["t2v"])


@pytest.mark.parametrize("which", ["features", "bank"])
def test_a_feature_file_that_is_written_over_is_refused(which: str, tmp_path: Path) -> None:
    path, bank, other = (write_features(tmp_path / f"{i}.h5", seed=i) for i in (1, 2, 3))
    source = Evaluation.open(path, bank=bank).source
    overwrite(path if which == "features" else bank, other)
    with pytest.raises(InputError, match=r"\.h5 was changed while it was read: run"):
        source.bank(parse_method("max-avg"), "file", None)


def test_a_similarity_file_that_is_replaced_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bank, and what stands beside, are read later than the rest."""
    monkeypatch.setattr("vrbench.sims.file.LARGE", 100)
    path, other = (write_sims(tmp_path / f"{i}.npz", i) for i in (1, 2))
    with np.load(path) as stored:
        expected = {key: stored[key] for key in stored.files}
    sha256 = digest(path)
    file = load_sim(path)
    replace(path, other)
    assert file.bank is not None
    np.testing.assert_array_equal(np.asarray(file.bank.t2v), expected["bank_t2v"])
    np.testing.assert_array_equal(
        matrices(file, ("text_text",))["text_text"], expected["text_text"]
    )
    assert file.sha256() == sha256


def test_a_similarity_file_that_is_written_over_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vrbench.sims.file.LARGE", 100)
    path, other = (write_sims(tmp_path / f"{i}.npz", i) for i in (1, 2))
    file = load_sim(path)
    overwrite(path, other)
    assert file.bank is not None
    bank = file.bank.t2v
    for read in (file.sha256, lambda: np.asarray(bank), lambda: matrices(file, ("text_text",))):
        with pytest.raises(InputError, match=r"1\.npz was changed while it was read: run"):
            read()


def test_a_file_changed_between_its_hash_and_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"one")
    with OpenedFile(path) as file:
        assert file.sha256 == digest(path)
        assert file.read() == b"one"
        overwrite(path, Path(__file__))
        with pytest.raises(InputError, match="was changed while it was read"):
            file.read()
    assert file.closed
