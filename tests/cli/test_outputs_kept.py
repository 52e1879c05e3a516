"""No command puts what it writes in the place of a file of another kind, or of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import refused, run
from plugged import FUNCTION, vrbench

WRITES = {
    "epochs.csv": "train linear f.h5 --epochs 1 --validation 0 --overwrite -q --out h --log {}",
    "results.csv": "eval f.h5 --method global -q --csv {}",
    "run.t2v.run": "eval f.h5 --method global -q --run run",
    "run.v2t.qrels": "eval f.h5 --method global -q --run run",
    "all.csv": "export results --format csv --out {}",
    "mteb.json": "export results --format mteb --out {}",
    "card.yaml": "export results --format model-index --out {}",
    "ranks.parquet": "export results --format ranks --out {}",
}
"""A file, and a command that writes it."""

OTHERS = {
    "a.csv": "video_id,caption\nvideo1,a dog\n",
    "a.json": '{"schema": 1}\n',
    "a.md": "---\nlicense: mit\n---\n",
    "a.py": "import vrbench\n",
    "a.run": "text1 Q0 video1 1 0.5 bm25\n",
    "a.qrels": "text1 0 video1 3\n",
}


@pytest.fixture
def made(place: Path) -> Path:
    assert run("eval", "f.h5", "--method", "global", "--norm", "dsl", "-q").code == 0
    return place


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("name", WRITES)
def test_a_file_is_replaced_by_one_of_its_kind_only(name: str) -> None:
    if name == "ranks.parquet":
        pytest.importorskip("arro3.io")
    words = WRITES[name].format(name).split()
    for _ in range(2):
        assert run(*words).code == 0
        assert Path(name).stat().st_size
    for text in OTHERS.values():
        Path(name).write_text(text)
        refused(*words, says=f"{name} is no .* file and is not overwritten: give --")
        assert Path(name).read_text() == text
    before = Path("f.h5").read_bytes()
    Path(name).write_bytes(before)
    refused(*words, says=f"{name} is no .* file and is not overwritten: give --")
    assert Path(name).read_bytes() == before


@pytest.mark.parametrize("form", ["csv", "mteb", "model-index", "ranks"])
def test_an_export_destroys_no_result(form: str, made: Path) -> None:
    results = sorted((made / "results").iterdir())
    before = [path.read_bytes() for path in results]
    for path in results:
        refused("export", "results", "--format", form, "--out", path, says="is not overwritten")
    assert [path.read_bytes() for path in results] == before


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "words",
    [
        "eval f.h5 --method global --save-sim z.npz --csv z.npz",
        "eval f.h5 --method global --save-sim z.npz --csv ./new/../z.npz",
        "eval f.h5 --method global --run z --csv z.v2t.run",
        "eval f.h5 --method global --csv new --out new",
        "train linear f.h5 --out h.safetensors --log h.safetensors",
    ],
)
def test_two_outputs_are_two_files(words: str) -> None:
    before = sorted(Path().iterdir())
    refused(*words.split(), "-q", says="is written for another option of this command: give --")
    assert sorted(Path().iterdir()) == before


def test_a_plugin_is_not_overwritten(place: Path) -> None:
    (place / "mine.py").write_text(FUNCTION)
    done = vrbench(place, "eval", "f.h5", "--plugin", "mine.py", "--csv", "mine.py")
    assert done.returncode == 2
    assert "mine.py is no results CSV file and is not overwritten" in done.stderr
    assert (place / "mine.py").read_text() == FUNCTION
