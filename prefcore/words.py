"""Counterexamples in words that a person understands."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from prefcore.distribution import mix
from prefcore.evidence import Counterexample
from prefcore.relations import Relation, compare

_STANDS = {
    "≺": "{0} is worse than {1}",
    "~": "{0} and {1} are equally good",
    "≻": "{0} is better than {1}",
    "incomparable": "{0} and {1} do not compare",
}


def in_words(axiom: str, evidence: Counterexample, relation: Relation[Any]) -> str:
    """A counterexample as a sentence, followed by its lotteries."""
    A, B, C, alpha = evidence.A, evidence.B, evidence.C, evidence.alpha
    named = [f"{name} = {x}" for name, x in (("A", A), ("B", B), ("C", C)) if x is not None]
    if alpha is not None and B is not None and C is not None:
        named += [f"αA+(1-α)C = {mix(alpha, A, C)}", f"αB+(1-α)C = {mix(alpha, B, C)}"]
    return f"{sentence(axiom, evidence, relation)}. {'; '.join(named)}"


def sentence(axiom: str, evidence: Counterexample, relation: Relation[Any]) -> str:
    """What fails at the counterexample, without its lotteries and without a full stop."""
    A, B, C, alpha = evidence.A, evidence.B, evidence.C, evidence.alpha
    if B is None:
        return "A is not as good as itself"
    if C is None:
        return "neither of A and B is as good as the other"
    if alpha is not None:
        before = _STANDS[compare(relation, A, B)].format("A", "B")
        mixtures = (f"{_share(alpha)} {x} with {_share(1 - alpha)} C" for x in "AB")
        after = _STANDS[compare(relation, mix(alpha, A, C), mix(alpha, B, C))].format(*mixtures)
        return f"{before}, yet {after}"
    if axiom in ("transitive", "preorder"):
        return "B is as good as A and C as good as B, yet C is not as good as A"
    where = "[0, 1]" if axiom == "interpolation" else "(0, 1)"
    return f"B lies between A and C, yet no mixture αA+(1-α)C with α in {where} is exactly as good as B"


def _share(alpha: Fraction) -> str:
    return "half of" if alpha == Fraction(1, 2) else f"{alpha} of"
