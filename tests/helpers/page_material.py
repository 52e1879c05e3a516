"""What the commands of the pages read: small, and under the names that the pages use."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from zlib import crc32

import laid_out
import long_videos
import numpy as np
import torch
from cli_runs import run
from small_annotations import write
from small_features import write_features
from toy_files import moving, write_video
from toy_videos import captions_of, write_captions, write_videos

from vrbench.heads import load

ROOM = Path()
N = 10
VIDEOS = [f"video{i}" for i in range(N)]
SELECTOR = "visual_token_selector.score_predictor."
"""What the released checkpoints of UCoFiA call the network that selects patches."""


def _done(*words: str | Path) -> None:
    done = run(*words)
    assert done.code == 0, done.err


def _features(*names: str) -> None:
    """Write feature files of ten videos and a bank."""
    for name in names:
        write_features(ROOM / name, counts=(1,) * N)


def _sims(features: str, *names: str) -> None:
    """Write similarity files with banks, of another method each."""
    for method, name in zip(("global", "max-avg"), names, strict=False):
        where = ("--save-sim", name, "--out", "other")
        _done("eval", features, "--method", method, "--norm", "ncl", *where)


def _clip() -> Path:
    """Return a tiny CLIP in a file of OpenAI's form, with its vocabulary beside it."""
    import tiny_clip

    folder = ROOM / "clip"
    folder.mkdir()
    tiny_clip.save_archive(tiny_clip.tiny_clip(), folder)
    return folder


def _msrvtt() -> None:
    """Write MSR-VTT of 1 test and 3 training videos, and ViT-B-32.pt."""
    place, names = ROOM / "MSRVTT", [f"v{i}" for i in range(4)]
    (place / "videos").mkdir(parents=True)
    for seed, name in enumerate(names):
        write_video(place / "videos" / f"{name}.mp4", moving(30, seed=seed))
    write(
        place / "annotation",
        train_val_videodatainfo_json=_datainfo(names[:3], "train"),
        test_videodatainfo_json=_datainfo(names[3:], "test"),
        MSRVTT_JSFUSION_test_csv="key,vid_key,video_id,sentence\nret0,msr3,v3,a dog sits\n",
    )
    (place / "annotation" / "MSRVTT_train.9k.csv").write_text("\n".join(["video_id", *names[:3]]))
    for file in _clip().iterdir():
        shutil.move(file, "ViT-B-32.pt" if file.suffix == ".pt" else file.name)


def _datainfo(names: list[str], split: str) -> dict[str, list[dict[str, object]]]:
    return {
        "videos": [{"video_id": name, "category": 0, "split": split} for name in names],
        "sentences": [
            {"video_id": name, "caption": f"a cat of {name}", "sen_id": 0} for name in names
        ],
    }


def metrics() -> None:
    _features("f.h5")
    _sims("f.h5", "clip.npz", "siglip.npz")
    _sims("f.h5", "video.npz", "speech.npz")
    shutil.copy("clip.npz", "sims.npz")
    pairs = [(i, j) for i in range(N) for j in {i, (i + 1) % N}]
    qrels = [f"text{i} 0 video{j} {2 if i == j else 1}\n" for i, j in pairs]
    (ROOM / "test.qrels").write_text("".join(qrels))
    ranked = [f"text{i} Q0 video{j} {1 + j - i} {1 - 0.1 * (j - i)} x\n" for i, j in pairs]
    (ROOM / "first.run").write_text("".join(ranked))


def tables() -> None:
    _features("mine.h5")
    _sims("mine.h5", "sims.npz")
    long_videos.write(ROOM, long_videos.arrays(), "clips")
    _done("eval", "mine.h5", "--method", "global", "--norm", "none", "--norm", "ncl")
    for name, file in zip("ab", sorted(Path("results").glob("*.json")), strict=True):
        file.rename(f"results/{name}.json")
    write_videos(ROOM / "frames", ["video7020"])


def paragraphs() -> None:
    np.savez("clips.npz", allow_pickle=False, **long_videos.arrays())
    np.savez("sims.npz", allow_pickle=False, **long_videos.sim_arrays())


def training() -> None:
    write_features(ROOM / "train.h5", counts=(1,) * 24)
    write_features(ROOM / "test.h5", counts=(1,) * N, seed=1, prefix="test")


def audit() -> None:
    _features("mine.h5")


def levels() -> None:
    """Write videos, captions, a tiny CLIP, features of both kinds, and a checkpoint of UCoFiA."""
    for folder, prefix in (("videos", "v"), ("train", "bank"), ("other", "test")):
        names = [f"{prefix}{i}" for i in range(24)]
        write_captions(ROOM / f"{folder}.csv", captions_of(names, 1))
        for name in names:  # another picture each: a bank of the same ones is refused
            (ROOM / folder / name).mkdir(parents=True)
            for k, image in enumerate(moving(2, seed=crc32(name.encode()))):
                image.save(ROOM / folder / name / f"{k}.png")
    Path("videos.csv").rename("captions.csv")
    _clip()
    _features("frames.h5")
    how = ("--encoder", "clip:tokens=patches", "--weights", "clip/", "--out", "test.h5")
    bank = ("--bank-videos", "train", "--bank-captions", "train.csv")
    _done("extract", "--videos", "other", "--captions", "other.csv", *bank, *how)
    _done("train", "ucofia", "test.h5", "--epochs", "0", "--out", "h")
    rows = {
        f"module.{name.removeprefix('ucofia.').replace('selector.', SELECTOR)}": torch.tensor(row)
        for name, row in load(Path("h")).weights.items()
    }
    torch.save(rows, "pytorch_model.bin")
    Path("h").unlink()


def extraction() -> None:
    _msrvtt()
    write_videos(ROOM / "videos", VIDEOS)
    write_captions(ROOM / "toy.csv", captions_of(VIDEOS))
    toy = ("extract", "--videos", "videos", "--captions", "toy.csv", "--encoder", "toy:dim=8")
    for k in range(1, 5):
        _done(*toy, "--shard", f"{k}/4", "--out", f"{k}.h5")
    Path("set").mkdir()
    for k in (1, 2):
        _done(*toy, "--shard", f"{k}/2", "--out", "set/")
    items = laid_out.Data.of_tokens()
    np.savez("clip.npz", image_embeddings=np.eye(3, 4), text_embeddings=np.eye(3, 4))
    laid_out.as_hdf5(ROOM / "feats", items.video)
    laid_out.as_torch(ROOM / "bert", items.text)
    laid_out.write_lines(ROOM / "test.jsonl", [dict(row) for row in laid_out.rows(items.text)])
    laid_out.as_folder(ROOM / "frames", items.video)
    names = sorted(items.text)
    np.save("texts.npy", np.stack([items.text[name][0] for name in names]))
    lines = [f"{laid_out.owner(name)},about it\n" for name in names]
    (ROOM / "test.csv").write_text("video_id,caption\n" + "".join(lines), encoding="utf-8")
    np.savez(
        "dump.npz",
        video=np.eye(3, 4),
        last_hidden_state=np.ones((3, 2, 4)),
        attention_mask=np.ones((3, 2), dtype=bool),
    )


BY_PAGE: Mapping[str, Callable[[], None]] = {
    "docs/metrics.md": metrics,
    "docs/tables.md": tables,
    "docs/paragraphs.md": paragraphs,
    "docs/training.md": training,
    "docs/audit.md": audit,
    "docs/levels.md": levels,
    "docs/extraction.md": extraction,
    "docs/tutorials/from-videos.md": _msrvtt,
}
"""Page -> what writes its material into the current folder."""
