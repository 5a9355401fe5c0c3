"""Which comparisons to drop, so that an expected utility explains the rest.

Every Motzkin proof names a conflict: comparisons that cannot all be kept. A set of comparisons whose removal leaves a
utility is a hitting set of all conflicts; a minimum one is found with the conflicts met so far, by a mixed-integer
program, which names a new conflict where the rest still has no utility, and is a minimum where it has one. On larger
data a linear program finds the comparisons that a utility of least total violation leaves unexplained, and each of them
that can be kept beside the others is taken back: the set is then minimal by inclusion.
Source: Chinneck, *Feasibility and infeasibility in optimization*, 2008, chapter 7 (maximum feasible subsystems).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix

from prefcore.checking import seconds_of
from prefcore.comparisons import Comparisons, system_of
from prefcore.verdicts import Proved, Refuted, Unknown
from solvers.rewards.linear import NotSolved, Program, maximise_each
from solvers.rewards.utilities import SECONDS, Recovery, recover_utility

ZERO, ONE = Fraction(0), Fraction(1)
FEW = 2000  # comparisons up to which a minimum is looked for


@dataclass(frozen=True, slots=True)
class Dropped:
    """The comparisons to drop, by their positions among the strict and the weak ones.

    kind: "minimum" (no fewer will do), "inclusion-minimal" (none of them can be kept beside the rest; a smaller set may
    exist), or "sufficient" (the time did not suffice to see whether some could be kept). `recovery` is of the rest.
    """

    strict: tuple[int, ...]
    weak: tuple[int, ...]
    kind: Literal["minimum", "inclusion-minimal", "sufficient"]
    recovery: Recovery

    def __len__(self) -> int:
        return len(self.strict) + len(self.weak)

    def __str__(self) -> str:
        how = {
            "minimum": "a smallest set",
            "inclusion-minimal": "a set of which none can be kept (a smaller set may exist)",
            "sufficient": "a sufficient set (time ran out before it was seen whether some could be kept)",
        }[self.kind]
        many = f"{len(self)} comparison{'' if len(self) == 1 else 's'}"
        return f"drop {many}, {how}: strict {list(self.strict)}, weak {list(self.weak)}"


def comparisons_to_drop(comparisons: Comparisons, *, seconds: float = 60.0) -> Dropped:
    """The fewest comparisons without which a utility explains the rest; see :class:`Dropped` for what "fewest" means.

    Raises as :func:`solvers.recover_utility` does, and :class:`NotSolved` if not even a sufficient set was found.
    """
    deadline = time.monotonic() + seconds_of(seconds, "seconds")
    first = recover_utility(comparisons, seconds=seconds)
    if isinstance(first.verdict, Unknown):
        raise NotSolved(first.verdict.reason)
    if isinstance(first.verdict, Proved):
        return Dropped((), (), "minimum", first)
    if len(comparisons) <= FEW:
        found = _minimum(comparisons, first, time.monotonic() + seconds / 2)
        if found is not None:
            return found
    return _inclusion_minimal(comparisons, deadline)


def _without(comparisons: Comparisons, dropped: Iterable[int]) -> Comparisons:
    gone, m = set(dropped), len(comparisons.strict)
    strict = [pair for i, pair in enumerate(comparisons.strict) if i not in gone]
    weak = [pair for i, pair in enumerate(comparisons.weak) if i + m not in gone]
    return Comparisons(strict, weak, comparisons.outcomes)


def _explained(comparisons: Comparisons, dropped: Iterable[int], deadline: float) -> Recovery:
    """Of the rest; raises :class:`NotSolved` when the time is used up."""
    left = deadline - time.monotonic()
    rest = _without(comparisons, dropped)
    if left <= 0:
        raise NotSolved("the time is used up")
    if not len(rest):  # whatever: one trivial comparison stands for none
        point = (*comparisons.strict, *comparisons.weak)[0][0]
        rest = Comparisons((), [(point, point)], comparisons.outcomes)
    recovery = recover_utility(rest, seconds=left)
    if isinstance(recovery.verdict, Unknown):
        raise NotSolved(recovery.verdict.reason)
    return recovery


def _support(recovery: Recovery, comparisons: Comparisons, dropped: set[int]) -> frozenset[int]:
    """The positions, in all the data, of the comparisons with weight."""
    kept = [i for i in range(len(comparisons)) if i not in dropped]
    return frozenset(kept[k] for k, w in enumerate(recovery.weights or ()) if w)


def _minimum(comparisons: Comparisons, first: Recovery, deadline: float) -> Dropped | None:
    """Hitting sets of the conflicts so far, until one is enough; None if the time runs out."""
    conflicts = [_support(first, comparisons, set())]
    try:
        while True:
            dropped = _hitting_set(conflicts, deadline)
            if dropped is None:
                return None
            recovery = _explained(comparisons, dropped, deadline)
            if isinstance(recovery.verdict, Proved):
                return _dropped(comparisons, dropped, "minimum", recovery)
            gone = set(dropped)
            while not isinstance(recovery.verdict, Proved):  # several conflicts that share nothing, at once
                conflict = _support(recovery, comparisons, gone)
                conflicts.append(conflict)
                gone |= conflict
                recovery = _explained(comparisons, gone, deadline)
    except NotSolved:
        return None


def _hitting_set(conflicts: Sequence[frozenset[int]], deadline: float) -> list[int] | None:
    members = sorted(set().union(*conflicts))
    place = {i: k for k, i in enumerate(members)}
    rows = [r for r, conflict in enumerate(conflicts) for _ in conflict]
    columns = [place[i] for conflict in conflicts for i in conflict]
    matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(conflicts), len(members)))
    found = milp(
        np.ones(len(members)),
        constraints=LinearConstraint(matrix, lb=1),
        integrality=np.ones(len(members)),
        bounds=Bounds(0, 1),
        options={"time_limit": max(0.01, deadline - time.monotonic()), "mip_rel_gap": 0.0},
    )
    if found.status != 0:
        return None
    return [i for i, x in zip(members, found.x, strict=True) if x > 0.5]


def _inclusion_minimal(comparisons: Comparisons, deadline: float) -> Dropped:
    dropped = _violated(comparisons, deadline)
    while isinstance((recovery := _explained(comparisons, dropped, deadline)).verdict, Refuted):  # what rounding kept
        dropped |= _support(recovery, comparisons, dropped)
    kind: Literal["inclusion-minimal", "sufficient"] = "inclusion-minimal"
    try:
        _take_back(comparisons, dropped, deadline)
    except NotSolved:
        kind = "sufficient"
    return _dropped(comparisons, dropped, kind, _explained(comparisons, dropped, deadline + SECONDS))


def _take_back(comparisons: Comparisons, dropped: set[int], deadline: float) -> None:
    """Takes back, one by one, what can be kept beside the rest.

    The rest has a utility u. If some v at which no kept comparison loses gains in a dropped one, then ``u + cv``
    explains it as well for a large c; if none does, a strict comparison must stay dropped.
    """
    system = system_of(comparisons)
    rows, m, n = (*system.strict, *system.weak), len(system.strict), system.variables
    waiting = sorted(dropped)
    while waiting:
        kept = [row for i, row in enumerate(rows) if i not in dropped]
        cone = Program({}, [ZERO] * n, [ONE] * n, kept)
        gains = maximise_each(cone, [dict(rows[i][0]) for i in waiting], deadline - time.monotonic())
        for i, best in zip(list(waiting), gains, strict=True):
            waiting.remove(i)
            if best.value > 0 or (
                i >= m and isinstance(_explained(comparisons, dropped - {i}, deadline).verdict, Proved)
            ):
                dropped.discard(i)
                break  # the cone is smaller now


def _violated(comparisons: Comparisons, deadline: float) -> set[int]:
    """What a utility of least total violation leaves unexplained: ``min Σ max(0, 1 - gain)``, by its dual."""
    system = system_of(comparisons)
    rows = (*system.strict, *system.weak)
    m = len(system.strict)
    index = [r for r, (terms, _) in enumerate(rows) for _ in terms]
    columns = [i for terms, _ in rows for i, _ in terms]
    values = [float(c) for terms, _ in rows for _, c in terms]
    gains = csr_matrix((values, (index, columns)), shape=(len(rows), system.variables))
    wanted = np.where(np.arange(len(rows)) < m, 1.0, 0.0)
    # max Σ_strict α over 0 <= α <= 1 with Σ α·gain = 0; the multipliers of its rows are the utility.
    found = linprog(
        -wanted,
        A_eq=gains.T.tocsr(),
        b_eq=np.zeros(system.variables),
        bounds=(0.0, 1.0),
        method="highs",
        options={"time_limit": max(0.01, deadline - time.monotonic())},
    )
    if found.status != 0:
        raise NotSolved("the time did not suffice to find a set of comparisons whose removal is enough")
    utility = -np.asarray(found.eqlin.marginals)
    gained = gains @ utility
    if (gained[:m] > 0.5).sum() < (gained[:m] < -0.5).sum():
        gained = -gained  # the sign of a multiplier is the solver's convention
    return set(np.flatnonzero(gained < np.where(wanted > 0, 1e-6, -1e-9)).tolist())


def _dropped(
    comparisons: Comparisons,
    dropped: Iterable[int],
    kind: Literal["minimum", "inclusion-minimal", "sufficient"],
    recovery: Recovery,
) -> Dropped:
    m, listed = len(comparisons.strict), sorted(dropped)
    return Dropped(tuple(i for i in listed if i < m), tuple(i - m for i in listed if i >= m), kind, recovery)
