"""The heads of a table's rows: how each is trained, and which results have such a one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vrbench.alignments import alignments, parse_method, terms
from vrbench.alignments.sums import terms_in_order
from vrbench.errors import InputError
from vrbench.heads import heads, parse_head
from vrbench.losses import losses, parse_loss
from vrbench.published import MeasuredBy
from vrbench.results import labels
from vrbench.results.schema import ResultDict


@dataclass(frozen=True)
class Recipe:
    """What the head of a row is trained with.

    Attributes:
        head: spec, such as ``linear+learnable``.
        method: spec of the alignment.
        loss: spec.
        queue: training queries that are kept as its bank; 0: none.
    """

    head: str
    method: str
    loss: str
    queue: int = 0

    def __str__(self) -> str:
        kept = f", queue {self.queue}" if self.queue else ""
        return f"{self.head} with {self.method}, loss {self.loss}{kept}"


def recipe(slot: MeasuredBy, method: str, base: str) -> Recipe | None:
    """Return how the head of a row is trained on stored features; None: nothing is to be learnt.

    Args:
        slot: of the row.
        method: spec of the row's alignment.
        base: spec of a head in the place of the paper's fine-tuned encoders. A part that belongs
            to a method, such as ``learnable``, is for the rows that learn it, with its parameters.

    Raises:
        InputError: a spec cannot be read.
    """
    parts = parse_head(base).parts
    own = {name: heads.spec(part) for name, part in parts.items() if name in alignments.classes()}
    shared = [heads.spec(part) for name, part in parts.items() if name not in own]
    learnt = [own.get(_name(spec), spec) for spec in heads_in(slot.head)]
    if not shared and not learnt:
        return None
    head = parse_head("+".join([*shared, *learnt])).spec
    return Recipe(head, parse_method(method).spec, slot.loss, slot.queue)


def missing(slot: MeasuredBy) -> str:
    """Return which head or loss of a row vrbench does not have; empty: none."""
    wanted = (("head", slot.head, {*heads.classes()}), ("loss", slot.loss, {*losses.classes()}))
    names = [
        f"{kind} {_name(one)}"
        for kind, spec, known in wanted
        for one in heads_in(spec)
        if _name(one) not in known
    ]
    return f"vrbench has no {' and no '.join(names)} yet" if names else ""


def obstacle(slot: MeasuredBy, result: ResultDict) -> str:
    """Return why the head of a result is not that of a row; empty: it is, or there is none.

    The loss has the row's parameters and weights; the head was trained with the method that the
    result is of, and has what the row learns besides its encoders.
    """
    head = result.get("head")
    if not head:
        return ""
    loss, own = head.get("loss"), _own(head["head"])
    if not slot.loss:
        return "the row has no head"
    if loss is None:
        return "its head was not trained"
    if not _loss_states(loss, slot.loss):
        return f"its loss is {loss}, the row's {slot.loss}"
    if not slot.task and head.get("method") != result["method"]:
        return f"its head was trained with {head.get('method') or 'an unknown method'}"
    learnt = heads_in(slot.head)
    if not slot.method:  # any: then its own head belongs to it
        learnt = [s for s in own if _name(s) in map(_name, terms(result["method"] or ""))]
    if len(own) != len(learnt) or not all(map(heads.states, own, learnt)):
        return f"its head is {head['head']}, the row learns {slot.head or 'none of its own'}"
    return ""


def unlearnt(slot: MeasuredBy | None, result: ResultDict) -> bool:
    """Whether nothing of a result was trained, while the row's system is.

    A row whose system is trained may have results of the features as they are. Those of an encoder
    that says it is fine-tuned are trained, too; of given similarities nobody knows.
    """
    if slot is None or not slot.loss or (result["method"] is None and not result.get("task")):
        return False
    return not result.get("head") and labels.training(result) != "fine-tuned"


def twin(slots: Mapping[str, MeasuredBy], slot: MeasuredBy) -> str | None:
    """Return the row above that only the training of a head tells from this one, if there is one.

    What is measured without a head belongs to that row alone.
    """
    plain = _without_head(slot)
    for label, other in slots.items():
        if other == slot:
            return None
        if _without_head(other) == plain and other.loss:
            return label
    return None


def same_but_training(one: MeasuredBy, other: MeasuredBy) -> bool:
    """Whether two rows are measured by the same but for what was trained."""
    return replace(_without_head(one), training="") == replace(_without_head(other), training="")


def needing_head(spec: str) -> list[str]:
    """Return the names of methods in a spec that say nothing of themselves without a head."""
    known = alignments.classes()
    names = map(_name, terms(spec) if spec else ())
    return [name for name in names if name in known and known[name].needs_head]


def heads_in(spec: str) -> list[str]:
    """Return the specs in ``linear+learnable``, in alphabetical order; none has to be known."""
    return terms(spec) if spec else []


def _without_head(slot: MeasuredBy) -> MeasuredBy:
    return replace(slot, loss="", head="", queue=0, head_norm="")


def _own(spec: str) -> Sequence[str]:
    """Return the parts of a head that belong to a method."""
    return [one for one in heads_in(spec) if _name(one) in alignments.classes()]


def _loss_states(spec: str, wanted: str) -> bool:
    """Whether a loss is the one wanted, with every weight, and every parameter that it gives."""
    try:
        ours, theirs = parse_loss(spec).parts, parse_loss(wanted).parts
    except InputError:
        return False
    weights = [weight for weight, _ in ours] == [weight for weight, _ in theirs]
    names = [[t.rpartition("*")[2].strip() for t in terms_in_order(s)] for s in (spec, wanted)]
    return weights and all(map(losses.states, *names))


def _name(spec: str) -> str:
    return spec.partition(":")[0]
