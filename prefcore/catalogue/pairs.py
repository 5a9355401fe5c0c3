"""Pairs: one outcome of each lottery, drawn independently, and by how much the one beats the other.

``A ≼ B ⇔ E φ(X, Y) <= 0`` for X from A and Y from B, with a skew-symmetric φ: positive where x is preferred to y.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, named, payoff_of, share_of
from prefcore.clauses import Exact, whole
from prefcore.distribution import Number, Payoff, exact, payoff_at
from prefcore.tracing import at_the_door, cumulative_of, fits, outcomes_of


def skew_symmetric(phi: Callable[[Any, Any], Any]) -> AnyRelation:
    """``φ(x, y) > 0`` says that x is preferred to y; ``A ≼ B ⇔ E φ(A, B) <= 0`` [Fishburn 1988].

    φ must satisfy ``φ(x, y) = -φ(y, x)``: a ``ValueError`` names the first pair that does not. Only the rank of φ
    matters: with rows I that span it, ``φ = φ[:, I] φ[I, I]⁻¹ φ[I, :]``.
    """
    if not callable(phi):
        raise TypeError(f"phi must be a function of two outcomes, got {phi!r}")

    def order(A: Any, B: Any) -> Any:
        outcomes = outcomes_of(A)
        fits(len(outcomes), outcomes)
        matrix = [[_entry(phi, x, y) for y in outcomes] for x in outcomes]
        for i, x in enumerate(outcomes):
            for j, y in enumerate(outcomes[: i + 1]):
                if matrix[i][j] != -matrix[j][i]:
                    raise ValueError(
                        f"phi is not skew-symmetric: φ({x!r}, {y!r}) = {matrix[i][j]}, φ({y!r}, {x!r}) = {matrix[j][i]}"
                    )
        index = {o: k for k, o in enumerate(outcomes)}
        value: Any = 0
        for r, s, pivot in _skew_factors(matrix):
            ra, sa, rb, sb = (lottery.expect(lambda o, row=row: row[index[o]]) for lottery in (A, B) for row in (r, s))
            value = value + (ra * sb - sa * rb) * Fraction(1, pivot)
        return value <= 0

    return named("skew_symmetric", order)


def outperforming(payoff: Payoff) -> AnyRelation:
    """``A ≼ B ⇔ P(u(Y) > u(X)) >= P(u(X) > u(Y))``, X from A and Y from B, independent.

    The probability of outperforming, or statistical preference [Blavatskyy 2006; De Schuymer et al. 2003]: the case
    ``φ(x, y) = sign(u(x) - u(y))`` of :func:`skew_symmetric`. Its cycles are those of Efron's dice. With the
    distribution functions at the payoffs ``t_1 < … < t_m`` of the outcomes at hand, by summation by parts,

        P(u(Y) > u(X)) - P(u(X) > u(Y)) = Σ_k F_A(t_k)·F_B(t_{k+1}) - F_A(t_{k+1})·F_B(t_k).
    """
    u = payoff_of(payoff)

    def order(A: Any, B: Any) -> Any:
        a, b = cumulative_of(A, u), cumulative_of(B, u)
        return sum((a[k] * b[k + 1] - a[k + 1] * b[k] for k in range(len(a) - 1)), a[-1] - b[-1]) >= 0

    return named("outperforming", order)


def regret(payoff: Payoff, rejoice: Callable[[Fraction], Any]) -> AnyRelation:
    """``A ≼ B ⇔ E ψ(u(X) - u(Y)) <= 0``, X from A and Y from B, independent [Loomes and Sugden 1982; Bell 1982].

    ψ, `rejoice`, is an odd function of a difference (a ``Fraction``): a ``ValueError`` names the first difference at
    which it is not. Convex ψ on positive differences is regret aversion; linear ψ is expected reward.
    """
    u = payoff_of(payoff)
    if not callable(rejoice):
        raise TypeError(f"rejoice must be a function of a difference, got {rejoice!r}")

    def phi(x: Any, y: Any) -> Fraction:
        gain = payoff_at(u, x) - payoff_at(u, y)
        value, back = (exact(rejoice(d), f"rejoice({d})") for d in (gain, -gain))
        if value != -back:
            raise ValueError(f"rejoice is not odd: ψ({gain}) = {value}, ψ({-gain}) = {back}")
        return value

    return named("regret", skew_symmetric(phi).function)


def pairwise(matrix: Sequence[Sequence[Number]], items: Sequence[Any]) -> AnyRelation:
    """``A ≼ B`` iff B's draw is preferred to A's with probability at least 1/2 [Kreweras 1965; Fishburn 1984].

    ``matrix[i][j]`` is the probability that ``items[i]`` is preferred to ``items[j]``; the items are the outcomes. The
    entries are in [0, 1] and ``matrix[i][j] + matrix[j][i] = 1`` exactly, so the diagonal is 1/2: a ``ValueError``
    names the first pair that breaks this.
    """
    if isinstance(items, (str, bytes)) or not isinstance(items, Sequence):
        raise TypeError(f"items must be a sequence of outcomes, got {items!r}")
    index = {item: k for k, item in enumerate(items)}
    if not items or len(index) != len(items):
        raise ValueError("items must hold at least one outcome, and none twice")
    if not isinstance(matrix, Sequence) or not all(isinstance(row, Sequence) for row in matrix):
        raise TypeError(f"matrix must be a sequence of rows, got {matrix!r}")
    if len(matrix) != len(items) or any(len(row) != len(items) for row in matrix):
        raise ValueError(f"matrix must have {len(items)} rows of {len(items)} numbers, one for each item")
    chances = [[share_of(p, f"matrix[{i}][{j}]") for j, p in enumerate(row)] for i, row in enumerate(matrix)]
    for i in range(len(items)):
        for j in range(i + 1):
            if chances[i][j] + chances[j][i] != 1:
                raise ValueError(
                    f"matrix[{i}][{j}] + matrix[{j}][{i}] must be 1 (items {items[i]!r} and {items[j]!r}), "
                    f"got {chances[i][j]} + {chances[j][i]}"
                )

    def phi(x: Any, y: Any) -> Fraction:
        for outcome in (x, y):
            if outcome not in index:
                raise ValueError(f"outcome {outcome!r} is none of the items")
        return chances[index[x]][index[y]] - Fraction(1, 2)

    return named("pairwise", skew_symmetric(phi).function)


def _entry(phi: Callable[[Any, Any], Any], x: Any, y: Any) -> Exact:
    value = phi(x, y)
    with at_the_door():
        return value if type(value) is int else whole(exact(value, f"φ({x!r}, {y!r})"))


def _skew_factors(matrix: list[list[Exact]]) -> list[tuple[list[Exact], list[Exact], Exact]]:
    """``φ(x, y) = Σ (r(x) s(y) - s(x) r(y)) / pivot``: rows r, s of what is left, eliminated pair by pair."""
    left = [row[:] for row in matrix]
    factors = []
    for i, j in combinations(range(len(left)), 2):
        pivot = left[i][j]
        if not pivot:
            continue
        r, s = left[i][:], left[j][:]
        factors.append((r, s, pivot))
        for x, row in enumerate(left):
            if r[x] or s[x]:
                a, b = Fraction(r[x], pivot), Fraction(s[x], pivot)
                for y, (p, q) in enumerate(zip(r, s, strict=True)):
                    if p or q:
                        row[y] -= a * q - b * p
    return factors
