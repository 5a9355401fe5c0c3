"""Pairwise comparisons counted: who was preferred to whom, how often, and what the graph of wins looks like.

Counts are kept as one entry for each pair of items i < j that was compared: the weight of "i was preferred to j", of
"j was preferred to i", and of ties. Two directed graphs speak of them. In the *graph of wins* an arc i → j says that i
was preferred to j at least once (a tie is an arc both ways). In the *majority graph* it says that i was preferred to j
more often than not. The components of the first decide whether Bradley–Terry scores exist (Ford 1957, *Solution of a
ranking problem from binary comparisons*; Hunter 2004, *MM algorithms for generalized Bradley–Terry models*, assumption
1); cycles of the second are intransitive majorities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any

import networkx
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, issparse, triu
from scipy.sparse.csgraph import breadth_first_order, connected_components

from solvers.arguments import real_array, real_number

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
SMALL = 400  # items up to which reachability is read off a matrix of booleans
ROOTS = 30  # items of a cyclic component from which a shortest cycle is looked for
CHUNK = 65_536  # records that are counted together
LEAST, MOST = 1e-15, 1e15  # between which a count, or a sum of weights, lies if it is not zero
LOST = 2.0**-52  # a count that is this part of another is lost when it is added to it
MISSING: Any = object()


@dataclass(frozen=True, eq=False)
class WinCounts:
    """One entry for each compared pair i < j, sorted by (i, j): how often i, j, and neither was preferred."""

    size: int
    i: Indices
    j: Indices
    wins: Floats
    losses: Floats
    ties: Floats

    @property
    def totals(self) -> Floats:
        """How often each pair was compared."""
        return self.wins + self.losses + self.ties

    @property
    def per_item(self) -> Floats:
        """How often each item was compared."""
        both = np.bincount(self.i, self.totals, self.size) + np.bincount(self.j, self.totals, self.size)
        return np.asarray(both, dtype=np.float64)

    def only(self, kept: npt.NDArray[np.bool_] | slice) -> WinCounts:
        """These pairs only, of the same items."""
        return WinCounts(self.size, self.i[kept], self.j[kept], self.wins[kept], self.losses[kept], self.ties[kept])


def read_counts(counts: Any, ties: Any = None, *, empty: bool = False) -> WinCounts:
    """Square matrices of counts, checked: ``counts[i, j]`` times i was preferred to j, symmetric ``ties``.

    Raises ``ValueError`` for what is no such matrix, and for counts beyond double precision: they must be zero, or from
    1e-15 to 1e15, and none less than 2^-52 of another; and unless `empty` is true, for counts that are all zero. Raises
    ``TypeError`` for what holds no real numbers.
    """
    won = _matrix(counts, "counts")
    size = won.shape[0]
    if size < 2:
        words = "is empty" if size == 0 else "has a single item"
        raise ValueError(f"counts {words}: at least two items are needed")
    if issparse(won):
        # One complex sum aligns both directions of each pair: the real part has i over j, the imaginary j over i.
        upper = csr_array(triu(won, 1, format="csr") + 1j * triu(won.T, 1, format="csr"))
        upper.sort_indices()
        i, j = upper.tocoo().coords
        i, j, wins, losses = i.astype(np.int64), j.astype(np.int64), upper.data.real, upper.data.imag
    else:
        i, j = np.nonzero(np.triu(won + won.T, 1))
        wins, losses = won[i, j], won[j, i]
    if ties is None:
        draws = np.zeros(len(i))
    else:
        i, j, wins, losses, draws = _with_ties(size, i, j, wins, losses, _matrix(ties, "ties"))
    if not len(i) and not empty:
        raise ValueError("counts are all zero: at least one comparison is needed")
    wins, losses, draws = (np.ascontiguousarray(x) for x in (wins, losses, draws))
    _require_precision(np.concatenate([wins, losses]), draws if ties is not None else None)
    return WinCounts(size, i, j, wins, losses, draws)


def _require_precision(counts: Floats, ties: Floats | None) -> None:
    """Raises where sums of these would lose some of them."""
    lows, highs = [], []
    for name, values in (("counts", counts), ("ties", ties)):
        positive = values[values > 0] if values is not None else np.zeros(0)
        if len(positive):
            lows.append(float(positive.min()))
            highs.append(float(positive.max()))
            if highs[-1] > MOST:
                raise ValueError(f"{name} must be at most {MOST:g}, found {highs[-1]:g}: count in larger units")
            if lows[-1] < LEAST:
                raise ValueError(f"{name} must be zero, or at least {LEAST:g}, found {lows[-1]:g}: scale them up")
    if lows and min(lows) < LOST * max(highs):
        raise ValueError(
            f"counts differ too much for double precision: the least is {min(lows):g}, the largest {max(highs):g}; "
            "set what is negligible to zero, or fit parts that were compared alike"
        )


def comparison_counts(
    records: Iterable[tuple[Hashable, Hashable]], weights: Iterable[float] | None = None
) -> tuple[tuple[Hashable, ...], Any]:
    """The items in their order of appearance, and a sparse matrix of counts, from ``(winner, loser)`` pairs.

    ``counts[i, j]`` is how often (or with what total weight) item i was preferred to item j; ``.toarray()`` makes a
    dense matrix of it. Records are taken one by one, so a generator over a large file will do. Raises ``ValueError``
    with the record's number, counting from 1, where it is no pair, compares an item with itself, or has a weight
    that is not between 1e-15 and 1e15; and if there are no records, not as many weights, or if the weights of a pair
    add up to more than 1e15. Raises ``TypeError`` for a mapping, and for labels that can't be hashed.
    """
    if isinstance(records, Mapping):
        raise TypeError(
            "records must not be a mapping, whose values would be lost: pass its keys, and weights=.values()"
        )
    for name, values in (("records", records), ("weights", weights)):
        if not isinstance(values, Iterable) and not (name == "weights" and values is None):
            raise TypeError(f"{name} must be iterable, one for each comparison, got {type(values).__name__}")
    places: dict[Hashable, int] = {}
    tally: dict[tuple[int, int], float] = {}
    for (winner, loser), weight in _weighted(records, weights):
        key = places.setdefault(winner, len(places)), places.setdefault(loser, len(places))
        tally[key] = tally.get(key, 0.0) + weight
    if not tally:
        raise ValueError("records are empty: at least one comparison is needed")
    (most, sum_of_weights) = max(tally.items(), key=lambda entry: entry[1])
    if sum_of_weights > MOST:
        winner, loser = (list(places)[k] for k in most)
        raise ValueError(f"weights of {winner!r} over {loser!r} add up to {sum_of_weights:g}, more than {MOST:g}")
    pairs = np.array(list(tally), dtype=np.int64).T
    return tuple(places), csr_array((np.array(list(tally.values())), (pairs[0], pairs[1])), (len(places),) * 2)


def _weighted(records: Iterable[Any], weights: Iterable[float] | None) -> Iterator[tuple[Any, float]]:
    """Each pair, checked, with a weight; without weights equal records are counted together, in chunks."""
    if weights is not None:
        for number, (record, weight) in enumerate(zip_longest(records, weights, fillvalue=MISSING), 1):
            if record is MISSING or weight is MISSING:
                more, fewer = ("weights", "records") if record is MISSING else ("records", "weights")
                raise ValueError(f"there are more {more} than the {number - 1} {fewer}: give one for each record")
            yield _checked(record, number), _positive(weight, number)
        return
    rest, before = iter(records), 0
    while chunk := list(islice(rest, CHUNK)):
        try:
            counted = Counter(chunk)
            for record in counted:
                _checked(record, 0)
        except (TypeError, ValueError):  # lists are no keys; and an error needs its number
            yield from ((_checked(record, number), 1.0) for number, record in enumerate(chunk, before + 1))
        else:
            yield from counted.items()
        before += len(chunk)


def _checked(record: Any, number: int) -> Any:
    if not isinstance(record, tuple | list | np.ndarray) or len(record) != 2:
        raise ValueError(f"record {number} must be a pair (winner, loser), got {record!r}")
    try:
        hash(record[0]), hash(record[1])
    except TypeError as error:
        raise TypeError(f"record {number} must be a pair of hashable labels, got {record!r}") from error
    if record[0] == record[1]:
        raise ValueError(f"record {number} compares {record[0]!r} with itself: leave it out")
    return record


def _positive(weight: Any, number: int) -> float:
    if type(weight) in (float, int) and LEAST <= weight <= MOST:
        return float(weight)
    what = f"record {number} has weight {weight!r}: weights"
    value = real_number(weight, what)
    if not LEAST <= value <= MOST:
        raise ValueError(f"{what} must be positive and finite, from {LEAST:g} to {MOST:g}")
    return value


def _matrix(values: Any, name: str) -> Any:
    """A square matrix of finite floats, zero or more, with a diagonal of zeros; sparse if it was."""
    if issparse(values):
        matrix = csr_array(values)
        matrix.sum_duplicates()
        matrix = csr_array((real_array(matrix.data, name), matrix.indices, matrix.indptr), matrix.shape)
        entries = matrix.data
    else:
        matrix = entries = real_array(values, name)
    if matrix.size == 0 and matrix.ndim < 2:
        return np.zeros((0, 0))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(
            f"{name} must be a square matrix, one row and column for each item; its shape is {matrix.shape}"
        )
    if not (np.isfinite(entries).all() and (entries >= 0).all()):
        wrong = entries[~(np.isfinite(entries) & (entries >= 0))].flat[0]
        raise ValueError(f"{name} must be finite and zero or more; found {wrong}")
    itself = np.flatnonzero(matrix.diagonal())
    if len(itself):
        raise ValueError(f"{name}[{itself[0]}, {itself[0]}] compares an item with itself: set the diagonal to zero")
    if issparse(values):
        matrix.eliminate_zeros()
    return matrix


def _with_ties(size: int, i: Indices, j: Indices, wins: Floats, losses: Floats, ties: Any) -> tuple[Any, ...]:
    """The pairs that were compared or tied, with all three counts."""
    if ties.shape != (size, size):
        raise ValueError(f"ties must have the shape of counts, {(size, size)}; its shape is {ties.shape}")
    if (ties != ties.T).sum():
        raise ValueError("ties must be symmetric: ties[i, j] is how often i and j tied, and so is ties[j, i]")
    sparse = triu(ties, 1, format="coo") if issparse(ties) else None
    a, b = sparse.coords if sparse is not None else np.nonzero(np.triu(ties, 1))
    values = sparse.data if sparse is not None else ties[a, b]
    keys, tied = i * size + j, np.asarray(a, dtype=np.int64) * size + b
    union = np.union1d(keys, tied)
    placed = np.zeros((3, len(union)))
    where = np.searchsorted(union, keys)
    placed[0, where], placed[1, where] = wins, losses
    placed[2, np.searchsorted(union, tied)] = values
    return union // size, union % size, *placed


# -- the graphs -----------------------------------------------------------------------------------------------------


def win_arcs(counts: WinCounts) -> tuple[Indices, Indices]:
    """The arcs i → j of the graph of wins: i was preferred to j, or tied with it, at least once."""
    forth, back = counts.wins + counts.ties > 0, counts.losses + counts.ties > 0
    i, j = counts.i, counts.j
    return np.concatenate([i[forth], j[back]]), np.concatenate([j[forth], i[back]])


def is_strongly_connected(counts: WinCounts) -> bool:
    """Whether in the graph of wins every item reaches every other."""
    tails, heads = win_arcs(counts)
    if counts.size > SMALL:
        return bool(_labels(counts.size, tails, heads, "strong")[0] == 1)
    arcs = np.zeros((counts.size, counts.size), dtype=np.bool_)
    arcs[tails, heads] = True
    return _reaches_all(arcs) and _reaches_all(arcs.T)


def _reaches_all(arcs: npt.NDArray[np.bool_]) -> bool:
    reached = arcs[0].copy()
    reached[0] = True
    while True:
        further = arcs[reached].any(axis=0) | reached
        if further.all():
            return True
        if (further == reached).all():
            return False
        reached = further


def weak_components(counts: WinCounts) -> npt.NDArray[np.int32]:
    """The component of each item in the graph of who was compared with whom."""
    return _labels(counts.size, counts.i, counts.j, "weak")[1]


def strong_components(counts: WinCounts) -> npt.NDArray[np.int32]:
    """The strongly connected component of each item in the graph of wins."""
    tails, heads = win_arcs(counts)
    return _labels(counts.size, tails, heads, "strong")[1]


def ordered_groups(counts: WinCounts) -> tuple[tuple[int, ...], ...]:
    """The strongly connected components, ordered so that none ever lost to, or tied with, a later one."""
    labels = strong_components(counts)
    tails, heads = win_arcs(counts)
    between = labels[tails] != labels[heads]
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(int(labels.max()) + 1))
    graph.add_edges_from(np.unique(np.stack([labels[tails], labels[heads]])[:, between], axis=1).T.tolist())
    members = members_of(labels)
    order = networkx.lexicographical_topological_sort(graph, key=lambda label: members[label][0])
    return tuple(members[label] for label in order)


def members_of(labels: npt.NDArray[np.int32]) -> tuple[tuple[int, ...], ...]:
    """The items with each label, in their order."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return tuple(tuple(part.tolist()) for part in np.split(order, starts))


def majority_cycle(counts: WinCounts) -> tuple[int, ...]:
    """Items of which each was preferred to the next, and the last to the first, more often than not; empty if none.

    The cycle is a shortest one through one of up to 30 items that lie on cycles.
    """
    first, second = counts.wins > counts.losses, counts.losses > counts.wins
    tails = np.concatenate([counts.i[first], counts.j[second]])
    heads = np.concatenate([counts.j[first], counts.i[second]])
    count, labels = _labels(counts.size, tails, heads, "strong")
    if count == counts.size:
        return ()
    inside = labels[tails] == labels[heads]
    graph = _graph(counts.size, tails[inside], heads[inside])
    best: tuple[int, ...] = ()
    for root in np.unique(tails[inside])[:ROOTS].tolist():
        cycle = _cycle_through(root, graph, tails[inside], heads[inside])
        if not best or len(cycle) < len(best):
            best = cycle
        if len(best) == 3:
            break
    return best


def _cycle_through(root: int, graph: Any, tails: Indices, heads: Indices) -> tuple[int, ...]:
    order, before = breadth_first_order(graph, root)
    rank = np.full(graph.shape[0], graph.shape[0])
    rank[order] = np.arange(len(order))
    into = tails[heads == root]
    path = [int(into[np.argmin(rank[into])])]
    while path[-1] != root:
        path.append(int(before[path[-1]]))
    return tuple(reversed(path))


def _graph(size: int, tails: Indices, heads: Indices) -> Any:
    return csr_array((np.ones(len(tails)), (tails, heads)), (size, size))


def _labels(size: int, tails: Indices, heads: Indices, connection: str) -> tuple[int, npt.NDArray[np.int32]]:
    count, labels = connected_components(_graph(size, tails, heads), directed=True, connection=connection)
    return int(count), labels
