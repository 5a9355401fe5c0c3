"""Convex–concave games against cvxpy's saddle extension, closed forms, and each other."""

from __future__ import annotations

from collections.abc import Callable

import cvxpy
import dsp
import numpy as np
import pytest

from solvers.games.game import PreferenceGame, exploitability, skew_game
from solvers.games.saddle.certificates import duality_gap
from solvers.games.saddle.mirror_prox import SaddleSeen, mirror_prox, optimistic_gradient
from solvers.games.saddle.polytope import Polytope
from solvers.games.saddle.saddle_point import SaddlePoint
from solvers.games.saddle.saddle_problem import (
    NotConvexConcave,
    Penalty,
    SaddleProblem,
    bilinear_problem,
    check_convex_concave,
    check_gradients,
    log_utility_problem,
    mean_variance_problem,
    regularised_problem,
)

Method = Callable[..., SaddlePoint]
Constrain = Callable[[cvxpy.Variable, cvxpy.Variable], list[cvxpy.Constraint]]
METHODS = pytest.mark.parametrize("method", [mirror_prox, optimistic_gradient])
TIGHT = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}


def random_game(generator: np.random.Generator, size: int) -> PreferenceGame:
    B = generator.uniform(-0.25, 0.25, size=(size, size))
    return skew_game(B - B.T)


class Game(dsp.MinimizeMaximize):
    """dsp's objective; newer cvxpy asks for one method more than dsp 0.4 has."""

    def format_labeled(self) -> str:
        return str(self)


def value_of(
    payoff: Callable[[cvxpy.Variable, cvxpy.Variable], cvxpy.Expression], n: int, m: int, extra: list[Constrain]
) -> float:
    """The value of ``max_x min_y payoff`` over two simplices by dsp; extra: more constraints."""
    x, y = cvxpy.Variable(n), cvxpy.Variable(m)  # dsp does not see nonneg=True
    constraints = [x >= 0, y >= 0, cvxpy.sum(x) == 1, cvxpy.sum(y) == 1]
    for constrain in extra:
        constraints += constrain(x, y)
    problem = dsp.SaddlePointProblem(Game(payoff(x, y)), constraints, [y], [x])
    problem.solve(solver="CLARABEL", **TIGHT)
    return float(problem.value)


@METHODS
@pytest.mark.parametrize("seed", range(3))
def test_bilinear_games_have_dsps_value(method: Method, seed: int) -> None:
    M = np.random.default_rng(seed).normal(size=(5, 7))
    found = method(bilinear_problem(M), tolerance=1e-8)
    assert found.converged
    # in dsp's atoms the first argument is convex and the second concave
    assert found.value == pytest.approx(value_of(lambda x, y: dsp.inner(y, M.T @ x), 5, 7, []), abs=1e-6)


@METHODS
@pytest.mark.parametrize("seed", range(3))
def test_kl_and_chi2_penalties_have_dsps_value(method: Method, seed: int) -> None:
    generator = np.random.default_rng(seed)
    M, mu, nu = generator.normal(size=(5, 6)), generator.dirichlet(np.ones(5)), generator.dirichlet(np.ones(6))
    problem = bilinear_problem(M, x_penalty=Penalty("kl", 0.4, mu), y_penalty=Penalty("chi2", 0.3, nu))
    found = method(problem, tolerance=1e-8)
    assert found.converged

    def payoff(x: cvxpy.Variable, y: cvxpy.Variable) -> cvxpy.Expression:
        kl = 0.4 * cvxpy.sum(cvxpy.rel_entr(x, mu))
        chi2 = 0.3 * cvxpy.sum_squares(cvxpy.multiply(1 / np.sqrt(nu), y - nu))
        return dsp.inner(y, M.T @ x) - kl + chi2

    assert found.value == pytest.approx(value_of(payoff, 5, 6, []), abs=1e-6)


@METHODS
@pytest.mark.parametrize("seed", range(2))
def test_quadratic_saddles_have_dsps_value(method: Method, seed: int) -> None:
    generator = np.random.default_rng(seed)
    M, a, b = generator.normal(size=(4, 5)), generator.normal(size=4), generator.normal(size=5)
    Q, R = generator.normal(size=(4, 2)), generator.normal(size=(5, 3))
    problem = SaddleProblem(
        (4, 5),
        lambda x, y: float(x @ M @ y + a @ x + b @ y - np.sum((Q.T @ x) ** 2) + np.sum((R.T @ y) ** 2)),
        lambda x, y: M @ y + a - 2 * Q @ (Q.T @ x),
        lambda x, y: M.T @ x + b + 2 * R @ (R.T @ y),
    )
    check_gradients(problem, generator)
    check_convex_concave(problem, generator)
    found = method(problem, tolerance=1e-8)
    assert found.converged

    def payoff(x: cvxpy.Variable, y: cvxpy.Variable) -> cvxpy.Expression:
        curved = cvxpy.sum_squares(R.T @ y) - cvxpy.sum_squares(Q.T @ x)
        return dsp.inner(y, M.T @ x) + a @ x + b @ y + curved

    assert found.value == pytest.approx(value_of(payoff, 4, 5, []), abs=1e-6)


@METHODS
def test_polytopes_and_penalties_have_dsps_value(method: Method) -> None:
    generator = np.random.default_rng(1)
    M, mu = generator.normal(size=(5, 6)), np.full(5, 1 / 5)
    X = Polytope(5, G=[1, 1, 0, 0, 0], h=0.3, E=[0, 0, 1, -2, 0], f=0)
    Y = Polytope(6, G=-np.eye(6), h=np.full(6, -0.05))
    found = method(bilinear_problem(M, x_penalty=Penalty("kl", 0.2, mu), x_polytope=X, y_polytope=Y), tolerance=1e-7)
    assert found.converged and found.violation < 1e-9
    value = value_of(
        lambda x, y: dsp.inner(y, M.T @ x) - 0.2 * cvxpy.sum(cvxpy.rel_entr(x, mu)),
        5,
        6,
        [lambda x, y: [X.G @ x <= X.h, X.E @ x == X.f, Y.G @ y <= Y.h]],
    )
    assert found.value == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("seed", range(2))
def test_log_utilities_have_cvxpys_value(seed: int) -> None:
    # linear in y: the saddle value is max_x min_j log(floor + p_j), a concave program
    P = np.random.default_rng(seed).uniform(size=(5, 6))
    x = cvxpy.Variable(5, nonneg=True)
    oracle = cvxpy.Problem(cvxpy.Maximize(cvxpy.min(cvxpy.log(0.05 + P.T @ x))), [cvxpy.sum(x) == 1])
    oracle.solve(solver="CLARABEL")
    found = mirror_prox(log_utility_problem(P, 0.05), tolerance=1e-7)
    assert found.converged and found.value == pytest.approx(oracle.value, abs=1e-6)


@pytest.mark.parametrize("seed", range(2))
def test_mean_variance_is_certified_by_a_grid_of_replies(seed: int) -> None:
    generator = np.random.default_rng(seed)
    M = generator.uniform(size=(2, 5))  # two actions cannot even out five opponents, so that there is a risk
    problem = mean_variance_problem(M, 3.0)
    check_gradients(problem, generator)
    check_convex_concave(problem, generator)
    found = mirror_prox(problem, tolerance=1e-7)
    assert found.converged
    replies = np.vstack([generator.dirichlet(np.full(5, c), 2000) for c in (0.2, 1.0)] + [np.eye(5)])
    mixed = np.linspace(0, 1, 1001)
    assert max(problem.total(np.array([q, 1 - q]), found.y) for q in mixed) <= found.upper + 1e-9
    assert min(problem.total(found.x, y) for y in replies) >= found.lower - 1e-9
    # the adversary's side is a convex quadratic program for fixed x: cvxpy attains the lower bound
    p, y = M.T @ found.x, cvxpy.Variable(5, nonneg=True)
    worst = cvxpy.Problem(cvxpy.Minimize(p @ y - 3 * ((p**2) @ y) + 3 * cvxpy.square(p @ y)), [cvxpy.sum(y) == 1])
    worst.solve(solver="CLARABEL")
    assert worst.value == pytest.approx(found.value, abs=1e-6)
    assert found.value < min(M.T @ found.x)  # risk costs something beyond the worst opponent


@pytest.mark.parametrize("seed", range(5))
def test_the_kl_certificate_is_the_judges_gap(seed: int) -> None:
    generator = np.random.default_rng(seed)
    game, mu, pi = random_game(generator, 8), generator.dirichlet(np.ones(8)), generator.dirichlet(np.ones(8))
    problem = regularised_problem(game, 0.3, mu)
    judged = exploitability(game, pi, reference=mu, tau=0.3)
    assert duality_gap(problem, pi, pi).gap == pytest.approx(judged, rel=1e-12)
    plain = duality_gap(bilinear_problem(game.matrix), pi, pi).gap
    assert plain == pytest.approx(exploitability(game, pi), rel=1e-12)


@METHODS
@pytest.mark.parametrize("kind", ["kl", "chi2"])
def test_symmetric_games_have_value_zero_and_equal_policies(method: Method, kind: str) -> None:
    assert kind in ("kl", "chi2")
    game = random_game(np.random.default_rng(4), 12)
    found = method(regularised_problem(game, 0.1, kind="kl" if kind == "kl" else "chi2"), tolerance=1e-10)
    assert found.converged and found.value == pytest.approx(0, abs=1e-10)
    assert found.x == pytest.approx(found.y, abs=1e-12)
    assert found.policy is found.x


def test_gaps_bound_the_distance_from_the_value() -> None:
    M = np.random.default_rng(7).normal(size=(6, 6))
    seen: list[SaddleSeen] = []
    found = mirror_prox(bilinear_problem(M), 300, tolerance=1e-12, every=5, callback=seen.append)
    assert not found.converged and "300" in found.reason and "NOT CONVERGED" in repr(found)
    value = value_of(lambda x, y: dsp.inner(y, M.T @ x), 6, 6, [])
    assert found.lower - 1e-9 <= value <= found.upper + 1e-9
    assert [s.iteration for s in seen] == list(range(5, 301, 5))
    for s in seen:
        exact = (M @ s.average[1]).max() - (M.T @ s.average[0]).min()
        assert s.average_gap == pytest.approx(exact, rel=1e-9)
    assert found.gap == pytest.approx(min(min(s.last_gap, s.average_gap) for s in seen), rel=1e-9)
    assert np.isnan(found.history[:4]).all() and found.history[4] == seen[0].last_gap


def test_a_function_that_is_not_concave_is_found_out() -> None:
    M = np.random.default_rng(0).normal(size=(3, 3))
    convex = SaddleProblem(
        (3, 3),
        lambda x, y: float(x @ M @ y + 4 * x @ x),
        lambda x, y: M @ y + 8 * x,
        lambda x, y: M.T @ x,
    )
    with pytest.raises(NotConvexConcave, match="not concave in x"):
        duality_gap(convex, np.full(3, 1 / 3), np.full(3, 1 / 3))
    with pytest.raises(NotConvexConcave, match="not concave in x"):
        check_convex_concave(convex, np.random.default_rng(0))
    concave = SaddleProblem(
        (3, 3),
        lambda x, y: float(x @ M @ y - 4 * y @ y),
        lambda x, y: M @ y,
        lambda x, y: M.T @ x - 8 * y,
    )
    with pytest.raises(NotConvexConcave, match="not convex in y"):
        duality_gap(concave, np.full(3, 1 / 3), np.full(3, 1 / 3))
    with pytest.raises(NotConvexConcave, match="convex in y"):
        check_convex_concave(concave, np.random.default_rng(0))


def with_gradients(M: np.ndarray, of_x: float, of_y: float, **polytopes: Polytope) -> SaddleProblem:
    """xᵀMy, with gradients that are so many times the right ones."""
    n, m = M.shape
    return SaddleProblem(
        (n, m), lambda x, y: float(x @ M @ y), lambda x, y: of_x * M @ y, lambda x, y: of_y * M.T @ x, **polytopes
    )


@METHODS
@pytest.mark.parametrize(
    ("of_x", "of_y", "named"),
    [(-1, -1, "gradient_[xy]"), (-1, 1, "gradient_x"), (1, -1, "gradient_y"), (2, 1, "gradient_x")],
)
@pytest.mark.parametrize("free", [True, False])
def test_gradients_of_the_wrong_sign_are_no_certificate(
    method: Method, of_x: float, of_y: float, named: str, free: bool
) -> None:
    polytopes = {"x_polytope": Polytope(3, G=[1, -2, 0.3], h=0.2), "y_polytope": Polytope(4, E=[1, -1, 0, 0.2], f=0.05)}
    for seed in range(40):
        M = np.random.default_rng(seed).normal(size=(3, 4))
        with pytest.raises(NotConvexConcave, match=f"{named} is not f's gradient"):
            method(with_gradients(M, of_x, of_y, **({} if free else polytopes)))


def test_the_judge_itself_sees_that_both_gradients_have_the_wrong_sign() -> None:
    for seed in range(40):
        M = np.random.default_rng(seed).normal(size=(3, 4))
        found = mirror_prox(bilinear_problem(-M), tolerance=1e-3)  # where wrong gradients lead
        with pytest.raises(NotConvexConcave, match=r"gradient_[xy] is not f's gradient"):
            duality_gap(with_gradients(M, -1, -1), found.x, found.y)


@METHODS
@pytest.mark.parametrize("bend", [2, 0.5, 0.05, 1e-6])
def test_the_wrong_curvature_is_no_certificate(method: Method, bend: float) -> None:
    M = np.random.default_rng(0).normal(size=(3, 4))
    convex = SaddleProblem(
        (3, 4), lambda x, y: float(x @ M @ y + bend * x @ x), lambda x, y: M @ y + 2 * bend * x, lambda x, y: M.T @ x
    )
    with pytest.raises(NotConvexConcave, match="not concave in x"):
        method(convex)
    concave = SaddleProblem(
        (3, 4), lambda x, y: float(x @ M @ y - bend * y @ y), lambda x, y: M @ y, lambda x, y: M.T @ x - 2 * bend * y
    )
    with pytest.raises(NotConvexConcave, match="not convex in y"):
        method(concave)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_right_is_not_refuted_in_any_unit(seed: int) -> None:
    generator = np.random.default_rng(seed)
    unit = 10.0 ** generator.integers(-12, 12)
    n, m = generator.integers(1, 10, size=2).tolist()
    M = unit * generator.normal(size=(n, m))
    for problem in (
        bilinear_problem(M + 1000 * unit),
        mean_variance_problem(M, 3 / unit),
        log_utility_problem(generator.uniform(size=(n, m)), 1e-8),
    ):
        found = mirror_prox(problem, 100, tolerance=1e-9)
        assert found.upper - found.lower == pytest.approx(found.gap, abs=1e-12 * max(1, unit) * 1000)


def test_gradients_may_be_lists_and_what_functions_answer_is_looked_at() -> None:
    M = np.array([[0.0, 1.0], [2.0, 0.5]])
    listed = SaddleProblem(
        (2, 2), lambda x, y: x @ M @ y, lambda x, y: (M @ y).tolist(), lambda x, y: (M.T @ x).tolist()
    )
    assert mirror_prox(listed).value == pytest.approx(mirror_prox(bilinear_problem(M)).value, abs=1e-12)
    check_gradients(listed, np.random.default_rng(0))
    with pytest.raises(TypeError, match="value must be a function"):
        SaddleProblem((2, 2), 1, 2, 3)
    for answer in (None, 1j, np.zeros(2), "1"):
        problem = SaddleProblem((2, 2), lambda x, y, answer=answer: answer, lambda x, y: M @ y, lambda x, y: M.T @ x)
        for use in (mirror_prox, lambda p: duality_gap(p, [0.5, 0.5], [1, 0])):
            with pytest.raises(TypeError, match=r"value\(x, y\)"):
                use(problem)
    nothing = SaddleProblem((2, 2), lambda x, y: x @ M @ y, lambda x, y: None, lambda x, y: M.T @ x)
    with pytest.raises(TypeError, match=r"gradient_x\(x, y\)"):
        mirror_prox(nothing)


@pytest.mark.parametrize("tau", [1e3, 1e6, 1e9])
def test_gaps_under_heavy_penalties_are_not_rounded_below_zero(tau: float) -> None:
    game, mu = random_game(np.random.default_rng(1), 6), np.full(6, 1 / 6)
    problem = regularised_problem(game, tau)
    near = mu * np.exp(game.advantages(mu) / tau)
    near /= near.sum()
    for policy in (mu, near):
        judged = exploitability(game, policy, reference=mu, tau=tau)
        found = duality_gap(problem, policy, policy)
        assert found.gap >= 0 and found.gap == pytest.approx(judged, rel=1e-6, abs=1e-18)
    assert mirror_prox(problem, tolerance=1e-12).converged


def test_callbacks_cannot_write_to_the_run() -> None:
    def spoil(seen: SaddleSeen) -> None:
        for policy in (*seen.last, *seen.average):
            with pytest.raises(ValueError, match="read-only"):
                policy[0] = 1.0

    assert mirror_prox(bilinear_problem(np.eye(3)), 50, tolerance=1e-15, callback=spoil).gap < 0.1


def test_a_wrong_gradient_is_found_out() -> None:
    M = np.random.default_rng(0).normal(size=(3, 4))
    wrong = SaddleProblem((3, 4), lambda x, y: float(x @ M @ y), lambda x, y: 2 * M @ y, lambda x, y: M.T @ x)
    with pytest.raises(NotConvexConcave, match="gradient_x"):
        check_gradients(wrong, np.random.default_rng(0))
    assert check_gradients(bilinear_problem(M), np.random.default_rng(0)) < 1e-6


def test_pure_equilibria_and_single_actions() -> None:
    dominant = skew_game([[0, 0.5, 0.5], [-0.5, 0, 0.5], [-0.5, -0.5, 0]])
    found = mirror_prox(bilinear_problem(dominant.matrix), tolerance=1e-9)
    assert found.converged and found.x == pytest.approx([1, 0, 0], abs=1e-8)
    assert mirror_prox(bilinear_problem([[2.0]])).value == 2
    ties = mirror_prox(bilinear_problem(np.zeros((3, 4))))
    assert ties.converged and ties.gap == 0
    # probabilities that underflow: payoffs a thousand times the penalty
    extreme = mirror_prox(regularised_problem(dominant, 1e-4), tolerance=1e-9)
    assert extreme.converged and np.isfinite(extreme.history[np.isfinite(extreme.history)]).all()


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="kind"):
        Penalty("l2", 1.0, np.full(2, 0.5))
    with pytest.raises(ValueError, match="no mass"):
        Penalty("kl", 1.0, np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="weight"):
        Penalty("kl", 0.0, np.full(2, 0.5))
    with pytest.raises(ValueError, match="payoffs"):
        bilinear_problem([[np.nan]])
    with pytest.raises(ValueError, match="not 2"):
        bilinear_problem(np.zeros((2, 2)), x_penalty=Penalty("kl", 1.0, np.full(3, 1 / 3)))
    with pytest.raises(ValueError, match="y_polytope"):
        bilinear_problem(np.zeros((2, 2)), y_polytope=Polytope(3))
    with pytest.raises(ValueError, match="risk_aversion"):
        mean_variance_problem(np.zeros((2, 2)), -1)
    with pytest.raises(ValueError, match="floor"):
        log_utility_problem(np.zeros((2, 2)), 0)
    with pytest.raises(ValueError, match="probabilities"):
        log_utility_problem([[2.0]], 0.1)
    with pytest.raises(ValueError, match="not finite"):
        mirror_prox(SaddleProblem((2, 2), lambda x, y: np.nan, lambda x, y: x, lambda x, y: y))
    with pytest.raises(ValueError, match="has shape"):
        mirror_prox(SaddleProblem((2, 2), lambda x, y: 0.0, lambda x, y: np.zeros(3), lambda x, y: y))
    with pytest.raises(ValueError, match="sums to"):
        duality_gap(bilinear_problem(np.zeros((2, 2))), [1, 1], [1, 0])
    with pytest.raises(ValueError, match="misses a constraint"):
        half = Polytope(2, G=[1, 0], h=0.5)
        duality_gap(bilinear_problem(np.zeros((2, 2)), x_polytope=half), [1, 0], [1, 0])
    for ask in (
        mirror_prox,
        optimistic_gradient,
        lambda p: duality_gap(p, [1, 0], [1, 0]),
        lambda p: check_gradients(p, np.random.default_rng(0)),
        lambda p: check_convex_concave(p, np.random.default_rng(0)),
    ):
        for no_problem in (np.eye(2), None):
            with pytest.raises(TypeError, match="must be a SaddleProblem"):
                ask(no_problem)
    with pytest.raises(TypeError, match="must be a PreferenceGame"):
        regularised_problem(np.full((3, 3), 0.5), 0.1)
    with pytest.raises(TypeError, match="pair"):
        SaddleProblem(3, lambda x, y: 0.0, lambda x, y: x, lambda x, y: y)
    with pytest.raises(TypeError, match="x_polytope"):
        bilinear_problem(np.eye(2), x_polytope="simplex")
    for wrong in ({"iterations": 0}, {"tolerance": 0.0}, {"every": 0}, {"step": -1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            mirror_prox(bilinear_problem(np.eye(2)), **wrong)
