"""The page on levels: how to use them, and what they, Norton's losses and SSPC give."""

from __future__ import annotations

from pathlib import Path

from docs import levels_anchors, levels_norton, levels_patches, levels_ucofia
from docs.levels_numbers import anchors, norton, tables, ucofia
from docs.regions import filled

PAGE = Path(__file__).parent / "levels.md"
BUILD = Path("build") / "levels"


def page(shared: Path) -> str:
    """Return the page; what is extracted, trained and measured stays in ``build/levels``."""
    models = Path("build") / "models"
    fit, test = levels_patches.files(shared, models, BUILD)
    return written(fit, test, levels_norton.files(shared, models, BUILD / "youcook2"))


def written(fit: Path, test: Path, clips: tuple[Path, Path]) -> str:
    """Return the page of what is extracted.

    Args:
        fit: training features of MSR-VTT.
        test: its test videos.
        clips: training and test features of the cooking videos.
    """
    found = levels_ucofia.run(fit, test, BUILD / "msrvtt", BUILD / "ucofia")
    losses = levels_norton.run(*clips, BUILD / "youcook2", BUILD / "norton")
    lr = found.rows[levels_ucofia.TRIED].training.lr
    heads, results = BUILD / "sspc", BUILD / "anchors"
    anchored = levels_anchors.run((fit, test), clips, heads, results, lr)
    kept = {"ucofia": "ucofia", "norton": "norton", "modality": "anchors"}
    values = ucofia(found) | norton(losses) | anchors(anchored)
    values |= tables({paper: BUILD / name for paper, name in kept.items()})
    return filled(PAGE.read_text(encoding="utf-8"), values)
