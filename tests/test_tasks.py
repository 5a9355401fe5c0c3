"""The three task types on tabular models: against z3 on all policies, closed forms, and examples of the paper."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from prefcore import kernel
from prefcore.verdicts import Proved, Refuted
from solvers.rewards.markov.markov_models import (
    MarkovModel,
    deterministic_policies,
    expected_visits,
    occupancy,
    reward_keys,
    start_value,
    state_visits,
)
from solvers.rewards.markov.tasks import TaskAnswer, acceptable_policies, fringe, policy_order, trajectory_order

F = Fraction
HALF = F(1, 2)


def random_model(seed: int, states: int, actions: int, discount: Any = "9/10", branching: int = 0) -> MarkovModel:
    """A model with random rational transitions to `branching` states (0: all of them), which starts in state 0."""
    generator = np.random.default_rng(seed)

    def row(_state: int, _action: int) -> dict[int, Fraction]:
        count = branching or states
        weights = generator.integers(1, 10, count)
        total = int(weights.sum())
        chosen = generator.permutation(states)[:count]
        return {int(s): F(int(w), total) for s, w in zip(chosen, weights, strict=True)}

    return MarkovModel(tuple(range(states)), tuple(range(actions)), row, 0, discount)


TWO = MarkovModel((0, 1), ("a", "b"), lambda s, a: {0: HALF, 1: HALF}, 0, HALF)  # where actions change nothing
LINE = MarkovModel((0, 1), ("a", "b"), lambda s, a: {1: 1} if (s, a) == (0, "b") else {s: 1}, 0, HALF)


# -- models ---------------------------------------------------------------------------------------------------------


def floating_visits(model: MarkovModel, policy: tuple[Any, ...]) -> NDArray[np.float64]:
    """Σ_t γ^t Pr(s_t = s), by summing the first thousand steps."""
    matrix = np.array(
        [[float(model.rows[s, a][t]) for t in model.states] for s, a in zip(model.states, policy, strict=True)]
    )
    at, total = np.array([float(model.start[s]) for s in model.states]), np.zeros(len(model.states))
    for t in range(1000):
        total += float(model.discount) ** t * at
        at = at @ matrix
    return total


@pytest.mark.parametrize("seed", range(5))
def test_occupancies_are_sums_over_time(seed: int) -> None:
    model = random_model(seed, 3, 2)
    for policy in deterministic_policies(model):
        exact = state_visits(model, policy)
        assert np.allclose([float(x) for x in exact], floating_visits(model, policy), atol=1e-12)
        assert sum(exact) == 1 / (1 - model.discount)


def test_a_randomised_policy_obeys_the_flow_equations() -> None:
    model = random_model(7, 3, 2)
    policy = {0: {0: F(1, 3), 1: F(2, 3)}, 1: 1, 2: {0: 1}}
    x = occupancy(model, policy)
    for s in model.states:
        inflow = sum(x[r, a] * model.rows[r, a][s] for r, a in x)
        assert sum(x[s, a] for a in model.actions) == model.start[s] + model.discount * inflow
    assert x[0, 1] == 2 * x[0, 0] and x[1, 0] == 0


def test_the_three_shapes_value_alike() -> None:
    model = random_model(3, 3, 2)
    by_state = {s: F(s, 7) for s in model.states}
    pairs = {(s, a): by_state[s] for s, a in model.rows}
    triples = {key: by_state[key[0]] for key in reward_keys(model, "transition")}
    for policy in deterministic_policies(model):
        value = start_value(model, policy, by_state, "state")
        assert value == start_value(model, policy, pairs) == start_value(model, policy, triples, "transition")
        assert value == sum(x * by_state[s] for (s, _), x in occupancy(model, policy).items())


@pytest.mark.parametrize("seed", range(4))
def test_potential_shaping_leaves_policies_in_order(seed: int) -> None:
    """Ng, Harada, Russell 1999: γφ(s') - φ(s) changes the value of every policy by -φ(s_0)."""
    model, generator = random_model(seed, 3, 2), np.random.default_rng(seed)
    keys = reward_keys(model, "transition")
    reward = {key: F(int(generator.integers(-5, 6))) for key in keys}
    phi = {s: F(int(generator.integers(-5, 6)), 3) for s in model.states}
    shaped = {(s, a, t): reward[s, a, t] + model.discount * phi[t] - phi[s] for s, a, t in keys}
    for policy in deterministic_policies(model):
        change = start_value(model, policy, shaped, "transition") - start_value(model, policy, reward, "transition")
        assert change == -phi[0]


BAD_MODELS: list[tuple[dict[str, Any], str]] = [
    ({"discount": 1}, r"discount must be in \[0, 1\)"),
    ({"discount": -HALF}, r"discount must be in \[0, 1\)"),
    ({"discount": "x"}, "discount must be a number"),
    ({"states": ()}, "states must be at least one"),
    ({"states": (0, 0)}, "states must be at least one distinct"),
    ({"start": 5}, "start must be a state"),
    ({"start": {5: 1}}, "start gives 5"),
    ({"start": {0: HALF}}, "start is not a distribution"),
    ({"transitions": {(0, "a"): {0: 1}}}, "transitions has no row for state 0 and action 'b'"),
    ({"transitions": lambda s, a: {7: 1}}, "gives 7, which is not among the states"),
    ({"transitions": lambda s, a: {0: "1/3"}}, "state 0 by action 'a' is not a distribution"),
    ({"transitions": {(9, "a"): {0: 1}}}, "no .state, action. of the model"),
]


@pytest.mark.parametrize(("change", "message"), BAD_MODELS)
def test_bad_models(change: dict[str, Any], message: str) -> None:
    good = {"states": (0, 1), "actions": ("a", "b"), "transitions": lambda s, a: {s: 1}, "start": 0, "discount": HALF}
    with pytest.raises((ValueError, TypeError), match=message):
        MarkovModel(**{**good, **change})


# -- the oracle: z3 on all policies, with occupancies of its own ------------------------------------------------------


def by_z3(model: MarkovModel, accepted: Iterable[tuple[Any, ...]], kind: str, shape: str = "state-action") -> bool:
    """Whether some reward realises the task, from the Bellman equations of every policy: values are unknowns, too."""
    inside, solver = set(accepted), z3.Solver()
    reward = {key: z3.Real(f"R{i}") for i, key in enumerate(reward_keys(model, shape))}
    number = {x: z3.RealVal(f"{x.numerator}/{x.denominator}") for x in numbers(model)}
    values = {}
    for policy in deterministic_policies(model):
        v = {s: z3.Real(f"V{policy}{s}") for s in model.states}
        for s, a in zip(model.states, policy, strict=True):
            total = []
            for t, p in model.rows[s, a].items():
                r = reward[{"state-action": (s, a), "state": s, "transition": (s, a, t)}[shape]]
                total.append(number[p] * (r + number[model.discount] * v[t]))
            solver.add(v[s] == z3.Sum(total))
        values[policy] = z3.Sum([number[p] * v[s] for s, p in model.start.items()])
    for g in inside:
        solver.add(*(values[g] > values[b] for b in values if b not in inside))
        if kind == "equal":
            solver.add(*(values[g] == values[h] for h in inside))
    return bool(solver.check() == z3.sat)


def numbers(model: MarkovModel) -> set[Fraction]:
    return {model.discount, *(p for row in model.rows.values() for _, p in row.items())} | {
        p for _, p in model.start.items()
    }


def judged(model: MarkovModel, accepted: list[tuple[Any, ...]], kind: str, answer: TaskAnswer) -> bool:
    """Checks what the answer says, by evaluating every policy or the mixtures; whether it says yes."""
    values = {}
    if answer.reward is not None:
        assert isinstance(answer.verdict, Proved)
        for policy in deterministic_policies(model):
            values[policy] = start_value(model, policy, answer.reward, answer.shape)
        inside = [v for policy, v in values.items() if policy in accepted]
        outside = [v for policy, v in values.items() if policy not in accepted]
        assert not outside or min(inside) > max(outside)
        assert kind == "range" or len(set(inside)) == 1
        return True
    assert isinstance(answer.verdict, Refuted) and answer.weights
    assert kernel.check(answer.verdict.claim, answer.verdict.evidence) == answer.verdict
    mixture: dict[Any, Fraction] = {}
    for policy, w in answer.weights.items():
        for key, x in expected_visits(model, policy, answer.shape).items():
            mixture[key] = mixture.get(key, F(0)) + w * x
        assert policy in accepted or w < 0
        assert kind == "equal" or policy not in accepted or w > 0
    assert not any(mixture.values())
    assert sum(w for policy, w in answer.weights.items() if policy not in accepted) == -1
    return False


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_acceptable_policies_against_bellman_equations_in_z3(data: st.DataObject) -> None:
    states, actions = data.draw(st.sampled_from([(2, 2), (2, 3), (3, 2)]))
    model = random_model(
        data.draw(st.integers(0, 999)),
        states,
        actions,
        data.draw(st.sampled_from((F(0), HALF, F(9, 10)))),
        data.draw(st.integers(1, states)),
    )
    policies = list(deterministic_policies(model))
    base = data.draw(st.sampled_from(policies))
    near = st.sampled_from(fringe(model, [base]))  # random sets are seldom expressible, neighbours often
    others = data.draw(st.lists(st.one_of(near, st.sampled_from(policies)), max_size=3, unique=True))
    accepted = list({base, *others})
    kind = data.draw(st.sampled_from(("equal", "range")))
    shape = data.draw(st.sampled_from(("state-action", "state", "transition")))
    limit = data.draw(st.sampled_from((1, 4096)))  # the fringe alone, or every policy in the claim
    answer = acceptable_policies(model, accepted, kind, shape=shape, limit=limit)
    assert judged(model, accepted, kind, answer) == by_z3(model, accepted, kind, shape)
    if isinstance(answer.verdict, Proved) and limit > 1:
        assert answer.complete and answer.constraints == model.policies


@pytest.mark.parametrize("seed", range(6))
def test_equal_tasks_are_products_where_every_state_is_visited(seed: int) -> None:
    """A policy that is optimal at the start is then optimal everywhere, so the optimal ones are a product of sets."""
    generator = np.random.default_rng(seed)
    model = random_model(seed, 3, 2)
    policies = list(deterministic_policies(model))
    for _ in range(8):
        size = int(generator.integers(1, 5))
        accepted = [policies[i] for i in generator.permutation(len(policies))[:size]]
        sets = [{policy[i] for policy in accepted} for i in range(3)]
        rectangle = len(accepted) == np.prod([len(s) for s in sets])
        answer = acceptable_policies(model, accepted)
        assert judged(model, accepted, "equal", answer) == rectangle


# -- examples -------------------------------------------------------------------------------------------------------


def test_a_policy_is_no_better_than_one_that_differs_where_it_never_is() -> None:
    """The first kind of example in the paper: the state where the policies differ is not visited."""
    model = MarkovModel((0, 1), ("a", "b"), lambda s, a: {0: 1} if (s, a) == (0, "b") else {1: 1}, 0, HALF)
    for kind in ("equal", "range"):
        answer = acceptable_policies(model, [("b", "a")], kind)
        assert isinstance(answer.verdict, Refuted)
        assert answer.weights == {("b", "a"): 1, ("b", "b"): -1}
    both = acceptable_policies(model, [("b", "a"), ("b", "b")])
    assert isinstance(both.verdict, Proved) and both.constraints == 4


def test_policies_that_differ_in_two_states_entail_their_crossings() -> None:
    """The second kind of example in the paper: if ab and ba are best, so are aa and bb."""
    for kind in ("equal", "range"):
        answer = acceptable_policies(TWO, [("a", "b"), ("b", "a")], kind)
        assert isinstance(answer.verdict, Refuted)
        halves = {("a", "b"): HALF, ("b", "a"): HALF, ("a", "a"): -HALF, ("b", "b"): -HALF}
        assert answer.weights == halves
        assert "1/2 · (a, b)" in str(answer) and "Not expressible" in str(answer)


def test_no_reward_makes_an_agent_always_go_in_the_same_direction() -> None:
    """A published example, as public lecture notes on the paper name it, in a grid of two by two with walls."""
    moves = {"up": (0, 1), "down": (0, -1), "left": (-1, 0), "right": (1, 0)}
    cells = tuple(product((0, 1), repeat=2))

    def step(cell: tuple[int, int], move: str) -> dict[tuple[int, int], int]:
        x, y = (min(max(c + d, 0), 1) for c, d in zip(cell, moves[move], strict=True))
        return {(x, y): 1}

    for start in ((0, 0), {cell: F(1, 4) for cell in cells}):
        model = MarkovModel(cells, tuple(moves), step, start, F(9, 10))
        for kind in ("equal", "range"):
            answer = acceptable_policies(model, [(move,) * 4 for move in moves], kind)
            assert isinstance(answer.verdict, Refuted)
            visits = {policy: occupancy(model, policy) for policy in answer.weights}
            for pair in product(cells, moves):  # so weighted, every state and action is met equally often
                assert sum(w * visits[policy].get(pair, 0) for policy, w in answer.weights.items()) == 0
            assert all((w > 0) is (len(set(policy)) == 1) for policy, w in answer.weights.items())
        assert isinstance(acceptable_policies(model, [("up",) * 4]).verdict, Refuted if start == (0, 0) else Proved)


def test_a_range_expresses_what_equality_does_not() -> None:
    star = [("a", "a"), ("a", "b"), ("b", "a")]
    assert isinstance(acceptable_policies(TWO, star).verdict, Refuted)
    assert isinstance(acceptable_policies(TWO, star, "range").verdict, Proved)


def test_all_policies_are_acceptable_under_no_reward() -> None:
    answer = acceptable_policies(TWO, list(deterministic_policies(TWO)))
    assert answer.reward is not None and judged(TWO, list(deterministic_policies(TWO)), "equal", answer)


def test_rewards_of_states_express_less() -> None:
    assert isinstance(acceptable_policies(TWO, [("a", "a")]).verdict, Proved)
    refused = acceptable_policies(TWO, [("a", "a")], shape="state")
    assert isinstance(refused.verdict, Refuted) and "every state equally" in str(refused)


def test_the_fringe_is_found() -> None:
    assert set(fringe(TWO, [("a", "a")])) == {("a", "b"), ("b", "a")}
    assert fringe(TWO, list(deterministic_policies(TWO))) == []


# -- orders ---------------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_policy_orders_are_read_off_a_reward_or_refuted_by_mixtures(data: st.DataObject) -> None:
    model = random_model(data.draw(st.integers(0, 99)), 2, 2)
    policies = st.sampled_from(list(deterministic_policies(model)))
    pairs = st.lists(st.tuples(policies, policies), max_size=3)
    strict, weak, equal = data.draw(pairs.filter(bool)), data.draw(pairs), data.draw(pairs)
    answer = policy_order(model, strict, weak, equal)
    solver, reward = z3.Solver(), {key: z3.Real(str(key)) for key in model.rows}
    exactly = {p: occupancy(model, p) for p in deterministic_policies(model)}

    def value(p: tuple[Any, ...]) -> Any:
        return z3.Sum([z3.RealVal(f"{x.numerator}/{x.denominator}") * reward[k] for k, x in exactly[p].items()])

    solver.add(*(value(x) < value(y) for x, y in strict), *(value(x) <= value(y) for x, y in weak))
    solver.add(*(value(x) == value(y) for x, y in equal))
    assert (answer.reward is not None) == (solver.check() == z3.sat)
    if answer.reward is not None:
        worth = {p: start_value(model, p, answer.reward) for p in exactly}
        assert all(worth[x] < worth[y] for x, y in strict) and all(worth[x] <= worth[y] for x, y in weak)
        assert all(worth[x] == worth[y] for x, y in equal)
        return
    total = dict.fromkeys(model.rows, F(0))
    for (x, sign, y), w in answer.weights.items():
        assert sign in "<≤=" and (sign == "=" or w > 0)
        for key in total:
            total[key] += w * (exactly[y][key] - exactly[x][key])
    assert not any(total.values()) and any(sign == "<" for _, sign, _ in answer.weights)


def test_contradictory_orders_are_refuted() -> None:
    answer = policy_order(TWO, strict=[(("a", "a"), ("a", "b")), (("a", "b"), ("a", "a"))])
    assert isinstance(answer.verdict, Refuted) and len(answer.weights) == 2
    itself = policy_order(TWO, strict=[(("a", "a"), ("a", "a"))])
    assert isinstance(itself.verdict, Refuted)
    weakly = policy_order(TWO, weak=[(("a", "a"), ("a", "b")), (("a", "b"), ("a", "a"))])
    assert isinstance(weakly.verdict, Proved) and "all 2 pairs" in str(weakly)


def test_a_trajectory_order_weighs_early_steps_more() -> None:
    late, early = (0, "a", 0, "b"), (0, "b", 1, "a")
    answer = trajectory_order(LINE, strict=[(late, early)])
    assert answer.reward is not None
    gain = answer.reward[0, "b"] + HALF * answer.reward[1, "a"] - answer.reward[0, "a"] - HALF * answer.reward[0, "b"]
    assert gain > 0


def test_trajectory_orders_that_no_reward_expresses() -> None:
    """Whether the actions agree is no sum of rewards of single steps."""
    same, other = [(0, "a", 0, "a"), (0, "b", 0, "b")], [(0, "a", 0, "b"), (0, "b", 0, "a")]
    answer = trajectory_order(TWO, strict=list(product(other, same)))
    assert isinstance(answer.verdict, Refuted) and "Not expressible (trajectory order)" in str(answer)
    net = {}
    for (x, _, y), w in answer.weights.items():
        for trajectory, sign in ((y, w), (x, -w)):
            net[trajectory] = net.get(trajectory, F(0)) + sign
    assert {t for t, w in net.items() if w > 0} == set(same) and {t for t, w in net.items() if w < 0} == set(other)


def test_transitions_tell_trajectories_apart_that_actions_do_not() -> None:
    pair = [((0, "a", 0), (0, "a", 1))]
    assert isinstance(trajectory_order(TWO, strict=pair).verdict, Refuted)
    assert isinstance(trajectory_order(TWO, strict=pair, shape="transition").verdict, Proved)


BAD_TASKS: list[tuple[Any, str]] = [
    (lambda: acceptable_policies(TWO, []), "policies is empty"),
    (lambda: acceptable_policies(TWO, [{0: "a"}]), "no action for state 1"),
    (lambda: acceptable_policies(TWO, [{0: "a", 1: "a", 2: "a"}]), "has an action for 2"),
    (lambda: acceptable_policies(TWO, [("a",)]), "1 actions for 2 states"),
    (lambda: acceptable_policies(TWO, [("a", "z")]), "takes 'z' at state 1"),
    (lambda: acceptable_policies(TWO, [{0: {"a": 1}, 1: "a"}]), "randomises at state 0"),
    (lambda: acceptable_policies(TWO, ["ab"]), "a policy is"),
    (lambda: acceptable_policies(TWO, {0: "a"}), "collection of policies"),
    (lambda: acceptable_policies(TWO, [("a", "a")], "both"), 'kind must be "equal" or "range"'),
    (lambda: acceptable_policies(TWO, [("a", "a")], shape="action"), "shape must be one of"),
    (lambda: policy_order(TWO), "the order is empty"),
    (lambda: policy_order(TWO, strict=[("a", "a", "b")]), "collection of pairs"),
    (lambda: trajectory_order(TWO, strict=[((0, "a"), (0, "a", 1, "b"))]), "one length"),
    (lambda: trajectory_order(TWO, strict=[((1, "a"), (0, "a"))]), "is no start"),
    (lambda: trajectory_order(LINE, strict=[((0, "a", 1, "a"), (0, "b", 1, "a"))]), "never leads from 0 to 1"),
    (lambda: trajectory_order(TWO, strict=[((0, "z"), (0, "a"))]), "is not an action"),
    (lambda: trajectory_order(TWO, strict=[((0, "a"), (0, "b"))], shape="transition"), "needs the last state"),
]


@pytest.mark.parametrize(("call", "message"), BAD_TASKS)
def test_bad_tasks(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()
