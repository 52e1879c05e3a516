"""One epoch over 66,514 captions of 3,351 videos, as many as the training features of MSR-VTT have.

Captions of 4 to 16 words, videos of 2 frames, 768 numbers a token, float16 on disk; `linear`,
batches of 128, `infonce`. *Bare products* are those of forward and backward over the same batches,
float32 in memory: tokens times maps, words times frames, both times the other side's global vectors
(TokenFlow eq. 14), and those that give the gradients of all these; a second row leaves out those
with global vectors, which could be had from those of words and frames where a global vector is a
mean. *An epoch* is a whole training: it opens and reads the file, packs batches,
scores, and makes the steps of AdamW. One thread on both sides. Seconds and peaks are those of
`vrbench train` in a process of its own, its imports included.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.base import Claim, fact, seconds
from benchmarks.command import Workload, run
from vrbench.features import open_features
from vrbench.training.items import TrainingItems
from vrbench.training.settings import TrainingSettings
from vrbench.training.train import Where
from vrbench.training.train import run as trained

SIZES = Workload(66_514, 3_351, range(4, 17), 2, 768)
BATCH = 128
TARGET = 1.5
SPEC = "tokenflow"
WIDTHS = (768, 128)
ROUNDS = 2
FEW = Workload(1_000, 500, SIZES.words, SIZES.frames, SIZES.width)
"""What is compiled, imported or read for the first time is not timed: these captions come first."""

Batches = list[tuple[torch.Tensor, torch.Tensor]]


def claims() -> Iterator[Claim]:
    """Compare an epoch with its bare products, and say what it takes."""
    with tempfile.TemporaryDirectory() as folder:
        few, path = Path(folder) / "few.h5", Path(folder) / "f.h5"
        FEW.write(few)
        SIZES.write(path)
        batches = _batches(path)
        for width in WIDTHS:
            _epoch(few, width)
            yield from _compared(path, batches, width)
        del batches
        for width in WIDTHS:
            yield from _command(path, width)


def _compared(path: Path, batches: Batches, width: int) -> Iterator[Claim]:
    """Time an epoch and its products in turn."""
    rounds = []
    for _ in range(ROUNDS):
        epoch = seconds(lambda: _epoch(path, width))
        tokens = seconds(lambda: _bare(batches, width, vectors=False))
        rounds.append((epoch / seconds(lambda: _bare(batches, width)), epoch / tokens))
    what = f"{SPEC}, `linear:width={width}`: an epoch / bare products"
    kinds = ((what, TARGET), (f"{what} without those with global vectors", None))
    for (said, target), ratios in zip(kinds, zip(*rounds, strict=True), strict=True):
        middle = statistics.median(ratios)
        yield Claim(said, middle, min(ratios), max(ratios), target)


def _epoch(path: Path, width: int) -> None:
    head = f"linear:width={width}"
    with open_features(path) as features:
        trained(
            features, TrainingSettings(head, SPEC, epochs=1, batch=BATCH, validation=0), Where()
        )


def _batches(path: Path) -> Batches:
    """Words and frames of each batch of an epoch."""
    with open_features(path) as features:
        items = TrainingItems.of(features, 0, 0)
        pairs = [items.pairs(texts) for texts in items.batches(0, BATCH, 0)]
    return [(_tensor(text.tokens), _tensor(video.tokens)) for text, video in pairs]


def _tensor(tokens: object) -> torch.Tensor:
    return torch.as_tensor(np.asarray(tokens, dtype=np.float32))


def _bare(batches: Batches, width: int, *, vectors: bool = True) -> None:
    torch.set_num_threads(1)
    maps = [torch.randn(SIZES.width, width) for _ in range(2)]
    for stored in batches:
        words, frames = (one @ weight for one, weight in zip(stored, maps, strict=True))
        grad = words @ frames.mT
        for one, back in zip(stored, (grad @ frames, grad.mT @ words), strict=True):
            _ = one.mT @ back
        if vectors:
            several = frames[:: SIZES.frames]  # as many as there are items of either side
            for tokens in (words, frames):
                grad = tokens @ several.mT
                _ = grad @ several, grad.mT @ tokens


def _command(path: Path, width: int) -> Iterator[Claim]:
    out = path.with_name(f"{width}.safetensors")
    options = ("--method", SPEC, "--epochs", "1", "--validation", "0", "--out", str(out))
    taken = run("train", f"linear:width={width}", str(path), "--overwrite", "-q", *options)
    what = f"{SPEC}, `linear:width={width}`: an epoch"
    yield fact(f"{what}, CPU seconds", taken.seconds)
    yield fact(f"{what}, peak in GB", taken.peak / 1e9)
