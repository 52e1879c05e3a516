"""``python -m fault``, with the folder ``tests`` on the path: every fault of every command."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from fault.interposed import Events, Kind, start_again

MEMORY = Path("/dev/shm")


def main() -> None:
    """Print a line a command and a line a failure; exit 1 after any."""
    if not Events.here():
        start_again(sys.argv[1:])
    parser = argparse.ArgumentParser(prog="python -m fault", description=__doc__)
    parser.add_argument("--sample", type=int, help="kills and errors of each command; default: all")
    parser.add_argument("--only", nargs="*", default=[""], help="commands that begin so")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--events", action="store_true", help="name the events of each command")
    given = parser.parse_args()
    # in memory where there is room for it: a disk takes its time with each fsync; no
    # TemporaryDirectory, which goes away with the first child
    root = Path(mkdtemp(dir=MEMORY if MEMORY.is_dir() else None)).resolve()
    try:
        totals = _perform(root, given)
    finally:
        rmtree(root)
    print(f"all: {_listed(totals)}")
    sys.exit(1 if totals.keys() - {"events", "runs"} else 0)


def _perform(root: Path, given: argparse.Namespace) -> Counter[str]:
    from fault.running import Stage, faults

    rng, totals, stage = random.Random(given.seed), Counter[str](), Stage(root)
    for scene in stage.scenes(tuple(given.only)):
        whole = stage.rehearse(scene)
        if given.events:
            print(*whole.events, sep="\n")
        chosen = faults(whole.events)
        if given.sample is not None:
            chosen = sorted(_sampled(rng, chosen, given.sample))
        found = Counter({"events": len(whole.events), "runs": len(chosen)})
        for kind, at in chosen:
            for problem, said in stage.suffer(scene, whole, kind, at):
                found[problem] += 1
                print(f"{scene.name}: {kind.name} at {whole.events[at - 1]}: {problem}: {said}")
        totals += found
        print(f"{scene.name}: {_listed(found)}", flush=True)
    return totals


def _sampled(
    rng: random.Random, found: Sequence[tuple[Kind, int]], most: int
) -> Iterator[tuple[Kind, int]]:
    """Yield at most so many kills, and as many errors."""
    for killed in (True, False):
        some = [one for one in found if (one[0] in (Kind.KILL, Kind.KILL_HALF)) is killed]
        yield from rng.sample(some, min(most, len(some)))


def _listed(found: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in found.items())


if __name__ == "__main__":
    main()
