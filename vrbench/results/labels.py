"""Labels of results, the same in tables, figures and files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePath
from string import ascii_lowercase
from typing import Literal

from vrbench.metrics.table import named
from vrbench.metrics.values import Numbers
from vrbench.registry import OriginDict
from vrbench.results.comparison import PairTest
from vrbench.results.schema import DataAbout, EncoderAbout, ResultDict, ScorerAbout, Setup
from vrbench.sims.sim import Direction, SequenceByDirection

_TRAININGS = {"zero-shot": r"zero[ _-]?shot", "fine-tuned": r"fine[ _-]?tun(ed|ing)"}
_NEGATIONS = re.compile(r"\b(not|no|non|never|without)\b")

DIRECTION_NAMES: dict[Direction, str] = {"t2v": "Text to video", "v2t": "Video to text"}


def method(result: ScorerAbout) -> str:
    """Return label, alignment, and the sequence alignment over it, where there are any."""
    parts = [task(result), result["method"], head(result), sequence(result)]
    given = result.get("given_norm") or "none"
    as_given = "given similarities" + (f" (already {given})" if given != "none" else "")
    found = ", ".join(part for part in parts if part) or as_given
    return ", ".join(filter(None, (result.get("label"), found)))


def task(result: ScorerAbout) -> str | None:
    """Return the task that was measured in the place of ranks."""
    about = result.get("task")
    return about["spec"] if about else None


def head(result: ScorerAbout) -> str | None:
    """Return the head that the items went through, its loss and its file."""
    used = result.get("head")
    if not used:
        return None
    beside = ", ".join(filter(None, (used.get("loss"), used.get("file"))))
    return f"head {used['head']}" + (f" ({beside})" if beside else "")


def trained(result: ScorerAbout) -> str:
    """Return how the head of a result was trained; nothing where that is not known."""
    used = result.get("head")
    if used is None or used["loss"] is None:
        return ""
    said = f"{used['head']}, trained with {used.get('method')} and {used['loss']}"
    of = used.get("features")
    said += f" on {of['file']}" if of and "file" in of else ""
    best = f"epoch {used.get('best')} of {used.get('epochs')}"
    best += " (untrained: no epoch was better)" if used.get("best") == 0 else ""
    return f"{used.get('file') or 'not saved'}: {said}, {best}, seed {used.get('seed')}"


def sequence(result: ScorerAbout) -> str | None:
    """Return the sequence alignment, "transductive" where its bucket was set on the test set."""
    seen = bucket_of_test(result.get("sequence_info"))
    return f"{result['sequence']} (transductive)" if seen else result.get("sequence")


def bucket_of_test(info: SequenceByDirection | None) -> bool:
    """Whether a direction's bucket was set on the test set."""
    sides = [] if info is None else [info.get(name) for name in DIRECTION_NAMES]
    return any(side["bucket_of"] == "test" for side in sides if side)


def bank(result: Setup) -> str:
    """Return kind and size of the bank, "transductive" wherever the norm saw the test set."""
    used = result["bank"]
    sides = (_queries(result, "n_text"), _queries(result, "n_video"))
    size = f" {' x '.join(sides)}" if used["n_text"] else ""
    hindsight = "marginals=captions" in result["norm"] or bool(result.get("transductive"))
    saw_test = used["kind"] == "test" or hindsight
    kind = f"{used['queue']} queue" if used.get("queue") else used["kind"]
    return f"{kind}{size}{' (transductive)' if saw_test else ''}"


def _queries(result: Setup, side: Literal["n_text", "n_video"]) -> str:
    """Return the number of bank queries, and of those that differ where some repeat."""
    n = result["bank"][side]
    known = result.get("bank_distinct")
    distinct = known[side] if known else n
    return f"{n}" if distinct == n else f"{n} ({distinct} distinct)"


def how(result: Setup) -> str:
    """Return method, norm and bank; the last two only where a norm was used."""
    norm = "" if result["norm"] == "none" else f", {result['norm']}, bank {bank(result)}"
    return f"{method(result)}{norm}"


def dataset(result: DataAbout) -> str:
    """Return dataset and split."""
    return " ".join(filter(None, (result["dataset"], result["split"]))) or "unnamed data"


def encoder(result: DataAbout) -> str:
    """Return the encoder, and the streams that it encoded where these are not frames alone."""
    side = result.get("side")
    return str(result["encoder"] or "not stated") + (f" ({side})" if side else "")


def limited(result: Setup) -> str:
    """Return the mark of a result on a part of the test set, else nothing."""
    return "" if result.get("limit") is None else " (limited)"


def data(result: Setup) -> str:
    """Return data and protocol: results that differ in this line are not comparable."""
    size = f"{result['n_text']} texts x {result['n_video']} videos{limited(result)}"
    known = {"encoder": CONTEXT["encoder"]} if result.get("task") else CONTEXT  # no ranks, no ties
    context = [f"{head} {text(result)}" for head, text in known.items()]
    rules = result["protocol"]
    judged = [
        f"{key} {value}"
        for key, value in (
            ("qrels", rules.get("qrels")),
            ("candidates", rules.get("candidates")),
            ("folds", rules.get("folds")),
        )
        if value
    ]
    return "; ".join([f"{dataset(result)}, {size}", *context, *judged, f"features {_sha(result)}"])


def notes(results: Iterable[ResultDict]) -> tuple[str, ...]:
    """Return the notes on the data of these results, once each."""
    given = list(results)
    said = [f"{dataset(one)}: {note}" for one in given for note in (one.get("notes") or ())]
    return tuple(dict.fromkeys([*said, *_gammas(given)]))


def _gammas(results: Sequence[ResultDict]) -> list[str]:
    """Return the temperature of each normalization error, where there are several."""
    known = [one for one in results if one.get("error_gamma") and _errors(one)]
    if len({one["error_gamma"] for one in known}) < 2:
        return []
    said = []
    for one in known:
        before = one.get("raw")
        raw = _errors(before) if before else ""
        beside = f", where the raw similarities have {raw}" if raw else ""
        said.append(f"{how(one)}: normalization error at gamma {one['error_gamma']:g}{beside}.")
    return said


def _errors(measured: Numbers) -> str:
    """Return the normalization errors of both directions; nothing where none is known."""
    metric = named("normalization_error")
    found = {d: metric.value(measured, d) for d in DIRECTION_NAMES}
    return ", ".join(f"{metric.text(e)} ({d})" for d, e in found.items() if e is not None)


def provenance(result: Setup) -> str:
    """Return result file, version, plug-ins, date and the start of the features' sha256."""
    made = result["provenance"]
    # The rank vectors lie beside the result file, under the same name.
    ranks = result["ranks"]
    file = [PurePath(ranks).with_suffix(".json").name] if ranks else []
    outside = ", ".join(map(_plugin, made.get("plugins") or ()))
    plugins = [f"plug-ins {outside}"] if outside else []
    version = f"vrbench {made['vrbench']}"
    return "; ".join([*file, version, *plugins, made["date"], f"features {_sha(result)}"])


def _plugin(about: OriginDict) -> str:
    """Return distribution and version, else the file and the start of its sha256."""
    if about.get("distribution"):
        return f"{about['distribution']} {about.get('version', '')}".strip()
    return f"{about.get('file') or 'of a process'} ({about['sha256'][:8]})"


def letter(i: int) -> str:
    """Return a short name for the i-th of several results: a, b, ..., z, a1, b1, ..."""
    return ascii_lowercase[i % 26] + (str(i // 26) if i >= 26 else "")


def p_value(p: float) -> str:
    """Return three decimals without the zero before them: .043, <.001.

    What rounds to .050 from above is >.050: it is not at most .05.
    """
    text = "<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
    return f">{text}" if text == ".050" and p > 0.05 else text


def training(about: EncoderAbout) -> str:
    """Return how an encoder was trained, as encoder or split say: zero-shot, fine-tuned or ""."""
    said = " ".join(filter(None, (about["encoder"], about["split"]))).lower()
    found = [name for name, words in _TRAININGS.items() if re.search(words, said)]
    return found[0] if len(found) == 1 and not _NEGATIONS.search(said) else ""


def signed(difference: float, decimals: int = 1) -> str:
    """Return a difference with its sign; where that would be 0, to one digit."""
    text = f"{difference:+.{decimals}f}"
    return f"{difference:+.1g}" if difference and not float(text) else text


def tested(test: PairTest) -> list[str]:
    """Return both values of a metric that was compared, their difference and its interval."""
    metric = named(test["metric"])
    values = [metric.text(value) for value in (test["value_a"], test["value_b"])]
    differences = (metric.printed(one) for one in (test["difference"], *test["interval"]))
    difference, low, high = (signed(one, metric.decimals) for one in differences)
    return [*values, difference, f"[{low}, {high}]"]


def _sha(result: DataAbout) -> str:
    return str(result["features"]["sha256"])[:12]


LABELS: dict[str, Callable[[Setup], str]] = {
    "dataset": dataset,
    "texts x videos": lambda result: f"{result['n_text']} x {result['n_video']}{limited(result)}",
    "method": method,
    "norm": lambda result: str(result["norm"]),
    "bank": bank,
}
CONTEXT: dict[str, Callable[[Setup], str]] = {
    "encoder": encoder,
    "ties": lambda result: str(result["protocol"]["ties"]),
    "v2t": lambda result: str(result["protocol"]["v2t"]),
}
