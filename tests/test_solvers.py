"""Policies against brute force over all deterministic policies, on random processes and relations."""

from __future__ import annotations

import random
import sys
from fractions import Fraction
from itertools import product

import pytest

import prefcore as pc
import solvers

OUTCOMES = tuple("abcde")


def random_process(rng: random.Random, preference):
    """A small process whose environment depends on the whole history, with outcomes drawn at random."""
    observations, actions, horizon = rng.choice([(2, 2, 1), (3, 3, 1), (3, 2, 1), (2, 2, 2)])
    start = rng.choice([1, observations]) if horizon == 1 else 1
    rows: dict = {}
    labels: dict = {}

    def environment(history, action):
        if (history, action) not in rows:
            weights = [rng.randrange(4) for _ in range(observations)]
            weights[rng.randrange(observations)] += 1
            rows[history, action] = {o: Fraction(w, sum(weights)) for o, w in enumerate(weights)}
        return rows[history, action]

    def outcome(trajectory):
        if trajectory not in labels:
            labels[trajectory] = rng.choice(OUTCOMES)
        return labels[trajectory]

    return pc.DirectPreferenceProcess(
        observations=tuple(range(observations)),
        actions=tuple("xyz"[:actions]),
        horizon=horizon,
        environment=environment,
        preference=preference,
        initial={o: Fraction(1, start) for o in range(start)},
        outcome=outcome,
    )


def histories(process):
    """The attainable decision histories, found without the library."""
    level = [(o,) for o, p in process.initial.items() if p]
    found = []
    for _ in range(process.horizon):
        found += level
        level = [(*h, a, o) for h in level for a in process.actions for o, p in process.environment(h, a).items() if p]
    return found


def outcome_lottery(process, policy):
    """The lottery over outcomes that a policy (history -> {action: probability}) induces, without the library."""
    lottery: dict = {}
    stack = [((o,), p) for o, p in process.initial.items() if p]
    while stack:
        history, reached = stack.pop()
        if len(history) == 2 * process.horizon + 1:
            label = process.outcome(history)
            lottery[label] = lottery.get(label, 0) + reached
            continue
        for action, chosen in policy(history).items():
            for o, p in process.environment(history, action).items():
                if p and chosen:
                    stack.append(((*history, action, o), reached * chosen * p))
    return lottery


def random_relation(rng: random.Random):
    """A total consistent pre-order: the library's relation, and a key by which lotteries sort (independent of it)."""
    u, v = ({o: rng.randrange(4) for o in OUTCOMES} for _ in range(2))
    penalty = {o: rng.choice([0, 0, 0, 1, 2]) for o in OUTCOMES}

    def mean(lottery, payoff):
        return sum(p * payoff[o] for o, p in lottery.items())

    return rng.choice(
        [
            (pc.expected_reward(u), lambda x: mean(x, u)),
            (
                pc.lexicographic(pc.minimize(pc.expect(penalty)), pc.maximize(pc.expect(u))),
                lambda x: (-mean(x, penalty), mean(x, u)),
            ),
            (
                pc.lexicographic(pc.maximize(pc.expect(u)), pc.maximize(pc.expect(v))),
                lambda x: (mean(x, u), mean(x, v)),
            ),
            (
                pc.excess_risk(penalty, u),
                lambda x: (-mean(x, penalty), mean(x, u) if not mean(x, penalty) else 0),
            ),
        ]
    )


def deterministic_policies(process):
    places = histories(process)
    for choices in product(process.actions, repeat=len(places)):
        table = dict(zip(places, choices, strict=True))
        yield lambda h, table=table: {table[h]: 1}


def test_solve_is_optimal_by_brute_force(record_property, capsys):
    rng = random.Random(20261124)
    strictly_worse = total = 0
    for _ in range(300):
        relation, key = random_relation(rng)
        process = random_process(rng, relation)
        solution = solvers.solve(process)
        assert isinstance(solution.verdict, pc.Proved), solution
        assert solution.distribution == pc.trajectory_distribution(process, solution.policy)
        found = key(dict(solution.outcomes().items()))
        keys = [key(outcome_lottery(process, policy)) for policy in deterministic_policies(process)]
        assert found == max(keys)
        total += 1
        strictly_worse += min(keys) < found
    record_property("processes with a strictly worse policy", strictly_worse)
    with capsys.disabled():
        sys.stdout.write(f"\n{strictly_worse} of {total} random processes had a strictly worse policy\n")
    assert 2 * strictly_worse >= total


def test_check_optimality_agrees_with_brute_force():
    rng = random.Random(7)
    seen = {pc.Proved: 0, pc.Refuted: 0}
    for _ in range(150):
        relation, key = random_relation(rng)
        process = random_process(rng, relation)
        table = {}
        for h in histories(process):
            weights = rng.choice([[1, 0, 0], [0, 1, 0], [1, 1, 0], [2, 1, 0]])[: len(process.actions)]
            table[h] = {a: Fraction(w, sum(weights)) for a, w in zip(process.actions, weights, strict=False) if w}
        own = key(outcome_lottery(process, table.__getitem__))
        best = max(key(outcome_lottery(process, policy)) for policy in deterministic_policies(process))
        verdict = solvers.check_optimality(process, table.__getitem__)
        assert isinstance(verdict, pc.Proved if own == best else pc.Refuted)
        seen[type(verdict)] += 1
        if isinstance(verdict, pc.Refuted):
            better = pc.trajectory_distribution(process, verdict.better_policy).map(process.outcome)
            assert key(dict(better.items())) > own
        assert pc.kernel.check(verdict.claim, verdict.evidence) == verdict
    assert min(seen.values()) > 10


def test_ties_are_exact():
    """Ten thousand equal shares of 1/3: floats would tell the actions apart, fractions don't."""
    third = Fraction(1, 3)
    process = pc.DirectPreferenceProcess(
        observations=(0, 1, 2),
        actions=("a", "b"),
        horizon=2,
        environment=lambda h, a: dict.fromkeys(range(3), third),
        preference=pc.lexicographic(pc.maximize(pc.expect(lambda o: o[0])), pc.maximize(pc.expect(lambda o: o[1]))),
        initial={0: third, 1: third, 2: third},
        outcome=lambda h: (sum(h[0::2]) * Fraction(1, 7), h[1::2].count("b")),
    )
    solution = solvers.solve(process)
    assert all(solution.policy(h) == "b" for h in solution.policy.tabulation.histories)


def beware():
    """theory.md, T1's *Beware*: the axioms hold on the achievable set, but T1 compares conditionals."""

    def environment(history, action):
        if history[-1] == "decide" and action == "a":
            return {"bad": Fraction(1, 2), "ok": Fraction(1, 2)}
        return {"ok": 1}

    return pc.DirectPreferenceProcess(
        observations=("decide", "skip", "bad", "ok"),
        actions=("a", "b"),
        horizon=1,
        environment=environment,
        preference=pc.chance_constraint({"bad"}, Fraction(1, 10), {"bad": 20, "ok": 0}),
        initial={"decide": Fraction(1, 10), "skip": Fraction(9, 10)},
        outcome=lambda h: h[-1],
    )


def test_beware_of_axioms_on_the_achievable_set_alone():
    process = beware()
    assert solvers.violations(process, lambda h: "b") == ()  # b satisfies the condition everywhere
    verdict = solvers.check_optimality(process, lambda h: "b")
    assert isinstance(verdict, pc.Refuted)  # and yet
    assert verdict.better_policy(("decide",)) == "a"
    solution = solvers.solve(process)
    assert solution.policy is None and solution.distribution is None
    assert isinstance(solution.verdict, pc.Unknown)
    assert solution.reason and solution.advice and solution.budget >= 0


@pytest.mark.parametrize(
    ("relation", "reason"),
    [
        (pc.chance_constraint({"flood"}, Fraction(1, 10), {"flood": 0, "low": 1, "half": 3, "full": 7}), "consistent"),
        (
            pc.pareto({"flood": 0, "low": 1, "half": 3, "full": 7}, {"flood": 3, "low": 5, "half": 2, "full": 1}),
            "total",
        ),
        (
            pc.majority(
                {"flood": 0, "low": 1, "half": 3, "full": 7},
                {"flood": 3, "low": 5, "half": 2, "full": 1},
                {"flood": 2, "low": 0, "half": 9, "full": 4},
            ),
            "transitive",
        ),
        (pc.relation(lambda A, B: len(A) <= len(B)), "black box"),
        (pc.relation(lambda A, B: A.prob({"low"}) < B.prob({"low"})), "pre-order"),
    ],
)
def test_other_rows_answer_unknown_with_advice(relation, reason):
    from dataclasses import replace

    from prefcore import gallery

    process = replace(gallery.tie_breaking_reservoir(), preference=relation)
    solution = solvers.solve(process)
    assert (solution.policy, solution.distribution) == (None, None)
    assert isinstance(solution.verdict, pc.Unknown)
    assert reason in solution.reason
    assert solution.advice
    assert "unknown" in str(solution)


def test_policy_search_says_what_it_is_worth():
    from dataclasses import replace

    from prefcore import gallery

    process = gallery.tie_breaking_reservoir()
    found = solvers.policy_search(process)
    assert isinstance(found.verdict, pc.Proved)
    assert found.comparisons == len(found.policy.tabulation.histories)  # |A| - 1 at each history
    inconsistent = replace(process, preference=pc.cvar(gallery.LEVEL_WATER, Fraction(1, 2)))
    assert not isinstance(solvers.policy_search(inconsistent).verdict, pc.Proved)


def test_a_violated_comparison_names_its_history():
    from prefcore import gallery

    process = gallery.tie_breaking_reservoir()
    found = solvers.violations(process, lambda h: "hold")
    assert found
    for violation in found:
        stay = pc.trajectory_distribution(process, lambda h: "hold", given=violation.history)
        switch = pc.trajectory_distribution(process, lambda h: "hold", given=(violation.history, violation.action))
        assert not process.preference(switch.map(process.outcome), stay.map(process.outcome))


def test_partial_pre_order_with_a_best_policy_is_proved_by_t1():
    """Pareto is not total, yet where one action is better for all, T1 certifies it."""
    u, v = {"good": 1, "poor": 0}, {"good": 2, "poor": 1}
    process = pc.DirectPreferenceProcess(
        observations=("start", "good", "poor"),
        actions=("up", "down"),
        horizon=1,
        environment=lambda h, a: {"good": 1} if a == "up" else {"poor": 1},
        preference=pc.pareto(u, v),
        initial={"start": 1},
        outcome=lambda h: h[-1],
    )
    assert isinstance(solvers.check_optimality(process, lambda h: "up"), pc.Proved)
    assert isinstance(solvers.check_optimality(process, lambda h: "down"), pc.Refuted)


def test_bad_arguments():
    with pytest.raises(TypeError, match="DirectPreferenceProcess"):
        solvers.solve("process")
    with pytest.raises(ValueError, match="budget"):
        solvers.solve(beware(), budget=-1)
    with pytest.raises(pc.ProcessTooLarge, match="trajectories"):
        solvers.solve(beware(), limit=2)


def test_optimality_certificates_survive_the_disk(tmp_path):
    from prefcore import gallery

    process = gallery.excess_risk_reservoir()
    for policy in (solvers.solve(process).policy, lambda h: "hold", lambda h: "release"):
        verdict = solvers.check_optimality(process, policy)
        path = pc.save_certificate(verdict, tmp_path / "policy.json")
        again = pc.load_certificate(path, verdict.claim)
        assert type(again) is type(verdict)
        with pytest.raises(pc.EvidenceRejected, match="another claim"):
            other = solvers.check_optimality(gallery.tie_breaking_reservoir(), policy)
            pc.load_certificate(path, other.claim)


def test_a_misspelt_event_is_pointed_out():
    from dataclasses import replace

    from prefcore import gallery

    process = replace(
        gallery.tie_breaking_reservoir(), preference=pc.chance_constraint({"flod"}, 1, gallery.LEVEL_WATER)
    )
    with pytest.warns(UserWarning, match="names 'flod'"):
        solvers.solve(process)


def test_what_is_shown_is_short():
    from prefcore import gallery

    solution = solvers.solve(gallery.tie_breaking_reservoir())
    for shown in (solution, solution.verdict, solution.policy, solution.report["convex"]):
        assert len(repr(shown)) < 200
    assert "('dry',): " in str(solution)
