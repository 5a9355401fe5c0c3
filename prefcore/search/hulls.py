"""The hull over which lotteries range, seen through a formula's features: its vertices, as far as they are needed.

Over a simplex the vertices are the outcomes, over the achievable set of a process they are deterministic policies. Both
have an oracle for linear functionals (the largest outcome; backward induction), so a few vertices do at first and
more are asked for in the directions that matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, islice, product
from math import lcm, prod
from typing import Any

from flint import fmpq, fmpq_mat

from prefcore.claims import Achievable, Domain
from prefcore.distribution import Distribution
from prefcore.domains import Combination, Exact, Largest, best, largest_over, outcome_distribution, outcome_values
from prefcore.formula import Affine, Feature, Formula, Node, renumbered
from prefcore.search import faces
from prefcore.trees import HistoryTree, PolicyTable

LISTED = 200  # outcomes up to which all are vertices from the start
POLICIES = 8  # deterministic policies up to which all are
KINDS = 7  # policies from which faces are made
MANY = 4096  # outcomes from which arrays are used
EQUATED = 24  # features among which linear equations are looked for

Vertex = Any  # an outcome's index, or the action of a deterministic policy at each decision
Mixed = Sequence[tuple[int, Fraction]]  # a lottery over vertices, by their position


@dataclass(slots=True)
class Hull:
    """The known vertices, with the value of each feature at each; `complete` if there are no others."""

    domain: Domain
    formula: Formula
    largest: Largest
    complete: bool
    vertices: list[Vertex] = field(default_factory=list)
    values: list[tuple[Exact, ...]] = field(default_factory=list)
    _known: set[Vertex] = field(default_factory=set)
    _arrays: dict[int, Any] = field(default_factory=dict)

    def add(self, vertex: Vertex) -> bool:
        """Takes in a vertex; whether it is new."""
        if vertex in self._known:
            return False
        self._known.add(vertex)
        self.vertices.append(vertex)
        if isinstance(self.domain, Achievable):
            induced = outcome_distribution(self.domain.process.tree, _table(self.domain.process.tree, vertex))
            self.values.append(
                tuple(sum((p * f[o] for o, p in induced.items()), Fraction(0)) for f in self.formula.features)
            )
        else:
            self.values.append(tuple(f[vertex] for f in self.formula.features))
        return True

    def extreme(self, direction: Combination) -> Vertex:
        """A vertex at which ``Σ w f_k`` is largest."""
        if isinstance(self.domain, Achievable):
            return tuple(best(self.domain.process.tree, outcome_values(self.formula, direction))[1])
        if not direction:
            return 0
        if self.formula.outcomes >= MANY:
            return self._extreme_of_many(direction)
        vectors = [(w, self.formula.features[k]) for w, k in direction]
        values = [sum(w * f[o] for w, f in vectors) for o in range(self.formula.outcomes)]
        return max(range(len(values)), key=values.__getitem__)

    def _extreme_of_many(self, direction: Combination) -> int:
        """As floats, which is near enough: the bound of a cut or lemma is calculated exactly elsewhere."""
        import numpy as np

        total = np.zeros(self.formula.outcomes)
        for w, k in direction:
            if k not in self._arrays:
                self._arrays[k] = np.array(self.formula.features[k], dtype=float)
            total += float(w) * self._arrays[k]
        return int(total.argmax())

    def extremes(self, features: int = 10) -> list[int]:
        """The positions of vertices at which one of the first features is largest or smallest."""
        found = set()
        for k in range(min(features, len(self.formula.features))):
            column = [value[k] for value in self.values]
            found |= {column.index(min(column)), column.index(max(column))}
        return sorted(found)

    def restricted(self, chosen: Sequence[int]) -> Formula:
        """The formula on the face spanned by some known vertices."""
        if isinstance(self.domain, Achievable):
            return _on_points(self.formula, [self.values[i] for i in chosen])
        outcomes = [self.vertices[i] for i in chosen]
        return Formula(
            len(outcomes), tuple(tuple(f[o] for o in outcomes) for f in self.formula.features), self.formula.nodes
        )

    def faces(self, size: int) -> Iterator[tuple[tuple[int, ...], Formula]]:
        """Faces of a few vertices, the formula restricted to each."""
        kinds = faces.kinds_of(self.restricted(range(len(self.vertices))))
        for face in faces.faces(kinds, size):
            yield face, self.restricted(face)

    def equalities(self) -> list[tuple[list[tuple[int, int]], Fraction]]:
        """The linear equations ``Σ w f_k = c`` that hold on the whole hull, as pairs ``([(w, k), …], c)``."""
        count = len(self.formula.features)
        if not 0 < count <= EQUATED:
            return []
        while True:
            first, *others = self.values
            rows = [[_fmpq(v - w) for v, w in zip(value, first, strict=True)] for value in others[: 4 * EQUATED]]
            found = []
            for direction in _null_space(rows, count):
                c = self.largest(direction)
                opposite = [(-w, k) for w, k in direction]
                if self.largest(opposite) == -c:
                    found.append((direction, c))
                elif self.add(self.extreme(direction)) or self.add(self.extreme(opposite)):
                    break
            else:
                return found

    def lottery(self, mixed: Mixed) -> tuple[Distribution, PolicyTable | None]:
        """A lottery over vertices as a distribution over the outcomes, and the policy that achieves it."""
        outcomes = self.domain.outcomes
        if not isinstance(self.domain, Achievable):
            return Distribution({outcomes[self.vertices[i]]: p for i, p in mixed}), None
        tree = self.domain.process.tree
        policy = _mixture(tree, [(p, self.vertices[i]) for i, p in mixed])
        return Distribution({outcomes[o]: p for o, p in outcome_distribution(tree, policy).items()}), policy


def hull_of(domain: Domain, formula: Formula) -> Hull:
    """The hull with its first vertices: all, if they are few, else the extremes of each feature."""
    largest = largest_over(domain, formula)
    if isinstance(domain, Achievable):
        tree = domain.process.tree
        choices = [range(len(rows)) for rows in tree.branches]
        hull = Hull(domain, formula, largest, prod(map(len, choices)) <= POLICIES)
        if hull.complete:
            for actions in product(*choices):
                hull.add(actions)
            return hull
    else:
        hull = Hull(domain, formula, largest, formula.outcomes <= LISTED)
        if hull.complete:
            for outcome in range(formula.outcomes):
                hull.add(outcome)
            return hull
    for k in range(len(formula.features)):
        for sign in (1, -1):
            hull.add(hull.extreme([(sign, k)]))
    for (i, j), s in islice(product(combinations(range(len(formula.features)), 2), (1, -1)), 4 * KINDS):
        hull.add(hull.extreme([(1, i), (s, j)]))
    if not hull.vertices:
        hull.add(hull.extreme([]) if not isinstance(domain, Achievable) else (0,) * len(domain.process.tree.branches))
    return hull


def _fmpq(value: Exact) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _null_space(rows: list[list[fmpq]], count: int) -> list[list[tuple[int, int]]]:
    """Integer vectors that span what is orthogonal to all rows, each as ``[(weight, position), …]``."""
    reduced, rank = fmpq_mat(rows or [[fmpq(0)] * count]).rref()
    pivots = [next(c for c in range(count) if reduced[r, c] != 0) for r in range(rank)]
    vectors = []
    for free in sorted(set(range(count)) - set(pivots)):
        entries = {free: Fraction(1)}
        for r, c in enumerate(pivots):
            if reduced[r, free] != 0:
                entries[c] = -Fraction(int(reduced[r, free].p), int(reduced[r, free].q))
        scale = lcm(*(w.denominator for w in entries.values()))
        vectors.append([(int(w * scale), k) for k, w in sorted(entries.items())])
    return vectors


# -- policies -------------------------------------------------------------------------------------------------------


def _table(tree: HistoryTree, actions: Sequence[int]) -> PolicyTable:
    return tuple(
        tuple(Fraction(a == chosen) for a in range(len(rows)))
        for rows, chosen in zip(tree.branches, actions, strict=True)
    )


def _mixture(tree: HistoryTree, policies: Sequence[tuple[Fraction, Sequence[int]]]) -> PolicyTable:
    """The behavioural policy whose distribution is the mixture of those of deterministic policies (Kuhn 1953)."""
    decisions = len(tree.branches)
    weight = [[Fraction(0)] * len(rows) for rows in tree.branches]  # Σ of the policies that come here and act so
    for share, actions in policies:
        playing = bytearray(decisions + len(tree.outcome))
        for _, node in tree.initial:
            playing[node] = 1
        for d, rows in enumerate(tree.branches):
            if playing[d]:
                weight[d][actions[d]] += share
                for _, child in rows[actions[d]]:
                    playing[child] = 1
    table = []
    for row in weight:
        total = sum(row, Fraction(0))
        table.append(tuple(w / total for w in row) if total else tuple(Fraction(a == 0) for a in range(len(row))))
    return tuple(table)


def _on_points(formula: Formula, points: Sequence[Sequence[Exact]]) -> Formula:
    """The formula over lotteries on some points of feature space, as if these were outcomes."""
    scales = [lcm(*(Fraction(p[k]).denominator for p in points)) for k in range(len(formula.features))]
    features = tuple(tuple(int(p[k] * scale) for p in points) for k, scale in enumerate(scales))
    nodes: list[Node] = []
    moved: dict[int, int] = {}  # where a node's value is now
    raw: dict[int, tuple[int, Fraction]] = {}  # where a feature is, and what it is to be multiplied by
    for index, node in enumerate(formula.nodes):
        if isinstance(node, Feature):
            nodes.append(node)
            raw[index] = len(nodes) - 1, Fraction(1, scales[node.index])
            nodes.append(Affine(Fraction(0), ((raw[index][1], len(nodes) - 1),)))
        elif isinstance(node, Affine):
            terms = ((w * raw[i][1], raw[i][0]) if i in raw else (w, moved[i]) for w, i in node.terms)
            nodes.append(Affine(node.constant, tuple(terms)))
        else:
            nodes.append(renumbered(node, moved, {}))
        moved[index] = len(nodes) - 1
    return Formula(len(points), features, tuple(nodes))
