"""`vrbench extract` against the bare encoder on the same frames in memory.

A CLIP ViT-B/32 with random weights, 8 videos of 12 frames of 320 x 240 and a caption each; the bare
encoder is the same object, its model and preprocessing, called frame after frame on pictures that
are decoded already. Loading the weights is left out on both sides.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.base import Claim, compare
from vrbench.datasets.captions import Caption
from vrbench.encoders import LoadedEncoder, encoders
from vrbench.encoders.clip import ClipEncoder
from vrbench.extraction.extract import Inputs, extract
from vrbench.video import open_videos, parse_sampling

VIDEOS, FRAMES, WIDTH, HEIGHT = 8, 12, 320, 240


def claims() -> Iterator[Claim]:
    """Compare whole extractions from JPEG folders and from H.264 files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loaded = _clip(folder / "weights")

        @encoders.register("benchmarked")
        @dataclass(frozen=True)
        class _Benchmarked(ClipEncoder):
            def load(self, weights: Path | None, device: str = "cpu") -> LoadedEncoder:
                return loaded

        captions = folder / "captions.csv"
        rows = [f"v{i},a cat sits on video {i}" for i in range(VIDEOS)]
        captions.write_text("\n".join(["video_id,caption", *rows]))
        for kind, write in (("JPEG folders", _write_jpegs), ("H.264 files", _write_h264)):
            videos = folder / kind.split()[0]
            for i in range(VIDEOS):
                write(videos / f"v{i}", _pictures(i))
            media = open_videos(videos, parse_sampling("all"))
            clips = [media.read(f"v{i}") for i in range(VIDEOS)]

            def bare(clips: list[Any] = clips) -> None:
                for clip in clips:
                    loaded.video(clip)
                    loaded.text(Caption("c", clip.id, "a cat sits on video"))

            def whole(videos: Path = videos) -> None:
                out = folder / "f.h5"
                source = Inputs(videos, captions)
                extract(source, out, encoder="benchmarked", frames="all", overwrite=True)

            what = f"extract from {kind} / bare encoder, ViT-B/32"
            yield compare(what, whole, bare, rounds=3, target=1.25)


def _clip(folder: Path) -> LoadedEncoder:
    """Save a CLIP with a full-size image tower and load it as a user would."""
    import transformers

    text = {"num_hidden_layers": 1, "bos_token_id": 49406, "eos_token_id": 49407}
    config = transformers.CLIPConfig(text_config=text, vision_config={"patch_size": 32})
    folder.mkdir()
    transformers.CLIPModel(config).save_pretrained(folder)
    letters = [chr(c) for c in range(97, 123)]
    words = [*letters, *(f"{c}</w>" for c in letters)]
    words += [f"<unused{i}>" for i in range(49406 - len(words))]
    places = {word: i for i, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}
    tokenizer = transformers.CLIPTokenizer(vocab=places, merges=[])
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    return ClipEncoder().load(folder)


def _pictures(seed: int) -> list[Any]:
    """Smooth noise: about as hard to decode as a photograph."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (FRAMES, HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    return [Image.fromarray(one).resize((WIDTH, HEIGHT)) for one in small]


def _write_jpegs(path: Path, pictures: list[Any]) -> None:
    path.mkdir(parents=True)
    for i, picture in enumerate(pictures):
        picture.save(path / f"{i:03d}.jpg", quality=90)


def _write_h264(path: Path, pictures: list[Any]) -> None:
    import av

    path.parent.mkdir(exist_ok=True)
    with av.open(str(path.with_suffix(".mp4")), "w") as file:
        stream: Any = file.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for picture in pictures:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture))))
        file.mux(stream.encode())
