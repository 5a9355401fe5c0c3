"""The catalogue's classification: ``pc.check`` with certificates against raw z3 with quantifiers.

The peer is what one would write by hand: the lotteries A, B, C are real variables, the axiom is one closed formula with
its quantifiers as docs/axioms.md states it, α is a variable, a mixture is ``α·a + (1-α)·c`` outcome by outcome, and z3
is asked whether the formula's denial is satisfiable. Nothing is substituted: products of α and probabilities stay
products, "there is an α" stays a quantifier. The relation itself is translated node by node from the traced formula
(a feature becomes its sum over the outcomes), so both sides are asked about the very same relation.

The questions are the examples of the catalogue times the default axioms. z3 has a time limit for each, and runs in a
process that is killed if it does not keep to it. Ours is one call for all axioms of a relation, from a relation that
was not traced before, with certificates; the kernel's re-check of them is timed again by itself.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tables import REPEATS, RESULTS, START, aligned, machine, process, repeated, result_of, timed

import prefcore as pc
from prefcore.catalogue.examples import EXAMPLES, Example
from prefcore.certificates import write_atomically
from prefcore.checking import DEFAULT_AXIOMS
from prefcore.formula import (
    Affine,
    And,
    Atom,
    Feature,
    Formula,
    If,
    Max,
    Min,
    Not,
    Or,
    Product,
    Quotient,
)
from prefcore.relations import formula_of

LIMIT = 5.0  # seconds for one question to z3
GRACE = 1.0  # seconds after which z3 is killed, if it does not stop by itself
OUR_LIMIT = 300.0  # seconds for everything that is asked of us about one relation
QUICK = ("expected_reward", "lexicographic", "excess_risk", "cvar", "pareto", "majority", "skew_symmetric", "equality")
OUT = RESULTS / "catalogue.md"
HEADER = (
    "relation",
    "outcomes",
    "ours s",
    "kernel s",
    "ours unknown",
    "z3 s",
    "z3 unknown",
    "ratio",
    "z3 in all s",
    "z3 has no answer to",
)

# -- the peer: the relation and the axioms in z3's terms ------------------------------------------------------------


def relation_in(z3: Any, formula: Formula, left: Sequence[Any], right: Sequence[Any]) -> Any:
    """``left ≼ right`` for two vectors of probabilities."""
    sides = (left, right)
    table: list[Any] = []

    def extreme(terms: tuple[int, ...], least: bool) -> Any:
        best = table[terms[0]]
        for i in terms[1:]:
            best = z3.If(table[i] < best if least else table[i] > best, table[i], best)
        return best

    for node in formula.nodes:
        match node:
            case Feature(side, k):
                value = z3.Sum([c * p for c, p in zip(formula.features[k], sides[side], strict=True) if c])
            case Affine(constant, terms):
                value = z3.Q(constant.numerator, constant.denominator)
                for w, i in terms:
                    value = value + z3.Q(w.numerator, w.denominator) * table[i]
            case Product(i, j):
                value = table[i] * table[j]
            case Quotient(i, j):
                value = table[i] / table[j]
            case Max(terms) | Min(terms):
                value = extreme(terms, isinstance(node, Min))
            case If(condition, i, j):
                value = z3.If(table[condition], table[i], table[j])
            case Atom(op, i):
                value = table[i] >= 0 if op == ">=" else table[i] > 0 if op == ">" else table[i] == 0
            case Not(i):
                value = z3.Not(table[i])
            case And(conditions):
                value = z3.And([table[i] for i in conditions])
            case Or(conditions):
                value = z3.Or([table[i] for i in conditions])
        table.append(value)
    return table[-1]


def axiom_in(z3: Any, formula: Formula, axiom: str) -> Any:
    """The axiom as a closed formula."""
    n = formula.outcomes
    A, B, C = ([z3.Real(f"{name}{i}") for i in range(n)] for name in "abc")
    alpha = z3.Real("alpha")
    proper = z3.And(alpha > 0, alpha < 1)

    def holds(left: Sequence[Any], right: Sequence[Any]) -> Any:
        return relation_in(z3, formula, left, right)

    def mixture(left: Sequence[Any], right: Sequence[Any]) -> list[Any]:
        return [alpha * x + (1 - alpha) * y for x, y in zip(left, right, strict=True)]

    def for_all(lotteries: Sequence[list[Any]], claim: Any, *more: Any) -> Any:
        simplex = [z3.And(*[x >= 0 for x in lottery], z3.Sum(lottery) == 1) for lottery in lotteries]
        variables = [x for lottery in lotteries for x in lottery]
        if more:
            variables, simplex = [*variables, alpha], [*simplex, *more]
        return z3.ForAll(variables, z3.Implies(z3.And(simplex), claim))

    match axiom:
        case "reflexive":
            return for_all([A], holds(A, A))
        case "transitive":
            return for_all([A, B, C], z3.Implies(z3.And(holds(A, B), holds(B, C)), holds(A, C)))
        case "preorder":
            return z3.And(axiom_in(z3, formula, "reflexive"), axiom_in(z3, formula, "transitive"))
        case "total":
            return for_all([A, B], z3.Or(holds(A, B), holds(B, A)))
        case "consistent":
            return for_all([A, B, C], z3.Implies(holds(A, B), holds(mixture(A, C), mixture(B, C))), proper)
        case "convex":
            return for_all([A, B, C], holds(A, B) == holds(mixture(A, C), mixture(B, C)), proper)
        case "interpolation":
            mixed = mixture(A, C)
            between = z3.And(alpha >= 0, alpha <= 1, holds(mixed, B), holds(B, mixed))
            return for_all([A, B, C], z3.Implies(z3.And(holds(A, B), holds(B, C)), z3.Exists([alpha], between)))
    raise ValueError(f"no encoding of {axiom!r}")


def ask_z3(connection: Connection, name: str, axioms: Sequence[str], limit: float) -> None:
    """Puts the questions about one relation: for each sends "ready", the first answer with its seconds, the median."""
    import z3

    warm = z3.Solver()
    warm.add(z3.Real("x") > 0)
    warm.check()
    formula = traced(example_of(name))

    def ask(axiom: str) -> tuple[float, bool | None]:
        start = time.perf_counter()
        solver = z3.Solver()
        solver.set(timeout=int(1000 * limit))
        solver.add(z3.Not(axiom_in(z3, formula, axiom)))
        try:
            found = str(solver.check())
        except z3.Z3Exception:  # out of memory
            found = "unknown"
        return time.perf_counter() - start, {"unsat": True, "sat": False}.get(found)

    for axiom in axioms:
        connection.send("ready")
        first = ask(axiom)
        connection.send(first)
        connection.send(first[0] if first[1] is None else repeated(partial(ask, axiom), first)[0])


@dataclass(frozen=True, slots=True)
class Theirs:
    """z3's answer to whether an axiom holds, and its seconds."""

    answer: bool | None
    seconds: float


def theirs(name: str, limit: float) -> dict[str, Theirs]:
    """z3's answers for one relation; a process that had to be killed is replaced."""
    left = list(DEFAULT_AXIOMS)
    answers: dict[str, Theirs] = {}
    while left:
        with process(ask_z3, name, tuple(left), limit) as message:
            while left:
                if message(time.monotonic() + START) != "ready":
                    raise RuntimeError(f"z3 did not start for {name}, {left[0]}")
                start = time.monotonic()
                first = message(start + limit + GRACE)
                seconds, found = first or (time.monotonic() - start, None)
                later = message(time.monotonic() + REPEATS * (limit + GRACE)) if first else None
                answers[left.pop(0)] = Theirs(found, seconds if later is None else later)
                if later is None:
                    break
    return answers


# -- ours -----------------------------------------------------------------------------------------------------------


def example_of(name: str) -> Example:
    return next(example for example in EXAMPLES if example.name == name)


def traced(example: Example) -> Formula:
    formula = formula_of(example.relation, example.outcomes)
    if not isinstance(formula, Formula):
        raise RuntimeError(f"{example.name} cannot be traced: {formula.reason}")
    return formula


@dataclass(frozen=True, slots=True)
class Ours:
    """Our seconds for all axioms, for the kernel to check the evidence again, and the answers."""

    seconds: float
    kernel: float
    answers: dict[str, bool | None]


def ask_us(connection: Connection, name: str) -> None:
    """Sends what we find of one relation."""
    pc.check(pc.pareto({0: 0, 1: 1, 2: 3}, {0: 1, 1: 0, 2: 0}), range(3))  # loads the finders' libraries
    example = example_of(name)

    def check() -> tuple[float, pc.Report]:
        relation = replace(example.relation)  # a new object: nothing is remembered of an earlier trace
        return timed(lambda: pc.check(relation, example.outcomes))

    connection.send("ready")
    seconds, report = repeated(check)
    kernel, _ = repeated(lambda: timed(lambda: recheck(report)))
    answers = {x: None if isinstance(v, pc.Unknown) else isinstance(v, pc.Proved) for x, v in report.items()}
    connection.send(Ours(seconds, kernel, answers))


def recheck(report: pc.Report) -> None:
    """Puts all evidence of a report to the kernel again."""
    for verdict in report.values():
        if not isinstance(verdict, pc.Unknown):
            assert type(pc.kernel.check(verdict.claim, verdict.evidence)) is type(verdict)


def ours(name: str) -> Ours:
    result = result_of(ask_us, name, limit=OUR_LIMIT)
    if not isinstance(result, Ours):
        raise RuntimeError(f"no answer from prefcore for {name}")
    return result


# -- the table ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """Both sides on one relation."""

    name: str
    ours: Ours
    theirs: dict[str, Theirs]

    @property
    def answered(self) -> list[str]:
        """The axioms that z3 answers."""
        return [axiom for axiom, x in self.theirs.items() if x.answer is not None]

    @property
    def answered_seconds(self) -> float:
        return sum(self.theirs[axiom].seconds for axiom in self.answered)

    @property
    def spent(self) -> float:
        return sum(x.seconds for x in self.theirs.values())

    @property
    def our_unknown(self) -> int:
        return sum(x is None for x in self.ours.answers.values())

    @property
    def disagreements(self) -> Iterator[str]:
        for axiom, x in self.theirs.items():
            if None not in (x.answer, self.ours.answers[axiom]) and x.answer is not self.ours.answers[axiom]:
                yield f"{self.name}, {axiom}: ours {spoken(self.ours.answers[axiom])}, z3 {spoken(x.answer)}"

    def cells(self) -> tuple[str, ...]:
        open_ones = [axiom for axiom in self.theirs if axiom not in self.answered]
        return (
            self.name,
            str(len(example_of(self.name).outcomes)),
            f"{self.ours.seconds:.3f}",
            f"{self.ours.kernel:.3f}",
            str(self.our_unknown),
            f"{self.answered_seconds:.3f}" if self.answered else "-",
            str(len(open_ones)),
            f"{self.ours.seconds / self.answered_seconds:.2f}" if self.answered else "-",
            f"{self.spent:.1f}",
            ", ".join(open_ones) or "-",
        )


def spoken(answer: bool | None) -> str:
    return {True: "holds", False: "fails", None: "says nothing"}[answer]


def totals(rows: Sequence[Row]) -> tuple[str, ...]:
    seconds, theirs = sum(row.ours.seconds for row in rows), sum(row.answered_seconds for row in rows)
    questions = len(rows) * len(DEFAULT_AXIOMS)
    return (
        f"all {len(rows)}",
        "",
        f"{seconds:.3f}",
        f"{sum(row.ours.kernel for row in rows):.3f}",
        str(sum(row.our_unknown for row in rows)),
        f"{theirs:.3f}",
        str(questions - sum(len(row.answered) for row in rows)),
        f"{seconds / theirs:.2f}",
        f"{sum(row.spent for row in rows):.1f}",
        f"of {questions} questions",
    )


def document(rows: Sequence[Row], limit: float) -> str:
    """The whole page."""
    wrong = [f"DISAGREEMENT: {line}" for row in rows for line in row.disagreements]
    both = sum(row.ours.answers[axiom] is not None for row in rows for axiom in row.answered)
    only = sum(row.ours.answers[x] is not None and row.theirs[x].answer is None for row in rows for x in row.theirs)
    reverse = [f"{row.name}: {axiom}" for row in rows for axiom in row.answered if row.ours.answers[axiom] is None]
    return "\n".join(
        [
            "# The catalogue: `pc.check` with certificates against raw z3 with quantifiers",
            "",
            f"A row: the {len(DEFAULT_AXIOMS)} default axioms of one relation. Ours is one call, with certificates;",
            "kernel s is their re-check. z3 gets each axiom as it is written: no substitution, α a variable, no",
            f"certificates; {limit:g} s a question. z3 s: what it answers. Ratio: ours for all the axioms /",
            "z3 for those that it answers. Times are medians of three where they are under two seconds.",
            "",
            *aligned(HEADER, [*(row.cells() for row in rows), totals(rows)], range(1, len(HEADER) - 1)),
            "",
            f"Both sides answer {both} questions, and agree on {both - len(wrong)} of them. We alone answer {only},",
            f"z3 alone {len(reverse)}{': ' if reverse else ''}{', '.join(reverse)}. In all, answered or not, ours is",
            f"{sum(row.ours.seconds for row in rows):.1f} s, and z3 {sum(row.spent for row in rows):.1f} s.",
            *wrong,
            "",
            machine("z3-solver"),
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    names = [example.name for example in EXAMPLES]
    parser.add_argument("--relations", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help=f"a second a question, and {len(QUICK)} relations only")
    parser.add_argument("--limit", type=float, help=f"seconds for a question to z3 ({LIMIT:g})")
    parser.add_argument("--out", type=Path, help=f"the Markdown file to write ({OUT.name}; with --quick none)")
    options = parser.parse_args()
    chosen = QUICK if options.quick else tuple(options.relations)
    limit = options.limit or (1.0 if options.quick else LIMIT)
    rows = []
    for name in chosen:
        rows.append(Row(name, ours(name), theirs(name, limit)))
        print(" | ".join(rows[-1].cells()), file=sys.stderr, flush=True)
    page = document(rows, limit)
    print(page, end="")
    out = options.out or (None if options.quick else OUT)
    if out:
        write_atomically(out, page)
    return int(any(True for row in rows for _ in row.disagreements))


if __name__ == "__main__":
    sys.exit(main())
