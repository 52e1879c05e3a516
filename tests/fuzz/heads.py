"""Sound heads and projections, and their readers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from fuzz.mutate import Files
from fuzz.seeds import made


@cache
def projections() -> tuple[Files, ...]:
    from vrbench.heads.projection import Affine, Projection

    one, two = Affine(np.ones((4, 2)), np.zeros(2)), Affine(np.ones((3, 2)), np.zeros(2))
    about = {"encoder": "toy", "weights": {}}
    projection = Projection(one, two, frozenset({"a", "b"}), about)
    return (made(lambda f: projection.save(f / "p.npz")),)


@cache
def heads() -> tuple[Files, ...]:
    from vrbench.features.tokens import Tokens
    from vrbench.heads import parse_head
    from vrbench.heads.bank import bank_arrays
    from vrbench.heads.head import Head, digest

    weights = {
        "linear.video.weight": np.ones((2, 4), np.float32),
        "linear.video.bias": np.zeros(2, np.float32),
        "linear.text.weight": np.ones((2, 3), np.float32),
        "linear.text.bias": np.zeros(2, np.float32),
        "logit_scale": np.float32(2.7),
    }
    about = {
        "method": "tokenflow",
        "loss": "infonce",
        "features": None,
        "encoder": "toy",
        "split": "train",
        "train_ids": [digest("a")],
        "validation": [{"epoch": 0}],
    }
    items = Tokens(np.array(["a", "b"]), np.ones((3, 2), np.float32), np.array([0, 1, 3]))
    order = np.array([0, 1, 0])
    bank = bank_arrays("text", items, order) | bank_arrays("video", items, order)
    arrays = {name: np.asarray(value) for name, value in weights.items()}
    return (
        made(lambda f: Head(parse_head("linear"), arrays, about).save(f / "h.safetensors")),
        made(lambda f: Head(parse_head("linear"), arrays, about, bank).save(f / "h.safetensors")),
    )


def read_projection(folder: Path) -> None:
    from vrbench.heads.projection import Projection

    found = Projection.read(folder / "p.npz")
    for side in (found.video, found.text):
        side(np.zeros((1, len(side.matrix))))


def read_head(folder: Path) -> None:
    from vrbench.features.tokens import Tokens
    from vrbench.heads import file
    from vrbench.heads.applied import apply_side
    from vrbench.heads.bank import SIDES, bank_side
    from vrbench.results.about import head_about

    head = file.load(folder / "h.safetensors")
    for side, width in (("video", 4), ("text", 3)):
        one = Tokens(np.array(["x"]), np.ones((2, width), np.float32), np.array([0, 2]))
        apply_side(head, "video" if side == "video" else "text", one)
    for name in SIDES if head.bank else ():
        bank_side(head.bank, name, head.name, True)
    head.trained_on(["a"])
    head_about(head)
