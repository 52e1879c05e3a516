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

QRELS = (
    b"t0 0 v0 1\nt1 0 v1 2\nt1 0 v0 0\n",
    b"\xef\xbb\xbfquery-id\tcorpus-id\tscore\nt0\tv0\t1\nt1\tv1\t0.5\n",
)
RUNS = (b"t0 Q0 v0 1 0.9 run\nt0 Q0 v1 2 -1e-3 run\nt1 Q0 v1 1 0.5 run\n",)
TEXTS = (b"a\nvideo1\n\n b \r\n", b"\xef\xbb\xbfvideo0\n")


def made(make: Callable[[Path], Any]) -> Files:
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


def _features(folder: Path, **how: Any) -> None:
    """Write a feature file with chunks of few rows, so that little of it is padding."""
    write_features(folder / "whole.h5", dim=4, **how)
    _repack(folder / "whole.h5", folder / "f.h5")


def _repack(source: Path, out: Path, chunked: bool = True) -> None:
    """Move a feature file, into small chunks or none."""
    import h5py

    with h5py.File(source) as old, h5py.File(out, "w") as new:
        new.attrs.update(old.attrs)

        def copy(name: str, found: Any) -> None:
            if isinstance(found, h5py.Dataset):
                width = found.shape[1:]
                room = {"maxshape": (None, *width), "chunks": (16, *width)} if chunked else {}
                new.create_dataset(name, data=found[()], dtype=found.dtype, **room)

        old.visititems(copy)
    source.unlink()


def _whole(folder: Path) -> None:
    """Write a feature file whose tokens lie in two others."""
    from vrbench.extraction.merging import merge_shards
    from vrbench.extraction.sharding import shard_features

    source, places = write_features(folder / "source.h5", dim=4, bank=()), folder / "set"
    shard_features(source, 2, places)
    parts = [folder / f"{k}.h5" for k in (1, 2)]
    for path, part in zip(sorted(places.glob("part-*")), parts, strict=True):
        _repack(path, part, chunked=False)
    merge_shards(parts, folder / "f.h5", virtual=True)
    source.unlink()
    (places / "all.h5").unlink()


@cache
def features() -> tuple[Files, ...]:
    return (
        made(partial(_features, scale=20.0)),
        made(_whole),
        made(partial(_features, bank=(), normalized=False)),
    )


@cache
def carried_on() -> tuple[Files, ...]:
    return (made(_features),)


@cache
def npz() -> tuple[Files, ...]:
    sources = (plain(), padded(), packed())
    return (
        *(made(partial(_savez, arrays=arrays)) for arrays in sources),
        made(lambda f: np.savez_compressed(f / "a.npz", allow_pickle=False, **_arrays(padded()))),
    )


@cache
def npy_folders() -> tuple[Files, ...]:
    def write(folder: Path, arrays: dict[str, Any]) -> None:
        for name, array in _arrays(arrays).items():
            np.save(folder / f"{name}.npy", array)

    return tuple(made(partial(write, arrays=one)) for one in (plain(), padded(), packed()))


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

    return tuple(made(partial(write, masked=masked)) for masked in (False, True))


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
        made(lambda f: np.savez(f / "s.npz", allow_pickle=False, **whole)),
        made(lambda f: np.savez_compressed(f / "s.npz", t2v=t2v[None], positives=positives)),
        made(lambda f: np.savez(f / "s.npz", t2v=t2v[:4])),
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
        made(lambda f: write(f)),
        made(lambda f: write(f, norm="csls", change=changed, raw=raw, sequence_info=info)),
    )


@cache
def videos() -> tuple[Files, ...]:
    from toy_files import moving, write_video

    def images(folder: Path) -> None:
        (folder / "a").mkdir()
        for number, image in enumerate(moving(3, (16, 16))):
            image.save(folder / "a" / f"{number}.{('png', 'jpg', 'png')[number]}")

    return (
        made(images),
        made(lambda f: write_video(f / "a.mp4", moving(6, (32, 32)))),
        made(lambda f: write_video(f / "a.mkv", moving(6, (32, 32)), "mpeg4")),
        made(lambda f: write_video(f / "a.avi", moving(6, (32, 32)), "mpeg4")),
    )


def judged() -> tuple[Files, ...]:
    """A similarity file with qrels and a run of its items."""
    arrays: dict[str, Any] = {
        "t2v": np.array([[0.9, 0.1], [0.2, 0.8]]),
        "text_ids": ["t0", "t1"],
        "video_ids": ["v0", "v1"],
    }
    sim = made(lambda folder: np.savez(folder / "s.npz", **arrays))
    return tuple({**sim, "q.txt": text, "r.txt": RUNS[0]} for text in QRELS)
