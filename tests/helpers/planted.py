"""Toy features whose right pairs only one learnt alignment can see."""

import numpy as np
from heads import Array, features

from vrbench.features import Features

WIDTH, FRAMES, WORDS = 24, 4, 9


def unit(x: Array) -> Array:
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True))


def by_place(n: int, seed: int) -> Features:
    """Frame 1 and word 3 of a pair are alike; every other word is that of another pair.

    Frame 2 is the opposite of frame 1, so that the mean over all places has nothing of the pair;
    and by its best matches a text belongs as well to each pair that one of its words is of.
    """
    rng = np.random.default_rng(seed)
    names = unit(rng.standard_normal((n, WIDTH)))
    texts, videos = [], []
    for i, name in enumerate(names):
        others = rng.permutation(np.delete(np.arange(n), i))
        text, video = names[others[:WORDS]], names[others[-FRAMES:]]
        video[1], video[2], text[3] = name, -name, name
        videos.append(video)
        texts.append(text)
    return features(texts, videos, np.arange(n), seed)


def by_mark(n: int, seed: int) -> Features:
    """One token of an item, at any place, has the mark and says which pair it is.

    The others are of a few shared ones, of which some match in any two items: how many do says more
    than the pair, unless they weigh nothing.
    """
    rng = np.random.default_rng(seed)
    mark = np.zeros(WIDTH)
    mark[0] = 0.5
    shared = np.zeros((12, WIDTH))
    shared[:, 12:] = np.eye(12)
    texts: list[Array] = []
    videos: list[Array] = []
    for _ in range(n):
        name = np.zeros(WIDTH)
        name[1:12] = unit(rng.standard_normal(11))
        for side, count in ((videos, FRAMES), (texts, WORDS)):
            item = shared[rng.integers(0, 12, count)]
            item[rng.integers(count)] = name + mark
            side.append(item)
    return features(texts, videos, np.arange(n), seed)


def shuffled(given: Features, seed: int) -> Features:
    """The same items, each text with the video of another one."""
    from dataclasses import replace

    order = np.random.default_rng(seed).permutation(len(given.text))
    columns = {"video": given.text_video[order]}
    return replace(given, text=replace(given.text, item_columns=columns))
