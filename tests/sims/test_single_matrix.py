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
    "counted.csv": lambda path: pd.DataFrame(SIM).to_csv(path, index=False),
    "counted.tsv": lambda path: pd.DataFrame(SIM).to_csv(path, sep="\t", index=False),
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
    assert ("the first row counts the columns" in note) == name.startswith("counted")


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


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("corner", ["video_id", "text_id", "Query", "qid", "index", "names", ""])
def test_numbers_below_the_name_of_a_column_of_ids_are_ids(corner: str, sign: str) -> None:
    ids = [7010 + i for i in range(7)]
    rows = pd.Index(ids, name=corner or None)
    mixed = pd.DataFrame(SIM, index=rows, columns=[str(one) for one in ids]).iloc[::-1]
    mixed.to_csv("ids.csv", sep=sign)
    found = load_sim("ids.csv")
    np.testing.assert_array_equal(found.sim.t2v, SIM[::-1])
    assert found.text_ids.tolist() == [str(one) for one in reversed(ids)]
    assert found.truth.video.tolist() == [6, 5, 4, 3, 2, 1, 0]


def test_the_first_cell_of_a_header_may_be_the_name_of_a_video() -> None:
    Path("whole.csv").write_text("video7010,video7011\n1,.2\n0,.9\n")
    Path("points.csv").write_text("cat,dog\n1.0,.2\n0.0,.9\n")
    words = [f"{word}.csv" for word in ("clip", "video", "Vid", "query")]
    for word in words:
        Path(word).write_text(f"{word.removesuffix('.csv')},dog\n1.0,.2\n0.0,.9\n")
    for path in ("whole.csv", "points.csv", *words):
        found = load_sim(path)
        assert found.sim.t2v.tolist() == [[1, 0.2], [0, 0.9]]
        assert len(found.video_ids) == 2


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("a.csv", "1,2\n", "1 texts x 2 videos is not square"),
        ("a.csv", "a,b\n", "has one row only"),
        ("a.csv", "1,2\n3\n", "has 1 values in row 2, expected 2|has 2 values in row 1"),
        ("a.csv", "a,b\n1,2\n3,x\n", "row 3: 'x' is no number"),
        ("a.csv", "1,2\n3,nan\n", "t2v of text 1 and video 1 is nan"),
        ("a.csv", "1,1\n1,2\n3,4\n", "3 texts x 2 videos is not square"),
        ("a.csv", "0,1,2\n1,2,3\n3,4,.5\n6,7,8\n9,0,1\n", "4 texts x 3 videos is not square"),
        ("a.csv", "0,1\n1,0\n0,1\n", "3 texts x 2 videos is not square"),
        ("a.csv", "text_id,v1\n1,.9\n2,.1\n", "2 of 2 texts name no video, the first is '1'"),
        ("a.csv", "my,v1,v2\n1,.9,.1\n2,.1,.9\n", "below 'my', its first cell"),
        ("a.tsv", "v1\t.9\t.1\nv2\t.2\t.8\n", "a.tsv has no header, but names in its first col"),
        ("a.csv", "v1,1,0\nv2,0,1\n", "a.csv has no header, but names in its first column"),
        ("a.csv", b"\xff\xfe1,2\n", "a.csv is no text"),
        ("a.csv", ",a,b\na,1,2\nx,3,4\n", "1 of 2 texts name no video, the first is 'x'"),
        (
            "a.csv",
            ",a,a\na,1,2\nb,3,4\n",
            "video_ids .* 2 different names, but 'a' stands in rows 0 and 1",
        ),
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
