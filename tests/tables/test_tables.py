from __future__ import annotations

from typing import Any

import pytest
from sample_results import TEST_BANK, TRAIN_BANK, sample_result

from vrbench import published
from vrbench.errors import InputError
from vrbench.tables import csv, markdown, paper_table
from vrbench.tables.formats import UNMEASURED, Section
from vrbench.tables.matching import fill

OTHER_DATA = "Measured here on other data: not comparable with the rows above"


def texts(section: Section) -> dict[str, list[str]]:
    return {line.labels[-1]: [cell.text for cell in line.cells] for line in section.lines}


GOLDEN = """\
## tokenflow-6: Ablation study for the different fine-grained cross-modal aligning strategy on \
Flickr30K dataset

### Published

Flickr30K, Karpathy test. Source: TokenFlow (Zou et al.), Table 6. \
Bold: best, as the paper marks it.

| published                        |  t2v R@1 |  t2v R@5 | t2v R@10 |
| -------------------------------- | -------: | -------: | -------: |
| CLIP-ViT-B/32 (fine-tune) [22] † |     74.1 |     93.4 |     96.7 |
| Uniform [28]                     |     67.6 |     89.9 |     93.8 |
| Learnable [28]                   |     69.8 |     90.5 |     94.3 |
| Max-Avg [28]                     |     73.8 |     92.4 |     95.7 |
| SCAN [14]                        |     70.1 |     90.5 |     94.6 |
| EMD                              |     72.2 |     91.6 |     95.1 |
| TokenFlow (Ours)                 | **75.2** | **93.8** | **96.0** |

### Measured here on other data: not comparable with the rows above

msrvtt-476 test, 476 texts x 476 videos; encoder toy; ties mean; v2t best-caption; \
features 0123456789ab; bank none

| measured                                      | t2v R@1 | t2v R@5 | t2v R@10 |
| --------------------------------------------- | ------: | ------: | -------: |
| CLIP-ViT-B/32 (fine-tune) [22] †: global [^1] |     8.4 |    23.8 |     32.4 |
| Uniform [28]                                  |         |         |          |
| Learnable [28]                                |         |         |          |
| Max-Avg [28]                                  |         |         |          |
| SCAN [14]                                     |         |         |          |
| EMD                                           |         |         |          |
| TokenFlow (Ours)                              |         |         |          |

No head: the features as they are; the paper's system is trained (vrbench reproduce tokenflow-6 \
--train FEATURES learns a head on them).
"""


def test_golden_markdown() -> None:
    text = markdown(paper_table("tokenflow-6", [sample_result()]))
    table, _, notes = text.partition("\nNotes:\n")
    assert table == GOLDEN
    assert notes.endswith(
        "[^1]: global-1a2b.json; vrbench 0.1.0; 2026-11-21T10:00:00; features 0123456789ab\n"
    )


@pytest.mark.parametrize("name", published.names())
def test_results_never_change_published_rows(name: str) -> None:
    results = [sample_result(), sample_result(norm="ncl", bank=TRAIN_BANK)]
    without, given = paper_table(name, []), paper_table(name, results)
    assert given.sections[0] == without.sections[0]
    assert given.sections[0].kind == "published"
    assert {section.kind for section in given.sections[1:]} <= {"measured", "claimed"}


def test_what_was_not_measured_is_empty() -> None:
    [_, section] = paper_table("tokenflow-5", []).sections
    assert section.heading == "Measured here: nothing yet"
    assert len(section.lines) == 7
    for line in section.lines:
        assert line.source == UNMEASURED
        assert [(cell.value, cell.text) for cell in line.cells] == [(None, "")] * 4


def test_a_metric_that_a_result_lacks_is_empty() -> None:
    [_, section] = paper_table("tokenflow-3", [sample_result()]).sections
    assert texts(section)["CLIP4Clip [20]: global"] == ["8.4", "23.8", "", "27.5"]


def test_several_results_for_a_row_are_all_shown() -> None:
    specs = ["0.5*global+0.5*tokenflow", "0.5*global+0.5*tokenflow:lam=5", "tokenflow+1e-05*global"]
    results = [sample_result(method=spec) for spec in [*specs, "global", "lse", None]]
    [_, section] = paper_table("tokenflow-3", results).sections
    assert list(texts(section)) == [
        "CLIP4Clip [20]: global",
        *(f"TokenFlow (Ours): {spec}" for spec in specs),
        "TokenFlow + MD (Ours)",
    ]


@pytest.mark.parametrize("spec", ["emd", "emd:eps=1e-05", "emd:eps=1e+16"])
def test_parameters_do_not_hide_the_method(spec: str) -> None:
    [_, section] = paper_table("tokenflow-5", [sample_result(method=spec)]).sections
    assert texts(section)[f"EMD: {spec}"] == ["8.4", "23.8", "32.4", "27.5"]


def test_normalized_and_sequence_results_are_not_ablation_rows() -> None:
    results = [sample_result(norm="ncl", bank=TRAIN_BANK), sample_result(sequence="dtw")]
    assert paper_table("tokenflow-5", results) == paper_table("tokenflow-5", [])


def test_ncl_5_has_any_method_and_says_what_the_bank_was() -> None:
    results = [
        sample_result(method=None, norm="ncl", bank=TEST_BANK),
        sample_result(method="scan", norm="ncl:gamma=0.05", bank=TRAIN_BANK),
        sample_result(norm="ncl", bank={"kind": "rolling", "n_text": None, "n_video": None}),
    ]
    [_, section] = paper_table("ncl-5", results).sections
    assert list(texts(section)) == [
        "None (Luo et al., 2021)",
        "Train queries: scan, ncl:gamma=0.05, bank train 1200 x 1000",
        "Test queries (oracle): given similarities, ncl, bank test 476 x 476 (transductive)",
    ]
    assert "bank test 476 x 476 (transductive)" in section.about
    assert "bank train 1200 x 1000" in section.about


def test_each_dataset_and_protocol_has_a_separate_section() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"dataset": "coco"},
        {"protocol": {"ties": "optimistic", "v2t": "best-caption"}},
        {"limit": 9, "n_video": 9},
        {"encoder": "clip"},
    ]
    results = [sample_result(**change) for change in changes]
    sections = [b for b in paper_table("ncl-1", results).sections if b.kind == "measured"]
    assert [section.heading for section in sections] == [OTHER_DATA] * 5
    assert len({section.about for section in sections}) == 5
    assert "(limited)" in sections[3].about


def test_the_tables_own_test_set_is_recognized_by_name_split_and_size() -> None:
    own = sample_result(dataset="msrvtt", split="1k-A", n_text=1000, n_video=1000)
    assert "same test set" in paper_table("ncl-3", [own]).sections[1].heading
    part = own | {"n_video": 476}
    assert paper_table("ncl-3", [part]).sections[1].heading == OTHER_DATA
    assert paper_table("ncl-1", [own]).sections[1].heading == OTHER_DATA


def test_columns_and_rows_of_several_datasets_are_measured_once() -> None:
    columns = paper_table("tokenflow-4", [sample_result()]).sections[1].columns
    assert [column.label for column in columns] == ["t2v R@1", "t2v R@5", "t2v R@10"]
    section = paper_table("ncl-4", [sample_result()]).sections[1]
    assert list(texts(section)) == ["SSB (Patrick et al., 2021): global", "SSB + NCL"]


def test_shares_of_videos_are_measured_in_percent() -> None:
    results = [sample_result(method="ucofia"), sample_result()]
    [_, section] = paper_table("ucofia-figure-5", results).sections
    assert texts(section)["without Sinkhorn-Knopp: ucofia"] == ["41.2", "30.0", "28.7", ""]


def test_rows_of_sequences_are_measured_by_sequences() -> None:
    results = [sample_result(sequence="dtw:offset=1"), sample_result()]
    section = paper_table("norton-1", results).sections[1]
    assert [line.source != UNMEASURED for line in section.lines] == [
        *(False, False, True, False, False, False)  # VideoCLIP and Norton by each alignment
    ]


def behind(loss: str) -> dict[str, Any]:
    """A linear head that was trained with a loss."""
    about = {"file": "h.safetensors", "sha256": "0", "head": "linear", "method": "global"}
    return {**about, "loss": loss}


def test_a_row_with_columns_of_clips_and_of_sequences_is_measured_by_both() -> None:
    head = behind("clip-caption+0.1*video-paragraph:bucket=0.5")
    results = [sample_result(head=head, sequence=one) for one in (None, "dtw", "otam")]
    filled = fill(published.load("norton-7"), results)
    assert [name[0] for name in filled] == ["I"]
    assert list(filled.values()) == [results[:2]]


@pytest.mark.parametrize(
    ("name", "loss", "row"),
    [
        ("modality-structure-6", "infonce+sspc:anchors=16,k=8", "Ours: CM 1, MS 1"),
        ("modality-structure-6", "infonce+sspc:ms=false", "CM 1, MS 0"),
        ("modality-structure-7", "infonce+sspc:approach=2", "Approach 2"),
    ],
)
def test_losses_that_differ_in_their_terms_fill_one_row(name: str, loss: str, row: str) -> None:
    assert list(fill(published.load(name), [sample_result(head=behind(loss))])) == [row]


def test_notes_name_slips_conflicts_and_missing_methods() -> None:
    notes = paper_table("tokenflow-1", []).notes
    assert any("13.6 stands against 13.3 (CAMoE [4])" in note for note in notes)
    assert any("43.1 (ncl-3), 44.5 (tokenflow-1, ucofia-9)" in note for note in notes)
    [note] = [n for n in paper_table("tokenflow-5", []).notes if "needs a head" in n]
    assert note.startswith("Left empty: Learnable [28]: learnable needs a head (vrbench reproduce")


def test_a_learnt_row_is_measured_behind_a_head_only() -> None:
    head = {"file": "h.safetensors", "sha256": "0", "head": "learnable", "loss": "infonce"}
    head |= {"method": "learnable"}
    for given, expected in ((None, False), (head, True)):
        table = paper_table("tokenflow-5", [sample_result(method="learnable", head=given)])
        assert ("8.4" in str(texts(table.sections[-1]))) is expected
        assert any("needs a head" in note for note in table.notes) is not expected


def test_claimed_gains_stand_apart_and_are_no_cells() -> None:
    table = paper_table("ucofia-13", [])
    section = table.sections[-1]
    assert (section.kind, [line.cells[0].text for line in section.lines]) == (
        "claimed",
        ["3.3", "", ""],
    )
    assert csv(table).count(",published,") == 6


def test_unknown_table() -> None:
    with pytest.raises(InputError, match="Unknown table 'ncl-6'"):
        paper_table("ncl-6", [])
