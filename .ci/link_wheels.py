"""Give an environment what another one has of packages that are the same for every Python.

``link_wheels.py FROM TO``, two environments: files of wheels for any Python (tag py3-none-...) that
install no program are linked, not unpacked again. CUDA's libraries, which come with torch where
there is no build of it for CPUs, are 3 GB of these. pip then finds the packages installed.
"""

import os
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path


def for_any_python(found: Distribution) -> bool:
    """Whether what is installed came as a wheel for any Python."""
    lines = (found.read_text("WHEEL") or "").splitlines()
    tags = [line for line in lines if line.startswith("Tag:")]
    return bool(tags) and all(line.startswith("Tag: py3-none-") for line in tags)


def link(found: Distribution, folder: Path) -> None:
    """Link its files into a folder, unless some lie outside of its own: programs name a Python."""
    files = found.files or []
    if any(".." in file.parts for file in files):
        return
    for file in files:
        place = folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(str(found.locate_file(file)), place)


if __name__ == "__main__":
    source, target = (next(Path(name).glob("lib/python3.*/site-packages")) for name in sys.argv[1:])
    for found in distributions(path=[str(source)]):
        if for_any_python(found):
            link(found, target)
