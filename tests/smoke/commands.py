"""What is run, in this order, and the files that it reads."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Command:
    """Words of a command, and whether it scores or encodes, for which it needs torch."""

    words: tuple[str, ...]
    torch: bool = True


def _command(line: str, *, torch: bool = True) -> Command:
    return Command(tuple(line.split()), torch)


COMMANDS = (
    _command("list", torch=False),
    _command("import arrays.npz --out f.h5", torch=False),
    _command("import --video items.mdb --text arrays.npz --out g.h5", torch=False),
    _command("inspect f.h5", torch=False),
    _command("audit sims.npz", torch=False),
    _command("table tokenflow-5", torch=False),
    _command("plot hubs --from-sim sims.npz --bank test --out plots", torch=False),
    _command("extract --videos videos --captions captions.csv --encoder toy --out toy.h5"),
    _command("eval f.h5 toy.h5 --method global --method emd --method tokenflow --norm none"),
    _command("eval --from-sim sims.npz --norm none --norm ncl --norm sk --bank test"),
    _command("tune --method global --norm ncl --try gamma=0.02,0.1"),
    _command("plot space toy.h5 --out plots"),
    _command("report results --out report.html"),
    _command("export results --format ranks --out ranks.parquet"),
)

VIDEOS, DIMENSIONS = 8, 6


def write_inputs(folder: Path) -> None:
    """Write arrays, similarities, folders of frames and captions."""
    rng = np.random.default_rng(0)
    video = rng.standard_normal((VIDEOS, DIMENSIONS)).astype(np.float32)
    text = (video + 0.5 * rng.standard_normal(video.shape)).astype(np.float32)
    np.savez(
        folder / "arrays.npz", video=video, text=text, text_ids=[f"v{i}" for i in range(VIDEOS)]
    )
    _write_lmdb(folder / "items.mdb", video)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (text, video)]
    np.savez(folder / "sims.npz", t2v=unit[0] @ unit[1].T)
    rows = ["video_id,caption"]
    for number in range(VIDEOS):
        _write_frames(folder / "videos" / f"v{number}", number)
        rows.append(f"v{number},words of v{number}")
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _write_lmdb(path: Path, rows: np.ndarray) -> None:
    import lmdb

    base = lmdb.open(str(path), subdir=False)
    with base.begin(write=True) as transaction:
        for number, row in enumerate(rows):
            stream = io.BytesIO()
            np.save(stream, row)
            transaction.put(f"v{number}".encode(), stream.getvalue())
    base.close()


def _write_frames(folder: Path, number: int) -> None:
    from PIL import Image

    folder.mkdir(parents=True)
    for frame in range(3):
        Image.new("RGB", (6, 4), (number, frame, 0)).save(folder / f"f{frame:03d}.png")
