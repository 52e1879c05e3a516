from __future__ import annotations

import pytest

from vrbench.runtime.sums import Tree, leaves


def joined(left: str, right: str) -> str:
    return f"({left}{right})"


def tree_of(start: int, stop: int) -> Tree[str]:
    tree = Tree(joined)
    for number in range(start, stop):
        tree.add(number, "abcdefghijkl"[number])
    return tree


@pytest.mark.parametrize(
    ("n", "total"),
    [
        (1, "a"),
        (2, "(ab)"),
        (3, "((ab)c)"),
        (4, "((ab)(cd))"),
        (7, "(((ab)(cd))((ef)g))"),
        (12, "((((ab)(cd))((ef)(gh)))((ij)(kl)))"),
    ],
)
def test_leaves_are_joined_along_one_tree_whoever_has_them(n: int, total: str) -> None:
    assert tree_of(0, n).total == total
    for first in range(1, n):
        for second in range(first, n):
            tree = tree_of(0, first)
            tree.extend(tree_of(first, second))
            tree.extend(tree_of(second, n))
            assert tree.total == total
            assert tree.total == total, "asking changes nothing"


def test_a_tree_holds_one_value_a_level() -> None:
    tree = Tree(joined)
    for number in range(1000):
        tree.add(number, "")
        assert len(tree.parts) <= 10
    assert len(tree.parts) == 6, "bits of 1000"


def test_terms_lie_in_leaves_of_256() -> None:
    assert list(leaves(0, 256)) == [(0, slice(0, 256))]
    assert list(leaves(300, 700)) == [(1, slice(300, 512)), (2, slice(512, 700))]
    assert list(leaves(5, 5)) == []
