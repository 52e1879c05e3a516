"""Drawing the links of one pair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def words_by_frames(data: pd.DataFrame, panel: Any, labels: int) -> None:
    """Draw plan times similarity, words by frames, the strongest links with their number."""
    table = data.pivot(index="place", columns="token", values="contribution").to_numpy()
    picture = panel.imshow(table, cmap="Greys", aspect="auto")
    panel.figure.colorbar(picture, ax=panel, label="plan times similarity (sums to $s^T$)")
    for _, row in data.nlargest(labels, "contribution").iterrows():
        dark = row["contribution"] > (table.max() + table.min()) / 2
        color = "white" if dark else "black"
        place = (row["token"], row["place"])
        label = f"{row['contribution']:.3f}"
        panel.text(*place, label, ha="center", va="center", color=color, fontsize=8)
    frames = data[data["place"] == 0]
    ticks = [
        f"frame {f}\n$d_s$ {d:.2f}"
        for f, d in zip(frames["frame"], frames["token_weight"], strict=True)
    ]
    panel.set_xticks(range(len(ticks)), ticks, fontsize=8)
    panel.set_yticks(range(len(table)), data[data["token"] == 0]["word"])
    panel.set_title(f"{data['text'].iloc[0]}: $s^T$ = {data['contribution'].sum():.3f}")


def patches(data: pd.DataFrame, panel: Any, labels: int, frames: str) -> None:
    """Draw the weights d_s of the middle frame's patches as a heat map, over the picture."""
    known = np.unique(data["frame"])
    middle = known[(len(known) - 1) // 2]  # the 6th of 12, as in the paper
    part = data[data["frame"] == middle]
    weights = part[part["place"] == 0]["token_weight"].to_numpy()
    side = round(len(weights) ** 0.5)
    grid = weights[: side * side].reshape(side, side)
    extent = (-0.5, side - 0.5, side - 0.5, -0.5)
    video = str(data["video"].iloc[0]).replace(r"\$", "$")
    image = _image(frames, video, int(middle))
    if image is not None:
        panel.imshow(image.convert("L"), cmap="gray", extent=extent)
    heat = panel.imshow(grid, cmap="Oranges", alpha=0.6 if image is not None else 1, extent=extent)
    panel.figure.colorbar(heat, ax=panel, label="weight $d_s$ of a patch")
    first = int(part["token"].min())
    taken: set[int] = set()
    for _, row in part.sort_values("contribution", ascending=False).iterrows():
        patch = int(row["token"]) - first
        if len(taken) == labels or patch in taken or patch >= side * side:
            continue
        taken.add(patch)
        label = f"{row['word']}\n{row['contribution']:.1e}"
        box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
        place = (patch % side, patch // side)
        panel.text(*place, label, ha="center", va="center", fontsize=5.5, bbox=box)
    panel.set_xlabel("patch column")
    panel.set_ylabel("patch row")
    panel.set_title(f"{data['video'].iloc[0]}, frame {middle}: plan times similarity")


def words(data: pd.DataFrame, panel: Any) -> None:
    """Draw the weight e_t of each word, shaded by it."""
    rows = data[data["token"] == data["token"].min()]
    weight = rows["word_weight"].to_numpy()
    shade = 0.85 - 0.7 * (weight - weight.min()) / (np.ptp(weight) or 1)
    panel.barh(range(len(rows)), weight, color=[str(s) for s in shade], edgecolor="black")
    panel.set_yticks(range(len(rows)), rows["word"])
    panel.invert_yaxis()
    panel.set_xlabel("weight $e_t$ of a word (product with the video's global vector)")
    panel.set_title("Words")


def _image(frames: str, video: str, number: int) -> Any:
    """Return a frame of a video; None where no folder was given."""
    from vrbench.video import open_videos, parse_sampling

    if not frames:
        return None
    clip = open_videos(Path(frames), parse_sampling("all")).read(video)
    return clip.images[min(number, len(clip.images) - 1)]
