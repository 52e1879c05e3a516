"""Drawing the links of one pair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.figures.drawing import COLORS, SMALL, TIMES, letters, lines_of, short

if TYPE_CHECKING:
    import pandas as pd

MORE, LESS = COLORS[0], COLORS[1]
"""Blue where a link makes up more than an even share of the similarity, as in the paper; orange
where it makes up less."""
STRONG = 1 / 3
"""Links of at least this part of the strongest one are labelled."""
WIDE = 4
"""Most frames with room for both factors in a cell."""


def merged(data: pd.DataFrame) -> pd.DataFrame:
    """Return a row a whole word and visual token: plan and contribution summed over its pieces.

    The weight of a word is the mean of its pieces', ``similarity`` is contribution over plan.
    """
    kept = dict.fromkeys(("frame", "token_weight", "whole"), "first")
    how = {**kept, "word_weight": "mean", "plan": "sum", "contribution": "sum"}
    rows = data.groupby(["of_word", "token"], as_index=False).agg(how)
    return rows.assign(similarity=rows["contribution"] / rows["plan"])


def words_by_frames(rows: pd.DataFrame, panel: Any, labels: int) -> None:
    """Draw 100 x plan times similarity of words and frames, strong links with their factors."""
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    table = rows.pivot(index="of_word", columns="token", values="contribution").to_numpy()
    even, most = float(table.mean()), float(np.abs(table - table.mean()).max()) or 1.0
    colors = LinearSegmentedColormap.from_list("links", [LESS, "white", MORE])
    panel.imshow(table, cmap=colors, norm=Normalize(even - most, even + most), aspect="auto")
    first = int(rows["token"].min())
    strong = rows.sort_values("contribution", ascending=False)
    strong = strong[
        (strong["contribution"] >= STRONG * table.max()) | (np.arange(len(strong)) < labels)
    ]
    for _, row in strong.iterrows():
        dark = abs(row["contribution"] - even) > 0.6 * most
        label = f"{_digits(100 * row['plan'])}{TIMES}{row['similarity']:.2f}"
        if table.shape[1] > WIDE:
            label = _digits(100 * row["contribution"])
        place = (row["token"] - first, row["of_word"])
        color = "white" if dark else "black"
        panel.text(*place, label, ha="center", va="center", color=color, fontsize=SMALL)
    frames = rows[rows["of_word"] == 0]
    ticks = [f"{f}\n{d:.2f}" for f, d in zip(frames["frame"], frames["token_weight"], strict=True)]
    panel.set_xticks(range(len(ticks)), ticks)
    panel.set_xlabel("frame, and its weight $d_s$")
    panel.set_title("$100\\,T_{s,t} \\times c_{s,t}$")


def patches(data: pd.DataFrame, panel: Any, labels: int, frames: str) -> None:
    """Draw the weights d_s of the middle frame's patches as a heat map, over the picture.

    The strongest links are labelled in blue, and half as many of the weakest in orange.
    """
    known = np.unique(data["frame"])
    middle = known[(len(known) - 1) // 2]  # the 6th of 12, as in the paper
    part = data[data["frame"] == middle]
    first = int(part["token"].min())
    weights = part.drop_duplicates("token")["token_weight"].to_numpy()
    side = round(len(weights) ** 0.5)
    grid = weights[: side * side].reshape(side, side)
    extent = (-0.5, side - 0.5, side - 0.5, -0.5)
    video = str(data["video"].iloc[0]).replace(r"\$", "$")
    image = _image(frames, video, int(middle))
    if image is not None:
        panel.imshow(image.convert("L"), cmap="gray", extent=extent)
    heat = panel.imshow(grid, cmap="Greens", alpha=0.6 if image is not None else 1, extent=extent)
    panel.figure.colorbar(heat, ax=panel, label="weight $d_s$ of a patch", shrink=0.8)
    rows = merged(part)
    rows = rows.assign(patch=rows["token"] - first).query("patch < @side * @side")
    taken: set[int] = set()
    for color, upwards, most in ((MORE, False, labels), (LESS, True, labels // 2)):
        ordered = rows.sort_values("contribution", ascending=upwards)
        ordered = ordered[~ordered["patch"].isin(taken)].drop_duplicates("patch")
        for _, row in ordered.head(most).iterrows():
            taken.add(int(row["patch"]))
            label = (
                f"{short(row['whole'])}\n{_digits(100 * row['plan'])}{TIMES}{row['similarity']:.2f}"
            )
            box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.6}
            place = (row["patch"] % side, row["patch"] // side)
            how = {"ha": "center", "va": "center", "fontsize": SMALL, "color": color, "bbox": box}
            panel.text(*place, label, **how)
    panel.set_xticks([])
    panel.set_yticks([])
    panel.set_title(f"frame {middle}: $100\\,T_{{s,t}} \\times c_{{s,t}}$")


def words(rows: pd.DataFrame, panel: Any) -> None:
    """Draw the weight e_t of each word."""
    rows = rows[rows["token"] == rows["token"].min()]
    panel.barh(range(len(rows)), rows["word_weight"], 0.7, color=COLORS[0])
    panel.set_yticks(range(len(rows)), rows["whole"].map(short))
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.set_xlabel("weight $e_t$")


def _digits(number: float) -> str:
    """Return a number in at most three letters where it is below 100."""
    return f"{number:.1f}" if abs(number) < 9.95 else f"{number:.0f}"


def caption(data: pd.DataFrame, canvas: Any) -> None:
    """Write the caption of the text, and its similarity, above the panels."""
    said = lines_of(f"“{data['caption'].iloc[0]}”", letters(canvas), 2)
    canvas.suptitle(f"{said}\n$s^T$ = {data['contribution'].sum():.3f}")


def _image(frames: str, video: str, number: int) -> Any:
    """Return a frame of a video; None where no folder was given."""
    from vrbench.video import open_videos, parse_sampling

    if not frames:
        return None
    clip = open_videos(Path(frames), parse_sampling("all")).read(video)
    return clip.images[min(number, len(clip.images) - 1)]
