"""Runs of solvers as one SVG picture: the gap against the iteration, both on logarithmic scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Protocol

import numpy as np

from prefcore.pictures.plane import XY
from prefcore.pictures.svg import FAINT, FONT, INK, SIZE, XMLNS, extent, plain, shortened, stroke, text_at
from solvers.games.payoffs import Array

WIDTH, HEIGHT = 520.0, 340.0
LEFT, TOP = 66.0, 26.0
POINTS = 300  # of a curve: each the least and the largest gap of its stretch of iterations
LEAST = 3  # decades of the gap that are drawn
FLOOR = 1e-17  # gaps below are rounding, and drawn here
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#333333", "#8c564b")  # Okabe and Ito's
LONGEST = 34  # characters in the legend


@dataclass(frozen=True, slots=True)
class _Curve:
    label: str
    colour: str
    dashed: bool
    at: Array
    gaps: Array


class Run(Protocol):
    """What a solver returns, of whatever game: its gaps, whether it converged, and what it is called.

    ``tau`` and ``average_history`` are told where a record has them.
    """

    @property
    def history(self) -> Array:
        """The gap after each iteration, NaN where the method did not look."""

    @property
    def gap(self) -> float:
        """Of the answer."""

    @property
    def converged(self) -> bool:
        """Whether the gap is within the tolerance."""

    @property
    def method(self) -> str:
        """What the legend says."""


PARTS = ("history", "gap", "converged", "method")


def draw_convergence(*equilibria: Run, labels: Sequence[str] | None = None) -> str:
    """The gaps of one or more runs as a whole ``<svg>`` file, log–log: what solvers return, side by side.

    equilibria: records with `history`, `gap`, `converged` and `method`: :class:`Equilibrium`, ``TreeEquilibrium``,
    ``SaddlePoint``, ``ContestSolution``. A run whose history is empty is a point at its gap.
    Solid: `history`, the gap of what the run answers with; dashed in the same colour: the average's, where a run has
    one and answers with its last iterate. An open circle at the end says that it did not converge. Gaps of less than
    1e-17, which are rounding, are drawn there. labels: by default the methods; the gap of a regularised run is the
    regularised one. Raises ``ValueError`` without a run, and ``TypeError`` for what is no such record.
    """
    if not equilibria:
        raise ValueError("equilibria: give one or more, as solvers return them")
    for k, found in enumerate(equilibria):
        lacking = [part for part in PARTS if not hasattr(found, part)]
        if lacking:
            raise TypeError(
                f"equilibria: number {k} is no solver's record but {type(found).__name__}, without {lacking[0]}"
            )
    taus = [getattr(found, "tau", 0.0) for found in equilibria]
    names = [f.method + (f" (τ = {tau:g})" if tau else "") for f, tau in zip(equilibria, taus, strict=True)]
    names = names if labels is None else list(labels)
    if len(names) != len(equilibria):
        raise ValueError(f"labels: {len(names)} for {len(equilibria)} runs; give one for each")
    curves: list[_Curve] = []
    for k, (found, name) in enumerate(zip(equilibria, names, strict=True)):
        colour = COLOURS[k % len(COLOURS)]
        history = found.history if np.isfinite(found.history).any() else np.array([found.gap])
        curves.append(_curve(name, colour, False, history))
        average = getattr(found, "average_history", None)
        if average is not None and not np.array_equal(average, found.history, equal_nan=True):
            curves.append(_curve(f"{name}, average", colour, True, average))
    if not any(len(c.at) for c in curves):
        raise ValueError("equilibria: none has a gap in its history")
    drawn = np.concatenate([c.gaps for c in curves])
    low, high = floor(log10(drawn.min())), max(ceil(log10(drawn.max())), floor(log10(drawn.min())) + LEAST)
    last = max(1, ceil(log10(max(float(c.at.max(initial=1)) for c in curves)) - 1e-9))

    def place(iteration: float, gap: float) -> XY:
        return LEFT + WIDTH * log10(iteration) / last, TOP + HEIGHT * (high - log10(gap)) / (high - low)

    parts = _grid(low, high, last)
    for c in curves:
        points = [place(t, g) for t, g in zip(c.at.tolist(), c.gaps.tolist(), strict=True)]
        if len(points) == 1:
            points = [points[0], (points[0][0] + 0.1, points[0][1])]
        if points:
            parts.append(stroke(points, c.colour, 1.3 if c.dashed else 2.0, "4 3" if c.dashed else ""))
    solid = [c for c in curves if not c.dashed]
    for c, found in zip(solid, equilibria, strict=True):
        if len(c.at):
            x, y = place(float(c.at[-1]), float(c.gaps[-1]))
            fill = c.colour if found.converged else "#ffffff"
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{c.colour}" stroke-width="1.8"/>'
            )
    x = LEFT + WIDTH + 26
    legend = [shortened(c.label, LONGEST) for c in curves]
    for k, (c, text) in enumerate(zip(curves, legend, strict=True)):
        y = TOP + 12 + 21 * k
        parts.append(
            stroke([(x, y - 4), (x + 24, y - 4)], c.colour, 1.3 if c.dashed else 2.4, "4 3" if c.dashed else "")
        )
        parts.append(text_at(x + 32, y, plain(text)))
    if not all(found.converged for found in equilibria):
        y = TOP + 16 + 21 * len(curves)
        parts.append(
            f'<circle cx="{x + 12:.1f}" cy="{y - 4:.1f}" r="4" fill="#ffffff" stroke="{INK}" stroke-width="1.8"/>'
        )
        legend.append("not within its tolerance")
        parts.append(text_at(x + 32, y, legend[-1]))
    width = round(x + 32 + max(map(extent, legend)) + 8)
    height = round(max(TOP + HEIGHT + 52, TOP + 21 * (len(legend) + 1)))
    return (
        f'<svg {XMLNS} viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-family="{FONT}" font-size="{SIZE:g}" style="max-width:100%;height:auto">'
        f"<title>{plain('Gap against iteration: ' + ', '.join(names))}</title>"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _curve(label: str, colour: str, dashed: bool, history: Array) -> _Curve:
    """The gaps that were looked at; of many, the least and the largest in each of the stretches of a log scale."""
    seen = np.flatnonzero(np.isfinite(history))
    if len(seen) > 2 * POINTS:
        stretch = np.floor(np.log10(seen + 1) / np.log10(len(history) + 1) * POINTS)
        kept = {int(seen[-1])}
        for part in np.split(seen, np.flatnonzero(np.diff(stretch)) + 1):
            kept |= {int(part[history[part].argmin()]), int(part[history[part].argmax()])}
        seen = np.array(sorted(kept))
    return _Curve(
        label,
        colour,
        dashed,
        (seen + 1).astype(np.float64),
        np.asarray(np.maximum(history[seen], FLOOR), dtype=np.float64),
    )


def _grid(low: int, high: int, last: int) -> list[str]:
    parts = []
    step = max(1, ceil((high - low) / 9))
    for e in range(low, high + 1):
        y = TOP + HEIGHT * (high - e) / (high - low)
        if (high - e) % step == 0:
            parts.append(f'<path d="M{LEFT:g} {y:.1f}h{WIDTH:g}" stroke="#dddddd"/>')
            text = "≤ 1e-17" if e <= log10(FLOOR) else f"1e{e}" if e else "1"
            parts.append(text_at(LEFT - 8, y + 4.5, text, "end", ' font-size="12"'))
    for e in range(last + 1):
        x = LEFT + WIDTH * e / last
        parts.append(f'<path d="M{x:.1f} {TOP:g}v{HEIGHT:g}" stroke="#dddddd"/>')
        parts.append(text_at(x, TOP + HEIGHT + 19, f"{10**e:,}", "middle", ' font-size="12"'))
    parts.append(f'<rect x="{LEFT:g}" y="{TOP:g}" width="{WIDTH:g}" height="{HEIGHT:g}" fill="none" stroke="{FAINT}"/>')
    parts.append(text_at(LEFT + WIDTH / 2, TOP + HEIGHT + 41, "iteration", "middle"))
    parts.append(text_at(LEFT - 50, TOP - 10, "gap"))
    return parts
