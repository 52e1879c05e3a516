"""Drawing the links of one pair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vrbench.figures.drawing import COLORS, MINUS, SMALL, TIMES, letters, lines_of, short

if TYPE_CHECKING:
    import pandas as pd

MORE, LESS = COLORS[0], COLORS[1]
"""Blue where a link makes up more than an even share of the similarity, as in the paper; orange
where it makes up less."""
STRONG = 1 / 3
"""Links of at least this part of the strongest one are labelled."""
LABEL = (0.14, 0.34)
"""Height and width of a patch's label, of the picture's."""
UPRIGHT = 6
"""Most frames whose weights have room beside each other."""
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
        wide = table.shape[1] > WIDE
        label = _digits(100 * row["contribution"]) if wide else _factors(row)
        place = (row["token"] - first, row["of_word"])
        color = "white" if dark else "black"
        panel.text(*place, label, ha="center", va="center", color=color, fontsize=SMALL)
    frames = rows[rows["of_word"] == 0]
    separator, turned = ("\n", 0) if len(frames) <= UPRIGHT else (": ", 90)
    ticks = [
        f"{frame}{separator}{weight:.2f}".replace("-", MINUS)
        for frame, weight in zip(frames["frame"], frames["token_weight"], strict=True)
    ]
    panel.set_xticks(range(len(ticks)), ticks, rotation=turned)
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
    taken: list[tuple[int, int]] = []
    for color, upwards, most in ((MORE, False, labels), (LESS, True, labels // 2)):
        end = len(taken) + most
        for _, row in rows.sort_values("contribution", ascending=upwards).iterrows():
            place = divmod(int(row["patch"]), side)
            if len(taken) == end or any(_meet(place, other, side) for other in taken):
                continue
            taken.append(place)
            _label_patch(panel, row, place, side, color)
    panel.set_xticks([])
    panel.set_yticks([])
    panel.set_title(f"frame {middle}: $100\\,T_{{s,t}} \\times c_{{s,t}}$")


def _meet(one: tuple[int, int], other: tuple[int, int], side: int) -> bool:
    """Whether the labels of two patches, by row and column, would lie on each other."""
    down, across = (abs(a - b) for a, b in zip(one, other, strict=True))
    return down < LABEL[0] * side and across < LABEL[1] * side


def _label_patch(panel: Any, row: Any, place: tuple[int, int], side: int, color: str) -> None:
    y, x = place
    align, shift = "center", 0.0
    if x < LABEL[1] * side / 2:
        align, shift = "left", -0.5
    elif side - 1 - x < LABEL[1] * side / 2:
        align, shift = "right", 0.5
    box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.6}
    how = {"ha": align, "va": "center", "fontsize": SMALL, "color": color, "bbox": box}
    panel.text(x + shift, y, f"{short(row['whole'])}\n{_factors(row)}", **how)


def words(rows: pd.DataFrame, panel: Any) -> None:
    """Draw the weight e_t of each word."""
    from matplotlib.ticker import MaxNLocator

    rows = rows[rows["token"] == rows["token"].min()]
    panel.barh(range(len(rows)), rows["word_weight"], 0.7, color=COLORS[0])
    panel.set_yticks(range(len(rows)), rows["whole"].map(short))
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.xaxis.set_major_locator(MaxNLocator(2))
    panel.set_xlabel("weight $e_t$")


def _factors(row: Any) -> str:
    """Return 100 x plan times similarity, as a formula."""
    return f"{_digits(100 * row['plan'])}{TIMES}{row['similarity']:.2f}".replace("-", MINUS)


def _digits(number: float) -> str:
    """Return a number with two digits, as far as it has them in hundredths."""
    decimals = 2 if abs(number) < 0.95 else 1 if abs(number) < 9.95 else 0
    return f"{round(number, decimals) + 0.0:.{decimals}f}".replace("-", MINUS)


def caption(data: pd.DataFrame, canvas: Any) -> None:
    """Write the caption of the text, and its similarity, above the panels."""
    said = lines_of(f"“{data['caption'].iloc[0]}”", letters(canvas.get_figwidth()), 2)
    canvas.suptitle(f"{said}\n$s^T$ = {data['contribution'].sum():.3f}")


def _image(frames: str, video: str, number: int) -> Any:
    """Return a frame of a video; None where no folder was given."""
    from vrbench.video import open_videos, parse_sampling

    if not frames:
        return None
    clip = open_videos(Path(frames), parse_sampling("all")).read(video)
    return clip.images[min(number, len(clip.images) - 1)]
