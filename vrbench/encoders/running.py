"""Running a torch module from several threads at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_gpu = Lock()
_inside = 0
_before = 1


@contextmanager
def running(device: str) -> Iterator[None]:
    """Run the body without gradients: on the CPU on one core, else one thread at a time.

    On a GPU tf32, which rounds the factors of float32 products to 10 bits, is off.

    Items are encoded in parallel instead of the sums of one item: faster on a busy machine, and
    the same sums on any number of cores. torch's number of threads is restored afterwards.
    """
    import torch

    with torch.inference_mode():
        if device == "cpu":
            _enter()
            try:
                yield
            finally:
                _leave()
        else:
            with _gpu, torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
                before = torch.get_float32_matmul_precision()
                torch.set_float32_matmul_precision("highest")
                try:
                    yield
                finally:
                    torch.set_float32_matmul_precision(before)


def _enter() -> None:
    global _inside, _before
    import torch

    with _lock:
        if _inside == 0:
            _before = torch.get_num_threads()
        _inside += 1
        torch.set_num_threads(1)  # of this thread; the others inside have set theirs


def _leave() -> None:
    global _inside
    import torch

    with _lock:
        _inside -= 1
        if _inside == 0:
            torch.set_num_threads(_before)
