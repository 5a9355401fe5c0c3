"""Processes, histories, policies and the distributions they induce."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

import prefcore as pc
from prefcore.processes import policy_table, tabulate
from prefcore.trees import HistoryTree, Tabulation, table_policy

HALF = Fraction(1, 2)


def coin(history, action):
    """Heads comes up more often after more tosses with the left hand."""
    lefts = history[1::2].count("left") + (action == "left")
    return {"heads": Fraction(1 + lefts, 4 + lefts), "tails": Fraction(3, 4 + lefts)}


def process(**changes):
    arguments = {
        "observations": ("heads", "tails"),
        "actions": ("left", "right"),
        "horizon": 2,
        "environment": coin,
        "preference": pc.indifference(),
        "initial": {"heads": HALF, "tails": HALF},
    }
    return pc.DirectPreferenceProcess(**(arguments | changes))


def policy(history):
    return "left" if history[-1] == "heads" else {"left": Fraction(1, 3), "right": Fraction(2, 3)}


def test_trajectory_distribution_is_the_product_of_its_parts():
    p = process()
    D = pc.trajectory_distribution(p, policy)
    for o0, a0, o1, a1, o2 in product(p.observations, p.actions, p.observations, p.actions, p.observations):
        expected = HALF
        for history, action, following in (((o0,), a0, o1), ((o0, a0, o1), a1, o2)):
            choice = policy(history)
            taken = {choice: Fraction(1)} if isinstance(choice, str) else choice
            expected *= taken.get(action, 0) * coin(history, action)[following]
        assert D[(o0, a0, o1, a1, o2)] == expected
    assert sum(p for _, p in D.items()) == 1


def test_conditionals_mix_back_to_the_whole():
    p = process()
    D = pc.trajectory_distribution(p, policy)
    for history in (("heads",), ("tails",), ("tails", "right", "heads")):
        reached = D.prob(lambda h, history=history: h[: len(history)] == history)
        given = pc.trajectory_distribution(p, policy, given=history)
        assert all(given[h] == D[h] / reached for h in given)
    given = pc.trajectory_distribution(p, policy, given=(("tails",), "right"))
    assert all(h[:2] == ("tails", "right") for h in given)
    # A history that the policy itself never reaches is still attainable.
    off = pc.trajectory_distribution(p, policy, given=("heads", "right", "tails"))
    assert sum(q for _, q in off.items()) == 1
    full = pc.trajectory_distribution(p, policy, given=("heads", "right", "tails", "left", "heads"))
    assert full == pc.Distribution.point(("heads", "right", "tails", "left", "heads"))


def test_policy_is_called_only_where_it_comes():
    seen = []

    def careful(history):
        assert history[1::2] == ("left",) * (len(history) // 2), history
        seen.append(history)
        return "left"

    pc.trajectory_distribution(process(), careful)
    p = process()
    policy_table(p, tabulate(p), careful)
    assert seen


def test_initial_from_the_environment():
    def environment(history, action):
        return {"heads": "1/4", "tails": "3/4"} if not history else coin(history, action)

    assert pc.trajectory_distribution(process(initial=None, environment=environment), policy).prob(
        lambda h: h[0] == "heads"
    ) == Fraction(1, 4)


def test_available_actions():
    p = process(available=lambda h: ("left",) if h[-1] == "heads" else ("right", "left"))
    tabulation = tabulate(p)
    assert [len(a) for a in tabulation.actions] == [1 if h[-1] == "heads" else 2 for h in tabulation.histories]
    with pytest.raises(ValueError, match=r"'right' at history \('heads',\)"):
        pc.trajectory_distribution(p, lambda h: "right")
    with pytest.raises(ValueError, match="not available at history"):
        pc.trajectory_distribution(p, policy, given=(("heads",), "right"))
    with pytest.raises(ValueError, match="offers no action at history"):
        tabulate(process(available=lambda h: ()))
    with pytest.raises(ValueError, match="'up', which is not among the actions"):
        tabulate(process(available=lambda h: ("up",)))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"heads": HALF, "tails": Fraction(1, 3)}, r"after history \('heads',\) and action 'left'.*sum to 5/6"),
        ({"heads": Fraction(3, 2), "tails": -HALF}, "negative"),
        ({"heads": float("nan"), "tails": 1}, "finite"),
        ({"edge": 1}, "'edge', which is not among the observations"),
        ({}, "at least one outcome"),
        (None, "is not a distribution"),
    ],
)
def test_malformed_environment_names_the_history(row, message):
    p = process(environment=lambda history, action: row)
    for use in (lambda: tabulate(p), lambda: pc.trajectory_distribution(p, lambda h: "left")):
        with pytest.raises((ValueError, TypeError), match=message):
            use()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"horizon": 0}, "horizon must be at least 1"),
        ({"horizon": -3}, "horizon must be at least 1"),
        ({"horizon": 2.0}, "horizon must be an int"),
        ({"horizon": True}, "horizon must be an int"),
        ({"actions": ()}, "actions must not be empty"),
        ({"actions": ("left", "left")}, "actions must be distinct"),
        ({"observations": "heads"}, "observations must be a tuple"),
        ({"environment": None}, "environment must be callable"),
        ({"preference": "water"}, "preference must be callable"),
        ({"outcome": 3}, "outcome must be callable"),
        ({"available": ("left",)}, "available must be a function"),
    ],
)
def test_malformed_process(changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        process(**changes)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("edge",), "'edge' has probability 0"),
        (("heads", "up", "tails"), "'up' is not available"),
        ((), "is no history"),
        ("heads", "is no history"),
        (("heads", "left", "heads", "left", "heads", "left", "heads"), "is no history"),
        ((("heads", "left", "heads", "left", "heads"), "left"), "full trajectory"),
    ],
)
def test_unattainable_history(given, message):
    with pytest.raises(ValueError, match=message):
        pc.trajectory_distribution(process(), policy, given=given)


@pytest.mark.parametrize("choice", ["up", {"left": HALF}, {"up": 1}, None, ["left"]])
def test_malformed_policy_names_the_history(choice):
    with pytest.raises((ValueError, TypeError), match=r"history \('heads',\)"):
        pc.trajectory_distribution(process(), lambda h: choice)


def test_too_large_is_refused_with_its_size_before_it_starts():
    calls = 0

    def counting(history, action):
        nonlocal calls
        calls += 1
        return coin(history, action)

    with pytest.raises(pc.ProcessTooLarge, match=r"about 2\.4e\+24 trajectories \(at most 10\^24\.4\)"):
        tabulate(process(horizon=40, environment=counting))
    assert calls < 10_000
    for horizon in (10_000, 10**9, 10**400):
        with pytest.raises(pc.ProcessTooLarge, match="more than 1e"):
            tabulate(process(horizon=horizon))
    # A sparse process is counted, not bounded: 2 of 20 observations follow, so there are 10·4^5 trajectories.
    wide = pc.DirectPreferenceProcess(
        observations=tuple(range(20)),
        actions=("a", "b"),
        horizon=5,
        environment=lambda h, a: {h[-1]: HALF, (h[-1] + 1) % 20: HALF},
        preference=pc.indifference(),
        initial={o: Fraction(1, 10) for o in range(10)},
    )
    assert len(tabulate(wide).tree.outcome) == 10 * 4**5
    with pytest.raises(pc.ProcessTooLarge, match="limit of 1000"):
        tabulate(wide, limit=1000)
    with pytest.raises(pc.ProcessTooLarge, match="limit"):
        pc.trajectory_distribution(wide, lambda h: {"a": HALF, "b": HALF}, limit=1000)


def test_table_policy_is_a_policy():
    p = process()
    tabulation = tabulate(p)
    table = policy_table(p, tabulation, policy)
    again = table_policy(tabulation, table)
    assert pc.trajectory_distribution(p, again) == pc.trajectory_distribution(p, policy)
    with pytest.raises(ValueError, match="unattainable"):
        again(("edge",))


def test_history_tree_is_validated():
    one = Fraction(1)
    HistoryTree(((one, 0),), ((((one, 1),),),), (0,))
    for initial, branches, outcome in [
        (((HALF, 0),), ((((one, 1),),),), (0,)),  # sums to 1/2
        (((one, 0),), ((((one, 0),),),), (0,)),  # a node that leads to itself
        (((one, 0),), ((),), (0,)),  # no action
        (((one, 0),), ((((one, 5),),),), (0,)),  # no such node
        (((1.0, 0),), ((((one, 1),),),), (0,)),  # a float
        (((one, 0),), ((((one, 1),),),), (-1,)),  # no such outcome
    ]:
        with pytest.raises(ValueError):
            HistoryTree(initial, branches, outcome)
    assert Tabulation.unlabelled(HistoryTree(((one, 0),), ((((one, 1),),),), (0,))).outcomes == range(1)
