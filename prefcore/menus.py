"""A relation on a finite menu of lotteries, as rows of bits. Trusted.

Bit j of row i says that lottery i ≼ lottery j. Rows are Python integers, so that "row k is within row i" is one
operation on all n bits. Large menus are evaluated on arrays of integers, in 64 bits where no value can overflow and as
Python's integers otherwise: exactly, in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from prefcore.formula import (
    Affine,
    And,
    Atom,
    Feature,
    Formula,
    If,
    Max,
    Min,
    Not,
    Or,
    Product,
    Quotient,
    evaluate,
)

SMALL = 40  # lotteries up to which a plain loop is as quick
BLOCK = 1 << 20  # pairs that are evaluated at a time
WORD = 2**62  # which no 64-bit value may reach

Values = Sequence[Fraction]  # of the features
Row = int
Triple = tuple[int, int, int]


def rows_of(formula: Formula, values: Sequence[Values]) -> list[Row]:
    """The rows of the relation among lotteries that are given by their feature values."""
    n = len(values)
    if n <= SMALL or any(isinstance(node, Quotient) for node in formula.nodes):
        return [sum(1 << j for j in range(n) if evaluate(formula, x, values[j])) for x in values]
    return _evaluated(formula, values)


# -- what the rows show ---------------------------------------------------------------------------------------------


def _bits(row: Row) -> list[int]:
    return [i for i, bit in enumerate(reversed(bin(row)[2:])) if bit == "1"]


def columns(rows: Sequence[Row]) -> list[Row]:
    """The rows of the converse relation."""
    n = len(rows)
    texts = [format(row, f"0{n}b")[::-1] for row in rows]
    return [int("".join(column)[::-1], 2) for column in zip(*texts, strict=True)]


def strict(rows: Sequence[Row]) -> list[Row]:
    """The rows of ≺: i ≼ j and not j ≼ i."""
    return [row & ~back for row, back in zip(rows, columns(rows), strict=True)]


def complement(rows: Sequence[Row]) -> list[Row]:
    """The rows of the relation that holds where this one does not."""
    everything = (1 << len(rows)) - 1
    return [everything & ~row for row in rows]


def intransitive(rows: Sequence[Row]) -> Triple | None:
    """The first i, k, j found with i ≼ k ≼ j and not i ≼ j; None if the relation is transitive.

    Rows are taken by size. At row i a member k must have its row within row i; if row k was seen to be transitive, the
    members of row k need no look: their rows are within row k. So an order of n lotteries takes n steps, not n².
    """
    size = [row.bit_count() for row in rows]
    seen: set[Row] = set()
    for i in sorted(range(len(rows)), key=size.__getitem__):
        row = left = rows[i]
        if row in seen:
            continue
        while left:
            k = max((left & -left).bit_length() - 1, left.bit_length() - 1, key=size.__getitem__)
            beyond = rows[k] & ~row
            if beyond:
                return i, k, beyond.bit_length() - 1
            left &= ~(1 << k)
            if rows[k] in seen:
                left &= ~rows[k]
        seen.add(row)
    return None


def cycle(rows: Sequence[Row]) -> list[int] | None:
    """A cycle of the relation, each member below the next and the last below the first; None if there is none."""
    visited = active = 0
    for root in range(len(rows)):
        path = [] if visited >> root & 1 else [root]
        while path:
            at = path[-1]
            active |= 1 << at
            visited |= 1 << at
            if rows[at] & active:
                start = path.index((rows[at] & active).bit_length() - 1)
                return path[start:]
            following = rows[at] & ~visited
            if following:
                path.append(following.bit_length() - 1)
            else:
                active &= ~(1 << path.pop())
    return None


def violation(axiom: str, rows: Sequence[Row]) -> tuple[int, ...] | None:
    """Lotteries of the menu at which an axiom without mixtures fails; None if it holds among all of them."""
    n = len(rows)
    match axiom:
        case "reflexive":
            return next(((i,) for i in range(n) if not rows[i] >> i & 1), None)
        case "total":
            gaps = complement([row | back for row, back in zip(rows, columns(rows), strict=True)])
            return next(((i, gap.bit_length() - 1) for i, gap in enumerate(gaps) if gap), None)
        case "transitive":
            return intransitive(rows)
        case "quasi_transitive":
            return intransitive(strict(rows))
        case "negatively_transitive":  # ≺ has it if "not ≺" is transitive
            found = intransitive(complement(strict(rows)))
            return found
        case "preorder":
            return violation("reflexive", rows) or intransitive(rows)
        case _:
            found_cycle = cycle(strict(rows))
            return None if found_cycle is None else tuple(found_cycle)


# -- many pairs at a time -------------------------------------------------------------------------------------------


def _evaluated(formula: Formula, values: Sequence[Values]) -> list[Row]:
    import numpy as np

    scales = [lcm(*(x[k].denominator for x in values)) for k in range(len(formula.features))]
    integers = [[int(x[k] * scale) for x in values] for k, scale in enumerate(scales)]
    size, scale_of = _bounds(formula, scales, integers)
    kind: Any = np.int64 if size < WORD else object
    arrays = [np.array(column, dtype=kind) for column in integers]
    n = len(values)
    rows: list[Row] = []
    step = max(1, BLOCK // n)
    for start in range(0, n, step):
        part = slice(start, min(n, start + step))
        truth = _block(formula, scale_of, [(a[part, None], a[None, :]) for a in arrays], np)
        whole = np.broadcast_to(truth, (part.stop - part.start, n)).astype(bool)
        packed = np.packbits(whole, axis=1, bitorder="little")
        rows += [int.from_bytes(row.tobytes(), "little") for row in packed]
    return rows


def _bounds(formula: Formula, scales: list[int], integers: list[list[int]]) -> tuple[int, list[int]]:
    """The largest absolute value that any node takes, and each term's scale: its value is array / scale."""
    largest: list[int] = []
    scale_of: list[int] = []
    peak = 1
    for node in formula.nodes:
        bound = scale = 1
        match node:
            case Feature(_, k):
                scale, bound = scales[k], max(map(abs, integers[k]))
            case Affine(constant, terms):
                scale = lcm(constant.denominator, *((w / scale_of[i]).denominator for w, i in terms))
                bound = int(abs(constant) * scale) + sum(
                    int(abs(w) / scale_of[i] * scale) * largest[i] for w, i in terms
                )
            case Product(i, j):
                scale, bound = scale_of[i] * scale_of[j], largest[i] * largest[j]
            case Max(operands) | Min(operands):
                scale = lcm(*(scale_of[i] for i in operands))
                bound = max(largest[i] * (scale // scale_of[i]) for i in operands)
            case If(_, i, j):
                scale = lcm(scale_of[i], scale_of[j])
                bound = max(largest[i] * (scale // scale_of[i]), largest[j] * (scale // scale_of[j]))
        peak = max(peak, bound, scale)
        largest.append(bound)
        scale_of.append(scale)
    return peak, scale_of


def _block(formula: Formula, scale_of: list[int], features: list[tuple[Any, Any]], np: Any) -> Any:
    """The truth of the relation for a block of pairs."""
    table: list[Any] = []

    def scaled(i: int, scale: int) -> Any:
        return table[i] if scale == scale_of[i] else table[i] * (scale // scale_of[i])

    def joined(operation: Callable[[Any, Any], Any], arrays: list[Any], neutral: bool) -> Any:
        total = arrays[0] if arrays else np.array([[neutral]])
        for array in arrays[1:]:
            total = operation(total, array)
        return total

    for node, scale in zip(formula.nodes, scale_of, strict=True):
        value: Any
        match node:
            case Feature(side, k):
                value = features[k][side]
            case Affine(constant, terms):
                value = np.array([[int(constant * scale)]], dtype=features[0][0].dtype if features else np.int64)
                for w, i in terms:
                    value = value + table[i] * int(w / scale_of[i] * scale)
            case Product(i, j):
                value = table[i] * table[j]
            case Max(operands):
                value = joined(np.maximum, [scaled(i, scale) for i in operands], True)
            case Min(operands):
                value = joined(np.minimum, [scaled(i, scale) for i in operands], True)
            case If(condition, i, j):
                value = np.where(table[condition], scaled(i, scale), scaled(j, scale))
            case Atom(op, i):
                value = table[i] >= 0 if op == ">=" else table[i] > 0 if op == ">" else table[i] == 0
            case Not(i):
                value = ~table[i]
            case And(operands):
                value = joined(np.logical_and, [table[i] for i in operands], True)
            case Or(operands):
                value = joined(np.logical_or, [table[i] for i in operands], False)
            case _:
                raise ValueError(f"no array form of {node!r}")
        table.append(value)
    return table[-1]
