import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("PIL")

import tiny_clip
import torch
from loaded_clip import clip, load, model

from vrbench.encoders.clip import ClipEncoder
from vrbench.errors import InputError
from vrbench.video import Clip

__all__ = ["clip", "model"]


def test_an_open_clip_state_dict_alone_asks_for_the_activation(
    model: Any, clip: Clip, tmp_path: Path
) -> None:
    file = tiny_clip.save_open_clip(model, tmp_path)
    expected = load(file).video(clip).tokens
    (tmp_path / "open_clip_config.json").unlink()
    with pytest.raises(InputError, match=r"clip:activation=gelu .* or clip:activation=quick_gelu"):
        load(file)
    quick, gelu = (load(file, ClipEncoder(activation=a)) for a in ("quick_gelu", "gelu"))
    np.testing.assert_array_equal(quick.video(clip).tokens, expected)
    assert not np.allclose(gelu.video(clip).tokens, expected)
    assert gelu.attrs["activation"] == "gelu"


def test_open_clip_says_heads(model: Any, clip: Clip, tmp_path: Path) -> None:
    file = tiny_clip.save_open_clip(model, tmp_path)
    expected = load(file).video(clip).tokens
    config = json.loads((tmp_path / "open_clip_config.json").read_text())
    config["model_cfg"]["vision_cfg"]["head_width"] = 32
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    assert not np.allclose(load(file).video(clip).tokens, expected)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of one model in a cache of the hub, without a network."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    repo, commit = tmp_path / "models--somebody--tiny-clip", "0" * 40
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text(commit)
    (repo / "snapshots" / commit).mkdir(parents=True)
    return repo / "snapshots" / commit


def test_a_hub_name_is_read_from_the_cache(model: Any, hub: Path, clip: Clip) -> None:
    with pytest.raises(InputError, match=r"tiny-clip .*the cache has no config\.json .* folder"):
        load(Path("somebody/tiny-clip"))
    tiny_clip.save_transformers(model, hub)
    named, local = (load(path) for path in (Path("somebody/tiny-clip"), hub))
    np.testing.assert_array_equal(named.video(clip).tokens, local.video(clip).tokens)
    assert named.weights == local.weights


def without(*names: str) -> Any:
    def damage(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return damage


def replaced(name: str, data: bytes) -> Any:
    return lambda folder: (folder / name).write_bytes(data)


def more(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "a.safetensors")
    (folder / "b.pt").touch()


def edited(change: Any) -> Any:
    def damage(folder: Path) -> None:
        safetensors = pytest.importorskip("safetensors.torch")
        state = safetensors.load_file(folder / "model.safetensors")
        change(state)
        safetensors.save_file(state, folder / "model.safetensors")

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("tokenizer.json"), "holds no tokenizer: put tokenizer.json, vocab.json and"),
        (without("model.safetensors"), "must hold one file .* it has none"),
        (more, r"it has a\.safetensors, b\.pt: name the file"),
        (without("config.json"), "Nothing says which activation"),
        (replaced("config.json", b"{"), "is not JSON"),
        (replaced("model.safetensors", b"no"), "cannot be read as weights"),
        (replaced("tokenizer.json", b"{}"), "tokenizer files in .* cannot be read"),
        (
            edited(lambda s: s.pop("text_projection.weight")),
            "text_projection.weight.*no such entry",
        ),
        (edited(lambda s: s.pop("vision_model.embeddings.class_embedding")), "holds no CLIP"),
        (edited(lambda s: s.update({"vision_model.x": torch.ones(2)})), "in 1 of .*vision_model.x"),
        (edited(lambda s: s.update(logit_scale=torch.ones(2))), r"shape is \(2,\), expected \(\)"),
    ],
)
def test_bad_folders_are_named(model: Any, tmp_path: Path, damage: Any, message: str) -> None:
    tiny_clip.save_transformers(model, tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path)
    assert str(caught.value).endswith(".")


def test_bad_checkpoints_are_named(model: Any, tmp_path: Path) -> None:
    state = tiny_clip.openai_state(model)
    tiny_clip.save_bpe(tmp_path)
    file = tmp_path / "w.pt"
    cases: list[tuple[Any, str]] = [
        (state | {"visual.conv2.weight": torch.ones(1)}, "'visual.conv2.weight', which the towers"),
        ({"a": 1}, "holds no tensor"),
        ({"state_dict": {"layer1.weight": torch.ones(1)}}, "holds no CLIP"),
        (
            {f"{p}.{k}": v for p in "ab" for k, v in state.items()},
            r"several CLIPs \('a\.', 'b\.'\)",
        ),
        ({"args": Path("x"), "state_dict": state}, "without other Python objects"),
        ({k: v for k, v in state.items() if "token_emb" not in k}, "lack an entry of CLIP"),
    ]
    for content, message in cases:
        torch.save(content, file)
        with pytest.raises(InputError, match=message):
            load(file)


def test_weights_must_be_given_and_exist(tmp_path: Path) -> None:
    missing = (tmp_path / "x", Path("here") / "tiny.pt", Path("tiny"))
    for weights in (None, *missing):
        message = "does not exist" if weights else "needs --weights"
        with pytest.raises(InputError, match=message):
            ClipEncoder().load(weights)
