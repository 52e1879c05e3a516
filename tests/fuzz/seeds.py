"""The files that are damaged: small, sound, and made anew by each run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from sample_results import sample_result
from small_arrays import packed, padded, plain
from small_features import write_features

from fuzz.mutate import Files

TEXTS = (b"a\nvideo1\n\n b \r\n", b"\xef\xbb\xbfvideo0\n")


def _made(make: Callable[[Path], Any]) -> Files:
    """Return the files that ``make`` writes into a folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _arrays(arrays: dict[str, Any]) -> dict[str, Any]:
    return {key: np.array(value) for key, value in arrays.items() if value is not None}


def _savez(folder: Path, arrays: dict[str, Any]) -> None:
    np.savez(folder / "a.npz", allow_pickle=False, **_arrays(arrays))


@cache
def features() -> tuple[Files, ...]:
    return (
        _made(lambda f: write_features(f / "f.h5", dim=4, scale=20.0)),
        _made(lambda f: write_features(f / "f.h5", dim=4, bank=(), normalized=False)),
    )


@cache
def carried_on() -> tuple[Files, ...]:
    return (_made(lambda f: write_features(f / "f.h5", dim=4)),)


@cache
def npz() -> tuple[Files, ...]:
    sources = (plain(), padded(), packed())
    return (
        *(_made(partial(_savez, arrays=arrays)) for arrays in sources),
        _made(lambda f: np.savez_compressed(f / "a.npz", allow_pickle=False, **_arrays(padded()))),
    )


@cache
def npy_folders() -> tuple[Files, ...]:
    def write(folder: Path, arrays: dict[str, Any]) -> None:
        for name, array in _arrays(arrays).items():
            np.save(folder / f"{name}.npy", array)

    return tuple(_made(partial(write, arrays=one)) for one in (plain(), padded(), packed()))


@cache
def dumps() -> tuple[Files, ...]:
    def write(folder: Path, masked: bool) -> None:
        (folder / "video").mkdir()
        (folder / "text").mkdir()
        for i in range(3):
            tokens = np.full((4, 3), i + 1, np.float32)
            more = {"mask": np.array([1, 1, 0, 1]), "global": tokens[0]}
            if masked:
                np.savez(folder / "video" / f"v{i}.npz", tokens=tokens, **more)
            else:
                np.save(folder / "video" / f"v{i}.npy", tokens)
            np.save(folder / "text" / f"v{i}#0.npy", tokens[:2])
        lines = ["video_id,caption", *(f"v{i},word {i}" for i in range(3))]
        (folder / "captions.csv").write_text("\n".join(lines), encoding="utf-8")

    return tuple(_made(partial(write, masked=masked)) for masked in (False, True))


@cache
def sims() -> tuple[Files, ...]:
    rng = np.random.default_rng(0)
    t2v = rng.standard_normal((6, 4)).astype(np.float32)
    owner, ids = np.array([0, 1, 2, 3, 0, 1]), np.array([f"v{i}" for i in range(4)])
    whole = {
        "t2v": t2v,
        "v2t": t2v + 1,
        "norm": np.array("csls:k=2"),
        "raw_t2v": t2v,
        "text_video": owner,
        "bank_t2v": np.ones((3, 4), np.float32),
        "bank_v2t": np.ones((6, 2), np.float32),
        "bank_text_video": np.array([0, 1, 1]),
        "video_ids": ids,
        "captions": np.array(["a"] * 6),
        "scale": np.array(20.0),
        "notes": np.array(["note"]),
        "video_sequence": np.array(["s", "s", "t", "t"]),
        "text_sequence": np.array(["s", "s", "t", "t", "s", "s"]),
        "bank_bank_t2v": np.ones((3, 2), np.float32),
        "video_video": np.ones((4, 4)),
    }
    positives = np.eye(6, 4, dtype=bool)
    positives[4:, 0] = True
    return (
        _made(lambda f: np.savez(f / "s.npz", allow_pickle=False, **whole)),
        _made(lambda f: np.savez_compressed(f / "s.npz", t2v=t2v[None], positives=positives)),
        _made(lambda f: np.savez(f / "s.npz", t2v=t2v[:4])),
    )


@cache
def results() -> tuple[Files, ...]:
    def write(folder: Path, **changes: Any) -> None:
        value = sample_result(n_text=6, n_video=4, ranks="a.npz", **changes)
        (folder / "a.json").write_text(json.dumps(value))
        other = {**value, "method": "max-avg", "ranks": "b.npz"}
        (folder / "b.json").write_text(json.dumps(other))
        for name, shift in (("a", 0), ("b", 1)):
            ranks = {"t2v": np.arange(1.0, 7) + shift, "v2t": np.array([1.0, 2, np.nan, 1])}
            ids = {"text_ids": np.arange(6).astype(str), "video_ids": np.arange(4).astype(str)}
            np.savez_compressed(folder / f"{name}.npz", allow_pickle=False, **ranks, **ids)

    changed = {d: {"R@1": 1.5, "gained": 1, "lost": 0, "p": 0.25} for d in ("t2v", "v2t")}
    raw = {key: sample_result()[key] for key in ("metrics", "diagnostics")}
    said: dict[str, Any] = {"offset": 1.0, "negative": 0.1, "length_norm": "sum", "bucket": 0.2}
    info = {"t2v": {**said, "bucket_of": None}}
    return (
        _made(lambda f: write(f)),
        _made(lambda f: write(f, norm="csls", change=changed, raw=raw, sequence_info=info)),
    )


@cache
def projections() -> tuple[Files, ...]:
    from vrbench.extraction.projection import Affine, Projection

    one, two = Affine(np.ones((4, 2)), np.zeros(2)), Affine(np.ones((3, 2)), np.zeros(2))
    made = Projection(one, two, frozenset({"a", "b"}), {"encoder": "toy", "weights": {}})
    return (_made(lambda f: made.save(f / "p.npz")),)


@cache
def weights() -> tuple[Files, ...]:
    import torch
    from hostile_files import script
    from safetensors.torch import save_file

    state = {"a.weight": torch.ones(2, 3), "b": torch.zeros(4, dtype=torch.float16)}
    index = {"weight_map": {"a.weight": "w.safetensors", "b": "w.safetensors"}}

    def sharded(folder: Path) -> None:
        save_file(state, folder / "w.safetensors")
        (folder / "w.safetensors.index.json").write_text(json.dumps(index))

    return (
        _made(sharded),
        _made(lambda f: torch.save({"state_dict": state, "epoch": 1}, f / "w.pt")),
        _made(lambda f: torch.save(state, f / "w.pth", _use_new_zipfile_serialization=False)),
        _made(lambda f: script(torch.nn.Linear(2, 3), f / "s.pt")),
    )


@cache
def dictionaries() -> tuple[Files, ...]:
    words = np.array(["a", "cat", "café"])
    return (_made(lambda f: np.save(f / "s3d_dict.npy", words)),)


@cache
def tokenizers() -> tuple[Files, ...]:
    import gzip

    from tiny_onnx import write_models

    ends = {"<|startoftext|>": 6, "<|endoftext|>": 7, "a": 0, "b": 1, "a</w>": 2, "ab</w>": 3}
    return (
        _made(lambda f: write_models(f)),
        {"vocab.json": json.dumps(ends).encode(), "merges.txt": b"#version: 0.2\na b</w>\n"},
        {"bpe_simple_vocab_16e6.txt.gz": gzip.compress(b"#version\na b\nab c</w>\n")},
    )


@cache
def clip_configs() -> tuple[Files, ...]:
    tower = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = {
        "model_type": "clip",
        "text_config": {**tower, "vocab_size": 10, "intermediate_size": 8},
        "vision_config": {**tower, "image_size": 32, "patch_size": 16, "hidden_act": "gelu"},
        "projection_dim": 8,
    }
    pixels = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.2, 0.2, 0.2]}
    towers = {"text_cfg": {"heads": 1}, "vision_cfg": {"head_width": 64}, "quick_gelu": True}
    other = {"model_cfg": towers, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.2] * 3}}
    files = {"config.json": config, "preprocessor_config.json": pixels}
    return (
        {name: json.dumps(value).encode() for name, value in files.items()},
        {"open_clip_config.json": json.dumps(other).encode()},
    )


@cache
def videos() -> tuple[Files, ...]:
    from toy_files import moving, write_video

    def images(folder: Path) -> None:
        (folder / "a").mkdir()
        for number, image in enumerate(moving(3, (16, 16))):
            image.save(folder / "a" / f"{number}.{('png', 'jpg', 'png')[number]}")

    return (
        _made(images),
        _made(lambda f: write_video(f / "a.mp4", moving(6, (32, 32)))),
        _made(lambda f: write_video(f / "a.mkv", moving(6, (32, 32)), "mpeg4")),
        _made(lambda f: write_video(f / "a.avi", moving(6, (32, 32)), "mpeg4")),
    )
