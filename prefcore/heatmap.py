"""Heat maps of intransitivity: pairwise probabilities and finite relations as matrices, drawn as a whole SVG file.

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

import struct
import zlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from textwrap import wrap
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from prefcore.distribution import exact
from prefcore.pictures.svg import FAINT, FONT, INK, SIZE, XMLNS, extent, plain, shortened

MOST_CELLS = 200  # rows that are drawn; more are averaged in blocks
SEARCHED = 500  # items among which triples are searched
LABELLED, NUMBERED = 40, 10  # items with labels, and with numbers in the cells
ROUNDING = 1e-9  # by which floats may miss P_ij + P_ji = 1
SIDE, LEGEND_WIDTH = 400, 262
SHOWN = 16  # characters of a label

DIVERGING = ("#b35806", "#e08214", "#fdb863", "#fee0b6", "#f7f7f7", "#d1e5f0", "#92c5de", "#4393c3", "#2166ac")
RISING = ("#ffffff", "#fde0c5", "#fbb878", "#ec7a1c", "#8f3b04")
TWO = ("#f4f4f4", "#35618f")
GREY = "#e3e3e3"  # the diagonal
CYCLE, CLASS = "#d95f02", "#111111"  # outlines of components

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


def heatmap(
    matrix: Sequence[Sequence[Any]] | NDArray[Any],
    labels: Sequence[Any] | None = None,
    view: View | None = None,
    order: Literal["copeland", "given"] = "copeland",
    components: Sequence[Sequence[int]] | None = None,
    name: str = "heat",
) -> str:
    """A matrix of preferences as a whole ``<svg>`` file, its intransitivity marked.

    matrix: (n, n), the probabilities ``P[i][j]`` that i is preferred to j, in the forms that lotteries take (the
    diagonal is not read), or truth values ``M[i][j]`` of i ≼ j. labels: of the items, shown up to 40 of them. view:
    ``"preference"`` (default) shows the probabilities, marks the entries of cyclic triples and outlines the worst
    violating triple, of weak stochastic transitivity if there is one and of strong else; ``"weak"`` and ``"strong"``
    show for each pair its largest violation. A Boolean matrix has the view ``"relation"``, with its strongly connected
    components outlined. order: ``"copeland"``, best first, or as ``"given"``. components: of a Boolean matrix, as lists
    of indices, the best first; found if they are not given. name: a prefix for the element's ids.

    More than 200 items are averaged in blocks; triples are searched up to 500. Raises ``ValueError`` for a matrix that
    is not square, probabilities outside [0, 1] or with P_ij + P_ji ≠ 1, and arguments that don't fit.
    """
    return _drawing(heat(matrix, labels, view, order, components), name)


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


# -- drawing --------------------------------------------------------------------------------------------------------


def colour(shown: Heat, value: float) -> str:
    """The colour of a value, ``#rrggbb``; grey for NaN."""
    if np.isnan(value):
        return GREY
    stops = shown.colours
    t = min(1.0, max(0.0, value / shown.highest)) * (len(stops) - 1) if shown.highest else 0.0
    k = min(int(t), len(stops) - 2)
    low, high = (tuple(int(stops[m][p : p + 2], 16) for p in (1, 3, 5)) for m in (k, k + 1))
    return "#" + "".join(f"{round(a + (t - k) * (b - a)):02x}" for a, b in zip(low, high, strict=True))


def triple_cells(shown: Heat) -> tuple[tuple[int, int, bool], ...]:
    """``(row, column, fails)`` of the outlined cells: two premises and what fails to follow."""
    if shown.triple is None:
        return ()
    i, j, k = shown.triple
    return (i, j, False), (j, k, False), (i, k, True)


def _drawing(shown: Heat, name: str) -> str:
    n = len(shown.values)
    size = 13.0 if n <= 20 else 9.5
    names = [shortened(label, SHOWN) for label in shown.labels] if n <= LABELLED and shown.together == 1 else []
    margin = max((extent(label, size) for label in names), default=0.0) + 10
    left, top = max(24.0, margin), max(24.0, margin)
    cell = SIDE / n
    numbered = n <= NUMBERED and shown.view != "relation"
    parts = list(_numbers(shown, left, top, cell)) if numbered else _image(shown, left, top)
    parts += _marks(shown, left, top, cell, numbered)
    for k, label in enumerate(names):
        at = (k + 0.5) * cell
        parts.append(_label(left - 6, top + at + size * 0.35, label, size, "end"))
        turn = f' transform="rotate(-90 {left + at + size * 0.35:.1f} {top - 6:g})"'
        parts.append(_label(left + at + size * 0.35, top - 6, label, size, "start", turn))
    for start, stop, cyclic in shown.blocks:
        side = (stop - start) * cell
        stroke, width = (CYCLE, 2.4) if cyclic else (CLASS, 1.2)
        x, y = left + start * cell, top + start * cell
        parts += [_outline(x, y, side, "#ffffff", width + 2), _outline(x, y, side, stroke, width)]
    for row, column, fails in triple_cells(shown):
        side = max(cell - 2, 9)
        x, y = left + (column + 0.5) * cell - side / 2, top + (row + 0.5) * cell - side / 2
        parts += [_outline(x, y, side, "#ffffff", 4.4), _outline(x, y, side, INK, 2.2, "4 2.5" if fails else "")]
    parts.append(_outline(left, top, SIDE, FAINT, 1))
    legend, bottom = _legend(shown, left + SIDE + 24, max(top, 24.0), name)
    width, height = round(left + SIDE + 24 + LEGEND_WIDTH), max(round(top + SIDE + 14), round(bottom))
    return (
        f'<svg {XMLNS} viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-family="{FONT}" font-size="{SIZE:g}" style="max-width:100%;height:auto">'
        f"<title>{plain(f'{len(shown.order)} items; {shown.meaning}')}</title>{_bar(shown, name)}"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{"".join(parts)}{"".join(legend)}</svg>'
    )


def _numbers(shown: Heat, left: float, top: float, cell: float) -> Iterable[str]:
    for (i, j), value in np.ndenumerate(shown.values):
        x, y = left + j * cell, top + i * cell
        fill = colour(shown, float(value))
        yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell:.1f}" height="{cell:.1f}" fill="{fill}"/>'
        if not np.isnan(value) and (value > 0 or shown.view == "preference"):
            text = f"{value:.2f}".removeprefix("0") if value < 1 else "1"
            yield _label(x + cell / 2, y + cell / 2 + 4, text, 12, "middle", f' fill="{_ink(fill)}"')


def _marks(shown: Heat, left: float, top: float, cell: float, numbered: bool) -> list[str]:
    """Dots, as lines without length that have round ends; in the corner, beside a number."""
    if len(shown.values) > LABELLED:
        return []
    across = 0.84 if numbered else 0.5
    width = 6.0 if numbered else max(2.6, min(6.0, cell * 0.34))
    dots: dict[str, list[str]] = {}
    for i, j in sorted(shown.marked):
        at = f"M{left + (j + across) * cell:.1f} {top + (i + 1 - across) * cell:.1f}h0"
        dots.setdefault(_ink(colour(shown, float(shown.values[i, j]))), []).append(at)
    return [
        f'<path d="{"".join(d)}" stroke="{ink}" stroke-width="{width:.1f}" stroke-linecap="round"/>'
        for ink, d in dots.items()
    ]


def _ink(fill: str) -> str:
    return "#ffffff" if _dark(fill) else INK


def _dark(fill: str) -> bool:
    red, green, blue = (int(fill[k : k + 2], 16) for k in (1, 3, 5))
    return 0.3 * red + 0.59 * green + 0.11 * blue < 128


def _image(shown: Heat, left: float, top: float) -> list[str]:
    """All cells as one picture: thousands of rectangles would take megabytes."""
    palette = [GREY, *(colour(shown, shown.highest * k / 254) for k in range(255))]
    scaled = np.nan_to_num(shown.values / (shown.highest or 1.0), nan=-1.0)
    indices = np.where(scaled < 0, 0, 1 + np.rint(np.clip(scaled, 0, 1) * 254)).astype(np.uint8)
    data = b64encode(_png(indices, palette)).decode()
    return [
        f'<image x="{left:g}" y="{top:g}" width="{SIDE}" height="{SIDE}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
    ]


def _png(indices: NDArray[np.uint8], palette: Sequence[str]) -> bytes:
    """A PNG with a palette [ISO/IEC 15948]: the filter byte 0 stands before each row."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = indices.shape
    rows = np.concatenate([np.zeros((height, 1), dtype=np.uint8), indices], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    colours = b"".join(bytes.fromhex(c[1:]) for c in palette)
    parts = (chunk(b"IHDR", head), chunk(b"PLTE", colours), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _label(x: float, y: float, text: str, size: float, anchor: str, extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{extra}>{plain(text)}</text>'


def _outline(x: float, y: float, side: float, stroke: str, width: float, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" fill="none" stroke="{stroke}" '
        f'stroke-width="{width:g}"{dashes}/>'
    )


def _bar(shown: Heat, name: str) -> str:
    stops = "".join(
        f'<stop offset="{k / (len(shown.colours) - 1):.3f}" stop-color="{c}"/>' for k, c in enumerate(shown.colours)
    )
    return f'<defs><linearGradient id="{name}-bar">{stops}</linearGradient></defs>'


def legend_words(shown: Heat) -> dict[str, str]:
    """What each mark means, each only if it is there: ``"mark"``, ``"triple"``, ``"cycle"``, ``"class"``."""
    words: dict[str, str] = {}
    if shown.marked and len(shown.values) <= LABELLED:
        words["mark"] = "in a cycle of majorities"
    if shown.triple:
        words["triple"] = "the triple named below; dashed: what should follow"
    if any(cyclic for *_, cyclic in shown.blocks):
        words["cycle"] = "component with a cycle"
    if any(not cyclic for *_, cyclic in shown.blocks):
        words["class"] = "indifference class"
    return words


def _legend(shown: Heat, x: float, y: float, name: str) -> tuple[list[str], float]:
    parts: list[str] = []
    if shown.view == "relation":
        parts.append(f'<rect x="{x:g}" y="{y:g}" width="14" height="14" fill="{TWO[1]}"/>')
        parts.append(_label(x + 36, y + 12, "row ≼ column", SIZE, "start"))
        y += 40
    else:
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="200" height="14" fill="url(#{name}-bar)" stroke="{FAINT}" '
            'stroke-width=".8"/>'
        )
        middle = "1/2" if shown.view == "preference" else f"{shown.highest / 2:.2g}"
        ticks = [("0", 0, "start"), (middle, 100, "middle"), (f"{shown.highest:.2g}", 200, "end")]
        # A matrix without violations has one colour only.
        parts += [_label(x + at, y + 30, text, 12, anchor) for text, at, anchor in ticks[: 3 if shown.highest else 1]]
        for k, line in enumerate(wrap(shown.meaning, 33)):
            parts.append(_label(x, y + 50 + 18 * k, line, SIZE, "start"))
        y += 62 + 18 * len(wrap(shown.meaning, 33))
    symbols = {
        "mark": f'<circle cx="{x + 7:g}" cy="{{0:g}}" r="3" fill="{INK}"/>',
        "triple": _outline(x, 0, 12, INK, 2.2).replace('y="0.0"', 'y="{1:g}"')
        + _outline(x + 17, 0, 12, INK, 2.2, "4 2.5").replace('y="0.0"', 'y="{1:g}"'),
        "cycle": _outline(x, 0, 12, CYCLE, 2.4).replace('y="0.0"', 'y="{1:g}"'),
        "class": _outline(x, 0, 12, CLASS, 1.2).replace('y="0.0"', 'y="{1:g}"'),
    }
    for key, text in legend_words(shown).items():
        parts.append(symbols[key].format(y + 7, y + 1))
        for line in wrap(text, 28):
            parts.append(_label(x + 36, y + 12, line, SIZE, "start"))
            y += 18
        y += 6
    y += 10
    for note in shown.notes:
        for line in wrap(note, 33):
            parts.append(_label(x, y + 12, line, SIZE, "start"))
            y += 18
        y += 6
    return parts, y + 10
