"""The numbers, sentences and tables that levels.md holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from docs import levels_anchors, levels_norton, levels_patches, levels_ucofia
from docs.levels_anchors import Anchored
from docs.levels_norton import Norton
from docs.levels_papers import papers
from docs.levels_ucofia import LEVELS, MODELS, NORM, TRIED, WAYS, WHOLE, Ucofia
from docs.levels_words import compared, less_is_better, sampling
from docs.trained import SEEDS


def ucofia(found: Ucofia) -> dict[str, str]:
    """Return what is made of the section on UCoFiA and X-CLIP."""
    rows, whole = found.rows, found.rows[WHOLE]
    raw = {name: rows[method].values("raw") for name, method in LEVELS.items()}
    ten = {name: rows[method].values("raw", "R@10") for name, method in LEVELS.items()}
    n = int(whole.results[0]["raw"]["n_text"])
    kinds = {"without a norm": "raw", f"`{NORM}`": NORM}
    with_norm = {name: whole.values(kind) for name, kind in kinds.items()}
    never = {
        name: [100 * share for share in whole.shares(kind, "under")] for name, kind in kinds.items()
    }
    one_way = {name: rows[method].values("raw", "MnR") for name, method in WAYS.items()}
    models = {name: rows[method].values("raw") for name, method in MODELS.items()}
    return {
        "fitted": f"{levels_patches.FITTED:,}",
        "captions": str(levels_patches.CAPTIONS),
        "bank": str(levels_patches.BANK),
        "before": f"`{levels_ucofia.BEFORE}+`",
        "epochs": str(levels_ucofia.EPOCHS),
        "seed": str(SEEDS[0]),
        "seeds": str(len(SEEDS)),
        "tried": f"`{TRIED}`",
        "tries": ", ".join(f"{rate:g}: {value:.1f}" for rate, value in found.tries.items()),
        "queries": str(n),
        "sampling.r1": f"{sampling(raw, n):.1f}",
        "sampling.r10": f"{sampling(ten, n):.1f}",
        "levels.r1": compared("t2v R@1", raw),
        "levels.r10": compared("t2v R@10", ten),
        "sk.r1": compared("t2v R@1", with_norm),
        "sk.never": less_is_better("Videos that are never retrieved first, in percent", never),
        "ways.mnr": less_is_better("t2v MnR", one_way),
        "models.r1": compared("t2v R@1", models),
        "table.levels": "\n".join(levels_ucofia.levels(found)),
        "table.ways": "\n".join(levels_ucofia.ways(found)),
        "table.models": "\n".join(levels_ucofia.costs(found)),
    }


def norton(found: Norton) -> dict[str, str]:
    """Return what is made of the sections on Norton's losses and the time of their parts."""
    trained = {name: one for name, one in found.rows.items() if one.training.epochs}
    ones = {name: one.values("") for name, one in trained.items()}
    fives = {name: one.values("dtw", "R@5") for name, one in trained.items()}
    first = next(iter(found.rows.values()))
    values = {
        "norton.test": str(levels_norton.TEST),
        "norton.clips": str(first.results[0][""]["n_video"]),
        "norton.head": f"`{levels_norton.HEAD}`",
        "norton.epochs": str(levels_norton.EPOCHS),
        "norton.rates": " and ".join(f"{rate:g}" for rate in levels_norton.RATES),
        "clips.r1": compared("Clips, R@1", ones),
        "videos.r5": compared("Videos by `dtw`, R@5", fives),
        "table.norton": "\n".join(levels_norton.table(found)),
        "table.seconds": "\n".join(levels_norton.times(found)),
    }
    for name, what in (("clips", ""), ("videos", "dtw")):
        ranks = [float(np.mean(one.values(what, "MnR"))) for one in trained.values()]
        values |= {
            f"chance.{name}": f"{(first.results[0][what]['n_video'] + 1) / 2:.1f}",
            f"closed.{name}": f"{np.mean(first.values(what, 'MnR')):.1f}",
            f"{name}.least": f"{min(ranks):.1f}",
            f"{name}.most": f"{max(ranks):.1f}",
        }
    return values


def anchors(found: Anchored) -> dict[str, str]:
    """Return what is made of the section on Multi-SK with SSPC."""
    values = {
        "anchors.head": f"`{levels_anchors.HEAD}`",
        "anchors.epochs": str(levels_anchors.EPOCHS),
        "anchors": str(levels_anchors.ANCHORS),
        "anchors.assigned": str(levels_anchors.K),
        "anchors.queue": str(levels_anchors.QUEUE),
        "cooking.head": f"`{levels_anchors.COOKING_HEAD}`",
        "cooking.epochs": str(levels_anchors.COOKING_EPOCHS),
        "cooking.rate": f"{found.cooking[levels_anchors.COOKING[1]].training.lr:g}",
        "categories.largest": f"{found.largest:.1f}",
        "categories.accuracy": compared("Accuracy", found.accuracy),
        "table.categories": "\n".join(levels_anchors.classification(found)),
    }
    parts = {"anchors": ("MSR-VTT, t2v R@10", found.rows), "cooking": ("t2v R@10", found.cooking)}
    for name, (what, rows) in parts.items():
        ten = {row: one.values("raw", "R@10") for row, one in rows.items()}
        ranks = {row: one.values("raw", "MnR") for row, one in rows.items()}
        values |= {
            f"{name}.r10": compared(what, ten),
            f"{name}.mnr": less_is_better("t2v MnR", ranks),
            f"table.{name}": "\n".join(levels_anchors.retrieval(rows)),
        }
    return values


def tables(folders: Mapping[str, Path]) -> dict[str, str]:
    """Return what is made of the section on the papers' tables."""
    return {"table.papers": "\n".join(papers(folders))}
