"""Whether a vector of utilities represents a relation, as a formula. Trusted.

``(u_1, …, u_k)`` represents ≼ if ``A ≼ B ⇔ (E_A u_1, …, E_A u_k) ≤_lex (E_B u_1, …, E_B u_k)``: one utility for T4,
several for T5, none if everything is indifferent. ``difference`` is the formula "exactly one side holds", which must
never hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

from prefcore.formula import Affine, And, Atom, Feature, Formula, Node, Not, Or


def difference(formula: Formula, utilities: Sequence[Sequence[Fraction]]) -> Formula:
    """``A ≼ B`` exactly if not ``u(A) ≤_lex u(B)``. Raises ``ValueError`` for a utility of the wrong length."""
    features = list(formula.features)
    nodes: list[Node] = list(formula.nodes)

    def node(new: Node) -> int:
        nodes.append(new)
        return len(nodes) - 1

    gains: list[int] = []
    for utility in utilities:
        scale = lcm(*(v.denominator for v in utility))
        integers = [int(v * scale) for v in utility]
        lowest = min(integers)
        step = gcd(*(v - lowest for v in integers)) or 1
        features.append(tuple((v - lowest) // step for v in integers))  # the same order, in the smallest whole numbers
        sides = [node(Feature(side, len(features) - 1)) for side in (0, 1)]
        gains.append(node(Affine(Fraction(0), ((Fraction(-1), sides[0]), (Fraction(1), sides[1])))))
    below = node(And(()))
    for rank, gain in enumerate(reversed(gains)):
        if rank == 0:
            below = node(Atom(">=", gain))
        else:
            below = node(Or((node(Atom(">", gain)), node(And((node(Atom("=", gain)), below))))))
    stated = len(formula.nodes) - 1
    only = node(And((stated, node(Not(below))))), node(And((node(Not(stated)), below)))
    node(Or(only))
    return Formula(formula.outcomes, tuple(features), tuple(nodes))
