"""The text of the page on levels, with numbers taken from its tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import wrap

import numpy as np

from docs.levels_anchors import (
    ANCHORS,
    COOKING,
    COOKING_EPOCHS,
    COOKING_HEAD,
    QUEUE,
    Anchored,
    K,
    classification,
    retrieval,
)
from docs.levels_anchors import EPOCHS as ANCHOR_EPOCHS
from docs.levels_anchors import HEAD as ANCHOR_HEAD
from docs.levels_norton import EPOCHS as NORTON_EPOCHS
from docs.levels_norton import HEAD as NORTON_HEAD
from docs.levels_norton import RATES as NORTON_RATES
from docs.levels_norton import TEST, Norton, table, times
from docs.levels_papers import papers
from docs.levels_patches import BANK, CAPTIONS, FITTED
from docs.levels_ucofia import (
    BEFORE,
    EPOCHS,
    LEVELS,
    MODELS,
    NORM,
    TRIED,
    WAYS,
    WHOLE,
    Ucofia,
    costs,
    levels,
    ways,
)
from docs.levels_words import compared, less_is_better, sampling
from docs.trained import SEEDS

WIDTH = 100


def ucofia(found: Ucofia) -> str:
    """Return the section on UCoFiA and X-CLIP."""
    rows = found.rows
    tried = ", ".join(f"{rate:g}: {value:.1f}" for rate, value in found.tries.items())
    whole = rows[WHOLE]
    raw = {name: rows[method].values("raw") for name, method in LEVELS.items()}
    ten = {name: rows[method].values("raw", "R@10") for name, method in LEVELS.items()}
    n = int(whole.results[0]["raw"]["n_text"])
    kinds = {"without a norm": whole.values("raw"), f"`{NORM}`": whole.values(NORM)}
    never = {
        "without a norm": [100 * share for share in whole.shares("raw", "under")],
        f"`{NORM}`": [100 * share for share in whole.shares(NORM, "under")],
    }
    one_way = {name: rows[method].values("raw", "MnR") for name, method in WAYS.items()}
    models = {name: rows[method].values("raw") for name, method in MODELS.items()}
    return _joined(
        "## Levels, Sinkhorn-Knopp and X-CLIP on MSR-VTT",
        _filled(
            f"Training features: frames (up to 2 a video), {8 * 8} patches a frame and words of",
            f"{FITTED:,} MSR-VTT videos with up to {CAPTIONS} captions each (`onnx:patches=8`);",
            "test:",
            "the 476 videos of 1k-A at hand with up to 3 frames; train bank: 2 captions each of",
            f"{BANK} further videos. Each head is `{BEFORE}+` the weights of its method, trained",
            f"with `infonce` for {EPOCHS} epochs, which is little. The rate is chosen by seed",
            f"{SEEDS[0]}'s validation of `{TRIED}` ({tried}), and taken over by the",
            f"other rows. Numbers are means of {len(SEEDS)} seeds, which also draw the validation",
            "videos, with their standard deviation; the test set is measured once. *Validation* is",
            "the sum of R@1, R@5 and R@10 of both directions on a tenth of the training videos.",
            "*Epochs kept*: of each seed, the epoch that validates best; 0 is the head as it",
            "began.",
            f"Sampling {n} queries alone has a standard deviation of {sampling(raw, n):.1f} points",
            f"of these R@1 and of {sampling(ten, n):.1f} of R@10.",
        ),
        _filled(
            "**Levels** (Table 9 and Figure 5 in shape: R@K, and shares of the videos in",
            "percent by",
            f"how many texts retrieve them first). {compared('t2v R@1', raw)}",
            compared("t2v R@10", ten),
        ),
        _filled(
            "**Sinkhorn-Knopp**, level by level, of all three levels.",
            f"{compared('t2v R@1', kinds)}",
            less_is_better("Videos that are never retrieved first, in percent", never),
        ),
        _lines(levels(found)),
        _filled(
            "**One way or both** (Table 14, no norm).",
            less_is_better("t2v MnR", one_way),
            "Each row is trained by itself, as in the paper. ISA's softmaxes at 0.01 come close to",
            "a maximum, and maxima over words and patches do not depend on the order.",
        ),
        _lines(ways(found)),
        _filled(
            f"**X-CLIP and UCoFiA** (Table 13). {compared('t2v R@1', models)} *Parameters* are",
            "what",
            "is trained behind frozen encoders, the projection's linear map included; *memory* is",
            "the most that a training's process held, imports and features included, where only",
            "UCoFiA's reads the patches; *seconds* are CPU seconds of the quickest of the",
            "trainings",
            "on one thread, validation included.",
        ),
        _lines(costs(found)),
    )


def norton(found: Norton) -> str:
    """Return the section on Norton's losses."""
    trained = {name: one for name, one in found.rows.items() if one.training.epochs}
    clips = {name: one.values("") for name, one in trained.items()}
    videos = {name: one.values("dtw", "R@5") for name, one in trained.items()}
    first = next(iter(found.rows.values()))
    n_clips, n_videos = (first.results[0][one]["n_video"] for one in ("", "dtw"))
    ranks = [
        [float(np.mean(one.values(what, "MnR"))) for one in (first, *trained.values())]
        for what in ("", "dtw")
    ]
    rates = " and ".join(f"{rate:g}" for rate in NORTON_RATES)
    return _joined(
        "## Norton's losses on cooking videos",
        _filled(
            "600 cooking videos of 3 frames, each a clip, with a sentence each, split by video:",
            f"{TEST} of them ({n_clips} clips) are the test part, drawn once; each seed draws the",
            "tenth of the others that validates. The features are those of the encoders;",
            f"`{NORTON_HEAD}` begins with the closed form, which is fitted on the training videos",
            f"alone, and is trained for {NORTON_EPOCHS} epochs with rows of 8 clips at most. Rates",
            f"{rates} are tried for A and J with the first seed, and chosen by validation.",
            "A and B have no loss of videos, but the same batches and validation. The columns of",
            "Table 7 with background are not there: a video here is three frames, not a whole",
            "video.",
        ),
        _filled(
            f"**What holds.** Chance is a mean rank of {(n_clips + 1) / 2:.1f} among the clips and",
            f"of {(n_videos + 1) / 2:.1f} among the videos. The closed form has {ranks[0][0]:.1f}",
            f"and, by `dtw`, {ranks[1][0]:.1f}; the trained rows lie from",
            f"{min(ranks[0][1:]):.1f} to",
            f"{max(ranks[0][1:]):.1f} and from {min(ranks[1][1:]):.1f} to {max(ranks[1][1:]):.1f}:",
            "so few videos hardly move the head, whatever the loss, and cannot say which one is",
            f"better. {compared('Clips, R@1', clips)} {compared('Videos by `dtw`, R@5', videos)}",
        ),
        _lines(table(found)),
    )


def cooking(found: Norton) -> str:
    """Return the section on the time of the losses' parts."""
    return _joined(
        "## Seconds of an epoch",
        _filled(
            "Norton's Table 8 in shape: what each part of the loss adds to an epoch of the",
            "trainings above, on one thread, validation included, with the first seed; the",
            "quickest of three. Lines 1 and 2 draw their batches of clips at random, the others as",
            "runs of clips. Line 5",
            "(clips of 32 seconds) has no counterpart in single frames; lines 6 and 7, Sinkhorn's",
            "iterations alone, are within the lines 2 and 3.",
        ),
        _lines(times(found)),
    )


def anchors(found: Anchored) -> str:
    """Return the section on Multi-SK with SSPC."""
    ten = {name: one.values("raw", "R@10") for name, one in found.rows.items()}
    ranks = {name: one.values("raw", "MnR") for name, one in found.rows.items()}
    clips = {name: one.values("raw", "R@10") for name, one in found.cooking.items()}
    places = {name: one.values("raw", "MnR") for name, one in found.cooking.items()}
    return _joined(
        "## Multi-SK and SSPC",
        _filled(
            f"On the frames and words of the same MSR-VTT videos: head `{ANCHOR_HEAD}`,",
            f"{ANCHOR_EPOCHS} epochs at the rate chosen above, {ANCHORS} anchors a side and",
            "space, of",
            f"which {K} are assigned, and queues of {QUEUE}; the paper has 64, 32 and 5500, and",
            "three",
            "modalities. Tables 5, 6 and 7 share the row of the paper's own loss (CM 1, MS 1).",
        ),
        _filled(
            f"**What holds.** {compared('MSR-VTT, t2v R@10', ten)}",
            less_is_better("t2v MnR", ranks),
        ),
        _lines(retrieval(found.rows)),
        _filled(
            "**Cooking videos** (Table 6's other column): clips retrieved by their sentences,",
            f"`{COOKING_HEAD}` trained for {COOKING_EPOCHS} epochs; the rate",
            f"({found.cooking[COOKING[1]].training.lr:g}) is the one at which CM 1, MS 1 validates",
            f"best with the first seed. {compared('t2v R@10', clips)}",
            less_is_better("t2v MnR", places),
        ),
        _lines(retrieval(found.cooking)),
        _filled(
            "**Classification** (Table 1 in shape): k-means of the test videos' vectors behind the",
            "head into 20 clusters, matched with MSR-VTT's 20 categories, accuracy in percent,",
            "mean",
            f"of 10 clusterings a head. The largest category has {found.largest:.1f} percent.",
            compared("Accuracy", found.accuracy),
        ),
        _lines(classification(found)),
    )


def tables(folders: Mapping[str, Path]) -> str:
    """Return the section on the papers' tables."""
    return _joined(
        "## The papers' tables",
        _filled(
            "`vrbench table NAME --results build/levels/ucofia` (and `norton`, `anchors`) puts the",
            "results",
            "of this page beside the rows that they measure; `vrbench reproduce NAME TEST --train",
            "FIT` makes such results, a head a row.",
        ),
        _lines(papers(folders)),
    )


def _filled(*sentences: str) -> str:
    return "\n".join(wrap(" ".join(sentences), WIDTH, break_on_hyphens=False))


def _lines(rows: Iterable[str]) -> str:
    return "\n".join(rows)


def _joined(*parts: str) -> str:
    return "\n\n".join(parts)
