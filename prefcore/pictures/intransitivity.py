"""What a heat map of intransitivity shows: pairwise probabilities and finite relations as ordered matrices.

Of a matrix ``P[i][j]``, the probability that i is preferred to j, three views: the probabilities themselves; and for
each pair (i, k) by how much it violates stochastic transitivity, at worst over j [Tversky 1969]: with P_ij >= 1/2 and
P_jk >= 1/2,

    weak    1/2 - P_ik              if P_ik < 1/2
    strong  max(P_ij, P_jk) - P_ik  if P_ik < max(P_ij, P_jk)

A violation of weak stochastic transitivity is a cycle of majorities ``i, j, k, i``. Items are ordered by the Copeland
score, majorities won minus lost [Copeland 1951], so that a transitive matrix is blue above its diagonal. Of a Boolean
matrix, ``M[i][j]`` for i ≼ j, the items are ordered along the condensation to strongly connected components: above the
diagonal it is dark only inside components, which are indifference classes if ≼ is a pre-order, and hold cycles else.

What is above what is decided exactly; only the colours and the sizes of violations are floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from prefcore.distribution import exact
from prefcore.pictures.svg import shortened

MOST_CELLS = 200  # rows that are drawn; more are averaged in blocks
SEARCHED = 500  # items among which triples are searched
ROUNDING = 1e-9  # by which floats may miss P_ij + P_ji = 1
SHOWN = 16  # characters of a label

DIVERGING = ("#b35806", "#e08214", "#fdb863", "#fee0b6", "#f7f7f7", "#d1e5f0", "#92c5de", "#4393c3", "#2166ac")
RISING = ("#ffffff", "#fde0c5", "#fbb878", "#ec7a1c", "#8f3b04")
TWO = ("#f4f4f4", "#35618f")

View = Literal["preference", "weak", "strong", "relation"]
Grid = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Heat:
    """A heat map as it is drawn. Rows and columns are counted in the drawn order.

    values: (n, n), NaN where nothing is shown. highest: the value of the last colour; the first is that of 0. marked:
    the entries of cyclic triples, row preferred to column. triple: the worst violation (i, j, k), if there is one.
    blocks: ``(start, stop, cyclic)`` of the components with several items. together: how many items share a cell.
    """

    view: View
    order: tuple[int, ...]
    labels: tuple[str, ...]
    values: Grid
    highest: float
    marked: frozenset[tuple[int, int]]
    triple: tuple[int, int, int] | None
    blocks: tuple[tuple[int, int, bool], ...]
    notes: tuple[str, ...]
    together: int

    @property
    def colours(self) -> tuple[str, ...]:
        return {"preference": DIVERGING, "relation": TWO}.get(self.view, RISING)

    @property
    def meaning(self) -> str:
        """What a colour says of its row and column."""
        return {
            "preference": "probability that the row is preferred to the column",
            "weak": "violation of weak stochastic transitivity by row over column",
            "strong": "violation of strong stochastic transitivity by row over column",
            "relation": "dark: row ≼ column",
        }[self.view]


def heat(
    matrix: Sequence[Sequence[Any]] | NDArray[Any],
    labels: Sequence[Any] | None = None,
    view: View | None = None,
    order: Literal["copeland", "given"] = "copeland",
    components: Sequence[Sequence[int]] | None = None,
) -> Heat:
    """What ``heatmap`` draws, with the same arguments."""
    rows = [list(row) for row in matrix]
    n = len(rows)
    if n == 0 or any(len(row) != n for row in rows):
        raise ValueError(f"matrix must be square with at least one row, got rows of {sorted({len(r) for r in rows})}")
    if order not in ("copeland", "given"):
        raise ValueError(f"order must be 'copeland' or 'given', got {order!r}")
    names = tuple(str(x) for x in labels) if labels is not None else tuple(str(k + 1) for k in range(n))
    if len(names) != n:
        raise ValueError(f"labels must name the {n} items, got {len(names)}")
    boolean = all(isinstance(x, (bool, np.bool_)) for row in rows for x in row)
    if boolean is not (view in (None, "relation")) and (boolean or view == "relation"):
        raise ValueError(f"view {view!r} doesn't fit: a Boolean matrix has the view 'relation', and no other has it")
    if boolean:
        return _relation(np.array(rows, dtype=bool), names, order, components)
    if components is not None:
        raise ValueError("components are those of a Boolean matrix; leave them out for probabilities")
    if view not in (None, "preference", "weak", "strong"):
        raise ValueError(f"view must be 'preference', 'weak' or 'strong', got {view!r}")
    return _probabilities(rows, names, view or "preference", order)


# -- probabilities --------------------------------------------------------------------------------------------------


def _probabilities(rows: list[list[Any]], names: tuple[str, ...], view: View, order: str) -> Heat:
    n = len(rows)
    values, ranks, half = _ranked(rows)
    wins = (ranks > half).sum(axis=1) - (ranks < half).sum(axis=1)
    sequence = sorted(range(n), key=lambda i: -wins[i]) if order == "copeland" else list(range(n))
    values, ranks = values[np.ix_(sequence, sequence)], ranks[np.ix_(sequence, sequence)]
    notes: list[str] = []
    marked, triple = np.zeros((n, n), dtype=bool), None
    shown = values
    if n <= SEARCHED:
        weak, strong, marked, triples = _violations(values, ranks, half)
        kind = view if view in ("weak", "strong") else "weak" if triples["weak"] else "strong"
        triple = triples[kind]
        if triple:
            i, j, k = triple
            p, q, r = (f"{values[a, b]:.3g}" for a, b in ((i, j), (j, k), (i, k)))
            a, b, c = (shortened(names[sequence[x]], SHOWN) for x in triple)
            notes.append(
                f"Worst against {kind} stochastic transitivity: {a} over {b} ({p}) and {b} over {c} ({q}), "
                f"yet {a} over {c} only {r}."
            )
        if not triples["weak"]:
            notes.append("No cycle of majorities: weak stochastic transitivity holds.")
        if not triples["strong"]:
            notes.append("Strong stochastic transitivity holds.")
        shown = {"weak": weak, "strong": strong}.get(view, values)
    elif view != "preference":
        raise ValueError(f"violations are searched among at most {SEARCHED} items, got {n}; draw view='preference'")
    else:
        notes.append(f"Triples are not searched: more than {SEARCHED} items.")
    shown = shown.copy()
    np.fill_diagonal(shown, np.nan)
    highest = 1.0 if view == "preference" else float(np.nanmax(shown)) if n > 1 else 0.0
    entries = frozenset((int(i), int(j)) for i, j in zip(*np.nonzero(marked), strict=True))
    labels = tuple(names[i] for i in sequence)
    return _fitted(Heat(view, tuple(sequence), labels, shown, highest, entries, triple, (), tuple(notes), 1))


def _ranked(rows: list[list[Any]]) -> tuple[Grid, NDArray[np.int64], int]:
    """The probabilities as floats and, for exact comparisons, as ranks among them and 1/2; the rank of 1/2."""
    n = len(rows)
    if all(isinstance(x, float) for row in rows for x in row):
        return _ranked_floats(np.array(rows))
    half = Fraction(1, 2)
    numbers = [[half if i == j else _probability(rows[i][j], i, j) for j in range(n)] for i in range(n)]
    inexact = any(isinstance(x, (float, np.floating)) for row in rows for x in row)
    for i in range(n):
        for j in range(i):
            off = abs(numbers[i][j] + numbers[j][i] - 1)
            if off > (ROUNDING if inexact else 0):
                raise ValueError(_uneven(rows[i][j], rows[j][i], i, j))
    rank = {p: k for k, p in enumerate(sorted({half, *(p for row in numbers for p in row)}))}
    ranks = np.array([[rank[p] for p in row] for row in numbers], dtype=np.int64)
    return np.array([[float(p) for p in row] for row in numbers]), ranks, rank[half]


def _ranked_floats(values: Grid) -> tuple[Grid, NDArray[np.int64], int]:
    """The same for floats only, which compare exactly as they are."""
    np.fill_diagonal(values, 0.5)
    for bad, tell in (
        (~((values >= 0) & (values <= 1)), _outside),
        (np.abs(values + values.T - 1) > ROUNDING, lambda p, i, j: _uneven(p, values[j, i], i, j)),
    ):
        if bad.any():
            i, j = divmod(int(bad.argmax()), len(values))
            raise ValueError(tell(values[i, j], i, j))
    known = np.unique(np.append(values, 0.5))
    return values, np.searchsorted(known, values), int(np.searchsorted(known, 0.5))


def _outside(p: Any, i: int, j: int) -> str:
    return f"matrix must hold probabilities, got {p} at row {i}, column {j}"


def _uneven(p: Any, q: Any, i: int, j: int) -> str:
    return (
        f"matrix must have P[i][j] + P[j][i] = 1, got {p} and {q} for i = {i}, j = {j}; "
        "divide counts by their sum, and give a tie half to each"
    )


def _probability(value: Any, i: int, j: int) -> Fraction:
    number = exact(value.item() if isinstance(value, np.generic) else value)
    if not 0 <= number <= 1:
        raise ValueError(_outside(value, i, j))
    return number


def _violations(
    values: Grid, ranks: NDArray[np.int64], half: int
) -> tuple[Grid, Grid, Truth, dict[str, tuple[int, int, int] | None]]:
    """The largest weak and strong violation of each pair, the entries of cyclic triples, and the worst triples."""
    n = len(values)
    other = ~np.eye(n, dtype=bool)
    up = (ranks >= half) & other
    cyclic = np.zeros((n, n), dtype=bool)
    worst: dict[str, Grid] = {kind: np.zeros((n, n)) for kind in ("weak", "strong")}
    # Ahead of the float gaps, whether there is a violation at all: tiny ones may round to 0.
    triples: dict[str, tuple[int, int, int] | None] = {"weak": None, "strong": None}
    largest = {"weak": -1.0, "strong": -1.0}
    for j in range(n):
        both = up[:, j, None] & up[None, j, :] & other
        weak = both & (ranks < half)
        strong = both & (ranks < np.maximum(ranks[:, j, None], ranks[None, j, :]))
        needed = np.maximum(values[:, j, None], values[None, j, :])
        for kind, fails, bound in (("weak", weak, 0.5), ("strong", strong, needed)):
            if fails.any():
                gap = np.where(fails, bound - values, -1.0)
                worst[kind] = np.maximum(worst[kind], gap)
                i, k = divmod(int(gap.argmax()), n)
                if gap[i, k] > largest[kind]:
                    largest[kind], triples[kind] = float(gap[i, k]), (i, j, k)
        cyclic[:, j] |= weak.any(axis=1)
        cyclic[j, :] |= weak.any(axis=0)
        cyclic |= weak.T
    return worst["weak"], worst["strong"], cyclic, triples


# -- relations on a menu --------------------------------------------------------------------------------------------


def _relation(below: Truth, names: tuple[str, ...], order: str, components: Sequence[Sequence[int]] | None) -> Heat:
    n = len(below)
    groups = [list(map(int, group)) for group in components] if components is not None else _components(below)
    if sorted(i for group in groups for i in group) != list(range(n)):
        raise ValueError(f"components must hold each of the {n} items once, by index")
    if order == "copeland":
        score = below.sum(axis=0) - below.sum(axis=1)
        groups = [sorted(group, key=lambda i: -int(score[i])) for group in groups]
        sequence = [i for group in groups for i in group]
    else:
        sequence = list(range(n))
    at = {item: k for k, item in enumerate(sequence)}
    blocks = []
    for group in groups:
        start, stop = min(at[i] for i in group), max(at[i] for i in group) + 1
        if 1 < len(group) == stop - start:
            inner = below[np.ix_(group, group)] | np.eye(len(group), dtype=bool)
            blocks.append((start, stop, not bool(inner.all())))
    cyclic = sum(not below[np.ix_(g, g)][~np.eye(len(g), dtype=bool)].all() for g in groups)
    below = below[np.ix_(sequence, sequence)]
    triple = _broken(below)
    labels = tuple(names[i] for i in sequence)
    notes = []
    if triple:
        a, b, c = (shortened(labels[x], SHOWN) for x in triple)
        notes.append(f"Not transitive: {a} ≼ {b} ≼ {c}, yet not {a} ≼ {c}.")
    else:
        notes.append("Transitive.")
    if cyclic:
        notes.append(f"{cyclic} component{'s hold' if cyclic > 1 else ' holds'} a cycle with a strict step.")
    return _fitted(
        Heat(
            "relation",
            tuple(sequence),
            labels,
            below.astype(float),
            1.0,
            frozenset(),
            triple,
            tuple(blocks),
            tuple(notes),
            1,
        )
    )


def _components(below: Truth) -> list[list[int]]:
    """The strongly connected components, a better one before a worse one."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    count, label = connected_components(csr_matrix(below), directed=True, connection="strong")
    rows, columns = np.nonzero(below)
    over = np.zeros((count, count), dtype=bool)
    over[label[rows], label[columns]] = True
    np.fill_diagonal(over, False)
    members: list[list[int]] = [[] for _ in range(count)]
    for item, c in enumerate(label):
        members[c].append(item)
    # Of the components with nothing left above them, the one with most below comes first.
    beneath = over.sum(axis=0)
    left, above = set(range(count)), over.sum(axis=1)
    result = []
    while left:
        best = min((c for c in left if above[c] == 0), key=lambda c: (-int(beneath[c]), members[c][0]))
        left.remove(best)
        above = above - over[:, best]
        result.append(members[best])
    return result


def _broken(below: Truth) -> tuple[int, int, int] | None:
    """i ≼ j ≼ k with not i ≼ k; one that closes a cycle, if there is one."""
    numbers = below.astype(np.float32)
    failing = (numbers @ numbers > 0) & ~below & ~np.eye(len(below), dtype=bool)
    for wanted in (failing & below.T, failing):
        if wanted.any():
            i, k = divmod(int(wanted.argmax()), len(below))
            return i, int((below[i] & below[:, k]).argmax()), k
    return None


def _fitted(whole: Heat) -> Heat:
    """The map with at most MOST_CELLS rows: blocks of items are averaged."""
    n = len(whole.values)
    together = -(-n // MOST_CELLS)
    if together == 1:
        return whole
    count = -(-n // together)
    padded = np.full((count * together, count * together), np.nan)
    padded[:n, :n] = whole.values
    blocks = padded.reshape(count, together, count, together)
    known = ~np.isnan(blocks)
    size = known.sum(axis=(1, 3))
    values = np.where(size > 0, np.where(known, blocks, 0).sum(axis=(1, 3)) / np.maximum(size, 1), np.nan)
    triple = whole.triple and (whole.triple[0] // together, whole.triple[1] // together, whole.triple[2] // together)
    outlined = tuple((a // together, -(-b // together), cyclic) for a, b, cyclic in whole.blocks)
    note = f"{n} items: each cell averages up to {together} × {together} pairs."
    return Heat(
        whole.view,
        whole.order,
        whole.labels,
        values,
        whole.highest,
        frozenset((i // together, j // together) for i, j in whole.marked),
        triple,
        outlined,
        (*whole.notes, note),
        together,
    )
