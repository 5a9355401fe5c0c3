"""The gallery's numbers against the record itself, counted by hand here."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest

import prefcore as pc
import solvers
from prefcore import gallery
from prefcore.processes import tabulate


def test_record_is_the_hundred_flows_at_aswan():
    record = gallery.nile_record()
    assert len(record.flows) == 100
    assert (record.flows[0], record.flows[-1], min(record.flows), max(record.flows)) == (1120, 740, 456, 1370)
    assert sum(record.flows) == 91935  # the mean of 919.35 that the literature gives
    file = Path(gallery.__file__).parent / "data" / "nile.csv"
    rows = list(csv.DictReader(file.open()))
    assert [int(r["year"]) for r in rows] == list(range(1871, 1971))


def test_classes_are_terciles_and_transitions_are_frequencies():
    record = gallery.nile_record()
    assert [record.classes.count(c) for c in gallery.CLASSES] == [33, 33, 34]
    highest = {c: max(f for f, k in zip(record.flows, record.classes, strict=True) if k == c) for c in gallery.CLASSES}
    assert highest["low"] < min(f for f, k in zip(record.flows, record.classes, strict=True) if k == "normal")
    after_low = [b for a, b in zip(record.classes, record.classes[1:], strict=False) if a == "low"]
    assert record.transition["low"]["high"] == Fraction(after_low.count("high"), len(after_low))
    for row in (record.frequency, *record.transition.values()):
        assert sum(row.values()) == 1


def test_water_is_conserved():
    """What flows in is delivered, spilled, stored or lost over the rim."""
    history = ("low", "hold", "high", "hold", "high", "spill", "high", "hold", "low")
    stored, floods, delivered = gallery.nile_state(history)
    s, expected, overflow = gallery.STORED, 0, 0
    for action, units in (("hold", 11), ("hold", 11), ("spill", 11), ("hold", 7)):
        release = min(s + units, 9 + (action == "spill"))
        expected += min(9, release)
        s = s + units - release
        overflow += s > gallery.CAPACITY
        s = min(s, gallery.CAPACITY)
    assert (stored, floods, delivered) == (s, overflow, expected)


def test_size_and_names():
    tabulation = tabulate(gallery.nile())
    assert (len(tabulation.histories), len(tabulation.tree.outcome)) == (4665, 23328)
    assert str(gallery.NileOutcome(0, 45)) == "(no flood, 45)"
    with pytest.raises(ValueError, match="choose from tie_breaking"):
        gallery.nile("nonsense")


EXPECTED = {
    "tie_breaking": {"interpolation"},
    "excess_risk": {"convex", "interpolation"},
    "chance_constraint": {"consistent", "convex", "interpolation"},
    "majority": {"transitive", "preorder"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_four_preferences(name):
    solution = solvers.solve(gallery.nile(name))
    refuted = {axiom for axiom, verdict in solution.report.items() if isinstance(verdict, pc.Refuted)}
    assert refuted == EXPECTED[name]
    assert not any(isinstance(verdict, pc.Unknown) for verdict in solution.report.values())
    if refuted & {"consistent", "transitive"}:
        assert solution.policy is None and isinstance(solution.verdict, pc.Unknown)
    else:
        assert isinstance(solution.verdict, pc.Proved)
        always = pc.trajectory_distribution(gallery.nile(), lambda h: "spill").map(gallery.nile_outcome)
        found = solution.outcomes()
        assert found.prob(gallery.flooded) == always.prob(gallery.flooded)  # the least possible
        assert found.expect(gallery.water) > always.expect(gallery.water)


def test_small_reservoirs():
    for process in (gallery.tie_breaking_reservoir(), gallery.excess_risk_reservoir()):
        assert isinstance(solvers.solve(process).verdict, pc.Proved)
