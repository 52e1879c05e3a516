"""Workers of a Dask scheduler (extra ``cluster``)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from vrbench.errors import InputError
from vrbench.runtime.backend import Backend, Done, Futures, Key, Submit, Task
from vrbench.runtime.extras import needed
from vrbench.runtime.submitted import LOOK, Submitted
from vrbench.runtime.worker import Fingerprint, Trusted, once

WINDOW = 3
"""Tasks a thread that are submitted: one is done, the next lies ready."""
UNREAD = "deserialization"
"""In what Dask says where another machine does not know a function that it is sent."""
PATIENCE = 60.0
"""Seconds without a worker after which a run is given up."""


@dataclass(eq=False)
class Cluster(Backend):
    """Workers of a Dask scheduler.

    Maps in several threads share the workers; tasks of the one that began first are done first.

    Attributes:
        client: a ``distributed.Client``.
        fingerprint: see ``Trusted``; a function that workers can import.
        mixed: whether workers of another fingerprint are taken.
        seen: the fingerprint of each worker that did a task, by name.
    """

    client: Any
    fingerprint: Callable[[], Fingerprint]
    mixed: bool = False
    seen: dict[str, Fingerprint] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._alone: float | None = None
        self._submitted = Submitted(self._look)
        self._maps = count()

    @property
    def workers(self) -> int:
        """Threads of all workers; at least 1."""
        return max(1, sum(map(int, self._ask(self.client.scheduler.ncores).values())))

    def map(
        self, work: Callable[[Task], Done], tasks: Mapping[Key, Task]
    ) -> Iterator[tuple[Key, Done]]:
        """Do tasks on workers; those of a worker that is lost are done again by others.

        A task that lost as many workers as the scheduler allows may only have stood in the queue of
        each. It is submitted once more when nothing else is, and is to blame if it loses these too.

        Raises:
            InputError: no worker is left, a task ends every worker that does it alone, or a worker
                is not to be trusted.
        """
        distributed = needed("distributed", "cluster")
        expected = None if self.mixed else once(self.fingerprint)
        trusted = Trusted(work, self.fingerprint, expected)
        executor = self.client.get_executor(pure=False)
        first = partial(executor.submit, priority=-next(self._maps))
        submit, window = partial(self._submitted.submit, first), WINDOW * self.workers
        for key, future in Futures(submit, window, (LOOK, self._look)).futures(trusted, tasks):
            try:
                found = future.result()
            except distributed.KilledWorker:
                found = self._again(first, trusted, tasks[key])
            except (CancelledError, distributed.comm.CommClosedError) as error:
                raise self._lost("has ended") from error
            except (ImportError, RuntimeError) as error:
                if isinstance(error, ImportError) or UNREAD in str(error):
                    raise self._unread(error) from error
                raise
            name, self.seen[name], value = found
            self._alone = None
            yield key, value

    def _again(self, submit: Submit, work: Callable[[Task], Done], task: Task) -> Done:
        distributed = needed("distributed", "cluster")
        with self._submitted.alone():
            try:
                [(_, done)] = Futures(submit, 1, (LOOK, self._look)).map(work, {0: task})
            except (CancelledError, distributed.comm.CommClosedError) as error:
                raise self._lost("has ended") from error
            except distributed.KilledWorker as error:
                raise InputError(
                    f"{task} ended {error.allowed_failures + 1} workers while nothing else was "
                    f"done, the last one at {error.last_worker.address}: give workers more "
                    "memory, or bound it with --memory where the command has it."
                ) from error
        return done

    def _ask(self, question: Callable[[], Any]) -> Any:
        """Ask the scheduler.

        Raises:
            InputError: it does not answer.
        """
        try:
            return self.client.sync(question, callback_timeout=PATIENCE)
        except TimeoutError as error:
            raise self._lost(f"has not answered for {PATIENCE:.0f} s") from error
        except OSError as error:
            raise self._lost("has ended") from error

    def _lost(self, what: str) -> InputError:
        return InputError(
            f"The scheduler at {self.client.scheduler.addr} {what}: start it again, and workers; "
            "the same command goes on with what is finished."
        )

    def _unread(self, error: Exception) -> InputError:
        said = str(error).partition("\n")[0]
        return InputError(
            f"The machines of {self.client.scheduler.addr} cannot read what they are sent "
            f"({said}): install the same vrbench, with the same extras, on all of them."
        )

    def _look(self) -> None:
        if self._ask(self.client.scheduler.ncores):
            self._alone = None
            return
        self._alone = self._alone or time.monotonic()
        if time.monotonic() - self._alone > PATIENCE:
            raise InputError(f"There has been no worker for {PATIENCE:.0f} s: start some again.")

    def about(self) -> dict[str, Any]:
        """Return how many workers did tasks, how many of each fingerprint, and of others."""
        seen = list(self.seen.values())
        kinds = Counter(tuple(sorted(found.items())) for found in seen)
        prints = [{"workers": n, **dict(kind)} for kind, n in kinds.most_common()]
        others = {"others": self.others} if self.others else {}
        return {"workers": len(seen), "fingerprints": prints, **others}

    @property
    def others(self) -> int:
        """How many workers that did tasks have another fingerprint than this process."""
        mine = once(self.fingerprint) if self.mixed else None
        return sum(self.mixed and found != mine for found in self.seen.values())
