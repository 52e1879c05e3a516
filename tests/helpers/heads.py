"""Small features with a text and a video side, and heads with random weights over them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench.features import Features, Tokens
from vrbench.features.tokens import offsets_of
from vrbench.heads.head import Head

Array = NDArray[Any]


def items(rng: np.random.Generator, lengths: tuple[int, ...], width: int) -> list[Array]:
    """Items of random tokens, of lengths about 1 that differ."""
    return [rng.uniform(0.5, 2) * rng.standard_normal((n, width)) for n in lengths]


def mlp(rng: np.random.Generator, width: int, hidden: int, side: str) -> dict[str, Array]:
    """Random weights of a side of the head wti."""
    name = f"wti.{side}_weight_fc"
    return {
        f"{name}.0.weight": rng.standard_normal((hidden, width)),
        f"{name}.0.bias": rng.standard_normal(hidden),
        f"{name}.2.weight": rng.standard_normal((1, hidden)),
        f"{name}.2.bias": rng.standard_normal(1),
    }


def linear(rng: np.random.Generator, width: int, **sides: int) -> dict[str, Array]:
    """Random weights of the head linear: ``text=5, video=7`` to ``width``."""
    found = {}
    for side, wide in sides.items():
        found[f"linear.{side}.weight"] = rng.standard_normal((width, wide))
        found[f"linear.{side}.bias"] = rng.standard_normal(width)
    return found


def temporal(
    rng: np.random.Generator, width: int, layers: int = 2, positions: int = 9
) -> dict[str, Array]:
    """Random weights of the head temporal."""
    shapes: dict[str, tuple[int, ...]] = {"frame_position_embeddings.weight": (positions, width)}
    for i in range(layers):
        layer = {
            "attn.in_proj_weight": (3 * width, width),
            "attn.in_proj_bias": (3 * width,),
            "attn.out_proj.weight": (width, width),
            "attn.out_proj.bias": (width,),
            "ln_1.weight": (width,),
            "ln_1.bias": (width,),
            "mlp.c_fc.weight": (4 * width, width),
            "mlp.c_fc.bias": (4 * width,),
            "mlp.c_proj.weight": (width, 4 * width),
            "mlp.c_proj.bias": (width,),
            "ln_2.weight": (width,),
            "ln_2.bias": (width,),
        }
        shapes |= {f"transformerClip.resblocks.{i}.{name}": s for name, s in layer.items()}
    return {f"temporal.{name}": rng.standard_normal(shape) for name, shape in shapes.items()}


def features(
    text: list[Array], video: list[Array], owner: list[int] | NDArray[Any], seed: int = 0
) -> Features:
    """Features in memory; items of another seed have other names."""
    sides = []
    for name, side in (("video", video), ("text", text)):
        ids = np.array([f"{name}{seed}-{i}" for i in range(len(side))])
        columns = {"video": np.asarray(owner, dtype=np.int64)} if name == "text" else {}
        rows = np.concatenate(side).astype(np.float32)
        lengths = offsets_of([len(item) for item in side])
        sides.append(Tokens(ids, rows, lengths, item_columns=columns, name=name))
    attrs = {"encoder": "toy", "weights": "{}", "split": "train"}
    return Features(path=Path(__file__), attrs=attrs, video=sides[0], text=sides[1])


def head_of(arrays: dict[str, Array], **about: Any) -> Head:
    """A head of these arrays that knows what a file's header says."""
    made = Head.of_arrays(arrays)
    known: dict[str, Any] = {
        "method": None,
        "loss": None,
        "features": None,
        "encoder": "toy",
        "weights": {},
        "projection": [],
        "split": "train",
        "train_ids": [],
        "validation": [],
    }
    return Head(made.spec, made.weights, {**known, **about})
