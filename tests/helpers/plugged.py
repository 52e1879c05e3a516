"""Plug-ins of a few lines, and commands in processes of their own that find them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import prepared

FUNCTION = """
import vrbench

@vrbench.alignment("mine")
def mine(text, video, *, power: float = 1):
    '''The best match.'''
    return (text @ video.T).max() ** power
"""

NORM = """
from dataclasses import dataclass
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization

@normalizations.register("halves")
@dataclass(frozen=True)
class Halves(Normalization):
    transductive = True

    def fit(self, bank: Bank) -> Fitted:
        return Fitted(lambda block: block / 2)
"""

ORDER = """
from dataclasses import dataclass
from vrbench.sequences.base import PairAlignment, Pairs, sequences

@sequences.register("first")
@dataclass(frozen=True)
class First(PairAlignment):
    '''The first caption with the first clip.'''

    def score(self, pairs: Pairs):
        return pairs.sim[0, 0].copy()
"""


ENCODER = """
from dataclasses import dataclass
from vrbench.encoders import encoders
from vrbench.encoders.toy import Toy

@encoders.register("own")
@dataclass(frozen=True)
class Own(Toy):
    '''An encoder.'''
"""


def vrbench(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, with the folder on its path."""
    return prepared.vrbench(folder, *words, path=[folder / "site", prepared.ROOT])


def evaluate(folder: Path, *words: str) -> list[dict[str, Any]]:
    done = vrbench(folder, "eval", "f.h5", "--json", *words)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "results").glob("*.json"))


def install(folder: Path, code: str, version: str = "1.0", group: str = "normalizations") -> None:
    """Write a distribution ``acme`` into the folder's ``site``."""
    site = folder / "site"
    site.mkdir(exist_ok=True)
    (site / "acme.py").write_text(code)
    for old in site.glob("*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    info = site / f"acme-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[vrbench.{group}]\nhalves = acme\n")
