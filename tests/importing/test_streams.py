"""Sound beside videos, and two visual streams side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from small_arrays import brought, save

from vrbench.errors import InputError
from vrbench.features import open_features
from vrbench.features.inspect import inspect_file
from vrbench.importing.to_features import import_arrays

Array = NDArray[Any]
RNG = np.random.default_rng(0)
NAMES = ["a", "b", "c"]
FIRST = [RNG.standard_normal((n, 4)) for n in (2, 4, 3)]
SECOND = [RNG.standard_normal((n, 2)) for n in (3, 6, 1)]


def arrays(**changes: Any) -> dict[str, Any]:
    given = {
        "video_tokens": np.concatenate(FIRST),
        "video_offsets": np.array([0, 2, 6, 9]),
        "video_ids": NAMES,
        "text": RNG.standard_normal((3, 4)),
        "text_video": [0, 1, 2],
    }
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def second(order: tuple[int, ...] = (0, 1, 2)) -> dict[str, Any]:
    some = [SECOND[i] for i in order]
    return {
        "video2_tokens": np.concatenate(some),
        "video2_offsets": np.cumsum([0, *map(len, some)]),
        "video2_ids": [NAMES[i] for i in order],
    }


def beside(first: Array, other: Array) -> Array:
    """Token j of L beside the nearest of l: floor(j l / L)."""
    longest = max(len(first), len(other))
    rows = [[one[j * len(one) // longest] for one in (first, other)] for j in range(longest)]
    return np.array([np.concatenate(row) for row in rows])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_the_shorter_stream_is_upsampled_and_joined(tmp_path: Path, order: tuple[int, ...]) -> None:
    with open_features(brought(tmp_path, arrays(**second(order)))) as features:
        for i, (first, other) in enumerate(zip(FIRST, SECOND, strict=True)):
            np.testing.assert_array_equal(
                features.video.block(i, i + 1).tokens, beside(first, other)
            )


def test_upsampling_is_pytorchs(tmp_path: Path) -> None:
    import torch

    with open_features(brought(tmp_path, arrays(**second()))) as features:
        stored = features.video.block(1, 2).tokens  # 4 tokens beside 6
    slow = torch.as_tensor(FIRST[1]).mT[None]
    fast = torch.nn.functional.interpolate(slow, size=6, mode="nearest")[0].mT
    np.testing.assert_array_equal(stored[:, :4], fast.numpy())


def test_padded_second_stream_and_globals(tmp_path: Path) -> None:
    longest = max(map(len, SECOND))
    padded = np.full((3, longest, 2), np.nan)
    mask = np.zeros((3, longest), bool)
    for i, rows in enumerate(SECOND):
        padded[i, : len(rows)], mask[i, : len(rows)] = rows, True
    globals_ = RNG.standard_normal((3, 4)), RNG.standard_normal((3, 2))
    given = {"video_global": globals_[0], "video2_global": globals_[1], "video2_ids": NAMES}
    given |= {"video2_tokens": padded, "video2_mask": mask}
    with open_features(brought(tmp_path, arrays(**given))) as features:
        np.testing.assert_array_equal(
            features.video.block(2, 3).tokens, beside(FIRST[2], SECOND[2])
        )
        np.testing.assert_array_equal(features.video.global_vectors[:], np.hstack(globals_))


def test_audio_is_stored_under_its_videos_names(tmp_path: Path) -> None:
    sound = RNG.standard_normal((2, 4))
    path = brought(tmp_path, arrays(audio=sound, audio_ids=["c", "a"]))
    with open_features(path) as features:
        assert features.audio is not None
        assert features.audio.ids.tolist() == ["c", "a"]
        np.testing.assert_array_equal(features.audio.tokens[:], sound)
    report = inspect_file(path)
    assert report.sound
    assert report.sides["audio"].items == 2


def test_unnamed_audio_is_paired_by_place(tmp_path: Path) -> None:
    sound = RNG.standard_normal((3, 4))
    with open_features(brought(tmp_path, arrays(video_ids=None, audio=sound))) as features:
        assert features.audio is not None
        assert features.audio.ids.tolist() == features.video.ids.tolist()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"audio": np.ones((3, 4))}, "names its videos but not the rows of audio"),
        ({"audio": np.ones((2, 4)), "video_ids": None}, "holds 2 audio and 3 video items"),
        ({"audio": np.ones((1, 4)), "audio_ids": ["x"]}, "names 'x' in audio_ids"),
        ({"audio": np.ones((1, 5)), "audio_ids": ["a"]}, "has audio 5 wide and video 4"),
        ({"bank_audio": np.ones((1, 4))}, "holds bank_audio but no bank_video"),
        ({"audio_ids": ["a"]}, "holds audio_ids but neither audio_tokens nor audio"),
        ({**second(), "video2_ids": None}, "names its videos but not the rows of video2"),
        ({**second(), "video2_ids": ["a", "b", "x"]}, "has no 'c' in video2_ids"),
        ({**second(), "video_ids": None}, "holds video2_ids but no video_ids"),
        ({**second(), "video_global": np.ones((3, 4))}, "of video or of video2 alone"),
        ({**second(), "video_level": np.zeros(9, int)}, "holds video2 beside levels"),
        ({**second(), "bank_video": np.ones((2, 4))}, "has bank_video 4 wide and video 6"),
    ],
)
def test_refusals(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    source, out = save(tmp_path / "given.npz", arrays(**changes)), tmp_path / "f.h5"
    with pytest.raises(InputError) as found:
        import_arrays(source, out)
    assert said in str(found.value)
    assert not out.exists()
