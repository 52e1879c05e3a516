"""AdamW over named weights, with a warm-up and a cosine, on one thread."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.heads.head import SCALE
from vrbench.training.settings import TrainingSettings

if TYPE_CHECKING:
    from torch import Tensor

CLIP = 1.0
"""Length that the gradient of all weights together is cut to."""


def rate(step: int, steps: int, warmup: float) -> float:
    """Return the share of the learning rate at a step, from 0.

    ``(step + 1) / w`` while ``step < w = ceil(warmup steps)``, then
    ``(1 + cos(pi (step - w) / (steps - w))) / 2``.
    """
    rising = math.ceil(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    return (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising))) / 2


class Optimizer:
    """AdamW (Loshchilov & Hutter, 2019); vectors and the logit scale do not decay.

    Args:
        weights: leaves by name, which it changes.
        settings: learning rate, decay and warm-up.
        steps: of the whole training.
    """

    def __init__(
        self, weights: Mapping[str, Tensor], settings: TrainingSettings, steps: int
    ) -> None:
        import torch

        self.weights, self._settings, self._steps = weights, settings, steps
        groups = [
            {"params": [w for w in weights.values() if (w.ndim > 1) is decays], "weight_decay": d}
            for decays, d in ((True, settings.weight_decay), (False, 0.0))
        ]
        kept = [group for group in groups if group["params"]]
        on_cpu = all(weight.device.type == "cpu" for weight in weights.values())
        self._adam = torch.optim.AdamW(kept, lr=settings.lr, foreach=False, fused=on_cpu)

    def step(self, loss: Tensor, step: int) -> None:
        """Change the weights by the gradient of a loss.

        Raises:
            InputError: no weight of a head has one.
        """
        import torch

        self._adam.zero_grad()
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        self._check()
        weights = list(self.weights.values())
        grads = [weight.grad for weight in weights if weight.grad is not None]
        length = torch.nn.utils.get_total_norm(grads, foreach=False)
        if length > CLIP:
            torch.nn.utils.clip_grads_with_norm_(weights, CLIP, length, foreach=False)
        for group in self._adam.param_groups:
            group["lr"] = self._settings.lr * rate(step, self._steps, self._settings.warmup)
        self._adam.step()

    def _check(self) -> None:
        """Refuse a loss that no weight of a head decides, where some are to be trained."""
        how, of_heads = self._settings, [w for name, w in self.weights.items() if name != SCALE]
        if how.lr and of_heads and all(weight.grad is None for weight in of_heads):
            raise InputError(
                f"No weight of the head {how.head} decides the similarities of {how.method}: give "
                "the --method that it is for, or another head."
            )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what it has to remember, by ``PART.WEIGHT``."""
        found = {}
        for name, weight in self.weights.items():
            for part, value in self._adam.state.get(weight, {}).items():
                found[f"{part}.{name}"] = value.detach().cpu().numpy().copy()
        return found

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take up what ``arrays`` gave."""
        import torch

        for name, weight in self.weights.items():
            state = {}
            for part in ("step", "exp_avg", "exp_avg_sq"):
                if f"{part}.{name}" in arrays:
                    value = torch.as_tensor(arrays[f"{part}.{name}"].copy())
                    state[part] = value if part == "step" else value.to(weight.device)
            if state:
                self._adam.state[weight] = state


@contextmanager
def repeatable() -> Iterator[None]:
    """Do the sums of torch in one order: on one thread, in whole float32 products."""
    import torch

    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.set_float32_matmul_precision(before[1])
