"""Norton's ablation (Table 7) and the time of its parts (Table 8), on cooking videos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from docs.levels_measured import Measured, evaluated
from docs.trained import SEEDS, Trained, spread
from docs.trainings import Training, Trainings
from features import make_youcook2
from vrbench.runtime.seeds import seeded

TEST = 150
"""Long videos of the test part, drawn once; each seed draws the tenth of the others to validate."""
EPOCHS = 10
TIMES = 3
"""Trainings of which the quickest is timed."""
RATES = (3e-4, 1e-3)
"""Learning rates that are tried, each with the first seed, for ``TRIED``."""
TRIED = ("A", "J")
"""The rows that the rates are tried for; B takes over that of A, the others that of J."""
HEAD = "projection+linear"
BY_VIDEO = "+0*video-paragraph"
"""Leaves that loss out, but not its batches and its validation videos."""
NORTON = "clip-caption+0.1*video-paragraph"
LOSSES = {
    "A": f"clip-caption:beta=0{BY_VIDEO}",
    "B": f"clip-caption{BY_VIDEO}",
    "C": f"{NORTON}:match=mean,bucket=none",
    "D": f"{NORTON}:match=max,bucket=none",
    "E": f"{NORTON}:alpha=0.1,bucket=none",
    "F": f"{NORTON}:alpha=0.2,bucket=none",
    "G": f"{NORTON}:bucket=none",
    "H": f"{NORTON}:bucket=0.1",
    "I": f"{NORTON}:bucket=0.5",
    "J": NORTON,
}
"""The rows of Table 7."""
PARTS = {
    "clip-caption contrast (line 1)": "clip-caption:beta=0",
    "+ faulty negatives (line 2)": "clip-caption",
    "+ video-paragraph contrast (line 3)": LOSSES["C"],
    "+ soft maximum (line 4)": LOSSES["G"],
    "+ prompt bucket": LOSSES["J"],
}
"""Lines of Table 8, and the whole method."""
SEQUENCES = ("cap-avg", "dtw", "otam")
"""Of a clip alone the name is empty."""


@dataclass(frozen=True)
class Norton:
    """What was found.

    Attributes:
        rows: of Table 7, after the closed form.
        times: CPU seconds of an epoch with the first seed, the least of ``TIMES``, by part.
    """

    rows: Mapping[str, Measured]
    times: Mapping[str, float]


def files(shared: Path, models: Path, build: Path) -> tuple[Path, Path]:
    """Return the features of the videos to train and validate on, and of the test videos."""
    named = make_youcook2.split(shared / "data" / "youcook2_demo", build)
    raw = make_youcook2.encoded(build, models, build / "raw.h5")
    videos = sorted({video for video, _ in named.values()})
    test = {videos[place] for place in seeded(0).permutation(len(videos))[:TEST]}
    parts = {
        part: {clip: where for clip, where in named.items() if (where[0] in test) == inside}
        for part, inside in (("fit", False), ("test", True))
    }
    for part, clips in parts.items():
        out = build / f"youcook2-{part}.h5"
        if not out.is_file():
            make_youcook2.joined(raw, clips, out, part, "onnx")
    return build / "youcook2-fit.h5", build / "youcook2-test.h5"


def run(fit: Path, test: Path, folder: Path, kept: Path) -> Norton:
    """Choose rates on validation videos, train with every seed, and measure once.

    Args:
        fit: training features.
        test: features of the test videos.
        folder: of heads.
        kept: of results.
    """
    on = Trainings(folder, fit)
    wanted = {name: Training(HEAD, loss=loss, epochs=EPOCHS) for name, loss in LOSSES.items()}
    chosen = on.chosen([wanted[name] for name in TRIED], RATES)
    lr = {name: chosen[wanted["A" if name in "AB" else "J"]].lr for name in LOSSES}
    rows = {name: replace(one, lr=lr[name]) for name, one in wanted.items()}
    known = {one.loss: one for one in rows.values()}
    parts = {name: known.get(loss, replace(rows["A"], loss=loss)) for name, loss in PARTS.items()}
    begin = replace(rows["A"], epochs=0)
    made = on.train([begin, *rows.values()])
    timed = on.train(parts.values(), SEEDS[:1])
    found = {name: _measured(test, one, made[one], kept) for name, one in rows.items()}
    closed = _measured(test, begin, made[begin], kept)
    for one in parts.values():  # as the paper's table names the losses of A and B
        _measured(test, one, timed[one], kept)
    times = {name: on.quickest(one, SEEDS[0], TIMES) for name, one in parts.items()}
    return Norton({"closed form": closed, **found}, times)


def _measured(test: Path, one: Training, heads: Sequence[Trained], kept: Path) -> Measured:
    found = [
        {"": evaluated(test, head, "global", kept)["raw"]}
        | {
            sequence: evaluated(test, head, "global", kept, sequence=sequence)["raw"]
            for sequence in SEQUENCES
        }
        for head in heads
    ]
    return Measured(one, heads, found)


def table(found: Norton) -> Iterator[str]:
    """Yield Table 7."""
    heads = ["row", "loss", "rate", "validation", "epochs kept", "clips R@1", "R@5", "MnR"]
    heads += [f"`{sequence}` {metric}" for sequence in SEQUENCES for metric in ("R@1", "R@5")]
    yield f"| {' | '.join(heads)} |"
    yield f"|---|---|{'---:|' * (len(heads) - 2)}"
    for name, one in found.rows.items():
        cells = [spread(one.validations), one.kept]
        cells += [spread(one.values("", metric)) for metric in ("R@1", "R@5", "MnR")]
        cells += [spread(one.values(s, metric)) for s in SEQUENCES for metric in ("R@1", "R@5")]
        said = one.training.epochs > 0
        loss = f"`{one.training.loss.removesuffix(BY_VIDEO)}`" if said else ""
        rate = f"{one.training.lr:g}" if said else ""
        yield f"| {name} | {loss} | {rate} | {' | '.join(cells)} |"


def times(found: Norton) -> Iterator[str]:
    """Yield Table 8."""
    yield "| parts | loss | CPU seconds an epoch | relative |"
    yield "|---|---|---:|---:|"
    first = next(iter(found.times.values()))
    for name, seconds in found.times.items():
        yield f"| {name} | `{PARTS[name]}` | {seconds:.2f} | {seconds / first:.2f} |"
