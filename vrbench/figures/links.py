"""``links``: which words and frames make up the similarity of one pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError, did_you_mean
from vrbench.evaluation.describing import text_captions
from vrbench.features import Features
from vrbench.figures import figures, link_panels
from vrbench.figures.base import Case, Figure
from vrbench.figures.drawing import share_y
from vrbench.figures.word_pieces import whole_words

if TYPE_CHECKING:
    import pandas as pd

PATCH = 1
"""Value of the token column ``level`` for patches."""


@figures.register("links")
@dataclass(frozen=True)
class Links(Figure):
    """TokenFlow's matching flow between the tokens of a text and its video, text to video.

    ``plan[s, t] = e_t softmax_s(lam d_s c[s, t]) / n_words``; plan times similarity sums to s^T.
    Frames make a picture of words x frames; patches, where the file has them, a heat map of the
    weights d_s over the middle frame, the 6th of 12. Both are labelled with 100 x plan times
    similarity, as in the paper; the pieces of a word are one word there, their plan summed.

    Source: TokenFlow Figure 4, eq. 14 and 16.

    Attributes:
        text: id of the text; none: the one most similar to its video.
        lam: lambda >= 0.
        labels: strongest links that are labelled, with all of a third of the strongest or more.
        frames: folder with one folder of frames a video, to be drawn under the patches.

    Raises:
        InputError: there are no tokens to look at, no such text, or ``lam`` is negative.
    """

    text: str = ""
    lam: float = 10.0
    labels: int = 8
    frames: str = ""
    source = "TokenFlow Figure 4"
    normalized = False
    needs = "a feature file"

    def __post_init__(self) -> None:
        if self.lam < 0:
            raise InputError(f"lam must not be negative, it is {self.lam}.")

    def caption(self, case: Case) -> str:
        """Return the data alone: neither method nor norm changes the tokens."""
        return case.data()

    def data(self, case: Case) -> pd.DataFrame:
        """Return a row a piece of a word and visual token: weights, plan, contribution."""
        import pandas as pd

        features = case.features("links", "a feature file: it looks at the tokens")
        pair = self._pair(case)
        words, frames, text, video = _tokens(features, *pair)
        c = text["tokens"] @ video["tokens"].T
        d, e = video["tokens"] @ text["global"], text["tokens"] @ video["global"]
        logits = self.lam * d * c
        weight = np.exp(logits - logits.max(axis=1, keepdims=True))
        plan = e[:, None] * weight / weight.sum(axis=1, keepdims=True) / len(words)
        t, s = np.indices(c.shape)
        places, names = whole_words(words)
        whole = [names[place] for place in places]
        caption = text_captions(case.source)[pair[0]] or " ".join(names)
        return pd.DataFrame(
            {
                "text": case.source.text_ids[pair[0]],
                "caption": caption,
                "video": case.source.video_ids[pair[1]],
                "place": t.ravel(),
                "word": np.array(words)[t.ravel()],
                "of_word": np.array(places)[t.ravel()],
                "whole": np.array(whole)[t.ravel()],
                "word_weight": e[t.ravel()],
                "token": s.ravel(),
                "frame": frames[s.ravel()],
                "token_weight": d[s.ravel()],
                "similarity": c.ravel(),
                "plan": plan.ravel(),
                "contribution": (plan * c).ravel(),
                "patches": _has_patches(features),
            }
        )

    def _pair(self, case: Case) -> tuple[int, int]:
        """Return the rows of text and video."""
        truth, ids = case.source.truth, case.source.text_ids
        if not self.text:
            right = np.asarray(case.sim.flat().t2v)[truth.text, truth.video]
            best = int(right.argmax())
            return int(truth.text[best]), int(truth.video[best])
        where = np.flatnonzero(ids == self.text)
        if not len(where):
            raise InputError(f"No text is called '{self.text}'.{did_you_mean(self.text, ids)}")
        return int(where[0]), int(truth.video[truth.text == where[0]][0])

    def height(self, data: pd.DataFrame) -> float:
        """Return the inches of a line a word, or of a frame above the bars of the words."""
        least = 2.4 if data["patches"].iloc[0] else 1.5
        return max(least, 0.9 + 0.14 * data["of_word"].nunique())

    def draw(self, data: pd.DataFrame, axes: Any) -> None:
        """Draw the links on the left, the weights of the words on the right."""
        rows = link_panels.merged(data)
        axes[0].get_gridspec().set_width_ratios([7, 2])
        if data["patches"].iloc[0]:
            link_panels.patches(data, axes[0], self.labels, self.frames)
        else:
            link_panels.words_by_frames(rows, axes[0], self.labels)
            share_y(axes)
        link_panels.words(rows, axes[1])
        link_panels.caption(data, axes[0].figure)


def _has_patches(features: Features) -> bool:
    levels = features.video.token_columns.get("level")
    return levels is not None and bool((np.asarray(levels[:]) == PATCH).any())


def _tokens(
    features: Features, text: int, video: int
) -> tuple[list[str], NDArray[Any], dict[str, Any], dict[str, Any]]:
    """Return words, the frame of each visual token, and both sides' tokens and global vector."""
    import torch

    from vrbench.alignments.engine.items import prepare

    sides = []
    for side, row, level in (
        (features.text, text, 0),
        (features.video, video, PATCH if _has_patches(features) else 0),
    ):
        stored = side.take([row])
        kind, on = torch.float64, torch.device("cpu")
        # the global vector belongs to the whole item, whatever level its tokens are read at
        whole = prepare(stored, kind, on)
        items = prepare(stored, kind, on, level)
        sides.append((items, whole.global_vectors[0].numpy()))
    (texts, text_global), (videos, video_global) = sides
    columns = texts.stored.token_columns
    n = len(texts.tokens)
    words = [str(word) for word in columns["words"]] if "words" in columns else _numbered(n)
    frames = videos.stored.token_columns.get("frame", np.arange(len(videos.tokens)))
    return (
        words,
        np.asarray(frames),
        {"tokens": texts.tokens.numpy(), "global": text_global},
        {"tokens": videos.tokens.numpy(), "global": video_global},
    )


def _numbered(n: int) -> list[str]:
    return [f"token {i}" for i in range(n)]
