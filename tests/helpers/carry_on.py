"""Writes a feature file batch by batch; as a script it kills itself at a given write."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vrbench.features import Tokens
from vrbench.features import writer as writing
from vrbench.features.storage import put as real_put
from vrbench.features.tokens import offsets_of

ATTRS = {"dataset": "small", "encoder": "none", "normalized": True, "dim": 3}
BATCH = 2
STRING = np.dtypes.StringDType()


class Stopped(BaseException):
    """An interruption that pytest does not take for its own."""


def side(name: str, lengths: list[int]) -> Tokens:
    """Items with a global vector, a number a token, and what texts have."""
    random = np.random.default_rng(len(name))
    n, rows = len(lengths), sum(lengths)
    return Tokens(
        ids=np.array([f"{name}{i}" for i in range(n)], dtype=STRING),
        tokens=random.standard_normal((rows, 3)).astype(np.float32),
        offsets=offsets_of(lengths),
        global_vectors=random.standard_normal((n, 3)).astype(np.float32),
        item_columns={"captions": np.array([f"é {i}" for i in range(n)], dtype=STRING)}
        | ({"video": np.arange(n) % 3} if name == "text" else {}),
        token_columns={"words": np.array([f"w{i}" for i in range(rows)], dtype=STRING)},
        name=name,
    )


SIDES = {"video": side("video", [2, 1, 3]), "text": side("text", [1, 1, 4, 2, 1])}


def carry_on(path: Path) -> None:
    """Append what the file does not hold yet."""
    with writing.FeatureWriter(path, ATTRS, "float32") as writer:
        for name, items in SIDES.items():
            for start in range(len(writer.ids(name)), len(items), BATCH):
                writer.append(name, items.block(start, min(start + BATCH, len(items))))
        writer.finish()


def stop_at(count: int, how: object) -> Callable[..., None]:
    """Return a ``put`` that raises ``how``, or kills the process, at the ``count``-th call."""
    calls = iter(range(count + 1))

    def put(*args: Any) -> None:
        if next(calls, None) == count:
            if isinstance(how, BaseException):
                raise how
            os.kill(os.getpid(), signal.SIGKILL)
        real_put(*args)

    return put


if __name__ == "__main__":
    vars(writing)["put"] = stop_at(int(sys.argv[2]), None)
    carry_on(Path(sys.argv[1]))
