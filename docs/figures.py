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
SCALE = 0.55
"""Of a picture as it is written: two panels are 900 pixels wide."""
COLORS = 32

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
`msrvtt-categories.h5` is the bundled file with MSR-VTT's categories as `/video/label`. Each command
writes the numbers as CSV too, and the picture as SVG; the numbers in the sentences are read from
that CSV. `vrbench list figures` has every parameter, and `--from-sim` takes a similarity file
instead. Raw and normalized differ in line or hatching as well as in colour. How long things take,
and how much memory, is measured by `make bench`
([benchmarks/results.md](../benchmarks/results.md))."""


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
    _shrink(written[".png"], PICTURES / f"{name}.png")
    title = f"## {name}" + (f" ({source})" if source else "")
    seen = "\n".join(wrap(SEEN[name](pd.read_csv(written[".csv"])), 100))
    return [title, f"```\n{command}\n```", f"![{name}](figures/{name}.png)", seen]


def _shrink(path: Path, out: Path) -> None:
    """Write a picture smaller and with few colours."""
    from PIL import Image

    with Image.open(path) as picture:
        size = round(SCALE * picture.width), round(SCALE * picture.height)
        small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    small.quantize(COLORS).save(out, optimize=True)
