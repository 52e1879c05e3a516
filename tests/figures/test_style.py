"""What every picture must be to stand in a paper's column."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from cli_runs import refused, run
from figure_cases import SPECS, bundled, drawn_once, numbers
from picture_texts import check_texts

from vrbench.errors import InputError
from vrbench.figures import drawing, figures
from vrbench.figures.plot import Look, picture, plot


def test_every_figure_is_tried_here() -> None:
    assert set(SPECS) == set(figures.classes())


@pytest.mark.parametrize("name", sorted(SPECS))
def test_text_is_of_7_to_9_points_inside_the_column(name: str) -> None:
    canvas = drawn_once(name)
    assert canvas.get_figwidth() == drawing.WIDTH
    assert canvas.get_figheight() < 5
    check_texts(canvas, name)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_there_is_no_title_above(name: str) -> None:
    # of links, the caption of the text
    assert (drawn_once(name).get_suptitle() != "") == (name == "links")


@pytest.mark.parametrize("name", ["links", "hubs", "modalities"])
def test_a_title_stands_above_where_it_is_asked_for(name: str) -> None:
    with drawing.styled():
        titled = picture(figures.parse(name), numbers(name), "of a $1", Look(title=True))
        titled.draw_without_rendering()
    legends = [legend.get_title().get_text() for legend in titled.legends]
    said = titled.get_suptitle() or legends[0]
    assert said.startswith(r"of a \$1")
    assert ("\u201c" in said) == (name == "links")
    check_texts(titled, name)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_colours_are_those_of_the_cycle_and_panels_beside_each_other_share_y(name: str) -> None:
    from matplotlib.colors import to_hex

    canvas = drawn_once(name)
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
    tmp_path: Path,
) -> None:
    figure, case = figures.parse("hubs"), bundled()
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
