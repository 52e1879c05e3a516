"""Weights of released checkpoints, by their own names, for the heads xclip and ucofia."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cli_runs import refused, run
from heads import temporal
from patched import WIDTH, selector, ucofia_arrays, write_patched, xclip_arrays

import vrbench
from vrbench.errors import InputError
from vrbench.heads import load

OTHER = ("clip.visual.proj", "word_logit_weight", "word_mat_weight_for_pixel", "frame_mat_weight")


def checkpoint(path: Path, arrays: dict[str, Any]) -> Path:
    """A file as the release writes it, with what the head does not have."""
    rows = {
        name.replace("selector.", "visual_token_selector.score_predictor."): torch.tensor(w).float()
        for name, w in arrays.items()
    }
    for name in OTHER:
        rows.setdefault(name, torch.eye(3))
    rows["clip.logit_scale"] = torch.tensor(4.6)
    torch.save({f"module.{name}": value for name, value in rows.items()}, path)
    return path


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patched(tmp_path_factory.mktemp("f") / "f.h5", counts=(1,) * 24)


@pytest.mark.parametrize("name", ["xclip", "ucofia", "ucofia:levels=video+frame"])
def test_a_checkpoint_is_read_by_its_own_names(features: Path, tmp_path: Path, name: str) -> None:
    arrays = (xclip_arrays if name == "xclip" else ucofia_arrays)(np.random.default_rng(0))
    start, out = checkpoint(tmp_path / "c.bin", arrays), tmp_path / "h.safetensors"
    done = run("train", name, features, "--from", start, "--epochs", "0", "--out", out)
    assert done.code == 0, done
    learnt, head = load(out), name.partition(":")[0]
    assert learnt.spec.spec == name
    assert learnt.method == name
    expected = {f"{head}.{key}" for key in arrays}
    if "levels" in name:
        left = ("global_mat_weight", "global_mat_weight_1", "frame_logit_weight")
        expected = {f"{head}.{key}" for key in left}
    assert set(learnt.weights) == {*expected, "logit_scale"}
    for key in expected:
        known = np.float32(arrays[key.removeprefix(f"{head}.")])
        np.testing.assert_array_equal(learnt.weights[key], known)
    assert float(learnt.weights["logit_scale"]) == pytest.approx(4.6)


def test_the_narrow_network_scores_as_released(features: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    narrow = {f"selector.{k}": w for k, w in selector(rng, narrow=True).items()}
    start = checkpoint(tmp_path / "c.bin", ucofia_arrays(rng) | narrow)
    learnt = vrbench.train(
        features, "ucofia", method="ucofia:variant=released", start=start, epochs=0, batch=4
    )
    assert learnt.weights["ucofia.selector.in_conv.0.weight"].shape == (WIDTH,)
    with vrbench.open(features) as opened:
        sides = opened.text, opened.video
        assert vrbench.score(*sides, "ucofia:variant=released", head=learnt).t2v.shape[0] == 3
        with pytest.raises(InputError, match="variant=released reads those"):
            vrbench.score(*sides, "ucofia", head=learnt)


def test_a_checkpoint_without_them_is_refused(features: Path, tmp_path: Path) -> None:
    torch.save({"clip.visual.proj": torch.eye(3)}, tmp_path / "c.bin")
    words = ("--from", tmp_path / "c.bin", "--out", tmp_path / "h.safetensors")
    refused("train", "ucofia", features, *words, says="has no weights of the head 'ucofia'")
    some = ucofia_arrays(np.random.default_rng(2))
    wrong = checkpoint(tmp_path / "w.bin", some | {"pixel_mat_weight2": np.zeros((3, 4))})
    words = ("--from", wrong, "--out", tmp_path / "h.safetensors")
    refused("train", "ucofia", features, *words, says="ucofia.pixel_mat_weight2.*shape")
    del some["pixel_mat_weight2"]
    part = checkpoint(tmp_path / "p.bin", some)
    words = ("--from", part, "--out", tmp_path / "h.safetensors")
    refused(
        "train", "ucofia", features, *words, says=r"p\.bin has .*not 'ucofia.pixel_mat_weight2'"
    )
    assert not (tmp_path / "h.safetensors").exists()


def test_weights_of_a_wrong_shape_are_named(features: Path, tmp_path: Path) -> None:
    named = temporal(np.random.default_rng(3), WIDTH)
    rows = {name.removeprefix("temporal."): value for name, value in named.items()}
    rows["transformerClip.resblocks.1.attn.in_proj_bias"] = np.zeros(5)
    start = checkpoint(tmp_path / "c.bin", rows)
    words = ("--from", start, "--out", tmp_path / "h.safetensors")
    says = "resblocks.1.attn.in_proj_bias.*shape"
    refused("train", "temporal:layers=2", features, *words, says=says)
