"""Utilities from finite comparisons of lotteries (T9): recovered, bounded, implied, or proved not to exist.

Comparisons ``A_i ≺ B_i`` and ``C_j ≼ D_j`` leave the utilities u of the outcomes with ``E_B u > E_A u`` and
``E_D u >= E_C u``: a convex cone. With values in [0, 1] the best of them is taken to be the one whose least strict gap

    max t   such that  E_{B_i} u - E_{A_i} u >= t,  E_{D_j} u - E_{C_j} u >= 0,  0 <= u <= 1

is largest. At ``t > 0`` that utility explains the comparisons; at ``t = 0`` the multipliers of the rows are Motzkin's
weights, a proof that none does. The programs are solved exactly (:mod:`solvers.rewards.linear`), and the kernel checks
every answer. What all compatible utilities say of another pair follows by adding that pair, each way round.
Source: T9; Motzkin 1936; Fishburn, *Separation theorems and expected utilities*, 1975.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from prefcore import kernel
from prefcore.claims import HasUtility
from prefcore.comparisons import Comparisons, Pair, system_of
from prefcore.distribution import Distribution, Number, exact
from prefcore.systems import LinearSystem, Motzkin, Point, Row
from prefcore.verdicts import Proved, Refuted, Unknown
from solvers.rewards.linear import NotSolved, Optimum, Program, ceiling, maximise, rank

ZERO, ONE = Fraction(0), Fraction(1)
SECONDS = 600.0
SHOWN = 12  # comparisons or outcomes that a text lists


class NoUtility(ValueError):
    """No expected utility is compatible with the comparisons; `.recovery` has the weights that prove it."""

    def __init__(self, recovery: Recovery) -> None:
        super().__init__(f"no expected utility is compatible with the comparisons: {recovery}")
        self.recovery = recovery


@dataclass(frozen=True, slots=True)
class Recovery:
    """What finite comparisons say of utilities.

    verdict: ``Proved`` with `utility` (outcome -> Fraction in [0, 1]) and `margin`, the largest least strict gap that a
    utility with values in [0, 1] can have (None without strict comparisons: then the least weak gap is largest);
    ``Refuted`` with `weights`, one for each comparison, strict ones first: the weighted comparisons contradict each
    other; ``Unknown`` if the program could not be solved exactly in time. `largest` is the kernel's verdict that no
    utility in [0, 1] has larger gaps than the margin.
    """

    comparisons: Comparisons
    verdict: Proved | Refuted | Unknown
    utility: Mapping[Any, Fraction] | None = None
    margin: Fraction | None = None
    weights: tuple[Fraction, ...] | None = None
    _solved: tuple[Program, Optimum] | None = field(default=None, repr=False, compare=False)

    @property
    def largest(self) -> Refuted:
        """That no utility in [0, 1] has a larger least gap. Raises ``ValueError`` where there is no utility."""
        if self._solved is None or self.utility is None:
            raise ValueError("there is no utility, so none has the largest gap")
        return ceiling(*self._solved)

    @property
    def conflict(self) -> tuple[tuple[str, Pair, Fraction], ...]:
        """The comparisons that contradict each other, as ``("≺" or "≼", (A, B), weight)``; empty if none do."""
        pairs = [("≺", pair) for pair in self.comparisons.strict] + [("≼", pair) for pair in self.comparisons.weak]
        return tuple((sign, pair, w) for (sign, pair), w in zip(pairs, self.weights or (), strict=False) if w)

    def __str__(self) -> str:
        if isinstance(self.verdict, Unknown):
            return f"unknown: {self.verdict.reason}"
        if self.utility is not None:
            listed = sorted(self.utility.items(), key=lambda item: -item[1])
            rows = [f"  {o}: {u}" for o, u in listed[:SHOWN]]
            more = [f"  … and {len(listed) - SHOWN} more outcomes"] if len(listed) > SHOWN else []
            gap = "" if self.margin is None else f"; the least strict gap is {self.margin}, and cannot be larger"
            return "\n".join(
                [f"an expected utility explains the {len(self.comparisons)} comparisons{gap}", *rows, *more]
            )
        conflict = self.conflict
        rows = [f"  {w} × ({A}  {sign}  {B})" for sign, (A, B), w in conflict[:SHOWN]]
        more = [f"  … and {len(conflict) - SHOWN} more"] if len(conflict) > SHOWN else []
        head = f"no expected utility explains these {len(conflict)} comparisons: so weighted, their sides are the same"
        return "\n".join([head, *rows, *more])


def recover_utility(comparisons: Comparisons, *, seconds: float = SECONDS) -> Recovery:
    """The utility in [0, 1] with the largest least strict gap, exactly; or a proof that there is none (T9).

    Raises ``TypeError`` if these are no :class:`Comparisons`, ``ValueError`` if there are none.
    """
    system = _system(comparisons)
    program = _gap_program(system)
    claim = HasUtility(comparisons)
    start = time.monotonic()
    try:
        best = maximise(program, seconds)
    except NotSolved as reason:
        unknown = Unknown(claim, str(reason), "give more seconds, or fewer comparisons", time.monotonic() - start)
        return Recovery(comparisons, unknown)
    n, m = system.variables, len(system.strict)
    if best.value > 0 or not m:
        verdict = kernel.check(claim, Point(best.point[:n]))
        utility = MappingProxyType(dict(zip(comparisons.outcomes, best.point, strict=False)))
        return Recovery(comparisons, verdict, utility, best.value if m else None, None, (program, best))
    strict, weak = (
        {r - first: y for r, y in best.weak.items() if r in range(first, end)} for first, end in _split(system)
    )
    verdict = kernel.check(claim, Motzkin(tuple(sorted(strict.items())), tuple(sorted(weak.items()))))
    weights = [strict.get(r, ZERO) for r in range(m)] + [weak.get(r, ZERO) for r in range(len(system.weak))]
    return Recovery(comparisons, verdict, None, None, tuple(weights), (program, best))


def _split(system: LinearSystem) -> tuple[tuple[int, int], tuple[int, int]]:
    m = len(system.strict)
    return (0, m), (m, m + len(system.weak))


def _system(comparisons: Comparisons) -> LinearSystem:
    if not isinstance(comparisons, Comparisons):
        raise TypeError(f"expected solvers.Comparisons(strict=…, weak=…), got {comparisons!r}")
    if not len(comparisons):
        raise ValueError("there are no comparisons: give at least one strict or weak pair")
    return system_of(comparisons)


def _gap_program(system: LinearSystem) -> Program:
    """max t over ``(u, t)`` in the unit box; without strict rows the weak ones have the gaps."""
    n = system.variables
    strict: list[Row] = [((*terms, (n, -ONE)), ZERO) for terms, _ in system.strict or system.weak]
    return Program({n: ONE}, [ZERO] * (n + 1), [ONE] * (n + 1), [*strict, *(system.weak if system.strict else ())])


# -- what follows for another pair ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Implication:
    """Which of ``A ≺ B``, ``A ~ B``, ``A ≻ B`` compatible utilities say: `possible`, each with the kernel's verdict.

    `relation` is the only one possible, or "undetermined".
    """

    relation: str
    possible: frozenset[str]
    verdicts: Mapping[str, Proved | Refuted]


def implied(comparisons: Comparisons, A: Distribution, B: Distribution, *, seconds: float = SECONDS) -> str:
    """What all compatible utilities say of A and B: "≺" (B is better), "~", "≻", or "undetermined" if they differ.

    Raises :class:`NoUtility` (a ``ValueError``) if there are none, :class:`NotSolved` if the time did not suffice.
    """
    return implication(comparisons, A, B, seconds=seconds).relation


def implication(comparisons: Comparisons, A: Distribution, B: Distribution, *, seconds: float = SECONDS) -> Implication:
    """As :func:`implied`, with what is possible and the evidence."""
    _system(comparisons)
    _lotteries(A, B)
    verdicts: dict[str, Proved | Refuted] = {}
    for sign, strict, weak in (("≺", [(A, B)], []), ("≻", [(B, A)], []), ("~", [], [(A, B), (B, A)])):
        answer = recover_utility(
            Comparisons((*comparisons.strict, *strict), (*comparisons.weak, *weak)), seconds=seconds
        )
        if isinstance(answer.verdict, Unknown):
            raise NotSolved(answer.verdict.reason)
        verdicts[sign] = answer.verdict
    possible = frozenset(sign for sign, verdict in verdicts.items() if isinstance(verdict, Proved))
    if not possible:
        raise NoUtility(recover_utility(comparisons, seconds=seconds))
    relation = next(iter(possible)) if len(possible) == 1 else "undetermined"
    return Implication(relation, possible, MappingProxyType(verdicts))


def _lotteries(A: Distribution, B: Distribution) -> None:
    for name, lottery in (("A", A), ("B", B)):
        if not isinstance(lottery, Distribution):
            raise TypeError(f"{name} must be a Distribution, got {lottery!r}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the largest ``E_B u - E_A u``, utilities that attain them, and the kernel's verdicts on both.

    A bound is approached, not attained, where only utilities attain it that make a strict comparison indifferent.
    """

    low: Fraction
    high: Fraction
    lowest: Mapping[Any, Fraction]
    highest: Mapping[Any, Fraction]
    verdicts: tuple[Refuted, Refuted]


def difference_bounds(
    comparisons: Comparisons,
    A: Distribution,
    B: Distribution,
    *,
    anchors: tuple[Any, Any] | None = None,
    margin: Number = 0,
    seconds: float = SECONDS,
) -> Bounds:
    """The range of ``E_B u - E_A u`` over the compatible utilities with values in [0, 1], exactly.

    anchors: two outcomes whose utilities are 0 and 1: without them the constant utility is near every compatible one,
    so that the range always reaches 0. margin: the least gap of strict comparisons, e.g. half of the largest possible.
    Raises :class:`NoUtility` if there is none such, :class:`NotSolved` if the time did not suffice.
    """
    _system(comparisons)
    _lotteries(A, B)
    least = exact(margin, "margin")
    if least < 0:
        raise ValueError(f"margin must not be negative, got {margin!r}")
    outcomes = tuple(dict.fromkeys((*comparisons.outcomes, *A, *B, *(anchors or ()))))
    data = Comparisons(comparisons.strict, comparisons.weak, outcomes)
    system = system_of(data)
    recovery = recover_utility(data, seconds=seconds)
    if isinstance(recovery.verdict, Refuted):
        raise NoUtility(recovery)
    if recovery.margin is not None and least > recovery.margin:
        raise ValueError(f"margin must be at most {recovery.margin}, the largest least gap, got {margin!r}")
    place = {o: i for i, o in enumerate(outcomes)}
    equal: list[Row] = []
    if anchors is not None:
        if len(anchors) != 2 or anchors[0] == anchors[1]:
            raise ValueError(f"anchors must be two different outcomes, got {anchors!r}")
        equal = [(((place[o], ONE),), value) for o, value in zip(anchors, (ZERO, ONE), strict=True)]
    n = len(outcomes)
    weak = [*((terms, least) for terms, _ in system.strict), *system.weak]
    gain = {place[o]: B[o] - A[o] for o in dict.fromkeys((*A, *B))}
    ends: list[tuple[Program, Optimum]] = []
    for sign in (-1, 1):
        program = Program({i: sign * c for i, c in gain.items()}, [ZERO] * n, [ONE] * n, weak, equal)
        try:
            ends.append((program, maximise(program, seconds)))
        except NotSolved as reason:
            if anchors is None:
                raise
            raise NotSolved(f"{reason}: is {anchors[0]!r} below {anchors[1]!r} in no compatible utility?") from reason
    (_, low), (_, high) = ends
    lowest, highest = (MappingProxyType(dict(zip(outcomes, best.point, strict=True))) for _, best in ends)
    verdicts = (ceiling(*ends[0]), ceiling(*ends[1]))
    return Bounds(-low.value, high.value, lowest, highest, verdicts)


def is_unique(comparisons: Comparisons, *, seconds: float = SECONDS) -> bool:
    """Whether all compatible utilities are positive affine maps of each other.

    They are iff the weak comparisons in which every compatible utility is indifferent leave, besides the constants,
    one dimension (or none, if every compatible utility is constant). Raises as :func:`implied` does.
    """
    system = _system(comparisons)
    recovery = recover_utility(comparisons, seconds=seconds)
    if isinstance(recovery.verdict, Refuted):
        raise NoUtility(recovery)
    if isinstance(recovery.verdict, Unknown) or recovery.utility is None:
        raise NotSolved("no utility was found in the time")
    point = [recovery.utility[o] for o in comparisons.outcomes]
    tight = [row for row in system.weak if sum((c * point[i] for i, c in row[0]), ZERO) == 0]
    n = system.variables
    while tight:  # raise as many as possible; those that stay are equalities on the whole cone
        m = len(tight)
        raised: list[Row] = [((*terms, (n + k, -ONE)), ZERO) for k, (terms, _) in enumerate(tight)]
        strict: list[Row] = [(terms, ONE) for terms, _ in system.strict]
        program = Program(
            {n + k: ONE for k in range(m)},
            [None] * n + [ZERO] * m,
            [None] * n + [ONE] * m,
            [*strict, *system.weak, *raised],
        )
        best = maximise(program, seconds)
        kept = [row for k, row in enumerate(tight) if not best.point[n + k]]
        if len(kept) == m:
            break
        tight = kept
    free = n - rank([dict(terms) for terms, _ in tight], n) - 1
    return free <= 1
