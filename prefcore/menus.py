"""A relation on a finite menu of lotteries, as rows of bits. Trusted.

Bit j of row i says that lottery i ≼ lottery j. Rows are Python integers, so that "row k is within row i" is one
operation on all n bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from prefcore.arrays import evaluated
from prefcore.formula import Formula, Quotient, evaluate

SMALL = 6  # lotteries up to which a plain loop is as quick

Values = Sequence[Fraction]  # of the features
Row = int
Triple = tuple[int, int, int]


def rows_of(formula: Formula, values: Sequence[Values]) -> list[Row]:
    """The rows of the relation among lotteries that are given by their feature values."""
    n = len(values)
    if n <= SMALL or any(isinstance(node, Quotient) for node in formula.nodes):
        return [sum(1 << j for j in range(n) if evaluate(formula, x, values[j])) for x in values]
    return evaluated(formula, values)


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
