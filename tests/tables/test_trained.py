"""Which heads the rows of a table are trained with, and which results have such a head."""

from __future__ import annotations

from typing import Any

import pytest
from sample_results import TRAIN_BANK, sample_result

from vrbench import published
from vrbench.alignments import parse_method
from vrbench.errors import InputError
from vrbench.heads import parse_head
from vrbench.losses import parse_loss
from vrbench.published import MeasuredBy
from vrbench.tables import paper_table
from vrbench.tables.formats import Section, Table
from vrbench.tables.matching import fill, slots, without_head
from vrbench.tables.trained import Recipe, missing, obstacle, recipe, twin

SUM = "0.5*global+0.5*tokenflow"
DISTILLED = "momentum:ema=0.95,queue=16"


def learnt(method: str, loss: str | None = "infonce", head: str = "linear", **changes: Any) -> Any:
    """A result with a head that was trained with its own method, but for what is changed."""
    of = {"method": method, "seed": 0, "epochs": 3, "best": 2}
    of |= {"features": {"file": "t.h5", "sha256": "1"}}
    file = {"file": f"{head}.safetensors", "sha256": "0", "head": head, "loss": loss}
    return sample_result(method=method, head={**file, **of, **changes.pop("of", {})}, **changes)


def rows_of(name: str, *results: Any) -> list[str]:
    return sorted(fill(published.load(name), results))


def measured(table: Table) -> Section:
    [section] = [one for one in table.sections if one.kind == "measured"]
    return section


def test_what_tables_name_can_be_read_and_is_a_spec() -> None:
    found = [s for t in map(published.load, published.names()) for s in slots(t).values()]
    trained = [slot for slot in found if slot.loss]
    assert len(trained) == 102
    for slot in trained:
        assert parse_loss(slot.loss).parts
        assert not slot.head or parse_head(slot.head).spec == slot.head
        assert not missing(slot)
        assert slot.training != "zero-shot"
        assert (slot.queue == 16384) == slot.loss.removeprefix("15*").startswith("ncl")
    assert {slot.loss for slot in found if slot.training == "zero-shot"} == {""}


@pytest.mark.parametrize(
    ("slot", "method", "base", "expected"),
    [
        (MeasuredBy(loss="infonce"), "max-avg", "linear", Recipe("linear", "max-avg", "infonce")),
        (
            MeasuredBy(loss="ncl", queue=9),
            "tokenflow:lam=10",
            "linear:width=4",
            Recipe("linear:width=4", "tokenflow", "ncl", 9),
        ),
        (
            MeasuredBy(loss="infonce", head="learnable"),
            "learnable",
            "linear",
            Recipe("linear+learnable", "learnable", "infonce"),
        ),
        (
            MeasuredBy(loss="infonce", head="learnable"),
            "learnable",
            "linear+learnable:frames=9+wti",
            Recipe("linear+learnable:frames=9", "learnable", "infonce"),
        ),
        (MeasuredBy(loss="infonce"), "max-avg", "learnable", None),
        (
            MeasuredBy(loss="infonce", head="learnable"),
            "learnable",
            "wti",
            Recipe("learnable", "learnable", "infonce"),
        ),
    ],
)
def test_the_head_of_a_row(
    slot: MeasuredBy, method: str, base: str, expected: Recipe | None
) -> None:
    assert recipe(slot, method, base) == expected


def test_what_vrbench_does_not_have_is_named() -> None:
    assert missing(MeasuredBy(loss="later:a=1", head="linear")) == "vrbench has no loss later yet"
    slot = MeasuredBy(loss="infonce+0.1*later", head="x:k=3")
    assert missing(slot) == "vrbench has no head x and no loss later yet"
    with pytest.raises(InputError, match="Unknown head 'linaer'"):
        recipe(MeasuredBy(loss="infonce"), "max-avg", "linaer")


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("infonce", ["TokenFlow (Ours)"]),
        (DISTILLED, ["TokenFlow + MD (Ours)"]),
        (f"{DISTILLED},alpha=0.5", ["TokenFlow + MD (Ours)"]),
        ("momentum", []),
        ("infonce+0.1*triplet", []),
        ("2*infonce", []),
        ("of-a-plug-in", []),
        (None, []),
    ],
)
def test_a_head_belongs_to_the_row_of_its_loss(loss: str | None, expected: list[str]) -> None:
    assert rows_of("tokenflow-1", learnt(SUM, loss)) == expected


def test_the_weight_of_a_loss_is_the_paper_s() -> None:
    for loss, fits in (("15*ncl:gamma=0.07", True), ("15.0*ncl:gamma=0.07,iterations=9", True),
                       ("ncl:gamma=0.07", False), ("15*ncl", False)):  # fmt: skip
        one = learnt("global", loss, norm="ncl:gamma=0.07", bank=TRAIN_BANK)
        assert (rows_of("ncl-4", one) != []) == fits, loss


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"of": {"method": "max-avg"}}, "its head was trained with max-avg"),
        ({"of": {"method": None}}, "its head was trained with an unknown method"),
        ({"head": "linear+wti"}, "its head is linear+wti, the row learns none of its own"),
        ({"loss": None}, "its head was not trained"),
        ({"loss": "ncl"}, "its loss is ncl, the row's infonce"),
    ],
)
def test_another_training_is_left_out_with_a_word(changes: dict[str, Any], says: str) -> None:
    one = learnt("scan", **changes)
    table = paper_table("tokenflow-5", [one])
    assert rows_of("tokenflow-5", one) == []
    [note] = [note for note in table.notes if "is not beside" in note]
    assert note.startswith("scan, head linear")
    assert note.endswith(f" is not beside SCAN [14]: {says}.")
    assert measured(table).heading == "Measured here: nothing yet"


def test_a_row_s_own_head_is_needed_and_may_have_parameters() -> None:
    for head, fits in (("linear+learnable", True), ("learnable:frames=80", True),
                       ("linear", False), ("linear+learnable+wti", False)):  # fmt: skip
        one = learnt("learnable", head=head)
        assert rows_of("tokenflow-5", one) == (["Learnable [28]"] if fits else []), head
    slot = slots(published.load("tokenflow-5"))["Learnable [28]"]
    assert "the row learns learnable" in obstacle(slot, learnt("learnable"))


def test_a_row_of_any_method_takes_the_head_of_that_method() -> None:
    assert rows_of("ncl-5", learnt("wti", head="linear+wti")) == ["None (Luo et al., 2021)"]
    assert rows_of("ncl-5", learnt("scan", head="linear+wti")) == []


def test_zero_shot_rows_have_no_head() -> None:
    assert rows_of("tokenflow-1", learnt("global", encoder="CLIP zero-shot")) == ["CLIP4Clip [20]"]
    assert rows_of("tokenflow-1", learnt("global")) == ["CLIP4Clip [20]"]
    videoclip = "VideoCLIP (Xu et al., 2021)"
    assert rows_of("norton-5", learnt("global")) == [videoclip]
    zero_shot = sample_result(encoder="VideoCLIP zero-shot")
    assert rows_of("norton-5", zero_shot) == [f"zero-shot: {videoclip}"]


def test_without_a_head_a_result_is_of_one_of_two_rows_that_the_loss_tells_apart() -> None:
    assert rows_of("tokenflow-1", sample_result(method=SUM)) == ["TokenFlow (Ours)"]
    found = slots(published.load("tokenflow-1"))
    assert twin(found, found["TokenFlow + MD (Ours)"]) == "TokenFlow (Ours)"
    assert twin(found, found["TokenFlow (Ours)"]) is None
    assert twin(found, found["CLIP4Clip [20]"]) is None  # the row above has no loss
    notes = paper_table("tokenflow-1", [sample_result(method=SUM)]).notes
    assert [note for note in notes if note.startswith("Left empty")] == [
        "Left empty: TokenFlow + MD (Ours): only its loss, momentum:ema=0.95,queue=16, tells it "
        "from TokenFlow (Ours) (vrbench reproduce tokenflow-1 --train)."
    ]


def test_most_rows_need_no_head() -> None:
    needing = {
        (name, label)
        for name in published.names()
        for label, slot in slots(published.load(name)).items()
        if without_head(published.load(name), slot)
    }
    assert needing == {
        *((f"tokenflow-{i}", "TokenFlow + MD (Ours)") for i in range(1, 5)),
        *((f"tokenflow-{i}", "Learnable [28]") for i in (5, 6)),
        *((f"norton-{i}", "Norton (Ours)") for i in (3, 4, 5, 6, 9)),
        *(("norton-7", row) for row in list(slots(published.load("norton-7")))[1:]),
        *(
            (f"norton-{i}", f"{setting}: Norton (Ours)")
            for i in (1, 2)
            for setting in ("Cap. Avg.", "DTW", "OTAM")
        ),
        *((f"modality-structure-{i}", "Ours") for i in (1, 2, 4)),
        ("modality-structure-3", "visual CLIP, text CLIP: Ours"),
        *(
            ("modality-structure-5", f"{o}λ_nce 1.0, λ_sspc {i}.0")
            for o, i in (("", 2), ("Ours: ", 1))
        ),
        *(("modality-structure-6", row) for row in ("CM 0, MS 1", "CM 1, MS 0")),
        ("modality-structure-7", "Approach 1 (Ours)"),
    }


def test_both_kinds_stand_apart_and_say_what_they_are() -> None:
    table = paper_table("tokenflow-5", [sample_result(method="scan"), learnt("scan")])
    section = measured(table)
    assert [line.labels[0] for line in section.lines if "SCAN" in line.labels[0]] == [
        "SCAN [14]: scan, head linear (infonce, linear.safetensors)",
        "SCAN [14]: scan",
    ]
    heads = [text for text in section.footnotes if text.startswith("Head ")]
    assert heads == [
        "Head linear.safetensors: linear, trained with scan and infonce on t.h5, epoch 2 of 3, "
        "seed 0."
    ]
    assert any(text.startswith("No head in SCAN [14]: ") for text in section.footnotes)
    alone = measured(paper_table("tokenflow-5", [learnt("scan")]))
    assert not any(text.startswith("No head") for text in alone.footnotes)


def test_an_encoder_that_is_fine_tuned_was_trained() -> None:
    found = measured(paper_table("tokenflow-5", [sample_result(encoder="CLIP, fine-tuned")]))
    assert found.lines[0].labels == ("CLIP4Clip [20]: global",)


def test_methods_of_the_table_can_be_trained() -> None:
    for slot in slots(published.load("tokenflow-5")).values():
        found = recipe(slot, slot.method, "linear")
        assert found is not None
        assert parse_method(found.method).spec == found.method
        assert found.head == ("linear+learnable" if slot.head else "linear")
