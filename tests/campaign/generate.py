"""Random semilinear relations from a seed.

Most are made from parts that the literature uses (value orders, lexicographic and threshold orders, Pareto, majority,
semiorders, orders by support, classes), so that many axioms hold; these are then combined, disguised and mutated, which
is where a checker is wrong if it is wrong. The rest are wild: any comparisons, any Boolean combination.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random
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
    moved,
    rewritten,
    size,
)

CLOSE = Fraction(1, 10**18)
LEVELS = tuple(Fraction(p, q) for p, q in ((1, 2), (1, 3), (2, 3), (1, 10), (3, 4), (1, 1)))
MAX_SIZE = 90  # nodes of a tree


def random_relation(seed: int, index: int) -> tuple[int, Condition, str]:
    """The index-th relation of a seed: how many outcomes, the tree, and the kind it was made from."""
    rng = Random(f"{seed}:{index}")
    while True:
        maker = _Maker(rng, rng.choices((1, 2, 3, 4, 5), (1, 25, 44, 20, 10))[0])
        tree, kind = maker.relation()
        if size(tree) <= MAX_SIZE:
            return maker.n, tree, kind


class _Maker:
    """Random parts over n outcomes."""

    def __init__(self, rng: Random, n: int) -> None:
        self.rng, self.n = rng, n
        # Relations read few functionals, many times: fresh ones each time would hardly ever interact.
        self.payoffs = [self._payoff() for _ in range(rng.randint(1, 3))]
        self.events = [self._event() for _ in range(rng.randint(1, 2))]

    def chance(self, percent: float) -> bool:
        return self.rng.random() * 100 < percent

    # -- numbers

    def _payoff(self) -> Lottery:
        rng = self.rng
        top = rng.choice((1, 2, 3, 5, 10))
        values = [Fraction(rng.randint(0, top)) for _ in range(self.n)]
        if self.chance(20):
            values = [v / rng.randint(1, 4) for v in values]
        if self.chance(15):
            values = [v - rng.randint(0, top) for v in values]
        if self.chance(6):
            values[rng.randrange(self.n)] += rng.choice((CLOSE, -CLOSE, Fraction(0.1)))
        if self.chance(4):
            values = [v * 10 ** rng.choice((9, 30)) for v in values]
        if len(set(values)) == 1 and self.chance(95):
            values[rng.randrange(self.n)] += 1
        return tuple(values)

    def _event(self) -> Lottery:
        inside = self.rng.sample(range(self.n), self.rng.randint(1, max(1, self.n - 1)))
        return tuple(Fraction(i in inside) for i in range(self.n))

    def constant(self) -> Fraction:
        rng = self.rng
        value = rng.choice((Fraction(0), Fraction(0), Fraction(1), Fraction(rng.randint(-3, 3), rng.randint(1, 6))))
        if self.chance(5):
            value += rng.choice((CLOSE, -CLOSE))
        if self.chance(2):
            value *= 10**20
        return value

    def share(self) -> Fraction:
        q = self.rng.choice((2, 3, 4, 10))
        value = Fraction(self.rng.randint(1, q - 1), q)
        return value + self.rng.choice((CLOSE, -CLOSE)) if self.chance(5) else value

    # -- terms of the lottery on side 0

    def payoff(self) -> Lottery:
        return self.rng.choice(self.payoffs)

    def event_term(self) -> Functional:
        event = self.rng.choice(self.events)
        reads = ["prob", "predicate", "expect"] + (["item"] if sum(event) == 1 else [])
        return Functional(0, event, self.rng.choice(reads))

    def linear(self) -> Term:
        if self.chance(30):
            return self.event_term()
        if self.chance(12):
            payoff = self.payoff()
            return AtMost(0, payoff, self.rng.choice(payoff) + self.rng.choice((0, 0, Fraction(1, 2))))
        return Functional(0, self.payoff())

    def value(self, depth: int = 1) -> Term:
        """A functional of one lottery."""
        kind = self.rng.choices(("linear", "extremum", "tail", "quantile", "weighted", "choice"), (60, 14, 7, 6, 8, 5))[
            0
        ]
        if kind == "linear" or not depth:
            return self.linear()
        if kind == "tail":
            return Tail(0, self.payoff(), self.rng.choice(LEVELS))
        if kind == "quantile":
            return Quantile(0, self.payoff(), self.rng.choice(LEVELS))
        if kind == "choice":
            return Choice(
                self.about(), self.value(depth - 1), self.rng.choice((self.linear(), Number(self.constant())))
            )
        parts = [self.value(depth - 1) for _ in range(self.rng.randint(2, 3))]
        if kind == "extremum":
            if self.chance(25):
                parts[-1] = Number(self.constant())
            return Extremum(self.chance(50), tuple(parts))
        weights = [self.rng.choice((Fraction(1), Fraction(2), Fraction(-1), Fraction(1, 3))) for _ in parts]
        constant = self.constant() if self.chance(20) else Fraction(0)
        return Weighted(constant, tuple(zip(weights, parts, strict=True)))

    def about(self) -> Condition:
        """A property of one lottery: a threshold, or a support."""
        if self.chance(50):
            return Compare(self.rng.choice((">", "=")), self.event_term(), Number(Fraction(0)))
        term = self.event_term() if self.chance(50) else self.linear()
        return Compare(self.rng.choice(("<=", "<", ">=", ">")), term, Number(self.share()))

    # -- relations made of parts

    def compare(self, op: str, value: Term) -> Condition:
        """``V(A) op V(B)``, said in one of several ways."""
        a, b = value, moved(value, (1, 1))
        way = self.rng.random()
        if way < 0.6:
            return Compare(op, a, b)
        if way < 0.75:
            mirrored = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}.get(op, op)
            return Compare(mirrored, b, a)
        if way < 0.85:
            opposite = {"<=": ">", "<": ">=", ">=": "<", ">": "<=", "=": "!=", "!=": "="}[op]
            return Not(Compare(opposite, a, b), self.chance(30))
        one = Fraction(1)
        return Compare(op, Weighted(Fraction(0), ((one, a), (-one, b))), Number(Fraction(0)))

    def value_order(self) -> Condition:
        return self.compare("<=", self.value(2))

    def lexicographic(self) -> Condition:
        values = [self.value(self.rng.choice((0, 0, 1))) for _ in range(self.rng.choice((2, 2, 2, 3)))]
        *first, last = values
        result = self.compare("<=" if self.chance(92) else "<", last)
        for v in reversed(first):
            forks = self.chance(25)
            if self.chance(20):
                result = Cases(self.compare("=", v), result, self.compare("<", v), forks)
            else:
                tie = Every((self.compare("=" if self.chance(80) else "<=", v), result), forks)
                result = Some((self.compare("<", v), tie), forks)
        return result

    def feasible_first(self) -> Condition:
        fine = self.about()
        other = moved(fine, (1, 1))
        forks = self.chance(30)
        inner = self.compare("<=", self.linear())
        outer = self.compare("<=", self.linear()) if self.chance(60) else Truth(True)
        if self.chance(50):
            return Cases(fine, Every((other, inner), forks), Some((other, outer), forks), forks)
        both_fine = Every((fine, other, inner))
        return Some((both_fine, Every((Not(fine), other)), Every((Not(fine), Not(other), outer))), forks)

    def excess_risk(self) -> Condition:
        risk = self.event_term() if self.chance(60) else Functional(0, tuple(abs(v) for v in self.payoff()))
        nothing = Compare("=", risk, Number(Fraction(0)))
        tie = Some((Not(nothing), self.compare("<=", self.linear())), self.chance(20))
        return Some((self.compare(">", risk), Every((self.compare("=", risk), tie))), self.chance(20))

    def unanimous(self) -> Condition:
        values = [self.linear() for _ in range(self.rng.choice((2, 2, 3)))]
        return Every(tuple(self.compare("<=", v) for v in values), self.chance(20))

    def dominance(self) -> Condition:
        payoff = self.payoff()
        bounds = sorted(set(payoff))
        return Every(tuple(self.compare(">=", AtMost(0, payoff, x)) for x in bounds), self.chance(10))

    def majority(self) -> Condition:
        x, y, z = (self.compare("<=", self.linear()) for _ in range(3))
        return Some((Every((x, y)), Every((y, z)), Every((x, z))))

    def semiorder(self) -> Condition:
        value, step = self.value(1), Number(self.share())
        a, b = value, moved(value, (1, 1))
        one = Fraction(1)
        further = Weighted(step.value, ((one, b),))
        if self.chance(60):
            return Compare(self.rng.choice(("<=", "<")), a, further)
        much = Compare("<", a, Weighted(-step.value, ((one, b),)))
        close = Every((Compare("<=", a, further), Not(much)))
        return Some((much, Every((close, self.compare("<=", self.linear())))))

    def same(self) -> Condition:
        if self.chance(30):
            return Same()
        equal = self.compare("=", self.value(1))
        return Every((equal, self.compare("<=", self.linear()))) if self.chance(40) else equal

    def classes(self) -> Condition:
        """Lotteries are put into classes, and classes are ranked."""
        conditions = [self.about() for _ in range(self.rng.randint(1, 3))]
        rank: Term = Number(Fraction(0))
        for i, c in enumerate(conditions):
            rank = Choice(c, Number(Fraction(i + 1) if self.chance(80) else self.constant()), rank)
        order = self.compare("<=", rank)
        if self.chance(35):
            return Some((self.compare("<", rank), Every((self.compare("=", rank), self.compare("<=", self.linear())))))
        return order

    def difference(self) -> Condition:
        """A cone: conditions on A - B alone."""
        one = Fraction(1)
        atoms: list[Condition] = []
        for _ in range(self.rng.randint(1, 3)):
            a = self.linear()
            gap = Weighted(Fraction(0), ((one, a), (-one, moved(a, (1, 1)))))
            if self.chance(30):
                b = self.linear()
                gap = Weighted(
                    Fraction(0),
                    (
                        *gap.parts,
                        (Fraction(self.rng.randint(-2, 2)), b),
                        (Fraction(self.rng.randint(-2, 2)), moved(b, (1, 1))),
                    ),
                )
            op = self.rng.choice(("<=", "<=", "<=", "<", "=", "!="))
            atoms.append(Compare(op, gap, Number(Fraction(0))))
        return self.joined(atoms)

    def joined(self, conditions: list[Condition]) -> Condition:
        if len(conditions) == 1:
            return conditions[0]
        kind: Callable[..., Condition] = Every if self.chance(50) else Some
        return kind(tuple(conditions), self.chance(15))

    # -- anything at all

    def wild(self, depth: int) -> Condition:
        if not depth or self.chance(25):
            return self.wild_atom()
        kind = self.rng.choice(("not", "and", "and", "or", "or", "cases"))
        forks = self.chance(15)
        if kind == "not":
            return Not(self.wild(depth - 1), forks)
        if kind == "cases":
            return Cases(self.wild(0), self.wild(depth - 1), self.wild(depth - 1), forks)
        parts = tuple(self.wild(depth - 1) for _ in range(self.rng.randint(2, 3)))
        return Every(parts, forks) if kind == "and" else Some(parts, forks)

    def wild_atom(self) -> Condition:
        if self.chance(2):
            return Same() if self.chance(70) else Truth(self.chance(50))
        if self.chance(35):
            return self.compare(self.rng.choice(("<=", "<=", "<", "=", "!=")), self.value(1))
        op = self.rng.choice(("<=", "<=", "<", ">=", ">", "=", "!="))
        left, right = (moved(self.value(1), (side, side)) for side in (self.rng.randint(0, 1), self.rng.randint(0, 1)))
        if self.chance(40):
            right = Number(self.share() if self.chance(60) else self.constant())
        return Compare(op, left, right)

    # -- mending and spoiling

    def disguised(self, tree: Condition) -> Condition:
        """The same relation, said otherwise."""
        way = self.rng.randrange(5)
        if way == 0:
            return Not(Not(tree), self.chance(50))
        if way == 1:
            extra = self.wild_atom()
            return Every((tree, Some((extra, Not(extra)))))
        if way == 2:
            return Some((tree, Every((tree, self.wild_atom()))))
        if way == 3 and isinstance(tree, (Every, Some)):
            other = Some if isinstance(tree, Every) else Every
            return Not(other(tuple(Not(c) for c in tree.conditions)))
        return Cases(self.wild_atom(), tree, tree)

    def mutated(self, tree: Condition) -> Condition:
        """One comparison or constant changed."""
        total = size(tree)
        target, count = self.rng.randrange(total), 0

        def change(node: Any) -> Any:
            nonlocal count
            count += 1
            if count <= target or count > total:
                return node
            if isinstance(node, Compare):
                count = total
                return replace(node, op=self.rng.choice(("<=", "<", "=", ">=", ">")))
            if isinstance(node, Number):
                count = total
                return Number(node.value + self.rng.choice((CLOSE, -CLOSE, Fraction(1), Fraction(-1, 3))))
            if isinstance(node, Functional) and node.read == "expect":
                count = total
                at = self.rng.randrange(self.n)
                changed = node.values[at] + self.rng.choice((CLOSE, Fraction(1), Fraction(-1)))
                return replace(node, values=(*node.values[:at], changed, *node.values[at + 1 :]))
            return node

        result: Condition = rewritten(tree, change)
        return result

    def structured(self) -> tuple[Condition, str]:
        kinds: dict[str, tuple[int, Callable[[], Condition]]] = {
            "value order": (14, self.value_order),
            "lexicographic": (16, self.lexicographic),
            "feasible first": (9, self.feasible_first),
            "excess risk": (7, self.excess_risk),
            "unanimity": (8, self.unanimous),
            "dominance": (4, self.dominance),
            "majority": (5, self.majority),
            "semiorder": (8, self.semiorder),
            "equality": (5, self.same),
            "classes": (8, self.classes),
            "cone": (10, self.difference),
        }
        kind = self.rng.choices(list(kinds), [w for w, _ in kinds.values()])[0]
        return kinds[kind][1](), kind

    def relation(self) -> tuple[Condition, str]:
        if self.chance(20):
            return self.wild(self.rng.choice((1, 2, 2, 3))), "wild"
        tree, kind = self.structured()
        if self.chance(12):
            other, _ = self.structured()
            kind = "combination"
            way = self.rng.randrange(4)
            if way == 0:
                tree = Cases(self.wild_atom(), tree, other, self.chance(20))
            elif way == 1:  # the strict part of one first, then the other
                back = moved(tree, (1, 0))
                tree = Some((Every((tree, Not(back))), Every((tree, back, other))))
            else:
                tree = self.joined([tree, other])
        if self.chance(6):  # B is not worse: the complement, turned around
            tree = Not(moved(tree, (1, 0)))
        if self.chance(15):
            tree = self.disguised(tree)
        if self.chance(20):
            tree, kind = self.mutated(tree), f"{kind}, mutated"
        return tree, kind


def random_lottery(rng: Random, n: int) -> Lottery:
    """A point, a grid point or any rational one."""
    way = rng.random()
    if way < 0.2:
        at = rng.randrange(n)
        return tuple(Fraction(i == at) for i in range(n))
    top = 4 if way < 0.6 else 12
    while True:
        weights = [rng.randint(0, top) if rng.random() < 0.75 else 0 for _ in range(n)]
        if sum(weights):
            return tuple(Fraction(w, sum(weights)) for w in weights)
