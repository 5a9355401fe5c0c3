"""Policies restricted to polytopes: the maxima, their bounds, and the winners within, against other solvers."""

from __future__ import annotations

from fractions import Fraction

import cvxpy
import numpy as np
import pytest
from scipy.optimize import linprog

from solvers.games.game import PreferenceGame, exploitability, skew_game
from solvers.games.payoffs import GameTooLarge
from solvers.games.saddle.constrained_winner import constrained_gap, constrained_winner, exact_constrained_winner
from solvers.games.saddle.polytope import Polytope, entropic_maximum, linear_maximum
from solvers.games.saddle.saddle_problem import Penalty, best_reply


def random_polytope(generator: np.random.Generator, size: int) -> Polytope:
    """Two weak rows, one of them tight often, and an equal one; not empty, as a drawn policy is in it."""
    inside = generator.dirichlet(np.ones(size))
    G, E = generator.normal(size=(2, size)), generator.normal(size=(1, size))
    return Polytope(size, G, G @ inside + [0.0, 0.2], E, E @ inside)


def in_cvxpy(polytope: Polytope) -> tuple[cvxpy.Variable, list[cvxpy.Constraint]]:
    x = cvxpy.Variable(polytope.size, nonneg=True)
    return x, [cvxpy.sum(x) == 1, polytope.G @ x <= polytope.h, polytope.E @ x == polytope.f]


def test_the_elo_winner_of_the_nlhf_appendix_loses() -> None:
    scores = np.array([0, np.log(9), np.log(2)])
    game = PreferenceGame(1 / (1 + np.exp(scores - scores[:, None])))
    twice = Polytope(3, E=[1, -2, 0], f=0)
    winner = constrained_winner(game, twice)
    assert winner.converged and winner.policy == pytest.approx([0, 0, 1], abs=1e-12)
    elo = [2 / 3, 1 / 3, 0]
    assert constrained_gap(game, twice, elo) == pytest.approx(2 * (50 / 99 - 1 / 2), rel=1e-9)
    # its mean score is the larger one all the same, and without the constraint y2 wins
    assert scores @ elo > scores @ winner.policy
    assert exploitability(game, winner.policy) == pytest.approx(2 * (9 / 11 - 1 / 2))


@pytest.mark.parametrize("seed", range(8))
def test_no_policy_of_the_polytope_beats_the_winner(seed: int) -> None:
    generator = np.random.default_rng(seed)
    B = generator.normal(size=(9, 9))
    game, X = skew_game(B - B.T), random_polytope(generator, 9)
    winner = constrained_winner(game, X)
    assert winner.converged and X.violation(winner.policy) < 1e-9
    # the oracle: the vertices that beat it, by another solver
    y, constraints = in_cvxpy(X)
    attack = cvxpy.Problem(cvxpy.Maximize(y @ (game.matrix @ winner.policy)), constraints)
    attack.solve(solver="CLARABEL")
    assert attack.value == pytest.approx(0, abs=1e-7)
    assert winner.gap == pytest.approx(2 * attack.value, abs=1e-6)


def test_the_exact_winner_has_an_exact_certificate() -> None:
    # the example's preferences are rational: 9/10, 2/3 and 9/11 are the odds 9, 2 and 9/2
    P = [["1/2", "1/10", "1/3"], ["9/10", "1/2", "9/11"], ["2/3", "2/11", "1/2"]]
    game = PreferenceGame(P)
    answer = exact_constrained_winner(game, E=[[1, -2, 0]], f=[0])
    assert answer.policy == (0, 0, 1)
    less = exact_constrained_winner(game, E=[[1, -2, 0]], f=[0], G=[[0, 0, 1]], h=["1/4"])
    assert less.policy == (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4))
    assert game.rationals is not None
    for i, row in enumerate(game.rationals):
        gains = sum((a * p for a, p in zip(row, less.policy, strict=True)), Fraction(0))
        assert less.level + less.weak[0] * (i == 2) + less.equal[0] * (1, -2, 0)[i] >= gains
    assert less.level + less.weak[0] / 4 == 0 and less.weak[0] >= 0
    free = exact_constrained_winner(skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]]))
    assert free.policy == (Fraction(3, 7), Fraction(3, 7), Fraction(1, 7))
    with pytest.raises(ValueError, match="empty"):
        exact_constrained_winner(game, G=[[1, 1, 1]], h=["1/2"])
    with pytest.raises(ValueError, match="rows of 3"):
        exact_constrained_winner(game, G=[[1, 1]], h=[1])


def test_without_constraints_it_is_the_von_neumann_winner() -> None:
    game = skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]])
    assert constrained_winner(game, Polytope(3)).policy == pytest.approx(np.array([3, 3, 1]) / 7)


@pytest.mark.parametrize("seed", range(10))
def test_the_linear_bound_is_the_maximum(seed: int) -> None:
    generator = np.random.default_rng(seed)
    X, c = random_polytope(generator, 7), generator.normal(size=7)
    found = linear_maximum(X, c)
    x, constraints = in_cvxpy(X)
    oracle = cvxpy.Problem(cvxpy.Maximize(c @ x), constraints)
    oracle.solve(solver="CLARABEL")
    assert found.bound == pytest.approx(oracle.value, abs=1e-7)
    assert c @ found.point == pytest.approx(found.bound, abs=1e-9) and X.violation(found.point) < 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_the_entropic_maximum_is_cvxpys(seed: int) -> None:
    generator = np.random.default_rng(seed)
    X, c = random_polytope(generator, 6), generator.normal(size=6)
    mu = generator.dirichlet(np.ones(6))
    weight = float(generator.uniform(0.1, 2))
    _, found = entropic_maximum(X, c, weight, np.log(mu))
    x, constraints = in_cvxpy(X)
    oracle = cvxpy.Problem(cvxpy.Maximize(c @ x - weight * cvxpy.sum(cvxpy.rel_entr(x, mu))), constraints)
    oracle.solve(solver="CLARABEL", tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    assert found.bound == pytest.approx(oracle.value, abs=1e-7)
    assert found.point == pytest.approx(x.value, abs=1e-4) and X.violation(found.point) < 1e-10
    at_point = c @ found.point - weight * np.sum(found.point * np.log(found.point / mu))
    assert at_point == pytest.approx(found.bound, abs=1e-9)  # primal and dual meet: optimal whatever cvxpy says


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("free", [True, False])
def test_the_chi2_maximum_is_cvxpys(seed: int, free: bool) -> None:
    generator = np.random.default_rng(seed)
    X = Polytope(6) if free else random_polytope(generator, 6)
    c, mu, weight = generator.normal(size=6), generator.dirichlet(np.ones(6)), float(generator.uniform(0.1, 2))
    found = best_reply(X, c, Penalty("chi2", weight, mu))
    x, constraints = in_cvxpy(X)
    oracle = cvxpy.Problem(
        cvxpy.Maximize(c @ x - weight * cvxpy.sum_squares(cvxpy.multiply(1 / np.sqrt(mu), x - mu))), constraints
    )
    oracle.solve(solver="CLARABEL")
    assert found.bound == pytest.approx(oracle.value, abs=1e-6)
    assert found.bound >= oracle.value - 1e-7  # an upper bound, whatever its multipliers


def test_the_maximum_does_not_depend_on_where_the_multipliers_start() -> None:
    generator = np.random.default_rng(3)
    X, c = random_polytope(generator, 6), generator.normal(size=6)
    start = np.array([5.0, 0.0, -3.0])
    _, found = entropic_maximum(X, c, 1.0, np.zeros(6), start)
    _, again = entropic_maximum(X, c, 1.0, np.zeros(6))
    assert found.bound == pytest.approx(again.bound, abs=1e-10)


@pytest.mark.parametrize("seed", range(60))
def test_the_entropic_maximum_of_hard_polytopes(seed: int) -> None:
    # payoffs of thousands of weights, rows that depend on each other, policies that are nearly vertices
    generator = np.random.default_rng(seed)
    size, k = int(generator.integers(2, 40)), int(generator.integers(1, 6))
    inside = generator.dirichlet(np.full(size, generator.choice([0.1, 1.0])))
    G, E = generator.normal(size=(k, size)), generator.normal(size=(2, size))
    G[-1], E[1] = 2 * G[0], E[0]
    X = Polytope(size, G, G @ inside + generator.choice([0.0, 0.1], size=k), E, E @ inside)
    c, weight = generator.normal(size=size) * generator.choice([0.1, 1, 10, 100]), float(generator.choice([0.01, 1]))
    with np.errstate(divide="ignore"):
        logs = np.log(X.interior)
    z, found = entropic_maximum(X, c, weight, logs)
    assert X.violation(found.point) < 1e-9
    played = found.point > 0
    entropy = found.point[played] @ (z[played] - logs[played])
    assert c @ found.point - weight * entropy == pytest.approx(found.bound, rel=1e-7, abs=1e-7)


def test_an_action_that_no_policy_plays() -> None:
    X = Polytope(3, G=[1, 0, 0], h=0)
    assert X.interior[0] == 0 and (X.interior[1:] > 0).all()
    found = best_reply(X, np.array([5.0, 1.0, 0.0]), Penalty("kl", 1.0, np.full(3, 1 / 3)))
    assert found.point == pytest.approx(np.array([0, np.e, 1]) / (np.e + 1))
    assert linear_maximum(X, np.array([5.0, 1.0, 0.0])).bound == pytest.approx(1)


def test_a_polytope_of_one_policy() -> None:
    X = Polytope(3, E=np.eye(3)[:2], f=[0.2, 0.3])
    game = skew_game([[0, 1, -1], [-1, 0, 1], [1, -1, 0]])
    winner = constrained_winner(game, X)
    assert winner.converged and winner.policy == pytest.approx([0.2, 0.3, 0.5])


@pytest.mark.parametrize("unit", [1e-300, 1e-12, 1e-10, 1.0, 1e10, 1e300])
def test_the_unit_of_a_constraint_does_not_matter(unit: float) -> None:
    game = skew_game(np.array([[0, 0.3, -0.2], [-0.3, 0, 0.4], [0.2, -0.4, 0]]))
    thrice = constrained_winner(game, Polytope(3, E=[[unit, -3 * unit, 0]], f=[0]))
    assert thrice.converged and thrice.policy[0] == pytest.approx(3 * thrice.policy[1], abs=1e-9)
    often = constrained_winner(game, Polytope(3, G=[[-unit, 0, 0]], h=[-0.9 * unit]))
    assert often.converged and often.policy[0] >= 0.9 - 1e-9
    with pytest.raises(ValueError, match="empty"):
        Polytope(3, E=[[unit] * 3], f=[2 * unit])
    with pytest.raises(ValueError, match="empty"):
        Polytope(3, G=[[unit, unit, 2 * unit]], h=[0.9 * unit])
    # a bound beyond any policy's reach bounds nothing; a row of zeros is met or not
    assert constrained_winner(game, Polytope(3, G=[[1, 0, 0]], h=[1 / unit + 1])).policy == pytest.approx(
        constrained_winner(game, Polytope(3)).policy, abs=1e-9
    )
    with pytest.raises(ValueError, match="empty"):
        Polytope(3, E=[[0, 0, 0]], f=[unit])
    with pytest.raises(ValueError, match="empty"):
        Polytope(3, G=[[0, 0, 0]], h=[-unit])
    assert Polytope(3, G=[[0, 0, 0]], h=[unit], E=[[0, 0, 0]], f=[0]).interior == pytest.approx(np.full(3, 1 / 3))


def test_exact_constraints_beyond_all_floats() -> None:
    game = skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]])
    huge = exact_constrained_winner(game, E=[[10**400, -(10**400), 0]], f=[0], G=[[1, 0, 0]], h=[10**400])
    assert huge.policy[0] == huge.policy[1] and huge.weak == (0,) and huge.level == 0
    small = Fraction(1, 10**10)
    tight = exact_constrained_winner(game, G=[[1, 1, 1], [0, 0, -small]], h=[5, -small / 2])
    assert tight.policy[2] == Fraction(1, 2) and tight.weak[0] == 0 and tight.weak[1] > 0
    assert game.rationals is not None
    for i, row in enumerate(game.rationals):  # the certificate, in the units that were given
        gains = sum((a * p for a, p in zip(row, tight.policy, strict=True)), Fraction(0))
        assert tight.level - tight.weak[1] * small * (i == 2) >= gains
    assert tight.level == tight.weak[1] * small / 2
    with pytest.raises(ValueError, match="empty"):
        exact_constrained_winner(game, G=[[Fraction(1, 10**400)] * 3], h=[0])


def test_what_is_no_game_no_polytope_or_does_not_fit_is_refused() -> None:
    game, half = skew_game([[0, 1], [-1, 0]]), [0.5, 0.5]
    for matrix in (np.full((2, 2), 0.5), None):
        for ask in (
            lambda g: constrained_winner(g, Polytope(2)),
            lambda g: constrained_gap(g, Polytope(2), half),
            exact_constrained_winner,
        ):
            with pytest.raises(TypeError, match="must be a PreferenceGame"):
                ask(matrix)
        with pytest.raises(TypeError, match="must be a Polytope"):
            constrained_winner(game, matrix)
        with pytest.raises(TypeError, match="must be a Polytope"):
            constrained_gap(game, matrix, half)
    with pytest.raises(GameTooLarge, match="actions"):
        Polytope(10**12)
    with pytest.raises(ValueError, match="more than 500"):
        exact_constrained_winner(skew_game(np.zeros((501, 501))))


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="empty"):
        Polytope(2, G=[[1, 0], [0, 1]], h=[0.4, 0.4])
    with pytest.raises(ValueError, match="G and h go together"):
        Polytope(2, G=[[1, 0]])
    with pytest.raises(ValueError, match="rows of 2"):
        Polytope(2, E=[[1, 0, 0]], f=[1])
    with pytest.raises(ValueError, match="finite"):
        Polytope(2, G=[[1, np.nan]], h=[1])
    with pytest.raises(ValueError, match="size"):
        Polytope(0)
    game = skew_game([[0, 1], [-1, 0]])
    with pytest.raises(ValueError, match="the game has 2"):
        constrained_winner(game, Polytope(3))
    with pytest.raises(ValueError, match="misses a constraint"):
        constrained_gap(game, Polytope(2, G=[1, 0], h=0.5), [1, 0])


def test_the_interior_has_every_action_that_can_be_played() -> None:
    generator = np.random.default_rng(5)
    for _ in range(10):
        G = np.abs(generator.normal(size=(1, 5))) * (generator.random(5) < 0.5)
        if not (G == 0).any():
            continue
        X = Polytope(5, G, [0.0])
        for i in range(5):
            most = linprog(-np.eye(5)[i], A_ub=X.G, b_ub=X.h, A_eq=np.ones((1, 5)), b_eq=[1])
            assert (X.interior[i] > 0) == (-most.fun > 1e-9)
