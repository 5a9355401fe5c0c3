"""The axioms, each once, as closed statements. Trusted.

An axiom says "for all lotteries A, B, C (and all α in (0, 1)) …". Its negation is existential and linear after the
substitution of measures ``A' = αA``, ``B' = αB`` of mass α and ``C' = (1-α)C`` of mass 1-α: a comparison of A with B
becomes one of A' with B' at mass α, and the mixtures are ``A' + C'`` and ``B' + C'``, of mass 1. A ``Statement`` holds
that negation: a conjunction of clauses, each a disjunction of comparisons or their denials.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

ONE, ALPHA, REST = "1", "α", "1-α"

Mixture = tuple[tuple[Fraction, int], ...]  # Σ weight · measure


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left ≼ right``, where both have the mass `mass`: "1" or "α"."""

    left: Mixture
    right: Mixture
    mass: str = ONE


@dataclass(frozen=True, slots=True)
class AtLeast:
    """``V(larger) >= V(smaller)`` for two measures, V(X) being the value of a term of the formula at A = B = X."""

    term: int
    larger: int
    smaller: int


Literal = tuple[bool, Comparison | AtLeast]  # what is said, and whether it is wanted true


@dataclass(frozen=True, slots=True)
class Statement:
    """The measures' masses, and the negation as clauses."""

    masses: tuple[str, ...]
    negation: tuple[tuple[Literal, ...], ...]


A, B, C, D = (((Fraction(1), i),) for i in range(4))


def _negated(premises: tuple[Comparison, ...], conclusions: tuple[Comparison, ...], masses: int) -> Statement:
    """The negation of ``∧ premises ⇒ ∨ conclusions``, over lotteries of mass one."""
    wanted = [(True, p) for p in premises] + [(False, c) for c in conclusions]
    return Statement((ONE,) * masses, tuple((literal,) for literal in wanted))


_unmixed = Comparison(A, B, ALPHA)
_mixed = Comparison(A + C, B + C)

UNIVERSAL: dict[str, Statement] = {
    # A ≼ A
    "reflexive": _negated((), (Comparison(A, A),), 1),
    # A ≼ B and B ≼ C imply A ≼ C
    "transitive": _negated((Comparison(A, B), Comparison(B, C)), (Comparison(A, C),), 3),
    # A ≼ B or B ≼ A
    "total": _negated((), (Comparison(A, B), Comparison(B, A)), 2),
    # A ≼ B implies αAC ≼ αBC
    "consistent": Statement((ALPHA, ALPHA, REST), (((True, _unmixed),), ((False, _mixed),))),
    # A ≼ B if and only if αAC ≼ αBC: the negation says that exactly one of the two holds
    "convex": Statement(
        (ALPHA, ALPHA, REST),
        (((True, _unmixed), (True, _mixed)), ((False, _unmixed), (False, _mixed))),
    ),
}

COMPOUND: dict[str, tuple[str, ...]] = {"preorder": ("reflexive", "transitive")}

# A ≼ B ≼ C implies αAC ~ B for some α: in [0, 1], or, as once printed, in (0, 1). Says "there is an α", so it has
# rules of its own in the kernel.
EXISTENTIAL: dict[str, bool] = {"interpolation": True, "interpolation_open": False}

AXIOMS: tuple[str, ...] = (*UNIVERSAL, *COMPOUND, *EXISTENTIAL)

# How many lotteries a counterexample needs, and whether it needs an α.
NEEDS: dict[str, tuple[int, bool]] = {
    "reflexive": (1, False),
    "transitive": (3, False),
    "preorder": (3, False),
    "total": (2, False),
    "consistent": (3, True),
    "convex": (3, True),
    "interpolation": (3, False),
    "interpolation_open": (3, False),
}

# A ≼ B ≼ C implies B ≼ A or C ≼ B, so that α = 1 or α = 0 serves (T7's sibling, the end-point rule).
END_POINTS = _negated((Comparison(A, B), Comparison(B, C)), (Comparison(B, A), Comparison(C, B)), 3)


# The relation never holds: its formula is a gap between another's closure and that formula itself.
NEVER = Statement((ONE, ONE), (((True, Comparison(A, B)),),))


def span_statement(term: int) -> Statement:
    """If A ≼ B ≼ C, and neither end is indifferent to B, then V(B) is between V(A) and V(C)."""
    outside = tuple(((False, AtLeast(term, 1, low)), (False, AtLeast(term, high, 1))) for low, high in ((0, 2), (2, 0)))
    return Statement((ONE,) * 3, (*END_POINTS.negation, *outside))


def match_statement(term: int, features: tuple[int, ...]) -> Statement:
    """If A ≼ B ≼ C, and neither end is indifferent to B, a mixture D of A and C with V(D) = V(B) has D ~ B.

    Of D it is only used that the value of every feature (a term that is one) is between those at A and at C.
    """
    clauses: list[tuple[Literal, ...]] = [*END_POINTS.negation]
    clauses += [((True, AtLeast(term, 3, 1)),), ((True, AtLeast(term, 1, 3)),)]
    for f in features:
        clauses.append(((True, AtLeast(f, 3, 0)), (True, AtLeast(f, 3, 2))))
        clauses.append(((True, AtLeast(f, 0, 3)), (True, AtLeast(f, 2, 3))))
    clauses.append(((False, Comparison(D, B)), (False, Comparison(B, D))))
    return Statement((ONE,) * 4, tuple(clauses))


def witness_statement(alphas: tuple[Fraction, ...]) -> Statement:
    """A ≼ B ≼ C implies ``∨_i α_iAC ~ B`` for the given α_i."""
    clauses: list[tuple[Literal, ...]] = [
        ((True, Comparison(A, B)),),
        ((True, Comparison(B, C)),),
    ]
    for alpha in alphas:
        mixture = ((alpha, 0), (1 - alpha, 2))
        clauses.append(((False, Comparison(mixture, B)), (False, Comparison(B, mixture))))
    return Statement((ONE,) * 3, tuple(clauses))
