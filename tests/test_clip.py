import html
import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("transformers")
pytest.importorskip("PIL")

import tiny_clip
import torch
from PIL import Image
from toy_videos import write_captions, write_videos

from vrbench.captions import Caption
from vrbench.encoders import encoders
from vrbench.encoders.clip import ClipEncoder
from vrbench.encoders.clip_pixels import ClipPixels
from vrbench.encoders.clip_towers import LoadedClip
from vrbench.encoders.clip_words import read_words
from vrbench.errors import InputError
from vrbench.extraction.extract import Source, extract
from vrbench.features import open_features
from vrbench.video import Clip, open_videos, parse_sampling

CAPTION = Caption("v#0", "v", "A cat sits &amp; the DOG's   café!")
ALL_WORDS = ClipEncoder(tokens="patches", sot=True)


@pytest.fixture(scope="module")
def model() -> Any:
    return tiny_clip.tiny_clip()


@pytest.fixture(scope="module")
def folder(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip.save_transformers(model, tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def clip() -> Clip:
    random = np.random.default_rng(0)
    images = [
        Image.fromarray(random.integers(0, 256, (40, 50, 3)).astype(np.uint8)) for _ in range(3)
    ]
    return Clip("v", images, [2, 5, 8])


def load(folder: Path, spec: ClipEncoder | None = None) -> LoadedClip:
    loaded = (spec or ClipEncoder()).load(folder)
    assert isinstance(loaded, LoadedClip)
    return loaded


def pixels(clip: Clip) -> torch.Tensor:
    return torch.from_numpy(np.stack([ClipPixels(tiny_clip.SIZE)(image) for image in clip.images]))


def ids(caption: Caption) -> torch.Tensor:
    found = tiny_clip.tokenizer()(html.unescape(caption.text), return_tensors="pt")
    assert isinstance(found["input_ids"], torch.Tensor)
    return found["input_ids"]


def test_every_format_gives_the_same_tokens(
    model: Any, folder: Path, clip: Clip, tmp_path: Path
) -> None:
    expected = load(folder, ALL_WORDS)
    video, text = expected.video(clip), expected.text(CAPTION)
    assert set(expected.weights) == {"config.json", "model.safetensors", "tokenizer.json"}
    for name, save in tiny_clip.FORMATS.items():
        (tmp_path / name).mkdir()
        encoder = load(save(model, tmp_path / name), ALL_WORDS)
        np.testing.assert_array_equal(encoder.video(clip).tokens, video.tokens, name)
        np.testing.assert_array_equal(encoder.text(CAPTION).tokens, text.tokens, name)
        assert encoder.text(CAPTION).words == text.words
        assert dict(encoder.attrs) == {"scale": math.exp(4.5), "activation": "quick_gelu"}
        assert bool(encoder.notes) == (name == "clip4clip")
    assert video.tokens.shape == (3 * (1 + tiny_clip.PATCHES), tiny_clip.DIM)
    assert (expected.video_dim, expected.text_dim) == (tiny_clip.DIM, tiny_clip.DIM)


def test_what_is_not_clip_is_named(model: Any, tmp_path: Path) -> None:
    (note,) = load(tiny_clip.save_clip4clip(model, tmp_path)).notes
    assert "3 entries" in note
    assert "frame_position_embeddings (1), transformerClip (2)" in note


def test_cls_and_eot_are_the_embeddings_of_the_model(model: Any, folder: Path, clip: Clip) -> None:
    encoder = load(folder, ALL_WORDS)
    with torch.inference_mode():
        image = model.get_image_features(pixel_values=pixels(clip)).pooler_output.numpy()
        text = model.get_text_features(input_ids=ids(CAPTION)).pooler_output.numpy()
    tokens = encoder.video(clip).tokens.reshape(3, -1, tiny_clip.DIM)
    np.testing.assert_allclose(tokens[:, 0], image, rtol=1e-5, atol=1e-6)
    encoded = encoder.text(CAPTION)
    np.testing.assert_allclose(encoded.tokens[-1], text[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(encoded.global_vector, encoded.tokens[-1])


def test_padding_changes_no_word(model: Any, folder: Path) -> None:
    encoded = load(folder, ALL_WORDS).text(CAPTION)
    whole = torch.full((1, tiny_clip.PLACES), len(tiny_clip.WORDS) - 1)
    whole[0, : len(encoded.words)] = ids(CAPTION)[0]
    with torch.inference_mode():
        hidden = model.text_model(input_ids=whole).last_hidden_state
        rows = model.text_projection(hidden)[0, : len(encoded.words)].numpy()
    np.testing.assert_allclose(encoded.tokens, rows, rtol=1e-4, atol=1e-6)


def test_patches_are_projected_like_cls(model: Any, folder: Path, clip: Clip) -> None:
    with torch.inference_mode():
        hidden = model.vision_model(pixel_values=pixels(clip)).last_hidden_state
        rows = model.visual_projection(model.vision_model.post_layernorm(hidden)).numpy()
    encoders_of = {t: load(folder, ClipEncoder(tokens=t)) for t in KINDS}
    found = {kind: encoder.video(clip) for kind, encoder in encoders_of.items()}
    np.testing.assert_allclose(found["cls"].tokens, rows[:, 0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        found["patches"].tokens, rows.reshape(-1, tiny_clip.DIM), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        found["frame-patches-mean"].tokens, rows.mean(axis=0), rtol=1e-4, atol=1e-6
    )
    directions = rows[:, 0] / np.linalg.norm(rows[:, 0], axis=1, keepdims=True)
    mean = directions.mean(axis=0)
    for encoded in found.values():
        expected = mean / np.linalg.norm(mean)
        np.testing.assert_allclose(encoded.global_vector, expected, rtol=1e-4, atol=1e-6)


KINDS: tuple[Any, ...] = ("cls", "patches", "frame-patches-mean")


def test_tokens_say_their_frame_and_level(folder: Path, clip: Clip) -> None:
    each = 1 + tiny_clip.PATCHES
    cls, patches, mean = (load(folder, ClipEncoder(tokens=t)).video(clip) for t in KINDS)
    assert [item.level is None for item in (cls, patches, mean)] == [True, False, True]
    np.testing.assert_array_equal(patches.level, ([0] + [1] * (each - 1)) * 3)
    np.testing.assert_array_equal(patches.frame, np.repeat([2, 5, 8], each))
    np.testing.assert_array_equal(cls.frame, [2, 5, 8])
    np.testing.assert_array_equal(mean.frame, [-1] * each)


def test_threads_at_once_give_the_same(folder: Path, clip: Clip) -> None:
    encoder, before = load(folder, ALL_WORDS), torch.get_num_threads()
    expected = encoder.video(clip).tokens
    with ThreadPoolExecutor(4) as pool:
        for encoded in pool.map(encoder.video, [clip] * 12):
            np.testing.assert_array_equal(encoded.tokens, expected)
    assert torch.get_num_threads() == before


def test_a_frame_does_not_depend_on_the_others(folder: Path, clip: Clip) -> None:
    encoder = load(folder)
    many = Clip("v", list(clip.images) * 15, range(45))
    tokens = encoder.video(many).tokens
    np.testing.assert_allclose(tokens[42:], encoder.video(clip).tokens, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("sot", "eot", "part"),
    [(True, True, slice(None)), (False, True, slice(1, None)), (False, False, slice(1, -1))],
)
def test_words_with_and_without_ends(folder: Path, sot: bool, eot: bool, part: slice) -> None:
    whole = load(folder, ALL_WORDS).text(CAPTION)
    encoded = load(folder, ClipEncoder(sot=sot, eot=eot)).text(CAPTION)
    assert tuple(encoded.words) == tuple(whole.words)[part]
    np.testing.assert_array_equal(encoded.tokens, whole.tokens[part])
    np.testing.assert_array_equal(encoded.global_vector, whole.global_vector)


def test_long_captions_are_cut_before_eot(folder: Path) -> None:
    long = Caption("v#0", "v", "cat sits " * 30)
    encoder = load(folder, ClipEncoder(sot=True, max_words=6))
    encoded = encoder.text(long)
    assert encoded.words == ("<|startoftext|>", *["cat", "sits"] * 2, "<|endoftext|>")
    short = encoder.text(Caption("v#1", "v", "cat sits cat sits"))
    np.testing.assert_array_equal(encoded.tokens, short.tokens)
    assert encoder.text(Caption("v#2", "v", " ")).words == ()
    assert encoder.text(Caption("v#2", "v", " ")).tokens.shape == (0, tiny_clip.DIM)


@pytest.mark.parametrize(
    "save", [tiny_clip.save_bpe, tiny_clip.save_vocabulary, tiny_clip.save_tokenizer_json]
)
def test_tokenizers_agree_with_transformers(save: Any, tmp_path: Path) -> None:
    save(tmp_path)
    words = read_words(tmp_path)
    reference = tiny_clip.tokenizer()
    for text in ("a cat sits", "Café  Ünï 中文 12's they've it's!!", "cats\tdo\nnot", "x_y-z 🙂"):
        found, pieces = words(text, 77)
        assert found == reference(text)["input_ids"]
        assert len(pieces) == len(found)
    assert words("a &amp;amp; b", 77) == words("a & b", 77)
    assert words("The cat", 77)[1] == ["<|startoftext|>", "T", "h", "e", "cat", "<|endoftext|>"]


def processor(size: int) -> Any:
    clip = pytest.importorskip("transformers.models.clip.image_processing_pil_clip")
    return clip.CLIPImageProcessorPil(
        size={"shortest_edge": size}, crop_size={"height": size, "width": size}
    )


def processed(image: Any, size: int) -> NDArray[np.float32]:
    return np.asarray(processor(size)(image, return_tensors="np")["pixel_values"][0])


@pytest.mark.parametrize("size", [(50, 40), (40, 51), (33, 33), (32, 90), (299, 224), (20, 21)])
def test_preprocessing_equals_the_processor(size: tuple[int, int]) -> None:
    values = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3))
    image = Image.fromarray(values.astype(np.uint8))
    for side in (32, 224):
        found = ClipPixels(side)(image)
        np.testing.assert_allclose(found, processed(image, side), rtol=0, atol=1e-6)
        assert found.dtype == np.float32
        assert found.shape == (3, side, side)


def test_preprocessing_equals_the_processor_on_real_frames(shared_data: Path) -> None:
    videos = shared_data / "msrvtt_frames" / "test1ka"
    for video in ("video7020", "video7021", "video7025"):
        for image in open_videos(videos, parse_sampling("uniform:2")).read(video).images:
            np.testing.assert_allclose(
                ClipPixels()(image), processed(image, 224), rtol=0, atol=1e-6
            )


def test_openai_rounds_the_crop_by_torchvision() -> None:
    # 75 pixels are spare: transformers begins at 37, torchvision at round(37.5) = 38
    values = np.random.default_rng(2).integers(0, 256, (224, 299, 3)).astype(np.uint8)
    image = Image.fromarray(values)
    moved = ClipPixels(crop="openai")(image)
    np.testing.assert_array_equal(moved[:, :, :-1], ClipPixels()(image)[:, :, 1:])
    unit = values[:, 38:262].transpose(2, 0, 1) / 255
    mean, std = (np.reshape(x, (3, 1, 1)) for x in (ClipPixels().mean, ClipPixels().std))
    np.testing.assert_allclose(moved, (unit - mean) / std, atol=1e-5)


def test_the_folder_says_mean_and_std(model: Any, clip: Clip, tmp_path: Path) -> None:
    tiny_clip.save_transformers(model, tmp_path)
    plain = load(tmp_path).video(clip)
    stats = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(stats))
    encoder = load(tmp_path)
    assert "preprocessor_config.json" in encoder.weights
    assert not np.allclose(encoder.video(clip).tokens, plain.tokens)
    (tmp_path / "preprocessor_config.json").write_text('{"image_std": [0.5, 0.5, 0]}')
    with pytest.raises(InputError, match="expected three numbers"):
        load(tmp_path)


def test_an_open_clip_state_dict_alone_asks_for_the_activation(
    model: Any, clip: Clip, tmp_path: Path
) -> None:
    file = tiny_clip.save_open_clip(model, tmp_path)
    expected = load(file).video(clip).tokens
    (tmp_path / "open_clip_config.json").unlink()
    with pytest.raises(InputError, match=r"clip:activation=gelu .* or clip:activation=quick_gelu"):
        load(file)
    quick, gelu = (load(file, ClipEncoder(activation=a)) for a in ("quick_gelu", "gelu"))
    np.testing.assert_array_equal(quick.video(clip).tokens, expected)
    assert not np.allclose(gelu.video(clip).tokens, expected)
    assert gelu.attrs["activation"] == "gelu"


def test_open_clip_says_heads(model: Any, clip: Clip, tmp_path: Path) -> None:
    file = tiny_clip.save_open_clip(model, tmp_path)
    expected = load(file).video(clip).tokens
    config = json.loads((tmp_path / "open_clip_config.json").read_text())
    config["model_cfg"]["vision_cfg"]["head_width"] = 32
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    assert not np.allclose(load(file).video(clip).tokens, expected)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of one model in a cache of the hub, without a network."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    repo, commit = tmp_path / "models--somebody--tiny-clip", "0" * 40
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text(commit)
    (repo / "snapshots" / commit).mkdir(parents=True)
    return repo / "snapshots" / commit


def test_a_hub_name_is_read_from_the_cache(model: Any, hub: Path, clip: Clip) -> None:
    with pytest.raises(InputError, match=r"tiny-clip .*the cache has no config\.json .* folder"):
        load(Path("somebody/tiny-clip"))
    tiny_clip.save_transformers(model, hub)
    named, local = (load(path) for path in (Path("somebody/tiny-clip"), hub))
    np.testing.assert_array_equal(named.video(clip).tokens, local.video(clip).tokens)
    assert named.weights == local.weights


def without(*names: str) -> Any:
    def damage(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return damage


def replaced(name: str, data: bytes) -> Any:
    return lambda folder: (folder / name).write_bytes(data)


def more(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "a.safetensors")
    (folder / "b.pt").touch()


def edited(change: Any) -> Any:
    def damage(folder: Path) -> None:
        safetensors = pytest.importorskip("safetensors.torch")
        state = safetensors.load_file(folder / "model.safetensors")
        change(state)
        safetensors.save_file(state, folder / "model.safetensors")

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("tokenizer.json"), "holds no tokenizer: put tokenizer.json, vocab.json and"),
        (without("model.safetensors"), "must hold one file .* it has none"),
        (more, r"it has a\.safetensors, b\.pt: name the file"),
        (without("config.json"), "Nothing says which activation"),
        (replaced("config.json", b"{"), "cannot be read as JSON"),
        (replaced("model.safetensors", b"no"), "cannot be read as weights"),
        (replaced("tokenizer.json", b"{}"), "tokenizer files in .* cannot be read"),
        (
            edited(lambda s: s.pop("text_projection.weight")),
            "text_projection.weight.*no such entry",
        ),
        (edited(lambda s: s.pop("vision_model.embeddings.class_embedding")), "holds no CLIP"),
        (edited(lambda s: s.update({"vision_model.x": torch.ones(2)})), "in 1 of .*vision_model.x"),
        (edited(lambda s: s.update(logit_scale=torch.ones(2))), r"shape is \(2,\), expected \(\)"),
    ],
)
def test_bad_folders_are_named(model: Any, tmp_path: Path, damage: Any, message: str) -> None:
    tiny_clip.save_transformers(model, tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path)
    assert str(caught.value).endswith(".")


def test_bad_checkpoints_are_named(model: Any, tmp_path: Path) -> None:
    state = tiny_clip.openai_state(model)
    tiny_clip.save_bpe(tmp_path)
    file = tmp_path / "w.pt"
    cases: list[tuple[Any, str]] = [
        (state | {"visual.conv2.weight": torch.ones(1)}, "'visual.conv2.weight', which the towers"),
        ({"a": 1}, "holds no tensor"),
        ({"state_dict": {"layer1.weight": torch.ones(1)}}, "holds no CLIP"),
        (
            {f"{p}.{k}": v for p in "ab" for k, v in state.items()},
            r"several CLIPs \('a\.', 'b\.'\)",
        ),
        ({"args": Path("x"), "state_dict": state}, "without other Python objects"),
        ({k: v for k, v in state.items() if "token_emb" not in k}, "lack an entry of CLIP"),
    ]
    for content, message in cases:
        torch.save(content, file)
        with pytest.raises(InputError, match=message):
            load(file)


def test_weights_must_be_given_and_exist(tmp_path: Path) -> None:
    missing = (tmp_path / "x", Path("here") / "tiny.pt", Path("tiny"))
    for weights in (None, *missing):
        message = "does not exist" if weights else "needs --weights"
        with pytest.raises(InputError, match=message):
            ClipEncoder().load(weights)


def test_text_towers_have_so_many_places_and_words(
    model: Any, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="has only 40 places"):
        load(folder, replace(ALL_WORDS, max_words=41))
    tiny_clip.save_transformers(model, tmp_path)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["more"] = len(tiny_clip.WORDS)
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(InputError, match=r"has the id 520, but this CLIP knows only 520 words"):
        load(tmp_path)


def test_specs() -> None:
    for spec in ("clip", "clip:tokens=frame-patches-mean,sot=true,eot=false,max_words=64"):
        assert encoders.spec(encoders.parse(spec)) == spec
    for spec in ("clip:max_words=2", "clip:tokens=all", "clip:crop=centre"):
        with pytest.raises(InputError):
            encoders.parse(spec)


def test_extraction_keeps_levels_frames_and_scale(model: Any, tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "videos", ["a", "b"], frames=2)
    captions = write_captions(tmp_path / "c.csv", [("a", "a cat"), ("b", "it sits"), ("b", "!")])
    (tmp_path / "weights").mkdir()
    done = extract(
        Source(videos, captions),
        tmp_path / "f.h5",
        encoder="clip:tokens=patches",
        weights=tiny_clip.save_clip4clip(model, tmp_path / "weights"),
    )
    assert len(done.notes) == 1
    each = 1 + tiny_clip.PATCHES
    with open_features(done.path) as features:
        assert features.attrs["scale"] == math.exp(4.5)
        assert features.attrs["activation"] == "quick_gelu"
        video = features.video
        assert video is not None
        assert video.lengths.tolist() == [2 * each] * 2
        assert video.token_columns["frame"][: 2 * each].tolist() == [0] * each + [1] * each
        assert video.at_level(0).lengths.tolist() == [2, 2]
        assert video.at_level(1).lengths.tolist() == [2 * tiny_clip.PATCHES] * 2
