"""Messages stay short, whatever is in them."""

from vrbench.errors import LONGEST, InputError, shown


def test_the_middle_of_a_long_message_is_left_out() -> None:
    assert str(InputError("a" * LONGEST)) == "a" * LONGEST
    said = str(InputError(f"a.npz holds '{'x' * 5000}': name it video."))
    assert len(said) <= LONGEST
    assert said.startswith("a.npz holds 'xxx")
    assert said.endswith("xxx': name it video.")
    assert str(InputError(said)) == said


def test_ten_names_are_listed() -> None:
    names = [f"v{i}" for i in range(12)]
    assert shown(names[:10]) == "v0, v1, v2, v3, v4, v5, v6, v7, v8, v9"
    assert shown(names) == "v0, v1, v2, v3, v4, v5, v6, v7, v8, v9 and 2 more"
    assert shown(()) == ""
