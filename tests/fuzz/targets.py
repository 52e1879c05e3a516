"""Every reader of files or strings from outside: its seeds, and how it is made to read all."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fuzz import folders, heads, labs, models, seeds, strings
from fuzz.mutate import Files


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        name: for messages and files.
        seeds: sound inputs, each the files of a folder.
        read: reads what is in a folder; anything but an ``InputError`` is a finding.
        weight: its share of the inputs.
    """

    name: str
    seeds: Callable[[], Sequence[Files]]
    read: Callable[[Path], object]
    weight: float = 1.0


def _features(folder: Path) -> None:
    from vrbench.features import open_features
    from vrbench.features.check import value_problems

    with open_features(folder / "f.h5") as found:
        for side in (found.video, found.text, found.bank_video, found.bank_text):
            for block in side.blocks() if side is not None else ():
                list(value_problems(block))


def _inspect(folder: Path) -> None:
    from vrbench.features.inspect import inspect_file

    json.dumps(inspect_file(folder / "f.h5").to_dict(), default=str)


def _carried_on(folder: Path) -> None:
    from vrbench.features.writer import FeatureWriter

    attrs = {"dataset": "small", "split": "test", "encoder": "seeded", "normalized": True}
    with FeatureWriter(folder / "f.h5", attrs, "float32") as writer:
        writer.ids("video")


def _imported(folder: Path, source: str = "") -> None:
    from vrbench.importing.to_features import import_arrays

    out = folder / "made.h5"
    out.unlink(missing_ok=True)
    import_arrays(folder / source, out)


def _arrays(folder: Path, source: str = "") -> None:
    from vrbench.importing.read import read_arrays

    for side in read_arrays(folder / source).sides.values():
        for _ in side.blocks():
            pass


def _sim(folder: Path) -> None:
    from vrbench.sims.beside import MATRICES, read_beside
    from vrbench.sims.file import load_sim

    file = load_sim(folder / "s.npz")
    file.sha256()
    read_beside(file.opened, MATRICES)


def _command(folder: Path, words: str) -> None:
    """Run a command line in this process; ``@`` is the folder."""
    from vrbench.cli import registered as commands  # noqa: F401  registers every command
    from vrbench.cli.app import app

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        app([word.replace("@", str(folder)) for word in words.split()], standalone_mode=False)


def _results(folder: Path) -> None:
    from vrbench import tables
    from vrbench.cli.printing.results import print_results
    from vrbench.results.compare import compare
    from vrbench.results.result import load_all, with_ranks

    found, _ = load_all(folder)
    values = with_ranks(found)
    with contextlib.redirect_stdout(io.StringIO()):
        print_results(values)
    for write in tables.FORMATS.values():
        write(tables.results_table(values))
    compare(found, n=99)


def _dataset(folder: Path, spec: str, split: str) -> None:
    from vrbench import datasets

    found = datasets.read(spec, folder, split)
    found.notes()
    len(found.captions)


def _captions(folder: Path) -> None:
    from vrbench.datasets import read_csv

    len(read_csv(folder / "test.csv").captions)


def _ordering(folder: Path) -> None:
    from vrbench.tasks.ordering_file import read_pairs

    read_pairs(folder / "p.json")


def _qrels(folder: Path) -> None:
    from vrbench.metrics.trec_files import read_qrels

    read_qrels(folder / "q.txt")


def _run(folder: Path) -> None:
    from vrbench.metrics.trec_files import read_run

    read_run(folder / "r.txt")


def _ids(folder: Path) -> None:
    from vrbench.cli.opening import read_ids

    read_ids(folder / "ids.txt")


def _video(folder: Path) -> None:
    from vrbench.video import open_videos
    from vrbench.video.sampling import parse_sampling

    clip = open_videos(folder, parse_sampling("uniform:1-3")).read("a")
    list(clip.images)


def _given(files: Sequence[Files]) -> Sequence[Files]:
    return files


def _dataset_targets() -> list[Target]:
    found = []
    for number, (spec, split, content) in enumerate(folders.READERS):
        files = folders.folder_of(content)
        both = (files, folders.packed(files))
        read = partial(_dataset, spec=spec, split=split)
        name = f"dataset-{number:02}-{spec.partition(':')[0]}"
        found.append(Target(name, partial(_given, both), read, 0.7))
    return found


_EVAL = "eval --from-sim @/s.npz --norm none --norm csls:k=1 -q --json --overwrite --out @/made"
_JUDGED = (
    "eval --from-sim @/s.npz --qrels @/q.txt --from-run @/r.txt --norm none -q --overwrite "
    "--out @/made"
)
_PAIRS = {"p.json": b'[{"clip_score": [[0.1, 0.5], [1, 2]], "order": [2, 1]}]'}
_CSV: Files = folders.folder_of(folders.READERS[0][2])

TARGETS: tuple[Target, ...] = (
    Target("features", seeds.features, _features, 3),
    Target("inspect", seeds.features, _inspect),
    Target("carry-on", seeds.carried_on, _carried_on),
    Target("npz", seeds.npz, partial(_arrays, source="a.npz"), 3),
    Target("import-npz", seeds.npz, partial(_imported, source="a.npz")),
    Target("npy", seeds.npy_folders, _arrays, 2),
    Target("dump", seeds.dumps, _arrays, 2),
    Target("import-dump", seeds.dumps, _imported),
    Target("sides", labs.sides, labs.read_sides, 4),
    Target("matrix", labs.matrices, labs.read_matrix),
    Target("caption-rows", labs.captions, labs.read_rows),
    Target("sim", seeds.sims, _sim, 3),
    Target("eval-sim", seeds.sims, partial(_command, words=_EVAL), 0.5),
    Target("report", seeds.results, partial(_command, words="report @ --out @/made.html"), 0.5),
    Target("result", seeds.results, _results, 3),
    Target("projection", heads.projections, heads.read_projection, 2),
    Target("head", heads.heads, heads.read_head, 2),
    Target("weights", models.weights, models.read_weights, 2),
    Target("tokenizer", models.tokenizers, models.read_tokenizer, 2),
    Target("clip-config", models.clip_configs, models.read_clip_config, 2),
    Target("two-towers", models.two_towers, models.read_two_towers, 2),
    Target("dictionary", models.dictionaries, models.read_dictionary),
    Target("ordering", lambda: (_PAIRS,), _ordering),
    Target("captions", lambda: (_CSV,), _captions),
    Target("qrels", lambda: tuple({"q.txt": t} for t in seeds.QRELS), _qrels, 0.5),
    Target("eval-qrels", seeds.judged, partial(_command, words=_JUDGED), 0.5),
    Target("trec-run", lambda: tuple({"r.txt": t} for t in seeds.RUNS), _run, 0.5),
    Target("lmdb-bytes", labs.raw, labs.read_raw, 0.5),
    Target("parquet-rows", labs.rows, labs.read_parquet, 0.5),
    Target("limit-ids", lambda: tuple({"ids.txt": t} for t in seeds.TEXTS), _ids, 0.3),
    Target("strings", strings.seeds, strings.read, 2),
    Target("video", seeds.videos, _video, 2),
    *_dataset_targets(),
)
"""What is fuzzed."""
