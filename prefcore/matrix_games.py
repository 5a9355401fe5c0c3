"""Preference games: whether any action beats a mixed policy. Trusted.

A game is a square matrix P with ``P + Pᵀ = 1``, P[y][x] the probability that y is preferred to x; for other
skew-symmetric payoffs A it is ``A + 1/2``, so entries may lie outside of [0, 1]. A policy π is a distribution over the
actions. It is a von Neumann winner, an equilibrium of the game with itself, if and only if no action beats it:
``(P π)_y <= 1/2`` for every y. Source: von Neumann 1928.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from operator import mul

Matrix = tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True, slots=True)
class Winner:
    """``(P π)_y <= 1/2`` for every y, where P is the matrix and π the policy."""

    matrix: Matrix
    policy: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """No action beats the policy: going through all of them finds none."""


@dataclass(frozen=True, slots=True)
class Response:
    """This action beats the policy."""

    action: int


def is_game(claim: Winner) -> bool:
    """Whether a well-typed claim is about a game and a distribution over its actions."""
    P, policy = claim.matrix, claim.policy
    n = len(P)
    return (
        n > 0
        and all(len(row) == n for row in P)
        and all(complementary(P[i][j], P[j][i]) for i in range(n) for j in range(i + 1))
        and len(policy) == n
        and min(policy) >= 0
        and sum(policy) == 1
    )


def complementary(p: Fraction, q: Fraction) -> bool:
    """``p + q = 1``, of fractions in lowest terms: 1 - a/b is (b - a)/b in lowest terms."""
    return p.denominator == q.denominator and p.numerator + q.numerator == p.denominator


def excesses(rows: Sequence[Sequence[Fraction]], policy: Sequence[Fraction]) -> list[int]:
    """A whole number with the sign of ``Σ_x row_x π_x - 1/2`` for each row; that is where the time goes."""
    unit = lcm(*(p.denominator for p in policy))
    support = [x for x, p in enumerate(policy) if p]
    weights = [policy[x].numerator * (unit // policy[x].denominator) for x in support]
    result = []
    for row in rows:
        entries = [row[x] for x in support]
        scale = lcm(*(p.denominator for p in entries))
        total = sum(map(mul, [p.numerator * (scale // p.denominator) for p in entries], weights))
        result.append(2 * total - scale * unit)
    return result
