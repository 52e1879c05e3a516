"""Of a whole nothing but the parts in its own folder is followed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from sharded import made, refused, whole

__all__ = ["made", "whole"]


def renamed(name: str) -> Callable[[Any], None]:
    """Let the second part be of another name."""

    def change(file: Any) -> None:
        names = [value.decode() for value in file["parts/file"]]
        del file["parts/file"]
        file["parts/file"] = [names[0], name, names[2]]

    return change


def mapped(name: str, dataset: str) -> Callable[[Any], None]:
    """Let the second part of the videos' tokens be of another file or dataset."""

    def change(file: Any) -> None:
        old = file["video/tokens"]
        names = [source.file_name for source in old.virtual_sources()]
        ends = [source.vspace.get_select_bounds() for source in old.virtual_sources()]
        layout = h5py.VirtualLayout(old.shape, old.dtype)
        for k, ((start, *_), (end, *_)) in enumerate(ends):
            of = (name, dataset) if k == 1 else (names[k], "/video/tokens")
            layout[start : end + 1] = h5py.VirtualSource(*of, (end + 1 - start, 16), old.dtype)
        del file["video/tokens"]
        file["video"].create_virtual_dataset("tokens", layout)

    return change


def grown(file: Any) -> None:
    old = file["video/tokens"]
    layout = h5py.VirtualLayout(old.shape, old.dtype, maxshape=(None, 16))
    source = h5py.VirtualSource(
        "part-00001-of-00003.h5", "/video/tokens", (4, 16), maxshape=(None, 16)
    )
    layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    del file["video/tokens"]
    file["video"].create_virtual_dataset("tokens", layout)


def gapped(file: Any) -> None:
    old = file["video/tokens"]
    layout = h5py.VirtualLayout(old.shape, old.dtype)
    source = next(iter(old.virtual_sources()))
    rows = source.vspace.get_select_bounds()[1][0] + 1
    layout[:rows] = h5py.VirtualSource(source.file_name, "/video/tokens", (rows, 16), old.dtype)
    del file["video/tokens"]
    file["video"].create_virtual_dataset("tokens", layout)


def virtual_ids(file: Any) -> None:
    shape, dtype = file["video/ids"].shape, file["video/ids"].dtype
    layout = h5py.VirtualLayout(shape, dtype)
    layout[:] = h5py.VirtualSource("part-00001-of-00003.h5", "/video/ids", shape, dtype)
    del file["video/ids"]
    file["video"].create_virtual_dataset("ids", layout)


def external(file: Any) -> None:
    shape = file["video/tokens"].shape
    del file["video/tokens"]
    where = [("part-00001-of-00003.h5", 0, h5py.h5f.UNLIMITED)]
    file["video"].create_dataset("tokens", shape, "f4", external=where)


def linked(file: Any) -> None:
    del file["video"]
    file["video"] = h5py.ExternalLink("part-00001-of-00003.h5", "/video")


def without_parts(file: Any) -> None:
    del file["parts"]


def twice(file: Any) -> None:
    file["parts/file"][1] = file["parts/file"][0]


def numbered(file: Any) -> None:
    del file["parts/file"]
    file["parts/file"] = np.arange(3)


NOT_FOLLOWED = "is a virtual dataset, which is not followed: give its parts or store the data there"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            renamed("/etc/hostname"),
            "names the part '/etc/hostname', which is no file in its folder",
        ),
        (renamed("../f.h5"), r"names the part '\.\./f\.h5', which is no file in its folder"),
        (renamed(".."), "which is no file in its folder"),
        (renamed("."), "which is no file in its folder"),
        (renamed("a/b.h5"), "which is no file in its folder"),
        (renamed("a%b.h5"), "which is no file in its folder"),
        (renamed("other.h5"), "is made of /video/frame in 'part-00002-of-00003.h5', which is not"),
        (mapped("/etc/hostname", "/video/tokens"), "is made of /video/tokens in '/etc/hostname'"),
        (mapped("../f.h5", "/video/tokens"), "is made of /video/tokens in '../f.h5'"),
        (mapped(".", "/video/tokens"), r"is made of /video/tokens in '\.'"),
        (mapped("part-00001-of-00003.h5", "/text/tokens"), "is made of /text/tokens in 'part-0"),
        (grown, NOT_FOLLOWED),
        (gapped, "is a virtual dataset with gaps"),
        (virtual_ids, NOT_FOLLOWED),
        (external, "lies in other files, which are not read"),
        (linked, "/video is a link to another place"),
        (without_parts, NOT_FOLLOWED),
        (twice, r"has a malformed /parts \(3 names\)"),
        (numbered, "has a malformed /parts"),
    ],
)
def test_nothing_but_parts_of_the_same_folder_is_followed(
    change: Callable[[Any], None], says: str, whole: Path
) -> None:
    with h5py.File(whole, "r+") as file:
        change(file)
    refused(whole, says)


def test_a_part_is_no_whole_itself(whole: Path) -> None:
    """No chain of files: a part has its data itself."""
    inner = whole.parent / "part-00001-of-00003.h5"
    shutil.copy(whole, whole.with_name("kept.h5"))
    inner.unlink()
    inner.hardlink_to(whole)
    refused(whole, "part-00001-of-00003.h5: /video/.* is a virtual dataset")
