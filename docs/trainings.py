"""Trainings of a page, one after the other in a process of their own.

Heads lie in a folder of the page; an interrupted run carries on there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from docs.trained import SEEDS, Trained, processes
from vrbench.heads.file import load
from vrbench.heads.head import Head
from vrbench.results import identity


@dataclass(frozen=True)
class Training:
    """What decides a training besides its features and its seed.

    Attributes:
        head: spec; it begins with a projection in closed form.
        method: spec of the alignment.
        loss: spec.
        lr: learning rate at its height.
        epochs: all are run, and the best by validation is kept; 0: the head as it begins.
        batch: pairs at once.
    """

    head: str
    method: str = "global"
    loss: str = "infonce"
    lr: float = 1e-4
    epochs: int = 2
    batch: int = 128


@dataclass(frozen=True)
class Trainings:
    """Trainings on one feature file.

    Attributes:
        folder: of the heads.
        fit: the feature file.
        alone: whether each has a process to itself, whose memory is then its own.
    """

    folder: Path
    fit: Path
    alone: bool = False

    def train(
        self, wanted: Iterable[Training], seeds: Sequence[int] = SEEDS
    ) -> dict[Training, list[Trained]]:
        """Train what is not there yet, one after the other; return a head for each seed."""
        once = list(dict.fromkeys(wanted))
        runs = [(one, seed) for one in once for seed in seeds]
        starts = [(closed_form(one), seed) for one, seed in runs]
        with processes(alone=self.alone) as pool:
            for one, seed in dict.fromkeys([*starts, *runs]):
                if not self._told(one, seed).is_file():
                    self._made(pool, one, seed)
        return {one: [self.trained(one, seed) for seed in seeds] for one in once}

    def chosen(
        self, wanted: Iterable[Training], rates: Sequence[float]
    ) -> dict[Training, Training]:
        """Return each training with the learning rate that validates best, with the first seed."""
        tries = {one: [replace(one, lr=rate) for rate in rates] for one in wanted}
        made = self.train((one for some in tries.values() for one in some), SEEDS[:1])
        return {
            one: max(some, key=lambda tried: made[tried][0].validation)
            for one, some in tries.items()
        }

    def quickest(self, one: Training, seed: int, times: int) -> float:
        """Return the CPU seconds of an epoch, the least of some trainings in one process."""
        path = self._path(one, seed).with_suffix(".quickest")
        if not path.is_file():
            self.train([one], [seed])
            start, out = self._path(closed_form(one), seed), path.with_suffix(".again")
            with processes() as pool:
                runs = [(self.fit, one, seed, out, start)] * (1 + times)  # the first one compiles
                taken = [pool.submit(_train, *run).result()["seconds"] for run in runs][1:]
            out.unlink()
            path.write_text(json.dumps(min(taken)), "utf-8")
        epochs = len(self.trained(one, seed).curve) - 1
        return float(json.loads(path.read_text("utf-8"))) / epochs

    def trained(self, one: Training, seed: int) -> Trained:
        """Return what is there."""
        said = json.loads(self._told(one, seed).read_text(encoding="utf-8"))
        return Trained(self._path(one, seed), **said)

    def _path(self, one: Training, seed: int) -> Path:
        name = identity(asdict(one) | {"seed": seed, "features": self.fit.name})
        return self.folder / f"{name}.safetensors"

    def _told(self, one: Training, seed: int) -> Path:
        return self._path(one, seed).with_suffix(".json")

    def _made(self, pool: ProcessPoolExecutor, one: Training, seed: int) -> None:
        closed = closed_form(one)
        start = None if one == closed else self._path(closed, seed)
        said = pool.submit(_train, self.fit, one, seed, self._path(one, seed), start).result()
        self._told(one, seed).write_text(json.dumps(said), "utf-8")


def closed_form(one: Training) -> Training:
    """Return the projection that a training begins with, fitted without its validation videos.

    Where the training has one of Norton's losses, whole long videos are left out.
    """
    first = one.head.partition("+")[0]
    loss = "clip-caption+0*video-paragraph" if "clip-caption" in one.loss else "infonce"
    return Training(first, loss=loss, epochs=0)


def _train(fit: Path, one: Training, seed: int, out: Path, start: Path | None) -> dict[str, Any]:
    from resource import RUSAGE_SELF, getrusage
    from time import process_time

    from vrbench.features import open_features
    from vrbench.training.settings import TrainingSettings
    from vrbench.training.train import Where, run

    settings = TrainingSettings(
        *(one.head, one.method, one.loss, one.epochs, one.batch),
        lr=one.lr,
        seed=seed,
        patience=max(one.epochs, 1),
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with open_features(fit) as features:
        features.sha256()  # read once, and not in the time of the training
        begun = None if start is None else _begun(start, settings.head, fit, seed, out)
        before = process_time()
        run(features, settings, Where(out, begun, overwrite=True))
        seconds = round(process_time() - before, 3)
    if begun is not None:
        begun.unlink()
    return {"seconds": seconds, "gigabytes": getrusage(RUSAGE_SELF).ru_maxrss * 1024 / 1e9}


def _begun(closed: Path, head: str, fit: Path, seed: int, out: Path) -> Path:
    """Write the head that begins with a closed form, its other parts as they always begin."""
    import numpy as np

    from vrbench.features import open_features
    from vrbench.heads import parse_head
    from vrbench.training.begin import begin

    known, spec = load(closed), parse_head(head)
    with open_features(fit) as features:
        rows = np.arange(len(features.video))  # nothing is fitted on them: that is known already
        weights = begin(spec, features, rows, seed, known.weights)
    path = out.with_suffix(".start.safetensors")
    arrays = {name: value.numpy() for name, value in weights.items()}
    Head(spec, arrays, {**known.about, "head": spec.spec}).save(path)
    return path
