"""Each figure's own points: what its picture must show, and how."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from figure_cases import canvas_of, numbers
from picture_texts import within

from vrbench.figures import drawing
from vrbench.figures.word_pieces import whole_words


def test_hubs_are_counted_from_zero_in_whole_numbers() -> None:
    canvas = canvas_of("hubs", numbers("hubs"))
    for panel in canvas.axes:
        assert panel.get_ylim()[0] == 0
        assert all(float(tick).is_integer() for tick in panel.get_yticks())


def test_pieces_of_a_word_are_one_word() -> None:
    places, words = whole_words(["a", "surf", "##board", "##er", "rides"])
    assert (places, words) == ([0, 1, 1, 1, 2], ["a", "surfboarder", "rides"])
    pieces = ["<|startoftext|>", "a</w>", "surf", "bo", "ard</w>", "<|endoftext|>"]
    places, words = whole_words(pieces)
    assert words == ["<|startoftext|>", "a", "surfboard", "<|endoftext|>"]
    assert places == [0, 1, 2, 2, 2, 3]
    assert whole_words(["##board", "a"]) == ([0, 1], ["##board", "a"])
    assert whole_words([]) == ([], [])


@pytest.mark.parametrize("frames", [3, 6])
def test_links_show_the_caption_whole_words_and_every_strong_cell(frames: int) -> None:
    data = numbers("links")
    data = data[data["token"] < frames]
    assert data["token"].nunique() == frames
    canvas = canvas_of("links", data)
    caption = str(data["caption"].iloc[0])
    assert " ".join(canvas.get_suptitle().split()).startswith(f"\u201c{caption}\u201d")
    links, _ = canvas.axes
    names = [label.get_text() for label in links.get_yticklabels()]
    assert " ".join(names).replace("#", "") == " ".join(names) == caption
    table, plan = (
        data.pivot_table(of, index="of_word", columns="token", aggfunc="sum").to_numpy()
        for of in ("contribution", "plan")
    )
    shown = {tuple(map(round, text.get_position()[::-1])): text.get_text() for text in links.texts}
    strong = {(int(i), int(j)) for i, j in np.argwhere(table >= table.max() / 3)}
    assert strong <= set(shown)
    for place, said in shown.items():
        t, product = 100 * plan[place], 100 * table[place]
        first, _, second = said.partition(drawing.TIMES)
        known = t if second else product
        assert (second != "") == (frames == 3)
        off = 0.51 if known > 9.9 else 0.051 if known > 0.9 else 0.0051
        assert float(first) == pytest.approx(known, abs=off)
        if second:
            assert float(second) == pytest.approx(product / t, abs=0.0051)


def test_errors_have_one_scale_and_gamma_above() -> None:
    first, second = canvas_of("normalization-error", numbers("normalization-error")).axes
    assert first.get_xlim() == second.get_xlim()
    for panel in (first, second):
        assert r"$\gamma$ = 0.01" in panel.get_title()


def test_equal_directions_take_one_panel() -> None:
    data = numbers("similarities")
    titles = [panel.get_title() for panel in canvas_of("similarities", data).axes]
    # cosines are symmetric, the norm is not
    both, *others = titles
    assert both == "Both directions, raw"
    assert others == ["Text to video, normalized", "Video to text, normalized"]
    changed = data.assign(count=data["count"].where(data.index > 0, 7))
    assert len(canvas_of("similarities", changed).axes) == 4
    recalls = numbers("recalls")
    mirrored = recalls[recalls["direction"] == "t2v"]
    both = pd.concat([mirrored, mirrored.assign(direction="v2t")])
    assert len(canvas_of("recalls", both).axes) == 1


def test_a_plane_without_a_gap_is_drawn_once() -> None:
    data = numbers("space")
    assert len(canvas_of("space", data).axes) == 2 - _moves_little(data)
    apart = data["x"] + 1.0 * (~data["centered"] & (data["side"] == "text"))
    assert len(canvas_of("space", data.assign(x=apart)).axes) == 2
    stored = data[~data["centered"]]
    same = pd.concat([stored, stored.assign(centered=True)])
    assert len(canvas_of("space", same).axes) == 1


def _moves_little(data: pd.DataFrame) -> bool:
    stored, centered = (data[data["centered"] == one][["x", "y"]] for one in (False, True))
    moved = np.abs(stored.to_numpy() - centered.to_numpy()).max()
    return bool(moved <= 0.02 * (stored.max() - stored.min()).max())


def test_noise_has_six_lines_a_panel_and_the_numbers_of_all() -> None:
    data = numbers("sequence-noise")
    assert data["sequence"].nunique() == 8
    for panel in canvas_of("sequence-noise", data).axes:
        assert len(panel.get_lines()) == 6
        assert len({line.get_marker() for line in panel.get_lines()}) == 6


def test_a_realignment_names_captions_and_has_true_minus_signs() -> None:
    data = numbers("realignment")
    named = data.assign(text="the first of the captions of a video that is long")
    named["similarity"] = named["similarity"].where(named.index > 0, -0.25)
    panels = canvas_of("realignment", named).axes
    assert len(panels) == 4
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert all(label.startswith("the first of the") and label.count("\n") == 2 for label in labels)
    assert "\u22120.25" in {text.get_text() for text in panels[0].texts}
    assert not any("-" in text.get_text() for panel in panels for text in panel.texts)


def test_a_queue_has_its_legend_inside_and_whole_numbers_at_the_ticks() -> None:
    canvas = canvas_of("queue-size", numbers("queue-size"))
    assert canvas.legends == []
    for panel in canvas.axes:
        assert within(panel.get_legend().get_window_extent(), panel.get_window_extent())
        shown = [label.get_text() for label in panel.get_xticklabels(which="both")]
        assert all(re.fullmatch(r"[\d,]*", text) for text in shown)
        assert any(shown)


def test_names_of_the_decomposition_are_formulas() -> None:
    lower = canvas_of("modalities", numbers("modalities")).axes[1]
    labels = [label.get_text() for label in lower.get_yticklabels()]
    assert all(r"$\langle" in label for label in labels)
    assert not lower.patches  # points, and no bars of no height
