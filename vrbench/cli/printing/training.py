"""Printing how a training goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vrbench.cli.app import note

if TYPE_CHECKING:
    from vrbench.cli.printing.progress import Bars


def tell(bars: Bars, curve: Sequence[Mapping[str, Any]]) -> None:
    """Say what the last epoch came to, on a line of its own and beside the bar."""
    note(_epoch(curve[-1]))
    bars.tell("training", _short(curve[-1]))


def _epoch(row: Mapping[str, Any]) -> str:
    said = f"epoch {row['epoch']}: loss {_number(row['loss'])}"
    if "sum" not in row:
        return said
    recalls = ", ".join(
        f"{direction} " + "/".join(f"{row[direction][name]:.1f}" for name in ("R@1", "R@5", "R@10"))
        for direction in ("t2v", "v2t")
    )
    return f"{said}; validation R@1/5/10 {recalls} (sum {row['sum']:.1f})"


def _short(row: Mapping[str, Any]) -> str:
    validation = f", validation {row['sum']:.1f}" if "sum" in row else ""
    return f"(loss {_number(row['loss'])}{validation})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def conclude(out: Path, about: Mapping[str, Any], existed: bool, quiet: bool) -> None:
    """Say how a training ended, and where its head is."""
    if about["stopped"]:
        note(f"Warning: {about['stopped']}")
    if seen := about.get("validation_seen"):
        note(
            f"Warning: the head that it began with was trained on {seen} of the validation videos, "
            "by which the best epoch was chosen: give --seed and --validation of that training."
        )
    if quiet:
        return
    if existed:
        note(f"{out} exists, with these settings (--overwrite makes it again).")
    elif about["epochs"] and not about["best"]:
        note(f"{out}: untrained, as no epoch was better on the validation videos.")
    else:
        note(f"{out}: epoch {about['best']} of {about['epochs']}.")
