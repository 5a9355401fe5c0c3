"""Rewards of a shape from utilities of trajectories: against ranks in sympy, z3, and rewards known to exist."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

import prefcore as pc
from prefcore import kernel
from prefcore.comparisons import Comparisons
from prefcore.processes import ProcessTooLarge, trajectory_distribution
from prefcore.strategies import lotteries, payoffs, policies, processes
from prefcore.systems import LinearSystem, Motzkin, Point
from prefcore.verdicts import Proved, Refuted
from solvers.rewards.linear import solve_system
from solvers.rewards.markov import shapes
from solvers.rewards.markov.shapes import SHAPES, RewardAnswer, RewardTooLarge, recover_reward, solve_equations

F = Fraction
History = tuple[Any, ...]


def uniform(observations: int, actions: int, horizon: int) -> pc.DirectPreferenceProcess:
    """A process in which every sequence of observations and actions can happen."""
    row = {o: F(1, observations) for o in range(observations)}
    return pc.DirectPreferenceProcess(
        observations=tuple(range(observations)),
        actions=tuple(range(actions)),
        horizon=horizon,
        initial=row,
        environment=lambda history, action: row,
        preference=pc.indifference(),
    )


def trajectories_of(process: pc.DirectPreferenceProcess) -> list[History]:
    """All attainable trajectories: the support of the policy that takes every available action."""

    def anything(history: History) -> dict[Any, Fraction]:
        allowed = process.actions if process.available is None else tuple(process.available(history))
        return {a: F(1, len(allowed)) for a in allowed}

    return list(trajectory_distribution(process, anything))


def paid(shape: str, reward: Any, trajectory: History, discount: Fraction) -> Fraction:
    """``Σ_t δ^t r_t``, step by step, from the definition."""
    total, horizon = F(0), len(trajectory) // 2
    for t in range(horizon):
        o, a, following = trajectory[2 * t], trajectory[2 * t + 1], trajectory[2 * t + 2]
        if shape in ("terminal", "history"):
            key = following if shape == "terminal" else trajectory
            pays = reward[key] if t == horizon - 1 else F(0)
        elif shape == "potential":
            pays = discount * reward.get(following, F(0)) - reward.get(o, F(0))
        else:
            keys = {"additive": (t, o, a, following), "markov": (o, a, following), "state-action": (o, a)}
            pays = reward[keys.get(shape, following)]
        total += discount**t * pays
    return total


def judged(answer: RewardAnswer, utility: dict[History, Any], discount: Fraction) -> bool:
    """Checks the reward on every trajectory, or that the weights cancel every reward of the shape; is it yes?"""
    verdict = answer.verdict
    assert isinstance(verdict, (Proved, Refuted)) and kernel.check(verdict.claim, verdict.evidence) == verdict
    if answer.reward is not None:
        assert isinstance(verdict, Proved)
        for trajectory, u in utility.items():
            assert paid(answer.shape, answer.reward, trajectory, discount) == u + answer.constant
        assert answer.shape == "potential" or answer.constant == 0
        return True
    assert isinstance(verdict, Refuted) and answer.gap is not None and answer.gap > 0
    assert answer.gap == sum(w * utility[t] for t, w in answer.weights.items())
    keys = {key for t in answer.weights for key in shapes.returns(answer.shape, t, [F(1)] * 9)}
    for key in keys | ({0} if answer.shape == "potential" else set()):  # each reward that is 1 at one key
        reward = {k: F(0) for k in keys} | {key: F(1)}
        assert sum(w * paid(answer.shape, reward, t, discount) for t, w in answer.weights.items()) == 0
    assert answer.shape != "potential" or sum(answer.weights.values()) == 0
    return False


def possible(shape: str, utility: dict[History, Any], discount: Fraction) -> bool:
    """Whether the utilities are in the span of the shape's rewards (and constants), by ranks in sympy."""
    horizon = len(next(iter(utility))) // 2
    powers = [discount**t for t in range(horizon + 1)]
    met = [shapes.returns(shape, t, powers) for t in utility]
    keys = list({key: None for terms in met for key in terms})
    rows = [[terms.get(key, F(0)) for key in keys] + [F(shape == "potential")] for terms in met]
    matrix = sympy.Matrix([[sympy.Rational(x.numerator, x.denominator) for x in row] for row in rows])
    column = sympy.Matrix([sympy.Rational(F(u).numerator, F(u).denominator) for u in utility.values()])
    return bool(matrix.rank() == matrix.row_join(column).rank())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_rewards_of_random_processes_against_ranks(data: st.DataObject) -> None:
    process = data.draw(processes(pc.indifference(), observations=("low", "full")))
    trajectories = trajectories_of(process)
    utility = data.draw(payoffs(trajectories, bound=1))
    shape = data.draw(st.sampled_from(SHAPES))
    discount = data.draw(st.sampled_from((F(1), F(1, 2), F(9, 10))))
    answer = recover_reward(process, utility, shape, discount=discount)
    assert judged(answer, utility, discount) == possible(shape, utility, discount)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_returns_of_a_reward_are_recovered(data: st.DataObject) -> None:
    process = data.draw(processes(pc.indifference(), observations=("low", "full")))
    trajectories = trajectories_of(process)
    shape = data.draw(st.sampled_from(SHAPES))
    discount = data.draw(st.sampled_from((F(1), F(2, 3))))
    powers = [discount**t for t in range(process.horizon + 1)]
    keys = list({key: None for t in trajectories for key in shapes.returns(shape, t, powers)} or {"low": None})
    reward = {key: F(v) for key, v in data.draw(payoffs(keys, max_denominator=3)).items()}
    shift = data.draw(st.sampled_from((F(0), F(-5, 7))))
    utility = {t: paid(shape, reward, t, discount) + shift for t in trajectories}
    assert judged(recover_reward(process, utility, shape, discount=discount), utility, discount)


def test_whether_two_actions_differ_is_no_markov_utility() -> None:
    process = uniform(1, 2, 2)
    utility = {t: int(t[1] != t[3]) for t in trajectories_of(process)}
    for shape in SHAPES:
        answer = recover_reward(process, utility, shape)
        assert judged(answer, utility, F(1)) == (shape == "history")
    additive = recover_reward(process, utility.__getitem__, "additive")
    assert sorted(additive.weights.values()) == [-1, -1, 1, 1] and additive.gap == 2
    assert "no additive reward r_t(o, a, o')" in str(additive) and "sum to 2" in str(additive)
    markov = recover_reward(process, utility, "markov")  # by symmetry, one of the two that differ counts twice
    assert sorted(markov.weights.values()) == [-1, -1, 2] and len(str(markov).splitlines()) == 4


def test_time_is_what_additive_rewards_know_and_markov_rewards_do_not() -> None:
    process = uniform(1, 2, 2)
    utility = {t: t[1] - t[3] for t in trajectories_of(process)}
    assert judged(recover_reward(process, utility, "additive"), utility, F(1))
    assert not judged(recover_reward(process, utility, "markov"), utility, F(1))
    discounted = {t: 2 * t[1] + t[3] for t in utility}
    assert judged(recover_reward(process, discounted, "markov", discount=F(1, 2)), discounted, F(1, 2))
    assert not judged(recover_reward(process, discounted, "markov"), discounted, F(1))


def test_potentials_telescope() -> None:
    process = uniform(2, 1, 3)
    utility = {t: F(t[-1] - t[0], 3) + 4 for t in trajectories_of(process)}
    answer = recover_reward(process, utility, "potential")
    assert judged(answer, utility, F(1)) and answer.constant == -4
    assert "with the constant -4" in str(answer)
    assert not judged(recover_reward(process, utility, "potential", discount="1/2"), utility, F(1, 2))


@pytest.mark.parametrize("shape", SHAPES)
def test_shaping_by_a_potential_keeps_the_order_of_policies(shape: str) -> None:
    """Ng, Harada, Russell 1999, without a last payment: φ is zero wherever the trajectories end."""
    process = uniform(3, 2, 2)
    phi = {0: F(0), 1: F(5), 2: F(-2)}
    inner = {t: t[1] + 2 * t[3] * t[4] for t in trajectories_of(process)}
    shaped = {t: u + paid("potential", phi, t, F(1)) - phi[t[-1]] for t, u in inner.items()}
    assert all(shaped[t] == inner[t] - phi[t[0]] for t in inner)
    first, second = (trajectory_distribution(process, lambda h, k=k: h[-1] % (k + 1)) for k in range(2))
    change = [d.expect(shaped) - d.expect(inner) for d in (first, second)]
    assert change[0] == change[1] == -sum(phi.values()) / 3
    answers = [recover_reward(process, u, shape).verdict for u in (inner, shaped)]
    if shape in ("history", "additive"):  # these absorb any potential
        assert all(isinstance(answer, Proved) for answer in answers)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_equations_against_the_linear_program(data: st.DataObject) -> None:
    variables, count = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 6))
    number = st.builds(F, st.integers(-2, 2), st.integers(1, 3))
    rows = []
    for _ in range(count):
        coefficients = data.draw(st.lists(number, min_size=variables, max_size=variables))
        rows.append((tuple((i, c) for i, c in enumerate(coefficients) if c), data.draw(number)))
    system = LinearSystem(variables, equal=tuple(rows))
    evidence = solve_equations(system)
    assert isinstance(evidence, (Point, Motzkin))
    other = solve_system(system)
    assert type(kernel.check(pc.claims.Solvable(system), evidence)) is type(other)


@pytest.mark.parametrize("prime", [2, 3, 5])
def test_an_unlucky_prime_is_noticed(prime: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are dependent modulo a prime only: the next prime settles them."""
    monkeypatch.setattr(shapes, "PRIMES", (prime, 2**61 - 1))
    row = ((0, F(1)), (1, F(1))), F(1)
    system = LinearSystem(2, equal=(row, (((0, F(1)), (1, F(1 + prime))), F(2)), (((1, F(prime)),), F(1))))
    evidence = solve_equations(system)
    assert isinstance(evidence, Point) and evidence.values == (1 - F(1, prime), F(1, prime))
    again = LinearSystem(2, equal=(*system.equal, (((0, F(prime)),), F(7))))
    assert isinstance(solve_equations(again), Motzkin)


def test_many_trajectories_against_many_unknowns() -> None:
    """8,192 trajectories, and all but one of them those of a Markov reward."""
    process = uniform(2, 2, 6)
    generator = np.random.default_rng(0)
    reward = {(o, a, p): F(int(generator.integers(-9, 10)), 2) for o in (0, 1) for a in (0, 1) for p in (0, 1)}
    utility = {t: paid("markov", reward, t, F(1)) for t in trajectories_of(process)}
    assert len(utility) == 8192
    assert judged(recover_reward(process, utility, "markov"), utility, F(1))
    utility[max(utility)] += F(1, 1000)
    assert not judged(recover_reward(process, utility, "markov"), utility, F(1))


# -- comparisons ----------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_comparisons_against_z3(data: st.DataObject) -> None:
    process = data.draw(processes(pc.indifference(), observations=("low", "full")))
    lottery = lotteries(trajectories_of(process), 3)
    pairs = st.lists(st.tuples(lottery, lottery), max_size=4)
    strict, weak = data.draw(st.tuples(pairs, pairs).filter(any))
    shape = data.draw(st.sampled_from(SHAPES))
    discount = data.draw(st.sampled_from((F(1), F(1, 2))))
    answer = recover_reward(process, Comparisons(strict, weak), shape, discount=discount)
    powers = [discount**t for t in range(process.horizon + 1)]
    solver, unknown = z3.Solver(), {}

    def expected(lottery: pc.Distribution) -> Any:
        total: Any = z3.RealVal(0)
        for trajectory, p in lottery.items():
            for key, c in shapes.returns(shape, trajectory, powers).items():
                r = unknown.setdefault(key, z3.Real(repr(key)))
                total += z3.RealVal(f"{(p * c).numerator}/{(p * c).denominator}") * r
        return total

    solver.add(*(expected(A) < expected(B) for A, B in strict), *(expected(A) <= expected(B) for A, B in weak))
    assert isinstance(answer.verdict, Proved) == (solver.check() == z3.sat)
    if answer.reward is None:
        assert all(w > 0 for w in answer.weights.values()) and any(s == "<" for _, s, _ in answer.weights)
        assert "no " in str(answer)
        return
    reward = answer.reward

    def value(d: pc.Distribution) -> Fraction:
        return sum((p * paid(shape, reward, t, discount) for t, p in d.items()), F(0))

    assert all(value(A) < value(B) for A, B in strict) and all(value(A) <= value(B) for A, B in weak)


def test_comparisons_of_policies() -> None:
    """Staying is better than leaving whatever comes before, which a reward of the observation tells."""
    process = uniform(2, 2, 2)
    point = pc.Distribution.point
    data = Comparisons(strict=[(point((0, 0, 0, 0, 1)), point((0, 1, 1, 0, 1)))])
    assert isinstance(recover_reward(process, data, "state").verdict, Proved)
    assert isinstance(recover_reward(process, data, "terminal").verdict, Refuted)


# -- bad input ------------------------------------------------------------------------------------------------------

SMALL = uniform(1, 2, 2)
STRAY = pc.Distribution.point((0, 0, 7, 0, 0))
BAD: list[tuple[Any, str]] = [
    (lambda: recover_reward(SMALL, lambda t: 0, "markovian"), "shape must be one of"),
    (lambda: recover_reward(SMALL, lambda t: 0, "markov", discount=0), r"discount must be in \(0, 1\]"),
    (lambda: recover_reward(SMALL, lambda t: 0, "markov", discount=2), r"discount must be in \(0, 1\]"),
    (lambda: recover_reward(SMALL, {}, "markov"), "no value for outcome"),
    (lambda: recover_reward(SMALL, lambda t: "much", "markov"), "must be a number"),
    (lambda: recover_reward(SMALL, lambda t: float("nan"), "markov"), "finite"),
    (lambda: recover_reward("p", lambda t: 0, "markov"), "process must be"),
    (lambda: recover_reward(SMALL, Comparisons([(STRAY, STRAY)]), "markov"), "unattainable"),
    (lambda: recover_reward(SMALL, Comparisons([(pc.Distribution.point(0),) * 2]), "markov"), "over trajectories"),
    (lambda: recover_reward(uniform(3, 3, 9), lambda t: 0, "markov"), "more than the limit"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_what_is_too_large_is_refused_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProcessTooLarge, match=r"10\^"):
        recover_reward(uniform(3, 3, 9), lambda t: 0, "markov")
    monkeypatch.setattr(shapes, "UNKNOWNS", 5)
    with pytest.raises(RewardTooLarge, match="24 unknowns, more than 5"):
        recover_reward(uniform(2, 2, 3), lambda t: hash(t[1:3]) % 7, "additive")


def test_a_policy_of_the_strategies_compares() -> None:
    """Expected returns under policies, drawn with their process, are what the recovered reward says."""

    @settings(max_examples=20, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        process = data.draw(processes(pc.indifference(), observations=("low", "full")))
        utility = data.draw(payoffs(trajectories_of(process)))
        answer = recover_reward(process, utility, "history", discount=F(1, 2))
        d = trajectory_distribution(process, data.draw(policies(process)))
        assert answer.reward is not None
        assert d.expect(utility) == d.expect(lambda t: paid("history", answer.reward, t, F(1, 2)))

    check()
