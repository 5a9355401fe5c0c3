"""Games of processes without chance and of skew-symmetric functions, against their definition in fractions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import prefcore as pc
from solvers.games.building.processes import game_from_phi, game_from_process
from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.payoffs import Dense, Factored

HALF = Fraction(1, 2)

# -- processes ------------------------------------------------------------------------------------------------------


def chain(preference: Any, horizon: int = 3, **more: Any) -> pc.DirectPreferenceProcess:
    return pc.DirectPreferenceProcess(
        observations=("o",),
        actions=("a", "b"),
        horizon=horizon,
        initial={"o": 1},
        environment=lambda history, action: {"o": 1},
        preference=preference,
        **more,
    )


def count(trajectory: Any) -> int:
    return sum(2**k for k, action in enumerate(trajectory[1::2]) if action == "a")


def cube(x: Any, y: Any) -> Fraction:
    return Fraction((count(x) - count(y)) ** 3, 7)


def wheel(x: Any, y: Any) -> int:
    return (0, 1, 1, -1, -1)[(count(y) - count(x)) % 5]


PAYOFF = pc.skew_symmetric(lambda x, y: Fraction(count(x), 3) - Fraction(count(y), 3))
PHIS: dict[str, tuple[Any, Callable[[Any, Any], Any], int | None]] = {  # relation, φ, rank of the factors
    "additive": (PAYOFF, lambda x, y: Fraction(count(x) - count(y), 3), 2),
    "reward": (pc.expected_reward(count), lambda x, y: count(x) - count(y), 2),
    "indifference": (pc.skew_symmetric(lambda x, y: 0), lambda x, y: 0, 1),
    "cubes": (pc.skew_symmetric(cube), cube, None),
    "cyclic": (pc.skew_symmetric(wheel), wheel, None),
    "outperforming": (pc.outperforming(count), lambda x, y: (count(x) > count(y)) - (count(x) < count(y)), None),
    "regret": (pc.regret(count, lambda d: d**3), lambda x, y: (count(x) - count(y)) ** 3, None),
}


@pytest.mark.parametrize("horizon", [1, 3, 5])
@pytest.mark.parametrize(("relation", "phi", "rank"), PHIS.values(), ids=PHIS)
def test_a_process_is_the_game_of_its_phi(relation: Any, phi: Any, rank: int | None, horizon: int) -> None:
    game = game_from_process(chain(relation, horizon))
    labels = game.labels
    assert labels is not None
    assert sorted(labels) == sorted(trajectories(horizon))
    expected = np.array([[float(phi(x, y)) for y in labels] for x in labels])
    assert np.allclose(game.matrix, expected, rtol=1e-12, atol=1e-9 * np.abs(expected).max())
    if rank is not None and 2 * rank < len(labels):
        assert isinstance(game.payoffs, Factored)
        assert game.payoffs.factors.shape[1] == rank
    if isinstance(game.payoffs, Dense):
        assert game.rationals == tuple(tuple(Fraction(phi(x, y)) for y in labels) for x in labels)


def trajectories(horizon: int) -> Iterator[tuple[str, ...]]:
    for actions in product("ab", repeat=horizon):
        yield ("o", *(part for action in actions for part in (action, "o")))


def test_the_winner_of_the_game_is_undominated_among_lotteries() -> None:
    relation = pc.skew_symmetric(wheel)
    game = game_from_process(chain(relation))
    winner = exact_von_neumann_winner(game).policy
    assert game.labels is not None
    lottery = pc.Distribution({x: p for x, p in zip(game.labels, winner, strict=True) if p})
    assert len(lottery.support) > 1
    assert all(relation(pc.Distribution.point(x), lottery) for x in game.labels)


def test_many_trajectories_of_few_outcomes_stay_factored() -> None:
    game = game_from_process(chain(pc.skew_symmetric(lambda x, y: (x - y) ** 3), 12, outcome=lambda t: t.count("a")))
    assert isinstance(game.payoffs, Factored)
    assert game.payoffs.factors.shape[0] == 4096
    assert game.payoffs.factors.shape[1] <= 5  # (x - y)³ has the monomials 1, x, x², x³
    assert game.labels is not None
    n = [label.count("a") for label in game.labels]
    assert game.payoffs.columns(np.array([7]))[:, 0] == pytest.approx([float((k - n[7]) ** 3) for k in n], abs=1e-9)


def test_observations_without_chance_are_part_of_the_labels() -> None:
    process = pc.DirectPreferenceProcess(
        observations=("s", "x", "y"),
        actions=(0, 1),
        horizon=1,
        initial={"s": 1, "x": 0},
        environment=lambda history, action: {"x": 1 - action, "y": action},
        preference=pc.expected_reward(lambda t: t[1]),
    )
    assert game_from_process(process).labels == (("s", 0, "x"), ("s", 1, "y"))


def test_what_is_no_such_process_is_refused() -> None:
    fair = {"o": HALF, "u": HALF}

    def coin(initial: Any, row: Any) -> pc.DirectPreferenceProcess:
        return pc.DirectPreferenceProcess(
            observations=("o", "u"),
            actions=("a",),
            horizon=2,
            initial=initial,
            environment=lambda history, action: row,
            preference=PAYOFF,
        )

    with pytest.raises(ValueError, match=r"first observation is left to chance.*solvers\.games\.process_game"):
        game_from_process(coin(fair, {"o": 1}))
    with pytest.raises(ValueError, match=r"action 'a' at history \('o',\) is left to chance.*process_game"):
        game_from_process(coin({"o": 1}, fair))
    for relation, message in (
        (pc.cvar(count, HALF), "cvar.*not linear in each lottery"),
        (pc.majority(count, lambda t: -count(t), lambda t: 1), "majority.*no single comparison"),
        (pc.relation(lambda A, B: A.expect(count) * B.expect(count) <= 3), r"is not skew-symmetric: φ\("),
        (pc.relation(lambda A, B: A.expect(count) ** 2 <= B.expect(count)), "not linear in each lottery"),
        (pc.relation(lambda A, B: len(A.support) <= len(B.support)), "can't be traced"),
    ):
        with pytest.raises(ValueError, match=message):
            game_from_process(chain(relation))
    with pytest.raises(TypeError, match="must be a DirectPreferenceProcess"):
        game_from_process(cast(Any, SimpleNamespace()))
    with pytest.raises(pc.ProcessTooLarge):
        game_from_process(chain(PAYOFF, 40))


def test_a_negated_comparison_is_read_too() -> None:
    game = game_from_process(chain(pc.relation(lambda A, B: ~(A.expect(count) > B.expect(count)))))
    assert game.labels is not None
    assert game.matrix.tolist() == [[count(x) - count(y) for y in game.labels] for x in game.labels]


# -- phi ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phi", "kind", "exact"),
    [
        (lambda x, y: x - y, Factored, False),
        (lambda x, y: 0.1 * x - 0.1 * y, Factored, False),
        (lambda x, y: 0, Factored, False),
        (lambda x, y: (x - y) ** 3, Dense, True),
        (lambda x, y: (x - y) * abs(x - y) * 0.1, Dense, False),
        (
            lambda x, y: (
                (x - y) + (Fraction(1, 10**9) if (x, y) == (7, 8) else -Fraction(1, 10**9) * ((x, y) == (8, 7)))
            ),
            Dense,
            True,
        ),
    ],
)
def test_an_additive_phi_is_found_and_no_other(phi: Any, kind: type, exact: bool) -> None:
    game = game_from_phi(range(9), phi)
    assert isinstance(game.payoffs, kind)
    assert (game.rationals is not None) is exact
    assert np.allclose(game.matrix, [[float(phi(x, y)) for y in range(9)] for x in range(9)], atol=1e-14)


def test_phi_must_be_skew_symmetric() -> None:
    with pytest.raises(ValueError, match=r"phi\(1, 0\) = 1, phi\(0, 1\) = 1"):
        game_from_phi(range(3), lambda x, y: (x - y) ** 2)
    with pytest.raises(ValueError, match=r"phi\(2, 1\) = 0.5"):
        game_from_phi(range(3), lambda x, y: 0.5 if (x, y) == (2, 1) else 0.0)
    with pytest.raises(ValueError, match=r"phi\(0, 0\) must be finite"):
        game_from_phi(range(3), lambda x, y: float("inf"))
    with pytest.raises(TypeError, match="must be a function"):
        game_from_phi(range(3), cast(Any, None))


@pytest.mark.parametrize(("relation", "phi"), [(relation, phi) for relation, phi, _ in PHIS.values()], ids=PHIS)
def test_a_relation_has_the_game_of_its_phi(relation: Any, phi: Any) -> None:
    outcomes = [*trajectories(3)]
    game = game_from_phi(outcomes, relation)
    assert game.labels == tuple(outcomes)
    assert np.allclose(game.matrix, [[float(phi(x, y)) for y in outcomes] for x in outcomes], rtol=1e-12, atol=1e-9)


def test_other_relations_have_no_phi() -> None:
    with pytest.raises(ValueError, match=r"phi: the relation, cvar.*bilinear"):
        game_from_phi(range(3), pc.cvar(lambda x: x, HALF))
