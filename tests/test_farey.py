"""Ranks, simplest fractions and splits in the Farey sequence, against its members listed."""

from fractions import Fraction

import pytest

from solvers.rewards.elicitation import farey

F = Fraction


def farey_sequence(denominator):
    return sorted({F(p, q) for q in range(1, denominator + 1) for p in range(q + 1)})


@pytest.mark.parametrize("denominator", [1, 2, 3, 8, 13])
def test_ranks_count_fractions(denominator):
    members = farey_sequence(denominator)
    for x in {*members, *(F(k, 97) for k in range(98))}:
        assert farey.rank(x, denominator) == sum(y <= x for y in members)


def test_ranks_at_a_million():
    """The sum of Euler's φ to 10^6 (OEIS A064018); by symmetry, half of it; then large numerators."""
    D = farey.LARGEST
    assert farey.rank(F(1), D) == 303963552392 + 1
    assert farey.rank(F(1, 2), D) == 303963552392 // 2 + 1
    grid = 2 * D * D
    assert farey.rank(F(grid // 2 + 1, grid), D) == farey.rank(F(1, 2), D) == farey.rank(F(grid // 2 - 1, grid), D) + 1


def test_the_simplest_fraction_and_the_split():
    D = 5
    members = farey_sequence(D)
    for i, low in enumerate(members):
        for j in range(i + 1, len(members)):
            high, inside = members[j], members[i + 1 : j]
            assert farey.simplest(low, high).denominator == min(y.denominator for y in members[i : j + 1])
            if inside:
                assert farey.simplest_inside(low, high).denominator == min(y.denominator for y in inside)
            for first in range(i + 1, j + 1):
                for last in range(first, j + 1):
                    assert farey.split(low, high, D, first, last) in members[first - 1 : last]
