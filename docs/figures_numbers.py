"""The numbers in the paragraphs on figures, taken from the data of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Numbers = dict[str, str]
"""What stands on the page, by name."""

NO_GAP = 0.01
"""Largest difference of mean similarities within and across the modalities that is called none."""


def _of(data: pd.DataFrame, **where: Any) -> pd.DataFrame:
    """Return the rows of t2v with these values."""
    for column, value in {"direction": "t2v", **where}.items():
        data = data[data[column] == value]
    return data


def _both(data: pd.DataFrame, column: str, form: str, **where: Any) -> Numbers:
    """Return a value of the raw and of the normalized stage."""
    stages = ("raw", "normalized")
    return {s: format(float(_of(data, stage=s, **where)[column].iloc[0]), form) for s in stages}


def _anchor_categories(data: pd.DataFrame) -> Numbers:
    most = {of: rows.nlargest(1, "percent").iloc[0] for of, rows in data.groupby("of")}
    one, two = most["one anchor"], most["two anchors"]
    share = data[(data["of"] == "all videos") & (data["category"] == two["category"])]["percent"]
    return {
        "one": str(one["anchors"]),
        "one-percent": f"{one['percent']:.0f}",
        "one-category": one["category"],
        "two": str(two["anchors"]),
        "two-percent": f"{two['percent']:.0f}",
        "two-category": two["category"],
        "share": f"{share.iloc[0]:.0f}",
    }


def _anchor_top(data: pd.DataFrame) -> Numbers:
    best = data[data["rank"] == 1].nlargest(1, "percent").iloc[0]
    return {
        "percent": f"{best['percent']:.0f}",
        "category": best["category"],
        "anchor": str(best["anchor"]),
        "lift": f"{best['lift']:.1f}",
    }


def _anchors(data: pd.DataFrame) -> Numbers:
    parts = data[data["side"] == "video"].groupby("video", sort=False)
    differ = [int(rows["differs"].sum()) for _, rows in parts]
    first, second, third = (str(rows["category"].iloc[0]) for _, rows in parts)
    _check(first == second, "the first two videos are of one category")
    return {
        "first": first,
        "third": third,
        "second-differs": str(differ[1]),
        "third-differs": str(differ[2]),
    }


def _hubs(data: pd.DataFrame) -> Numbers:
    (column,) = [name for name in data.columns if name.startswith("among")]
    caption = str(_of(data, stage="raw")["caption"].iloc[0])
    return {"caption": caption, "among": column, **_both(data, column, ".0f")}


def _links(data: pd.DataFrame) -> Numbers:
    whole = ["of_word", "whole", "frame"]  # words, of which the tokens are pieces
    links = data.groupby(whole)["contribution"].sum().reset_index()
    best = links.nlargest(1, "contribution").iloc[0]
    frame = int(best["frame"])
    carried = data[data["frame"] == frame]["contribution"].sum() / data["contribution"].sum()
    return {"frame": str(frame), "percent": f"{100 * carried:.0f}", "word": str(best["whole"])}


def _modalities(data: pd.DataFrame) -> Numbers:
    mean = data.set_index("quantity")["mean"]
    texts, videos, across = (mean[f"{pair}"] for pair in ("text-text", "video-video", "text-video"))
    _check(abs(across - (texts + videos) / 2) <= NO_GAP, "the modalities have no gap")
    found = {"texts": texts, "videos": videos, "across": across}
    found["positive"] = mean["text-video, right pairs"]
    return {name: f"{value:.2f}" for name, value in found.items()}


def _error(data: pd.DataFrame) -> Numbers:
    chance = _of(data, stage="random")["error"].iloc[0]
    return {**_both(data, "error", ".2f"), "random": f"{chance:.2f}"}


def _sums(data: pd.DataFrame) -> Numbers:
    few = {s: 100 * (_of(data, stage=s)["sum"] < 0.25).mean() for s in ("raw", "normalized")}
    return {stage: f"{share:.0f}" for stage, share in few.items()}


def _queue(data: pd.DataFrame) -> Numbers:
    rows = _of(data, set="test")
    found: Numbers = {}
    for name, row in (("least", rows.iloc[0]), ("most", rows.iloc[-1])):
        found |= {name: f"{row['R@1']:.1f}", f"{name}-bank": f"{row['bank']:,}"}
    return found


def _ranks(data: pd.DataFrame) -> Numbers:
    return _both(data, "percent", ".1f", least=1)


def _realignment(data: pd.DataFrame) -> Numbers:
    bucket = 1 - data.groupby("caption")["plan with bucket"].sum()
    return {"least": f"{bucket.min():.2f}", "most": f"{bucket.max():.2f}"}


def _recalls(data: pd.DataFrame) -> Numbers:
    (chance,) = _of(data, stage="raw", K=10)["one item by chance"]
    return {**_both(data, "R@K", ".1f", K=10), "chance": f"{chance:.1f}"}


def _representation(data: pd.DataFrame) -> Numbers:
    return _both(data, "percent", ".0f", **{"retrieved first": "never"})


def _seen(data: pd.DataFrame) -> Numbers:
    rows = data[(data["stage"] == "normalized") & (data["direction"] == "v2t")]["R@1"]
    return {"first": f"{rows.iloc[0]:.1f}", "last": f"{rows.iloc[-1]:.1f}"}


def _sequence_noise(data: pd.DataFrame) -> Numbers:
    rows = data.set_index(["noise", "rate", "sequence"])["R@1"]
    noise = "irrelevant captions"
    most = data[data["noise"] == noise]["rate"].max()
    plain, bucket = (rows[noise, most, f"transport{b}"] for b in ("", ":bucket=0.3"))
    dtw, swapped = rows["none", 0.0, "dtw"], rows["swapped captions", 1.0, "dtw"]
    found = {"bucket": bucket, "plain": plain, "dtw": dtw, "swapped": swapped}
    return {"rate": f"{most:.0%}", **{name: f"{value:.1f}" for name, value in found.items()}}


def _similarities(data: pd.DataFrame) -> Numbers:
    raw = _of(data, stage="raw")
    middle = (raw["from"] + raw["to"]) / 2
    found = {}
    for name, pairs in (("positive", "right"), ("negative", "other")):
        counts = raw["count"].where(raw["pairs"] == pairs, 0)
        found[name] = f"{float((middle * counts).sum() / counts.sum()):.2f}"
    return found


def _space(data: pd.DataFrame) -> Numbers:
    share = 100 * (data["x_share"].iloc[0] + data["y_share"].iloc[0])
    stored = data[~data["centered"]]
    text, video = stored.groupby("side")[["x", "y"]].mean().to_numpy()
    apart = math.dist(text, video)
    spread = math.hypot(stored["x"].std(), stored["y"].std())
    _check(apart <= spread / 4, "the modalities have no gap")
    return {"share": f"{share:.0f}", "apart": f"{apart:.2f}", "spread": f"{spread:.2f}"}


def _pooling(data: pd.DataFrame) -> Numbers:
    rows = data[data["direction"] == "t2v"].set_index("factor")
    found = {"whole": f"{rows.loc[1]['R@10']:.1f}"}
    for name, row in (("third", rows.loc[3]), ("last", rows.loc[12])):
        found |= {name: f"{row['R@10']:.1f}", f"{name}-left": f"{row['tokens left']:.0f}"}
    return found


def _check(true: bool, claim: str) -> None:
    if not true:
        raise ValueError(f"docs/figures.md says that {claim}, which is no longer true: rewrite it")


NUMBERS: Mapping[str, Callable[[pd.DataFrame], Numbers]] = {
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
"""The numbers of each figure that docs/figures.md has as ``FIGURE.NAME``."""
