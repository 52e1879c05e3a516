"""What every picture must be to stand in a paper's column, and each figure's own points."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cli_runs import refused, run
from figure_cases import OF_PAIRS, bundled, labelled, long_videos

from vrbench.errors import InputError
from vrbench.evaluation.case import Case
from vrbench.figures import drawing, figures
from vrbench.figures.plot import Look, picture, plot
from vrbench.figures.word_pieces import whole_words

SPECS = {
    **{name: name for name in OF_PAIRS},
    "seen": "seen:orders=1,marks=2",
    "queue-size": "queue-size:least=500,draws=2",
    **{name: f"{name}:anchors=6,k=2" for name in ("anchors", "anchor-top")},
    "anchor-categories": "anchor-categories:anchors=6,k=2,least=3",
    "realignment": "realignment:planted=2",
    "sequence-noise": "sequence-noise:steps=1",
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    folder = tmp_path_factory.mktemp("cases")
    anchors, sequences = labelled(folder), long_videos(folder)
    of = {name: anchors for name in SPECS if name.startswith("anchor")}
    of |= dict.fromkeys(("realignment", "sequence-noise"), sequences)
    return {name: of.get(name) or bundled() for name in SPECS}


Numbers = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def numbers(cases: dict[str, Case]) -> Numbers:
    """The numbers of a figure, made when they are first asked for."""
    return cache(lambda name: figures.parse(SPECS[name]).data(cases[name]))


Canvases = Callable[[str], Any]


@pytest.fixture(scope="module")
def canvases(numbers: Numbers) -> Canvases:
    """A figure as it is drawn, once."""
    return cache(lambda name: canvas_of(name, numbers(name)))


def canvas_of(name: str, data: pd.DataFrame, width: float | None = None) -> Any:
    with drawing.styled():
        canvas = picture(figures.parse(SPECS[name]), data, "title", Look(width=width))
        canvas.draw_without_rendering()
    return canvas


def texts(canvas: Any) -> list[Any]:
    from matplotlib.text import Text

    found = canvas.findobj(lambda one: isinstance(one, Text) and one.get_visible())
    return [one for one in found if one.get_text().strip() and drawn(one)]


def drawn(text: Any) -> bool:
    """Whether a text is seen: ticks outside the limits of an axis are not."""
    return text.figure is not None and all(
        panel.get_visible() for panel in [text.axes] if panel is not None
    )


def test_every_figure_is_tried_here() -> None:
    assert set(SPECS) == set(figures.classes())


@pytest.mark.parametrize("name", sorted(SPECS))
def test_text_is_of_7_to_9_points_inside_the_column(name: str, canvases: Canvases) -> None:
    canvas = canvases(name)
    assert canvas.get_figwidth() == drawing.WIDTH
    assert canvas.get_figheight() < 5
    check_texts(canvas, name)


def check_texts(canvas: Any, name: str) -> None:
    """Every text has the size of the style, is inside the picture, and lies on no other."""
    boxes = []
    for text in visible(canvas):
        assert 7 <= text.get_fontsize() <= 9, text
        boxes.append((text, text.get_window_extent()))
    whole = canvas.bbox
    for text, box in boxes:
        assert within(box, whole), (name, text)
    for (one, a), (other, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        along = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, along) < 1.5, (name, one, other)


def within(box: Any, whole: Any) -> bool:
    """Whether a box is inside another, to a pixel."""
    across = whole.x0 - 1 <= box.x0 and box.x1 <= whole.x1 + 1
    return bool(across and whole.y0 - 1 <= box.y0 and box.y1 <= whole.y1 + 1)


def visible(canvas: Any) -> list[Any]:
    """Return the texts that are seen, ticks outside an axis left out."""
    ticks = set()
    for panel in canvas.axes:
        for axis in (panel.xaxis, panel.yaxis):
            shown = {id(tick) for tick in axis._update_ticks()}
            every = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            for tick in every:
                labels = (tick.label1, tick.label2)
                hidden = id(tick) not in shown or not panel.axison
                ticks |= {id(label) for label in labels if hidden or not label.get_visible()}
    return [one for one in texts(canvas) if id(one) not in ticks]


@pytest.mark.parametrize("name", sorted(SPECS))
def test_there_is_no_title_above(name: str, canvases: Canvases) -> None:
    # of links, the caption of the text
    assert (canvases(name).get_suptitle() != "") == (name == "links")


@pytest.mark.parametrize("name", ["links", "hubs", "modalities"])
def test_a_title_stands_above_where_it_is_asked_for(name: str, numbers: Numbers) -> None:
    with drawing.styled():
        titled = picture(figures.parse(name), numbers(name), "of a $1", Look(title=True))
        titled.draw_without_rendering()
    legends = [legend.get_title().get_text() for legend in titled.legends]
    said = titled.get_suptitle() or legends[0]
    assert said.startswith(r"of a \$1")
    assert ("\u201c" in said) == (name == "links")
    check_texts(titled, name)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_colours_are_those_of_the_cycle_and_panels_beside_each_other_share_y(
    name: str, canvases: Canvases
) -> None:
    from matplotlib.colors import to_hex

    canvas = canvases(name)
    allowed = {color.lower() for color in (*drawing.COLORS, drawing.GREY, "#000000")}
    rows: dict[int, list[Any]] = {}
    for panel in canvas.axes:
        for line in panel.get_lines():
            assert to_hex(line.get_color()) in allowed, name
        assert len({to_hex(line.get_color()) for line in panel.get_lines()}) <= 8
        if place := panel.get_subplotspec():
            rows.setdefault(place.rowspan.start, []).append(panel)
    for row in rows.values():
        assert len({panel.get_ylim() for panel in row}) == 1
        assert all(panel.get_ylabel() == "" for panel in row[1:]) or len(row) == 1


def test_a_picture_is_a_vector_with_its_text_and_title_and_the_same_bytes_again(
    tmp_path: Path, cases: dict[str, Case]
) -> None:
    figure, case = figures.parse("hubs"), cases["hubs"]
    for form in ("pdf", "svg", "png"):
        look = Look(form)
        written = [plot(figure, case, "hubs", tmp_path / f"{i}", look)[1] for i in range(2)]
        assert [path.suffix for path in written[0]] == [".csv", f".{form}"]
        first, again = (paths[1].read_bytes() for paths in written)
        assert first == again
    svg = (tmp_path / "0" / "hubs.svg").read_text()
    assert re.search(r"<text[^>]*>Text to video</text>", svg)
    assert f"<dc:title>{case.title()}</dc:title>" in svg
    assert 'width="241.2pt"' in svg  # 3.35 inches
    pdf = (tmp_path / "0" / "hubs.pdf").read_bytes()
    assert b"/FontFile2" in pdf or b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf


def test_a_width_is_that_of_the_picture(tmp_path: Path) -> None:
    out = tmp_path / "o"
    done = run("plot", "ranks", "--method", "global", "--norm", "none", "--out", out,
               "--format", "svg", "--width", "6.9", "--title", "-q")  # fmt: skip
    assert done.code == 0, done
    csv, svg = sorted(out.iterdir())
    assert (csv.suffix, svg.suffix) == (".csv", ".svg")
    assert 'width="496.8pt"' in svg.read_text()
    assert "476 texts x 476 videos" in re.sub(r"<dc:title>.*?</dc:title>", "", svg.read_text())
    for width in ("1.9", "20.1", "nan"):
        refused("plot", "ranks", "--width", width, "-q", says="width is from 2 to 20 inches")
    with pytest.raises(InputError, match=r"A picture is pdf, png or svg, not 'jpg'\."):
        Look("jpg")  # type: ignore[arg-type]


def test_hubs_are_counted_from_zero_in_whole_numbers(numbers: Numbers) -> None:
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
def test_links_show_the_caption_whole_words_and_every_strong_cell(
    frames: int, numbers: Numbers
) -> None:
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


def test_errors_have_one_scale_and_gamma_above(numbers: Numbers) -> None:
    first, second = canvas_of("normalization-error", numbers("normalization-error")).axes
    assert first.get_xlim() == second.get_xlim()
    for panel in (first, second):
        assert r"$\gamma$ = 0.01" in panel.get_title()


def test_equal_directions_take_one_panel(numbers: Numbers) -> None:
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


def test_a_plane_without_a_gap_is_drawn_once(numbers: Numbers) -> None:
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


def test_noise_has_six_lines_a_panel_and_the_numbers_of_all(
    numbers: Numbers,
) -> None:
    data = numbers("sequence-noise")
    assert data["sequence"].nunique() == 8
    for panel in canvas_of("sequence-noise", data).axes:
        assert len(panel.get_lines()) == 6
        assert len({line.get_marker() for line in panel.get_lines()}) == 6


def test_a_realignment_names_captions_and_has_true_minus_signs(
    numbers: Numbers,
) -> None:
    data = numbers("realignment")
    named = data.assign(text="the first of the captions of a video that is long")
    named["similarity"] = named["similarity"].where(named.index > 0, -0.25)
    panels = canvas_of("realignment", named).axes
    assert len(panels) == 4
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert all(label.startswith("the first of the") and label.count("\n") == 2 for label in labels)
    assert "\u22120.25" in {text.get_text() for text in panels[0].texts}
    assert not any("-" in text.get_text() for panel in panels for text in panel.texts)


def test_a_queue_has_its_legend_inside_and_whole_numbers_at_the_ticks(
    numbers: Numbers,
) -> None:
    canvas = canvas_of("queue-size", numbers("queue-size"))
    assert canvas.legends == []
    for panel in canvas.axes:
        assert within(panel.get_legend().get_window_extent(), panel.get_window_extent())
        shown = [label.get_text() for label in panel.get_xticklabels(which="both")]
        assert all(re.fullmatch(r"[\d,]*", text) for text in shown)
        assert any(shown)


def test_names_of_the_decomposition_are_formulas(numbers: Numbers) -> None:
    lower = canvas_of("modalities", numbers("modalities")).axes[1]
    labels = [label.get_text() for label in lower.get_yticklabels()]
    assert all(r"$\langle" in label for label in labels)
    assert not lower.patches  # points, and no bars of no height
