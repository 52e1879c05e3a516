"""The pictures and numbers of figures.md, by the commands that stand there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from docs.figures_numbers import NUMBERS, Numbers
from docs.regions import filled
from docs.running import run
from vrbench import datasets

PICTURES = Path(__file__).parent / "figures"
FEATURES = Path(__file__).parents[1] / "features"
PAGE = Path(__file__).parent / "figures.md"
_COMMAND = re.compile(r"^vrbench plot (?P<name>\S+).*$", re.M)


def page(shared: Path) -> str:
    """Run the commands of the page, keep their pictures, and return the page with their numbers.

    Categories and sentences are of the research data.
    """
    PICTURES.mkdir(exist_ok=True)
    text = PAGE.read_text(encoding="utf-8")
    values: dict[str, str] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "features").symlink_to(FEATURES)
        with_categories(shared, folder / "msrvtt-categories.h5")
        with_sentences(shared, folder / "youcook2-sentences.h5")
        for command in _COMMAND.finditer(text):
            made = _made(command[0], command["name"], folder)
            values |= {f"{command['name']}.{key}": value for key, value in made.items()}
    return filled(text, values)


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


def _made(command: str, name: str, folder: Path) -> Numbers:
    """Draw a figure, keep its picture, and return its numbers."""
    import pandas as pd

    written = {Path(line).suffix: folder / line for line in run(f"{command} -q", folder)}
    _keep(written[".png"], PICTURES / f"{name}.png")
    return NUMBERS[name](pd.read_csv(written[".csv"]))


def _keep(path: Path, out: Path) -> None:
    """Write a picture in fewer bytes, in all its colours."""
    from PIL import Image

    with Image.open(path) as picture:
        picture.convert("RGB").save(out, optimize=True)
