"""Small files of every layout that is imported, and single matrices, to be damaged."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from archived import npy, npz, pt, write_lmdb, write_parquet, write_tar
from safetensors.numpy import save_file

from fuzz.mutate import Files
from fuzz.seeds import made
from vrbench.errors import InputError

LINES = "\n".join(json.dumps({"video": f"v{i}.mp4", "desc": f"word {i}", "n": i}) for i in range(3))
TOKENS: dict[str, Any] = {f"v{i}": np.full((i + 1, 3), i + 1, np.float32) for i in range(3)}
VECTORS = np.arange(1, 10, dtype=np.float32).reshape(3, 3)
IDS = list(TOKENS)


def _there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _sides(folder: Path, write: Any, ending: str) -> None:
    for side in ("v", "t"):
        write(folder / f"{side}{ending}")
    (folder / "c.jsonl").write_text(LINES, encoding="utf-8")


def _hdf5(path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for name, x in TOKENS.items():
            file[name if path.stem == "v" else f"{name}/x"] = x


def _torch(path: Path, old: bool = False) -> None:
    value = {name: torch.from_numpy(x) for name, x in TOKENS.items()}
    torch.save(value, path, _use_new_zipfile_serialization=not old)


def _tar(path: Path) -> None:
    files: dict[str, Any] = {}
    for i, (name, x) in enumerate(TOKENS.items()):
        files[f"{name}.{('npy', 'npz', 'pt')[i]}"] = (npy, npz, pt)[i](x)
        files[f"{name}.json"] = {"caption": name}
    write_tar(path, files)


def _lmdb(path: Path, store: Any = npy) -> None:
    base = write_lmdb(path.with_suffix(""), {k: store(x) for k, x in TOKENS.items()})
    (base / "data.mdb").rename(path)
    (base / "lock.mdb").unlink()
    base.rmdir()


def _items(path: Path) -> None:
    path.mkdir()
    for i, (name, x) in enumerate(TOKENS.items()):
        data = (npy, npz, pt)[i](x)
        (path / f"{name}.{('npy', 'npz', 'pt')[i]}").write_bytes(data)


@cache
def sides() -> tuple[Files, ...]:
    """Files of a side each, ``v`` and ``t``, and captions."""
    writers: list[tuple[Any, str]] = [
        (_hdf5, ".h5"),
        (_torch, ".pt"),
        (partial(_torch, old=True), ".pth"),
        (lambda path: save_file(TOKENS, path), ".safetensors"),
        (lambda path: np.savez(path, **TOKENS), ".npz"),
        (_tar, ".tar"),
        (_items, ""),
    ]
    if _there("lmdb"):
        writers.append((_lmdb, ".mdb"))
    if _there("arro3"):
        named: dict[str, Any] = {"id": IDS, "embedding": VECTORS}
        nested: dict[str, Any] = {"id": IDS, "tokens": list(TOKENS.values())}
        writers += [
            (lambda path: write_parquet(path, **named), ".parquet"),
            (lambda path: write_parquet(path, **nested), ".parquet"),
        ]
    return tuple(made(partial(_sides, write=write, ending=end)) for write, end in writers)


def read_sides(folder: Path) -> None:
    """Import the two sides."""
    from vrbench.importing import Given, read_arrays

    def of(stem: str) -> Path:
        found = sorted(path for path in folder.iterdir() if path.name.split(".")[0] == stem)
        return found[0] if found else folder / stem

    given = Given(video=of("v"), text=of("t"), captions=folder / "c.jsonl")
    for side in read_arrays(given).sides.values():
        for _ in side.blocks():
            pass


@cache
def matrices() -> tuple[Files, ...]:
    """Similarity files of one matrix."""
    return (
        made(lambda folder: np.save(folder / "s.npy", VECTORS)),
        made(lambda folder: torch.save(torch.from_numpy(VECTORS), folder / "s.pt")),
        made(lambda folder: np.savetxt(folder / "s.csv", VECTORS, delimiter=";")),
        {"s.csv": b",a,b\na,1,2\nb,3,4\n"},
    )


def read_matrix(folder: Path) -> None:
    """Read one."""
    from vrbench.sims.file import load_sim

    load_sim(next(iter(sorted(folder.glob("s.*"))), folder / "s.npy"))


@cache
def captions() -> tuple[Files, ...]:
    """Files of captions."""
    return (
        {"c": LINES.encode()},
        {"c": json.dumps([json.loads(line) for line in LINES.split("\n")]).encode()},
        {"c": b"vid;sentence\na.mp4;x\nb;y\n"},
        {"c": b'{"a": ["x"], "b": "y"}'},
    )


def read_rows(folder: Path) -> None:
    """Read one in both ways."""
    from vrbench.datasets import read_captions
    from vrbench.datasets.rows import caption_rows

    caption_rows(folder / "c", {"n": "text_id"})
    read_captions(folder / "c").notes()


@cache
def raw() -> tuple[Files, ...]:
    """Data bases of bare numbers."""
    if not _there("lmdb"):
        return ()
    return (made(lambda folder: _lmdb(folder / "v.mdb", lambda x: x.tobytes())),)


def read_raw(folder: Path) -> None:
    """Import one as videos, with and without a declared type."""
    from vrbench.importing import Given, read_arrays

    texts: dict[str, Any] = {f"{name}#0": x for name, x in TOKENS.items()}
    np.savez(folder / "t.npz", **texts)
    with contextlib.suppress(InputError):
        read_arrays(Given(video=folder / "v.mdb", text=folder / "t.npz"))
    given = Given(video=folder / "v.mdb", text=folder / "t.npz", raw="float32:3")
    for side in read_arrays(given).sides.values():
        for _ in side.blocks():
            pass


@cache
def rows() -> tuple[Files, ...]:
    """Parquet files of captions."""
    if not _there("arro3"):
        return ()
    plain: dict[str, Any] = {"video_id": ["a", "b", "a"], "caption": ["x", "y", "z"]}
    lists: dict[str, Any] = {"videoID": ["a", "b"], "enCap": [["x", "y"], ["z"]]}
    return tuple(
        made(partial(lambda folder, some: write_parquet(folder / "c.parquet", **some), some=some))
        for some in (plain, lists)
    )


def read_parquet(folder: Path) -> None:
    """Read one as a dataset."""
    from vrbench import datasets

    datasets.read("retrieval-json", folder, "c").notes()
