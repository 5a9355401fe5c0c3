"""One payoff, or several in order of importance.

``E_A u <= E_B u``; and ``(E_A u_1, …, E_A u_k) <=_lex (E_B u_1, …, E_B u_k)``. The two bounds of everything else,
indifference and equality, are here, too.
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, named, no_less, payoff_of, values_at
from prefcore.catalogue.objectives import Objective
from prefcore.distribution import Number, Payoff, exact

LARGEST_EXPONENT = 10_000  # of e, in entropic_risk: its exact rational has some 4,300 digits


def expected_reward(payoff: Payoff) -> AnyRelation:
    """``A ≼ B ⇔ E_A u <= E_B u`` [von Neumann and Morgenstern 1944]."""
    u = payoff_of(payoff)
    return named("expected_reward", lambda A, B: A.expect(u) <= B.expect(u))


def lexicographic(*objectives: Objective) -> AnyRelation:
    """Compares by the first objective that differs [Hausner 1954]; two give tie-breaking. Any number of them."""
    if not objectives:
        raise ValueError("lexicographic needs at least one objective")
    for objective in objectives:
        if not isinstance(objective, Objective):
            raise TypeError(f"lexicographic takes pc.maximize(…) and pc.minimize(…), got {objective!r}")

    def order(A: Any, B: Any) -> Any:
        result: Any = True
        for objective in reversed(objectives):
            a, b = objective.value(A), objective.value(B)
            result = (a <= b) if result is True else (a < b) | ((a == b) & result)
        return result

    return named("lexicographic", order)


def quadratic_utility(payoff: Payoff, curvature: Number) -> AnyRelation:
    """``A ≼ B ⇔ E_A (u - c·u²) <= E_B (u - c·u²)``, c the curvature, of either sign [Markowitz 1959].

    An expected reward that sees the mean and the second moment only. It rises where ``2·c·u < 1``: beyond, more of the
    payoff is worse. For utilities that are quadratic in the probabilities see :func:`mixture_symmetric`.
    """
    u, c = payoff_of(payoff), exact(curvature, "curvature")

    def order(A: Any, B: Any) -> Any:
        values = {o: x - c * x * x for o, x in values_at(A, u).items()}
        return A.expect(values) <= B.expect(values)

    return named("quadratic_utility", order)


def entropic_risk(payoff: Payoff, aversion: Number, digits: int = 30) -> AnyRelation:
    """``A ≼ B ⇔ E_A exp(-θu) >= E_B exp(-θu)``, θ the aversion, positive [Pratt 1964; Föllmer and Schied 2002].

    The entropic risk ``log(E exp(-θu)) / θ`` in order. Exponentials are irrational: each ``exp(-θ·u(x))`` stands
    for its decimal of `digits` significant digits, a relative error of at most ``10^(1-digits)``, and the relation
    **is** the expected reward of those decimals, exactly. So is every lottery's ``E exp(-θu)`` within that relative
    error, and lotteries that are closer than that may be ordered wrongly.

    Raises ``ValueError`` where θ·u exceeds 10,000 in size: then give the payoff in larger units.
    """
    u, theta = payoff_of(payoff), exact(aversion, "aversion")
    if theta <= 0:
        raise ValueError(f"aversion must be positive, got {aversion!r}")
    if isinstance(digits, bool) or not isinstance(digits, int):
        raise TypeError(f"digits must be a whole number, got {digits!r}")
    no_less(digits, 1, "digits")

    def order(A: Any, B: Any) -> Any:
        cost = {o: _exponential(-theta * x, digits, o) for o, x in values_at(A, u).items()}
        return B.expect(cost) <= A.expect(cost)

    return named("entropic_risk", order)


def _exponential(x: Fraction, digits: int, outcome: Any) -> Fraction:
    """e^x to so many significant digits."""
    if abs(x) > LARGEST_EXPONENT:
        raise ValueError(
            f"aversion times the payoff of outcome {outcome!r} is larger than {LARGEST_EXPONENT}: rescale the payoff"
        )
    # x, of size 10^4 at most, is read to a relative error of 10^-(digits + 9), and exp() rounds correctly.
    fine = Context(prec=digits + 10)
    rounded = Context(prec=digits).plus(fine.exp(fine.divide(Decimal(x.numerator), Decimal(x.denominator))))
    return Fraction(rounded)


def indifference() -> AnyRelation:
    """Everything is as good as everything."""
    return named("indifference", lambda A, B: True)


def equality() -> AnyRelation:
    """``A ≼ B ⇔ A = B``: nothing compares but with itself."""
    return named("equality", lambda A, B: A == B)
