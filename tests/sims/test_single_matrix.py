"""One matrix as a similarity file: npy, torch and tables give what the npz gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from cli_runs import random_sim, refused, run

import vrbench
from vrbench.errors import InputError
from vrbench.sims.file import load_sim

SIM = random_sim(3, 7)
NAMES = [f"v{i}" for i in range(7)]


def frame(path: Path, sign: str = ",", **how: Any) -> None:
    pd.DataFrame(SIM, **how).to_csv(path, sep=sign)


WRITERS: dict[str, Callable[[Path], Any]] = {
    "a.npy": lambda path: np.save(path, SIM),
    "a.pt": lambda path: torch.save(torch.from_numpy(SIM), path),
    "b.pt": lambda path: torch.save({"sims": torch.from_numpy(SIM)}, path),
    "c.pt": lambda path: torch.save({"t2v": torch.from_numpy(SIM), "norm": "none"}, path),
    "old.pth": lambda path: torch.save(
        torch.from_numpy(SIM), path, _use_new_zipfile_serialization=False
    ),
    "a.csv": lambda path: np.savetxt(path, SIM, "%.17g", ","),
    "b.csv": lambda path: np.savetxt(path, SIM, "%.17g", ";"),
    "a.tsv": lambda path: np.savetxt(path, SIM, "%.17g", "\t"),
    "a.txt": lambda path: np.savetxt(path, SIM, "%.17g"),
    "frame.csv": frame,
    "named.csv": lambda path: frame(path, index=NAMES, columns=NAMES),
    "header.csv": lambda path: pd.DataFrame(SIM, columns=NAMES).to_csv(path, index=False),
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", WRITERS)
def test_the_matrix_is_that_of_the_npz(name: str) -> None:
    WRITERS[name](Path(name))
    found = load_sim(name)
    np.testing.assert_array_equal(found.sim.t2v, SIM)
    assert found.truth.video.tolist() == list(range(7))
    (note,) = found.beside["notes"].tolist()
    named = name in ("frame.csv", "named.csv")
    assert ("texts belong to videos by name" in note) == named
    assert ("row i belongs to column i" in note) != named


@pytest.mark.parametrize("name", ["a.npy", "a.pt", "a.csv"])
def test_commands_take_it(name: str) -> None:
    np.savez("a.npz", t2v=SIM)
    WRITERS[name](Path(name))
    words = ("--norm", "none", "--norm", "dsl", "--json", "-q", "--out", "r")
    one, other = (run("eval", "--from-sim", path, *words) for path in ("a.npz", name))
    assert other.code == 0, other.err
    for first, second in zip(one.results, other.results, strict=True):
        assert first["metrics"] == second["metrics"]
        assert first["diagnostics"] == second["diagnostics"]
    told = run("eval", "--from-sim", name, "--out", "r")
    assert "rows are taken as texts" in told.err
    audits = [json.loads(run("audit", path, "--json").out)["rules"] for path in ("a.npz", name)]
    assert audits[0] == audits[1]
    found = vrbench.evaluate(name)[0]["metrics"]
    assert found == vrbench.evaluate("a.npz")[0]["metrics"]
    assert run("eval", "--from-sim", name, "--save-sim", "s.npz", "--out", "r").code == 0
    np.testing.assert_array_equal(load_sim("s.npz").sim.t2v, SIM)


def test_names_join_rows_and_columns_in_any_order() -> None:
    rows, columns = np.array([3, 1, 0, 2, 6, 5, 4]), np.array([6, 5, 0, 1, 2, 4, 3])
    mixed = pd.DataFrame(SIM, index=NAMES, columns=NAMES).iloc[rows, columns]
    mixed.to_csv("mixed.csv")
    frame(Path("named.csv"), index=NAMES, columns=NAMES)
    found, expected = (vrbench.evaluate(f)[0]["metrics"] for f in ("mixed.csv", "named.csv"))
    assert found == expected
    mixed.index = [f"{name}#0" for name in mixed.index]
    mixed.iloc[:5].to_csv("fewer.csv")
    file = load_sim("fewer.csv")
    owners = [file.video_ids[i] for i in file.truth.video]
    assert owners == [name.removesuffix("#0") for name in file.text_ids.tolist()]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("a.csv", "1,2\n", "1 texts x 2 videos is not square"),
        ("a.csv", "a,b\n", "has one row only"),
        ("a.csv", "1,2\n3\n", "has 1 values in row 2, expected 2|has 2 values in row 1"),
        ("a.csv", "a,b\n1,2\n3,x\n", "row 3: 'x' is no number"),
        ("a.csv", "1,2\n3,nan\n", "t2v of text 1 and video 1 is nan"),
        ("a.csv", "0,1\n1,2\n3,4\n", "3 texts x 2 videos is not square"),
        ("a.csv", b"\xff\xfe1,2\n", "a.csv is no text"),
        ("a.csv", ",a,b\na,1,2\nx,3,4\n", "1 of 2 texts name no video, the first is 'x'"),
        ("a.csv", ",a,a\na,1,2\nb,3,4\n", "video_ids must be 2 different names"),
        ("a.pt", [torch.eye(2)], "holds no single matrix"),
        ("a.pt", {"a": torch.eye(2), "b": torch.eye(2)}, "holds no single matrix"),
        ("a.pt", {"t2v": torch.eye(2), "norm": 3}, "holds int in norm"),
        ("a.pt", {"x": np.eye(2)}, "holds Python objects besides tensors"),
        ("a.pt", torch.ones(2, 3), "is not square"),
    ],
)
def test_what_is_no_square_matrix(name: str, content: Any, says: str) -> None:
    if name.endswith("pt"):
        torch.save(content, name)
    else:
        data = content if isinstance(content, bytes) else content.encode()
        Path(name).write_bytes(data)
    refused("eval", "--from-sim", name, "-q", says=says)
    with pytest.raises(InputError, match=says):
        load_sim(name)
