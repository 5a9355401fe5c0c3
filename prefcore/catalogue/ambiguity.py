"""Several utilities, or several priors: caution, boldness, unanimity.

A set of utilities ``u_1, …, u_m`` on outcomes gives the numbers ``E_A u_1, …, E_A u_m``. A set of priors on states does
so, too: there the outcomes are acts f, which give each state s its consequence ``f[s]`` (a tuple, if the states are
0, 1, …), and ``u_p(f) = Σ_s p(s) u(f[s])`` for each prior p; see :func:`expected_under`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, conjoined, named, payoff_of, payoffs_of, share_of
from prefcore.distribution import Distribution, Number, Payoff, payoff_at
from prefcore.tracing import maximum, minimum

Prior = Mapping[Any, Number] | Distribution


def maxmin(*utilities: Payoff) -> AnyRelation:
    """``A ≼ B ⇔ min_k E_A u_k <= min_k E_B u_k`` [Maccheroni 2002; over priors Gilboa and Schmeidler 1989]."""
    us = payoffs_of(utilities, "utilities")
    return named("maxmin", lambda A, B: minimum(*map(A.expect, us)) <= minimum(*map(B.expect, us)))


def maxmax(*utilities: Payoff) -> AnyRelation:
    """``A ≼ B ⇔ max_k E_A u_k <= max_k E_B u_k``: the bold counterpart of :func:`maxmin`."""
    us = payoffs_of(utilities, "utilities")
    return named("maxmax", lambda A, B: maximum(*map(A.expect, us)) <= maximum(*map(B.expect, us)))


def hurwicz(payoffs: Sequence[Payoff], optimism: Number) -> AnyRelation:
    """Compares ``α·max_k E u_k + (1-α)·min_k E u_k``, α the optimism in [0, 1] [Hurwicz 1951].

    [Ghirardato, Maccheroni and Marinacci 2004] have it over priors.
    """
    us, alpha = payoffs_of(payoffs, "payoffs"), share_of(optimism, "optimism")

    def value(lottery: Any) -> Any:
        means = [lottery.expect(u) for u in us]
        return maximum(*means) * alpha + minimum(*means) * (1 - alpha)

    return named("hurwicz", lambda A, B: value(A) <= value(B))


def unanimity(*utilities: Payoff) -> AnyRelation:
    """``A ≼ B ⇔ E_A u_k <= E_B u_k`` for every k: an expected multi-utility [Dubra, Maccheroni and Ok 2004].

    The same as :func:`pareto`, whose payoffs are those of different people.
    """
    us = payoffs_of(utilities, "utilities")
    return named("unanimity", lambda A, B: conjoined(A.expect(u) <= B.expect(u) for u in us))


def expected_under(prior: Prior, utility: Payoff) -> Callable[[Any], Fraction]:
    """The payoff of acts ``f -> Σ_s prior(s)·utility(f[s])``, to use with any relation.

    `prior` maps states to probabilities that sum to one; `utility` is a payoff of consequences. An act must be
    hashable and give ``f[s]`` for each state of positive probability: a tuple, if the states are 0, 1, ….
    """
    if not isinstance(prior, (Mapping, Distribution)):
        raise TypeError(f"a prior must be a mapping state -> probability, got {prior!r}")
    states = prior if isinstance(prior, Distribution) else Distribution(prior)
    u = payoff_of(utility, "utility")

    def payoff(act: Any) -> Fraction:
        try:
            consequences = [(p, act[state]) for state, p in states.items()]
        except (TypeError, LookupError):
            raise ValueError(f"the outcome {act!r} is no act: it must have a consequence at every state") from None
        return sum((p * payoff_at(u, x) for p, x in consequences), Fraction(0))

    return payoff


def maxmin_priors(priors: Sequence[Prior], utility: Payoff) -> AnyRelation:
    """``A ≼ B ⇔ min_p E_A u_p <= min_p E_B u_p`` over finitely many priors p [Gilboa and Schmeidler 1989, theorem 1].

    The set of priors is the convex hull of those given. Outcomes are acts (see :func:`expected_under`), and a lottery
    over them is drawn before the state is.
    """
    return named("maxmin_priors", maxmin(*_under(priors, utility)).function)


def bewley(priors: Sequence[Prior], utility: Payoff) -> AnyRelation:
    """``A ≼ B ⇔ E_A u_p <= E_B u_p`` for every prior p: Knightian uncertainty [Bewley 1986, published 2002].

    Outcomes are acts (see :func:`expected_under`).
    """
    return named("bewley", unanimity(*_under(priors, utility)).function)


def _under(priors: Sequence[Prior], utility: Payoff) -> list[Payoff]:
    if not isinstance(priors, Sequence) or isinstance(priors, (str, bytes)):
        raise TypeError(f"priors must be a sequence of mappings state -> probability, got {priors!r}")
    if not priors:
        raise ValueError("priors must hold at least one prior")
    return [expected_under(prior, utility) for prior in priors]
