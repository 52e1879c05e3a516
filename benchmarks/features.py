"""Reading a packed feature file against a file with one dataset an item."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np

from benchmarks.base import Claim, compare, random_items
from vrbench.features import open_features
from vrbench.features.writer import FeatureWriter


def claims() -> Iterator[Claim]:
    """Compare the reading of 10,000 items of 12 tokens."""
    items = random_items(10_000, range(12, 13), 64, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        packed, single = Path(folder) / "packed.h5", Path(folder) / "single.h5"
        with FeatureWriter(packed, {"normalized": True}, "float32") as writer:
            writer.append("video", items)
            columns = {"video": np.arange(len(items))}
            writer.append("text", replace(items, item_columns=columns))
            writer.finish()
        with h5py.File(single, "w") as file:
            for i, name in enumerate(items.ids):
                file[str(name)] = items.tokens[items.offsets[i] : items.offsets[i + 1]]

        def read_single() -> None:
            with h5py.File(single) as file:
                for name in file:
                    _ = file[name][:]

        yield compare(
            "reading 10,000 items: times faster than one HDF5 dataset an item",
            lambda: open_features(packed).video.block(0, len(items)),
            read_single,
            rounds=3,
            target=20,
            at_least=True,
        )
