"""Captions of a file are joined with texts of every layout: by name, else by place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from laid_out import CAPTIONS, Data, as_folder, as_hdf5, as_torch, check, owner, rows, write_lines

from vrbench.errors import InputError
from vrbench.features.inspect import inspect_file
from vrbench.importing import Given
from vrbench.importing.to_features import import_arrays


@pytest.mark.parametrize("form", ["list", "lines", "csv", "tsv"])
@pytest.mark.parametrize("write", [as_hdf5, as_torch, as_folder])
def test_captions_by_the_videos_names(write: Any, form: str, tmp_path: Path) -> None:
    data = Data.of_tokens()
    video, text = (write(tmp_path / side, getattr(data, side)) for side in ("video", "text"))
    names = sorted(CAPTIONS, key=lambda name: name.partition("#")[2])
    path = tmp_path / "captions"
    if form in ("csv", "tsv"):
        sign = {"csv": ";", "tsv": "\t"}[form]
        lines = [f'{row["video"]}{sign}"{row["desc"]}"' for row in rows(names)]
        path.write_text("\n".join([f"vid{sign}sentence", *lines]), encoding="utf-8")
    else:
        write_lines(path, rows(names))
        if form == "list":
            path.write_text("[" + path.read_text("utf-8").replace("\n", ",\n") + "]", "utf-8")
    check(Given(video=video, text=text, captions=path), tmp_path, data, captions=True)


def test_captions_by_ids_of_their_own(tmp_path: Path) -> None:
    """TVR and QVHighlights: texts keyed by desc_id or qid, a number."""
    data = Data.of_tokens()
    number = {name: 100 + 7 * i for i, name in enumerate(sorted(data.text))}
    texts = {str(number[name]): x for name, x in data.text.items()}
    lines = [
        {"desc_id": n, "vid_name": owner(name), "desc": CAPTIONS[name]}
        for name, n in reversed(number.items())
    ]
    given = Given(
        video=as_hdf5(tmp_path / "video", data.video),
        text=as_hdf5(tmp_path / "text", texts),
        captions=write_lines(tmp_path / "tvr.jsonl", lines),
        keys={"vid_name": "video_id"},
    )
    out = import_arrays(given, tmp_path / "made.h5")
    with h5py.File(out) as file:
        videos, links = file["video/ids"].asstr()[:], file["text/video"][:]
        ids, said = file["text/ids"].asstr()[:], file["text/captions"].asstr()[:]
    back = {str(n): name for name, n in number.items()}
    assert [videos[link] for link in links] == [owner(back[name]) for name in ids]
    assert said.tolist() == [CAPTIONS[back[name]] for name in ids]


def test_rows_without_names_are_those_of_the_captions(tmp_path: Path) -> None:
    data = Data.of_vectors()
    names = sorted(data.text, key=lambda name: name.partition("#")[2])
    np.save(tmp_path / "t.npy", np.stack([data.text[name] for name in names]))
    captions = write_lines(tmp_path / "c.jsonl", rows(names))
    video = as_hdf5(tmp_path / "v", data.video)
    notes = check(Given(None, video, tmp_path / "t.npy", captions), tmp_path, data, captions=True)
    assert "Without names, texts are those of c.jsonl by place, row i its row i." in notes
    np.save(tmp_path / "v.npy", np.stack(list(data.video.values())))
    given = Given(None, tmp_path / "v.npy", tmp_path / "t.npy", captions)
    with pytest.raises(InputError, match=r"4 videos in 5 rows, .* has 4 videos without names"):
        import_arrays(given, tmp_path / "no.h5")
    one = {"v10#0": 0, "-4w_x#0": 1, "v2#0": 2, "café#0": 3}
    np.save(tmp_path / "t.npy", np.stack([data.text[name] for name in one]))
    np.save(tmp_path / "v.npy", np.stack([data.video[owner(name)] for name in one]))
    write_lines(captions, rows(one))
    fewer = Data(data.video, {name: data.text[name] for name in one})
    notes = check(given, tmp_path, fewer, captions=True)
    said = "Without names, texts and videos are those of c.jsonl by place, row i its row i."
    assert said in notes
    assert said in inspect_file(tmp_path / "made.h5").notes
    write_lines(captions, rows(list(one)[:3]))
    with pytest.raises(InputError, match=r"has 3 captions, and .* 4 texts without names"):
        import_arrays(given, tmp_path / "no.h5")


EACH = {"a": 3, "b": 1, "c": 2}
"""Captions of each video."""


def _captions(path: Path) -> Path:
    lines = [f"{name},{name} {k}" for name, n in EACH.items() for k in range(n)]
    path.write_text("\n".join(["video_id,caption", *lines]), encoding="utf-8")
    return path


@pytest.mark.parametrize("write", [as_torch, as_hdf5, as_folder, "padded"])
def test_captions_of_a_video_are_not_the_tokens_of_one_text(write: Any, tmp_path: Path) -> None:
    rng, captions = np.random.default_rng(0), _captions(tmp_path / "c.csv")
    texts = {name: rng.standard_normal((n, 4)).astype(np.float32) for name, n in EACH.items()}
    video = as_torch(tmp_path / "v", {name: rows[0] for name, rows in texts.items()})
    if write == "padded":
        padded = [np.pad(x, ((0, 3 - len(x)), (0, 0))) for x in texts.values()]
        mask = [np.arange(3) < len(x) for x in texts.values()]
        ids = np.array([*texts])
        np.savez(tmp_path / "t.npz", tokens=np.array(padded), mask=np.array(mask), ids=ids)
        text = tmp_path / "t.npz"
    else:
        text = write(tmp_path / "t", texts)
    says = r"as many tokens as c\.csv has captions of its video, 3 of 'a': .* name each a#0, a#1, "
    with pytest.raises(InputError, match=says):
        import_arrays(Given(None, video, text, captions), tmp_path / "no.h5")

    each = {f"{name}#{k}": row for name, rows in texts.items() for k, row in enumerate(rows)}
    np.save(tmp_path / "t.npy", np.array([*each.values()]))
    for kept in (as_torch(tmp_path / "each", each), tmp_path / "t.npy"):
        out = import_arrays(Given(None, video, kept, captions), tmp_path / "o.h5", overwrite=True)
        with h5py.File(out) as file:
            assert file["text/video"][:].tolist() == [0, 0, 0, 1, 2, 2]
            said = file["text/captions"].asstr()[:].tolist()
            assert said == ["a 0", "a 1", "a 2", "b 0", "c 0", "c 1"]
            assert "notes" not in file.attrs or "not used" not in file.attrs["notes"]
    one = as_torch(tmp_path / "one", {f"{name}#0": rows for name, rows in texts.items()})
    out = import_arrays(Given(None, video, one, captions), tmp_path / "one.h5")
    assert "3 of 6 captions in c.csv are not used." in inspect_file(out).notes


def test_captions_that_are_not_used_are_counted(tmp_path: Path) -> None:
    captions, rng = _captions(tmp_path / "c.csv"), np.random.default_rng(0)
    items = {name: rng.standard_normal((4, 4)).astype(np.float32) for name in EACH}
    video, text = (as_torch(tmp_path / side, items) for side in ("v", "t"))
    notes: list[str] = []
    given = Given(None, video, text, captions)
    out = import_arrays(given, tmp_path / "o.h5", note=notes.append)
    said = "3 of 6 captions in c.csv are not used."
    assert said in notes
    assert said in inspect_file(out).notes
