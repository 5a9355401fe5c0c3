"""Utilities of relations in closed form: they order lotteries as those do that the relation was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

import prefcore as pc
from prefcore import kernel
from prefcore.certificates import load_certificate, save_certificate
from prefcore.claims import Represents, Simplex
from solvers.rewards.representation import Representation, represent

F = Fraction
D, point = pc.Distribution, pc.Distribution.point
OUTCOMES = ["flood", "low", "half", "full"]
WATER = {"flood": 0, "low": 1, "half": 3, "full": 7}
QUIET = {"flood": 0, "low": 5, "half": 2, "full": 1}
FISH = {"flood": 2, "low": 0, "half": 9, "full": 4}
Utility = Mapping[Any, Any]


def canonical(utilities: Sequence[Utility], outcomes: Sequence[Any]) -> list[list[Fraction]]:
    """The same for vectors that order lotteries alike, different for others.

    A utility matters up to a constant, a positive factor, and multiples of the earlier ones.
    """
    found: list[tuple[int, list[Fraction]]] = []
    for utility in utilities:
        row = [F(utility[o]) - F(utility[outcomes[0]]) for o in outcomes]
        for pivot, earlier in found:
            factor = row[pivot] / earlier[pivot]
            row = [a - factor * b for a, b in zip(row, earlier, strict=True)]
        pivot = next((i for i, v in enumerate(row) if v), -1)
        if pivot >= 0:
            found.append((pivot, [v / abs(row[pivot]) for v in row]))
    return [row for _, row in found]


def lexicographic(utilities: Sequence[Utility]) -> pc.Relation[Any]:
    return pc.lexicographic(*(pc.maximize(pc.expect(u)) for u in utilities))


def verified(found: Representation, utilities: Sequence[Utility], outcomes: Sequence[Any]) -> None:
    assert isinstance(found.verdict, pc.Proved), found
    claim = found.verdict.claim
    assert isinstance(claim, Represents) and isinstance(claim.domain, Simplex)
    assert isinstance(kernel.check(claim, found.verdict.evidence), pc.Proved)
    assert claim.utilities == tuple(tuple(u[o] for o in outcomes) for u in found.utilities)
    assert canonical(found.utilities, outcomes) == canonical(utilities, outcomes)
    needed = len(canonical(utilities, outcomes))
    assert len(found.utilities) == max(1, needed) and found.theorem == ("T4" if needed <= 1 else "T5")
    for u in found.utilities:
        assert list(u) == list(outcomes) and all(type(v) is Fraction for v in u.values())
        assert not needed or (min(u.values()), max(u.values())) == (0, 1)
    if found.theorem == "T4":
        assert found.utility == found.utilities[0]
    else:
        with pytest.raises(ValueError, match="no single utility"):
            _ = found.utility
    assert found.theorem in str(found)


def lotteries(rng: Random, outcomes: Sequence[Any]) -> pc.Distribution:
    weights = [rng.choice((0, 0, 1, 2, 3, 7)) for _ in outcomes]
    weights[rng.randrange(len(outcomes))] += 1
    return D({o: F(v, sum(weights)) for o, v in zip(outcomes, weights, strict=True) if v})


@pytest.mark.parametrize("seed", range(40))
def test_random_lexicographic_vectors(seed: int) -> None:
    rng = Random(seed)
    outcomes = [f"o{i}" for i in range(rng.randint(3, 8))]
    numbers = (-3, -1, 0, 0, 1, 2, F(1, 3), F(22, 7)) if seed % 2 else (0, 1, 2)
    utilities = [{o: rng.choice(numbers) for o in outcomes} for _ in range(rng.randint(1, 4))]
    if seed % 5 == 0:
        utilities.insert(1, {o: 3 * v - 1 for o, v in utilities[0].items()})  # it adds nothing
    relation = lexicographic(utilities)
    found = represent(relation, outcomes)
    verified(found, utilities, outcomes)
    for _ in range(40):
        A, B = lotteries(rng, outcomes), lotteries(rng, outcomes)
        if rng.random() < 0.5:  # the first utility ties
            u = utilities[0]
            low, high = min(outcomes, key=lambda o: u[o]), max(outcomes, key=lambda o: u[o])
            if u[low] < u[high]:
                share = (F(A.expect(u)) - u[low]) / (u[high] - u[low])
                B = D({low: 1 - share, high: share})
        order = [A.expect(u) for u in found.utilities] <= [B.expect(u) for u in found.utilities]
        assert order is relation(A, B)


def test_the_catalogue() -> None:
    """Each ready-made relation is represented, or the axiom that fails is refuted."""
    cases: list[tuple[pc.Relation[Any], list[Utility] | str]] = [
        (pc.expected_reward(WATER), [WATER]),
        (lexicographic([WATER, QUIET]), [WATER, QUIET]),
        (lexicographic([WATER, QUIET, FISH]), [WATER, QUIET, FISH]),
        (
            pc.lexicographic(pc.minimize(pc.prob({"flood"})), pc.maximize(pc.expect(WATER))),
            [{**dict.fromkeys(OUTCOMES, 0), "flood": -1}, WATER],
        ),
        (pc.indifference(), []),
        (pc.excess_risk({"flood": 20}, WATER), "convex"),
        (pc.chance_constraint({"flood"}, F(1, 10), WATER), "convex"),
        (pc.cvar(WATER, F(1, 2)), "convex"),
        (pc.quantile(WATER, F(1, 2)), "convex"),
        (pc.pareto(WATER, QUIET), "total"),
        (pc.stochastic_dominance(WATER), "total"),
        (pc.majority(WATER, QUIET, FISH), "transitive"),
        (pc.equality(), "total"),
        (pc.relation(lambda A, B: A.expect(WATER) < B.expect(WATER)), "total"),
        (pc.relation(lambda A, B: A.expect(WATER) <= B.expect(WATER) + F(1, 2)), "transitive"),
    ]
    for relation, expected in cases:
        found = represent(relation, OUTCOMES)
        if isinstance(expected, str):
            assert isinstance(found.verdict, pc.Refuted) and found.utilities == () and found.theorem is None
            assert found.verdict is found.report[expected], relation
            assert "no vector of utilities" in str(found)
            with pytest.raises(ValueError, match="no single utility"):
                _ = found.utility
        else:
            verified(found, expected, OUTCOMES)


def written() -> dict[str, Any]:
    def branches(A: Any, B: Any) -> Any:
        if A.expect(WATER) < B.expect(WATER):
            return True
        return A.expect(WATER) == B.expect(WATER) and not A.expect(QUIET) > B.expect(QUIET)

    def scaled(A: Any, B: Any) -> Any:
        a, b = 2 * A.expect(WATER) / 7 - 3, 2 * B.expect(WATER) / 7 - 3
        return (a < b) | ((a == b) & (5 - A.expect(QUIET) >= 5 - B.expect(QUIET)))

    def moved(A: Any, B: Any) -> Any:  # a multiple of the first is added to the second
        a, b = (x.expect(QUIET) + 10 * x.expect(WATER) for x in (A, B))
        return (A.expect(WATER) < B.expect(WATER)) | ((A.expect(WATER) == B.expect(WATER)) & (a <= b))

    def extremes(A: Any, B: Any) -> Any:
        gain = B.expect(WATER) - A.expect(WATER)
        return (pc.minimum(gain, 0) == 0) & ((pc.maximum(gain, 0) > 0) | (A.expect(QUIET) <= B.expect(QUIET)))

    def denied(A: Any, B: Any) -> Any:
        worse = (B.expect(WATER) < A.expect(WATER)) | (
            (A.expect(WATER) == B.expect(WATER)) & (B.expect(QUIET) < A.expect(QUIET))
        )
        return ~worse

    def by_outcomes(A: Any, B: Any) -> Any:
        a, b = (x["low"] + 3 * x["half"] + 7 * x["full"] for x in (A, B))
        return (a < b) | ((a == b) & (A.expect(QUIET) <= B.expect(QUIET)))

    return {f.__name__: f for f in (branches, scaled, moved, extremes, denied, by_outcomes)}


@pytest.mark.parametrize("name", sorted(written()))
def test_strange_writings_of_one_relation_get_the_same_utilities(name: str) -> None:
    found = represent(pc.relation(written()[name]), OUTCOMES)
    verified(found, [WATER, QUIET], OUTCOMES)
    assert found.utilities[0] == {o: F(v, 7) for o, v in WATER.items()}


def test_products_are_beyond_the_cuts() -> None:
    @pc.relation
    def square(A: Any, B: Any) -> Any:
        gain = B.expect(WATER) - A.expect(WATER)
        return (gain > 0) | ((gain * gain == 0) & (A.expect(QUIET) <= B.expect(QUIET)))

    found = represent(square, OUTCOMES[:3], budget=3)
    assert isinstance(found.verdict, pc.Unknown) and "not piecewise linear" in found.verdict.reason
    assert found.utilities == () and found.theorem is None


def test_a_certificate_is_stored_and_belongs_to_its_relation(tmp_path: Path) -> None:
    found = represent(lexicographic([WATER, QUIET]), OUTCOMES)
    assert isinstance(found.verdict, pc.Proved)
    path = save_certificate(found.verdict, tmp_path / "u.json")
    assert isinstance(load_certificate(path, found.verdict.claim), pc.Proved)
    other = represent(lexicographic([QUIET, WATER]), OUTCOMES)
    assert isinstance(other.verdict, pc.Proved)
    with pytest.raises(ValueError, match="another claim"):
        load_certificate(path, other.verdict.claim)


def test_a_black_box_is_unknown() -> None:
    box = pc.relation(lambda A, B: float(A.expect(WATER)) <= float(B.expect(WATER)))
    found = represent(box, OUTCOMES, budget=1)
    assert isinstance(found.verdict, pc.Unknown) and "elicit" in found.verdict.advice
    assert "unknown" in str(found)


def test_few_and_odd_outcomes() -> None:
    alone = represent(pc.expected_reward({"x": 3}), ["x"])
    assert isinstance(alone.verdict, pc.Proved) and alone.utility == {"x": 0}
    names = [("o", 1), "雨", None, 5]
    pay = dict(zip(names, (F(1, 10**30), 0, 1, F(10**20, 3)), strict=True))
    verified(represent(pc.expected_reward(pay), names), [pay], names)
    two = ["a", "b"]
    verified(represent(pc.expected_reward({"a": 1, "b": 0}), two), [{"a": 1, "b": 0}], two)


@pytest.mark.parametrize("n", [40, 120])
def test_many_outcomes(n: int) -> None:
    rng = Random(n)
    outcomes = list(range(n))
    u, v = ({o: rng.randint(0, 30) for o in outcomes} for _ in range(2))
    verified(represent(pc.expected_reward(u), outcomes), [u], outcomes)
    if n < 100:
        verified(represent(lexicographic([u, v]), outcomes), [u, v], outcomes)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    represent(lexicographic([WATER, QUIET]), OUTCOMES)
    represent(pc.cvar(WATER, F(1, 2)), OUTCOMES)
    assert capfd.readouterr() == ("", "")
