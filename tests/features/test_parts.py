"""A whole reads the parts in its folder, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
from sharded import made, part, refused, whole
from small_features import write_features

from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.features.inspect import inspect_file
from vrbench.features.writer import FeatureWriter

__all__ = ["made", "whole"]


def test_a_missing_part_is_not_read_as_zeros(whole: Path) -> None:
    part(whole, 2).unlink()
    with h5py.File(whole) as file:
        assert not file["video/tokens"][:].all(), "HDF5 says nothing"
    refused(whole, "its part part-00002-of-00003.h5 is missing in ")
    part(whole, 2).mkdir()
    refused(whole, "its part part-00002-of-00003.h5 is missing in ", inspect_file)


def shorten(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["video/tokens"].resize(2, axis=0)


def other_token(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["text/tokens"][0, 0] += 1


def other_type(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        values = file["video/time"][:].astype("f4")
        del file["video/time"]
        file["video/time"] = values


@pytest.mark.parametrize("change", [shorten, other_token, other_type])
def test_a_changed_part_is_refused(change: Callable[[Path], None], whole: Path) -> None:
    change(part(whole, 2))
    refused(whole, "its part part-00002-of-00003.h5 is not the file that the whole was made of")


def test_lengths_and_types_are_checked_whatever_the_digest(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vrbench.features.parts.Parts._check", lambda *_: None)
    shorten(part(whole, 3))
    refused(whole, r"part-00003-of-00003.h5 has shape \(2, 16\) in /video/tokens, declared is \(")
    other_type(part(whole, 3))
    refused(whole, "part-00003-of-00003.h5 holds float32 in /video/time, declared is float64")


def test_parts_that_changed_places_are_refused(whole: Path) -> None:
    first, second, aside = part(whole, 1), part(whole, 2), whole.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)
    refused(whole, "its part part-00001-of-00003.h5 is not the file")


def test_a_part_of_another_encoder_is_refused(whole: Path) -> None:
    """Ids and lengths are the same, numbers are not."""
    with h5py.File(part(whole, 3), "r+") as file:
        file["video/tokens"][:] = 2 * file["video/tokens"][:]
    refused(whole, "its part part-00003-of-00003.h5 is not the file")


def test_a_damaged_part_is_named(whole: Path) -> None:
    path = part(whole, 2)
    path.write_bytes(path.read_bytes()[:5000])
    refused(whole, "part-00002-of-00003.h5 is truncated")
    path.write_bytes(b"no HDF5")
    refused(whole, "part-00002-of-00003.h5 is not an HDF5 file")


def test_links(whole: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.h5"
    part(whole, 2).rename(outside)
    part(whole, 2).symlink_to(outside)
    refused(whole, "its part part-00002-of-00003.h5 is a link out of its folder")
    part(whole, 2).unlink()
    shutil.copy(outside, whole.with_name("beside.h5"))
    part(whole, 2).symlink_to("beside.h5")
    with open_features(whole) as features:
        assert len(features.video) == 6
    link = tmp_path / "link.h5"
    link.symlink_to(whole)
    with open_features(link) as features:
        assert len(features.video) == 6


def test_a_whole_is_not_carried_on(whole: Path) -> None:
    before = whole.read_bytes()
    with pytest.raises(InputError, match="is the whole of a sharded set, which is not carried on"):
        FeatureWriter(whole, {}, "float32")
    assert whole.read_bytes() == before


def test_identity(whole: Path) -> None:
    """It is that of all bytes, and what a shell gives."""
    command = "sha256sum all.h5 part-*.h5 | cut -c1-64 | sha256sum"
    done = subprocess.run(
        command, shell=True, cwd=whole.parent, capture_output=True, text=True, check=True
    )
    with open_features(whole) as features:
        assert features.sha256() == done.stdout.split()[0] == inspect_file(whole).sha256
        before = features.sha256()
    with h5py.File(part(whole, 1), "r+") as file:
        file["video/tokens"][1] += 1  # neither the first row nor the last
    with open_features(whole) as features:
        assert features.sha256() != before


def test_a_part_that_is_written_to_meanwhile(whole: Path) -> None:
    with open_features(whole) as features:
        path = part(whole, 2)
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        os.utime(path, ns=(1, 1))
        with pytest.raises(InputError, match=r"part-00002-of-00003\.h5 was changed while"):
            features.sha256()


def test_files_are_closed(whole: Path) -> None:
    code = (
        "import sys, os, vrbench; n = len(os.listdir('/proc/self/fd'))\n"
        "with vrbench.open(sys.argv[1]) as f: video = f.video\n"
        "print(len(os.listdir('/proc/self/fd')) - n)\n"
        "kept = vrbench.open(sys.argv[1]).video; print(kept.block(0, 6).tokens.shape[1])"
    )
    done = subprocess.run([sys.executable, "-c", code, whole], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"0\n16\n", b"")


def test_what_has_no_parts_is_as_before(tmp_path: Path) -> None:
    with open_features(write_features(tmp_path / "f.h5")) as features:
        assert features.parts is not None
        assert features.parts.names == ()
