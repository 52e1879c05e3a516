"""Every normalization with every bank on three real sets, and what one sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import vrbench
from docs.normalization_numbers import half_step, seen
from docs.regions import filled
from vrbench.bundled import bundled_features
from vrbench.evaluation.evaluate import evaluate
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.tuning import choose
from vrbench.importing.to_features import import_arrays
from vrbench.normalizations import normalizations
from vrbench.results.result import Result

METHOD = "global"
SETS = {
    "MSR-VTT": None,
    "COCO": "clip_vitb16_coco_val500.npz",
    "VideoCLIP": "videoclip_msrvtt100.npz",
}
"""Files of the research data by set; None: the bundled features, which have a training bank."""

HALF_STEP = {"sk": "sk:variant=exact", "ncl": "ncl:side=first"}
"""Norms, and the reading of their papers that is half an iteration behind."""

PAGE = Path(__file__).parent / "normalization.md"


def page(shared: Path) -> str:
    """Return the page."""
    with TemporaryDirectory() as folder:
        found = {name: _run(file, shared, Path(folder)) for name, file in SETS.items()}
    tables = {f"table.{name}": "\n".join(_table(results)) for name, results in found.items()}
    small = found["MSR-VTT"]
    shares = {norm: _moved(norm, other) for norm, other in HALF_STEP.items()}
    values = {**seen(found), **half_step(small, HALF_STEP, shares), **tables}
    return filled(PAGE.read_text(encoding="utf-8"), values)


def _run(file: str | None, shared: Path, folder: Path) -> Mapping[tuple[str, str], Result]:
    """Results by norm and kind of bank."""
    classes = normalizations.classes()
    norms = [name for name, cls in classes.items() if cls.needs_bank]
    if file is None:
        path = bundled_features()
        tunable = [name for name in norms if classes[name].tunable]
        opened = Evaluation.open(path, bank="train")
        tuned = [choose(opened, METHOD, name).spec for name in tunable]
        every = dict.fromkeys([*norms, *HALF_STEP.values(), *tuned])
        plan = {"train": list(every), "test": [*norms, *HALF_STEP.values()]}
    else:
        path = import_arrays(shared / "data" / "embeddings" / file, folder / f"{file}.h5")
        plan = {"rolling": ["ncl"], "test": norms}
    results = evaluate(path, METHOD, "none")
    for kind, some in plan.items():
        results += evaluate(path, METHOD, some, kind)
    return {(result["norm"], result["bank"]["kind"]): result for result in results}


def _moved(norm: str, other: str) -> dict[str, float]:
    """Percent of the queries whose first item differs, with the bundled features and their bank."""
    with vrbench.open(bundled_features()) as features:
        sim = vrbench.score(features.text, features.video, METHOD)
        bank = {
            "t2v": vrbench.score(features.bank_text, features.video, METHOD).t2v,
            "v2t": vrbench.score(features.text, features.bank_video, METHOD).v2t,
        }
    one, two = (vrbench.normalize(sim, spec, bank=bank) for spec in (norm, other))
    return {
        d: 100 * float(np.mean(getattr(one, d).argmax(axis) != getattr(two, d).argmax(axis)))
        for d, axis in (("t2v", 1), ("v2t", 0))
    }


def _table(results: Mapping[tuple[str, str], Result]) -> Iterator[str]:
    raw = results["none", "none"]
    yield f"{raw['n_text']} texts x {raw['n_video']} videos.\n"
    heads = ("R@1", "R@5", "R@10", "error", "never", "once", "often")
    yield f"| norm | bank | {' | '.join(f'{d} {h}' for d in ('t2v', 'v2t') for h in heads)} |"
    yield f"|---|---|{'---:|' * 14}"
    for (norm, kind), result in results.items():
        bank = f"{kind} (transductive)" if result["transductive"] else kind
        cells = [cell for d in ("t2v", "v2t") for cell in _cells(result, d)]
        yield f"| `{norm}` | {'' if kind == 'none' else bank} | {' | '.join(cells)} |"


def _cells(result: Result, direction: str) -> list[str]:
    metrics, fair = result["metrics"][direction], result["diagnostics"][direction]
    error = fair["normalization_error"]
    if result["raw"] and error is not None:
        before = result["raw"]["diagnostics"][direction]["normalization_error"]
        error = f"{before:.2f} to {error:.2f}"
    elif error is not None:
        error = f"{error:.2f}"
    return [
        *(f"{metrics[key]:.1f}" for key in ("R@1", "R@5", "R@10")),
        error or "",
        *(f"{100 * fair[key]:.0f}" for key in ("under", "once", "over")),
    ]
