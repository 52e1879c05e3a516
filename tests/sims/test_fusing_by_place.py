"""Files to be fused that do not all name their items or their bank's queries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_runs import refused, run
from fused_arrays import BANK_M, BANK_N, BANK_OWNER, NAMES, SHAPES, arrays, save


@pytest.mark.parametrize("side", ["text", "video", "bank_text", "bank_video"])
@pytest.mark.parametrize("named", [0, 1, 2])
def test_a_side_that_not_all_files_name_is_joined_by_place_and_said(
    tmp_path: Path, side: str, named: int
) -> None:
    plain = {key: value for key, value in arrays(1).items() if key != f"{side}_ids"}
    first = plain if named == 0 else arrays(0)
    other = arrays(1) if named == 2 else plain
    files = save(tmp_path / "a.npz", first), save(tmp_path / "b.npz", other)
    done = run("fuse", *files, "--out", tmp_path / "f.npz")
    assert done.code == 0, done.err
    why = ["neither of them has names", "only one of them has names"]
    said = [
        f"The {side.replace('_', ' ')}s of a.npz and b.npz are joined by place, as {one} "
        f"({side}_ids)."
        for one in why[named : named + 1]
    ]
    with np.load(tmp_path / "f.npz") as fused:
        assert fused["notes"].tolist()[1:] == said
    told = " ".join(done.err.split())
    assert all(text in told for text in said)
    assert ("joined by place" in told) == bool(said)


@pytest.mark.parametrize("side", ["text", "video", "bank_text", "bank_video"])
def test_names_that_rows_were_given_are_joined_in_another_order(tmp_path: Path, side: str) -> None:
    n = len(NAMES[f"{side}_ids"])
    given = {f"{side}_ids": np.array([f"{side}{i}" for i in range(n)])}
    order, axis = np.random.default_rng(4).permutation(n), -2 if side.endswith("text") else -1
    held = side.startswith("bank")
    keys = [f"bank_{'t2v' if axis == -2 else 'v2t'}", "bank_bank_t2v", "bank_bank_v2t"]
    keys = keys if held else ["t2v", "v2t", "bank_v2t" if axis == -2 else "bank_t2v"]
    one = {**arrays(0), **given}
    mixed = {key: one[key].take(order, axis) for key in keys}
    mixed[f"{side}_ids"] = given[f"{side}_ids"][order]
    link = "bank_text_video" if held else "text_video"
    mixed[link] = one[link][order] if axis == -2 else np.argsort(order)[one[link]]
    files = save(tmp_path / "a.npz", one), save(tmp_path / "b.npz", {**one, **mixed})
    done = run("fuse", *files, "--how", "sum", "--out", tmp_path / "f.npz")
    assert done.code == 0, done.err
    with np.load(tmp_path / "f.npz") as fused:
        for key in SHAPES:
            np.testing.assert_array_equal(fused[key], 2 * one[key])


def test_files_of_other_sizes_without_names_are_refused(tmp_path: Path) -> None:
    plain = {key: value for key, value in arrays(1).items() if not key.endswith("_ids")}
    files = save(tmp_path / "a.npz", arrays(0)), save(tmp_path / "b.npz", plain)
    short = {"t2v": np.eye(3)}
    refused(
        *("fuse", files[1], save(tmp_path / "c.npz", short), "--out", tmp_path / "g.npz"),
        says="have 3 and 8 texts",
    )
    fewer = {**plain, "bank_t2v": plain["bank_t2v"][:4], "bank_text_video": BANK_OWNER[:4]}
    refused(
        *("fuse", files[0], save(tmp_path / "d.npz", fewer), "--out", tmp_path / "g.npz"),
        says="have 4 and 9 bank texts",
    )


@pytest.mark.parametrize("side", ["text", "video"])
def test_banks_whose_pairs_contradict_each_other_are_refused(tmp_path: Path, side: str) -> None:
    """Also where nothing names the bank's queries, which stand in another order."""
    one = arrays(1)
    other = {key: value for key, value in one.items() if key != f"bank_{side}_ids"}
    order = np.random.default_rng(0).permutation(BANK_N if side == "text" else BANK_M)
    links = BANK_OWNER[order] if side == "text" else np.argsort(order)[BANK_OWNER]
    other["bank_text_video"] = links
    files = save(tmp_path / "a.npz", one), save(tmp_path / "b.npz", other)
    refused(
        *("fuse", *files, "--out", tmp_path / "f.npz"),
        says="differ in which bank video a bank text belongs to",
    )
    assert not (tmp_path / "f.npz").exists()
