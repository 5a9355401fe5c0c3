"""The game and THE JUDGE, against the definitions in plain Python and a convex solver."""

from __future__ import annotations

import copy
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import solvers
from solvers.games.game import (
    PreferenceGame,
    exact_exploitability,
    exploitability,
    game_of,
    rational_rows,
    skew_game,
    symmetrised,
)
from solvers.games.payoffs import Dense, Factored, GameTooLarge, require_memory

COMAL = [[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]]  # b beats a .9, c beats b .9, a beats c .8
EXACT = [["1/2", "1/10", "4/5"], ["9/10", "1/2", "1/10"], ["1/5", "9/10", "1/2"]]


def random_preferences(n: int, seed: int) -> np.ndarray:
    P = np.random.default_rng(seed).uniform(size=(n, n))
    P = np.triu(P, 1)
    return P + np.tril(1 - P.T, -1) + np.eye(n) / 2


@st.composite
def exact_games(draw: st.DrawFn) -> tuple[list[list[Fraction]], list[Fraction]]:
    n = draw(st.integers(1, 5))
    share = st.fractions(0, 1, max_denominator=12)
    P = [[Fraction(1, 2)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i):
            P[i][j] = draw(share)
            P[j][i] = 1 - P[i][j]
    weights = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n).filter(any))
    return P, [Fraction(w, sum(weights)) for w in weights]


@given(exact_games())
def test_the_original_gap_is_that_of_the_definition(case: tuple[list[list[Fraction]], list[Fraction]]) -> None:
    """gap = max_y P(y beats π) - min_y P(π beats y): what the two players can gain by deviating."""
    P, policy = case
    n = len(P)
    wins = [sum(P[y][x] * policy[x] for x in range(n)) for y in range(n)]
    keeps = [sum(policy[x] * P[x][y] for x in range(n)) for y in range(n)]
    gap = max(wins) - min(keeps)
    game = PreferenceGame(P)
    assert exact_exploitability(game, policy) == gap
    assert exploitability(game, policy) == float(gap)
    assert exploitability(game, [float(p) for p in policy]) == pytest.approx(float(gap), abs=1e-14)


@pytest.mark.parametrize("seed", range(4))
def test_the_regularised_gap_is_that_of_the_definition(seed: int) -> None:
    """max_π' [P(π' beats π) - τ KL(π'‖μ)] twice, found by a convex solver, less twice the value of (π, π)."""
    n, tau = 5, (0.05, 0.3, 1.0, 10.0)[seed]
    rng = np.random.default_rng(seed)
    P, policy, mu = random_preferences(n, seed), rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n))
    x = cp.Variable(n, nonneg=True)
    objective = (P - 0.5) @ policy @ x - tau * cp.sum(cp.rel_entr(x, mu))
    best = cp.Problem(cp.Maximize(objective), [cp.sum(x) == 1]).solve(solver=cp.CLARABEL)
    divergence = sum(p * math.log(p / m) for p, m in zip(policy, mu, strict=True))
    judged = exploitability(PreferenceGame(P), policy, reference=mu, tau=tau)
    assert judged == pytest.approx(2 * (best + tau * divergence), abs=1e-6)


def test_the_regularised_gap_where_the_policy_has_zeros_and_tau_is_tiny() -> None:
    game = PreferenceGame(COMAL)
    gap = exploitability(game, [1, 0, 0], reference=[1 / 3] * 3, tau=1e-4)
    assert gap == pytest.approx(2 * (0.4 + 1e-4 * math.log(1 / 3) + 1e-4 * math.log(3)), abs=1e-12)


def test_exact_entries_stay_exact() -> None:
    for P in (
        EXACT,
        [[Fraction(x) for x in row] for row in EXACT],
        np.array([[Fraction(x) for x in r] for r in EXACT]),
    ):
        game = PreferenceGame(P)
        assert game.rationals is not None
        assert game.rationals[0] == (0, Fraction(-2, 5), Fraction(3, 10))
        assert exact_exploitability(game, [Fraction(4, 11), Fraction(3, 11), Fraction(4, 11)]) == 0
    mixed = PreferenceGame([[Decimal("0.5"), Decimal("0.1")], [Decimal("0.9"), "1/2"]])
    assert mixed.rationals == ((0, Fraction(-2, 5)), (Fraction(2, 5), 0))
    assert PreferenceGame([[0.5, Fraction(1, 3)], [Fraction(2, 3), 0.5]]).rationals is None


def test_floats_are_antisymmetrised_and_said_so() -> None:
    P = np.array(COMAL)
    P[0, 1] += 4e-13
    game = PreferenceGame(P)
    assert game.asymmetry == pytest.approx(4e-13, rel=1e-3)
    assert "antisymmetrised" in repr(game)
    assert np.array_equal(game.matrix, -game.matrix.T)
    assert rational_rows(game)[0][1] == Fraction(game.matrix[0, 1])
    assert not PreferenceGame(np.full((2, 2), 0.5)).asymmetry


def test_what_is_no_preference_matrix() -> None:
    with pytest.raises(ValueError, match=r"P\[0, 1\] \+ P\[1, 0\] = 0\.9, off 1 by 0\.1.*symmetrised"):
        PreferenceGame([[0.5, 0.2], [0.7, 0.5]])
    with pytest.raises(ValueError, match=r"P\[0, 1\] \+ P\[1, 0\] = 2/3, off 1 by -1/3.*symmetrised"):
        PreferenceGame([["1/2", "1/3"], ["1/3", "1/2"]])
    with pytest.raises(ValueError, match=r"P\[1, 1\]"):
        PreferenceGame([[0.5, 0.2], [0.8, 0.4]])
    for bad in ([[0.5, math.nan], [0.5, 0.5]], [[0.5, math.inf], [-math.inf, 0.5]]):
        with pytest.raises(ValueError, match=r"entry \[0, 1\]"):
            PreferenceGame(bad)
    for shape in ([], [[]], [[0.5, 0.5]], [0.5], np.zeros((2, 2, 2)), [["1/2", "1/2"]]):
        with pytest.raises(ValueError, match="square"):
            PreferenceGame(shape)
    with pytest.raises(ValueError, match=r"P\[0, 1\] = -0\.5 is no probability"):
        PreferenceGame([[0.5, -0.5], [1.5, 0.5]])
    with pytest.raises(ValueError, match=r"P\[0, 1\] = 3/2 is no probability"):
        PreferenceGame([["1/2", "3/2"], ["-1/2", "1/2"]])
    with pytest.raises(ValueError, match="labels"):
        PreferenceGame(COMAL, labels="ab")
    nothing: Any = None
    for bad in (nothing, "1/2", [[None, 0.5], [0.5, None]], [[0.5j, 0.5], [0.5, 0.5]], [["x", 0.5], [0.5, 0.5]]):
        with pytest.raises((TypeError, ValueError), match=r"preferences|number"):
            PreferenceGame(bad)
    with pytest.raises(TypeError):
        PreferenceGame([[True, False], [True, True]])


def test_symmetrised_averages_both_orders() -> None:
    P = symmetrised([[0.5, 0.2], [0.7, 0.4]])
    assert np.allclose(P, [[0.5, 0.25], [0.75, 0.5]], rtol=0, atol=1e-15)
    assert PreferenceGame(P).asymmetry < 1e-15


def test_other_skew_payoffs() -> None:
    rps = [[0, -1, 3], [1, 0, -3], [-3, 3, 0]]
    exact, floats = skew_game(rps), skew_game(np.array(rps, dtype=float))
    assert exact.rationals is not None and floats.rationals is None
    for game in (exact, floats):
        assert exploitability(game, np.array([3, 3, 1]) / 7) == pytest.approx(0, abs=1e-15)
        assert exploitability(game, [1, 0, 0]) == 2
    assert exact_exploitability(floats, ["3/7", "3/7", "1/7"]) == 0
    with pytest.raises(ValueError, match=r"A\[0, 1\] \+ A\[1, 0\] = 1"):
        skew_game([[0, 2], [-1, 0]])
    with pytest.raises(ValueError, match=r"A\[0, 1\] \+ A\[1, 0\] = 1"):
        skew_game([[0.0, 2.5], [-1.5, 0.0]])


def test_what_is_no_policy() -> None:
    game = PreferenceGame(COMAL)
    for policy in ([0.5, 0.5], [[0.2, 0.3, 0.5]], [0.5, 0.6, 0.0], [1.5, -0.5, 0.0], [math.nan, 0.5, 0.5]):
        with pytest.raises(ValueError, match="policy"):
            exploitability(game, policy)
    uniform = [1 / 3] * 3
    for tau in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="tau"):
            exploitability(game, uniform, reference=uniform, tau=tau)
    with pytest.raises(ValueError, match="together"):
        exploitability(game, uniform, tau=0.1)
    with pytest.raises(ValueError, match="together"):
        exploitability(game, uniform, reference=uniform)
    with pytest.raises(ValueError, match="action 2"):
        exploitability(game, uniform, reference=[0.5, 0.5, 0.0], tau=0.1)
    assert exploitability(game, [0.5, 0.5, 0.0], reference=[0.5, 0.5, 0.0], tau=0.1) >= 0
    with pytest.raises(TypeError, match="exact"):
        exact_exploitability(game, uniform)
    with pytest.raises(ValueError, match="sum to 1"):
        exact_exploitability(game, ["1/2", "1/3", "1/7"])


@pytest.mark.parametrize("link", ["identity", "logistic"])
def test_factored_games_are_the_dense_ones(link: Any) -> None:
    rng = np.random.default_rng(3)
    factors, skew = rng.normal(size=(40, 4)), rng.normal(size=(4, 4))
    payoffs = Factored(factors, skew - skew.T, link)
    X = factors @ (skew - skew.T) @ factors.T
    A = X if link == "identity" else 1 / (1 + np.exp(-X)) - 0.5
    game, dense = game_of(payoffs), game_of(Dense(A))
    policy = rng.dirichlet(np.ones(40))
    policy[:20] = 0
    policy /= policy.sum()
    assert game.advantages(policy) == pytest.approx(dense.advantages(policy), abs=1e-13)
    chosen = np.array([3, 17, 39])
    assert payoffs.columns(chosen) == pytest.approx(A[:, chosen], abs=1e-13)
    assert Dense(A).columns(chosen) == pytest.approx(A[:, chosen], abs=1e-13)
    assert np.array_equal(game.matrix, -game.matrix.T)
    assert game.matrix == pytest.approx(A, abs=1e-13)


def test_work_that_does_not_fit_is_refused_with_its_size() -> None:
    huge = game_of(Factored(np.ones((10**6, 2)), np.zeros((2, 2)), "identity"))
    with pytest.raises(GameTooLarge, match=r"1,000,000 × 1,000,000 .*GiB"):
        _ = huge.matrix
    assert huge.advantages(np.full(10**6, 1e-6)).max() == 0
    require_memory(1000, "little")
    with pytest.raises(GameTooLarge, match="exact game of 1,000,000"):
        rational_rows(huge)
    with pytest.raises(GameTooLarge, match=r"exact game of .* GiB"):
        skew_game([range(10**6)])
    with pytest.raises(GameTooLarge, match="logistic functions"):
        game_of(Factored(np.ones((10**6, 2)), np.zeros((2, 2)), "logistic")).advantages(np.full(10**6, 1e-6))


def test_a_game_is_immutable() -> None:
    game = PreferenceGame(COMAL)
    with pytest.raises(AttributeError):
        game.asymmetry = 1.0
    with pytest.raises(AttributeError):
        del game.payoffs
    with pytest.raises(ValueError):
        game.matrix[0, 1] = 3


def test_skewness_is_measured_by_the_largest_payoff() -> None:
    for wrong in ([[0, 1e-13], [5e-13, 0]], [[1e-13, 1e-13], [1e-13, 1e-13]], [[0.0, 1e5], [-1e5 - 1e-3, 0.0]]):
        with pytest.raises(ValueError, match="not 0"):
            skew_game(wrong)
    assert skew_game([[0.0, 1e5], [-1e5 - 1e-8, 0.0]]).asymmetry == pytest.approx(1e-8, rel=1e-2)


def test_payoffs_whose_sums_overflow_are_refused() -> None:
    for huge in ([[0, 1e308], [-1e308, 0]], [[0, 10**400], [-(10**400), 0]]):
        with pytest.raises(ValueError, match=r"A\[\d, \d\] is beyond 1e\+300"):
            skew_game(huge)
    with pytest.raises(ValueError, match="some 398,631 digits"):
        PreferenceGame([["1/2", "1e400000"], ["0", "1/2"]])
    assert exploitability(skew_game([[0, 10**299], [-(10**299), 0]]), [0, 1]) == pytest.approx(2e299)


def test_the_judge_never_answers_nan() -> None:
    game, uniform = PreferenceGame(COMAL), [1 / 3] * 3
    for tau in (1e-320, 1e308):
        with pytest.raises(ValueError, match="tau"):
            exploitability(game, [1, 0, 0], reference=[1e-300, 0.5, 0.5], tau=tau)
    for tau in (1e-300, 1e300):
        assert 0 <= exploitability(game, uniform, reference=[0.2, 0.3, 0.5], tau=tau) < math.inf


def test_the_regularised_gap_keeps_its_digits_where_tau_is_large() -> None:
    """2τ KL(π‖q) with q ∝ μ exp(Aπ/τ): to first order in 1/τ, with π = μ, ``Var_μ(Aπ) / τ``."""
    mu = np.array([0.2, 0.3, 0.5])
    gains = (np.array(COMAL) - 0.5) @ mu
    variance = mu @ gains**2 - (mu @ gains) ** 2
    for tau in (1e4, 1e7):
        gap = exploitability(PreferenceGame(COMAL), mu, reference=mu, tau=tau)
        assert gap == pytest.approx(variance / tau, rel=1e-3)


def test_copies_of_a_game() -> None:
    for game in (
        PreferenceGame(COMAL, labels="abc"),
        PreferenceGame(EXACT),
        game_of(Factored(np.ones((4, 2)), np.zeros((2, 2)), "identity")),
    ):
        again = copy.deepcopy(game)
        assert np.array_equal(again.matrix, game.matrix)
        assert (again.rationals, again.labels) == (game.rationals, game.labels)
        stored = again.payoffs.matrix if isinstance(again.payoffs, Dense) else again.payoffs.factors
        with pytest.raises(ValueError, match="read-only"):
            stored[0] = 3


def test_a_matrix_is_no_game() -> None:
    P = np.array(COMAL)
    uniform = [1 / 3] * 3
    for call in (
        lambda: exploitability(P, uniform),
        lambda: exact_exploitability(P, [1, 0, 0]),
        lambda: solvers.regularised_equilibrium(P, None, 0.1),
        lambda: solvers.games.nash_md(P, None, 0.1, 10),
        lambda: solvers.games.fictitious_play(P),
        lambda: solvers.von_neumann_winner(P),
        lambda: solvers.exact_von_neumann_winner(P),
        lambda: solvers.games.maximum_entropy_winner(P),
    ):
        with pytest.raises(TypeError, match=r"pass PreferenceGame\(P\)"):
            call()
    with pytest.raises(TypeError, match=r"pass its \.policy"):
        exploitability(PreferenceGame(P), solvers.von_neumann_winner(PreferenceGame(P)))


class Frame:
    """What a data frame shows of itself."""

    def __init__(self, rows: list[object], columns: list[object], values: object) -> None:
        self.index, self.columns, self.values = rows, columns, values

    def to_numpy(self) -> np.ndarray:
        return np.asarray(self.values)


def test_data_frames_are_read_with_their_names() -> None:
    assert PreferenceGame(Frame(list("abc"), list("abc"), COMAL)).labels == ("a", "b", "c")
    assert PreferenceGame(Frame([0, 1, 2], list("abc"), COMAL), labels="xyz").labels == ("x", "y", "z")
    with pytest.raises(ValueError, match="same order"):
        PreferenceGame(Frame(list("abc"), list("cab"), COMAL))
    with pytest.raises(ValueError, match="same order"):
        skew_game(Frame(list("ab"), list("ba"), [[0, 1], [-1, 0]]))


def test_symmetrised_fractions_stay_fractions() -> None:
    P = symmetrised([["1/2", "1/3"], ["1/2", "1/2"]])
    assert np.array_equal(P, [[Fraction(1, 2), Fraction(5, 12)], [Fraction(7, 12), Fraction(1, 2)]])
    assert PreferenceGame(P).rationals is not None


def test_callbacks_cannot_change_a_run() -> None:
    def meddle(seen: Any) -> None:
        seen.last[:] = 0

    with pytest.raises(ValueError, match="read-only"):
        solvers.games.nash_md(PreferenceGame(COMAL), None, 0.1, 10, callback=meddle)
    with pytest.raises(TypeError, match="callback"):
        solvers.games.nash_md(PreferenceGame(COMAL), None, 0.1, 10, callback=3)


def test_public_names() -> None:
    assert solvers.PreferenceGame is PreferenceGame
    assert solvers.exploitability is exploitability
    assert solvers.games.PreferenceGame is PreferenceGame
    assert set(dir(solvers.games)) == set(solvers.games.__all__)
    for name in solvers.games.__all__:
        assert callable(getattr(solvers.games, name))
    with pytest.raises(AttributeError):
        _ = solvers.games.nothing
