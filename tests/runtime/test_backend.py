from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest
import torch

from vrbench.alignments.engine.threads import Pool
from vrbench.runtime.backend import Backend, Futures, Here, in_order

CPU = torch.device("cpu")


def square(n: int) -> int:
    time.sleep(0.001 * (n % 3))
    return n * n


def fail_at_five(n: int) -> int:
    if n == 5:
        raise ValueError("five")
    return n


@pytest.fixture(params=["here", "threads", "executor", "processes"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param == "here":
        yield Here()
    elif request.param == "threads":
        with Pool(3, CPU) as pool:
            yield pool
    elif request.param == "executor":
        with ThreadPoolExecutor(2) as threads:
            yield Futures(threads, 3)
    else:
        with ProcessPoolExecutor(1, get_context("spawn")) as processes:
            yield Futures(processes, 2)


def test_each_key_comes_once(backend: Backend) -> None:
    tasks = {f"key{n}": n for n in range(40)}
    found = list(backend.map(square, tasks))
    assert sorted(found) == sorted((key, n * n) for key, n in tasks.items())
    assert list(in_order(tasks, backend.map(square, tasks))) == [
        (k, n * n) for k, n in tasks.items()
    ]
    assert list(backend.map(square, {})) == []


def test_an_error_ends_it(backend: Backend) -> None:
    with pytest.raises(ValueError, match="five"):
        list(backend.map(fail_at_five, {n: n for n in range(40)}))


def test_tasks_are_taken_through_the_window() -> None:
    taken: list[int] = []

    class Tasks(Mapping[int, int]):
        def __len__(self) -> int:
            return 20

        def __iter__(self) -> Iterator[int]:
            return iter(range(20))

        def __getitem__(self, key: int) -> int:
            taken.append(key)
            return key

    with ThreadPoolExecutor(2) as threads:
        done = Futures(threads, 3).map(square, Tasks())
        next(done)
        assert len(taken) == 3
        assert len(list(done)) == 19


def test_what_is_not_begun_is_cancelled() -> None:
    begun, go = [], threading.Event()

    def work(n: int) -> int:
        begun.append(n)
        if n:
            go.wait(5)
        return n

    with ThreadPoolExecutor(2) as threads:
        done = Futures(threads, 10).map(work, {n: n for n in range(10)})
        assert next(done) == (0, 0)
        done.close()  # type: ignore[attr-defined]
        go.set()
    assert len(begun) < 5
