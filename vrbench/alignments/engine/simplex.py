"""Exact optimal transport between a few tokens, for numba: a network simplex on dense costs.

A basis is a spanning tree over the tokens of both sides, rooted at the last token of the second
side: every other token has one arc, to its parent, and the flow on it. Token ``x < n`` is of the
first side, ``n + j`` is token j of the second. ``tree`` holds, by row, each token's parent, first
child, next and previous sibling, depth, and a stack; ``number`` its flow and its dual.

The start is greedy and the leaving arc is the last blocking one, so that the basis stays strongly
feasible (Cunningham 1976) and cannot cycle while all masses are positive. They are plain functions:
``emd_kernels.py`` has them compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

TOLERANCE = 1e-13
"""A reduced cost above its negative counts as none; relative to the largest cost."""
PIVOTS = 1_000
"""Most pivots for each token: a few are needed, and zero masses might cycle."""


def transport(cost: Any, a: Any, b: Any, tree: Any, number: Any) -> Any:
    """Move masses ``a`` (n,) to ``b`` (m,) at least cost.

    Args:
        cost: (n, m) float64.
        a: float64 masses; they are used up.
        b: masses of the same total.
        tree: (6, n + m) int32, room to work in.
        number: (2, n + m) float64, likewise; at the end ``number[1]`` holds the optimal duals:
            ``u[i] + v[j] <= cost[i, j]``.

    Returns:
        The cost; infinite where no optimum was reached in time.
    """
    n, m = cost.shape
    greedy(cost, a, b, tree, number)
    dual, least, row = number[1], 0.0, 0
    tree[4, n + m - 1], dual[n + m - 1] = 0, 0.0
    label(n + m - 1, cost, tree, number)
    for i in range(n):
        for j in range(m):
            least = min(least, -TOLERANCE * abs(cost[i, j]))
    for _ in range(PIVOTS * (n + m)):
        low, source, sink, looked, rows = least, -1, -1, 0, 0
        while rows < n and (source < 0 or looked * looked < n * m):
            for j in range(m):
                reduced = cost[row, j] - dual[row] - dual[n + j]
                if reduced < low:
                    low, source, sink = reduced, row, n + j
            row = row + 1 if row + 1 < n else 0
            rows, looked = rows + 1, looked + m
        if source < 0:
            return value(cost, tree, number)
        pivot(source, sink, cost, tree, number)
    return np.inf


def greedy(cost: Any, a: Any, b: Any, tree: Any, number: Any) -> None:
    """Fill each token of the second side from the cheapest tokens that have mass left.

    What is used up or filled becomes a child of the other end of the arc; in a tie it is the
    filled one, and so an arc without flow always leads from the first side up to the second.
    """
    n, m = cost.shape
    tree[1:4] = -1
    active, left = tree[5], n
    for i in range(n):
        active[i] = i
    for j in range(m - 1):
        need = b[j]
        while True:
            k = 0
            for q in range(1, left):
                if cost[active[q], j] < cost[active[k], j]:
                    k = q
            i = active[k]
            if left == 1 or a[i] >= need:
                a[i] = max(a[i] - need, 0.0)
                hang(n + j, i, need, tree, number)
                break
            need -= a[i]
            hang(i, n + j, a[i], tree, number)
            left -= 1
            active[k] = active[left]
    for q in range(left):
        hang(active[q], n + m - 1, a[active[q]], tree, number)


def hang(x: Any, under: Any, flow: Any, tree: Any, number: Any) -> None:
    """Make ``x`` the first child of ``under``."""
    parent, child, after, before = tree[0], tree[1], tree[2], tree[3]
    parent[x], after[x], before[x] = under, child[under], -1
    if child[under] >= 0:
        before[child[under]] = x
    child[under] = x
    number[0, x] = flow


def unhang(x: Any, tree: Any) -> None:
    """Take ``x`` from its siblings."""
    parent, child, after, before = tree[0], tree[1], tree[2], tree[3]
    if before[x] >= 0:
        after[before[x]] = after[x]
    else:
        child[parent[x]] = after[x]
    if after[x] >= 0:
        before[after[x]] = before[x]


def label(top: Any, cost: Any, tree: Any, number: Any) -> None:
    """Set depths and duals of all below ``top``: ``u + v = cost`` on the arcs of the tree."""
    n = len(cost)
    child, after, depth, stack, dual = tree[1], tree[2], tree[4], tree[5], number[1]
    stack[0], left = top, 1
    while left:
        left -= 1
        x = stack[left]
        y = child[x]
        while y >= 0:
            depth[y] = depth[x] + 1
            dual[y] = (cost[y, x - n] if y < n else cost[x, y - n]) - dual[x]
            stack[left] = y
            left += 1
            y = after[y]


def pivot(source: Any, sink: Any, cost: Any, tree: Any, number: Any) -> None:
    """Bring the arc from ``source`` to ``sink`` into the tree."""
    n = len(cost)
    parent, depth = tree[0], tree[4]
    flow, dual = number[0], number[1]
    x, y = source, sink
    most_x, most_y, out_x, out_y = np.inf, np.inf, -1, -1
    while x != y:
        if depth[x] >= depth[y]:
            if x < n and flow[x] < most_x:
                most_x, out_x = flow[x], x
            x = parent[x]
        else:
            if y >= n and flow[y] <= most_y:
                most_y, out_y = flow[y], y
            y = parent[y]
    join = x
    new, under, out, most = source, sink, out_x, most_x
    if most_y <= most_x:
        new, under, out, most = sink, source, out_y, most_y
    x, y = source, sink
    while x != join:
        flow[x] += -most if x < n else most
        x = parent[x]
    while y != join:
        flow[y] += most if y < n else -most
        y = parent[y]
    x, carried = new, most
    while True:  # the way from the new arc to the one that leaves is turned around
        up, was = parent[x], flow[x]
        unhang(x, tree)
        hang(x, under, carried, tree, number)
        if x == out:
            break
        x, under, carried = up, x, was
    depth[new] = depth[parent[new]] + 1
    dual[new] = cost[source, sink - n] - dual[parent[new]]
    label(new, cost, tree, number)


def value(cost: Any, tree: Any, number: Any) -> Any:
    """Sum of flow times cost."""
    n, m = cost.shape
    whole = 0.0
    for x in range(n + m - 1):
        y = tree[0, x]
        whole += number[0, x] * (cost[x, y - n] if x < n else cost[y, x - n])
    return whole
