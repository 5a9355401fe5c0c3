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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, overload

from scipy.sparse import csr_matrix

from prefcore import kernel
from prefcore.checking import seconds_of
from prefcore.claims import HasUtility
from prefcore.comparisons import Comparisons, Pair, gain, place_in, system_of
from prefcore.distribution import Distribution, Number, exact
from prefcore.systems import LinearSystem, Motzkin, Point, Row, Terms
from prefcore.verdicts import Proved, Refuted, Unknown
from solvers.rewards.linear import NotSolved, Optimum, Program, ceiling, maximise, rounded, solve_system
from solvers.rewards.square import rank

ZERO, ONE = Fraction(0), Fraction(1)
SECONDS = 600.0
TINY = Fraction(1, 10**6)
SHOWN = 12  # comparisons or outcomes that a text lists


class NoUtility(ValueError):
    """No expected utility is compatible with what was given; `.verdict` has the weights that prove it."""

    def __init__(self, message: str, verdict: Refuted) -> None:
        super().__init__(message)
        self.verdict = verdict


@dataclass(frozen=True, slots=True, repr=False)
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
            rows = [f"  {o}: {_short(u)}" for o, u in listed[:SHOWN]]
            more = [f"  … and {len(listed) - SHOWN} more outcomes"] if len(listed) > SHOWN else []
            gap = (
                "" if self.margin is None else f"; the least strict gap is {_short(self.margin)}, and cannot be larger"
            )
            return "\n".join([f"an expected utility explains {_counted(len(self.comparisons))}{gap}", *rows, *more])
        conflict = self.conflict
        rows = [f"  {_short(w)} × ({A}  {sign}  {B})" for sign, (A, B), w in conflict[:SHOWN]]
        more = [f"  … and {len(conflict) - SHOWN} more"] if len(conflict) > SHOWN else []
        many = _counted(len(conflict))
        head = f"no expected utility explains {many}: so weighted, the two sides are the same"
        return "\n".join([head, *rows, *more])

    __repr__ = __str__  # the comparisons may be many, and the numbers long


def recover_utility(comparisons: Comparisons, *, seconds: float = SECONDS) -> Recovery:
    """The utility in [0, 1] with the largest least strict gap, exactly; or a proof that there is none (T9).

    Raises ``TypeError`` if these are no :class:`Comparisons`, ``ValueError`` if there are none.
    """
    _at_the_door(comparisons)
    allowed = seconds_of(seconds, "seconds")
    sizes = _small_sizes(comparisons)
    program = _gap_program(comparisons, sizes)
    claim = HasUtility(comparisons)
    start = time.monotonic()
    try:
        best = maximise(program, allowed)
    except NotSolved as reason:
        unknown = Unknown(claim, str(reason), "give more seconds, or fewer comparisons", time.monotonic() - start)
        return Recovery(comparisons, unknown)
    solved = (program, best) if sizes is None else _in_plain_units(comparisons, best, sizes)
    n, m = len(comparisons.outcomes), len(comparisons.strict)
    if best.value > 0 or not m:
        verdict = kernel.check(claim, Point(best.point[:n]))
        utility = MappingProxyType(dict(zip(comparisons.outcomes, best.point, strict=False)))
        return Recovery(comparisons, verdict, utility, solved[1].value if m else None, None, solved)
    strict = {r: y for r, y in solved[1].weak.items() if r < m}
    weak = {r - m: y for r, y in solved[1].weak.items() if r >= m}
    verdict = kernel.check(claim, Motzkin(tuple(sorted(strict.items())), tuple(sorted(weak.items()))))
    weights = [strict.get(r, ZERO) for r in range(m)] + [weak.get(r, ZERO) for r in range(len(comparisons.weak))]
    return Recovery(comparisons, verdict, None, None, tuple(weights), solved)


def _short(value: Fraction) -> str:
    """An exact number, or, where nobody would read it, what it is about."""
    return str(value) if value.denominator < 10**12 else f"≈ {float(value):.6g}"


def _counted(comparisons: int) -> str:
    return f"{comparisons} comparison{'s' if comparisons > 1 else ''}"


def _recovered(comparisons: Comparisons, seconds: float) -> Recovery:
    """The recovery of comparisons that have a utility; else raises :class:`NoUtility`, or :class:`NotSolved`."""
    recovery = recover_utility(comparisons, seconds=seconds)
    if isinstance(recovery.verdict, Refuted):
        raise NoUtility(str(recovery), recovery.verdict)
    if isinstance(recovery.verdict, Unknown):
        raise NotSolved(recovery.verdict.reason)
    return recovery


def _at_the_door(comparisons: Comparisons) -> None:
    if not isinstance(comparisons, Comparisons):
        raise TypeError(f"expected solvers.Comparisons(strict=…, weak=…), got {comparisons!r}")
    if not len(comparisons):
        raise ValueError("there are no comparisons: give at least one strict or weak pair")


def _gap_program(comparisons: Comparisons, sizes: Sequence[Fraction] | None) -> Program:
    """max t over ``(u, t)`` in the unit box, where all may be zero; without strict rows the weak ones have the gaps.

    With `sizes` each row is divided by its own, and t is counted in units of the smallest.
    """
    n = len(comparisons.outcomes)
    rows = _GapRows(comparisons, sizes)
    box: list[Fraction | None] = [ZERO] * (n + 1)
    return Program({n: ONE}, box, [*[ONE] * n, 1 / rows.unit], rows, (), rows.rounded(), (ZERO,) * (n + 1))


def _small_sizes(comparisons: Comparisons) -> list[Fraction] | None:
    """The largest difference of a probability in each comparison, where some are so small that HiGHS ignores them."""
    pairs = (*comparisons.strict, *comparisons.weak)
    if all(p >= TINY for pair in pairs for lottery in pair for _, p in lottery.items()):
        return None
    place = place_in(comparisons.outcomes)
    sizes = [max((abs(c) for _, c in gain(*pair, place)), default=ONE) for pair in pairs]
    return sizes if min(sizes) < TINY else None


def _in_plain_units(comparisons: Comparisons, best: Optimum, sizes: Sequence[Fraction]) -> tuple[Program, Optimum]:
    """The program and its optimum with rows that are not divided by anything, and t not counted in units."""
    plain = _gap_program(comparisons, None)
    unit = _unit(comparisons, sizes)
    weak = {r: unit * y / sizes[r] for r, y in best.weak.items()}
    return plain, Optimum(best.value * unit, (*best.point[:-1], best.value * unit), weak, {})


def _unit(comparisons: Comparisons, sizes: Sequence[Fraction]) -> Fraction:
    return min(sizes[: len(comparisons.strict) or len(sizes)])


class _GapRows(Sequence[Row]):
    """The rows of the comparisons, strict ones first; most are never needed exactly, so each is made when asked for."""

    def __init__(self, comparisons: Comparisons, sizes: Sequence[Fraction] | None) -> None:
        self.pairs = (*comparisons.strict, *comparisons.weak)
        self.gaps = len(comparisons.strict) or len(self.pairs)
        self.place = place_in(comparisons.outcomes)
        self.n = len(comparisons.outcomes)
        self.sizes = sizes
        self.unit = ONE if sizes is None else _unit(comparisons, sizes)

    def __len__(self) -> int:
        return len(self.pairs)

    @overload
    def __getitem__(self, r: int) -> Row: ...
    @overload
    def __getitem__(self, r: slice) -> list[Row]: ...
    def __getitem__(self, r: int | slice) -> Row | list[Row]:
        if isinstance(r, slice):
            return [self[i] for i in range(*r.indices(len(self)))]
        terms, size = gain(*self.pairs[r], self.place), ONE
        if self.sizes is not None:
            size = self.sizes[r]
            terms = tuple((i, c / size) for i, c in terms)
        return ((*terms, (self.n, -self.unit / size)) if r < self.gaps else terms), ZERO

    def rounded(self) -> csr_matrix:
        """All of them as floats; what both lotteries can give is added up."""
        where: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        if self.sizes is not None:
            return rounded([terms for terms, _ in self[:]], self.n + 1)
        for r, pair in enumerate(self.pairs):
            for lottery, sign in zip(pair, (-1, 1), strict=True):
                for outcome, p in lottery.items():
                    columns.append(self.place(outcome))
                    values.append(sign * (p.numerator / p.denominator))
                    where.append(r)
        where += range(self.gaps)
        columns += [self.n] * self.gaps
        values += [-1.0] * self.gaps
        return csr_matrix((values, (where, columns)), shape=(len(self), self.n + 1))


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
    _at_the_door(comparisons)
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
        _recovered(comparisons, seconds)  # raises: without a utility nothing is possible, and only then
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
    Raises :class:`NoUtility` if there is none such, :class:`NotSolved` if the time did not suffice, ``ValueError`` for
    anchors that no lottery can give.
    """
    _at_the_door(comparisons)
    _lotteries(A, B)
    least = exact(margin, "margin")
    if least < 0:
        raise ValueError(f"margin must not be negative, got {margin!r}")
    outcomes = tuple(dict.fromkeys((*comparisons.outcomes, *A, *B)))
    place = {o: i for i, o in enumerate(outcomes)}
    equal: list[Row] = []
    if anchors is not None:
        if type(anchors) is not tuple or len(anchors) != 2 or anchors[0] == anchors[1]:
            raise ValueError(f"anchors must be a pair of different outcomes, got {anchors!r}")
        for o, value in zip(anchors, (ZERO, ONE), strict=True):
            if o not in place:
                raise ValueError(f"anchors must be outcomes of the lotteries, got {o!r}")
            equal.append((((place[o], ONE),), value))
    n = len(outcomes)
    system = system_of(Comparisons(comparisons.strict, comparisons.weak, outcomes))
    _some_utility(system, equal, least, seconds)
    weak = [*((terms, least) for terms, _ in system.strict), *system.weak]
    gain = {place[o]: B[o] - A[o] for o in dict.fromkeys((*A, *B))}
    ends: list[tuple[Program, Optimum]] = []
    for sign in (-1, 1):
        program = Program({i: sign * c for i, c in gain.items()}, [ZERO] * n, [ONE] * n, weak, equal)
        ends.append((program, maximise(program, seconds)))
    (_, low), (_, high) = ends
    lowest, highest = (MappingProxyType(dict(zip(outcomes, best.point, strict=True))) for _, best in ends)
    verdicts = (ceiling(*ends[0]), ceiling(*ends[1]))
    return Bounds(-low.value, high.value, lowest, highest, verdicts)


def _some_utility(system: LinearSystem, equal: Sequence[Row], least: Fraction, seconds: float) -> None:
    """Raises :class:`NoUtility` unless a utility in [0, 1] with these values has strict gaps, of at least `least`."""
    box: list[Row] = [(((i, ONE),), ZERO) for i in range(system.variables)]
    box += [(((i, -ONE),), -ONE) for i in range(system.variables)]
    gaps = tuple((terms, least) for terms, _ in system.strict)
    strict, weak = (gaps, ()) if least == 0 else ((), gaps)
    wanted = LinearSystem(system.variables, strict, (*weak, *system.weak, *box), tuple(equal))
    verdict = solve_system(wanted, seconds)
    if isinstance(verdict, Refuted):
        raise NoUtility("no utility in [0, 1] is compatible with the comparisons, the anchors and the margin", verdict)
    if isinstance(verdict, Unknown):
        raise NotSolved(verdict.reason)


def is_unique(comparisons: Comparisons, *, seconds: float = SECONDS) -> bool:
    """Whether all compatible utilities are positive affine maps of each other.

    They are iff the weak comparisons in which every compatible utility is indifferent leave, besides the constants,
    no dimension, or one on which a strict comparison tells the two directions apart. Raises as :func:`implied` does.
    """
    _at_the_door(comparisons)
    system = system_of(comparisons)
    recovery = _recovered(comparisons, seconds)
    assert recovery.utility is not None
    point = [recovery.utility[o] for o in comparisons.outcomes]
    tight = [row for row in system.weak if sum((c * point[i] for i, c in row[0]), ZERO) == 0]
    n = system.variables
    while tight:  # raise as many as possible; those that stay are equalities on the whole cone
        m = len(tight)
        raised: list[Row] = [((*_scaled(terms), (n + k, -ONE)), ZERO) for k, (terms, _) in enumerate(tight)]
        rows: list[Row] = [(_scaled(terms), ZERO) for terms, _ in (*system.strict, *system.weak)]  # the closure will do
        program = Program({n + k: ONE for k in range(m)}, [ZERO] * (n + m), [ONE] * (n + m), [*rows, *raised])
        best = maximise(program, seconds)
        kept = [row for k, row in enumerate(tight) if not best.point[n + k]]
        if len(kept) == m:
            break
        tight = kept
    free = n - rank([dict(terms) for terms, _ in tight], n) - 1
    return free == 0 or (free == 1 and bool(system.strict))


def _scaled(terms: Terms) -> Terms:
    """The same inequality with coefficients of at most one."""
    most = max((abs(c) for _, c in terms), default=ONE)
    return tuple((i, c / most) for i, c in terms)
