"""The axioms, each once, as closed statements. Trusted.

An axiom says "for all lotteries A, B, C (and all α in (0, 1)) …". Its negation is existential and linear after the
substitution of measures ``A' = αA``, ``B' = αB`` of mass α and ``C' = (1-α)C`` of mass 1-α: a comparison of A with B
becomes one of A' with B' at mass α, and the mixtures are ``A' + C'`` and ``B' + C'``, of mass 1. A ``Statement`` holds
that negation: a conjunction of clauses, each a disjunction of comparisons or their denials.

Betweenness mixes A and B themselves, which no such substitution makes linear. It has two forms. In BETWEENNESS the
mixture is ``αA + (1-α)B`` with products of α and features as monomials, from which common factors α and 1-α divide out.
In SPLIT each lottery occurs twice, ``αA, (1-α)A, αB, (1-α)B`` as measures of their own: that A and (1-α)A/(1-α) are the
same is used only to say that every atom has the same truth at either, so a refutation proves more than is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

ONE, ALPHA, REST = "1", "α", "1-α"

Weight = Fraction | str  # a number, or ALPHA or REST
Mixture = tuple[tuple[Weight, int], ...]  # Σ weight · measure


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left ≼ right``, where both have the mass `mass`: "1", "α" or "1-α"."""

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
    """The measures' masses, the negation as clauses, and groups of comparisons in which each atom has one truth."""

    masses: tuple[str, ...]
    negation: tuple[tuple[Literal, ...], ...]
    same: tuple[tuple[Comparison, ...], ...] = ()


A, B, C, D = (((Fraction(1), i),) for i in range(4))


def _negated(premises: tuple[Comparison, ...], conclusions: tuple[Comparison, ...], masses: int) -> Statement:
    """The negation of ``∧ premises ⇒ ∨ conclusions``, over lotteries of mass one."""
    wanted = [(True, p) for p in premises] + [(False, c) for c in conclusions]
    return Statement((ONE,) * masses, tuple((literal,) for literal in wanted))


_unmixed = Comparison(A, B, ALPHA)
_mixed = Comparison(A + C, B + C)


def _between(a: Mixture, b: Mixture, mixture: Mixture) -> tuple[tuple[Literal, ...], ...]:
    """``A ≺ B``, and not both ``A ≺ M`` and ``M ≺ B``."""
    fails = (
        (False, Comparison(a, mixture)),
        (True, Comparison(mixture, a)),
        (False, Comparison(mixture, b)),
        (True, Comparison(b, mixture)),
    )
    return (((True, Comparison(a, b)),), ((False, Comparison(b, a)),), fails)


def _strictly(left: Mixture, right: Mixture) -> tuple[tuple[Literal, ...], ...]:
    return (((True, Comparison(left, right)),), ((False, Comparison(right, left)),))


def _not_strictly(left: Mixture, right: Mixture) -> tuple[Literal, ...]:
    return ((False, Comparison(left, right)), (True, Comparison(right, left)))


# A ≺ B implies A ≺ αAB ≺ B
BETWEENNESS = Statement((ONE, ONE), _between(A, B, ((ALPHA, 0), (REST, 1))))
_one = Fraction(1)
_a, _b = ((_one, 0), (_one, 1)), ((_one, 2), (_one, 3))
SPLIT = Statement(
    (ALPHA, REST, ALPHA, REST),
    _between(_a, _b, ((_one, 0), (_one, 3))),
    tuple(
        (
            Comparison(((_one, x), (_one, x + 1)), ((_one, y), (_one, y + 1))),
            Comparison(((_one, x),), ((_one, y),), ALPHA),
            Comparison(((_one, x + 1),), ((_one, y + 1),), REST),
        )
        for x in (0, 2)
        for y in (0, 2)
    ),
)

UNIVERSAL: dict[str, Statement] = {
    # A ≼ A
    "reflexive": _negated((), (Comparison(A, A),), 1),
    # A ≼ B and B ≼ C imply A ≼ C
    "transitive": _negated((Comparison(A, B), Comparison(B, C)), (Comparison(A, C),), 3),
    # A ≺ B and B ≺ C imply A ≺ C
    "quasi_transitive": Statement((ONE,) * 3, (*_strictly(A, B), *_strictly(B, C), _not_strictly(A, C))),
    # A ≺ C implies A ≺ B or B ≺ C
    "negatively_transitive": Statement((ONE,) * 3, (*_strictly(A, C), _not_strictly(A, B), _not_strictly(B, C))),
    # A ≼ B or B ≼ A
    "total": _negated((), (Comparison(A, B), Comparison(B, A)), 2),
    # A ≼ B implies αAC ≼ αBC
    "consistent": Statement((ALPHA, ALPHA, REST), (((True, _unmixed),), ((False, _mixed),))),
    # A ≼ B if and only if αAC ≼ αBC: the negation says that exactly one of the two holds
    "convex": Statement(
        (ALPHA, ALPHA, REST),
        (((True, _unmixed), (True, _mixed)), ((False, _unmixed), (False, _mixed))),
    ),
    "betweenness": BETWEENNESS,
}

COMPOUND: dict[str, tuple[str, ...]] = {"preorder": ("reflexive", "transitive")}

# A ≼ B ≼ C implies αAC ~ B for some α: in [0, 1], or, as once printed, in (0, 1). Says "there is an α", so it has
# rules of its own in the kernel.
EXISTENTIAL: dict[str, bool] = {"interpolation": True, "interpolation_open": False}

# {B : A ≼ B} and {B : B ≼ A} are closed for every A.
CONTINUOUS = "continuous"

# No A_1 ≺ A_2 ≺ … ≺ A_n ≺ A_1; it follows from either of these.
ACYCLIC = "acyclic"
ACYCLIC_BY = ("quasi_transitive", "transitive")

# Dominance of B over A in a payoff, which orders the outcomes, implies A ≼ B: first order; second order; second order
# between lotteries of the same mean (A is a mean-preserving spread of B). See :mod:`prefcore.dominances`.
DOMINANCE: tuple[str, ...] = ("monotone", "risk_averse", "spread_averse")

AXIOMS: tuple[str, ...] = (*UNIVERSAL, *COMPOUND, *EXISTENTIAL, CONTINUOUS, ACYCLIC, *DOMINANCE)

# How many lotteries a counterexample needs, and whether it needs an α. (A cycle needs as many as it has.)
NEEDS: dict[str, tuple[int, bool]] = {
    "reflexive": (1, False),
    "transitive": (3, False),
    "quasi_transitive": (3, False),
    "negatively_transitive": (3, False),
    "preorder": (3, False),
    "total": (2, False),
    "consistent": (3, True),
    "convex": (3, True),
    "betweenness": (2, True),
    "interpolation": (3, False),
    "interpolation_open": (3, False),
    "continuous": (3, False),
    **dict.fromkeys(DOMINANCE, (2, False)),
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


def potential_statement(term: int, rising: bool) -> Statement:
    """A ≺ B implies V(A) < V(B), or V(A) > V(B), so that there is no cycle; V is the value of a term at A = B = X."""
    higher, lower = (0, 1) if rising else (1, 0)
    return Statement((ONE, ONE), (*_strictly(A, B), ((True, AtLeast(term, higher, lower)),)))


def cycle_statement(length: int) -> Statement:
    """There is no cycle ``A_1 ≺ A_2 ≺ … ≺ A_1`` of this length; for the finders."""
    points: list[Mixture] = [((Fraction(1), i),) for i in range(length)]
    clauses = (clause for i in range(length) for clause in _strictly(points[i], points[(i + 1) % length]))
    return Statement((ONE,) * length, tuple(clauses))


def betweenness_at(alpha: Fraction) -> Statement:
    """Betweenness at one α; for the finders of counterexamples."""
    return Statement((ONE, ONE), _between(A, B, ((alpha, 0), (1 - alpha, 1))))
