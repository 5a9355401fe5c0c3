"""Dominance in a payoff v that orders the outcomes, as formulas. Trusted.

With the values ``t_1 < … < t_m`` of v, B dominates A

    to first order   if P_B(v <= t) <= P_A(v <= t) for every t                    (every increasing utility agrees)
    to second order  if E_B (t - v)⁺ <= E_A (t - v)⁺ for every t           (every increasing concave one agrees)
    by a contraction if it does so to second order and E_A v = E_B v: A is a mean-preserving spread of B.

Both sides are piecewise linear in t with corners at the values, so these are all that matter. An axiom of dominance
says "B dominates A implies A ≼ B"; ``violation`` is the formula "B dominates A, and not A ≼ B", which must never hold.
Source: Hadar and Russell 1969; Rothschild and Stiglitz, *Increasing risk: I*, 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

from prefcore.formula import Affine, And, Atom, Feature, Formula, Node, Not


def violation(formula: Formula, axiom: str, value: Sequence[Fraction]) -> Formula:
    """``B dominates A, and not A ≼ B``, for ``"monotone"``, ``"risk_averse"`` or ``"spread_averse"``."""
    scale = lcm(*{v.denominator for v in value})
    integers = [int(v * scale) for v in value]
    lowest = min(integers)
    step = gcd(*{v - lowest for v in integers}) or 1
    levels = [(v - lowest) // step for v in integers]  # the same order, in the smallest whole numbers
    features = list(formula.features)
    nodes: list[Node] = list(formula.nodes)

    def more_in_a(functional: tuple[int, ...], op: str) -> int:
        """The node of ``E_A f - E_B f op 0``."""
        features.append(functional)
        nodes.append(Feature(0, len(features) - 1))
        nodes.append(Feature(1, len(features) - 1))
        nodes.append(Affine(Fraction(0), ((Fraction(1), len(nodes) - 2), (Fraction(-1), len(nodes) - 1))))
        nodes.append(Atom(op, len(nodes) - 1))
        return len(nodes) - 1

    wanted: list[int] = []
    for t in sorted(set(levels))[:-1] if axiom == "monotone" else sorted(set(levels))[1:]:
        if axiom == "monotone":
            wanted.append(more_in_a(tuple(int(v <= t) for v in levels), ">="))
        else:
            wanted.append(more_in_a(tuple(max(0, t - v) for v in levels), ">="))
    if axiom == "spread_averse":
        wanted.append(more_in_a(tuple(levels), "="))
    nodes.append(Not(len(formula.nodes) - 1))
    nodes.append(And((*wanted, len(nodes) - 1)))
    return Formula(formula.outcomes, tuple(features), tuple(nodes))
