"""``eval --head``: what a head does to a result, what is refused, and its bank."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from heads import features, items, linear, mlp
from planted import by_mark

import vrbench
from vrbench.alignments import parse_method
from vrbench.alignments.engine.driver import score
from vrbench.errors import InputError
from vrbench.evaluation.evaluation import Evaluation
from vrbench.evaluation.run import Output
from vrbench.features import Features
from vrbench.heads.applied import apply_side
from vrbench.heads.head import Head
from vrbench.results import labels
from vrbench.results.result import Result


def one(given: Any, *args: Any, **options: Any) -> Result:
    (result,) = vrbench.evaluate(given, *args, **options)
    return result


@pytest.fixture(scope="module")
def trained() -> Head:
    options: dict[str, Any] = {"epochs": 12, "batch": 32, "lr": 0.02, "patience": 12}
    return vrbench.train(by_mark(160, 0), "wti", queue=100, **options)


def test_a_head_brings_its_method_and_stands_in_the_result(trained: Head, tmp_path: Path) -> None:
    trained.save(tmp_path / "h.safetensors")
    test = by_mark(80, 1)
    result = one(test, head=tmp_path / "h.safetensors").to_dict()
    assert result["method"] == "wti"
    assert result["metrics"]["t2v"]["R@1"] > 90 > 20 > one(test, "wti")["metrics"]["t2v"]["R@1"]
    read = vrbench.heads.load(tmp_path / "h.safetensors")
    assert result["head"] == {
        "file": "h.safetensors",
        "sha256": read.sha256,
        "head": "wti",
        "loss": "infonce",
        "method": "wti",
        "seed": 0,
        "epochs": 12,
        "best": read.about["best"],
        "features": {"file": "heads.py", "sha256": read.about["features"]["sha256"]},
    }
    assert one(test)["head"] is None
    assert one(test)["method"] == "tokenflow"
    assert one(test, "max-avg", head=trained)["method"] == "max-avg"


def test_all_sides_go_through_the_head() -> None:
    rng = np.random.default_rng(0)
    arrays = linear(rng, 6, text=5, video=7)
    made = features(items(rng, (2, 3, 1) * 4, 5), items(rng, (4, 2) * 6, 7), np.arange(12))
    bank = features(items(rng, (2,) * 9, 5), items(rng, (4,) * 9, 7), np.arange(9), 1)
    with_bank = Features(made.path, made.attrs, made.video, made.text, bank.video, bank.text)
    result = one(with_bank, "max-avg", "ncl", head=arrays)
    head = Head.of_arrays(arrays)
    sides = {n: apply_side(head, n, getattr(made, n)) for n in ("text", "video")}
    banks = {n: apply_side(head, n, getattr(bank, n)) for n in ("text", "video")}
    method = parse_method("max-avg")
    sim = score(sides["text"], sides["video"], method)
    known = {
        "t2v": score(banks["text"], sides["video"], method).t2v,
        "v2t": score(sides["text"], banks["video"], method).v2t,
    }
    expected = vrbench.normalize(sim, "ncl", bank=known)
    for d in ("t2v", "v2t"):
        ranks = vrbench.metrics.ranks(getattr(expected, d), made.text_video, d)
        np.testing.assert_array_equal(result.ranks[d], ranks)


@pytest.mark.parametrize("spec", ["linear", "wti", "linear+wti"])
def test_memory_blocks_and_workers_change_no_rank(
    spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vrbench.heads import applied

    rng = np.random.default_rng(0)
    width = 6 if "linear" in spec else 5
    arrays = linear(rng, 6, text=5, video=5) if "linear" in spec else {}
    if "wti" in spec:
        arrays |= {**mlp(rng, width, 4, "text"), **mlp(rng, width, 4, "video")}
    n = 40
    lengths = tuple(rng.integers(1, 6, n))
    made = features(items(rng, lengths, 5), items(rng, lengths[::-1], 5), np.arange(n))
    method = "wti" if "wti" in spec else "tokenflow"
    whole = one(made, method, head=arrays)
    assert len(np.unique(whole.ranks["t2v"])) > 5
    monkeypatch.setattr(applied, "VALUES", 30)
    found = one(made, method, head=arrays, workers=3)
    monkeypatch.setattr(applied, "spare", lambda wanted, *_: wanted // 2)  # tokens go to disk
    spooled = one(made, method, head=arrays)
    for d in ("t2v", "v2t"):
        np.testing.assert_array_equal(found.ranks[d], whole.ranks[d])
        np.testing.assert_array_equal(spooled.ranks[d], whole.ranks[d])


def test_a_head_is_not_evaluated_on_its_training_videos(trained: Head) -> None:
    with pytest.raises(InputError, match="trained on 160 of the 160 test videos"):
        vrbench.evaluate(by_mark(160, 0), head=trained)
    with pytest.raises(InputError, match="trained on 3 of the 3 test videos"):
        vrbench.evaluate(by_mark(160, 0), head=trained, limit=3)


def test_results_of_two_heads_are_two(trained: Head, tmp_path: Path) -> None:
    test = by_mark(40, 1)
    other = vrbench.train(by_mark(160, 0), "wti", epochs=0)
    names = set()
    for head in (None, trained, other):
        vrbench.evaluate(test, "wti", head=head, out=tmp_path)
        names |= {path.name for path in tmp_path.glob("*.json")}
    assert len(names) == 3
    said = [labels.method(one(test, "wti", head=h).to_dict()) for h in (None, trained)]
    assert said == ["wti", "wti, head wti (infonce)"]


def test_the_queue_is_the_bank(trained: Head, tmp_path: Path) -> None:
    test = by_mark(80, 1)
    result = one(test, norm="ncl", bank="head", head=trained)
    assert result["bank"] == {"kind": "train", "n_text": 100, "n_video": 100, "queue": "stale"}
    assert labels.bank(result.values).startswith("stale queue 100")
    assert any("queue" in note for note in result["notes"])
    last = one(test, norm="ncl", bank="head", head=trained, bank_limit=30)
    assert last["bank"]["n_text"] == 30
    trained.save(tmp_path / "h.safetensors")
    again = one(test, norm="ncl", bank="head", head=tmp_path / "h.safetensors")
    np.testing.assert_array_equal(again.ranks["t2v"], result.ranks["t2v"])


def test_a_final_queue_is_what_the_finished_head_gives() -> None:
    train = by_mark(60, 0)
    options: dict[str, Any] = {"epochs": 2, "batch": 16, "lr": 0.02, "validation": 0}
    head = vrbench.train(train, "linear+wti", queue=90, queue_encoding="final", **options)
    from vrbench.heads.bank import bank_side

    for side in ("text", "video"):
        bank = bank_side(head.bank, side, "h", True)
        assert len(bank) == 90  # of 60 items: the last batches of epoch 1, then all of epoch 2
        assert len({*map(str, bank.ids[-60:])}) == 60
        rows = [list(getattr(train, side).ids).index(one) for one in bank.ids]
        mapped = apply_side(head, side, getattr(train, side).take(rows))
        np.testing.assert_array_equal(np.asarray(bank.tokens[0 : bank.offsets[-1]]), mapped.tokens)
        columns = bank.token_columns["wti"], mapped.token_columns["wti"]
        np.testing.assert_array_equal(*columns)


def test_a_stale_queue_is_what_was_seen() -> None:
    """With a learning rate of 0 nothing changes: stale and final are the same."""
    found = [
        vrbench.train(
            by_mark(60, 0), "wti", method="global", epochs=2, lr=0, queue=90, queue_encoding=how
        )
        for how in ("stale", "final")
    ]
    from vrbench.heads.bank import bank_side

    sides = [bank_side(head.bank, "text", "h", True) for head in found]
    assert [str(i) for i in sides[0].ids] == [str(i) for i in sides[1].ids]
    assert {*sides[0].lengths} == {1}  # the global vectors are all that global reads
    np.testing.assert_allclose(sides[0].tokens, sides[1].tokens, atol=1e-6)


def test_the_last_queries_of_a_train_bank(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made, bank = by_mark(20, 1), by_mark(30, 2)
    with_bank = Features(made.path, made.attrs, made.video, made.text, bank.video, bank.text)
    cut = rng.integers(5, 25)
    last = np.arange(30 - cut, 30)
    videos, texts = bank.video.take(last), bank.text.take(last)
    texts = replace(texts, item_columns={"video": np.arange(cut)})
    by_hand = Features(made.path, made.attrs, made.video, made.text, videos, texts)
    found = one(with_bank, "global", "ncl", bank_limit=int(cut), out=tmp_path)
    expected = one(by_hand, "global", "ncl")
    whole = one(with_bank, "global", "ncl", out=tmp_path)
    assert found["bank"]["n_text"] == found["bank"]["n_video"] == cut
    np.testing.assert_array_equal(found.ranks["t2v"], expected.ranks["t2v"])
    np.testing.assert_array_equal(found.ranks["v2t"], expected.ranks["v2t"])
    assert not np.array_equal(found.ranks["t2v"], whole.ranks["t2v"])
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_the_last_queries_of_a_similarity_files_bank(tmp_path: Path) -> None:
    made, bank = by_mark(20, 1), by_mark(30, 2)
    with_bank = Features(made.path, made.attrs, made.video, made.text, bank.video, bank.text)
    opened = Evaluation.open(with_bank)
    list(opened.run(opened.jobs(["global"], ["ncl"]), Output(sims=tmp_path / "s.npz")))
    found = one(tmp_path / "s.npz", norm="ncl", bank_limit=7)
    expected = one(with_bank, "global", "ncl", bank_limit=7)
    assert found["bank"] == expected["bank"] == {"kind": "train", "n_text": 7, "n_video": 7}
    for d in ("t2v", "v2t"):
        np.testing.assert_array_equal(found.ranks[d], expected.ranks[d])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bank": "head", "norm": "ncl"}, "--bank head needs --head"),
        ({"head": "none.safetensors"}, "does not exist"),
        ({"bank_limit": 0}, "bank_limit must be at least 1"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        vrbench.evaluate(by_mark(20, 1), **options)


def test_a_queue_is_no_bank_of_long_videos(trained: Head) -> None:
    with pytest.raises(InputError, match="holds single captions and clips, of no long video"):
        vrbench.evaluate(by_mark(20, 1), norm="ncl", bank="head", head=trained, sequence="dtw")


def test_similarities_have_no_tokens_for_a_head(trained: Head) -> None:
    with pytest.raises(InputError, match="--head reads tokens"):
        vrbench.evaluate(np.eye(4), head=trained)
