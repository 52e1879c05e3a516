"""Writing small annotation files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from vrbench import datasets
from vrbench.errors import InputError


def write(folder: Path, **files: Any) -> Path:
    """Write files, ``test_json=value`` as ``test.json``: texts as they are, all else as JSON."""
    folder.mkdir(exist_ok=True)
    for key, value in files.items():
        stem, _, suffix = key.rpartition("_")
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / f"{stem}.{suffix}").write_text(text, encoding="utf-8")
    return folder


def zipped(path: Path, **members: str) -> Path:
    """Write a zip whose members are ``inner/<name>``, ``a_json=text`` as ``inner/a.json``."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, text in members.items():
            stem, _, suffix = key.rpartition("_")
            archive.writestr(f"__MACOSX/inner/{stem}.{suffix}", "not this one")
            archive.writestr(f"inner/{stem}.{suffix}", text)
    return path


def refusal(spec: str, folder: Path, split: str) -> str:
    """The message with which a reading is refused."""
    with pytest.raises(InputError) as caught:
        datasets.read(spec, folder, split)
    return str(caught.value)
