"""Utilities from questions: standard gambles, searched in the Farey sequence, audited, and judged by the kernel.

If ≼ is an expected utility's order (T4), and worst ≺ best, then with ``M_α = α best + (1-α) worst``, u(worst) = 0 and
u(best) = 1,

    o ≼ M_α  ⇔  u(o) <= α        and        M_α ≼ o  ⇔  α <= u(o).

Worst and best are found with 3n/2 - 1 questions, by knock-out. Each u(o) is then searched in ``F_D``, the fractions in
[0, 1] with denominators of at most D = ⌈1/precision⌉ (:mod:`.farey`): a question at a simple α between
the 45th and 55th percentile of what is left of F_D, until one member c is left; then ``M_c ≼ o`` confirms u(o) = c, or
shows that u(o) is strictly between two neighbours in F_D, which differ by at most 1/D. So u(o) is found exactly if its
denominator is at most D, with about log2 |F_D| + 1 questions. An end of the interval that has withstood ``PATIENCE``
questions is tried at once: a utility such as 1/2 takes 7 questions instead of 19, and the others lose half a question.
Utilities that are known already are preferred as α where they leave a third of F_D or more on each side, and the
answers of the knock-out bound the search: ties save.

**Information bound.** N = m^n - 2(m-1)^n + (m-2)^n + 1 normalised utilities have values in F_D, m = |F_D|: those with a
0 and a 1 somewhere, and indifference. Each answer is one bit, so no method that finds all of them can ask fewer than
log2 N questions, in the worst case or on average over a uniform draw.

With noise, questions are repeated (:mod:`.questions`). By Fano's inequality no method takes fewer than
``(confidence · log2 N - 1)/(1 - H(p))`` answers on average over a uniform draw, H being the binary entropy: 1 - H(p) is
what an answer tells at most, the capacity of a binary symmetric channel.

Sources: von Neumann and Morgenstern, *Theory of games and economic behavior*, 1947; Farquhar, *Utility assessment
methods*, 1984; Kwek and Mehlhorn, *Optimal search for rationals*, 2003; Wald, *Sequential analysis*, 1947; Cover and
Thomas, *Elements of information theory*, 2006, theorems 2.10.1 and 7.12.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, log2
from types import MappingProxyType
from typing import Any

from prefcore import kernel
from prefcore.claims import HasUtility
from prefcore.comparisons import Comparisons
from prefcore.distribution import Distribution, Number, exact, mix
from prefcore.records import EvidenceRejected
from prefcore.relations import outcomes_tuple
from prefcore.systems import Motzkin, Point
from prefcore.verdicts import Proved, Refuted, Unknown
from solvers.rewards.elicitation.audits import audit_questions
from solvers.rewards.elicitation.farey import LARGEST, rank, simplest_inside, split
from solvers.rewards.elicitation.intervals import Interval
from solvers.rewards.elicitation.questions import Answer, Asked, Exhausted, Oracle, lead_for
from solvers.rewards.utilities import recover_utility

PATIENCE = 5  # an end that is not the utility withstands so many questions with probability 1/32
MANY = 10_000_000  # answers that are not asked for unless max_queries allows them
FEW = 4  # outcomes: a contradiction between answers about so few ends the audit
ANY, KNOWN = Fraction(9, 20), Fraction(1, 3)  # the least share that a cut leaves on a side, and at a known utility


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Answers that no expected utility explains, each with a positive weight (T9, Motzkin).

    Weighed so, the left sides and the right sides add up to the same measure, yet some preference is strict.
    """

    answers: tuple[Answer, ...]
    weights: tuple[Fraction, ...]

    def __str__(self) -> str:
        lines = (
            f"  {answer}   (weight {w}; {answer.purpose})" for answer, w in zip(self.answers, self.weights, strict=True)
        )
        return "\n".join(
            (
                f"No expected utility explains these {len(self.answers)} answers:",
                *lines,
                "Added up with these weights, both sides hold the same share of every outcome, yet a preference is"
                " strict.",
            )
        )


@dataclass(frozen=True, slots=True, repr=False)
class Elicitation:
    """What the oracle's answers say about its utility.

    utility: outcome -> Fraction, the worst 0 and the best 1, all 0 if everything is indifferent; where the utility is
    no fraction of F_D, a simple one inside the interval that explains the answers. None unless `converged`.
    intervals: outcome -> ``(low, high)``: the bounds that the gambles and the order of the outcomes imply if the oracle
    has a utility. (The audit may imply narrower ones: see ``solvers.difference_bounds(answers, …)``.)
    exact: outcome -> whether the answers imply indifference with the gamble at ``low = high``. Where it is False,
    `low` and `high` themselves are excluded in a run that converged.
    queries: how often the oracle was called, repetitions and audit included. audited: of these the number of audit
    questions that were decided. bound: the information bound on `queries`.
    answers: all that was decided, as comparisons. record: the same one by one, in order, with purpose and counts.
    verdict: ``Proved`` (the evidence is a utility that explains all answers) or ``Refuted`` (weights that show that
    there is none), by the kernel. It is about the answers as decided; of an oracle nothing more can be proved. With
    noise, an oracle that has a utility is refuted with probability at most 1 - confidence.
    counterexample: where refuted, the few answers that contradict each other.
    converged: whether the search ended, rather than the budget.
    """

    utility: Mapping[Any, Fraction] | None
    intervals: Mapping[Any, tuple[Fraction, Fraction]]
    exact: Mapping[Any, bool]
    queries: int
    audited: int
    bound: int
    answers: Comparisons
    record: tuple[Answer, ...]
    verdict: Proved | Refuted | Unknown
    counterexample: Contradiction | None
    converged: bool

    def __str__(self) -> str:
        lines = [f"{self.queries} questions, {self.audited} of them to audit; information bound {self.bound}"]
        if not self.converged:
            lines.append("The budget ran out: these are bounds so far, and no utility yet.")
        elif self.utility is not None and not any(self.utility.values()):
            lines.append("Everything is indifferent.")
        for o, (low, high) in self.intervals.items():
            shown = f"= {low}" if self.exact[o] else f"between {low} and {high}"
            lines.append(f"  u({o}) {shown}")
        lines.append(str(self.counterexample) if self.counterexample else self._agreement())
        return "\n".join(lines)

    def _agreement(self) -> str:
        if isinstance(self.verdict, Unknown):
            return f"Whether a utility explains the answers is not known: {self.verdict.reason}"
        if all(self.exact.values()) or not self.converged:
            return "A utility explains all the answers."
        return (
            "A utility explains all the answers, as far as this precision tells: a lexicographic order, say, would"
            " answer alike."
        )

    __repr__ = __str__


def elicit(
    oracle: Oracle,
    outcomes: Iterable[Any],
    precision: Number = Fraction(1, 1000),
    *,
    error: Number = 0,
    confidence: Number = Fraction(95, 100),
    audit: int | None = None,
    max_queries: int | None = None,
    progress: Callable[[Answer], None] | None = None,
) -> Elicitation:
    """The utility of an oracle that answers only comparisons, by standard gambles; or answers that no utility explains.

    oracle: ``oracle(A, B)`` says whether ``A ≼ B``, for Distributions over
    outcomes: distinct and hashable, at least one. A single one takes no question.
    precision: in (0, 1), at least 1/10⁶: utilities with denominators of at most ⌈1/precision⌉ are found exactly, others
    within an open interval of at most this length.
    error: in [0, 1/2): a bound on the probability that an answer is wrong, each independently; then questions are
    repeated until all are decided rightly with probability `confidence` (in (0, 1)).
    audit: the number of questions beyond those needed, whose answers are predicted from the utility: mixtures,
    common ratios, both directions, order (:mod:`.audits`). Default 2n + 10. The first that is answered
    otherwise ends the audit, if it is about four outcomes or fewer.
    max_queries: the oracle is called at most so often; then `converged` is False unless the search had ended.
    progress: called with each :class:`Answer` as it is decided.

    Raises ``ValueError`` and ``TypeError`` for other arguments, and ``TypeError`` naming the question for an answer
    that is neither True nor False. What the oracle raises is not caught.
    """
    if not callable(oracle):
        raise TypeError(f"oracle must be a function (A, B) -> bool that says whether A ≼ B, got {oracle!r}")
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be a function of an Answer, got {progress!r}")
    listed = outcomes_tuple(outcomes)
    D = _denominator(precision)
    p, sure = exact(error, "error"), exact(confidence, "confidence")
    if not 0 <= p < Fraction(1, 2):
        raise ValueError(f"error must be in [0, 1/2), got {error!r}: at 1/2 an answer says nothing")
    if not 0 < sure < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence!r}")
    extra = 2 * len(listed) + 10 if audit is None else _whole(audit, "audit")
    limit = None if max_queries is None else _whole(max_queries, "max_queries")
    members = rank(Fraction(1), D)
    most = _most_questions(len(listed), members, extra)
    lead = lead_for(p, sure, most)
    if limit is None and p and lead * most > MANY * (1 - 2 * p):  # a walk of drift 1 - 2p takes lead/(1 - 2p) answers
        answers = int(lead * most / (1 - 2 * p))
        raise ValueError(f"error={error!r} would need up to some {answers:,} answers: give max_queries, or less error")
    asked = Asked(oracle, lead, limit, progress)
    search = _Search(asked, listed, D)
    audited, focus = 0, frozenset(listed)
    try:
        search.run()
        for question in audit_questions(search.intervals, search.worst, search.best, D) if len(listed) > 1 else ():
            if audited >= extra:
                break
            if asked.known(question.A, question.B):
                continue
            holds = asked(question.A, question.B, question.purpose)
            audited += 1
            if question.expected not in (None, holds):
                met = question.A.support | question.B.support | {search.worst, search.best}
                focus = min(focus, met, key=len)
                if len(focus) <= FEW:
                    break
    except Exhausted:
        pass
    return _result(search, audited, focus, _bound(len(listed), members, p, sure))


# -- the search -----------------------------------------------------------------------------------------------------


@dataclass
class _Search:
    """The intervals so far; before worst and best are known, nothing but [0, 1]."""

    ask: Asked
    outcomes: tuple[Any, ...]
    D: int
    intervals: dict[Any, Interval] = field(init=False)
    worst: Any = None
    best: Any = None
    converged: bool = False

    def __post_init__(self) -> None:
        self.intervals = {o: Interval() for o in self.outcomes}

    def run(self) -> None:
        low, high = self._extremes()
        self.worst, self.best = low, high
        if low == high or self._prefers(high, low, "is anything better than the worst?"):
            self.intervals = {o: Interval.at(Fraction(0)) for o in self.outcomes}
        else:
            known = {low: Interval.at(Fraction(0)), high: Interval.at(Fraction(1))}
            self.intervals |= known
            for o in self.outcomes:
                if o not in known:
                    self._locate(o, known)
                    known[o] = self.intervals[o]
        self.converged = True

    def _prefers(self, x: Any, y: Any, purpose: str) -> bool:
        """Whether ``x ≼ y``, for outcomes."""
        return self.ask(Distribution.point(x), Distribution.point(y), purpose)

    def _extremes(self) -> tuple[Any, Any]:
        """Worst and best by knock-out: n/2 pairs, then the lower ones and the upper ones among themselves."""
        lower, upper = [], []
        for x, y in zip(self.outcomes[::2], self.outcomes[1::2], strict=False):
            rises = self._prefers(x, y, "order of the outcomes")
            lower.append(x if rises else y)
            upper.append(y if rises else x)
        if len(self.outcomes) % 2:
            lower.append(self.outcomes[-1])
            upper.append(self.outcomes[-1])
        worst, best = lower[0], upper[0]
        for x in lower[1:]:
            worst = worst if self._prefers(worst, x, "which is worst?") else x
        for x in upper[1:]:
            best = x if self._prefers(best, x, "which is best?") else best
        return worst, best

    def _gamble(self, alpha: Fraction) -> Distribution:
        return mix(alpha, Distribution.point(self.best), Distribution.point(self.worst))

    def _locate(self, o: Any, known: Mapping[Any, Interval]) -> None:
        """Narrows the interval of o until it is a point or holds no member of F_D."""
        point, D = Distribution.point(o), self.D
        purpose = f"which gamble is as good as {o}?"
        interval = self.intervals[o] = self._by_order(o, known)
        rose = fell = 0  # how many questions in a row the upper and the lower end withstood
        while not interval.is_point:
            first = rank(interval.low, D) + interval.low_open
            last = rank(interval.high, D) - interval.high_open
            left = last - first + 1
            if left <= 0:
                break
            try_high = not interval.high_open and (left == 1 or (rose >= PATIENCE and left >= 8))
            try_low = not interval.low_open and (left == 1 or (fell >= PATIENCE and left >= 8))
            if try_high:
                same = self.ask(self._gamble(interval.high), point, purpose)
                interval = Interval.at(interval.high) if same else interval.below(interval.high, is_open=True)
            elif try_low:
                same = self.ask(point, self._gamble(interval.low), purpose)
                interval = Interval.at(interval.low) if same else interval.above(interval.low, is_open=True)
            else:
                alpha = self._middle(interval, first, left, known)
                if self.ask(point, self._gamble(alpha), purpose):
                    interval, rose, fell = interval.below(alpha), 0, fell + 1
                else:
                    interval, rose, fell = interval.above(alpha, is_open=True), rose + 1, 0
            self.intervals[o] = interval

    def _middle(self, interval: Interval, first: int, left: int, known: Mapping[Any, Interval]) -> Fraction:
        """Where to cut the members of F_D that are left: at a known utility, or else at a simple fraction."""
        if left == 1:
            return simplest_inside(interval.low, interval.high)  # any other has a larger denominator
        least, most = (first - 1 + k for k in _shares(left, KNOWN))
        for other in known.values():
            alpha = other.low
            inside = other.is_point and interval.low < alpha < interval.high
            if inside and least <= rank(alpha, self.D) <= most:
                return alpha
        least, most = (first - 1 + k for k in _shares(left, ANY))
        return split(interval.low, interval.high, self.D, least, most)

    def _by_order(self, o: Any, known: Mapping[Any, Interval]) -> Interval:
        """What the comparisons of o with other outcomes say; [0, 1] where they contradict each other."""
        interval = Interval()
        for other, bounds in known.items():
            up = self.ask.record.get((Distribution.point(o), Distribution.point(other)))
            down = self.ask.record.get((Distribution.point(other), Distribution.point(o)))
            if (up and up.holds) or (down and not down.holds):
                is_open = bounds.high_open or bool(down and not down.holds)
                interval = interval.below(bounds.high, is_open)
            if (down and down.holds) or (up and not up.holds):
                is_open = bounds.low_open or bool(up and not up.holds)
                interval = interval.above(bounds.low, is_open)
        return Interval() if interval.is_empty else interval


def _shares(left: int, least: Fraction) -> tuple[int, int]:
    """The least and the largest number of fractions, out of so many, to have below a cut: `least` of them or more."""
    return min(ceil(least * left), left // 2), max(floor((1 - least) * left), (left + 1) // 2)


# -- arguments and bounds -------------------------------------------------------------------------------------------


def _denominator(precision: Number) -> int:
    length = exact(precision, "precision")
    if not 0 < length < 1:
        raise ValueError(f"precision must be in (0, 1), got {precision!r}: 1/1000 finds three digits")
    if length * LARGEST < 1:
        raise ValueError(f"precision must be at least 1/{LARGEST}, got {precision!r}")
    return ceil(1 / length)


def _whole(value: int, name: str) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} must be a whole number of at least 0, got {value!r}")
    return value


def _most_questions(outcomes: int, members: int, audit: int) -> int:
    """The largest number of different questions that a run can ask."""
    steps, left = 0, members
    while left > 1:
        least, most = _shares(left, KNOWN)
        left = max(most, left - least)
        steps += 1
    return 3 * outcomes // 2 + max(outcomes - 2, 0) * (steps + steps // PATIENCE + 3) + audit


def _bound(outcomes: int, members: int, p: Fraction, confidence: Fraction) -> int:
    """The information bound: ``⌈log2 N⌉``, or ``⌈(confidence · log2 N - 1)/(1 - H(p))⌉`` with noise."""
    if outcomes == 1:
        return 0
    number: int = members**outcomes - 2 * (members - 1) ** outcomes + (members - 2) ** outcomes + 1
    if p == 0:
        return (number - 1).bit_length()
    q = float(p)
    capacity = 1 + q * log2(q) + (1 - q) * log2(1 - q)
    return max(0, ceil((float(confidence) * log2(number) - 1) / capacity))


# -- the result -----------------------------------------------------------------------------------------------------


def _result(search: _Search, audited: int, focus: frozenset[Any], bound: int) -> Elicitation:
    answers = search.ask.comparisons(search.outcomes)
    intervals = search.intervals
    found = tuple(intervals[o].inner for o in search.outcomes)
    verdict = _verdict(answers, found, focus)
    if isinstance(verdict, Proved) and isinstance(verdict.evidence, Point):
        found = _normalised(verdict.evidence.values)
    return Elicitation(
        utility=MappingProxyType(dict(zip(search.outcomes, found, strict=True))) if search.converged else None,
        intervals=MappingProxyType({o: (x.low, x.high) for o, x in intervals.items()}),
        exact=MappingProxyType({o: x.is_point for o, x in intervals.items()}),
        queries=search.ask.queries,
        audited=audited,
        bound=bound,
        answers=answers,
        record=tuple(search.ask.record.values()),
        verdict=verdict,
        counterexample=_contradiction(verdict, search.ask) if isinstance(verdict, Refuted) else None,
        converged=search.converged,
    )


def _verdict(answers: Comparisons, found: tuple[Fraction, ...], focus: frozenset[Any]) -> Proved | Refuted | Unknown:
    """Whether a utility explains the answers: the one found, if the kernel agrees, or else any.

    Where the answers about the outcomes in `focus` contradict each other, only they bear weight.
    """
    try:
        return kernel.check(HasUtility(answers), Point(found))
    except EvidenceRejected:
        pass
    strict, weak = (
        [i for i, (A, B) in enumerate(pairs) if A.support | B.support <= focus]
        for pairs in (answers.strict, answers.weak)
    )
    part = Comparisons([answers.strict[i] for i in strict], [answers.weak[i] for i in weak])
    verdict = recover_utility(part).verdict if 0 < len(part) < len(answers) else None
    if isinstance(verdict, Refuted) and isinstance(evidence := verdict.evidence, Motzkin):
        weights = Motzkin(
            tuple((strict[i], w) for i, w in evidence.strict), tuple((weak[i], w) for i, w in evidence.weak)
        )
        return kernel.check(HasUtility(answers), weights)
    return recover_utility(answers).verdict


def _normalised(values: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    low, high = min(values), max(values)
    return tuple((v - low) / (high - low) if high > low else Fraction(0) for v in values)


def _contradiction(verdict: Refuted, asked: Asked) -> Contradiction:
    """The answers that carry weight in the refutation."""
    claim, evidence = verdict.claim, verdict.evidence
    assert isinstance(claim, HasUtility) and isinstance(evidence, Motzkin)
    pairs = [(asked.record[claim.comparisons.strict[i][::-1]], w) for i, w in evidence.strict if w]
    pairs += [(asked.record[claim.comparisons.weak[i]], w) for i, w in evidence.weak if w]
    return Contradiction(tuple(answer for answer, _ in pairs), tuple(w for _, w in pairs))
