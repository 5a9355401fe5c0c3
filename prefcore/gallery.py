"""Ready-made processes: a reservoir on the Nile, from the flows recorded at Aswan, and two small ones for teaching.

The Nile's inflow classes are the terciles of the 100 annual flows 1871-1970 (Cobb, *The problem of the Nile*, 1978;
public domain), and the transition probabilities between them are the frequencies in that record, exact fractions.
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from prefcore.catalogue import (
    AnyRelation,
    chance_constraint,
    excess_risk,
    expect,
    lexicographic,
    majority,
    maximize,
    minimize,
    prob,
)
from prefcore.processes import DirectPreferenceProcess
from prefcore.trees import History

CLASSES = ("low", "normal", "high")
UNIT = 100  # 10^8 m³ of the record to a unit of 10^10 m³
DEMAND = 9  # units of water a year that the fields can use
SPILL = 1  # units released on top of the demand to make room
CAPACITY = 4
STORED = 2  # at the start


@dataclass(frozen=True, slots=True)
class NileRecord:
    """The flows of 1871-1970 in 10^8 m³, their tercile classes, and what follows from them."""

    flows: tuple[int, ...]
    classes: tuple[str, ...]
    inflow: Mapping[str, int]  # units a year, by class: the class mean, rounded
    frequency: Mapping[str, Fraction]
    transition: Mapping[str, Mapping[str, Fraction]]


@lru_cache(maxsize=1)
def nile_record() -> NileRecord:
    """The record that the package carries, with its classes and frequencies."""
    with files("prefcore").joinpath("data/nile.csv").open(encoding="utf-8") as file:
        flows = tuple(int(row["volume"]) for row in csv.DictReader(file))
    ranked = sorted(flows)
    bounds = ranked[len(flows) // 3], ranked[2 * len(flows) // 3]
    classes = tuple(CLASSES[sum(flow >= bound for bound in bounds)] for flow in flows)
    members = {c: [flow for flow, k in zip(flows, classes, strict=True) if k == c] for c in CLASSES}
    pairs = Counter(itertools.pairwise(classes))
    leaving = {c: sum(pairs[c, d] for d in CLASSES) for c in CLASSES}
    return NileRecord(
        flows,
        classes,
        {c: round(Fraction(sum(m), len(m) * UNIT)) for c, m in members.items()},
        {c: Fraction(len(m), len(flows)) for c, m in members.items()},
        {c: {d: Fraction(pairs[c, d], leaving[c]) for d in CLASSES} for c in CLASSES},
    )


def nile_state(history: History) -> tuple[int, int, int]:
    """``(units in store, flooded years, water delivered)`` after a history of the Nile reservoir.

    Each year the release is set before the inflow is seen. ``hold`` releases what the fields can use, ``spill`` one
    unit more; what exceeds the capacity floods the valley and is lost.
    """
    inflow = nile_record().inflow
    stored, floods, delivered = STORED, 0, 0
    for action, arriving in zip(history[1::2], history[2::2], strict=True):
        at_hand = stored + inflow[arriving]
        delivered += min(DEMAND, at_hand)
        stored = at_hand - min(at_hand, DEMAND + (SPILL if action == "spill" else 0))
        floods += stored > CAPACITY
        stored = min(stored, CAPACITY)
    return stored, floods, delivered


class NileOutcome(NamedTuple):
    """The overflow class (the flooded years), and the water that reached the fields in units of 10^10 m³."""

    floods: int
    water: int

    def __str__(self) -> str:
        floods = "no flood" if not self.floods else "1 flood" if self.floods == 1 else f"{self.floods} floods"
        return f"({floods}, {self.water})"


def nile_outcome(trajectory: History) -> NileOutcome:
    """What the operator's preferences see of a trajectory."""
    _, floods, delivered = nile_state(trajectory)
    return NileOutcome(floods, delivered)


def flooded(outcome: NileOutcome) -> bool:
    """The event that a year was flooded."""
    return outcome.floods > 0


def water(outcome: NileOutcome) -> int:
    """The water delivered."""
    return outcome.water


def penalty(outcome: NileOutcome) -> int:
    """Grows as 2^k with the overflow class k; none without a flood."""
    return 2**outcome.floods if outcome.floods else 0


def _dry_feet(outcome: NileOutcome) -> int:
    """The town counts flooded years."""
    return -outcome.floods


def _full_share(outcome: NileOutcome) -> int:
    """The mill stands still without the whole demand of every year but one unit."""
    return int(outcome.water >= DEMAND * 5 - 1)


def nile_preferences() -> dict[str, AnyRelation]:
    """Four preferences of a dam operator, by name.

    tie_breaking: no flood first, then water. excess_risk: any flood risk brings a penalty, blind to water.
    chance_constraint: a flood in at most one of five cases, then water; inconsistent. majority: of the fields (water),
    the town (flooded years) and the mill (a full share); not transitive.
    """
    return {
        "tie_breaking": lexicographic(minimize(prob(flooded)), maximize(expect(water))),
        "excess_risk": excess_risk(penalty, water),
        "chance_constraint": chance_constraint(flooded, Fraction(1, 5), water),
        "majority": majority(water, _dry_feet, _full_share),
    }


def nile(preference: str | AnyRelation = "tie_breaking", horizon: int = 5) -> DirectPreferenceProcess:
    """The reservoir on the Nile: over five years 4,665 decision histories and 23,328 trajectories.

    preference: a name from :func:`nile_preferences` or a relation over :class:`NileOutcome`.
    """
    record = nile_record()
    if isinstance(preference, str):
        named = nile_preferences()
        if preference not in named:
            raise ValueError(f"unknown preference {preference!r}: choose from {', '.join(named)}")
        preference = named[preference]

    def environment(history: History, action: Any) -> Mapping[str, Fraction]:
        return record.transition[history[-1]]

    return DirectPreferenceProcess(
        observations=CLASSES,
        actions=("hold", "spill"),
        horizon=horizon,
        environment=environment,
        preference=preference,
        initial=record.frequency,
        outcome=nile_outcome,
    )


# -- two small reservoirs for teaching ------------------------------------------------------------------------------

LEVELS = ("flood", "low", "half", "full")
LEVEL_WATER = {"flood": 0, "low": 1, "half": 3, "full": 7}


def _level(trajectory: History) -> str:
    """A wet season brings two units, releasing takes one; more than three units flood the valley."""
    stored = 1
    for action, inflow in zip(trajectory[1::2], trajectory[2::2], strict=True):
        stored += (2 if inflow == "wet" else 0) - (1 if action == "release" else 0)
        if stored > 3:
            return "flood"
    return "full" if stored == 3 else "half" if stored == 2 else "low"


def _seasons(history: History, action: Any) -> Mapping[str, Fraction]:
    wet = Fraction(2, 3) if history[-1] == "wet" else Fraction(1, 3)
    return {"wet": wet, "dry": 1 - wet}


def _small(preference: AnyRelation, horizon: int) -> DirectPreferenceProcess:
    return DirectPreferenceProcess(
        observations=("dry", "wet"),
        actions=("hold", "release"),
        horizon=horizon,
        environment=_seasons,
        preference=preference,
        initial={"dry": Fraction(1, 2), "wet": Fraction(1, 2)},
        outcome=_level,
    )


def tie_breaking_reservoir(horizon: int = 3) -> DirectPreferenceProcess:
    """Two kinds of season, two actions: the least flood risk, then the most water. No reward expresses it."""
    return _small(lexicographic(minimize(prob({"flood"})), maximize(expect(LEVEL_WATER))), horizon)


def excess_risk_reservoir(horizon: int = 3) -> DirectPreferenceProcess:
    """The same reservoir under excess risk: consistent, yet no vector of rewards expresses it [CPP24]."""
    return _small(excess_risk({"flood": 20}, LEVEL_WATER), horizon)
