from pathlib import Path

import pytest
from small_annotations import write, zipped

from vrbench.datasets.files import Folder
from vrbench.errors import InputError


def test_a_file_is_read_plain_or_out_of_any_zip(tmp_path: Path) -> None:
    zipped(tmp_path / "one.zip", b_json="[1]")
    zipped(tmp_path / "two.zip", a_json="[2]")
    folder = Folder(tmp_path)
    assert folder.json("a.json").value == [2]
    assert folder.json("b.json").value == [1]
    write(tmp_path, a_json=[3])
    assert folder.json("a.json").value == [3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "one.zip", "two.zip"]


def test_the_first_of_two_names_that_is_there(tmp_path: Path) -> None:
    folder = Folder(write(tmp_path, b_json=[1]))
    assert folder.json("a.json|b.json").value == [1]
    assert folder.has("a.json|b.json")
    assert not folder.has("a.json")
    with pytest.raises(InputError, match=r"has no a\.json or c\.json\."):
        folder.json("a.json|c.json")


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfid\r\nx\r\n")
    assert [row for _, row in Folder(tmp_path).rows("a.csv", ["id"])] == [{"id": "x"}]


def test_another_encoding_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes('["caf\xe9"]'.encode("latin-1"))
    with pytest.raises(InputError, match=r"a\.json is no text \(not UTF-8 at byte 5\): conv"):
        Folder(tmp_path).json("a.json")


def test_what_is_no_json_is_refused_with_its_place(tmp_path: Path) -> None:
    zipped(tmp_path / "x.zip", a_json='{"a": 1,\n}')
    with pytest.raises(InputError, match=r"x\.zip \(inner/a\.json\) is not JSON .*: line 2"):
        Folder(tmp_path).json("a.json")


def test_a_broken_zip_is_refused(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "a.zip", a_json="[1]" * 500).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:100])
    with pytest.raises(InputError, match=r"a\.zip cannot be read as a zip"):
        Folder(tmp_path).has("a.json")
    start = whole.rindex(b"inner/a.json", 0, whole.index(b"PK\x01\x02")) + len("inner/a.json")
    (tmp_path / "a.zip").write_bytes(whole[:start] + b"\0\0\0" + whole[start + 3 :])
    with pytest.raises(InputError, match=r"a\.zip \(inner/a\.json\) is damaged"):
        Folder(tmp_path).json("a.json")


def test_lines_say_where_they_stand(tmp_path: Path) -> None:
    folder = Folder(write(tmp_path, a_txt="x\r\n\n y\t\n"))
    path = tmp_path / "a.txt"
    assert list(folder.lines("a.txt")) == [(f"{path}, line 1", "x"), (f"{path}, line 3", " y\t")]


def test_rows_say_where_they_stand(tmp_path: Path) -> None:
    folder = Folder(write(tmp_path, a_csv='id,more\nx,"1\n2"\ny,\n'))
    places, rows = zip(*folder.rows("a.csv", ["id"]), strict=True)
    assert rows == ({"id": "x", "more": "1\n2"}, {"id": "y", "more": ""})
    assert places[1].endswith("a.csv, line 4")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            r"has no column id \(its first line: nothing\): name columns there, divided",
        ),
        ("n" * 1000 + "\nx\n", r"first line: n{100} \.\.\.\): name"),
        ("name\nx\n", r"has no column id \(its first line: name\): name"),
        ("id,more\nx\n", r"line 2: 2 values expected, quoted where they hold commas\."),
        ("id;more\nx\n", r"line 2: 2 values expected, quoted where they hold semicolons\."),
        ("id,more\nx,1,2\n", r"line 2: 2 values expected"),
        ('id\n"x" y\n', r"after line 1: "),
        ('"id" x\n', r"after line 0: "),
    ],
)
def test_a_malformed_csv_is_refused_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        list(Folder(write(tmp_path, a_csv=text)).rows("a.csv", ["id"]))
