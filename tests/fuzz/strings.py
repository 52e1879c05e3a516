"""Strings of the command line: specs, sizes, frames, banks, shards, numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from fuzz.mutate import Files

SPECS = (
    *("method global", "method 0.5*global+0.5*tokenflow:lam=5", "method max-avg", "norm none"),
    *("norm csls:k=5", "norm ncl:gamma=0.05,iterations=1", "norm dsl:tau=0.1,log=true"),
    *("encoder toy", "encoder onnx:max_words=32", "dataset youcook2:unit=videos", "rule group-max"),
    *("sequence otam", "sequence dtw", "figure recalls", "memory 2GB", "memory 1.5 mb"),
    *("frames uniform:1-12", "frames fps:2", "frames all", "bank rolling:8", "bank train"),
    *("shard 1/4", "k 1,5,10"),
)


def seeds() -> tuple[Files, ...]:
    return tuple({"spec.txt": spec.encode()} for spec in SPECS)


def read(folder: Path) -> None:
    """Parse what stands after the first word by the parser that the word names."""
    if not (folder / "spec.txt").exists():
        return
    text = (folder / "spec.txt").read_bytes().decode("utf-8", "replace")
    name, _, rest = text.partition(" ")
    parsers = _parsers()
    parsers.get(name, parsers["method"])(rest)


@cache
def _parsers() -> dict[str, Callable[[str], object]]:
    from vrbench.alignments import parse_method
    from vrbench.auditing.rules import rules
    from vrbench.cli.printing.numbers import whole_numbers
    from vrbench.datasets import datasets
    from vrbench.encoders import encoders
    from vrbench.evaluation.settings import Settings
    from vrbench.evaluation.sources.opening import _read_bank
    from vrbench.extraction.shards import Shard
    from vrbench.figures import figures
    from vrbench.normalizations import normalizations
    from vrbench.runtime.memory import parse_size
    from vrbench.sequences import sequences
    from vrbench.video.sampling import parse_sampling

    def chosen(text: str) -> Sequence[int]:
        return parse_sampling(text).choose(20)

    return {
        "method": lambda text: parse_method(text).spec,
        "norm": lambda text: normalizations.spec(normalizations.parse(text)),
        "encoder": encoders.parse,
        "dataset": datasets.parse,
        "rule": rules.parse,
        "sequence": sequences.parse,
        "figure": figures.parse,
        "memory": parse_size,
        "frames": chosen,
        "bank": _read_bank,
        "shard": Shard.parse,
        "k": lambda text: Settings(k=whole_numbers(text)),
    }
