"""Links of patches: which frame, which labels."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from small_features import tokens_of

from vrbench.evaluation.evaluation import Evaluation
from vrbench.features.writer import FeatureWriter
from vrbench.figures import drawing, figures, link_panels
from vrbench.figures.plot import Look, picture, plot


@pytest.mark.parametrize(("frames", "middle"), [(1, 0), (3, 1), (4, 1), (12, 5)])
def test_the_middle_of_twelve_frames_is_the_sixth_as_in_the_paper(frames: int, middle: int) -> None:
    import pandas as pd
    from matplotlib.figure import Figure as Sheet

    frame = np.repeat(np.arange(frames), 4)
    data = pd.DataFrame({"frame": frame, "token": np.arange(len(frame)), "place": 0, "word": "a"})
    data = data.assign(video="v", contribution=0.1, token_weight=np.arange(len(frame)) / 100)
    data = data.assign(of_word=0, whole="a", word_weight=1.0, plan=0.1)
    panel = Sheet().subplots()
    link_panels.patches(data, panel, 2, "")
    assert f"frame {middle}:" in panel.get_title()
    (heat,) = panel.get_images()
    assert np.asarray(heat.get_array()).min() == pytest.approx(4 * middle / 100)


def test_links_of_patches_are_drawn_over_the_middle_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    video = [rng.normal(size=(3 + 3 * 9, 8)) for _ in range(2)]
    columns = {
        "level": np.tile([0] * 3 + [1] * 27, 2).astype(np.uint8),
        "frame": np.tile([0, 1, 2, *np.repeat([0, 1, 2], 9)], 2),
    }
    with FeatureWriter(tmp_path / "p.h5", {"dataset": "p"}, "float32") as writer:
        writer.append("video", replace(tokens_of(video), token_columns=columns))
        texts = [rng.normal(size=(4, 8)) for _ in range(2)]
        writer.append("text", tokens_of(texts, "text", video=[0, 1]))
        writer.finish()
    of_patches = Evaluation.open(tmp_path / "p.h5").case("global")
    data, files = plot(figures.parse("links:text=text1"), of_patches, "links", tmp_path)
    assert len(data) == 4 * 27
    assert data["frame"].tolist() == 4 * [*np.repeat([0, 1, 2], 9)]
    assert len(files) == 3
    with drawing.styled():
        canvas = picture(figures.parse("links:text=text1,labels=4"), data, "", Look())
        canvas.draw_without_rendering()
    heat, _, _ = canvas.axes
    colors = [text.get_color() for text in heat.texts]
    assert colors == [link_panels.MORE] * colors.count(link_panels.MORE) + [link_panels.LESS] * (
        len(colors) - colors.count(link_panels.MORE)
    )
    assert len(set(colors)) == 2
    boxes = [text.get_window_extent() for text in heat.texts]
    for one, other in combinations(boxes, 2):
        across = min(one.x1, other.x1) - max(one.x0, other.x0)
        assert min(across, min(one.y1, other.y1) - max(one.y0, other.y0)) < 1
