"""Relation by axiom, as the literature or a short argument has it, over four to eight outcomes.

The payoff u orders the outcomes; 1, u, v and w are linearly independent, so no row collapses. A mark is + (proved),
- (refuted by a counterexample) or ? (undecided; UNDECIDED has the reason where that is allowed).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, product
from typing import Any

import pytest

import prefcore as pc
from prefcore import catalogue as c
from prefcore.claims import BlackBox
from prefcore.formula import evaluate, feature_values
from prefcore.relations import formula_of

HALF, QUARTER, TENTH = Fraction(1, 2), Fraction(1, 4), Fraction(1, 10)
NAMES = ("reflexive", "transitive", "total", "consistent", "convex", "interpolation")
LATER = (
    "continuous",
    "betweenness",
    "monotone",
    "risk_averse",
    "negatively_transitive",
    "quasi_transitive",
    "acyclic",
)

# What follows from the kind of relation alone. Let ≺ be the strict part.
#   a total pre-order: ≺ is negatively transitive, so transitive, so acyclic.
#   a closed total relation has interpolation (T7), and its contour sets are closed.
#   A ≼ B as a matter of the direction B - A alone: consistent, convex, and M between A and B is between in preference.
EXPECTED: dict[str, str] = {
    "expected_reward": "++++++",
    "lexicographic": "+++++-",
    "quadratic_utility": "++++++",
    "entropic_risk": "++++++",
    "excess_risk": "++++--",
    "chance_constraint": "+++---",
    "constrained": "+++---",
    "cvar": "+++--+",
    "spectral_risk": "+++--+",
    "quantile": "+++---",
    "upper_quantile": "+++---",
    "value_at_risk": "+++---",
    "mean_variance": "+++--+",
    "mean_semideviation": "+++--+",
    "maxmin": "+++--+",
    "maxmax": "+++--+",
    "hurwicz": "+++--+",
    "unanimity": "++-++-",
    "maxmin_priors": "+++--+",
    "bewley": "++-++-",
    "pareto": "++-++-",
    "stochastic_dominance": "++-++-",
    "second_order_dominance": "++-++-",
    "third_order_dominance": "++-++-",
    "majority": "+-++++",
    "weighted_majority": "+-++++",
    # The threshold keeps its size while mixing shrinks the difference: ≼ is kept, and what was none can become one.
    "interval_order": "+-++-+",
    "semiorder": "+-++-+",
    # Mixing shrinks a difference below the threshold of the first payoff, and the second decides.
    "lexicographic_semiorder": "+-+---",
    "weighted_utility": "+++--+",
    "rank_dependent": "+++--+",
    "disappointment_aversion": "+++--+",
    "mixture_symmetric": "+++--+",
    "skew_symmetric": "+-+--+",
    "outperforming": "+-+--+",
    "regret": "+-+--+",
    "pairwise": "+-+--+",
    # The worst of a mixture is the worse of the worst.
    "worst_case": "++++--",
    "best_case": "++++--",
    # {0, 2} is before {1}, but {0, 2} with 0 is after {1} with 0.
    "support_lexicographic": "+++---",
    "conjunction": "++----",
    # In each direction as one of u and v says.
    "disjunction": "+-++++",
    # Mixing with the worst outcome leaves it to the mean.
    "lexicographic_composition": "+++---",
    "product": "++-+--",
    "indifference": "++++++",
    "equality": "++-+++",
}

EXPECTED_LATER: dict[str, str] = {
    "expected_reward": "+++++++",
    # First that 0 is rare, then u, then that u² is small: all three agree with dominance of second order.
    "lexicographic": "-++++++",
    "quadratic_utility": "+++++++",
    "entropic_risk": "+++++++",
    # A riskless A is beaten by its risky neighbours' limits only. The penalty is decreasing and convex in u.
    "excess_risk": "-++++++",
    # A point at 1 is less risky than halves at 0 and 2, but breaks the limit.
    "chance_constraint": "--+-+++",
    "constrained": "----+++",
    # Convex along mixtures, and second-order dominance is exactly that every CVaR agrees.
    "cvar": "+-+++++",
    "spectral_risk": "+-+++++",
    "quantile": "--+-+++",
    "upper_quantile": "--+-+++",
    "value_at_risk": "--+-+++",
    # Not monotone: a small chance of more is variance.
    "mean_variance": "+---+++",
    # Ogryczak and Ruszczyński: up to weight 1 it respects second-order dominance.
    "mean_semideviation": "+-+++++",
    "maxmin": "+---+++",
    "maxmax": "+---+++",
    "hurwicz": "+---+++",
    "unanimity": "++---++",
    "pareto": "++---++",
    "stochastic_dominance": "+++--++",
    "second_order_dominance": "++++-++",
    "third_order_dominance": "++++-++",
    # From 2 to 3 both v and w fall.
    "majority": "++-----",
    # u has half of the votes, so it is enough for ≼ and needed for ≺: no cycle, but no transitivity either.
    "weighted_majority": "++++--+",
    "interval_order": "+-++-++",
    "semiorder": "+-++-++",
    "lexicographic_semiorder": "-------",
    # Chew: w(x)·(u(x) - V) is increasing and concave in u(x) for each value V.
    "weighted_utility": "+++++++",
    # The weighting is concave near 0, so not risk-averse.
    "rank_dependent": "+-+-+++",
    # Gul: betweenness always, risk aversion for β >= 0 and concave u.
    "disappointment_aversion": "+++++++",
    "mixture_symmetric": "+---+++",
    # φ(B, M) and φ(M, A) are multiples of φ(B, A).
    "skew_symmetric": "++-----",
    "outperforming": "+++----",
    "regret": "+++----",
    "pairwise": "++-----",
    "worst_case": "--+++++",
    "best_case": "--+-+++",
    # {0, 2} is after {0, 1, 2}, which may dominate it.
    "support_lexicographic": "----+++",
    "conjunction": "+-++-++",
    "disjunction": "++++-++",
    "lexicographic_composition": "--+++++",
    "indifference": "+++++++",
    # ≺ never holds; dominance says more than equality.
    "equality": "++--+++",
    # No payoff orders acts or pairs: monotone and risk_averse are left out (.).
    "maxmin_priors": "+-..+++",
    "bewley": "++..-++",
    "product": "--..-++",
}

# Where "?" is allowed besides the mark of the table, and why.
CUBES = "products of three probabilities: true, and no products of literals that are tried prove it"
BENT = "a minimum or maximum of what multiplies or divides expectations: true, and no products of literals prove it"
UNDECIDED: dict[str, dict[str, str]] = {
    "third_order_dominance": dict.fromkeys(("transitive", "quasi_transitive", "acyclic"), CUBES),
    "disappointment_aversion": dict.fromkeys(("betweenness", "monotone", "risk_averse"), BENT),
    "mean_semideviation": dict.fromkeys(("monotone", "risk_averse"), BENT),
}


@dataclass(frozen=True)
class Instance:
    relation: pc.Relation[Any]
    outcomes: tuple[Any, ...]
    value: Any


def rock_paper_scissors(x: int, y: int) -> int:
    return (0, 1, -1)[(x - y) % 3] if x < 3 and y < 3 else 0


def instances(n: int) -> dict[str, Instance]:
    """Each relation over the outcomes 0, …, n-1 (acts and pairs where it needs them)."""
    u: dict[Any, Any] = {i: i for i in range(n)}
    v = {i: (3, 1, 4, 1)[i % 4] + i // 4 for i in range(n)}
    w = {i: (0, 5, 2, 1)[i] if i < 4 else i for i in range(n)}
    squares = {i: i * i for i in range(n)}
    duels = [[HALF] * n for _ in range(n)]
    for i in range(1, n):
        duels[0][i], duels[i][0] = TENTH, 1 - TENTH
    for i, j in ((1, 2), (2, 3), (3, 1)):
        duels[i][j], duels[j][i] = Fraction(3, 5), Fraction(2, 5)
    rich, safe = c.expected_reward(u), c.lexicographic(c.minimize(c.prob({0})))
    relations: dict[str, pc.Relation[Any]] = {
        "expected_reward": rich,
        "lexicographic": c.lexicographic(
            c.minimize(c.prob({0})), c.maximize(c.expect(u)), c.minimize(c.expect(squares))
        ),
        "quadratic_utility": c.quadratic_utility(u, Fraction(1, 2 * n)),
        "entropic_risk": c.entropic_risk(u, HALF),
        "excess_risk": c.excess_risk({0: 20, 1: 3}, u),
        "chance_constraint": c.chance_constraint({0, 1}, TENTH, u),
        "constrained": c.constrained(
            [c.at_most(c.prob({0}), TENTH), c.at_least(c.expect(v), 2)], c.maximize(c.expect(u))
        ),
        "cvar": c.cvar(u, HALF),
        "spectral_risk": c.spectral_risk(u, {QUARTER: HALF, 1: HALF}),
        "quantile": c.quantile(u, HALF),
        "upper_quantile": c.upper_quantile(u, HALF),
        "value_at_risk": c.value_at_risk(u, TENTH),
        "mean_variance": c.mean_variance(u, 1),
        "mean_semideviation": c.mean_semideviation(u, HALF),
        "maxmin": c.maxmin(u, v),
        "maxmax": c.maxmax(u, v),
        "hurwicz": c.hurwicz([u, v], Fraction(1, 3)),
        "unanimity": c.unanimity(u, v, w),
        "pareto": c.pareto(u, v),
        "stochastic_dominance": c.stochastic_dominance(u),
        "second_order_dominance": c.second_order_dominance(u),
        "third_order_dominance": c.third_order_dominance(u),
        "majority": c.majority(u, v, w),
        "weighted_majority": c.weighted_majority([u, v, w], [2, 1, 1]),
        "interval_order": c.interval_order(u, {i: i + (2 if i == 2 else 1) for i in range(n)}),
        "semiorder": c.semiorder(u, 1),
        "lexicographic_semiorder": c.lexicographic_semiorder([u, v], [1, 0]),
        "weighted_utility": c.weighted_utility(u, {i: 2 * n - i for i in range(n)}),
        "rank_dependent": c.rank_dependent(u, {0: 0, QUARTER: HALF, 1 - QUARTER: HALF, 1: 1}),
        "disappointment_aversion": c.disappointment_aversion(u, HALF),
        "mixture_symmetric": c.mixture_symmetric(lambda x, y: u[x] * v[y] + u[y] * v[x]),
        "skew_symmetric": c.skew_symmetric(rock_paper_scissors),
        "outperforming": c.outperforming(u),
        "regret": c.regret(u, lambda gain: gain * abs(gain)),
        "pairwise": c.pairwise(duels, range(n)),
        "worst_case": c.worst_case(u),
        "best_case": c.best_case(u),
        "support_lexicographic": c.support_lexicographic(u),
        "conjunction": c.conjunction(safe, c.cvar(u, HALF)),
        "disjunction": c.disjunction(rich, c.expected_reward(v)),
        "lexicographic_composition": c.lexicographic_composition(c.worst_case(u), rich),
        "indifference": c.indifference(),
        "equality": c.equality(),
    }
    found = {name: Instance(preference, tuple(range(n)), u) for name, preference in relations.items()}
    acts = tuple((i, (7, 3, 1, 2)[i % 4] + i // 4) for i in range(n))
    priors = [{0: Fraction(2, 3), 1: Fraction(1, 3)}, {0: QUARTER, 1: 1 - QUARTER}]
    pairs = tuple((i // 2, i % 2) for i in range(n))
    found["maxmin_priors"] = Instance(c.maxmin_priors(priors, lambda x: x), acts, {})
    found["bewley"] = Instance(c.bewley(priors, lambda x: x), acts, {})
    found["product"] = Instance(c.product(c.worst_case(lambda x: x), c.expected_reward(lambda x: x)), pairs, {})
    return found


def mark(verdict: Any) -> str:
    return {pc.Proved: "+", pc.Refuted: "-", pc.Unknown: "?"}[type(verdict)]


def classify(case: Instance, name: str, expected: dict[str, str]) -> None:
    """The marks found are those expected; where "?" is allowed, a second's search finds that or the mark."""
    ordered: dict[str, Any] = {"value": case.value} if {"monotone", "risk_averse"} & set(expected) else {}
    allowed = UNDECIDED.get(name, {})
    settled = [axiom for axiom in expected if axiom not in allowed]
    verdicts = dict(pc.check(case.relation, case.outcomes, axioms=settled, budget=20, **ordered).items())
    assert {axiom: mark(verdict) for axiom, verdict in verdicts.items()} == {a: expected[a] for a in settled}
    for axiom in set(expected) & set(allowed):
        verdict = pc.check(case.relation, case.outcomes, axioms=[axiom], budget=1, **ordered)[axiom]
        assert mark(verdict) in ("?", expected[axiom]), axiom
        verdicts[axiom] = verdict
    for verdict in verdicts.values():
        if not isinstance(verdict, pc.Unknown):
            assert type(pc.kernel.check(verdict.claim, verdict.evidence)) is type(verdict)


def test_the_tables_have_every_relation() -> None:
    functions = {name for name in c.__all__ if isinstance(getattr(c, name), type(c.cvar))}
    functions -= {"at_least", "at_most", "expected_under", "maximize", "minimize"}
    assert set(EXPECTED) == set(EXPECTED_LATER) == set(instances(4)) == functions


@pytest.mark.parametrize("n", [4, 6, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", EXPECTED)
def test_the_classification(name: str, n: int) -> None:
    classify(instances(n)[name], name, dict(zip(NAMES, EXPECTED[name], strict=True)))


@pytest.mark.parametrize("n", [4, pytest.param(6, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", EXPECTED_LATER)
def test_the_further_axioms(name: str, n: int) -> None:
    pairs = zip(LATER, EXPECTED_LATER[name], strict=True)
    wanted = {axiom: expected for axiom, expected in pairs if expected != "."}
    classify(instances(n)[name], name, wanted)


# -- what the finders may leave open, by asking the relation on a grid ----------------------------------------------

Lottery = tuple[Fraction, ...]


def dominates(second: bool, b: Lottery, a: Lottery) -> bool:
    """Whether B's distribution function, or its sums, are nowhere above A's: the payoffs are 0, 1, 2, …."""
    below = [list(accumulate(x)) for x in (a, b)]
    if second:
        below = [list(accumulate(x)) for x in below]
    return all(y <= x for x, y in zip(*(x[:-1] for x in below), strict=True))


def violated_on_a_grid(name: str, axiom: str, parts: int) -> bool:
    """Whether lotteries over four outcomes whose probabilities are multiples of 1/parts violate the axiom."""
    case = instances(4)[name]
    formula = formula_of(case.relation, case.outcomes)
    assert not isinstance(formula, BlackBox)
    weights = [w for w in product(range(parts + 1), repeat=4) if sum(w) == parts]
    grid = [tuple(Fraction(x, parts) for x in w) for w in weights]
    seen = {x: feature_values(formula, enumerate(x)) for x in grid}

    def middle(a: Lottery, b: Lottery) -> list[Fraction]:
        return [(x + y) / 2 for x, y in zip(seen[a], seen[b], strict=True)]

    weak = {(a, b): evaluate(formula, seen[a], seen[b]) for a in grid for b in grid}
    strict = {(a, b): weak[a, b] and not weak[b, a] for a in grid for b in grid}
    up = {a: [b for b in grid if weak[a, b]] for a in grid}
    above = {a: [b for b in grid if strict[a, b]] for a in grid}
    match axiom:
        case "transitive":
            return any(not weak[a, c] for a in grid for b in up[a] for c in up[b])
        case "quasi_transitive":
            return any(not strict[a, c] for a in grid for b in above[a] for c in above[b])
        case "negatively_transitive":
            return any(not strict[a, b] and not strict[b, c] for a in grid for c in above[a] for b in grid)
        case "acyclic":
            return any(strict[c, a] for a in grid for b in above[a] for c in above[b])
        case "monotone" | "risk_averse":
            second = axiom == "risk_averse"
            return any(not weak[a, b] and dominates(second, b, a) for a in grid for b in grid)
        case "consistent" | "convex":  # of a total relation with interpolation, which fails both or neither
            return any(not evaluate(formula, middle(a, c), middle(b, c)) for a in grid for b in up[a] for c in grid)
        case "betweenness":
            return any(
                evaluate(formula, middle(a, b), seen[a]) or evaluate(formula, seen[b], middle(a, b))
                for a in grid
                for b in above[a]
            )
    raise AssertionError(axiom)


@pytest.mark.parametrize(
    ("name", "axiom"),
    [(n, a) for n, reasons in UNDECIDED.items() for a in reasons if a not in ("interpolation", "continuous")],
)
def test_a_grid_agrees_where_the_finders_may_fail(name: str, axiom: str) -> None:
    expected = dict(zip((*NAMES, *LATER), EXPECTED[name] + EXPECTED_LATER[name], strict=True))[axiom]
    found = violated_on_a_grid(name, axiom, 4) or (expected == "-" and violated_on_a_grid(name, axiom, 6))
    assert found is (expected == "-")
