"""Fusion in Python is the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vrbench
from vrbench.sims.file import load_sim


def test_fuse_in_python_is_the_command(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 4, 4))
    names: dict[str, Any] = {
        "video_ids": list("wxyz"),
        "text_ids": [f"{name}#0" for name in "wxyz"],
    }
    np.savez(tmp_path / "a.npz", t2v=a, **names)
    np.savez(tmp_path / "b.npz", t2v=b, **names)
    paths = tmp_path / "a.npz", tmp_path / "b.npz"
    found = vrbench.fuse(a, b, how="z", weights=[1, 2])
    for other in (
        vrbench.fuse(*paths, how="z", weights=[1, 2], out=tmp_path / "c.npz"),
        vrbench.fuse(vrbench.Sim(a, a), vrbench.Sim(b, b), how="z", weights=[1, 2]),
        load_sim(tmp_path / "c.npz").sim,
    ):
        np.testing.assert_allclose(other.t2v, found.t2v, atol=1e-12)
        np.testing.assert_allclose(other.v2t, found.v2t, atol=1e-12)
    for given, how, said in (
        ({"sims": (a,)}, "rrf", "One similarity is nothing to fuse"),
        ({"sims": (a, b[:2])}, "rrf", r"shapes \(4, 4\), \(2, 4\) are not of the same items"),
        ({"sims": (a, paths[0])}, "rrf", "Similarities in memory have no names or banks"),
        ({"sims": (a, b)}, "rff", r"Unknown --how 'rff'. Did you mean 'rrf'\?"),
        ({"sims": (a, b), "weights": [0, 0]}, "rrf", "not all of them 0"),
    ):
        with pytest.raises(vrbench.InputError, match=said):
            vrbench.fuse(*given.pop("sims"), how=how, **given)
