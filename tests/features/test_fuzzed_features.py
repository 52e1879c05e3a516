"""What fuzzing found in feature files, tokenizers, configs and videos."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest
from small_features import tokens_of, write_features
from tiny_onnx import write_models

from vrbench.encoders.clip.config import config_of
from vrbench.encoders.clip.pixels import read_pixels
from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.features.inspect import inspect_file
from vrbench.features.writer import FeatureWriter
from vrbench.video import timeline


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("missing", '{"video": "many"}'),
        ("missing", '{"video": 1, "video": 0}'),
        ("missing", '{"video": -1}'),
        ("missing", '{"video": true}'),
        ("missing", "[" * 5000),
        ("missing", 7),
        ("notes", "[1]"),
        ("notes", "{}"),
        ("notes", np.array([1.0, 2.0])),
    ],
)
def test_attributes_that_hold_other_json(name: str, value: Any, tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5", dim=4)
    with h5py.File(path, "r+") as file:
        file.attrs[name] = value
    for read in (open_features, inspect_file):
        with pytest.raises(InputError, match=f"{name}"):
            read(path)


def test_strings_are_not_appended_to_numbers(tmp_path: Path) -> None:
    """As two shards may ask for whose labels are names in one and numbers in the other."""
    with FeatureWriter(tmp_path / "f.h5", {}, "float32") as writer:
        for number, labels in enumerate((np.array([1]), np.array(["cat"]))):
            items = tokens_of([np.ones((1, 4))], f"v{number}-", video=[0])
            items.item_columns["label"] = labels  # type: ignore[index]
            if number:
                with pytest.raises(InputError, match=r"now there are label \(strings\)"):
                    writer.append("video", items)
            else:
                writer.append("video", items)


def test_an_attribute_complete_that_is_a_list(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.h5", dim=4)
    with h5py.File(path, "r+") as file:
        attrs = {k: v for k, v in file.attrs.items() if k not in ("format", "version", "dtype")}
        file.attrs["complete"] = np.array([True, False])
    with pytest.raises(InputError, match=r"complete = \[True, False\], expected true or false"):
        FeatureWriter(path, attrs, "float32")


def test_a_tokenizer_that_panics_at_work(tmp_path: Path) -> None:
    """Its template names a token that is not among the special ones."""
    from vrbench.encoders.onnx.words import TextModel

    write_models(tmp_path)
    path = tmp_path / "tokenizer.json"
    value = json.loads(path.read_text())
    del value["post_processor"]["special_tokens"]["[CLS]"]
    path.write_text(json.dumps(value))
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        TextModel(tmp_path / "text.onnx", "last_hidden_state", path, 16, "cpu")(["a cat"])


@pytest.mark.parametrize("file", ["preprocessor_config.json", "open_clip_config.json"])
@pytest.mark.parametrize("value", [["a", 1, 1], [[1], [1], [1]], 3, "abc", [10**400] * 3, [1, 2]])
def test_means_that_are_no_numbers(file: str, value: Any, tmp_path: Path) -> None:
    said = {"preprocess_cfg": {"mean": value}} if "open" in file else {"image_mean": value}
    (tmp_path / file).write_text(json.dumps(said))
    with pytest.raises(InputError, match="expected three numbers each"):
        read_pixels(tmp_path, 32, "transformers")


def test_a_preprocessing_that_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text('{"preprocess_cfg": [1]}')
    with pytest.raises(InputError, match="expected an object"):
        read_pixels(tmp_path, 32, "transformers")


@pytest.mark.parametrize("towers", [[1], {"text_cfg": 3, "vision_cfg": {}}, {"vision_cfg": {}}])
def test_an_open_clip_config_of_other_things(towers: Any, tmp_path: Path) -> None:
    from tiny_clip import tiny_clip

    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": towers}))
    with pytest.raises(InputError, match="is no config of open_clip"):
        config_of(tiny_clip().state_dict(), tmp_path)


@pytest.mark.parametrize("raised", [TypeError("x"), AttributeError("x"), ValueError("x")])
def test_whatever_a_container_makes_av_raise(
    raised: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def demux() -> Iterator[Any]:
        raise raised
        yield

    container = SimpleNamespace(demux=demux, format=SimpleNamespace(name="x"))
    opened(monkeypatch, container, Fraction(1, 25))
    with pytest.raises(InputError, match=r"video 'a', is damaged \(x\): fetch it again"):
        timeline.read_timeline(Path("a.mp4"), "a")


@pytest.mark.parametrize("tick", [None, Fraction(0), Fraction(-1, 25)])
def test_a_stream_that_does_not_say_its_ticks(tick: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    container = SimpleNamespace(demux=list, format=SimpleNamespace(name="x"))
    opened(monkeypatch, container, tick)
    with pytest.raises(InputError, match="does not say how long a tick"):
        timeline.read_timeline(Path("a.mp4"), "a")


def opened(monkeypatch: pytest.MonkeyPatch, container: Any, tick: Any) -> None:
    @contextmanager
    def stream(*_: object) -> Iterator[tuple[Any, Any]]:
        yield container, SimpleNamespace(time_base=tick, index=0, average_rate=None)

    monkeypatch.setattr(timeline, "video_stream", stream)
    pytest.importorskip("av")
    assert "av" in sys.modules


def test_a_tensor_that_stands_twice(tmp_path: Path) -> None:
    from vrbench.encoders.checkpoint import read_tensors

    one = '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    head = f"{{{one},{one.replace('[1]', '[2]').replace('[0,4]', '[0,8]')}}}".encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(head).to_bytes(8, "little") + head + bytes(8))
    with pytest.raises(InputError, match="has the key 'a' twice"):
        read_tensors(path)


def test_a_vocabulary_with_a_word_twice(tmp_path: Path) -> None:
    from vrbench.encoders.clip.words import read_words
    from vrbench.encoders.session import read_tokenizer

    write_models(tmp_path)
    path = tmp_path / "tokenizer.json"
    path.write_text(re.sub(r'("vocab":\s*\{)', r'\1"a": 9,', path.read_text()))
    for read in (read_words, lambda _: read_tokenizer(path, 16)):
        with pytest.raises(InputError, match="has the key 'a' twice"):
            read(tmp_path)


def test_a_vocabulary_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    from vrbench.encoders.clip import words as clip_words

    path = tmp_path / clip_words.BPE[0]
    with gzip.open(path, "wb", 1) as stream:
        for _ in range(clip_words.MOST_BPE // 1_000_000 + 1):
            stream.write(bytes(1_000_000))
    with pytest.raises(InputError, match="more than 16,777,216 bytes"):
        clip_words.read_words(tmp_path)
