"""What does ``pc.check`` with certificates cost, against a hand-written raw z3 encoding without any?

The question is put for the relations of the known classification (theory, section 5), six axioms each, on the simplex
over 4, 50 and 500 outcomes, both sides in one run. The peer writes each relation from its definition as SMT-LIB text
over the probabilities of A, B, C, asserts that the axiom fails, and believes z3's answer. It does what somebody who
knows z3 would do: expectations are named; distribution functions and shortfalls are running sums; the mean of the worst
half and the median take one atom a threshold; mixtures are sums of measures, so that consistency and convexity are
linear where the relation is; z3's own parser reads the text. Writing it is part of z3's time, as tracing is of ours.
Interpolation is ``∃A, B, C ∀α``, with quantifiers. With ``--direct`` nothing is named and there are no running sums.

Each question runs in a process of its own that is killed at the limit; its libraries are loaded, and have answered one
small question, before the clock starts. What takes under two seconds is timed three times, and the median counts.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tables import REPEATS, RESULTS, START, aligned, machine, process, repeated

import prefcore as pc
from prefcore.certificates import write_atomically

AXIOMS = ("reflexive", "transitive", "total", "consistent", "convex", "interpolation")
SIZES = (4, 50, 500)
LIMIT, LIMIT_AT_500 = 10.0, 20.0  # seconds for one question to z3
OUR_LIMIT = 600.0  # seconds for everything that is asked of us about one relation
SEED = 20240
OUT = RESULTS / "verify.md"

# The known classification: whether each axiom holds, in the order of AXIOMS.
EXPECTED = {
    "expected reward": "++++++",
    "lexicographic": "+++++-",
    "excess risk": "++++--",
    "chance constraint": "+++---",
    "CVaR of the worst half": "+++--+",
    "lower median": "+++---",
    "Pareto": "++-++-",
    "stochastic dominance": "++-++-",
    "majority": "+-++++",
    "skew-symmetric": "+-+--+",
    "indifference": "++++++",
    "equality": "++-+++",
}


# -- the data -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Data:
    """Payoffs u, v, w (each of different integers), penalties and bad outcomes over range(size)."""

    size: int
    u: tuple[int, ...]
    v: tuple[int, ...]
    w: tuple[int, ...]
    penalty: tuple[int, ...]
    bad: frozenset[int]


def data(size: int) -> Data:
    """Random data on which no row of the classification collapses."""
    source = random.Random(SEED + size)
    while True:
        u, v, w = (tuple(source.sample(range(4 * size), size)) for _ in range(3))
        if rank([(1,) * size, u, v, w]) == 4:
            break
    # A quarter of the outcomes is bad and half has a penalty; the others number two or more, with different payoffs.
    bad = frozenset(source.sample(range(size), size // 4))
    penalised = set(source.sample(range(size), size // 2))
    penalty = tuple(source.randint(1, 20) if o in penalised else 0 for o in range(size))
    return Data(size, u, v, w, penalty, bad)


def rank(rows: Sequence[Sequence[int]]) -> int:
    """The rank of an integer matrix, exactly."""
    left = [[Fraction(x) for x in row] for row in rows]
    result = 0
    while left:
        row = left.pop()
        column = next((j for j, x in enumerate(row) if x), None)
        if column is None:
            continue
        result += 1
        left = [[x - r[column] / row[column] * y for x, y in zip(r, row, strict=True)] for r in left]
    return result


def beats(x: int, y: int) -> int:
    """Rock-paper-scissors on the outcomes 0, 1, 2: 1 if x beats y, -1 if y beats x; zero elsewhere."""
    return (0, 1, -1)[(x - y) % 3] if max(x, y) < 3 else 0


# -- ours -----------------------------------------------------------------------------------------------------------


def our_relation(name: str, d: Data) -> pc.Relation[Any]:
    """A new relation object, so that nothing is remembered from an earlier check."""
    u, v, w, penalty = (dict(enumerate(x)) for x in (d.u, d.v, d.w, d.penalty))
    makers: dict[str, Callable[[], pc.Relation[Any]]] = {
        "expected reward": lambda: pc.expected_reward(u),
        "lexicographic": lambda: pc.lexicographic(pc.maximize(pc.expect(u)), pc.maximize(pc.expect(v))),
        "excess risk": lambda: pc.excess_risk(penalty, u),
        "chance constraint": lambda: pc.chance_constraint(d.bad, Fraction(1, 10), u),
        "CVaR of the worst half": lambda: pc.cvar(u, Fraction(1, 2)),
        "lower median": lambda: pc.quantile(u, Fraction(1, 2)),
        "Pareto": lambda: pc.pareto(u, v),
        "stochastic dominance": lambda: pc.stochastic_dominance(u),
        "majority": lambda: pc.majority(u, v, w),
        "skew-symmetric": lambda: pc.skew_symmetric(beats),
        "indifference": pc.indifference,
        "equality": pc.equality,
    }
    return makers[name]()


@dataclass(frozen=True, slots=True)
class Ours:
    """Our seconds for all axioms, for the kernel to check the evidence again, for those that z3 answers, for each."""

    seconds: float
    kernel: float
    together: float
    alone: dict[str, float]
    answers: dict[str, bool | None]


def ask_us(name: str, size: int, answered: Sequence[str]) -> Ours:
    """Checks one relation, in this process."""
    d = data(size)
    pc.check(pc.pareto({0: 0, 1: 1, 2: 3}, {0: 1, 1: 0, 2: 0}), range(3))  # loads the finders' libraries

    def check(*axioms: str) -> tuple[float, pc.Report]:
        relation = our_relation(name, d)
        start = time.perf_counter()
        report = pc.check(relation, range(size), axioms=axioms)
        return time.perf_counter() - start, report

    seconds, report = repeated(partial(check, *AXIOMS))
    kernel, _ = repeated(partial(recheck, report))
    together = repeated(partial(check, *answered))[0] if 0 < len(answered) < len(AXIOMS) else seconds
    alone = {axiom: repeated(partial(check, axiom))[0] for axiom in AXIOMS}
    return Ours(seconds, kernel, together, alone, {axiom: answer(verdict) for axiom, verdict in report.items()})


def recheck(report: pc.Report) -> tuple[float, None]:
    """The kernel's seconds for all the evidence of a report."""
    start = time.perf_counter()
    for verdict in report.values():
        if not isinstance(verdict, pc.Unknown):
            assert type(pc.kernel.check(verdict.claim, verdict.evidence)) is type(verdict)
    return time.perf_counter() - start, None


def answer(verdict: pc.Proved | pc.Refuted | pc.Unknown) -> bool | None:
    """Whether the axiom holds; None if the verdict does not say."""
    return None if isinstance(verdict, pc.Unknown) else isinstance(verdict, pc.Proved)


# -- the peer: measures as SMT-LIB text -----------------------------------------------------------------------------


def number(x: int) -> str:
    return f"{x}.0" if x >= 0 else f"(- {-x}.0)"


def total(terms: Iterable[str]) -> str:
    return operation("+", terms, "0.0")


def conjunction(terms: Iterable[str]) -> str:
    return operation("and", terms, "true")


def disjunction(terms: Iterable[str]) -> str:
    return operation("or", terms, "false")


def operation(operator: str, terms: Iterable[str], neutral: str) -> str:
    listed = list(terms)
    return f"({operator} {' '.join(listed)})" if len(listed) > 1 else listed[0] if listed else neutral


@dataclass(slots=True)
class Script:
    """The text for z3, and the data that it is about."""

    d: Data
    direct: bool = False  # write every functional out over the outcomes, where it is used
    lines: list[str] = field(default_factory=list)
    variables: int = 0

    def variable(self) -> str:
        self.variables += 1
        self.lines.append(f"(declare-const x{self.variables} Real)")
        return f"x{self.variables}"

    def require(self, condition: str) -> None:
        self.lines.append(f"(assert {condition})")

    def defined(self, term: str) -> str:
        if self.direct:
            return term
        name = self.variable()
        self.require(f"(= {name} {term})")
        return name

    @property
    def by_payoff(self) -> list[int]:
        return sorted(range(self.d.size), key=self.d.u.__getitem__)


class Measure:
    """A measure on the outcomes: what a relation may read of it, as terms. Those below are variables of their own."""

    def __init__(self, script: Script, mass: str = "1.0") -> None:
        self.script, self.mass = script, mass
        self.masses = [script.variable() for _ in range(script.d.size)]
        for x in self.masses:
            script.require(f"(>= {x} 0.0)")
        script.require(f"(= {mass} {total(self.masses)})")
        self.known: dict[tuple[int, ...], str] = {}

    def expect(self, payoff: tuple[int, ...]) -> str:
        if payoff not in self.known:
            terms = (f"(* {number(c)} {x})" for c, x in zip(payoff, self.masses, strict=True) if c)
            self.known[payoff] = self.script.defined(total(terms))
        return self.known[payoff]

    @cached_property
    def below(self) -> list[str]:
        """The distribution function of u at all its values but the last, by running sums."""
        order = self.script.by_payoff
        if self.script.direct:
            return [total(self.masses[o] for o in order[:k]) for k in range(1, len(order))]
        result = [self.masses[order[0]]]
        for o in order[1:-1]:
            result.append(self.script.defined(f"(+ {result[-1]} {self.masses[o]})"))
        return result

    @cached_property
    def shortfalls(self) -> list[str]:
        """``E (t - u)⁺`` for each value t of u, by running sums of the distribution function."""
        values = sorted(self.script.d.u)
        if self.script.direct:
            payoffs = tuple(zip(self.script.d.u, self.masses, strict=True))
            return [total(f"(* {number(t - u)} {x})" for u, x in payoffs if u < t) for t in values]
        result = ["0.0"]
        for low, high, mass in zip(values, values[1:], self.below, strict=False):
            result.append(self.script.defined(f"(+ {result[-1]} (* {number(high - low)} {mass}))"))
        return result

    @property
    def tails(self) -> list[str]:
        """``t - 2 E (t - u)⁺``, of which the mean of the worst half is the maximum."""
        values = sorted(self.script.d.u)
        return [
            f"(- (* {number(t)} {self.mass}) (* 2.0 {short}))" for t, short in zip(values, self.shortfalls, strict=True)
        ]

    @cached_property
    def worst_half(self) -> str | None:
        """The mean of the worst half as a variable: above all of the tails, and not above one."""
        value = self.script.variable()
        self.script.require(conjunction(f"(>= {value} {x})" for x in self.tails))
        self.script.require(disjunction(f"(<= {value} {x})" for x in self.tails))
        return value


class Mixture(Measure):
    """The sum of two measures, or the lottery αAC for a term α."""

    def __init__(self, left: Measure, right: Measure, alpha: str | None = None) -> None:
        self.script, self.left, self.right, self.alpha, self.mass = left.script, left, right, alpha, "1.0"

    def _sum(self, x: str, y: str) -> str:
        return f"(+ {x} {y})" if self.alpha is None else f"(+ (* {self.alpha} {x}) (* (- 1.0 {self.alpha}) {y}))"

    def _sums(self, xs: list[str], ys: list[str]) -> list[str]:
        return [self._sum(x, y) for x, y in zip(xs, ys, strict=True)]

    def expect(self, payoff: tuple[int, ...]) -> str:
        return self._sum(self.left.expect(payoff), self.right.expect(payoff))

    @cached_property
    def masses(self) -> list[str]:  # type: ignore[override]
        return self._sums(self.left.masses, self.right.masses)

    @cached_property
    def below(self) -> list[str]:
        return self._sums(self.left.below, self.right.below)

    @cached_property
    def shortfalls(self) -> list[str]:
        return self._sums(self.left.shortfalls, self.right.shortfalls)

    @cached_property
    def worst_half(self) -> str | None:
        """A variable, as for any measure; but under a quantifier there are no variables to define."""
        return super().worst_half if self.alpha is None else None


# -- the peer: relations --------------------------------------------------------------------------------------------


def at_most(a: str, b: str) -> str:
    return f"(<= {a} {b})"


def expected_reward(A: Measure, B: Measure) -> str:
    u = A.script.d.u
    return at_most(A.expect(u), B.expect(u))


def lexicographic(A: Measure, B: Measure) -> str:
    (a, b), (c, e) = ((A.expect(x), B.expect(x)) for x in (A.script.d.u, A.script.d.v))
    return f"(or (< {a} {b}) (and (= {a} {b}) (<= {c} {e})))"


def excess_risk(A: Measure, B: Measure) -> str:
    a, b = A.expect(A.script.d.penalty), B.expect(A.script.d.penalty)
    return f"(or (> {a} {b}) (and (= {a} {b}) (or (> {a} 0.0) {expected_reward(A, B)})))"


def chance_constraint(A: Measure, B: Measure) -> str:
    bad = tuple(int(o in A.script.d.bad) for o in range(A.script.d.size))
    a, b = A.expect(bad), B.expect(bad)
    a_feasible, b_feasible = (f"(<= (* 10.0 {x}) {m.mass})" for x, m in ((a, A), (b, B)))
    return f"(ite {b_feasible} (or (not {a_feasible}) {expected_reward(A, B)}) (and (not {a_feasible}) (<= {b} {a})))"


def cvar(A: Measure, B: Measure) -> str:
    a, b = A.worst_half, B.worst_half
    if a is None:
        return conjunction(at_most(tail, str(b)) for tail in A.tails)
    if b is None:
        return disjunction(at_most(a, tail) for tail in B.tails)
    return at_most(a, b)


def lower_median(A: Measure, B: Measure) -> str:
    a_reached, b_reached = ([f"(>= (* 2.0 {x}) {m.mass})" for x in m.below] for m in (A, B))
    return conjunction(f"(=> {b} {a})" for a, b in zip(a_reached, b_reached, strict=True))


def pareto(A: Measure, B: Measure) -> str:
    return conjunction(at_most(A.expect(x), B.expect(x)) for x in (A.script.d.u, A.script.d.v))


def stochastic_dominance(A: Measure, B: Measure) -> str:
    return conjunction(at_most(b, a) for a, b in zip(A.below, B.below, strict=True))


def majority(A: Measure, B: Measure) -> str:
    x, y, z = (at_most(A.expect(p), B.expect(p)) for p in (A.script.d.u, A.script.d.v, A.script.d.w))
    return f"(or (and {x} {y}) (and {x} {z}) (and {y} {z}))"


def skew_symmetric(A: Measure, B: Measure) -> str:
    pairs = ((x, y, beats(x, y)) for x in range(3) for y in range(3) if x != y)
    return at_most(total(f"(* {number(c)} {A.masses[x]} {B.masses[y]})" for x, y, c in pairs), "0.0")


def indifference(A: Measure, B: Measure) -> str:
    return "true"


def equality(A: Measure, B: Measure) -> str:
    return conjunction(f"(= {a} {b})" for a, b in zip(A.masses, B.masses, strict=True))


RELATIONS: dict[str, Callable[[Measure, Measure], str]] = {
    "expected reward": expected_reward,
    "lexicographic": lexicographic,
    "excess risk": excess_risk,
    "chance constraint": chance_constraint,
    "CVaR of the worst half": cvar,
    "lower median": lower_median,
    "Pareto": pareto,
    "stochastic dominance": stochastic_dominance,
    "majority": majority,
    "skew-symmetric": skew_symmetric,
    "indifference": indifference,
    "equality": equality,
}


# -- the peer: axioms -----------------------------------------------------------------------------------------------


def denial(name: str, axiom: str, d: Data, direct: bool) -> str:
    """The text that says: the relation violates the axiom."""
    holds = RELATIONS[name]
    script = Script(d, direct)
    if axiom in ("consistent", "convex"):
        alpha, rest = script.variable(), script.variable()
        script.require(f"(and (> {alpha} 0.0) (> {rest} 0.0) (= (+ {alpha} {rest}) 1.0))")
        A, B, C = Measure(script, alpha), Measure(script, alpha), Measure(script, rest)
        before, after = holds(A, B), holds(Mixture(A, C), Mixture(B, C))
        script.require(f"(and {before} (not {after}))" if axiom == "consistent" else f"(xor {before} {after})")
    elif axiom == "interpolation":
        A, B, C = (Measure(script) for _ in range(3))
        mixed = Mixture(A, C, "t")
        script.require(f"(and {holds(A, B)} {holds(B, C)})")
        between = f"(and (<= 0.0 t) (<= t 1.0) {holds(mixed, B)} {holds(B, mixed)})"
        script.require(f"(forall ((t Real)) (not {between}))")
    else:
        A = Measure(script)
        if axiom == "reflexive":
            script.require(f"(not {holds(A, A)})")
        elif axiom == "total":
            B = Measure(script)
            script.require(f"(not (or {holds(A, B)} {holds(B, A)}))")
        else:
            B, C = Measure(script), Measure(script)
            script.require(f"(and {holds(A, B)} {holds(B, C)} (not {holds(A, C)}))")
    return "\n".join(script.lines)


def ask_z3(connection: Connection, name: str, axiom: str, size: int, direct: bool) -> None:
    """Puts one question to z3, in this process: sends "encoded", the first answer with its seconds, their median."""
    import z3

    warm = z3.Solver(ctx=z3.Context())
    warm.from_string("(declare-const x Real) (assert (> x 0.0))")
    warm.check()
    d = data(size)

    def ask() -> tuple[float, bool | None]:
        solver = z3.Solver(ctx=z3.Context())  # a new context: nothing is remembered from an earlier repetition
        start = time.perf_counter()
        text = denial(name, axiom, d, direct)
        solver.from_string(text)
        connection.send("encoded")
        try:
            found = str(solver.check())
        except z3.Z3Exception:  # out of memory
            found = "unknown"
        return time.perf_counter() - start, {"unsat": True, "sat": False}.get(found)

    connection.send("ready")
    first = ask()
    connection.send(first)
    connection.send(repeated(ask, first)[0])


# -- one process a question -----------------------------------------------------------------------------------------


def ask_us_from(connection: Connection, name: str, size: int, answered: Sequence[str]) -> None:
    """Sends what :func:`ask_us` finds."""
    connection.send(ask_us(name, size, answered))


@dataclass(frozen=True, slots=True)
class Theirs:
    """z3's answer to whether an axiom holds, its seconds, and why there is no answer."""

    answer: bool | None
    seconds: float
    excuse: str = ""


def theirs(name: str, axiom: str, size: int, limit: float, direct: bool) -> Theirs:
    """z3's answer within the limit."""
    with process(ask_z3, name, axiom, size, direct) as message:
        if message(time.monotonic() + START) != "ready":
            raise RuntimeError(f"z3 did not start for {name}, {axiom}, {size} outcomes")
        start = time.monotonic()
        until = start + limit
        if message(until) is None:
            return unanswered("while encoding", start, limit)
        first = message(until)
        if first is None:
            return unanswered("", start, limit)
        seconds, found = first
        if found is None:
            return Theirs(None, seconds, f"unknown after {seconds:.1f} s")
        later = (message(time.monotonic() + limit) for _ in range(REPEATS))
        return Theirs(found, next((x for x in later if isinstance(x, float)), seconds))


def unanswered(where: str, start: float, limit: float) -> Theirs:
    """The process was stopped at the limit, or the system killed it before (for its memory, say)."""
    spent = time.monotonic() - start
    excuse = f">{limit:g} s {where}".rstrip() if spent >= limit else f"killed after {spent:.1f} s"
    return Theirs(None, spent, excuse)


def ours(name: str, size: int, answered: Sequence[str]) -> Ours:
    """Our answers, in a process of their own too."""
    with process(ask_us_from, name, size, answered) as message:
        result = message(time.monotonic() + OUR_LIMIT)
    if not isinstance(result, Ours):
        raise RuntimeError(f"no answer from prefcore for {name}, {size} outcomes: see above")
    return result


# -- the table ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """Both sides on one relation and size."""

    name: str
    size: int
    ours: Ours
    theirs: dict[str, Theirs]

    @property
    def answered(self) -> list[str]:
        """The axioms that z3 answers."""
        return [axiom for axiom, theirs in self.theirs.items() if theirs.answer is not None]

    @property
    def shared(self) -> list[str]:
        """The axioms that both sides answer."""
        return [axiom for axiom in self.answered if self.ours.answers[axiom] is not None]

    @property
    def z3_seconds(self) -> float:
        return sum(self.theirs[axiom].seconds for axiom in self.answered)

    @property
    def alone(self) -> tuple[float, float]:
        """Our seconds and z3's over the axioms that both answer, each asked alone."""
        return sum(self.ours.alone[x] for x in self.shared), sum(self.theirs[x].seconds for x in self.shared)

    @property
    def ratio(self) -> float:
        us, them = self.alone
        return us / them

    @property
    def quantifier_free(self) -> float:
        """As `ratio`, without interpolation: z3's quantified answers take seconds, and would hide the others."""
        axioms = [x for x in self.shared if x != "interpolation"]
        return sum(self.ours.alone[x] for x in axioms) / sum(self.theirs[x].seconds for x in axioms)

    @property
    def strictest(self) -> float:
        """The less favourable of the two ratios, by which the aims are judged."""
        return max(self.ratio, self.quantifier_free)

    @property
    def one_call(self) -> float:
        """As `ratio`, with all those axioms in one call of ours; nothing on z3's side is shared."""
        return self.ours.together / self.z3_seconds

    @property
    def disagreements(self) -> Iterator[str]:
        for axiom, sign in zip(AXIOMS, EXPECTED[self.name], strict=True):
            expected = sign == "+"
            where = f"{self.name}, {self.size} outcomes, {axiom}: it {'holds' if expected else 'fails'}"
            if self.ours.answers[axiom] is not expected:
                yield f"{where}, ours says {spoken(self.ours.answers[axiom])}"
            if self.theirs[axiom].answer not in (expected, None):
                yield f"{where}, z3 says {spoken(self.theirs[axiom].answer)}"

    def cells(self) -> tuple[str, ...]:
        excuses = ", ".join(f"{axiom} ({x.excuse})" for axiom, x in self.theirs.items() if x.answer is None)
        return (
            self.name,
            str(self.size),
            f"{self.ours.seconds:.3f}",
            f"{self.ours.kernel:.3f}",
            f"{self.z3_seconds:.3f}" if self.answered else "-",
            str(len(AXIOMS) - len(self.answered)),
            f"{self.ratio:.2f}" if self.shared else "-",
            f"{self.quantifier_free:.2f}" if self.shared else "-",
            f"{self.one_call:.2f}" if self.shared else "-",
            excuses or "-",
        )


HEADER = (
    "relation",
    "outcomes",
    "ours s",
    "kernel s",
    "z3 s",
    "unanswered",
    "ratio",
    "without interpolation",
    "ratio, one call",
    "no answer to",
)


def spoken(holds: bool | None) -> str:
    return "nothing" if holds is None else "holds" if holds else "fails"


def measure(name: str, size: int, limit: float, direct: bool) -> Row:
    """Both sides on one relation and size, z3 first: the ratio in one call is over what it answers."""
    them = {axiom: theirs(name, axiom, size, limit, direct) for axiom in AXIOMS}
    answered = [axiom for axiom in AXIOMS if them[axiom].answer is not None]
    return Row(name, size, ours(name, size, answered), them)


def aims(rows: Sequence[Row]) -> Iterator[tuple[str, str, bool | None]]:
    """Each aim, what was measured, and whether it is met; None where these rows do not tell."""
    large = [row for row in rows if row.size >= 50 and row.shared]
    at_500 = [row for row in rows if row.size == 500]
    both = [row for row in at_500 if row.shared]
    complete = len(at_500) == len(EXPECTED)

    aim = "within 3x of raw z3 from 50 outcomes on, where raw z3 answers"
    if large:
        worst = max(large, key=lambda row: row.strictest)
        within = sum(row.strictest <= 3 for row in large)
        in_one_call = max(large, key=lambda row: row.one_call)
        yield (
            aim,
            f"worst {worst.strictest:.2f}x ({worst.name}, {worst.size}), {within} of {len(large)} rows within; "
            f"in one call worst {in_one_call.one_call:.2f}x ({in_one_call.name}, {in_one_call.size})",
            worst.strictest <= 3,
        )
    else:
        yield aim, "-", None

    us, them = (sum(row.alone[side] for row in both) for side in (0, 1))
    together = sum(row.ours.together for row in both)
    measured = f"ours {us:.2f} s ({together:.2f} s in one call a relation), z3 {them:.2f} s where both answer"
    yield "faster at 500 in total", measured if both else "-", us < them if both else None
    faster = [row for row in both if row.strictest < 1]
    named = ", ".join(row.name for row in faster) or "none"
    yield (
        "faster at 500 on each relation",
        f"{len(faster)} of {len(both)}: {named}" if both else "-",
        len(faster) == len(both) if both else None,
    )

    open_ones = [(row, axiom) for row in rows for axiom in AXIOMS if axiom not in row.answered]
    closed = sum(row.ours.answers[axiom] is not None for row, axiom in open_ones)
    measured = f"{closed} of {len(open_ones)} axioms"
    yield "an answer where z3 has none", measured, closed == len(open_ones) if open_ones else None

    seconds, kernel = sum(row.ours.seconds for row in at_500), sum(row.ours.kernel for row in at_500)
    spent = sum(x.seconds for row in at_500 for x in row.theirs.values())
    measured = f"{seconds:.2f} s (z3, with what it left unanswered: {spent:.0f} s)"
    yield "whole table at 500 under 15 s", measured if complete else "-", seconds < 15 if complete else None
    yield "kernel re-check at 500 under 2 s", f"{kernel:.2f} s" if complete else "-", kernel < 2 if complete else None


def document(rows: Sequence[Row], limits: str, direct: bool) -> str:
    """The whole page."""
    verdict = {True: "met", False: "NOT MET", None: "not measured"}
    text = "every functional written out over the outcomes" if direct else "functionals named, running sums"
    body = [row.cells() for row in rows]
    goals = [(aim, measured, verdict[met]) for aim, measured, met in aims(rows)]
    wrong = [f"DISAGREEMENT: {line}" for row in rows for line in row.disagreements]
    return "\n".join(
        [
            "# `pc.check` with certificates against raw z3 without",
            "",
            "Six axioms a row: ours, with certificates; the kernel's re-check of them; z3, over the axioms it answers.",
            "Ratio: ours / z3 over the axioms that z3 answers, each checked alone; then with ours in one call for all.",
            f"z3's text: {text}. z3 is stopped after {limits}.",
            "",
            *aligned(HEADER, body, range(1, len(HEADER) - 1)),
            "",
            *aligned(("aim", "measured", "met"), goals),
            "",
            *(wrong or ["Every answer of both sides is that of the known classification."]),
            "",
            machine("z3-solver"),
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of outcomes, from 4 on")
    parser.add_argument("--limit", type=float, help="seconds for a question to z3 (20 from 500 outcomes on, else 10)")
    parser.add_argument("--relations", nargs="+", choices=EXPECTED, default=list(EXPECTED), metavar="NAME")
    parser.add_argument("--direct", action="store_true", help="z3's text as one would first write it, no running sums")
    parser.add_argument("--out", type=Path, default=OUT, help="the Markdown file to write")
    options = parser.parse_args()
    if min(options.sizes) < 4:
        parser.error("the known classification needs four outcomes or more")
    rows = []
    for size in options.sizes:
        for name in options.relations:
            limit = options.limit or (LIMIT_AT_500 if size >= 500 else LIMIT)
            rows.append(measure(name, size, limit, options.direct))
            print(" | ".join(rows[-1].cells()), file=sys.stderr, flush=True)
    limits = (
        f"{options.limit:g} s" if options.limit else f"{LIMIT:g} s a question, {LIMIT_AT_500:g} s from 500 outcomes on"
    )
    page = document(rows, limits, options.direct)
    print(page, end="")
    write_atomically(options.out, page)
    return int(any(True for row in rows for _ in row.disagreements))


if __name__ == "__main__":
    sys.exit(main())
