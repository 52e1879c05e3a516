"""Tokenizers and configs that name code or sizes that do not exist."""

import base64
import gzip
import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("transformers")
pytest.importorskip("PIL")

from loaded_clip import CAPTION, load, model
from tiny_clip import save_openai, save_transformers
from tiny_onnx import SIDE, write_models

from vrbench.encoders.clip.words import read_words
from vrbench.encoders.onnx import Onnx
from vrbench.errors import InputError

__all__ = ["model"]

PANICS: dict[str, dict[str, Any]] = {
    "Precompiled": {
        "normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"},
    },
    "slice index": {
        "model": {
            "type": "BPE",
            "vocab": {"a": 0, "b": 1},
            "merges": [["a", "b"]],
            "continuing_subword_prefix": "##",
        },
    },
    "chunk size": {"pre_tokenizer": {"type": "FixedLength", "length": 0}},
    "index out of bounds": {
        "normalizer": {
            "type": "Precompiled",
            "precompiled_charsmap": base64.b64encode(b"\4\0\0\0\xff\xff\xff\xff\0\0").decode(),
        },
    },
    "Missing": {"model": {"type": "WordLevel", "vocab": {"x": 0}, "unk_token": "[UNK]"}},
}
"""What tokenizers says, and a change of a tokenizer that makes it panic or fail."""


def changed(path: Path, change: dict[str, Any]) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


@pytest.mark.parametrize("reason", PANICS)
def test_panics_are_sentences(
    model: Any, tmp_path: Path, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    write_models(tmp_path)
    changed(tmp_path / "tokenizer.json", PANICS[reason])
    with pytest.raises(InputError, match=rf"tokenizer\.json .*{reason}"):
        Onnx(size=SIDE).load(tmp_path)
    clip = tmp_path / "clip"
    clip.mkdir()
    save_transformers(model, clip)
    ends = [
        {
            "id": i,
            "content": name,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for i, name in ((518, "<|startoftext|>"), (519, "<|endoftext|>"))
    ]
    changed(clip / "tokenizer.json", {"added_tokens": ends, **PANICS[reason]})
    with pytest.raises(InputError, match=rf"tokenizer.*{reason}"):
        load(clip).text(CAPTION)
    capfd.readouterr()  # Rust prints its panics itself


def test_ids_beyond_the_text_tower_are_named(model: Any, tmp_path: Path) -> None:
    save_transformers(model, tmp_path)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["a</w>"] = 9_999_999
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(InputError, match=r"has the id 9999999, but this CLIP knows only 520"):
        load(tmp_path)


@pytest.mark.slow
def test_merges_are_unpacked_to_a_bound(model: Any, tmp_path: Path) -> None:
    save_openai(model, tmp_path)
    bpe = tmp_path / "bpe_simple_vocab_16e6.txt.gz"
    bpe.write_bytes(gzip.compress(gzip.decompress(bpe.read_bytes()) + b"\n" * (200 << 20)))
    tracemalloc.start()
    with pytest.raises(InputError, match="more than 16,777,216 bytes"):
        read_words(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
def test_a_config_names_no_code(model: Any, tmp_path: Path, key: str) -> None:
    """transformers would fetch this repository and import it."""
    save_transformers(model, tmp_path)
    expected = load(tmp_path).text(CAPTION).tokens
    changed(
        tmp_path / "config.json",
        {
            key: "somebody/attention",
            "auto_map": {"AutoModel": "somebody--code.Model"},
            "trust_remote_code": True,
            "_name_or_path": "/etc/passwd",
        },
    )
    np.testing.assert_array_equal(load(tmp_path).text(CAPTION).tokens, expected)


@pytest.mark.parametrize(
    ("tower", "change", "reason"),
    [
        ("text", {"hidden_act": "os.system"}, "there is no activation 'os.system'"),
        ("text", {"num_hidden_layers": 10**9}, "1000000000 layers, 78 entries of weights"),
        ("vision", {"patch_size": 0}, "zero"),
        ("vision", {"patch_size": [8, 8]}, "unsupported"),
        ("vision", {"num_hidden_layers": "two"}, "expected int"),
    ],
)
def test_configs_of_no_clip_are_named(
    model: Any, tmp_path: Path, tower: str, change: dict[str, Any], reason: str
) -> None:
    save_transformers(model, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    changed(tmp_path / "config.json", {f"{tower}_config": config[f"{tower}_config"] | change})
    with pytest.raises(InputError, match=rf"is not that of a CLIP: .*{reason}"):
        load(tmp_path)


def test_shards_are_names_in_the_own_folder(model: Any, tmp_path: Path) -> None:
    save_transformers(model, tmp_path)
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    outside.mkdir()
    shutil.copytree(tmp_path, inside, ignore=shutil.ignore_patterns("inside", "outside"))
    (inside / "model.safetensors").rename(outside / "a.safetensors")
    for name in (str(outside / "a.safetensors"), "../outside/a.safetensors", "..", ""):
        index = {"weight_map": {"logit_scale": name}}
        (inside / "model.safetensors.index.json").write_text(json.dumps(index))
        with pytest.raises(InputError, match="does not exist: expected a file of weights"):
            load(inside)
