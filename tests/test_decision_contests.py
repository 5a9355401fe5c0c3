"""Markov decision contests against matrix games of all policies, simulated histories, and decision processes."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from solvers.games.contests.contest_dynamics import (
    ContestSeen,
    contest_double_oracle,
    contest_fictitious_play,
    contest_hedge,
    hedge_step,
)
from solvers.games.contests.decision_contest import (
    DecisionContest,
    best_reply_to,
    contest_gap,
    contest_occupancy,
    contest_of,
    policy_of_occupancy,
)
from solvers.games.contests.exact_contest import exact_contest
from solvers.games.contests.history_gain import history_dependent_gain
from solvers.games.contests.solve_contest import solve_contest
from solvers.games.game import PreferenceGame, exact_exploitability, exploitability, skew_game
from solvers.games.payoffs import Factored, GameTooLarge
from solvers.rewards.markov.markov_models import MarkovModel, occupancy

SHAPES = [(1, 3, 0.0), (2, 2, 0.5), (3, 2, 0.9), (2, 3, 0.99), (4, 2, 0.7)]


def random_contest(seed: int, states: int, actions: int, discount: float) -> DecisionContest:
    generator = np.random.default_rng(seed)
    P = generator.dirichlet(np.full(states, 0.5), (states, actions))
    B = generator.uniform(-0.25, 0.25, size=(states * actions, states * actions))
    return DecisionContest(P, generator.dirichlet(np.ones(states)), discount, skew_game(B - B.T))


def random_policy(generator: np.random.Generator, contest: DecisionContest) -> np.ndarray:
    return generator.dirichlet(np.ones(contest.actions), contest.states)


def by_series(contest: DecisionContest, policy: np.ndarray) -> np.ndarray:
    """The occupancy by summing its series: no linear system."""
    state, total, weight = contest.initial, np.zeros_like(policy), 1 - contest.discount
    while weight > 1e-17:
        total += weight * state[:, None] * policy
        state = np.einsum("s,sa,sat->t", state, policy, contest.transitions)
        weight *= contest.discount
    return total


def all_policies(contest: DecisionContest) -> list[np.ndarray]:
    return [np.eye(contest.actions)[list(c)] for c in product(range(contest.actions), repeat=contest.states)]


def by_listing(contest: DecisionContest, policy: np.ndarray) -> float:
    """The gap by listing all deterministic policies, their occupancies by series: nothing of the judge's."""
    d = np.array([by_series(contest, pi).reshape(-1) for pi in all_policies(contest)])
    return 2 * float((d @ contest.comparison.matrix @ by_series(contest, policy).reshape(-1)).max())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_matrix_game_of_all_deterministic_policies_agrees(shape: tuple[int, int, float]) -> None:
    contest = random_contest(1, *shape)
    d = np.array([by_series(contest, pi).reshape(-1) for pi in all_policies(contest)])
    table = d @ contest.comparison.matrix @ d.T
    # the mixture that no policy beats, by scipy, and its occupancy: no gap, by the contest's judge
    N = len(d)
    found = linprog(
        np.append(np.zeros(N), -1),
        A_ub=np.column_stack([-table.T, np.ones(N)]),
        b_ub=np.zeros(N),
        A_eq=[np.append(np.ones(N), 0)],
        b_eq=[1],
        bounds=[(0, None)] * N + [(None, None)],
    )
    assert found.fun == pytest.approx(0, abs=1e-9)
    assert contest_gap(contest, policy_of_occupancy(contest, found.x[:N] @ d)) == pytest.approx(0, abs=1e-8)
    # the contest's solution is not beaten by any row of the table
    solution = solve_contest(contest)
    assert solution.converged
    mine = by_series(contest, solution.policy).reshape(-1)
    assert (d @ contest.comparison.matrix @ mine).max() <= 1e-9
    # of any policy, the gap is that of the table
    pi = random_policy(np.random.default_rng(2), contest)
    best = (d @ contest.comparison.matrix @ by_series(contest, pi).reshape(-1)).max()
    assert contest_gap(contest, pi) == pytest.approx(2 * best, abs=1e-11)


@pytest.mark.parametrize("shape", SHAPES)
def test_occupancies(shape: tuple[int, int, float]) -> None:
    contest = random_contest(3, *shape)
    pi = random_policy(np.random.default_rng(4), contest)
    d = contest_occupancy(contest, pi)
    assert d == pytest.approx(by_series(contest, pi), abs=1e-12)
    inflow = (1 - contest.discount) * contest.initial + contest.discount * np.einsum(
        "sa,sat->t", d, contest.transitions
    )
    assert d.sum(axis=1) == pytest.approx(inflow, abs=1e-13) and d.sum() == pytest.approx(1, abs=1e-14)
    assert policy_of_occupancy(contest, d) == pytest.approx(pi, abs=1e-10)


def test_occupancies_agree_with_the_exact_ones() -> None:
    model = MarkovModel(
        ("a", "b"),
        ("x", "y"),
        lambda s, u: {"a": Fraction(1, 3), "b": Fraction(2, 3)} if u == "x" else {s: 1},
        {"a": Fraction(1, 4), "b": Fraction(3, 4)},
        Fraction(4, 5),
    )
    contest = contest_of(model, skew_game(np.zeros((4, 4))))
    policy = {"a": {"x": Fraction(1, 2), "y": Fraction(1, 2)}, "b": {"x": Fraction(1, 5), "y": Fraction(4, 5)}}
    exact = occupancy(model, policy)
    d = contest_occupancy(contest, [[0.5, 0.5], [0.2, 0.8]])
    assert d.reshape(-1) == pytest.approx([float(x) / 5 for x in exact.values()], abs=1e-14)


@pytest.mark.parametrize("discount", [0.0, 0.9])
def test_a_contest_of_one_state_is_a_matrix_game(discount: float) -> None:
    A = [[0, -1, 3], [1, 0, -3], [-3, 3, 0]]
    contest = DecisionContest(np.ones((1, 3, 1)), [1], discount, skew_game(A))
    assert solve_contest(contest).policy[0] == pytest.approx(np.array([3, 3, 1]) / 7)
    pi = np.array([0.2, 0.5, 0.3])
    assert contest_gap(contest, pi[None]) == pytest.approx(exploitability(skew_game(A), pi), rel=1e-12)


def test_an_additive_comparison_is_a_decision_process() -> None:
    generator = np.random.default_rng(5)
    S, A, gamma = 4, 3, 0.9
    P, r = generator.dirichlet(np.ones(S), (S, A)), generator.uniform(size=S * A)
    factors = np.column_stack([r, np.ones(S * A)])
    dense = DecisionContest(P, np.full(S, 1 / S), gamma, skew_game(r[:, None] - r))
    low = DecisionContest(
        P, np.full(S, 1 / S), gamma, Factored(factors, np.array([[0.0, 1.0], [-1.0, 0.0]]), "identity")
    )
    # value iteration, which has nothing to do with the contest
    V = np.zeros(S)
    for _ in range(2000):
        Q = r.reshape(S, A) + gamma * P @ V
        V = Q.max(axis=1)
    for contest in (dense, low):
        solution = solve_contest(contest)
        assert solution.converged
        assert (solution.policy.argmax(axis=1) == Q.argmax(axis=1)).all() and (
            solution.policy.max(axis=1) > 1 - 1e-9
        ).all()
    uniform = np.full((S, A), 1 / A)
    regret = (1 - gamma) * V.mean() - contest_occupancy(dense, uniform).reshape(-1) @ r
    assert contest_gap(dense, uniform) == pytest.approx(2 * regret, rel=1e-10)


def test_the_low_rank_program_solves_the_dense_ones_contest() -> None:
    generator = np.random.default_rng(6)
    S, A = 6, 3
    U, K = generator.normal(size=(S * A, 3)), generator.normal(size=(3, 3))
    P = generator.dirichlet(np.ones(S), (S, A))
    low = DecisionContest(P, np.eye(S)[0], 0.9, Factored(U, K - K.T, "identity"))
    dense = DecisionContest(P, np.eye(S)[0], 0.9, skew_game(low.comparison.matrix))
    for solution in (solve_contest(low), solve_contest(dense)):
        assert solution.converged
        assert contest_gap(dense, solution.policy) < 1e-9
    logistic = DecisionContest(P, np.eye(S)[0], 0.9, Factored(U, K - K.T, "logistic"))
    assert solve_contest(logistic).converged


@pytest.mark.parametrize("unit", [1e-9, 1e6])
def test_the_unit_of_the_comparison_does_not_matter(unit: float) -> None:
    contest = random_contest(2, 4, 3, 0.9)
    scaled = DecisionContest(
        contest.transitions, contest.initial, contest.discount, skew_game(unit * contest.comparison.matrix)
    )
    assert solve_contest(scaled, 1e-9 * unit).converged
    assert contest_gap(contest, solve_contest(scaled).policy) < 1e-9


@pytest.mark.parametrize("discount", [0.999, 0.9999999])
def test_patient_contests(discount: float) -> None:
    contest = random_contest(11, 5, 3, discount)
    for found in (solve_contest(contest), contest_double_oracle(contest)):
        assert found.converged
        inflow = (1 - discount) * contest.initial + discount * np.einsum(
            "sa,sat->t", found.occupancy, contest.transitions
        )
        assert found.occupancy.sum(axis=1) == pytest.approx(inflow, abs=1e-13)


# -- memory ---------------------------------------------------------------------------------------------------------


def by_enumeration(contest: DecisionContest, r: np.ndarray, tail: np.ndarray, horizon: int) -> float:
    """The best deterministic policy of *histories*, by simulating every one of them."""
    S, A = contest.states, contest.actions
    histories = [h for t in range(horizon) for h in product(*([range(S)] + [range(A), range(S)] * t))]
    best = -np.inf
    for choices in product(range(A), repeat=len(histories)):
        policy = dict(zip(histories, choices, strict=True))
        live, total = {(s,): contest.initial[s] for s in range(S)}, 0.0
        for t in range(horizon):
            following: dict[tuple[int, ...], float] = {}
            for h, p in live.items():
                a = policy[h]
                total += (1 - contest.discount) * contest.discount**t * p * r[h[-1], a]
                for s in range(S):
                    following[(*h, a, s)] = p * contest.transitions[h[-1], a, s]
            live = following
        rest = sum(p * tail[h[-1]] for h, p in live.items())
        best = max(best, total + (1 - contest.discount) * contest.discount**horizon * rest)
    return best


@pytest.mark.parametrize("seed", range(3))
def test_the_tree_is_the_best_of_all_policies_of_histories(seed: int) -> None:
    contest = random_contest(seed, 2, 2, 0.6)
    pi = random_policy(np.random.default_rng(seed), contest)
    r = contest.reward(by_series(contest, pi))
    highest = np.full(2, r.max() / (1 - contest.discount))
    found = history_dependent_gain(contest, pi, 2)
    assert found.histories == 10  # 2^10 policies
    assert found.upper == pytest.approx(by_enumeration(contest, r, highest, 2), abs=1e-12)


@pytest.mark.parametrize("shape", [(1, 3, 0.3), (2, 2, 0.5), (3, 2, 0.4)])
def test_no_history_dependent_deviation_gains(shape: tuple[int, int, float]) -> None:
    contest = random_contest(7, *shape)
    solution = solve_contest(contest)
    widths = []
    for horizon in (1, 3, 5):
        found = history_dependent_gain(contest, solution.policy, horizon)
        assert found.lower <= 1e-10 and found.upper >= -1e-12
        widths.append(found.upper)
    assert widths[-1] <= contest.discount**5  # |r| <= 1/2
    # of a policy that can be beaten: memory gains exactly half the gap, no more
    pi = random_policy(np.random.default_rng(8), contest)
    half = contest_gap(contest, pi) / 2
    assert half > 1e-3
    found = history_dependent_gain(contest, pi, 6)
    assert found.lower - 1e-12 <= half <= found.upper + 1e-12
    assert found.upper - found.lower <= contest.discount**6


# -- iterative algorithms -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_hedge_obeys_its_bound(seed: int) -> None:
    contest = random_contest(seed, 3, 3, 0.5)
    for K in (1, 4, 16, 64, 256):
        eta, bound = hedge_step(contest, K)
        found = contest_hedge(contest, K, step=eta, tolerance=1e-14)
        assert by_listing(contest, found.average) <= bound
        assert found.average_gap == pytest.approx(by_listing(contest, found.average), abs=1e-11)


@pytest.mark.parametrize("seed", range(3))
def test_the_iterative_algorithms_approach_the_programs_answer(seed: int) -> None:
    contest = random_contest(seed, 4, 3, 0.8)
    hedge = contest_hedge(contest, 2000, tolerance=1e-9, every=100)
    optimistic = contest_hedge(contest, 2000, optimistic=True, tolerance=1e-9, every=10)
    oracle = contest_double_oracle(contest)
    play = contest_fictitious_play(contest, 1000, tolerance=1e-9, every=100)
    assert optimistic.gap < 1e-3
    assert oracle.converged and oracle.gap <= 1e-9 and oracle.iterations <= 3**4
    assert hedge.average_gap < 5e-3 and play.average_gap < 2e-2
    for found in (hedge, optimistic, play, oracle):
        assert found.gap == pytest.approx(by_listing(contest, found.policy), abs=1e-11)
        assert found.gap <= min(found.last_gap, found.average_gap) + 1e-12
        assert found.history.shape == (found.iterations,)


def test_unfinished_runs_say_so_and_callbacks_see_each_judged_iteration() -> None:
    A = [[0, -1, 3], [1, 0, -3], [-3, 3, 0]]
    contest = DecisionContest(np.ones((1, 3, 1)), [1], 0.0, skew_game(A))
    seen: list[ContestSeen] = []

    def spoil(at: ContestSeen) -> None:
        for policy in (at.last, at.average):
            with pytest.raises(ValueError, match="read-only"):
                policy[0, 0] = 1.0

    contest_hedge(contest, 3, callback=spoil)
    found = contest_hedge(contest, 25, every=10, tolerance=1e-12, callback=seen.append)
    assert not found.converged and "25" in found.reason and "NOT CONVERGED" in repr(found)
    assert [s.iteration for s in seen] == [10, 20, 25]
    assert found.average_history is not None
    assert found.average_history[9] == seen[0].average_gap and np.isnan(found.average_history[8])
    again = contest_hedge(contest, 25, every=10, tolerance=1e-12)
    assert (again.policy == found.policy).all()


def test_a_double_oracle_that_is_not_asked_to_look_stops_where_no_reply_is_new() -> None:
    contest = random_contest(3, 3, 3, 0.9)
    rare = contest_double_oracle(contest, every=1000)
    assert rare.converged and rare.iterations < 1000 and not np.isnan(rare.history[-1])
    strict = contest_double_oracle(contest, tolerance=1e-300)
    assert strict.converged or "no reply is new" in strict.reason


# -- exactly --------------------------------------------------------------------------------------------------------


def cyclic_model() -> tuple[MarkovModel, PreferenceGame]:
    """From the start one goes to one of three places for good, and they beat each other in a circle."""
    places = ("rock", "paper", "scissors")
    model = MarkovModel(
        ("start", *places),
        places,
        lambda s, a: {a if s == "start" else s: 1},
        "start",
        Fraction(9, 10),
    )
    beats = {("paper", "rock"): 1, ("scissors", "paper"): 3, ("rock", "scissors"): 3}

    def prefers(s: str, t: str) -> Fraction:
        return Fraction(beats.get((s, t), 0) - beats.get((t, s), 0), 6)

    pairs = list(model.rows)
    return model, skew_game([[prefers(s, t) for t, _ in pairs] for s, _ in pairs])


def test_an_exact_contest_has_an_exact_answer() -> None:
    model, comparison = cyclic_model()
    answer = exact_contest(model, comparison)
    game = skew_game([[0, -1, 3], [1, 0, -3], [-3, 3, 0]])
    first = tuple(answer.policy["start"][a] for a in model.actions)
    assert first == (Fraction(3, 7), Fraction(3, 7), Fraction(1, 7))
    assert exact_exploitability(game, first) == 0
    # the certificate, checked from scratch
    phi, pairs, gamma = comparison.rationals, list(model.rows), model.discount
    assert phi is not None and sum(answer.occupancy.values()) == 1
    for i, (s, a) in enumerate(pairs):
        reward = sum((phi[i][j] * answer.occupancy[q] for j, q in enumerate(pairs)), Fraction(0))
        onwards = sum((p * answer.values[t] for t, p in model.rows[s, a].items()), Fraction(0))
        assert answer.values[s] >= reward + gamma * onwards
    assert answer.values["start"] == 0
    scaled = {q: x * (1 - gamma) for q, x in occupancy(model, answer.policy).items()}
    assert scaled == dict(answer.occupancy)
    floats = solve_contest(contest_of(model, comparison))
    assert floats.converged and floats.policy[0] == pytest.approx([float(p) for p in first], abs=1e-9)


def test_exact_contests_refuse_what_does_not_fit() -> None:
    model, _ = cyclic_model()
    with pytest.raises(ValueError, match="the model has 12"):
        exact_contest(model, skew_game([[0]]))


# -- bad input ------------------------------------------------------------------------------------------------------


def test_bad_input_is_named() -> None:
    P, half = np.full((2, 2, 2), 0.5), np.full((4, 4), 0.5)
    with pytest.raises(ValueError, match="transitions: has shape"):
        DecisionContest(np.ones((2, 2)), [1, 0], 0.5, half)
    wrong = P.copy()
    wrong[1, 0] = [0.5, 0.6]
    with pytest.raises(ValueError, match="from state 1 by action 0"):
        DecisionContest(wrong, [1, 0], 0.5, half)
    wrong[1, 0] = [np.nan, 0.5]
    with pytest.raises(ValueError, match="from state 1 by action 0"):
        DecisionContest(wrong, [1, 0], 0.5, half)
    for discount in (1.0, -0.1, np.nan):
        with pytest.raises(ValueError, match="discount"):
            DecisionContest(P, [1, 0], discount, half)
    with pytest.raises(ValueError, match="initial"):
        DecisionContest(P, [1, 1], 0.5, half)
    with pytest.raises(ValueError, match="2 states times 2 actions"):
        DecisionContest(P, [1, 0], 0.5, np.full((3, 3), 0.5))
    with pytest.raises(ValueError, match=r"P\[0, 1\]"):
        DecisionContest(P, [1, 0], 0.5, half + 0.1 * np.eye(4)[[1, 0, 2, 3]] + 0.0)
    contest = DecisionContest(P, [1, 0], 0.5, half.reshape(2, 2, 2, 2))
    with pytest.raises(ValueError, match="a row per state"):
        contest_gap(contest, [1, 0])
    with pytest.raises(ValueError, match="state 1"):
        contest_gap(contest, [[1, 0], [1, 1]])
    with pytest.raises(ValueError, match="horizon"):
        history_dependent_gain(contest, [[1, 0], [1, 0]], 0)
    with pytest.raises(GameTooLarge, match="tree of histories of 40 steps"):
        history_dependent_gain(contest, [[1, 0], [1, 0]], 40)
    with pytest.raises(ValueError, match="step"):
        contest_hedge(contest, 10, step=0.0)
    with pytest.raises(ValueError, match="iterations"):
        contest_fictitious_play(contest, 0)
    with pytest.raises(ValueError, match="tolerance"):
        solve_contest(contest, 0.0)


def test_what_is_no_contest_no_model_or_does_not_fit_is_refused() -> None:
    half = np.full((2, 2), 0.5)
    for nothing in (half, None):
        for ask in (
            lambda c: contest_gap(c, half),
            lambda c: contest_occupancy(c, half),
            lambda c: history_dependent_gain(c, half, 1),
            lambda c: hedge_step(c, 10),
            lambda c: contest_hedge(c, 10),
            lambda c: contest_fictitious_play(c, 10),
            contest_double_oracle,
            solve_contest,
        ):
            with pytest.raises(TypeError, match="must be a DecisionContest"):
                ask(nothing)
        for use in (contest_of, exact_contest):
            with pytest.raises(TypeError, match="must be a MarkovModel"):
                use(nothing, skew_game(np.zeros((4, 4))))
    with pytest.raises(TypeError, match="must be a PreferenceGame"):
        exact_contest(cyclic_model()[0], half)
    P = np.full((2, 2, 2), 0.5)
    with pytest.raises(ValueError, match=r"initial: has shape .* one for each state"):
        DecisionContest(P, [1, 0, 0], 0.5, np.full((4, 4), 0.5))
    contest = DecisionContest(P, [1, 0], 0.5, np.full((4, 4), 0.5))
    lonely = DecisionContest(np.ones((1, 1, 1)), [1], 0.5, [[0.5]])
    for one, policy in ((contest, half), (lonely, [[1]])):
        with pytest.raises(GameTooLarge, match="tree of histories"):
            history_dependent_gain(one, policy, 10**9)


def test_the_step_of_hedge_makes_no_matrix_of_factors() -> None:
    S, A = 20, 5000  # 100,000 pairs, whose matrix would take 75 GiB
    factors = np.random.default_rng(0).normal(size=(S * A, 2))
    rotation = np.array([[0.0, 1.0], [-1.0, 0.0]])
    contest = DecisionContest(
        np.full((S, A, S), 1 / S), np.full(S, 1 / S), 0.5, Factored(factors, rotation, "identity")
    )
    step, bound = hedge_step(contest, 100)
    largest = float((np.linalg.norm(factors, axis=1) ** 2).max())  # |u × v| <= |u| |v|
    assert step == pytest.approx(np.sqrt(8 * np.log(A) / 100) / (4 * largest))
    assert bound == pytest.approx(8 * largest * np.sqrt(np.log(A) / 200))


def test_ties_everywhere_and_a_single_action() -> None:
    ties = DecisionContest(np.full((2, 2, 2), 0.5), [1, 0], 0.9, np.full((4, 4), 0.5))
    assert solve_contest(ties).gap == 0 and contest_hedge(ties, 5).gap == 0
    single = DecisionContest(np.full((2, 1, 2), 0.5), [1, 0], 0.9, skew_game([[0, 1], [-1, 0]]))
    assert solve_contest(single).converged and contest_hedge(single, 5, tolerance=1e-12).converged
    assert best_reply_to(single, contest_occupancy(single, [[1], [1]])).value == pytest.approx(0, abs=1e-15)
