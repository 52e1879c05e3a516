"""What a training has come to, in a file beside the head to be: it goes on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrbench._version import VERSION
from vrbench.errors import InputError
from vrbench.heads.file import read_safetensors
from vrbench.runtime.files import replacing

KEY = "vrbench-training"

NamedArrays = dict[str, NDArray[Any]]


@dataclass
class State:
    """Everything that the next epoch depends on.

    Attributes:
        identity: what decides the training; only the same one goes on.
        epoch: how many are done.
        curve: a row for each epoch, the untrained head first.
        best: the epoch whose weights are kept.
        stopped: why it ended before the last epoch, if it did.
        parts: arrays: ``now`` and ``best`` weights, ``queue`` and ``best_queue``, ``adam``, ...
    """

    identity: Mapping[str, Any]
    epoch: int = 0
    curve: list[dict[str, Any]] = field(default_factory=list)
    best: int = 0
    stopped: str | None = None
    parts: dict[str, NamedArrays] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it, whole or not at all.

        Raises:
            InputError: it cannot be written.
        """
        import safetensors.numpy

        said = {"identity": self.identity, "epoch": self.epoch, "curve": self.curve}
        said |= {"best": self.best, "stopped": self.stopped, "version": VERSION}
        arrays = {
            f"{part}/{name}": np.asarray(value, order="C")
            for part, values in self.parts.items()
            for name, value in values.items()
        }
        data = safetensors.numpy.save(arrays, {KEY: json.dumps(said, sort_keys=True)})
        with replacing(path) as part:
            part.write_bytes(data)

    @classmethod
    def read(cls, path: Path, identity: Mapping[str, Any]) -> State:
        """Read what ``save`` wrote.

        Raises:
            InputError: it is no such file, or belongs to another training.
        """
        remedy = "remove it, or begin anew with --overwrite"
        said, arrays, _ = read_safetensors(path, KEY, "is no unfinished training", remedy)
        entries = {"identity", "epoch", "curve", "best", "stopped", "version"}
        if said is None or not entries <= said.keys():
            raise InputError(f"{path} is no unfinished training: {remedy}.")
        if said["version"] != VERSION:
            raise InputError(
                f"{path} was begun by vrbench {said['version']}, this is {VERSION}: go on with "
                "that, or begin anew with --overwrite."
            )
        changed = different(said["identity"], identity)
        if changed:
            raise InputError(
                f"{path} was begun with other settings ({', '.join(changed)}): give the same ones "
                "to go on, or begin anew with --overwrite."
            )
        parts: dict[str, NamedArrays] = {}
        for name, value in arrays.items():
            part, _, rest = name.partition("/")
            parts.setdefault(part, {})[rest] = value
        return cls(identity, said["epoch"], said["curve"], said["best"], said["stopped"], parts)


def different(one: Any, other: Mapping[str, Any]) -> list[str]:
    """Return what two trainings were not given alike."""
    if not isinstance(one, dict):
        return ["everything"]
    other = json.loads(json.dumps(other))
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def partial(out: Path) -> Path:
    """Return where an unfinished training of a head lies."""
    return out.with_name(f"{out.name}.partial")
