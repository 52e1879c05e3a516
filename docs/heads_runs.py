"""Trainings of the page on heads, in processes of their own.

Everything lies in ``build/heads``; an interrupted run carries on there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import process_time

import numpy as np

from docs.trained import Trained, processes
from vrbench.features import Features, open_features
from vrbench.heads import parse_head
from vrbench.heads.file import load
from vrbench.heads.head import Head
from vrbench.results import identity
from vrbench.runtime.memory import peak

BUILD = Path("build") / "heads"
EPOCHS, MOST, FEW = 3, 10, 2
"""Of a training; of one that goes on until its patience of 3 epochs ends; and of ``emd``."""
RATES = (3e-5, 1e-4, 3e-4)
"""Learning rates that are tried."""
AT_ONCE = 2
"""Trainings side by side, with one thread each."""


@dataclass(frozen=True)
class Training:
    """What decides a training besides its seed.

    Attributes:
        method: spec of the alignment.
        loss: spec.
        head: spec.
        lr: learning rate at its height.
        queue: queries kept as a bank.
        epochs: 0: the projection in closed form alone, behind which ``linear`` is the identity.
    """

    method: str
    loss: str = "infonce"
    head: str = "projection+linear"
    lr: float = RATES[1]
    queue: int = 0
    epochs: int = EPOCHS


CLOSED = Training("global", epochs=0)
SUM = "0.5*global+0.5*tokenflow"
QUEUE = 16384
"""Queries that a training keeps, as NCL does; they change nothing of the training itself."""
Run = tuple[Training, int]


def train(fit: Path, runs: Sequence[Run]) -> dict[Run, Trained]:
    """Train what is not there yet; the closed form is fitted once for each seed.

    Args:
        fit: feature file of the training videos.
        runs: trainings and their seeds.
    """
    begun = [start for run in runs if (start := _begun(*run)) is not None]
    with processes(AT_ONCE, alone=True) as pool:

        def made(wanted: Iterable[Run]) -> dict[Run, Trained]:
            once = list(dict.fromkeys(wanted))
            done = {run: pool.submit(_train, fit, *run) for run in once if not _is_there(*run)}
            for one in done.values():
                one.result()
            return {run: _trained(*run) for run in once}

        made(begun)
        return made(runs)


def _begun(training: Training, seed: int) -> Run | None:
    """Return the closed form that a training begins with."""
    closed = CLOSED, seed
    return closed if "projection" in training.head and training.epochs else None


def _path(training: Training, seed: int) -> Path:
    return BUILD / f"{identity(asdict(training) | {'seed': seed})}.safetensors"


def _is_there(training: Training, seed: int) -> bool:
    path = _path(training, seed)
    return path.is_file() and path.with_suffix(".json").is_file()


def _trained(training: Training, seed: int) -> Trained:
    path = _path(training, seed)
    said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return Trained(path, said["seconds"])


def _train(fit: Path, training: Training, seed: int) -> None:
    """Train one in this process, which does nothing else."""
    path = _path(training, seed)
    with open_features(fit) as features:
        features.sha256()  # read once, and not in the time of the training
        before = process_time()
        learn(features, training, seed, path)
        seconds = round(process_time() - before, 1)
    if training.epochs:
        keep_peak(training)
    path.with_suffix(".json").write_text(json.dumps({"seconds": seconds}), "utf-8")


def keep_peak(training: Training) -> None:
    """Write the most bytes that this process had resident, as those of a training."""
    peak_path(training).write_text(json.dumps({"peak": peak()}), "utf-8")


def peak_path(training: Training) -> Path:
    """Return where that lies: neither the rate nor further epochs take other memory."""
    one = replace(training, epochs=1, lr=RATES[1])
    return BUILD / f"peak-{identity(asdict(one))}.json"


def learn(features: Features, training: Training, seed: int, out: Path) -> None:
    """Train one in this process; the closed form that it begins with is there."""
    from vrbench.training.settings import TrainingSettings
    from vrbench.training.train import Where, run

    settings = TrainingSettings(
        *(training.head, training.method, training.loss, training.epochs),
        lr=training.lr,
        queue=training.queue,
        seed=seed,
    )
    begun = _begun(training, seed)
    start = None if begun is None else _begins(_path(*begun), training.head)
    run(features, settings, Where(out, start))


def _begins(closed: Path, head: str) -> Path:
    """Return the closed form as the start of a head that has more parts: these begin with zeros."""
    if head == CLOSED.head:
        return closed
    path = closed.with_name(f"{closed.stem}-{head}.safetensors")
    known, spec = load(closed), parse_head(head)
    zeros = {
        f"{name}.{key}": np.zeros([axis for axis in shape if isinstance(axis, int)], np.float32)
        for name, part in spec.parts.items()
        if name not in known.spec.parts
        for key, shape in part.shapes().items()
    }
    Head(spec, {**known.weights, **zeros}, {**known.about, "head": spec.spec}).save(path)
    return path
