"""Every figure from the bundled features: command, picture, and what one sees."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from textwrap import wrap

from docs.figures_text import SEEN
from docs.running import run
from vrbench import datasets
from vrbench.figures import figures

PICTURES = Path(__file__).parent / "figures"
FEATURES = Path(__file__).parents[1] / "features"
WIDE = 322
"""Pixels of a page that are as wide as a paper's column, 3.35 inches."""

SEQUENCES = " features/youcook2-600.h5 --method token-mean"
SENTENCES = " youcook2-sentences.h5 --method token-mean"
CATEGORIES = " msrvtt-categories.h5 --method global"
OF = {
    "sequence-noise": SEQUENCES,
    "realignment": SENTENCES,
    "pooling": " --method max-avg",
} | dict.fromkeys(("anchors", "anchor-categories", "anchor-top"), CATEGORIES)
"""What a figure is of, where it is not the bundled features under ``global``."""

HEAD = """# Figures

Made by `make docs` from the bundled features (476 test videos of MSR-VTT 1k-A from two small
encoders, with a bank of training queries; [the example](example.md) uses the same), and for
sequences from 600 cooking videos ([features/README.md](../features/README.md));
`msrvtt-categories.h5` is the bundled file with MSR-VTT's categories as `/video/label`, and
`youcook2-sentences.h5` the cooking videos with their sentences as captions. Each command writes
the numbers as CSV too, and the picture as SVG; the numbers in the sentences are read from
that CSV. `vrbench list figures` has every parameter, and `--from-sim` takes a similarity file
instead. How long things take, and how much memory, is measured by `make bench`
([benchmarks/results.md](../benchmarks/results.md)).

**For a paper**: pictures are as wide as a column, 3.35 inches, and stand here at that size; their
text is of 7 and 8 points. `--format pdf` (or `svg`) gives vectors with text as text, for
`\\includegraphics{...}` without a width; `--width 6.9` makes it for both columns. There is no title
above a picture, since the caption says what it is of: the file's own title has it (`--title` writes
it above). Colours are told apart by colour-blind readers, and what differs in colour differs in
line, marker or hatching too. Directions with the same numbers share one panel."""


def page(shared: Path) -> str:
    """Write the pictures and return the page; categories and sentences are of the research data."""
    PICTURES.mkdir(exist_ok=True)
    parts = [HEAD]
    with TemporaryDirectory() as folder:
        (Path(folder) / "features").symlink_to(FEATURES)
        with_categories(shared, Path(folder) / "msrvtt-categories.h5")
        with_sentences(shared, Path(folder) / "youcook2-sentences.h5")
        for name, cls in figures.classes().items():
            parts.append("\n\n".join(_section(name, cls.source, Path(folder))))
    return "\n\n".join(parts) + "\n"


def with_categories(shared: Path, out: Path) -> None:
    """Write the bundled features with the category of each video."""
    import h5py

    found = datasets.read("msrvtt", shared / "data/annotations/msrvtt", "full-test")
    known = {video.id: found.columns(video)["label"] for video in found.videos}
    copyfile(FEATURES / "msrvtt-476.h5", out)
    with h5py.File(out, "a") as file:
        names = [known[name.decode()] for name in file["video/ids"][:]]
        file["video"].create_dataset("label", data=names, dtype=h5py.string_dtype())


def with_sentences(shared: Path, out: Path) -> None:
    """Write the bundled cooking videos with the sentence of each caption."""
    import h5py

    listed = json.loads((shared / "data/youcook2_demo/sequences.json").read_text())
    known = {
        f"{Path(video['video_id']).name}_{place - 1}": sentence
        for video in listed
        for place, sentence in zip(video["order"], video["text"], strict=True)
    }
    copyfile(FEATURES / "youcook2-600.h5", out)
    with h5py.File(out, "a") as file:
        said = [known[name.decode().partition("#")[0]] for name in file["text/ids"][:]]
        file["text"].create_dataset("captions", data=said, dtype=h5py.string_dtype())


def _section(name: str, source: str, folder: Path) -> list[str]:
    import pandas as pd

    command = f"vrbench plot {name}{OF.get(name, ' --method global')}"
    written = {Path(line).suffix: folder / line for line in run(f"{command} -q", folder)}
    _keep(written[".png"], PICTURES / f"{name}.png")
    title = f"## {name}" + (f" ({source})" if source else "")
    seen = "\n".join(wrap(SEEN[name](pd.read_csv(written[".csv"])), 100))
    return [title, _IMAGE.format(name, WIDE), f"```\n{command}\n```", seen, _END]


_IMAGE = '<img src="figures/{0}.png" alt="{0}" width="{1}" align="right">'
"""A picture beside the text, as it stands in a column of a paper."""
_END = '<br clear="right">'


def _keep(path: Path, out: Path) -> None:
    """Write a picture in fewer bytes, in all its colours."""
    from PIL import Image

    with Image.open(path) as picture:
        picture.convert("RGB").save(out, optimize=True)
