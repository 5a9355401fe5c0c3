"""Sparse systems of linear equations, exactly: what is triangular by substitution, the rest by FLINT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat

ZERO = Fraction(0)
DENSE = 1500  # unknowns up to which a system that is not triangular is solved exactly


def solve_square(rows: Sequence[Mapping[int, Fraction]], rhs: Sequence[Fraction]) -> list[Fraction] | None:
    """The solution of a sparse square system; None if it is singular, or too large where it is not triangular.

    A row with one unknown gives it; an unknown that only one row has waits for the others. FLINT solves what is left.
    """
    n = len(rows)
    where: list[set[int]] = [set() for _ in range(n)]  # the open rows of each unknown
    for r, entries in enumerate(rows):
        for j, c in entries.items():
            if c:
                where[j].add(r)
    unknown = [{j for j, c in entries.items() if c} for entries in rows]
    values: list[Fraction | None] = [None] * n
    open_rows = set(range(n))
    waiting: list[tuple[int, int]] = []  # (row, unknown), to be substituted at the end
    ready = [("row", r) for r in range(n) if len(unknown[r]) == 1] + [
        ("column", j) for j in range(n) if len(where[j]) == 1
    ]

    def close(r: int) -> None:
        open_rows.discard(r)
        for j in unknown[r]:
            where[j].discard(r)
            if len(where[j]) == 1:
                ready.append(("column", j))

    settled: set[int] = set()
    while ready:
        kind, k = ready.pop()
        if kind == "row" and k in open_rows and len(unknown[k]) == 1:
            (j,) = unknown[k]
            values[j] = _rest(rows[k], rhs[k], values) / rows[k][j]
            settled.add(j)
            close(k)
            for r in list(where[j]):
                unknown[r].discard(j)
                where[j].discard(r)
                if len(unknown[r]) == 1:
                    ready.append(("row", r))
        elif kind == "column" and k not in settled and len(where[k]) == 1:
            (r,) = where[k]
            waiting.append((r, k))
            settled.add(k)
            close(r)
    if any(not unknown[r] for r in open_rows):
        return None
    left = sorted(open_rows)
    columns = [j for j in range(n) if j not in settled]
    if len(left) != len(columns) or len(left) > DENSE:
        return None
    if left:
        place = {j: k for k, j in enumerate(columns)}
        dense = [[fmpq(0)] * len(left) for _ in left]
        for k, r in enumerate(left):
            for j in unknown[r]:
                dense[k][place[j]] = _fmpq(rows[r][j])
        right = [[_fmpq(_rest(rows[r], rhs[r], values))] for r in left]
        try:
            solved = fmpq_mat(dense).solve(fmpq_mat(right))
        except ZeroDivisionError:
            return None
        for k, j in enumerate(columns):
            values[j] = Fraction(int(solved[k, 0].p), int(solved[k, 0].q))
    for r, j in reversed(waiting):
        values[j] = _rest(rows[r], rhs[r], values) / rows[r][j]
    return [v for v in values if v is not None]


def _rest(row: Mapping[int, Fraction], bound: Fraction, values: Sequence[Fraction | None]) -> Fraction:
    """The bound less what the known unknowns contribute."""
    for j, c in row.items():
        value = values[j]
        if value is not None:
            bound -= c * value
    return bound


def _fmpq(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def rank(rows: Sequence[Mapping[int, Fraction]], columns: int) -> int:
    """The rank of a matrix given by its rows."""
    if not rows:
        return 0
    dense = [[_fmpq(row.get(j, ZERO)) for j in range(columns)] for row in rows]
    return int(fmpq_mat(dense).rref()[1])
