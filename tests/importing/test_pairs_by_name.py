"""Whatever the order and the names of the items, R@K is that of the ordered file, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from unicodedata import normalize

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from named_pairs import (
    FORMS,
    NAMES,
    STYLES,
    M,
    N,
    as_dump,
    as_half_dump,
    as_npz,
    as_packed,
    as_padded,
    as_sims,
    data,
    evaluate,
    expected,
)

import vrbench
from vrbench.errors import InputError
from vrbench.importing import Given
from vrbench.importing.to_features import import_arrays


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    form=st.sampled_from(FORMS),
    style=st.sampled_from((*STYLES, "{v}")),
    name=st.sampled_from(NAMES),
    texts=st.permutations(range(N)),
    videos=st.permutations(range(M)),
)
def test_any_order_and_names_give_the_ordered_number_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory,
    form: Callable[..., tuple[Path, bool]],
    style: str,
    name: Callable[[int], str],
    texts: list[int],
    videos: list[int],
) -> None:
    ordered = data(style, name, one_caption=style == "{v}")
    rows = np.array([i for i in texts if i < len(ordered.text)])
    mixed = ordered.shuffled(rows, np.array(videos))
    try:
        found = evaluate(*form(mixed, tmp_path_factory.mktemp("pairs")))
    except InputError:
        if name is NAMES[4]:  # no other name can be read in two ways
            return
        raise
    assert found == pytest.approx(expected(ordered))


@pytest.mark.parametrize("form", FORMS)
def test_names_that_do_not_match_are_refused(
    tmp_path: Path, form: Callable[..., tuple[Path, bool]]
) -> None:
    one = data("{v}", NAMES[0], one_caption=True)
    other = replace(one, text_ids=[f"sentence {i}" for i in range(M)])
    with pytest.raises(InputError, match="5 of 5 texts name no video, the first is 'sentence"):
        evaluate(*form(other, tmp_path))


@pytest.mark.parametrize("form", [as_npz, as_packed, as_padded, as_half_dump, as_sims])
def test_text_video_pairs_what_names_do_not(
    tmp_path: Path, form: Callable[..., tuple[Path, bool]]
) -> None:
    one = data("{v}#{k}", NAMES[0])
    other = replace(one, text_ids=[f"sentence {i}" for i in range(N)])
    assert evaluate(*form(other, tmp_path, text_video=one.owner)) == pytest.approx(expected(one))


@pytest.mark.parametrize("form", [as_npz, as_packed, as_padded, as_half_dump, as_sims])
def test_text_video_may_name_videos(tmp_path: Path, form: Callable[..., tuple[Path, bool]]) -> None:
    one = data("{v}#{k}", NAMES[1])
    other = replace(one, text_ids=[f"sentence {i}" for i in range(N)])
    said = np.array([one.video_ids[i] for i in one.owner])
    assert evaluate(*form(other, tmp_path, text_video=said)) == pytest.approx(expected(one))
    said[3] = "x"
    if form is not as_half_dump:  # its folder is there
        with pytest.raises(InputError, match=r"1 of 7 texts.*the first (to|is) 'x'"):
            evaluate(*form(other, tmp_path, text_video=said))


@pytest.mark.parametrize("form", [as_npz, as_packed, as_padded, as_sims])
def test_text_video_that_contradicts_the_names_is_refused(
    tmp_path: Path, form: Callable[..., tuple[Path, bool]]
) -> None:
    one = data("{v}#{k}", NAMES[0])
    with pytest.raises(
        InputError, match="pairs text 'v0#0' with video 'v4', but its name says 'v0'"
    ):
        evaluate(*form(one, tmp_path, text_video=one.owner[::-1].copy()))


def test_a_feature_file_that_contradicts_its_names_is_refused(tmp_path: Path) -> None:
    path, _ = as_npz(data("{v}#{k}", NAMES[0]), tmp_path)
    with h5py.File(path, "r+") as file:
        file["text/video"][0] = 3
    with pytest.raises(InputError, match="pairs text 'v0#0' with video 'v3', but its name says"):
        vrbench.open(path)


def test_numbers_are_counted_on_each_side_apart(tmp_path: Path) -> None:
    one = data("{v}#{k}", NAMES[0])
    numbered = replace(
        one, text_ids=[str(i) for i in range(N)], video_ids=[str(i) for i in range(M)]
    )
    found = evaluate(*as_npz(numbered, tmp_path, text_video=one.owner))
    assert found == pytest.approx(expected(one))


@pytest.mark.parametrize("wrong", ["ids", "no ids"])
def test_positives_follow_the_names(tmp_path: Path, wrong: str) -> None:
    one = data("{v}#{k}", NAMES[0])
    positives = np.zeros((N, M), dtype=bool)
    positives[np.arange(N), one.owner] = True
    right = evaluate(*as_sims(one, tmp_path, positives=positives))
    assert right == pytest.approx(expected(one))
    turned = replace(one, text_ids=one.text_ids if wrong == "ids" else [f"t{i}" for i in range(N)])
    form = as_sims(turned, tmp_path, positives=positives[::-1])
    if wrong == "ids":
        with pytest.raises(InputError, match="positives pairs text 'v0#0'"):
            evaluate(*form)
    else:
        assert evaluate(*form) != pytest.approx(right)


@pytest.mark.parametrize("part", ["captions", "video_label", "video_global"])
def test_rows_beside_files_need_names(tmp_path: Path, part: str) -> None:
    one = data("{v}#{k}", NAMES[0])
    values = {
        "captions": np.array(one.text_ids),
        "video_label": np.arange(M),
        "video_global": one.video,
    }
    with pytest.raises(InputError, match=rf"{part}\.npy has a row for each item of .*_ids\.npy"):
        as_dump(one, tmp_path, **{part: values[part]})


def test_ids_beside_files_order_their_rows(tmp_path: Path) -> None:
    one = data("{v}#{k}", lambda i: f"v{(3 * i) % 5}")
    ids = {"text_ids": np.array(one.text_ids), "video_ids": np.array(one.video_ids)}
    path, _ = as_dump(one, tmp_path, **ids, captions=np.array([f"about {n}" for n in one.text_ids]))
    with vrbench.open(path) as features:
        assert features.video.ids.tolist() == one.video_ids
        assert features.text.captions is not None
        assert features.text.captions.tolist() == [f"about {n}" for n in one.text_ids]
    (tmp_path / "d" / "text_ids.npy").unlink()
    np.save(tmp_path / "d" / "video_ids.npy", np.array([*one.video_ids[:-1], "other"]))
    with pytest.raises(InputError, match=r"has item 'other', which .* has not"):
        import_arrays(tmp_path / "d", tmp_path / "g.h5")


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_are_joined_in_either_form(
    tmp_path: Path, forms: tuple[Literal["NFC", "NFD"], Literal["NFC", "NFD"]]
) -> None:
    one = data("{v}#{k}", lambda i: f"caf\u00e9{i}")
    mixed = replace(
        one.shuffled(np.arange(N)[::-1], np.array([3, 0, 4, 1, 2])),
        text_ids=[normalize(forms[0], one.text_ids[i]) for i in range(N)][::-1],
        video_ids=[normalize(forms[1], one.video_ids[i]) for i in (3, 0, 4, 1, 2)],
    )
    for form in (as_sims, as_npz, as_dump):
        assert evaluate(*form(mixed, tmp_path)) == pytest.approx(expected(one))
    twice = replace(one, video_ids=[normalize("NFD", "caf\u00e9"), "caf\u00e9", "b", "c", "d"])
    with pytest.raises(InputError, match="texts name no video"):
        evaluate(*as_sims(twice, tmp_path))


@pytest.mark.parametrize("sign", "#_")
@pytest.mark.parametrize("videos", ["{}.mp4", "{}"])
def test_endings_of_files_stand_before_the_number_of_a_text(
    tmp_path: Path, sign: str, videos: str
) -> None:
    ids, rows = list("cab"), np.eye(3, dtype=np.float32) + 0.1
    texts = [f"{name}.mp4{sign}{k}" for name in "ab" for k in range(2)]
    np.savez(
        tmp_path / "a.npz", video=rows, text=rows[[1, 1, 2, 2]], text_ids=texts,
        video_ids=[videos.format(name) for name in ids],
    )  # fmt: skip
    lines = [f"{name}.mp4,{text},about {text}" for text in texts[::-1] for name in text[0]]
    captions = tmp_path / "c.csv"
    captions.write_text("\n".join(["video_id,text_id,caption", *lines]), encoding="utf-8")
    given_ = Given(tmp_path / "a.npz", captions=captions)
    with h5py.File(import_arrays(given_, tmp_path / "f.h5")) as file:
        assert file["video/ids"].asstr()[:].tolist() == ids
        assert file["text/ids"].asstr()[:].tolist() == [t.replace(".mp4", "") for t in texts]
        assert file["text/video"][:].tolist() == [1, 1, 2, 2]
        assert file["text/captions"].asstr()[:].tolist() == [f"about {text}" for text in texts]


@pytest.mark.parametrize(
    "texts",
    [
        {"text_ids": ["a.mp4#0"]},
        {"text_ids": ["a.mp4"]},
        {"text_ids": ["x"], "text_video": ["a.mp4"]},
    ],
)
def test_endings_of_some_videos_stay_where_texts_have_them(
    tmp_path: Path, texts: dict[str, list[str]]
) -> None:
    rows = np.eye(2, 3, dtype=np.float32)
    arrays: dict[str, Any] = {"video": rows, "text": rows[:1], "video_ids": ["a.mp4", "b"]} | texts
    np.savez(tmp_path / "a.npz", **arrays)
    with h5py.File(import_arrays(tmp_path / "a.npz", tmp_path / "f.h5")) as file:
        assert file["text/video"][:].tolist() == [0]


def test_unnamed_rows_are_paired_by_place_and_inspect_says_so(tmp_path: Path) -> None:
    from vrbench.features.inspect import inspect_file

    one = data("{v}", NAMES[0], one_caption=True)
    said: list[str] = []
    np.savez(tmp_path / "a.npz", text=one.text, video=one.video, video_ids=one.video_ids)
    path = import_arrays(tmp_path / "a.npz", tmp_path / "f.h5", note=said.append)
    assert evaluate(path, sims=False) == pytest.approx(expected(one))
    assert any("by place" in text for text in said)
    assert any("by place" in text for text in inspect_file(path).notes)
