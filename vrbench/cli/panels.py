"""The groups of ``--help``: each option stands in one, whichever command has it."""

from __future__ import annotations

_GROUPS = {
    "Data": "videos captions dataset annotations split frames bank_split bank_videos bank_captions "
    "bank_size features from_sim from_run qrels side limit limit_ids shard parts results system "
    "train video text key bytes_ virtual",
    "Method": "method norm sequence head bank bank_limit encoder weights projection loss how "
    "classifier reg width power folds try_ share clusters background factor",
    "Protocol": "k ties v2t direction rule protocol window step precision seed seeds draws common "
    "interval baseline candidates metric",
    "Training": "epochs lr weight_decay warmup validation patience queue queue_encoding start",
    "Output": "out label save_sim run csv json as_json format_ log dtype normalized top picks "
    "title overwrite strict dry_run quiet verbose",
    "Resources": "memory workers device batch no_matrix processes cluster mixed",
}
_PANELS = {name: title for title, names in _GROUPS.items() for name in names.split()}


def panel(name: str) -> str | None:
    """Return the group of the option that fills the parameter ``name``; None: the general one."""
    return _PANELS.get(name)
