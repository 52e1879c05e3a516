"""A head with its weights: what it does to both sides, and what it knows of itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.alignments import Method, parse_method
from vrbench.errors import InputError
from vrbench.features.tokens import FRAME_LEVEL
from vrbench.heads import HeadSpec, heads
from vrbench.heads.base import HeadPart, Side, sizes
from vrbench.runtime.inputs import to_numpy

if TYPE_CHECKING:
    from torch import Tensor

    from vrbench.alignments.engine.batch import Packed

SCALE = "logit_scale"
"""Natural logarithm of what similarities are multiplied by in a loss, as CLIP has it."""

DIGEST = 16
"""Bytes of the SHA-256 of a training video's id."""


@dataclass(frozen=True, eq=False)
class Head:
    """What is learnt on stored features.

    Attributes:
        spec: which heads, in order.
        weights: float32 arrays, ``HEAD.NAME``, and ``logit_scale``.
        about: the header of its file: method, loss, features, encoder, training videos, ...
        bank: arrays of the last training queries, ``bank.SIDE.NAME``, where they were kept.
        path: the file that it was read from.
        digest: SHA-256 of that file as it was read, hexadecimal.
    """

    spec: HeadSpec
    weights: Mapping[str, NDArray[Any]]
    about: Mapping[str, Any] = field(default_factory=dict)
    bank: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    path: Path | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        check_weights(self.spec, self.weights)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Any]) -> Head:
        """Return the head that has these weights: ``{"learnable.weight": w}``.

        Raises:
            InputError: a name begins with no head's name, or an array does not fit the others.
        """
        weights = {str(name): to_numpy(value) for name, value in arrays.items()}
        names = dict.fromkeys(name.partition(".")[0] for name in weights if name != SCALE)
        known = heads.classes()
        for name in names:
            if name not in known:
                raise InputError(
                    f"The weights '{name}...' belong to no head: name them HEAD.NAME, where HEAD "
                    f"is one of {', '.join(known)}."
                )
        shapes = {name: of_part(name, weights) for name in names}
        parts = {
            name: known[name].fitting({key: w.shape for key, w in mine.items()})
            for name, mine in shapes.items()
        }
        return cls(HeadSpec(parts), weights)

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.path) if self.path else f"The head {self.spec.spec}"

    @property
    def method(self) -> str | None:
        """Spec of the method that it was trained with."""
        return self.about.get("method")

    @property
    def queue_encoding(self) -> str:
        """How the queries of ``bank`` are encoded: ``stale`` or ``final``."""
        return str(self.about.get("settings", {}).get("queue_encoding", "stale"))

    @cached_property
    def video_ids(self) -> frozenset[str]:
        """Digests of the videos that it was trained on."""
        return frozenset(self.about.get("train_ids", ()))

    def trained_on(self, ids: Iterable[object]) -> list[str]:
        """Return those of these videos that it was trained on."""
        return [str(one) for one in ids if digest(one) in self.video_ids]

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of its file, hexadecimal."""
        from vrbench.heads.file import to_bytes

        return self.digest or hashlib.sha256(to_bytes(self)).hexdigest()

    @property
    def scale(self) -> float | None:
        """What similarities were multiplied by in its loss; None: by nothing, or in none."""
        if "scale" in self.about:
            found = self.about["scale"]
            return None if found is None else float(found)
        # files of 0.2.0 and before do not say what their loss read
        learnt = self.about.get("loss") is not None and SCALE in self.weights
        return float(np.exp(self.weights[SCALE])) if learnt else None

    def check_bank(self, method: Method) -> None:
        """Check that its bank has what a method reads.

        Raises:
            InputError: the method reads tokens, and the bank has global vectors.
        """
        trained = self.method
        if trained is not None and method.reads_tokens and not parse_method(trained).reads_tokens:
            raise InputError(
                f"The queue of {self.name} has the global vectors that {trained} reads, and "
                f"{method.spec} reads tokens: train with --method {method.spec}, or give another "
                "--bank."
            )

    def save(self, path: str | Path) -> None:
        """Write ``path`` as safetensors, whole or not at all.

        Raises:
            InputError: it cannot be written.
        """
        from vrbench.heads.file import save

        save(self, Path(path))

    def bound(self, method: Method) -> Method:
        """Return a method with the weights that the head has for it."""
        return method.with_weights(self.weights)


def apply(spec: HeadSpec, weights: Mapping[str, Tensor], side: Side, items: Packed) -> Packed:
    """Return what a side's items become, one head after the other.

    Args:
        spec: the heads.
        weights: tensors by ``HEAD.NAME``, of the items' type.
        side: ``text`` or ``video``.
        items: the side.

    Raises:
        InputError: the items do not fit the weights.
    """
    for name, part in spec.parts.items():
        with heads.calling(part):
            items = _applied(part, of_part(name, weights), side, items)
    return items


def _applied(part: HeadPart, weights: Mapping[str, Tensor], side: Side, items: Packed) -> Packed:
    """Return what items become; a head that looks at whole items gets their frames only."""
    if "level" not in items.weights or part.by_token or type(part).apply is HeadPart.apply:
        return part.apply(weights, side, items)
    given = items.at_level(FRAME_LEVEL)
    frames = part.apply(weights, side, given)
    if frames.tokens.shape != given.tokens.shape:
        raise InputError(
            f"The head {heads.spec(part)} changes the number or width of frames, and not their "
            "patches, which the method reads: put linear first, or leave it out."
        )
    tokens = items.tokens.clone()
    tokens[items.weights["level"] == FRAME_LEVEL] = frames.tokens
    return replace(items, tokens=tokens, globals_=frames.globals_)


def of_part(name: str, weights: Mapping[str, Any]) -> dict[str, Any]:
    """Return the weights of one head, without its name before theirs."""
    start = f"{name}."
    return {key.removeprefix(start): w for key, w in weights.items() if key.startswith(start)}


def check_weights(spec: HeadSpec, weights: Mapping[str, NDArray[Any]]) -> None:
    """Check that arrays are those that heads have, and numbers.

    Raises:
        InputError: they are not.
    """
    for name, value in weights.items():
        if name.partition(".")[0] not in spec.parts and name != SCALE:
            raise InputError(f"The head {spec.spec} has no array '{name}': leave it out.")
        numbers = value.dtype.kind == "f" and bool(np.isfinite(value).all())
        if not numbers or (name == SCALE and value.shape):
            raise InputError(
                f"The head's array '{name}' is {value.dtype} {value.shape}, expected finite floats"
                + (" and no axis." if name == SCALE else ".")
            )
    for name, part in spec.parts.items():
        found = {key: value.shape for key, value in of_part(name, weights).items()}
        sizes(name, part.shapes(), found)


def digest(video: object) -> str:
    """Return the digest of a video's id, hexadecimal."""
    return hashlib.sha256(str(video).encode()).digest()[:DIGEST].hex()
