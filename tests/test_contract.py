"""The contract of design.md section 3 and the README's examples run as written."""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import prefcore as pc
import solvers

ROOT = Path(__file__).parent.parent


def test_readme_examples_run():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == 2
    first = [line for line in blocks[0].splitlines() if line.strip()]
    assert len(first) <= 15
    result = subprocess.run([sys.executable, "-c", "\n".join(blocks)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "No reward expresses it" in result.stdout


def test_design_contract():
    outcomes = ["flood", "low", "half", "full"]
    flood = {"flood"}
    water = {"flood": 0, "low": 1, "half": 3, "full": 7}
    quiet = {"flood": 0, "low": 5, "half": 2, "full": 1}
    fish = {"flood": 2, "low": 0, "half": 9, "full": 4}

    A = pc.Distribution({"low": Fraction(9, 10), "flood": Fraction(1, 10)})
    B = pc.Distribution({"half": 1})
    assert pc.mix(Fraction(1, 2), A, B)["half"] == Fraction(1, 2)
    assert (A.prob(flood), A.expect(water), A["low"]) == (Fraction(1, 10), Fraction(9, 10), Fraction(9, 10))
    assert A.support == {"low", "flood"}
    assert pc.Distribution.point("half") == B
    assert A.map({"low": "dry", "flood": "wet"}.get)["wet"] == Fraction(1, 10)

    @pc.relation
    def safe_then_rich(A, B):
        return (A.prob(flood) > B.prob(flood)) | (
            (A.prob(flood) == B.prob(flood)) & (A.expect(water) <= B.expect(water))
        )

    assert safe_then_rich(A, B) is True
    assert pc.compare(safe_then_rich, A, B) == "≺"

    report = pc.check(safe_then_rich, outcomes)
    refuted = report["interpolation"]
    assert isinstance(refuted, pc.Refuted) and isinstance(refuted.evidence, pc.Counterexample)
    assert {*refuted.evidence.A, *refuted.evidence.B, *refuted.evidence.C} <= set(outcomes)
    assert isinstance(report["convex"], pc.Proved)
    assert list(report) == ["reflexive", "transitive", "preorder", "total", "consistent", "convex", "interpolation"]
    assert any("reward" in str(c) for c in report.consequences)
    assert pc.kernel.check(report["convex"].claim, report["convex"].evidence) == report["convex"]
    with pytest.raises(TypeError, match="no truth value"):
        bool(report["convex"])

    relations = [
        pc.expected_reward(water),
        pc.lexicographic(pc.minimize(pc.prob(flood)), pc.maximize(pc.expect(water))),
        pc.excess_risk(penalty={"flood": 20}, payoff=water),
        pc.chance_constraint(flood, Fraction(1, 10), water),
        pc.cvar(water, level=Fraction(1, 2)),
        pc.quantile(water, level=Fraction(1, 2)),
        pc.pareto(water, quiet),
        pc.stochastic_dominance(water),
        pc.majority(water, quiet, fish),
        pc.skew_symmetric(lambda x, y: water[x] - water[y]),
        pc.indifference(),
        pc.equality(),
    ]
    assert pc.prob(flood)(A) == A.prob(flood)
    for relation in relations:
        assert isinstance(relation(A, B), bool)

    def environment(history, action):
        wet = Fraction(2, 3) if history[-1] == "wet" else Fraction(1, 3)
        return {"wet": wet, "dry": 1 - wet}

    def outcome(trajectory):
        stored = 1
        for action, inflow in zip(trajectory[1::2], trajectory[2::2], strict=True):
            stored += (2 if inflow == "wet" else 0) - (1 if action == "release" else 0)
            if stored > 3:
                return "flood"
        return "full" if stored == 3 else "half" if stored == 2 else "low"

    process = pc.DirectPreferenceProcess(
        observations=("dry", "wet"),
        actions=("hold", "release"),
        horizon=3,
        initial={"dry": Fraction(1, 2), "wet": Fraction(1, 2)},
        environment=environment,
        preference=safe_then_rich,
        outcome=outcome,
    )

    def policy(history):
        return "release"

    D = pc.trajectory_distribution(process, policy)
    assert sum(p for _, p in D.items()) == 1
    given = pc.trajectory_distribution(process, policy, given=(("dry",), "hold"))
    assert all(h[:2] == ("dry", "hold") for h in given)
    solution = solvers.solve(process)
    assert isinstance(solution.verdict, pc.Proved) and solution.theorem == "T2" and solution.method
    assert solution.distribution == pc.trajectory_distribution(process, solution.policy)
    assert isinstance(solvers.check_optimality(process, solution.policy), pc.Proved)
    refuted = solvers.check_optimality(process, policy)
    better = pc.trajectory_distribution(process, refuted.better_policy).map(outcome)
    assert pc.compare(safe_then_rich, D.map(outcome), better) == "≺"
    assert "interpolation  refuted" in str(report)


def test_skew_symmetric_difference_of_payoffs_is_expected_reward():
    water = {"flood": 0, "low": 1, "half": 3, "full": 7}
    report = pc.check(pc.skew_symmetric(lambda x, y: water[x] - water[y]), list(water))
    assert report.proved("reflexive", "transitive", "total", "consistent", "convex", "interpolation")
    with pytest.raises(ValueError, match="not skew-symmetric"):
        pc.check(pc.skew_symmetric(lambda x, y: water[x] + water[y]), list(water))
