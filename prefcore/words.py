"""Counterexamples in words that a person understands."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from prefcore.distribution import Distribution, mix
from prefcore.evidence import Counterexample, Cycle
from prefcore.relations import Relation, compare

_STANDS = {
    "≺": "{0} is worse than {1}",
    "~": "{0} and {1} are equally good",
    "≻": "{0} is better than {1}",
    "incomparable": "{0} and {1} do not compare",
}


def in_words(axiom: str, evidence: Counterexample | Cycle, relation: Relation[Any]) -> str:
    """A counterexample as a sentence, followed by its lotteries."""
    return f"{sentence(axiom, evidence, relation)}. {'; '.join(f'{n} = {x}' for n, x in lotteries_of(evidence))}"


def lotteries_of(evidence: Counterexample | Cycle) -> list[tuple[str, Distribution]]:
    """The lotteries of a counterexample by name, and the mixtures that its α makes of them."""
    if isinstance(evidence, Cycle):
        return [(f"A{_LOW[i + 1]}", x) for i, x in enumerate(evidence.lotteries)]
    A, B, C, alpha = evidence.A, evidence.B, evidence.C, evidence.alpha
    named = [(name, x) for name, x in (("A", A), ("B", B), ("C", C)) if x is not None]
    if alpha is not None and B is not None and C is not None:
        named += [("αA+(1-α)C", mix(alpha, A, C)), ("αB+(1-α)C", mix(alpha, B, C))]
    elif alpha is not None and B is not None:
        named.append(("αA+(1-α)B", mix(alpha, A, B)))
    return named


_LOW = [str(i).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")) for i in range(100)]
_DOMINATES = {
    "monotone": "B dominates A to first order",
    "risk_averse": "B dominates A to second order",
    "spread_averse": "A is a mean-preserving spread of B",
}


def sentence(axiom: str, evidence: Counterexample | Cycle, relation: Relation[Any]) -> str:
    """What fails at the counterexample, without its lotteries and without a full stop."""
    if isinstance(evidence, Cycle):
        names = [name for name, _ in lotteries_of(evidence)]
        return f"each of {', '.join(names)} is worse than the next, and the last is worse than {names[0]}"
    A, B, C, alpha = evidence.A, evidence.B, evidence.C, evidence.alpha
    if B is None:
        return "A is not as good as itself"
    if axiom in _DOMINATES:
        return f"{_DOMINATES[axiom]}, yet it is not as good"
    if C is None and alpha is not None:
        mixture = mix(alpha, A, B)
        stands = [_STANDS[compare(relation, x, mixture)].format(n, "their mixture") for n, x in (("A", A), ("B", B))]
        return f"A is worse than B, yet {' and '.join(stands)}"
    if C is None:
        return "neither of A and B is as good as the other"
    if alpha is not None:
        before = _STANDS[compare(relation, A, B)].format("A", "B")
        mixtures = (f"{_share(alpha)} {x} with {_share(1 - alpha)} C" for x in "AB")
        after = _STANDS[compare(relation, mix(alpha, A, C), mix(alpha, B, C))].format(*mixtures)
        return f"{before}, yet {after}"
    if axiom in ("transitive", "preorder"):
        return "B is as good as A and C as good as B, yet C is not as good as A"
    if axiom == "quasi_transitive":
        return "A is worse than B and B worse than C, yet A is not worse than C"
    if axiom == "negatively_transitive":
        return "A is worse than C, yet neither is A worse than B nor B worse than C"
    if axiom == "continuous":
        near = "all lotteries between C and B that are near enough to B are"
        if relation(A, B):
            return f"{near} at most as good as A, yet B is not"
        return f"{near} as good as A, yet B is not"
    where = "[0, 1]" if axiom == "interpolation" else "(0, 1)"
    return f"B lies between A and C, yet no mixture αA+(1-α)C with α in {where} is exactly as good as B"


def _share(alpha: Fraction) -> str:
    return "half of" if alpha == Fraction(1, 2) else f"{alpha} of"


def nearest(name: object, known: Sequence[str]) -> str:
    """``" (did you mean …?)"`` if one of the known names is close."""
    close = get_close_matches(name, known, 1) if isinstance(name, str) else []
    return f" (did you mean {close[0]!r}?)" if close else ""
