"""Negated axioms as quantifier-free linear SMT-LIB text, from a tree; nothing here knows prefcore.

A measure of mass m is a list of non-negative reals that sum to m. With ``A' = αA``, ``B' = αB``, ``C' = (1-α)C`` the
relation of A and B becomes one of A' and B' in which every constant is multiplied by α (all our terms are positively
homogeneous), and ``αAC`` is ``A' + C'``. For continuity, a number is a pair (v, d) that stands for v + εd with ε > 0
smaller than anything: a semilinear set that is not closed is entered from a point outside along a segment, so that
``not A ≼ B and A ≼ B + ε(D-B)`` (or the same from the other side) is satisfiable exactly if a contour set isn't closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any

from .trees import (
    AtMost,
    Cases,
    Choice,
    Compare,
    Condition,
    Every,
    Extremum,
    Functional,
    Lottery,
    Not,
    Number,
    Quantile,
    Same,
    Some,
    Tail,
    Term,
    Truth,
    Weighted,
)

LINEAR = ("reflexive", "transitive", "total", "consistent", "convex", "negatively_transitive", "quasi_transitive")
DOMINANCE = ("monotone", "risk_averse", "spread_averse")
NAMES = "ABCD"


def number(value: Fraction) -> str:
    text = f"{abs(value.numerator)}.0"
    if value.denominator != 1:
        text = f"(/ {text} {value.denominator}.0)"
    return f"(- {text})" if value < 0 else text


def plus(terms: Iterable[str]) -> str:
    kept = [t for t in terms if t != "0.0"]
    return "0.0" if not kept else kept[0] if len(kept) == 1 else f"(+ {' '.join(kept)})"


def times(weight: Fraction, term: str) -> str:
    if not weight or term == "0.0":
        return "0.0"
    return term if weight == 1 else f"(* {number(weight)} {term})"


def both(*conditions: str) -> str:
    return conditions[0] if len(conditions) == 1 else f"(and {' '.join(conditions)})"


def denied(condition: str) -> str:
    return f"(not {condition})"


Value = tuple[str, str]  # v + εd


@dataclass(frozen=True, slots=True)
class Measure:
    points: tuple[Value, ...]
    mass: str


@dataclass(slots=True)
class Script:
    """Declarations, definitions and assertions; equal subterms of equal measures are defined once."""

    lines: list[str] = field(default_factory=lambda: ["(set-logic QF_LRA)"])
    known: dict[tuple[str, str], str] = field(default_factory=dict)

    def declare(self, name: str) -> str:
        self.lines.append(f"(declare-fun {name} () Real)")
        return name

    def claim(self, condition: str) -> None:
        self.lines.append(f"(assert {condition})")

    def measure(self, name: str, n: int, mass: str = "1.0") -> Measure:
        points = [self.declare(f"{name}{i}") for i in range(n)]
        for p in points:
            self.claim(f"(>= {p} 0.0)")
        self.claim(f"(= {plus(points)} {mass})")
        return Measure(tuple((p, "0.0") for p in points), mass)

    def named(self, text: str, sort: str) -> str:
        if not text.startswith("("):
            return text
        name = self.known.get((text, sort))
        if name is None:
            name = self.known[text, sort] = f"{sort[0].lower()}_{len(self.known)}"
            self.lines.append(f"(define-fun {name} () {sort} {text})")
        return name

    def real(self, text: str) -> str:
        return self.named(text, "Real")

    def truth(self, text: str) -> str:
        return self.named(text, "Bool")

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    # -- numbers

    def sum_of(self, constant: Value, parts: Iterable[tuple[Fraction, Value]]) -> Value:
        listed = list(parts)
        v = plus([constant[0], *(times(w, x[0]) for w, x in listed)])
        d = plus([constant[1], *(times(w, x[1]) for w, x in listed)])
        return self.real(v), self.real(d)

    def compared(self, op: str, left: Value, right: Value) -> str:
        """``left op right``, the infinitesimal parts deciding between equal values."""
        (v, d), (w, e) = left, right
        if op == "!=":
            return denied(self.compared("=", left, right))
        if (d, e) == ("0.0", "0.0"):
            return f"({op} {v} {w})"
        if op == "=":
            return both(f"(= {v} {w})", f"(= {d} {e})")
        return f"(or ({op[0]} {v} {w}) {both(f'(= {v} {w})', f'({op} {d} {e})')})"

    def either(self, condition: str, then: Value, otherwise: Value) -> Value:
        if then == otherwise:
            return then
        c = self.truth(condition)
        pairs = zip(then, otherwise, strict=True)
        v, d = (self.real(x if x == y else f"(ite {c} {x} {y})") for x, y in pairs)
        return v, d

    def scaled(self, value: Fraction, mass: str) -> Value:
        return (number(value) if mass == "1.0" else times(value, mass)), "0.0"

    def distribution(self, measure: Measure, payoff: Lottery, bound: Fraction) -> Value:
        reached = [(Fraction(1), x) for x, v in zip(measure.points, payoff, strict=True) if v <= bound]
        return self.sum_of(("0.0", "0.0"), reached)

    def term(self, term: Term, pair: tuple[Measure, Measure]) -> Value:
        mass = pair[0].mass
        match term:
            case Number(value):
                return self.scaled(value, mass)
            case Functional(side, values, _):
                return self.sum_of(("0.0", "0.0"), zip(values, pair[side].points, strict=True))
            case AtMost(side, payoff, bound):
                return self.distribution(pair[side], payoff, bound)
            case Quantile(side, payoff, level):
                *lower, top = sorted(set(payoff))
                share = self.scaled(level, mass)
                found = self.scaled(top, mass)
                for x in reversed(lower):
                    reached = self.compared(">=", self.distribution(pair[side], payoff, x), share)
                    found = self.either(reached, self.scaled(x, mass), found)
                return found
            case Tail(side, payoff, level):
                share = self.scaled(level, mass)
                before: Value = ("0.0", "0.0")
                parts = []
                for x in sorted(set(payoff)):
                    reached_to = self.distribution(pair[side], payoff, x)
                    filled = self.either(self.compared("<=", reached_to, share), reached_to, share)
                    parts += [(x / level, filled), (-x / level, before)]
                    before = filled
                return self.sum_of(("0.0", "0.0"), parts)
            case Weighted(constant, weighted):
                return self.sum_of(self.scaled(constant, mass), [(w, self.term(t, pair)) for w, t in weighted])
            case Extremum(largest, terms):
                values_of = [self.term(t, pair) for t in terms]
                op = ">=" if largest else "<="
                return reduce(lambda x, y: self.either(self.compared(op, x, y), x, y), values_of)
            case Choice(condition, then, otherwise):
                return self.either(self.says(condition, *pair), self.term(then, pair), self.term(otherwise, pair))

    def extremum(self, op: str, terms: Sequence[str]) -> str:
        return reduce(lambda x, y: self.real(f"(ite ({op} {x} {y}) {x} {y})"), terms)

    # -- conditions

    def says(self, condition: Condition, a: Measure, b: Measure) -> str:
        """The condition of two measures of the same mass."""
        return self.truth(self._says(condition, a, b))

    def _says(self, condition: Condition, a: Measure, b: Measure) -> str:
        match condition:
            case Truth(value):
                return "true" if value else "false"
            case Compare(op, left, right):
                return self.compared(op, self.term(left, (a, b)), self.term(right, (a, b)))
            case Same():
                return both(*(self.compared("=", x, y) for x, y in zip(a.points, b.points, strict=True)))
            case Not(inner, _):
                return denied(self.says(inner, a, b))
            case Every(conditions, _):
                return both(*(self.says(c, a, b) for c in conditions))
            case Some(conditions, _):
                return f"(or false {' '.join(self.says(c, a, b) for c in conditions)})"
            case Cases(asked, then, otherwise, _):
                return f"(ite {self.says(asked, a, b)} {self.says(then, a, b)} {self.says(otherwise, a, b)})"

    def strictly(self, condition: Condition, a: Measure, b: Measure) -> str:
        return self.truth(both(self.says(condition, a, b), denied(self.says(condition, b, a))))

    # -- mixtures

    def mixture(self, weight: Fraction, a: Measure, b: Measure) -> Measure:
        points = zip(a.points, b.points, strict=True)
        return Measure(tuple(self.sum_of(("0.0", "0.0"), [(weight, x), (1 - weight, y)]) for x, y in points), a.mass)

    def joined(self, a: Measure, b: Measure) -> Measure:
        """The sum of measures of masses α and 1-α."""
        one = Fraction(1)
        points = zip(a.points, b.points, strict=True)
        return Measure(tuple(self.sum_of(("0.0", "0.0"), [(one, x), (one, y)]) for x, y in points), "1.0")

    def towards(self, a: Measure, b: Measure) -> Measure:
        """``a + ε(b - a)``."""
        points = zip(a.points, b.points, strict=True)
        return Measure(tuple((x, self.real(f"(- {y} {x})")) for (x, _), (y, _) in points), a.mass)


def negated(axiom: str, tree: Condition, n: int) -> str:
    """The negation of an axiom over n outcomes: satisfiable exactly if the axiom fails.

    Besides the axioms: "cycle3" and "cycle4", a strict cycle of that length; "closed", that ``{(A, B) : A ≼ B}`` is.
    """
    script = Script()
    if axiom in ("consistent", "convex"):
        alpha = script.declare("alpha")
        rest = script.real(f"(- 1.0 {alpha})")
        script.claim(f"(and (> {alpha} 0.0) (< {alpha} 1.0))")
        a, b, c = (script.measure(name, n, mass) for name, mass in zip("ABC", (alpha, alpha, rest), strict=True))
        before = script.says(tree, a, b)
        after = script.says(tree, script.joined(a, c), script.joined(b, c))
        script.claim(both(before, denied(after)) if axiom == "consistent" else f"(xor {before} {after})")
        return script.text()
    needed = {"reflexive": 1, "total": 2, "cycle4": 4, "closed": 4}.get(axiom, 3)
    lotteries = [script.measure(name, n) for name in NAMES[:needed]]
    a, b, c = (lotteries * 3)[:3]
    match axiom:
        case "reflexive":
            script.claim(denied(script.says(tree, a, a)))
        case "transitive":
            script.claim(both(script.says(tree, a, b), script.says(tree, b, c), denied(script.says(tree, a, c))))
        case "total":
            script.claim(both(denied(script.says(tree, a, b)), denied(script.says(tree, b, a))))
        case "negatively_transitive":
            kept = (denied(script.strictly(tree, x, y)) for x, y in ((a, b), (b, c)))
            script.claim(both(script.strictly(tree, a, c), *kept))
        case "quasi_transitive":
            chain = (script.strictly(tree, x, y) for x, y in ((a, b), (b, c)))
            script.claim(both(*chain, denied(script.strictly(tree, a, c))))
        case "cycle3" | "cycle4":
            around = zip(lotteries, [*lotteries[1:], a], strict=True)
            script.claim(both(*(script.strictly(tree, x, y) for x, y in around)))
        case "closed":
            near = script.towards(a, c), script.towards(b, lotteries[3])
            script.claim(both(denied(script.says(tree, a, b)), script.says(tree, *near)))
        case "continuous":
            near_b = script.towards(b, c)
            above = both(denied(script.says(tree, a, b)), script.says(tree, a, near_b))
            below = both(denied(script.says(tree, b, a)), script.says(tree, near_b, a))
            script.claim(f"(or {above} {below})")
        case _:
            raise ValueError(f"no linear negation of {axiom!r}")
    return script.text()


def not_interpolated(tree: Condition, n: int, alphas: Sequence[Fraction]) -> str:
    """``A ≼ B ≼ C`` and none of these α has ``αAC ~ B``: unsatisfiable only if interpolation holds."""
    script = Script()
    a, b, c = (script.measure(name, n) for name in "ABC")
    script.claim(both(script.says(tree, a, b), script.says(tree, b, c)))
    for alpha in alphas:
        x = a if alpha == 1 else c if alpha == 0 else script.mixture(alpha, a, c)
        script.claim(denied(both(script.says(tree, x, b), script.says(tree, b, x))))
    return script.text()


def jumping(tree: Condition, n: int) -> str:
    """``A ≺ B ≺ C``, and right after C no mixture is ≽ B, or right before A none is ≼ B: interpolation may fail."""
    script = Script()
    a, b, c = (script.measure(name, n) for name in "ABC")
    script.claim(both(script.strictly(tree, a, b), script.strictly(tree, b, c)))
    after, before = script.towards(c, a), script.towards(a, c)
    script.claim(f"(not (and {script.says(tree, b, after)} {script.says(tree, before, b)}))")
    return script.text()


def not_between(tree: Condition, n: int, alphas: Sequence[Fraction]) -> str:
    """``A ≺ B`` and one of these α in (0, 1) has not ``A ≺ αA + (1-α)B ≺ B``: satisfiable only if betweenness fails."""
    script = Script()
    a, b = (script.measure(name, n) for name in "AB")
    script.claim(script.strictly(tree, a, b))
    inside = []
    for alpha in alphas:
        x = script.mixture(alpha, a, b)
        inside.append(both(script.strictly(tree, a, x), script.strictly(tree, x, b)))
    script.claim(denied(both(*inside)))
    return script.text()


def dominated(axiom: str, tree: Condition, value: Lottery) -> str:
    """B dominates A in the payoff `value` (see ``violation.dominates``), and not ``A ≼ B``."""
    script = Script()
    a, b = (script.measure(name, len(value)) for name in "AB")
    levels = sorted(set(value))
    area: list[tuple[str, str]] = []  # ∫ of the distribution functions up to the next level
    for x, following in pairwise(levels):
        reached = [script.distribution(m, value, x)[0] for m in (a, b)]
        if axiom == "monotone":
            script.claim(f"(<= {reached[1]} {reached[0]})")
        else:
            area.append((times(following - x, reached[0]), times(following - x, reached[1])))
            script.claim(f"(<= {plus(y for _, y in area)} {plus(x for x, _ in area)})")
    if axiom == "spread_averse" and area:
        script.claim(f"(= {plus(y for _, y in area)} {plus(x for x, _ in area)})")
    script.claim(denied(script.says(tree, a, b)))
    return script.text()


def unlike(tree: Condition, n: int, formula: dict[str, Any]) -> str:
    """A lottery pair at which a stored formula (a certificate's JSON) says other than the tree; see `said_by`."""
    script = Script()
    a, b = (script.measure(name, n) for name in "AB")
    script.claim(f"(xor {script.says(tree, a, b)} {said_by(script, formula, a, b)})")
    return script.text()


def said_by(script: Script, formula: dict[str, Any], a: Measure, b: Measure) -> str:
    """The relation of a certificate, read from its JSON by the format note (docs/certificate-format.md)."""
    sides = (a, b)
    values: list[str] = []
    for node in formula["nodes"]:
        kind = node["kind"]
        if kind == "Feature":
            weights = [Fraction(w) for w in formula["features"][node["index"]]]
            value = script.sum_of(("0.0", "0.0"), zip(weights, sides[node["side"]].points, strict=True))[0]
        elif kind == "Affine":
            parts = [times(Fraction(w), values[i]) for w, i in node["terms"]]
            value = script.real(plus([number(Fraction(node["constant"])), *parts]))
        elif kind in ("Max", "Min"):
            op = ">=" if kind == "Max" else "<="
            value = script.extremum(op, [values[i] for i in node["terms"]])
        elif kind == "If":
            value = script.real(f"(ite {values[node['condition']]} {values[node['then']]} {values[node['otherwise']]})")
        elif kind == "Atom":
            value = script.truth(f"({node['op']} {values[node['term']]} 0.0)")
        elif kind == "Not":
            value = script.truth(denied(values[node["condition"]]))
        else:
            assert kind in ("And", "Or"), kind
            unit = "true" if kind == "And" else "false"
            value = script.truth(f"({kind.lower()} {unit} {unit} {' '.join(values[i] for i in node['conditions'])})")
        values.append(value)
    return values[-1]
