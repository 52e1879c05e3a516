"""A bank that is the test set is found, whatever it is called and however it is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_runs import refused, run
from hand_made import write_by_hand
from numpy.typing import NDArray

import vrbench
from vrbench.errors import InputError
from vrbench.features.inspect import inspect_file
from vrbench.importing.to_features import import_arrays

Array = NDArray[Any]
N, D = 12, 8
IDS = np.array([f"clip{chr(97 + i)}" for i in range(N)])


def unit(x: Array) -> Array:
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True))


@pytest.fixture
def sides() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    video = unit(rng.standard_normal((N, D)))
    return unit(video + rng.standard_normal((N, D))), video


def others(seed: int = 9, n: int = N) -> Array:
    return unit(np.random.default_rng(seed).standard_normal((n, D)))


def arrays(path: Path, sides: tuple[Array, Array], **bank: Any) -> Path:
    np.savez(path, text=sides[0], video=sides[1], text_ids=IDS, video_ids=IDS, **bank)
    return path


ORDER = np.random.default_rng(5).permutation(N)


@pytest.mark.parametrize(
    "how",
    [
        *("ids", "rows", "rows of more", "ids of one side", "half precision", "longer"),
        "longer and half precision",
    ],
)
def test_an_import_whose_bank_is_the_test_set_is_refused(
    tmp_path: Path, sides: tuple[Array, Array], how: str
) -> None:
    text, video = (side[ORDER] for side in sides)
    bank = {
        "ids": {
            "bank_text": others(1),
            "bank_video": others(2),
            "bank_text_ids": IDS[ORDER],
            "bank_video_ids": IDS[ORDER],
        },
        "rows": {"bank_text": text, "bank_video": video},
        "rows of more": {
            "bank_text": np.concatenate([others(3), text]),
            "bank_video": np.concatenate([video, others(4)]),
        },
        "ids of one side": {
            "bank_text": others(1),
            "bank_video": others(2),
            "bank_video_ids": IDS[ORDER],
        },
        "half precision": {
            "bank_text": text.astype(np.float16),
            "bank_video": video.astype(np.float16),
        },
        "longer": {"bank_text": 3 * text, "bank_video": np.r_[others(4), 10 * video]},
        "longer and half precision": {
            "bank_text": others(1),
            "bank_video": (7 * video).astype(np.float16),
        },
    }[how]
    source = arrays(tmp_path / "a.npz", sides, **bank)
    with pytest.raises(InputError, match=f"bank is the test set: .*12 of {N} videos.*--bank test"):
        import_arrays(source, tmp_path / "f.h5")
    assert not (tmp_path / "f.h5").exists()


def test_names_are_names_though_they_look_like_numbered_rows(
    tmp_path: Path, sides: tuple[Array, Array]
) -> None:
    names = np.array([f"video{i}" for i in range(N)])
    bank: dict[str, Any] = {"bank_text": others(1), "bank_video": others(2)}
    bank["bank_video_ids"] = names[ORDER]
    np.savez(tmp_path / "a.npz", text=sides[0], video=sides[1], video_ids=names, **bank)
    with pytest.raises(InputError, match=f"0 of {N} texts and {N} of {N} videos of the test set"):
        import_arrays(tmp_path / "a.npz", tmp_path / "f.h5")
    np.savez(tmp_path / "a.npz", text=sides[0], video=sides[1], **bank)  # unnamed: other videos
    import_arrays(tmp_path / "a.npz", tmp_path / "f.h5")


def test_a_part_of_the_test_set_is_counted_and_printed(
    tmp_path: Path, sides: tuple[Array, Array]
) -> None:
    text = np.concatenate([others(1), sides[0][:3]])
    bank = {"bank_text": text, "bank_video": others(2)}
    source = arrays(tmp_path / "a.npz", sides, **bank)
    said: list[str] = []
    path = import_arrays(source, tmp_path / "f.h5", note=said.append)
    counted = "The bank holds 3 of 12 texts and 0 of 12 videos of the test set"
    assert [note for note in said if counted in note]
    assert [note for note in inspect_file(path).notes if counted in note]
    done = run("eval", path, "--method", "global", "--norm", "ncl", "--out", tmp_path / "r")
    assert counted in done.err
    (result,) = vrbench.evaluate(path, "global", "ncl")
    assert result["bank_shared"] == {"n_text": 3, "n_video": 0}
    assert not result["transductive"]
    table = run("table", "--results", tmp_path / "r")
    assert counted in " ".join(table.out.split())


def stored_bank(tmp_path: Path, sides: tuple[Array, Array]) -> Path:
    """A feature file written by hand, with its test items as the bank."""
    changes: dict[str, Any] = {}
    for prefix in ("", "bank/"):
        for side, x in zip(("text", "video"), sides, strict=True):
            changes[f"{prefix}{side}/ids"] = [f"{prefix}{side} {i}" for i in range(N)]
            changes[f"{prefix}{side}/tokens"] = x.astype(np.float32)
            changes[f"{prefix}{side}/offsets"] = np.arange(N + 1)
        changes[f"{prefix}text/video"] = np.arange(N)
    return write_by_hand(tmp_path / "f.h5", changes)


def test_a_stored_train_bank_that_is_the_test_set_is_refused(
    tmp_path: Path, sides: tuple[Array, Array]
) -> None:
    path = stored_bank(tmp_path, sides)
    assert any("bank is the test set" in text for text in inspect_file(path).problems)
    says = "bank of f.h5 is its test set: 12 of 12 texts and 12 of 12 videos"
    refused("eval", path, "--method", "global", "--norm", "ncl", "--out", tmp_path / "r", says=says)
    for bank in ("test", "rolling"):
        run_ = run("eval", path, "--norm", "ncl", "--bank", bank, "--out", tmp_path / "r")
        assert run_.code == 0


def test_a_bank_file_that_is_the_test_set_is_transductive(
    tmp_path: Path, sides: tuple[Array, Array]
) -> None:
    test = import_arrays(arrays(tmp_path / "a.npz", sides), tmp_path / "f.h5")
    np.savez(tmp_path / "b.npz", text=sides[0][ORDER], video=sides[1][ORDER])
    again = import_arrays(tmp_path / "b.npz", tmp_path / "g.h5")
    np.savez(tmp_path / "c.npz", text=others(1), video=others(2))
    other = import_arrays(tmp_path / "c.npz", tmp_path / "h.h5")
    half: dict[str, Any] = {
        "text": (5 * sides[0]).astype(np.float16),
        "video": sides[1][ORDER].astype(np.float16),
    }
    np.savez(tmp_path / "d.npz", **half)
    rounded = import_arrays(tmp_path / "d.npz", tmp_path / "i.h5")
    for bank, seen in ((again, True), (rounded, True), (other, False)):
        (result,) = vrbench.evaluate(test, "global", "ncl", bank=bank)
        assert result["bank"]["kind"] == "file"
        assert result["transductive"] is seen
        done = run("eval", test, "--norm", "ncl", "--bank", bank, "--out", tmp_path / "r")
        assert ("(transductive)" in done.out) is seen


def similarity_file(path: Path, sides: tuple[Array, Array], **more: Any) -> Path:
    np.savez(path, t2v=sides[0] @ sides[1].T, text_ids=IDS, video_ids=IDS, **more)
    return path


def test_a_bank_in_a_similarity_file_that_is_the_test_set(
    tmp_path: Path, sides: tuple[Array, Array]
) -> None:
    text, video = sides
    turned = {"bank_t2v": (text @ video.T)[ORDER], "bank_v2t": (text @ video.T)[:, ORDER]}
    path = similarity_file(tmp_path / "s.npz", sides, **turned)
    ways = ("eval", "--from-sim", path, "--norm", "ncl", "--out", tmp_path / "r")
    refused(*ways, says="its test set: 12 of 12 texts and 12 of 12 videos")
    assert "transductive" in run(*ways, "--bank", "test").out
    single = {key: value.astype(np.float32) for key, value in turned.items()}
    refused(
        *ways[:2], similarity_file(tmp_path / "t.npz", sides, **single), *ways[3:], says="12 of"
    )
    apart = {"bank_t2v": others(1) @ video.T, "bank_v2t": text @ others(2).T}
    path = similarity_file(tmp_path / "u.npz", sides, **apart)
    assert run(*ways[:2], path, *ways[3:]).code == 0
    named = {"bank_text_ids": IDS, "bank_video_ids": [f"train {i}" for i in range(N)]}
    path = similarity_file(tmp_path / "v.npz", sides, **apart, **named)
    refused(*ways[:2], path, *ways[3:], says="its test set: 12 of 12 texts and 0 of 12 videos")


def test_the_gallery_of_another_files_bank_is_joined_by_name(
    tmp_path: Path, sides: tuple[Array, Array]
) -> None:
    text, video = sides
    bank: dict[str, Any] = {"bank_t2v": others(1, 30) @ video.T, "bank_v2t": text @ others(2, 30).T}
    path = similarity_file(tmp_path / "s.npz", sides)
    whole = similarity_file(tmp_path / "b.npz", sides, **bank)
    np.savez(
        tmp_path / "turned.npz",
        t2v=np.eye(N + 1),
        text_ids=[*IDS[ORDER], "more"],
        video_ids=[*IDS[ORDER], "more"],
        bank_t2v=np.c_[bank["bank_t2v"][:, ORDER], np.zeros(30)],
        bank_v2t=np.r_[bank["bank_v2t"][ORDER], np.ones((1, 30))],
    )
    found = {}
    for other in (whole, tmp_path / "turned.npz"):
        done = run(
            *("eval", "--from-sim", path, "--norm", "ncl", "--bank", other, "--json"),
            *("--out", tmp_path / "r", "--save-sim", tmp_path / "out.npz"),
        )
        assert done.code == 0, done.err
        with np.load(tmp_path / "out.npz") as file:
            found[other] = file["t2v"], file["v2t"]
    for one, two in zip(*found.values(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12)
    short = {
        key: value[..., : N - 1] if key == "bank_t2v" else value for key, value in bank.items()
    }
    np.savez(tmp_path / "short.npz", t2v=np.eye(N)[:, : N - 1], **short, text_ids=IDS,
             video_ids=IDS[: N - 1], text_video=np.arange(N) % (N - 1))  # fmt: skip
    ways = ("eval", "--from-sim", path, "--norm", "ncl", "--bank", tmp_path / "short.npz")
    refused(*ways, "--out", tmp_path / "r", says=f"against 1 of 12 videos.*'{IDS[-1]}'")


def test_what_shows_and_plots_refuses_it_or_says_so(
    tmp_path: Path, sides: tuple[Array, Array]
) -> None:
    path = stored_bank(tmp_path, sides)
    query = ("text 3", "--features", path, "--norm", "ncl")
    pictures = ("plot", "recalls", path, "--norm", "ncl", "--out", tmp_path / "p")
    for ways in (("show", *query, "--method", "global"), (*pictures, "--method", "global")):
        refused(*ways, says="bank of f.h5 is its test set: 12 of 12 texts and 12 of 12 videos")
    shown = run("show", *query, "--method", "global", "--bank", path)
    assert "bank file (transductive)" in " ".join(shown.out.split())
