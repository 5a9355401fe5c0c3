"""Probabilities of preference and of choice as they are given: read exactly, and refused at the door.

A matrix is brought to ``P + Pᵀ = 1``, choices to a table of menus. What floats miss by their rounding is mended, and
that is told.
"""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Iterable, Mapping, Set
from fractions import Fraction
from typing import Any

import numpy as np

from prefcore.distribution import Distribution, exact
from prefcore.stochastic import HALF

ROUNDING = Fraction(1, 10**12)  # how far floats may miss P_ij + P_ji = 1, and what a float's violation should exceed


def rows_of(matrix: object) -> list[list[Any]]:
    if isinstance(matrix, np.ndarray):
        if matrix.ndim != 2:
            raise ValueError(f"matrix must have two dimensions, got an array of shape {matrix.shape}")
        matrix = matrix.tolist()
    if isinstance(matrix, (str, Mapping, Set)) or not isinstance(matrix, Iterable):
        raise TypeError(f"matrix must be nested sequences or a numpy array, got {type(matrix).__name__}")
    rows = []
    for i, row in enumerate(matrix):
        if isinstance(row, (str, Mapping, Set)) or not isinstance(row, Iterable):
            raise TypeError(f"row {i} of the matrix must be a sequence of numbers, got {row!r}")
        rows.append(list(row))
    if not rows:
        raise ValueError("matrix must have at least one row, got none")
    for i, row in enumerate(rows):
        if len(row) != len(rows):
            raise ValueError(f"matrix must be square: it has {len(rows)} rows, but row {i} has {len(row)} entries")
    return rows


def names_of(items: Iterable[Hashable] | None, n: int) -> tuple[Any, ...]:
    if items is None:
        return tuple(range(n))
    if isinstance(items, (str, Set)) or not isinstance(items, Iterable):
        raise TypeError(f"items must be a sequence of names in the order of the rows, got {items!r}")
    names = tuple(items)
    if len(names) != n:
        raise ValueError(f"items must name each of the {n} rows, got {len(names)} names")
    _no_repeats(names, "items")
    return names


def exact_matrix(
    rows: list[list[Any]], names: tuple[Any, ...]
) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[str, ...], bool]:
    """The probabilities exactly, what was changed to make ``P + Pᵀ = 1``, and whether a float was among them."""
    n = len(rows)
    P = [[exact(x, f"P[{names[i]!r}, {names[j]!r}]") for j, x in enumerate(row)] for i, row in enumerate(rows)]
    changes: list[Fraction] = []
    for i in range(n):
        if P[i][i] != HALF:
            raise ValueError(f"P[{names[i]!r}, {names[i]!r}] is {rows[i][i]}: put 1/2 on the diagonal")
        for j in range(i):
            for a, b in ((i, j), (j, i)):
                if not 0 <= P[a][b] <= 1:
                    raise ValueError(
                        f"P[{names[a]!r}, {names[b]!r}] is {rows[a][b]}, no probability: of counts, give the shares"
                    )
            excess = P[i][j] + P[j][i] - 1
            if excess == 0:
                continue
            if abs(excess) > ROUNDING or not (_is_float(rows[i][j]) or _is_float(rows[j][i])):
                raise ValueError(
                    f"P[{names[j]!r}, {names[i]!r}] + P[{names[i]!r}, {names[j]!r}] must be 1, "
                    f"got {rows[j][i]} + {rows[i][j]} = {shown_number(1 + excess)}"
                )
            changes.append(abs(excess) / 2)
            P[i][j] = (P[i][j] + 1 - P[j][i]) / 2
            P[j][i] = 1 - P[i][j]
    notes: tuple[str, ...] = ()
    if changes:
        of = f"{len(changes)} of {counted(n * (n - 1) // 2, 'pair')}"
        notes = (f"P + Pᵀ = 1 up to rounding only: (P + 1 - Pᵀ)/2 in {of}, by {float(max(changes)):.1e} at most",)
    return tuple(map(tuple, P)), notes, any(_is_float(x) and x != 0.5 for row in rows for x in row)


def read_choices(
    choices: object,
) -> tuple[tuple[Any, ...], tuple[tuple[int, ...], ...], tuple[tuple[Fraction, ...], ...], tuple[str, ...], bool]:
    """The items, each menu's positions in them, the probabilities, what was changed, and whether a float was given."""
    if not isinstance(choices, Mapping):
        raise TypeError(f"choices must map menus to {{item: probability}}, got {type(choices).__name__}")
    if not choices:
        raise ValueError("choices must have at least one menu, got none")
    position: dict[Any, int] = {}
    found: dict[tuple[int, ...], tuple[Fraction, ...]] = {}
    renormalised, rounded = 0, False
    for menu, probabilities in choices.items():
        if not isinstance(menu, (tuple, frozenset)):
            raise TypeError(f"a menu is a tuple or a frozenset of items, got {menu!r}")
        listed = tuple(sorted(menu, key=repr)) if isinstance(menu, frozenset) else menu
        if not listed:
            raise ValueError("a menu must have at least one item, got the empty one")
        _no_repeats(listed, f"the items of menu {listed}")
        if not isinstance(probabilities, (Mapping, Distribution)):
            raise TypeError(f"the choices from menu {listed} must be {{item: probability}}, got {probabilities!r}")
        given = dict(probabilities.items())
        for item in given:
            if item not in listed:
                raise ValueError(f"{item!r} has a probability, but is not in menu {listed}")
        try:
            lottery = Distribution(given)
        except (ValueError, TypeError) as error:
            raise type(error)(f"the choices from menu {listed}: {error}") from error
        renormalised += lottery.renormalised
        rounded = rounded or any(_is_float(p) for p in given.values())
        for item in listed:
            position.setdefault(item, len(position))
        ordered = sorted(listed, key=position.__getitem__)
        key = tuple(position[item] for item in ordered)
        if key in found:
            raise ValueError(f"menu {listed} is given twice, as the order of its items does not matter")
        found[key] = tuple(lottery[item] for item in ordered)
    note = f"the probabilities of {counted(renormalised, 'menu')} summed to 1 up to rounding only and were scaled"
    notes = (note,) if renormalised else ()
    return tuple(position), tuple(found), tuple(found.values()), notes, rounded


def _no_repeats(names: tuple[Any, ...], what: str) -> None:
    seen = set()
    for name in names:
        if not isinstance(name, Hashable):
            raise TypeError(f"{what} must have hashable names, got {name!r}")
        if name in seen:
            raise ValueError(f"{what} must differ, but {name!r} is given twice")
        seen.add(name)


def _is_float(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational)


def shown_number(p: Fraction) -> str:
    return str(p) if len(str(p)) <= 9 else f"about {float(p):.6g}"


def counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
