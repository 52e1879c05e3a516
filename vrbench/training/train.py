"""Training a head from Python: features and specs in, a head out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vrbench.alignments import parse_method
from vrbench.errors import InputError
from vrbench.evaluation.settings import Compute
from vrbench.evaluation.sources.scorer import Scorer
from vrbench.features import Features, open_features
from vrbench.features.sides import check_finished
from vrbench.heads import parse_head
from vrbench.heads.check_features import made_with
from vrbench.heads.file import load
from vrbench.heads.head import SCALE, Head, digest
from vrbench.losses import parse_loss
from vrbench.runtime.device import torch_device
from vrbench.runtime.progress import Progress, phase
from vrbench.training.begin import begin, check_stored_weights
from vrbench.training.identity import identity_of
from vrbench.training.items import TrainingItems
from vrbench.training.loop import Loop, is_over
from vrbench.training.optimizer import repeatable
from vrbench.training.released import seen_before, start_weights, validated_before
from vrbench.training.settings import TrainingSettings
from vrbench.training.state import State, different, partial

Told = Callable[[Sequence[Mapping[str, Any]]], None]


@dataclass(frozen=True)
class Where:
    """What a training reads and writes besides its features; nothing here changes its numbers.

    Attributes:
        out: the head to be; None: it is not written.
        start: a head file or a released checkpoint to begin with.
        device: ``auto``, ``cpu`` or ``cuda``.
        memory: bytes that the process may hold; None: unbounded.
        overwrite: begin anew, whatever is there.
        progress: called as (what, done, total).
        told: called with the curve so far after each epoch.
    """

    out: Path | None = None
    start: Path | None = None
    device: str = "auto"
    memory: int | None = None
    overwrite: bool = False
    progress: Progress | None = None
    told: Told | None = None


def train(
    features: Features | str | Path,
    head: str,
    *,
    method: str | None = None,
    loss: str = "infonce",
    epochs: int = 10,
    batch: int = 128,
    lr: float = 1e-4,
    weight_decay: float = 0.01,
    warmup: float = 0.1,
    validation: float = 0.1,
    patience: int = 3,
    queue: int = 0,
    queue_encoding: Literal["stale", "final"] = "stale",
    seed: int = 0,
    start: str | Path | None = None,
    device: str = "auto",
) -> Head:
    """Learn a head on the texts and videos of a feature file (its bank is not looked at).

    Args:
        features: the training features, open or not.
        head: spec, such as ``linear`` or ``linear+learnable``.
        method: spec of what scores; None: the one that the head is for, else ``tokenflow``.
        loss: spec.
        epochs: passes over all training texts.
        batch: pairs at once, of distinct videos.
        lr: learning rate at its height.
        weight_decay: of AdamW.
        warmup: share of the steps in which the rate rises.
        validation: share of the videos that is kept apart to choose the best epoch.
        patience: epochs without a better one after which training stops.
        queue: training queries that are kept as a bank.
        queue_encoding: ``stale`` or ``final``.
        seed: of everything random: the same seed gives the same bits on the CPU.
        start: a head file or a released checkpoint whose weights it begins with.
        device: ``auto``, ``cpu`` or ``cuda``.

    Returns:
        The head of the best epoch; ``head.save(path)`` keeps it.

    Raises:
        InputError: a spec or a number cannot be used, the features are unfinished or do not fit the
            head, or the loss becomes NaN or infinite before an epoch has learnt anything.
    """
    settings = TrainingSettings(
        head, method, loss, epochs, batch, lr, weight_decay, warmup, validation, patience, queue,
        queue_encoding, seed,
    )  # fmt: skip
    where = Where(start=None if start is None else Path(start), device=device)
    if isinstance(features, Features):
        return run(features, settings, where)
    with open_features(features) as opened:
        return run(opened, settings, where)


def run(features: Features, settings: TrainingSettings, where: Where) -> Head:
    """Train a head, or carry on where an interrupted training stopped.

    Raises:
        InputError: as ``train``; or ``out`` is there with other settings.
    """
    check_finished(features.attrs, features.path)
    identity = identity_of(features, settings, where.start)
    out = where.out
    if out is not None and out.exists() and not where.overwrite:
        return _finished(out, identity)
    with repeatable():
        loop, state = _begun(features, settings, where, identity)
        while not is_over(state, settings):
            loop.epoch(state, where.progress)
            if out is not None:
                state.save(partial(out))
            if where.told and not state.stopped:
                where.told(state.curve)
        if state.stopped and not state.best:
            if out is not None:
                partial(out).unlink(missing_ok=True)
            raise InputError(_nothing_learnt(state, settings))
        before = seen_before(where.start) if where.start else {}
        with phase("head and queue", where.progress):
            head = _head(features, settings, loop, state, identity, before)
    if out is not None:
        head.save(out)
        partial(out).unlink(missing_ok=True)
    return head


def _begun(
    features: Features, settings: TrainingSettings, where: Where, identity: Mapping[str, Any]
) -> tuple[Loop, State]:
    """Return the loop and its state, which an interrupted training left or which is new."""
    spec, out = parse_head(settings.head), where.out
    given = start_weights(where.start, spec) if where.start else None
    runs = parse_loss(settings.loss).run > 0
    method = parse_method(str(settings.method))
    if settings.epochs:
        check_stored_weights(features, method, spec)
    patches = method.reads_patches
    items = TrainingItems.of(
        features, settings.validation, settings.seed, sequences=runs, patches=patches
    )
    weights = begin(spec, features, items.trained, settings.seed, given)
    device = torch_device(where.device)
    score = Scorer(Compute(device=device, memory=where.memory))
    loop = Loop(items, settings, weights, device, score)
    state = State(identity)
    if out is not None and partial(out).exists() and not where.overwrite:
        state = State.read(partial(out), identity)
    with phase("validation", where.progress):
        loop.start(state)
    if where.told and len(state.curve) == 1:
        where.told(state.curve)
    return loop, state


def _finished(out: Path, identity: Mapping[str, Any]) -> Head:
    head = load(out)
    if "scale" not in head.about:
        raise InputError(
            f"{out} was trained by an earlier vrbench, whose batches and queue were others: give "
            "another --out, or --overwrite."
        )
    changed = different(head.about.get("identity"), identity)
    if changed:
        raise InputError(
            f"{out} exists and was trained with other settings ({', '.join(changed)}): give "
            "another --out, or --overwrite."
        )
    return head


def _nothing_learnt(state: State, settings: TrainingSettings) -> str:
    before = "no epoch before it was better than the head untrained" if state.epoch else ""
    return (
        f"{state.stopped}, and {before or 'nothing was learnt before it'}: no head is kept; "
        f"give a lower --lr than {settings.lr:g}."
    )


def _head(
    features: Features,
    settings: TrainingSettings,
    loop: Loop,
    state: State,
    identity: Mapping[str, Any],
    before: Mapping[str, Any],
) -> Head:
    """Return the head of the best epoch; it has seen what the one that it began with had seen."""
    attrs = features.attrs
    items, weights = loop.items, state.parts["best"]
    trained = state.epoch > 0 or not all(part.trained for part in loop.spec.parts.values())
    seen = sorted({*items.trained.tolist(), *items.held.tolist()}) if trained else []
    kept = f"the head is that of epoch {state.best}; give a lower --lr to go further."
    learnt = float(np.exp(weights[SCALE]))
    about = {
        "method": settings.method,
        "loss": settings.loss if settings.epochs else None,
        "scale": loop.loss.effective_scale(learnt) if settings.epochs else None,
        "features": {"file": features.path.name, "sha256": features.sha256()},
        **made_with(features),
        "split": str(attrs.get("split") or "") or None,
        "seed": settings.seed,
        "epochs": state.epoch,
        "best": state.best,
        "stopped": state.stopped and f"{state.stopped}: {kept}",
        "normalized": features.text.normalized,
        "validation": state.curve,
        "validation_seen": validated_before(
            before, features, settings, features.video.ids[items.held].tolist()
        ),
        "settings": dict(settings.values),
        "identity": dict(identity),
        "train_ids": sorted(
            {*before.get("train_ids", ()), *(digest(features.video.ids[row]) for row in seen)}
        ),
    }
    return Head(loop.spec, weights, about, loop.bank(state))
