"""The kernel's loops over many outcomes or many pairs, on arrays of integers. Trusted.

Exactly: before anything is calculated, every value that can occur is bounded; where all bounds are below 2⁶² the arrays
hold 64-bit integers, which then cannot overflow, and otherwise Python's integers, which never do. numpy is loaded only
when it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from prefcore.formula import Affine, And, Atom, Feature, Formula, If, Max, Min, Not, Or, Product

BLOCK = 1 << 20  # pairs that are evaluated at a time
WORD = 2**62  # which no 64-bit value may reach


def largest_sum(formula: Formula, integers: Sequence[tuple[int, int]], arrays: dict[int, Any]) -> int:
    """The largest ``Σ w f_k`` over the outcomes, for pairs (w, k); `arrays` keeps the features for the next call."""
    import numpy as np

    bound = sum(abs(w) * max(-min(formula.features[k]), max(formula.features[k]), 1) for w, k in integers)
    if bound >= WORD:
        features = [(w, formula.features[k]) for w, k in integers]
        return max(sum(w * f[o] for w, f in features) for o in range(formula.outcomes))
    total = np.zeros(formula.outcomes, dtype=np.int64)
    for w, k in integers:
        if k not in arrays:
            arrays[k] = np.array(formula.features[k], dtype=np.int64)
        total += np.int64(w) * arrays[k]
    return int(total.max())


def evaluated(formula: Formula, values: Sequence[Sequence[Fraction]]) -> list[int]:
    """The relation among lotteries given by their features: bit j of row i says that i ≼ j. It takes no quotients."""
    import numpy as np

    scales = [lcm(*(x[k].denominator for x in values)) for k in range(len(formula.features))]
    integers = [[int(x[k] * scale) for x in values] for k, scale in enumerate(scales)]
    size, scale_of = _bounds(formula, scales, integers)
    kind: Any = np.int64 if size < WORD else object
    arrays = [np.array(column, dtype=kind) for column in integers]
    n = len(values)
    rows: list[int] = []
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
                factors = [(int(abs(w) / scale_of[i] * scale), i) for w, i in terms]
                bound = int(abs(constant) * scale) + sum(factor * max(largest[i], 1) for factor, i in factors)
            case Product(i, j):
                scale, bound = scale_of[i] * scale_of[j], largest[i] * largest[j]
            case Max(operands) | Min(operands):
                scale = lcm(*(scale_of[i] for i in operands))
                bound = max(max(largest[i], 1) * (scale // scale_of[i]) for i in operands)
            case If(_, i, j):
                scale = lcm(scale_of[i], scale_of[j])
                bound = max(max(largest[k], 1) * (scale // scale_of[k]) for k in (i, j))
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
