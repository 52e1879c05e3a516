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
