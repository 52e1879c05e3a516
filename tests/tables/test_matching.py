"""Which results stand beside which published rows."""

from __future__ import annotations

import pytest
from sample_results import TRAIN_BANK, sample_result

from vrbench import published
from vrbench.results import labels
from vrbench.tables import matching, paper_table
from vrbench.tables.formats import UNMEASURED, Section


def texts(section: Section) -> dict[str, list[str]]:
    return {line.labels[-1]: [cell.text for cell in line.cells] for line in section.lines}


@pytest.mark.parametrize("spec", ["tokenflow", "tokenflow:lam=5", "global+emd", "global"])
def test_the_fine_part_alone_is_not_tokenflow(spec: str) -> None:
    [_, section] = paper_table("tokenflow-3", [sample_result(method=spec)]).sections
    assert texts(section)["TokenFlow (Ours)"] == [""] * 4


@pytest.mark.parametrize(
    ("norm", "fits"),
    [("ncl:gamma=0.07", True), ("ncl:gamma=0.070,iterations=9", True), ("ncl", False)],
)
def test_what_a_paper_gives_has_to_be_so_and_the_rest_is_free(norm: str, fits: bool) -> None:
    result = sample_result(norm=norm, bank=TRAIN_BANK)
    assert ("SSB + NCL" in texts(paper_table("ncl-4", [result]).sections[1])) != fits
    row = f"NCL (Ours): global, {norm}, bank train 1200 x 1000"
    assert row in texts(paper_table("ncl-1", [result]).sections[1])


def test_every_parameter_of_what_was_measured_is_printed_under_it() -> None:
    sum_ = sample_result(method="0.3*global+0.7*tokenflow")
    ncl = sample_result(method="global", norm="ncl", bank=TRAIN_BANK)
    plain = "No head: the features as they are; the paper's system is trained (vrbench reproduce"
    found = paper_table("tokenflow-3", [sum_]).sections[1].footnotes
    assert found[0] == "Parameters: tokenflow:lam=10,level=frame."
    assert found[1].startswith(plain)
    footnote, _ = paper_table("ncl-1", [ncl]).sections[1].footnotes
    assert footnote.startswith("Parameters: ncl:gamma=0.01,iterations=4,marginals=uniform,")
    odd = sample_result(sequence="later:x=1", method="global")
    assert matching.fill(published.load("tokenflow-3"), [odd]) == {}


def test_a_result_of_another_v2t_protocol_is_left_out_with_a_word() -> None:
    other = sample_result()
    own = sample_result(protocol={"ties": "mean", "v2t": "group-max"})
    found = paper_table("ncl-2", [other, own])
    [section] = [one for one in found.sections if one.kind == "measured"]
    assert "v2t group-max" in section.about
    assert texts(section)["CLIP4Clip (Luo et al., 2021): global"][0] == "8.4"
    [note] = [one for one in found.notes if "left out" in one]
    assert "Results under --v2t best-caption are left out" in note
    assert not any("left out" in one for one in paper_table("ncl-2", [own]).notes)


TRAINED = {
    "CLIP ViT-B/32 (zero-shot)": "zero-shot",
    "clip zero shot": "zero-shot",
    "CLIP4Clip, fine-tuned": "fine-tuned",
    "finetuned CLIP": "fine-tuned",
    "CLIP, not fine-tuned": "",
    "zero-shot or fine-tuned": "",
    "clip": "",
}


@pytest.mark.parametrize("encoder", TRAINED)
@pytest.mark.parametrize("name", ["tokenflow-1", "tokenflow-2", "tokenflow-4", "ucofia-9"])
def test_zero_shot_and_fine_tuned_rows_are_not_filled_by_one_result(
    name: str, encoder: str
) -> None:
    said = TRAINED[encoder]
    assert labels.training({"encoder": encoder, "split": None}) == said
    rows = {row.slot: row.measured_by for row in published.load(name).rows}
    table = paper_table(name, [sample_result(encoder=encoder)])
    [section] = [one for one in table.sections if one.kind == "measured"]
    filled = [line.labels[-1] for line in section.lines if line.source != UNMEASURED]
    assert [rows[label.removesuffix(": global")].training for label in filled] == (  # type: ignore[union-attr]
        [said] if said else []
    )
    notes = [note for note in table.notes if "is not filled by results on" in note]
    assert len(notes) == (1 if said else 2)


def test_a_fine_tuned_row_alone_is_filled_unless_the_encoder_says_otherwise() -> None:
    for encoder, said in TRAINED.items():
        [_, section] = paper_table("tokenflow-6", [sample_result(encoder=encoder)]).sections
        label = "CLIP-ViT-B/32 (fine-tune) [22] †: global"
        assert (label in texts(section)) == (said != "zero-shot")
