"""A paragraph on each figure, with numbers taken from its data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


NO_GAP = 0.01
"""Largest difference of mean similarities within and across the modalities that is called none."""


def _of(data: pd.DataFrame, **where: Any) -> pd.DataFrame:
    """Return the rows of t2v with these values."""
    for column, value in {"direction": "t2v", **where}.items():
        data = data[data[column] == value]
    return data


def _both(data: pd.DataFrame, column: str, **where: Any) -> tuple[float, float]:
    """Return a value of the raw and of the normalized stage."""
    raw, fair = (float(_of(data, stage=s, **where)[column].iloc[0]) for s in ("raw", "normalized"))
    return raw, fair


def _anchor_categories(data: pd.DataFrame) -> str:
    most = {of: rows.nlargest(1, "percent").iloc[0] for of, rows in data.groupby("of")}
    one, two = most["one anchor"], most["two anchors"]
    share = data[(data["of"] == "all videos") & (data["category"] == two["category"])]["percent"]
    return (
        f"Of the videos with anchor {one['anchors']}, {one['percent']:.0f} percent are of the "
        f'category "{one["category"]}"; of those with anchors {two["anchors"]}, '
        f'{two["percent"]:.0f} percent are of "{two["category"]}", which is {share.iloc[0]:.0f} '
        "percent of all videos. No other pair has a larger such share, and the anchor is of it; "
        "the paper's anchors are learnt, these are clusters of the stored vectors."
    )


def _anchor_top(data: pd.DataFrame) -> str:
    best = data[data["rank"] == 1].nlargest(1, "percent").iloc[0]
    return (
        f"The largest share of a category at an anchor is {best['percent']:.0f} percent "
        f'("{best["category"]}", anchor {best["anchor"]}), {best["lift"]:.1f} times that of all '
        "videos: with 32 of 64 anchors a video, half of all videos have an anchor. "
        "The CSV has every category's rank."
    )


def _anchors(data: pd.DataFrame) -> str:
    parts = data[data["side"] == "video"].groupby("video", sort=False)
    differ = [int(rows["differs"].sum()) for _, rows in parts]
    names = [str(rows["category"].iloc[0]) for _, rows in parts]
    return (
        f'Two videos of the category "{names[0]}" and one of "{names[2]}": in {differ[1]} and '
        f"{differ[2]} of 64 cells a video's anchors are unlike those of the first. Categories are "
        "not learnt here. `videos=ID+ID` chooses others."
    )


def _hubs(data: pd.DataFrame) -> str:
    (column,) = [name for name in data.columns if name.startswith("among")]
    raw, fair = _both(data, column)
    caption = _of(data, stage="raw")["caption"].iloc[0]
    return (
        f'The greatest hub, "{caption}", is {column} of {raw:.0f} texts; after the norm, the '
        f"greatest one of {fair:.0f}. The mean is 10. The CSV names all of them."
    )


def _links(data: pd.DataFrame) -> str:
    whole = ["of_word", "whole", "frame"]  # words, of which the tokens are pieces
    links = data.groupby(whole)["contribution"].sum().reset_index()
    best = links.nlargest(1, "contribution")
    frame, word = int(best["frame"].iloc[0]), str(best["whole"].iloc[0])
    carried = data[data["frame"] == frame]["contribution"].sum() / data["contribution"].sum()
    return (
        f"The most similar pair, under TokenFlow's plan: frame {frame} makes up "
        f'{100 * carried:.0f} percent of the similarity, and its strongest link is "{word}". With '
        "patch tokens, `links:frames=DIR` draws a heat map over the frame instead."
    )


def _modalities(data: pd.DataFrame) -> str:
    mean = data.set_index("quantity")["mean"]
    across, right = mean["text-video"], mean["text-video, right pairs"]
    within = (mean["text-text"], mean["video-video"])
    if abs(across - sum(within) / 2) > NO_GAP:
        raise ValueError("the modalities have a gap now: rewrite the sentence")
    return (
        f"The mean similarity is {within[0]:.2f} of two texts, {within[1]:.2f} of two videos and "
        f"{across:.2f} of a text and a video (of positive pairs {right:.2f}): the modalities are "
        "no nearer to themselves than to each other, so there is no gap between them here."
    )


def _error(data: pd.DataFrame) -> str:
    raw, fair = _both(data, "error")
    chance = _of(data, stage="random")["error"].iloc[0]
    return (
        f"The bank of training queries brings the error of t2v from {raw:.2f} to {fair:.2f}. 0 is "
        f"fair (`oracle`: normalized with the test queries); a random matrix has {chance:.2f}."
    )


def _sums(data: pd.DataFrame) -> str:
    raw, fair = (100 * (_of(data, stage=s)["sum"] < 0.25).mean() for s in ("raw", "normalized"))
    return (
        f"Above, how many items get how much of the probability expected for them: of the videos "
        f"{raw:.0f} percent get less than a quarter before the norm and {fair:.0f} percent after. "
        "Below, the errors of an item: items with small sums are not retrieved by their positives, "
        "items with large sums are retrieved by negatives."
    )


def _queue(data: pd.DataFrame) -> str:
    rows = _of(data, set="test")
    least, most = rows.iloc[0], rows.iloc[-1]
    return (
        f"R@1 of t2v is {least['R@1']:.1f} with {least['bank']} bank queries and "
        f"{most['R@1']:.1f} with all {most['bank']:,}; bars are the deviation over random parts of "
        "the bank. A size may only be chosen on the validation half of the bank, which may differ "
        "from the best size on the test set."
    )


def _ranks(data: pd.DataFrame) -> str:
    raw, fair = _both(data, "percent", least=1)
    return (
        f"The ranks in bins that double: the positive is first for {raw:.1f} percent of the texts "
        f"before and {fair:.1f} after the norm."
    )


def _realignment(data: pd.DataFrame) -> str:
    bucket = 1 - data.groupby("caption")["plan with bucket"].sum()
    return (
        "The alignment of the captions of a cooking video. The path must keep the order, the plan "
        f"need not; the bucket takes between {bucket.min():.2f} and {bucket.max():.2f} of a "
        "caption here. `planted=2` adds two captions of other videos."
    )


def _recalls(data: pd.DataFrame) -> str:
    raw, fair = _both(data, "R@K", K=10)
    (chance,) = _of(data, stage="raw", K=10)["one item by chance"]
    return f"R@10 is {raw:.1f} raw, {fair:.1f} normalized and {chance:.1f} by chance."


def _representation(data: pd.DataFrame) -> str:
    raw, fair = _both(data, "percent", **{"retrieved first": "never"})
    return (
        f"{raw:.0f} percent of the videos are retrieved first by no text; after the norm "
        f"{fair:.0f} percent."
    )


def _seen(data: pd.DataFrame) -> str:
    parts = {s: data[(data["stage"] == s) & (data["direction"] == "v2t")] for s in data["stage"]}
    first, last = (parts["normalized"]["R@1"].iloc[i] for i in (0, -1))
    return (
        "A causal bank: each query sees only those before it. R@1 of v2t under the norm is "
        f"{first:.1f} over the first fifth of the stream and {last:.1f} over the last; bars are "
        "the deviation over three random orders."
    )


def _sequence_noise(data: pd.DataFrame) -> str:
    rows = data.set_index(["noise", "rate", "sequence"])["R@1"]
    noise = "irrelevant captions"
    most = data[data["noise"] == noise]["rate"].max()
    plain, bucket = (rows[noise, most, f"transport{b}"] for b in ("", ":bucket=0.3"))
    swapped = rows["swapped captions", 1.0, "dtw"]
    return (
        f"With {most:.0%} irrelevant captions planted, the transport's R@1 is {bucket:.1f} with a "
        f"bucket and {plain:.1f} without; dtw, which relies on the order, falls from "
        f"{rows['none', 0.0, 'dtw']:.1f} to {swapped:.1f} when two neighbours are swapped in every "
        "paragraph. [sequences.md](sequences.md) has the table."
    )


def _similarities(data: pd.DataFrame) -> str:
    raw = _of(data, stage="raw")
    middle = (raw["from"] + raw["to"]) / 2
    right, other = (
        float(
            (middle * raw["count"])[raw["pairs"] == p].sum() / raw["count"][raw["pairs"] == p].sum()
        )
        for p in ("right", "other")
    )
    return (
        f"The mean similarity is {right:.2f} for positive pairs and {other:.2f} for negative ones, "
        "with much overlap; each kind of pair sums to 100 percent."
    )


def _space(data: pd.DataFrame) -> str:
    share = 100 * (data["x_share"].iloc[0] + data["y_share"].iloc[0])
    stored = data[~data["centered"]]
    text, video = stored.groupby("side")[["x", "y"]].mean().to_numpy()
    apart = math.dist(text, video)
    spread = math.hypot(stored["x"].std(), stored["y"].std())
    if apart > spread / 4:
        raise ValueError("the modalities have a gap now: rewrite the sentence")
    return (
        f"Two principal axes show {share:.0f} percent of the variance. Lines join positive pairs. "
        f"Removing each modality's mean changes little here: the means are {apart:.2f} apart in "
        f"this plane, over which items scatter by {spread:.2f}."
    )


def _pooling(data: pd.DataFrame) -> str:
    rows = data[data["direction"] == "t2v"].set_index("factor")
    whole, third, last = (rows.loc[factor] for factor in (1, 3, 12))
    return (
        f"Of t2v, R@10 is {whole['R@10']:.1f} with all tokens, {third['R@10']:.1f} with "
        f"{third['tokens left']:.0f} percent of them (factor 3) and {last['R@10']:.1f} with "
        f"{last['tokens left']:.0f} percent (factor 12), where most items have one token left."
    )


SEEN: Mapping[str, Callable[[pd.DataFrame], str]] = {
    "anchor-categories": _anchor_categories,
    "anchor-top": _anchor_top,
    "anchors": _anchors,
    "hubs": _hubs,
    "links": _links,
    "modalities": _modalities,
    "normalization-error": _error,
    "pooling": _pooling,
    "probability-sums": _sums,
    "queue-size": _queue,
    "ranks": _ranks,
    "realignment": _realignment,
    "recalls": _recalls,
    "representation": _representation,
    "seen": _seen,
    "sequence-noise": _sequence_noise,
    "similarities": _similarities,
    "space": _space,
}
"""A sentence or two for each figure, of its numbers."""
