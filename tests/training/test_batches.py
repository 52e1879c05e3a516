"""Batches of an epoch: every text once, distinct videos, equal sizes."""

import numpy as np
import pytest
from heads import features, items

from vrbench.training.items import TrainingItems


def test_an_epoch_has_every_training_text_once_in_batches_of_distinct_videos() -> None:
    rng = np.random.default_rng(0)
    owner = np.sort(np.concatenate([np.arange(20), rng.integers(0, 19, 40), np.full(9, 3)]))
    text, video = items(rng, (2,) * len(owner), 4), items(rng, (3,) * 22, 4)
    made = TrainingItems.of(features(text, video, owner), 0.2, 0)
    assert len(made.trained) == 16
    assert len(made.held) == 4
    assert not {*made.trained} & {*made.held}
    seen = []
    for epoch in range(2):
        batches = list(made.batches(epoch, 5, 0))
        for batch in batches:
            assert 2 <= len(batch) <= 5
            assert len({*made.owner[batch]}) == len(batch)
        seen.append(np.concatenate(batches))
        np.testing.assert_array_equal(np.sort(seen[-1]), made.texts_of(made.trained))
        sizes = [len(batch) for batch in batches]
        assert max(sizes) - min(sizes) <= 1
        most = np.bincount(made.owner[made.texts_of(made.trained)]).max()
        assert len(batches) == max(-(-sum(sizes) // 5), most)
    assert not np.array_equal(seen[0], seen[1])


@pytest.mark.parametrize(
    ("counts", "size", "due"),
    [
        ((91, *(1,) * 9), 8, [2] * 9),  # nine others: the long one has no more
        ((30, 30, 30, *(2,) * 40), 128, [6] * 20 + [5] * 10),
        ((4, 3, 2), 2, [2] * 4),
        ((1, 1, 1, 1, 1), 2, [2, 2]),
        ((7, 1), 4, [2]),
    ],
)
def test_no_batch_has_a_video_alone(counts: tuple[int, ...], size: int, due: list[int]) -> None:
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(len(counts)), counts)
    text, video = items(rng, (1,) * len(owner), 4), items(rng, (1,) * len(counts), 4)
    made = TrainingItems.of(features(text, video, owner), 0, 0)
    drawn = set()
    for epoch in range(150):
        batches = list(made.batches(epoch, size, 0))
        assert sorted(map(len, batches), reverse=True) == due
        assert all(len({*made.owner[batch]}) == len(batch) for batch in batches)
        drawn |= {*np.concatenate(batches).tolist()}
    assert len(drawn) == len(owner)  # each has its turn
