"""Lotteries on the history tree, carried as what the relation sees of them.

A relation sees a lottery through its feature values, which are linear in it: the values of D^π(h) follow backwards in
time from those of the outcomes. A black box sees everything, so its features are the outcomes' probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from prefcore.claims import BlackBox
from prefcore.distribution import Distribution
from prefcore.formula import Formula, evaluate
from prefcore.tracing import fits
from prefcore.trees import PolicyTable, Tabulation

Values = list[Fraction]
ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Carrier:
    """The feature values of each outcome, and ``A ≼ B`` on feature values."""

    outcomes: tuple[Values, ...]
    below: Callable[[Values, Values], bool]


def carrier(relation: Formula | BlackBox, outcomes: Sequence[object]) -> Carrier:
    """How lotteries over these outcomes are carried for this relation.

    Raises ``FormulaTooLarge`` for a black box over too many outcomes.
    """
    if isinstance(relation, Formula):
        rows = zip(*relation.features, strict=True) if relation.features else ([] for _ in outcomes)
        return Carrier(tuple([Fraction(v) for v in row] for row in rows), lambda x, y: evaluate(relation, x, y))

    fits(len(outcomes), outcomes)

    def below(x: Values, y: Values) -> bool:
        a, b = (Distribution({o: p for o, p in zip(outcomes, values, strict=True) if p}) for values in (x, y))
        return bool(relation.function(a, b))

    n = len(outcomes)
    return Carrier(tuple([Fraction(i == j) for i in range(n)] for j in range(n)), below)


def mean(row: Sequence[tuple[Fraction, Values]]) -> Values:
    """``Σ p·values``."""
    if len(row) == 1 and row[0][0] == 1:
        return row[0][1]
    return [
        sum((p * value for p, value in zip(weights, column, strict=True)), ZERO) for weights, column in _columns(row)
    ]


def _columns(row: Sequence[tuple[Fraction, Values]]) -> list[tuple[list[Fraction], tuple[Fraction, ...]]]:
    weights = [p for p, _ in row]
    return [(weights, column) for column in zip(*(values for _, values in row), strict=True)]


@dataclass(slots=True)
class Induced:
    """The values of every D^π(h), of every D^π(h·a), and of D^π."""

    at: list[Values]
    after: list[list[Values]]
    start: Values
    table: PolicyTable


Choice = Callable[[int, list[Values]], tuple[Fraction, ...]]


def backwards(tabulation: Tabulation, carried: Carrier, choose: Choice) -> Induced:
    """The values of the policy that `choose` makes, backwards in time.

    ``choose(d, after)`` gives the action probabilities at decision d, whose actions lead to the values `after`.
    """
    tree = tabulation.tree
    decisions = len(tree.branches)
    at: list[Values] = [[]] * decisions + [carried.outcomes[o] for o in tree.outcome]
    after: list[list[Values]] = [[]] * decisions
    table: list[tuple[Fraction, ...]] = [()] * decisions
    for d in range(decisions - 1, -1, -1):
        after[d] = [mean([(p, at[child]) for p, child in row]) for row in tree.branches[d]]
        table[d] = choose(d, after[d])
        at[d] = mean([(p, values) for p, values in zip(table[d], after[d], strict=True) if p])
    return Induced(at, after, mean([(p, at[child]) for p, child in tree.initial]), tuple(table))


def reach(tabulation: Tabulation, table: PolicyTable) -> list[Fraction]:
    """The probability of each decision history under the policy."""
    tree = tabulation.tree
    reached = [ZERO] * (len(tree.branches) + len(tree.outcome))
    for p, node in tree.initial:
        reached[node] = p
    for d, rows in enumerate(tree.branches):
        if reached[d]:
            for chosen, row in zip(table[d], rows, strict=True):
                if chosen:
                    for p, child in row:
                        reached[child] = reached[d] * chosen * p
    return reached[: len(tree.branches)]
