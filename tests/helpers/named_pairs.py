"""Named texts and videos in every form that is read, and the R@K of the ordered file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray

import vrbench
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.settings import Compute
from vrbench.importing import Given
from vrbench.importing.to_features import import_arrays
from vrbench.sims.file import load_sim

Array = NDArray[Any]
N, M, D = 7, 5, 6
OWNER = np.array([0, 1, 2, 2, 3, 4, 4])
PLACE = np.array([0, 0, 0, 1, 0, 0, 1])
"""Which of its video's texts a text is."""


@dataclass(frozen=True)
class Data:
    """Named texts and videos in some order; ``owner`` is the row of each text's video."""

    text: Array
    video: Array
    owner: Array
    text_ids: list[str]
    video_ids: list[str]

    def shuffled(self, texts: Array, videos: Array) -> Data:
        row = np.argsort(videos)
        return Data(
            self.text[texts],
            self.video[videos],
            row[self.owner[texts]],
            [self.text_ids[i] for i in texts],
            [self.video_ids[i] for i in videos],
        )


def data(style: str, name: Callable[[int], str], one_caption: bool = False) -> Data:
    rng = np.random.default_rng(3)
    owner = np.arange(M) if one_caption else OWNER
    video = rng.standard_normal((M, D))
    text = video[owner] + rng.standard_normal((len(owner), D))
    texts = [style.format(v=name(v), k=k) for v, k in zip(owner, PLACE, strict=False)]
    return Data(text, video, owner, texts, [name(v) for v in range(M)])


def recalls(metrics: Any) -> list[float]:
    return [metrics[d][key] for d in ("t2v", "v2t") for key in ("R@1", "R@5", "MnR")]


def expected(of: Data) -> list[float]:
    sim = vrbench.score(
        list(of.text[:, None]), list(of.video[:, None]), "global", precision="double"
    )
    ranks = [vrbench.metrics.ranks(sim, text_video=of.owner, direction=d) for d in ("t2v", "v2t")]
    return [f(r) for r in ranks for f in (share(1), share(5), lambda r: float(np.mean(r)))]


def share(k: int) -> Callable[[Array], float]:
    return lambda ranks: 100 * float((ranks <= k).mean())


def evaluate(path: Path, sims: bool) -> list[float]:
    opened = Evaluation.open(load_sim(path) if sims else path, compute=Compute("double"))
    return recalls(next(opened.run(opened.jobs(["global"], ["none"]))).values["metrics"])


def as_npz(of: Data, folder: Path, **more: Any) -> tuple[Path, bool]:
    np.savez(
        folder / "a.npz",
        text=of.text,
        video=of.video,
        text_ids=of.text_ids,
        video_ids=of.video_ids,
        **more,
    )
    return import_arrays(folder / "a.npz", folder / "f.h5", overwrite=True), False


def as_packed(of: Data, folder: Path, **more: Any) -> tuple[Path, bool]:
    return _tokens(of, folder, lambda x: {"tokens": x, "offsets": np.arange(len(x) + 1)}, **more)


def as_padded(of: Data, folder: Path, **more: Any) -> tuple[Path, bool]:
    def side(x: Array) -> dict[str, Array]:
        tokens = np.stack([np.full_like(x, np.nan), x], axis=1)
        return {"tokens": tokens, "mask": np.tile([False, True], (len(x), 1))}

    return _tokens(of, folder, side, **more)


def _tokens(
    of: Data, folder: Path, side: Callable[[Array], dict[str, Array]], **more: Any
) -> tuple[Path, bool]:
    sides = {"text": side(of.text), "video": side(of.video)}
    arrays: dict[str, Any] = {
        f"{key}_{part}": x for key, parts in sides.items() for part, x in parts.items()
    }
    np.savez(folder / "a.npz", **arrays, text_ids=of.text_ids, video_ids=of.video_ids, **more)
    return import_arrays(folder / "a.npz", folder / "f.h5", overwrite=True), False


def as_dump(of: Data, folder: Path, **more: Any) -> tuple[Path, bool]:
    for key, ids, rows in (("text", of.text_ids, of.text), ("video", of.video_ids, of.video)):
        (folder / "d" / key).mkdir(parents=True)
        for name, row in zip(ids, rows, strict=True):
            np.save(folder / "d" / key / f"{name}.npy", row)
    for name, value in more.items():
        np.save(folder / "d" / f"{name}.npy", value)
    return import_arrays(folder / "d", folder / "f.h5", overwrite=True), False


def as_half_dump(of: Data, folder: Path, **more: Any) -> tuple[Path, bool]:
    (folder / "d" / "video").mkdir(parents=True)
    for name, row in zip(of.video_ids, of.video, strict=True):
        np.save(folder / "d" / "video" / f"{name}.npy", row)
    for name, value in {"text": of.text, "text_ids": np.array(of.text_ids), **more}.items():
        np.save(folder / "d" / f"{name}.npy", value)
    return import_arrays(folder / "d", folder / "f.h5", overwrite=True), False


def as_sims(of: Data, folder: Path, **more: Any) -> tuple[Path, bool]:
    sim = vrbench.score(
        list(of.text[:, None]), list(of.video[:, None]), "global", precision="double"
    )
    np.savez(folder / "s.npz", t2v=sim.t2v, text_ids=of.text_ids, video_ids=of.video_ids, **more)
    return folder / "s.npz", True


def as_sides(of: Data, folder: Path) -> tuple[Path, bool]:
    """HDF5 with a dataset a video, and a torch file with a tensor a text."""
    with h5py.File(folder / "v.h5", "w") as file:
        file.update(dict(zip(of.video_ids, of.video, strict=True)))
    rows = map(torch.from_numpy, of.text)
    torch.save(dict(zip(of.text_ids, rows, strict=True)), folder / "t.pt")
    given = Given(video=folder / "v.h5", text=folder / "t.pt")
    return import_arrays(given, folder / "f.h5", overwrite=True), False


FORMS = (as_npz, as_packed, as_padded, as_dump, as_half_dump, as_sides, as_sims)
STYLES = ("{v}#{k}", "{v}_{k}")
NAMES: tuple[Callable[[int], str], ...] = (
    lambda i: f"v{i}",
    lambda i: f"video{(7 * i + 3) % 11}",
    lambda i: str(100 - i),
    lambda i: f"-4w_{i}#x",
    lambda i: ("a", "a_1", "a_1_2", "b#1", "c")[i],  # names that contain each other
    lambda i: f"clip {i}é",
)
