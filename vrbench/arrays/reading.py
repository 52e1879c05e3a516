"""What numpy raises over a file that it does not read, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pickle import UnpicklingError

from vrbench.errors import InputError
from vrbench.inputs import UNREADABLE


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what numpy raises over a file it does not read into a sentence."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, UnpicklingError) as error:
        if "pickle" in str(error) or "Python objects" in str(error):
            raise InputError(
                f"{what} holds Python objects, which only a pickle can store and vrbench does not "
                "load: save plain numbers or strings (for names: np.array(names, dtype=str))."
            ) from error
        raise InputError(f"{what} is damaged ({error}): save it again.") from error
    except MemoryError as error:
        raise InputError(
            f"{what} declares more numbers than memory holds: save it again."
        ) from error
    except UNREADABLE as error:
        raise InputError(f"{what} cannot be read ({error}): save or copy it again.") from error
