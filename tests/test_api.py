"""Examples in the documentation of the public functions, run as they stand."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from small_features import write_features

import vrbench


@pytest.mark.parametrize("name", ["fuse", "pool"])
def test_examples(name: str) -> None:
    [test] = doctest.DocTestFinder(recurse=False).find(getattr(vrbench, name), name)
    assert len(test.examples) >= 3
    assert doctest.DocTestRunner().run(test).failed == 0


def test_pool_of_a_file(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5")
    out = vrbench.pool(path, 2, out=tmp_path / "g.h5", side="video")
    with vrbench.open(path) as before, vrbench.open(out) as after:
        assert (after.video.lengths <= (before.video.lengths + 1) // 2).all()
        assert after.text.lengths.tolist() == before.text.lengths.tolist()
        items = before.video.select([0, 1])
        assert vrbench.pool(items, 2).lengths.tolist() == after.video.lengths[:2].tolist()
        with pytest.raises(vrbench.InputError, match="are returned, not written"):
            vrbench.pool(items, 2, out=tmp_path / "x.h5")  # type: ignore[call-overload]
    with pytest.raises(vrbench.InputError, match=r"Give out=\.\.\."):
        vrbench.pool(path, 2)  # type: ignore[call-overload]
