import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from vrbench import metrics
from vrbench.datasets.captions import Caption
from vrbench.encoders import Encoded, LoadedEncoder
from vrbench.encoders.toy import Toy
from vrbench.errors import InputError
from vrbench.features import Features, Tokens
from vrbench.features.tokens import offsets_of
from vrbench.heads import parse_head
from vrbench.heads.base import Start, sizes
from vrbench.heads.cca import Moments, canonical
from vrbench.heads.maps import MappedEncoder, Maps
from vrbench.heads.projection import Affine, Projection
from vrbench.heads.train import Grid, train

Array = NDArray[np.float64]
QUICK = Grid(reg=(0.01, 0.1), width=(4, 6), power=(0.0, 1.0), folds=3)


def pairs(n: int = 80, seed: int = 0) -> tuple[Array, Array, NDArray[np.int64]]:
    """Videos (n, 7), texts (m, 5) that share four latent numbers, and each text's video."""
    loadings = np.random.default_rng(99)
    to_video, to_text = (loadings.standard_normal((4, d)) for d in (7, 5))
    rng = np.random.default_rng(seed)
    latent = rng.standard_normal((n, 4))
    owner = np.sort(np.concatenate([np.arange(n), rng.integers(0, n, 2 * n)]))
    video = latent @ to_video + 0.1 * rng.standard_normal((n, 7)) + 3
    text = (latent @ to_text)[owner] - 2
    return video, text + 0.1 * rng.standard_normal(text.shape), owner


def features(seed: int = 0, **attrs: Any) -> Features:
    """Items of 1 to 4 tokens whose means are those of ``pairs``; the last video has no text."""
    rng = np.random.default_rng(seed)
    video, text, owner = pairs(seed=seed)
    keep = owner < len(video) - 1
    sides = []
    for name, means in (("video", video), ("text", text[keep])):
        lengths = rng.integers(1, 5, len(means))
        noise = [rng.standard_normal((n, means.shape[1])) for n in lengths]
        tokens = [m + x - x.mean(axis=0) for m, x in zip(means, noise, strict=True)]
        ids = np.array([f"{name}{i}" for i in range(len(means))])
        columns = {"video": owner[keep]} if name == "text" else {}
        rows = np.concatenate(tokens)
        sides.append(Tokens(ids, rows, offsets_of(lengths), item_columns=columns, name=name))
    known = {"encoder": "toy", "weights": "{}", **attrs}
    return Features(path=Path("f.h5"), attrs=known, video=sides[0], text=sides[1])


def test_moments_are_those_of_the_explicit_pairs_and_add_up() -> None:
    video, text, owner = pairs()
    whole = Moments.of(video, text, owner)
    x = video[owner]
    expected = (len(text), x.sum(0), text.sum(0), x.T @ x, x.T @ text, text.T @ text)
    for value, known in zip(vars(whole).values(), expected, strict=True):
        np.testing.assert_allclose(value, known, rtol=1e-12)
    half = owner < 40
    parts = Moments.of(video[:40], text[half], owner[half])
    parts += Moments.of(video[40:], text[~half], owner[~half] - 40)
    for value, known in zip(vars(parts).values(), vars(whole).values(), strict=True):
        np.testing.assert_allclose(value, known, rtol=1e-12)


@pytest.mark.parametrize("reg", [1e-6, 0.3, 2.0])
def test_directions_solve_the_generalized_eigenproblem(reg: float) -> None:
    video, text, owner = pairs()
    found = canonical(Moments.of(video, text, owner), reg)
    x, y = ((s - s.mean(0)) / s.std(0) for s in (video[owner], text))
    cxx = x.T @ x / len(x) + reg * np.eye(7)
    cyy = y.T @ y / len(y) + reg * np.eye(5)
    cxy = x.T @ y / len(x)
    # Cxx^-1 Cxy Cyy^-1 Cyx a = strength^2 a, slowly and for one side at a time
    squares = np.linalg.eigvals(np.linalg.solve(cxx, cxy) @ np.linalg.solve(cyy, cxy.T))
    strength = np.sqrt(np.sort(squares.real)[::-1][:5].clip(0))
    np.testing.assert_allclose(found.strength, strength, atol=1e-7)
    a, b = found.x(video[owner]), found.y(text)
    np.testing.assert_allclose(a.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(a.T @ b / len(a), np.diag(strength), atol=1e-7)
    wx = found.x.matrix * video[owner].std(0)[:, None]
    wy = found.y.matrix * text.std(0)[:, None]
    np.testing.assert_allclose(wx.T @ cxx @ wx, np.eye(5), atol=1e-7)
    np.testing.assert_allclose(wy.T @ cyy @ wy, np.eye(5), atol=1e-7)


def test_width_and_power() -> None:
    found = canonical(Moments.of(*pairs()), 0.1)
    x, y = found.maps(3, 0.5)
    weight = found.strength[:3] ** 0.5
    for side, whole in ((x, found.x), (y, found.y)):
        np.testing.assert_allclose(side.matrix, whole.matrix[:, :3] * weight)
        np.testing.assert_allclose(side.offset, whole.offset[:3] * weight)


def test_a_coordinate_that_never_varies_is_ignored() -> None:
    video, text, owner = pairs()
    known = canonical(Moments.of(video, text, owner), 0.1)
    wide = np.insert(video, 2, 5.0, axis=1)
    found = canonical(Moments.of(wide, text, owner), 0.1)
    np.testing.assert_allclose(found.strength, known.strength, atol=1e-9)
    np.testing.assert_allclose(found.x(wide), known.x(video), atol=1e-7)


def test_a_planted_relation_is_found_on_videos_never_seen() -> None:
    fitted = train(features(), QUICK)
    video, text, owner = pairs(n=200, seed=1)
    a, b = fitted.text(text), fitted.video(video)
    sim = (a / np.linalg.norm(a, axis=1)[:, None]) @ (b / np.linalg.norm(b, axis=1)[:, None]).T
    assert metrics.summary(metrics.ranks(sim, owner))["R@1"] > 80


def test_what_was_chosen_is_the_best_on_held_out_videos_and_recorded() -> None:
    fitted = train(features(), QUICK)
    rows = fitted.about["held_out"]
    tried = {(row["reg"], row["width"], row["power"]) for row in rows}
    # six directions were asked for, but texts are five wide
    assert tried == set(itertools.product((0.01, 0.1), (4, 5), (0.0, 1.0)))
    best = max(rows, key=lambda row: row["R@1"] + row["R@5"] + row["R@10"])
    assert fitted.about["choice"].items() <= best.items()
    assert len(fitted.video.offset) == best["width"]
    assert fitted.about["n_video"] == 79
    assert "video79" not in fitted.video_ids
    assert len(fitted.video_ids) == 79


def test_the_mean_of_mapped_tokens_is_the_mapped_mean() -> None:
    fitted = train(features(), QUICK)
    tokens = np.random.default_rng(0).standard_normal((6, 7))
    np.testing.assert_allclose(fitted.video(tokens).mean(0), fitted.video(tokens.mean(0)))


@pytest.mark.parametrize(("spec", "grid"), [("", Grid()), (":width=2", Grid(width=(2,)))])
def test_the_head_is_what_is_fitted(spec: str, grid: Grid) -> None:
    start = Start(5, 7, 4, 4, torch.Generator(), features())
    part = parse_head(f"projection{spec}").parts["projection"]
    known, found = train(features(), grid), part.init(start)
    for side, by in (("text", known.text), ("video", known.video)):
        for name, value in (("weight", by.matrix.T), ("bias", by.offset)):
            np.testing.assert_array_equal(found[f"{side}.{name}"], value.astype(np.float32))
    sizes("projection", part.shapes(), {name: tuple(w.shape) for name, w in found.items()})
    wide = parse_head("projection:width=6").parts["projection"]
    with pytest.raises(InputError, match="projection:width=6 is wider than tokens of width 5"):
        wide.init(start)


def test_fitting_twice_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        train(features(), QUICK).save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    read, made = Projection.read(tmp_path / "a.npz"), train(features(), QUICK)
    assert read.about == made.about
    assert read.video_ids == made.video_ids
    for side in ("video", "text"):
        for name in ("matrix", "offset"):
            a, b = (getattr(getattr(p, side), name) for p in (read, made))
            np.testing.assert_array_equal(a, b)


def test_features_that_cannot_be_fitted_are_named() -> None:
    with pytest.raises(InputError, match="projected already"):
        train(features(projection='{"p.npz": "0"}'), QUICK)
    with pytest.raises(InputError, match="79 videos with a text, expected at least 100"):
        train(features(), Grid(folds=50))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"reg": [0.0]}, {"width": [0]}, {"power": [-1.0]}, {"width": []}, {"folds": 1}),
        *({"seed": -1}, {"reg": [0.1, np.nan]}, {"power": [np.inf]}),
    ],
)
def test_a_grid_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Grid(**wrong)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 torn", b"\x93NUMPY"])
def test_what_is_no_projection_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "p.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"p\.npz"):
        Projection.read(path)


def test_another_npz_is_no_projection(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", video_matrix=np.eye(2))
    np.save(tmp_path / "p.npy", np.eye(2))
    for name in ("p.npz", "p.npy"):
        with pytest.raises(InputError, match="is not a projection"):
            Projection.read(tmp_path / name)


def test_tokens_and_globals_of_both_sides_are_projected() -> None:
    rng = np.random.default_rng(0)
    video, text = (Affine(rng.standard_normal((8, 3)), rng.standard_normal(3)) for _ in range(2))
    made = {"encoder": "toy:dim=8", "weights": {}}
    inner = Toy(dim=8).load(None)
    inner.text_batch = 5
    encoder = MappedEncoder(inner, "toy:dim=8", Maps(video, text, frozenset(), made))
    caption = Caption("v#0", "v", "two words")
    encoded: Encoded = encoder.text(caption)
    raw = inner.text(caption)
    np.testing.assert_allclose(encoded.tokens, raw.tokens @ text.matrix + text.offset)
    np.testing.assert_allclose(encoded.global_vector, text(raw.global_vector))
    assert encoded.words == ("two", "words")
    assert encoder.video_dim == encoder.text_dim == 3
    assert encoder.text_batch == 5
    (again,) = encoder.texts([caption])
    np.testing.assert_array_equal(again.tokens, encoded.tokens)


@pytest.mark.parametrize("made", [{}, {"encoder": "toy", "weights": {"a": "0"}}])
def test_a_projection_of_another_encoder_is_refused(made: dict[str, Any]) -> None:
    side = Affine(np.zeros((16, 3)), np.zeros(3))
    loaded: LoadedEncoder = Toy().load(None)
    with pytest.raises(InputError, match="train one for this encoder"):
        MappedEncoder(loaded, "toy", Maps(side, side, frozenset(), made))
