"""What ``hf`` refuses, in one sentence each; code in a folder is not run, nothing is fetched."""

import json
import pickle
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers")
pytest.importorskip("PIL")

import tiny_hf
import tiny_tokenizers
import torch

from vrbench.encoders.hf import Hf
from vrbench.encoders.hf.loading import offline
from vrbench.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_hf.save("clip", tmp_path / "model")


def edited(path: Path, **values: Any) -> None:
    found = json.loads(path.read_text())
    path.write_text(json.dumps({**found, **values}))


def refused(folder: Path, *said: str) -> None:
    with pytest.raises(InputError) as caught:
        Hf().load(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) <= 600
    for words in said:
        assert words in message


def test_no_folder(folder: Path) -> None:
    with pytest.raises(InputError, match="needs --weights: a folder"):
        Hf().load(None)
    refused(folder / "model.safetensors", "is a file", "nothing is downloaded")
    refused(Path("openai/clip-vit-base-patch32"), "does not exist", "nothing is downloaded")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("config.json", "holds no config.json"),
        ("tokenizer.json", "holds no tokenizer"),
        ("preprocessor_config.json", "holds no preprocessor_config.json"),
        ("model.safetensors", "must hold one file of weights"),
    ],
)
def test_a_file_is_missing(folder: Path, file: str, said: str) -> None:
    (folder / file).unlink()
    refused(folder, said)


@pytest.mark.parametrize(
    "file", ["config.json", "tokenizer.json", "preprocessor_config.json", "tokenizer_config.json"]
)
@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1, "a": 2}'])
def test_a_file_is_damaged(folder: Path, file: str, text: str) -> None:
    (folder / file).write_text(text)
    refused(folder, file if text != "[1]" or file != "tokenizer.json" else "tokenizer")


def test_a_model_without_two_towers(tmp_path: Path) -> None:
    transformers = tiny_tokenizers.transformers
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    bert = transformers.BertModel(transformers.BertConfig(**sizes, vocab_size=64))
    folder = tiny_hf.save("clip", tmp_path / "bert")
    (folder / "model.safetensors").unlink()
    bert.save_pretrained(folder)
    refused(folder, "BertModel is no two-tower model")


def test_code_in_the_folder_is_not_run(folder: Path, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    (folder / "own.py").write_text(f"open({str(touched)!r}, 'w')\nclass Own: pass\n")
    own = dict.fromkeys(("AutoConfig", "AutoModel", "AutoTokenizer"), "own.Own")
    edited(folder / "config.json", model_type="own_clip", auto_map=own)
    refused(folder, "'own_clip'", "code in a model's folder is not run")
    # of a kind that transformers knows, its own classes are taken
    edited(folder / "config.json", model_type="clip", auto_map=own, attn_implementation="a/b")
    edited(folder / "preprocessor_config.json", auto_map={"AutoImageProcessor": "own.Own"})
    edited(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["own.Own", None]})
    assert Hf().load(folder).attrs["model"] == "CLIPModel"
    assert not touched.exists()


class _Harm:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def test_a_pickle_is_not_run(folder: Path, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    (folder / "model.safetensors").unlink()
    torch.save({"logit_scale": _Harm(touched)}, folder / "pytorch_model.bin")
    refused(folder, "pytorch_model.bin", "cannot be read as weights")
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(_Harm(touched)))
    refused(folder, "pytorch_model.bin", "cannot be read as weights")
    assert not touched.exists()


def test_nothing_is_fetched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    edited(folder / "config.json", _name_or_path="openai/clip-vit-base-patch32")
    edited(folder / "tokenizer_config.json", name_or_path="openai/clip-vit-base-patch32")
    assert Hf().load(folder).attrs["model"] == "CLIPModel"


def test_offline_while_a_folder_is_read_and_as_before_afterwards() -> None:
    import huggingface_hub

    before = huggingface_hub.is_offline_mode()
    with offline():
        assert huggingface_hub.is_offline_mode()
    assert huggingface_hub.is_offline_mode() == before


def test_settings_that_need_more_than_the_folder(folder: Path) -> None:
    edited(folder / "tokenizer_config.json", vocab_file="../other/vocab.txt")
    refused(folder, "'vocab_file'", "outside of its folder")
    edited(folder / "tokenizer_config.json", vocab_file=None, tokenizer_class="own.Own")
    refused(folder, "own.Own", "code in a model's folder is not run")
    (folder / "adapter_config.json").write_text("{}")
    refused(folder, "holds an adapter")


def test_quantized_weights(folder: Path) -> None:
    edited(folder / "config.json", quantization_config={"quant_method": "bitsandbytes"})
    refused(folder, "'quantization_config'")


def test_weights_of_another_model(folder: Path, tmp_path: Path) -> None:
    weights = tiny_hf.save("siglip", tmp_path / "other") / "model.safetensors"
    (folder / "model.safetensors").write_bytes(weights.read_bytes())
    refused(folder, "model.safetensors", "give the weights that belong to it")


def test_a_weight_is_missing_or_has_another_shape(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    short = {name: value for name, value in state.items() if name != "logit_scale"}
    save_file({**short, "extra.weight": torch.ones(3)}, folder / "model.safetensors")
    refused(folder, "lacks 'logit_scale'")
    save_file({**state, "text_projection.weight": torch.ones(24, 31)}, folder / "model.safetensors")
    refused(folder, "has in another shape 'text_projection.weight'")
    save_file({**state, "extra.weight": torch.ones(3)}, folder / "model.safetensors")
    (note,) = Hf().load(folder).notes
    assert "1 entries" in note
    assert "extra.weight" in note


@pytest.mark.parametrize(
    "sizes",
    [
        {"vocab_size": 10**8},
        {"vocab_size": 10**15},
        {"num_hidden_layers": 10**6},
        {"max_position_embeddings": 2 * 10**8},
        {"hidden_size": -4},
        {"hidden_size": "wide"},
    ],
)
def test_sizes_that_no_file_bears_out(folder: Path, sizes: dict[str, Any]) -> None:
    config = json.loads((folder / "config.json").read_text())
    edited(folder / "config.json", text_config={**config["text_config"], **sizes})
    refused(folder, str(folder))


def test_preprocessing_that_cannot_be_used(folder: Path) -> None:
    settings = folder / "preprocessor_config.json"
    edited(settings, crop_size={"height": 10**6, "width": 10**6})
    refused(folder, "height = 1000000", "1 to 4,096 pixels")
    edited(settings, crop_size={"height": 32, "width": 32}, image_processor_type="os.system")
    refused(folder, "'os.system'")
    edited(settings, image_processor_type="NoSuchImageProcessor")
    refused(folder, "'NoSuchImageProcessor'")
    edited(settings, image_processor_type="CLIPImageProcessor", size={"shortest_edge": 48},
           crop_size={"height": 48, "width": 48})  # fmt: skip
    refused(folder, str(folder), "cannot be run")


def test_a_tokenizer_of_another_model(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    transformers = tiny_tokenizers.transformers
    vocabulary = {**tiny_tokenizers.VOCABULARY, "far": 64}
    made = tiny_tokenizers.tokenizers.Tokenizer(
        tiny_tokenizers.tokenizers.models.WordLevel(vocabulary, "<unk>")
    )
    transformers.PreTrainedTokenizerFast(tokenizer_object=made).save_pretrained(folder)
    refused(folder, "has the id 64", f"knows only {config['text_config']['vocab_size']}")


def test_parameters_that_do_not_suit(folder: Path) -> None:
    with pytest.raises(InputError, match="takes no instruction"):
        Hf(instruction="find it").load(folder)
    with pytest.raises(InputError, match="pooling=unnormed is for language models"):
        Hf(pooling="unnormed").load(folder)
