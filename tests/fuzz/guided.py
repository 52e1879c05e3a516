"""``python -m fuzz.guided TARGET SECONDS SEED FOUND``: the same inputs, led by coverage (atheris).

libFuzzer keeps what reaches new lines of vrbench and changes it further, by the same mutator. It
ends with an exit code other than 0 at the first input that is not refused in a sentence.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from random import Random

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")

import atheris

with atheris.instrument_imports(include=["vrbench"]):
    from fuzz.targets import TARGETS
from fuzz.mutate import Files, mutate
from fuzz.worker import attempt, write

MOST = 1 << 20
"""Bytes of an input."""


def main() -> None:
    """Fuzz one target for some seconds."""
    name, seconds, seed, found = sys.argv[1:]
    target = next(target for target in TARGETS if target.name == name)
    Path(found).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        corpus, folder = Path(place) / "corpus", Path(place) / "in"
        write({str(n): _packed(files) for n, files in enumerate(target.seeds())}, corpus)

        def one(data: bytes) -> None:
            write(_unpacked(data), folder)
            with atheris.instrument_imports(include=["vrbench"]):
                kind, where, _ = attempt(target, folder)
            if kind not in ("", "refused"):
                raise AssertionError(f"{kind} at {where}")

        def changed(data: bytes, most: int, number: int) -> bytes:
            new = _packed(mutate(_unpacked(data) or dict(target.seeds()[0]), Random(number)))
            return new if len(new) <= most else data

        limits = [f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={MOST}", "-timeout=10"]
        kept = ["-rss_limit_mb=1500", f"-artifact_prefix={found}/{name}-", str(corpus)]
        atheris.Setup([name, *limits, *kept], one, custom_mutator=changed)
        atheris.Fuzz()


def _packed(files: Files) -> bytes:
    return json.dumps({name: data.decode("latin-1") for name, data in files.items()}).encode()


def _unpacked(data: bytes) -> Files:
    try:
        return {name: text.encode("latin-1") for name, text in json.loads(data).items()}
    except (ValueError, AttributeError):
        return {}


if __name__ == "__main__":
    main()
