"""Plug-ins that are files: run once, and refused in one sentence with the line."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from vrbench.alignments import alignments, parse_method
from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.registry import load_file, origin, origins

WHOLE = """
from __future__ import annotations
import vrbench
from dataclasses import dataclass
from vrbench.normalizations import normalizations
from vrbench.normalizations.base import Bank, Fitted, Normalization

@vrbench.alignment("of-a-file")
def of_a_file(text, video, *, lam: float = 2):
    return lam * (text @ video.T).max()

@normalizations.register("halves")
@dataclass(frozen=True)
class Halves(Normalization):
    by: float = 2
    transductive = True

    def fit(self, bank: Bank) -> Fitted:
        return Fitted(lambda block: block / self.by)
"""


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    """Forget what a test registers."""
    kept = [(one, dict(one.classes())) for one in (alignments, normalizations)]
    yield
    for registry, classes in kept:
        registry._classes.clear()
        registry._classes.update(classes)  # type: ignore[arg-type]


def test_a_file_registers_methods_of_any_kind_and_is_known_by_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(WHOLE)
    where = load_file(file)
    assert where.to_dict() == {"file": "mine.py", "sha256": sha256(WHOLE.encode()).hexdigest()}
    method, norm = parse_method("of-a-file:lam=3"), normalizations.parse("halves:by=4")
    assert method.spec == "of-a-file:lam=3"
    assert origin(type(norm)) == where
    assert origins(method.parts[0][1], norm) == [where.to_dict()]
    copy = tmp_path / "again.py"
    copy.write_text(WHOLE)
    assert load_file(file) == where  # given twice, it is run once
    load_file(copy)  # and so is a copy of it


def test_another_file_with_its_name_is_refused(tmp_path: Path) -> None:
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(
            f"# {name}\nimport vrbench\n"
            "@vrbench.alignment('taken-twice')\ndef f(a, b):\n    return 1.0\n"
        )
    load_file(tmp_path / "one.py")
    with pytest.raises(InputError) as caught:
        load_file(tmp_path / "two.py")
    message = str(caught.value)
    assert (
        "two.py fails in line 3: There is a method 'taken-twice' of the file one.py and" in message
    )
    assert "one of the file two.py" in message


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (b"x = 1\ndef f(:\n", "fails in line 2 (SyntaxError: invalid syntax): repair it."),
        (b"\n\n1 / 0\n", "fails in line 3 (ZeroDivisionError: division by zero): repair it."),
        (b"def f():\n    return {}['a']\n\nf()\n", "fails in line 2 (KeyError: 'a'): repair it."),
        (b"import sys\nsys.exit('no')\n", "fails in line 2 (SystemExit: no): repair it."),
        (b"import no.such.module\n", "fails in line 1 (ModuleNotFoundError: No module named"),
        (b"raise ValueError('two\\nlines')\n", "fails in line 1 (ValueError: two lines)"),
        (b"import vrbench.nothing\n", "fails in line 1 (ModuleNotFoundError"),
        (b"x = 1\0", "fails (SyntaxError: source code string cannot contain null bytes)"),
        (b"x = '\xff'\n", "fails in line 1 (SyntaxError: "),
        (b"", "registers nothing: put @vrbench.alignment('name') over a function"),
        (b"def f(text, video):\n    return 1.0\n", "registers nothing"),
        (
            b"import vrbench\n\n@vrbench.alignment('tokenflow')\ndef f(a, b):\n    return 1.0\n",
            "fails in line 3: There is a method 'tokenflow' of vrbench itself and one of the file",
        ),
        (
            b"import vrbench\n\n@vrbench.alignment('g')\ndef f(a):\n    return 1.0\n",
            "fails in line 3: The function 'f' has to take two arrays",
        ),
    ],
)
def test_a_file_that_fails_is_one_sentence_with_its_line(
    code: bytes, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_bytes(code)
    for _ in range(2):
        with pytest.raises(InputError) as caught:
            load_file(file)
        message = str(caught.value)
        assert message.startswith(f"The plug-in file {file} {says}")
        assert "\n" not in message
        assert message.endswith(".")


def test_a_file_may_import_what_registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "imported_by_a_file.py").write_text(
        "import vrbench\n@vrbench.alignment('imported')\ndef f(a, b):\n    return 1.0\n"
    )
    (tmp_path / "mine.py").write_text("import imported_by_a_file\n")
    load_file(tmp_path / "mine.py")
    where = origin(type(alignments.parse("imported")))
    assert where is not None
    assert where.file == "imported_by_a_file.py"


def test_an_interruption_is_none_of_its_failures(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load_file(file)


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.py does not exist\.$"):
        load_file(tmp_path / "mine.py")
    with pytest.raises(InputError, match="cannot be read"):
        load_file(tmp_path)


def test_a_norm_that_would_never_be_applied_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(WHOLE.replace("transductive = True", "needs_bank = False"))
    with pytest.raises(InputError, match="Halves sets needs_bank to False"):
        load_file(file)
