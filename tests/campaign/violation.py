"""The axioms of theory.md section 2, said of given lotteries: whether they violate one. Exact."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from .trees import Condition, Lottery, at, cuts_of, expectation, holds, indifferent_points, mixed, telling


def strictly(tree: Condition, A: Lottery, B: Lottery) -> bool:
    """``A ≺ B``."""
    return holds(tree, (A, B)) and not holds(tree, (B, A))


def dominates(axiom: str, value: Lottery, B: Lottery, A: Lottery) -> bool:
    """Whether B dominates A in the payoff: to first order (monotone), to second, or that with the same mean."""
    levels = sorted(set(value))
    area_a = area_b = Fraction(0)
    for x, following in pairwise(levels):
        below_a, below_b = (sum((p for v, p in zip(value, L, strict=True) if v <= x), Fraction(0)) for L in (A, B))
        area_a, area_b = area_a + below_a * (following - x), area_b + below_b * (following - x)
        if below_b > below_a if axiom == "monotone" else area_b > area_a:
            return False
    return axiom != "spread_averse" or expectation(value, A) == expectation(value, B)


def is_violated(
    axiom: str,
    tree: Condition,
    lotteries: Sequence[Lottery],
    alpha: Fraction | None,
    value: Lottery = (),
) -> bool:
    """Whether these lotteries (A, B, C in this order, as many as needed) and α are a counterexample to the axiom.

    `value` is the payoff by which dominance is meant.
    """
    points = list(lotteries)
    if not points:
        return False
    A = points[0]
    if axiom == "reflexive":
        return not holds(tree, (A, A))
    if axiom == "preorder" and (len(points) < 3 or not holds(tree, (A, A))):
        return not holds(tree, (A, A))
    if axiom == "acyclic":
        around = zip(points, [*points[1:], A], strict=True)
        return len(points) >= 2 and all(strictly(tree, X, Y) for X, Y in around)
    if len(points) < 2:
        return False
    B = points[1]
    if axiom == "total":
        return not holds(tree, (A, B)) and not holds(tree, (B, A))
    if axiom in ("monotone", "risk_averse", "spread_averse"):
        return dominates(axiom, value, B, A) and not holds(tree, (A, B))
    if axiom == "betweenness":
        if alpha is None or not 0 < alpha < 1 or not strictly(tree, A, B):
            return False
        X = mixed(alpha, A, B)
        return not (strictly(tree, A, X) and strictly(tree, X, B))
    if len(points) < 3:
        return False
    C = points[2]
    match axiom:
        case "transitive" | "preorder":
            return holds(tree, (A, B)) and holds(tree, (B, C)) and not holds(tree, (A, C))
        case "quasi_transitive":
            return strictly(tree, A, B) and strictly(tree, B, C) and not strictly(tree, A, C)
        case "negatively_transitive":
            return strictly(tree, A, C) and not strictly(tree, A, B) and not strictly(tree, B, C)
        case "interpolation" | "interpolation_open":
            serving = indifferent_points(tree, A, B, C)
            if axiom == "interpolation_open":
                serving = [x for x in serving if 0 < x < 1]
            return holds(tree, (A, B)) and holds(tree, (B, C)) and not serving
        case "continuous":
            return is_jump(tree, A, B, C) or is_jump(tree, A, C, B)
        case "consistent" | "convex":
            if alpha is None or not 0 < alpha < 1:
                return False
            before, after = holds(tree, (A, B)), holds(tree, (mixed(alpha, A, C), mixed(alpha, B, C)))
            return (before and not after) or (axiom == "convex" and before is not after)
    raise ValueError(f"no semantics for {axiom!r}")


def is_jump(tree: Condition, A: Lottery, B: Lottery, D: Lottery) -> bool:
    """Whether near B towards D all are ≽ A, or all ≼ A, while B itself is not."""
    for segment in (((A, B), (A, D)), ((B, A), (D, A))):
        first = next(t for t in telling(cuts_of(tree, segment)) if t > 0)  # a midpoint: nothing changes before it
        if not holds(tree, segment[0]) and holds(tree, at(segment, first / 2)):
            return True
    return False
