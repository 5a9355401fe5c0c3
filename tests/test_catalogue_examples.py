"""The catalogue's examples: one for each relation, none of them degenerate."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from test_catalogue_classification import EXPECTED, NAMES, Instance, classify

import prefcore as pc
from prefcore.catalogue.examples import EXAMPLES, FISH, OUTCOMES, QUIET, WATER, Example
from prefcore.claims import BlackBox
from prefcore.relations import formula_of

NAMED = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


def test_there_is_one_for_each_relation() -> None:
    assert sorted(example.name for example in EXAMPLES) == sorted(EXPECTED)


def determinant(rows: list[list[Any]]) -> Any:
    if not rows:
        return 1
    first, *rest = rows
    minors = ([row[:k] + row[k + 1 :] for row in rest] for k in range(len(first)))
    return sum((-1) ** k * x * determinant(minor) for k, (x, minor) in enumerate(zip(first, minors, strict=True)))


def test_the_payoffs_are_in_general_position() -> None:
    assert determinant([[1] * 4, *([payoff[o] for o in OUTCOMES] for payoff in (WATER, QUIET, FISH))]) != 0


@NAMED
def test_it_bears_its_relations_name_and_is_traced(example: Example) -> None:
    assert example.relation.name == example.name
    assert not isinstance(formula_of(example.relation, example.outcomes), BlackBox)


@NAMED
def test_none_is_degenerate(example: Example) -> None:
    case = Instance(example.relation, example.outcomes, example.value)
    classify(case, example.name, dict(zip(NAMES, EXPECTED[example.name], strict=True)))


@NAMED
def test_with_one_outcome_there_is_nothing_to_compare(example: Example) -> None:
    report = pc.check(example.relation, example.outcomes[:1], axioms=NAMES)
    assert all(isinstance(verdict, pc.Proved) for verdict in report.values())


@NAMED
def test_with_two_outcomes_the_verdicts_are_right_about_a_grid(example: Example) -> None:
    """Reflexivity, transitivity and totality on lotteries in tenths, by asking the relation."""
    first, second = example.outcomes[:2]
    grid = [pc.Distribution({first: Fraction(k, 10), second: Fraction(10 - k, 10)}) for k in range(0, 11, 2)]
    says = {(i, j): example.relation(A, B) for i, A in enumerate(grid) for j, B in enumerate(grid)}
    report = pc.check(example.relation, (first, second), axioms=NAMES[:3], budget=10)
    all_of_it = range(len(grid))
    on_the_grid = {
        "reflexive": all(says[i, i] for i in all_of_it),
        "total": all(says[i, j] or says[j, i] for i in all_of_it for j in all_of_it),
        "transitive": all(
            says[i, k] for i in all_of_it for j in all_of_it if says[i, j] for k in all_of_it if says[j, k]
        ),
    }
    for axiom, holds in on_the_grid.items():
        if isinstance(report[axiom], pc.Proved):
            assert holds, axiom
