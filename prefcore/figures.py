"""The pictures as matplotlib figures, for notebooks and papers: triangles of preference and heat maps.

They draw what :mod:`prefcore.pictures` surveyed, as the SVG pictures do. Lotteries over three
outcomes have their place in the triangle with the corners (0, 0), (1, 0) and (1/2, √3/2). matplotlib is optional:
``pip install prefcore[plot]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from importlib import import_module
from math import hypot
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

from prefcore.distribution import Distribution
from prefcore.pictures.chart import Chart
from prefcore.pictures.contours import Contours
from prefcore.pictures.counterexamples import SECOND, Scene, joins_of, scene_words
from prefcore.pictures.indifference import map_stroke, map_words
from prefcore.pictures.plane import CORNERS, XY, place
from prefcore.pictures.stands import APART, BETTER, BORDER, JUMP, SAME
from prefcore.pictures.svg import FAINT, INK
from prefcore.pictures.triangles import FILL, FIRST, RIM
from prefcore.relations import Relation
from prefcore.triangle import LEVELS, contours_of, scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from prefcore.pictures.intransitivity import View

HATCH = {SAME: "...", APART: "////"}
GROUND = {SAME: "#e4e4e4", APART: "#ffffff"}
CENTRE = 3**0.5 / 6  # the height of the middle
WRAPPED = 31  # characters in a line of a legend
SCALE = CORNERS[1][0] - CORNERS[0][0]


def triangle(
    relation: Relation[Any],
    corners: Sequence[Any],
    points: Mapping[str, Distribution] | None = None,
    alpha: Fraction | None = None,
    axiom: str = "",
    levels: int | Sequence[Distribution] = LEVELS,
    ax: Axes | None = None,
) -> Axes:
    """The Machina triangle of a counterexample, or without `points` the indifference sets; returns the axes.

    The arguments are those of ``machina_triangle`` and of ``indifference_map``. ax: where to draw; without it, a new
    figure. Each mark of the legend is an artist with that label. Raises ``ImportError`` without matplotlib, and
    ``ValueError`` as those do, and for lotteries that need a fourth outcome.
    """
    _matplotlib()
    note = ""
    if points is None:
        shown = contours_of(relation, corners, levels)
        axes = ax if ax is not None else _new_axes()
        _draw_map(axes, shown)
        note = map_words(shown).get("note", "")
    else:
        counterexample = scene(relation, corners, points, alpha, axiom)
        if counterexample is None:
            raise ValueError(f"points must be lotteries over the corners {tuple(corners)!r}")
        axes = ax if ax is not None else _new_axes()
        _draw_scene(axes, counterexample, axiom)
        note = f"α = {alpha}, X′ = αX + (1-α)C" if alpha is not None and "A′" in counterexample.places else ""
    for (x, y), outcome, below in zip(CORNERS, corners, (True, True, False), strict=True):
        shift, align = (-0.05, "top") if below else (0.04, "bottom")
        u, v = unit((x, y))
        axes.text(u, v + shift, str(outcome), ha="center", va=align, weight="bold")
    axes.set_xlim(-0.08, 1.08)
    axes.set_ylim(-0.14, 0.98)
    axes.set_aspect("equal")
    axes.set_axis_off()
    handles, texts = axes.get_legend_handles_labels()
    if handles or note:
        wrapped = [text if "\n" in text else fill(text, WRAPPED) for text in texts]
        title = fill(note, WRAPPED)
        beside: dict[str, Any] = {"bbox_to_anchor": (1.0, 0.95), "title": title, "alignment": "left"}
        axes.legend(
            handles, wrapped, loc="upper left", frameon=False, fontsize="small", title_fontsize="small", **beside
        )
    return axes


def heatmap(
    matrix: Sequence[Sequence[Any]],
    labels: Sequence[Any] | None = None,
    view: View | None = None,
    order: Literal["copeland", "given"] = "copeland",
    components: Sequence[Sequence[int]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The heat map of a matrix of preferences; returns the axes.

    The arguments are those of :func:`prefcore.heatmap.heatmap`. ax: where to draw; without it, a new figure. The cells
    are the axes' image, the worst triple and the components rectangles, the cyclic entries one scatter of dots. Raises
    ``ImportError`` without matplotlib, and ``ValueError`` as that function does.
    """
    _matplotlib()
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    from prefcore.heatmap import CLASS, CYCLE, GREY, LABELLED, legend_words, triple_cells
    from prefcore.pictures.intransitivity import heat

    shown = heat(matrix, labels, view, order, components)
    axes = ax if ax is not None else _new_axes()
    n = len(shown.values)
    scale = LinearSegmentedColormap.from_list(f"prefcore-{shown.view}", shown.colours).with_extremes(bad=GREY)
    image = axes.imshow(shown.values, cmap=scale, vmin=0, vmax=shown.highest or 1, interpolation="nearest")
    words = legend_words(shown)
    if "mark" in words:
        entries = sorted(shown.marked)
        where = [j for _, j in entries], [i for i, _ in entries]
        axes.scatter(*where, s=max(4.0, min(30.0, 1800 / n**2)), c=INK, edgecolors="#ffffff", linewidths=0.5)
    for start, stop, cyclic in shown.blocks:
        side = stop - start
        edge, width = (CYCLE, 2.0) if cyclic else (CLASS, 1.0)
        label = _once(axes, words, cyclic)
        corner = (start - 0.5, start - 0.5)
        axes.add_patch(
            Rectangle(
                corner, side, side, label=label, edgecolor=edge, linewidth=width, fill=False, clip_on=False, zorder=3
            )
        )
    for row, column, fails in triple_cells(shown):
        dash = "--" if fails else "-"
        corner = (column - 0.5, row - 0.5)
        axes.add_patch(
            Rectangle(corner, 1, 1, edgecolor=INK, linewidth=1.8, linestyle=dash, fill=False, clip_on=False, zorder=4)
        )
    if shown.together == 1 and n <= LABELLED:
        axes.set_xticks(range(n), shown.labels, rotation=90 if n > 6 or max(map(len, shown.labels)) > 4 else 0)
        axes.set_yticks(range(n), shown.labels)
    else:
        axes.set_xticks([])
        axes.set_yticks([])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    if shown.view == "relation":
        axes.set_title(shown.meaning, fontsize="small")
    else:
        axes.figure.colorbar(image, ax=axes, fraction=0.046, pad=0.04, label=fill(shown.meaning, WRAPPED))
    marks = {"mark": "dots", "triple": "black", "cycle": "orange", "class": "thin"}
    told = "; ".join(f"{mark}: {words[key]}" for key, mark in marks.items() if key in words)
    axes.set_xlabel("\n".join(fill(note, 48) for note in (told, *shown.notes) if note), fontsize="small")
    return axes


def unit(p: XY) -> XY:
    """A place of the charts in the triangle of side 1."""
    return (p[0] - CORNERS[0][0]) / SCALE, (CORNERS[0][1] - p[1]) / SCALE


def _once(axes: Axes, words: Mapping[str, str], cyclic: bool) -> str:
    """The label of a kind of component, at its first."""
    text = words["cycle" if cyclic else "class"]
    return f"_{text}" if any(patch.get_label() == text for patch in axes.patches) else text


def _matplotlib() -> None:
    try:
        import_module("matplotlib")
    except ImportError as error:
        raise ImportError("figures need matplotlib: pip install 'prefcore[plot]'") from error


def _new_axes() -> Axes:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(8.2, 4.4), layout="constrained")[1]


# -- triangles ------------------------------------------------------------------------------------------------------


def _draw_scene(axes: Axes, shown: Scene, axiom: str) -> None:
    words = scene_words(shown)
    _draw_regions(axes, shown.main, words)
    for each in shown.others:
        _draw_borders(axes, each, FAINT, 0.6, {})
    _draw_frame(axes)
    _draw_rim(axes, shown.rim, words.get("rim", ""))
    if shown.beside:
        kinds = {kind: words[f"second {kind}"] for kind in (SAME, JUMP, BORDER) if f"second {kind}" in words}
        _draw_borders(axes, shown.beside, SECOND, 3.4, kinds)
    kinds = {kind: words[f"first {kind}"] for kind in (SAME, JUMP, BORDER) if f"first {kind}" in words}
    _draw_borders(axes, shown.main, FIRST, 2.0, kinds)
    for k, line in enumerate(shown.mixed):
        _draw_line(axes, line, FIRST, 1.2, "--", words["mixed"] if k == 0 else "")
    for pairs, style in ((joins_of(shown.places, axiom).dashed, "--"), (joins_of(shown.places, axiom).solid, "-")):
        for p, q in pairs:
            _draw_line(axes, (p, q), INK, 1.4, style)
    for p, q in joins_of(shown.places, axiom).arrows:
        _draw_arrow(axes, p, q)
    joined: dict[XY, list[str]] = {}
    for label, p in shown.places.items():
        joined.setdefault(p, []).append(label)
    for p, labels in joined.items():
        x, y = unit(p)
        solid = shown.first in labels
        axes.plot(x, y, "o", ms=6, mfc=INK if solid else "#ffffff", mec=INK, zorder=5, gid=",".join(labels))
        # Away from the middle, where fewer lines are.
        dx, dy = x - 0.5, y - CENTRE
        far = hypot(dx, dy) or 1.0
        offset = (12 * dx / far, 12 * dy / far)
        told: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "center", "style": "italic"}
        axes.annotate(", ".join(labels), (x, y), offset, zorder=6, **told)


def _draw_map(axes: Axes, shown: Contours) -> None:
    words = map_words(shown)
    levels = shown.levels
    if shown.partial:
        _draw_regions(axes, levels[0].chart, words)
    else:
        better = [loops for level in levels if (loops := level.chart.regions.get(BETTER))]
        for k, loops in enumerate(better if "shade" in words else ()):
            label = words["shade"] if k == len(better) // 2 else ""
            _draw_region(axes, loops, label, facecolor=FIRST, alpha=0.45 / len(better), linewidth=0)
        thick = [loops for level in levels if (loops := level.chart.regions.get(SAME))]
        for k, loops in enumerate(thick):
            label = words["thick"] if k == 0 else ""
            _draw_region(axes, loops, label, facecolor="none", edgecolor=FAINT, hatch=HATCH[SAME], linewidth=0)
    _draw_frame(axes)
    for edge in shown.rim:
        _draw_rim(axes, edge.runs, words["rim" if edge.fixed else "step"])
        if edge.fixed:
            axes.plot(*unit(place(edge.fixed)), "o", ms=5, mfc="#ffffff", mec=INK, zorder=5)
    told: dict[str, str] = {SAME: words.get("curve", ""), JUMP: words.get("jump", ""), BORDER: words.get("border", "")}
    for k, level in enumerate(levels):
        colour, width = map_stroke(shown, k)
        _draw_borders(axes, level.chart, colour, 0.7 * width, told)
        told = {kind: text for kind, text in told.items() if kind not in level.chart.borders}
    for start, end in shown.arrows:
        _draw_arrow(axes, start, end)
    if shown.arrows:
        axes.plot([], [], ls="", marker="$\u2192$", ms=12, color=INK, label=words["arrow"])
    if shown.partial or shown.chain:
        for k, level in enumerate(levels):
            solid = not shown.partial or k == 0
            colour = map_stroke(shown, k)[0] if shown.chain and not shown.partial else INK
            key = "dot" if k == 0 else "other" if k == 1 and shown.partial else ""
            inner = colour if solid else "#ffffff"
            axes.plot(
                *unit(level.place), "o", ms=5, mfc=inner, mec=INK, ls="", zorder=5, label=words.get(key, "") or None
            )


def _draw_frame(axes: Axes) -> None:
    _draw_line(axes, (*CORNERS, CORNERS[0]), FAINT, 0.8)


def _draw_regions(axes: Axes, chart: Chart, words: Mapping[str, str]) -> None:
    for stand, loops in chart.regions.items():
        if stand in FILL:
            _draw_region(axes, loops, words.get(stand, ""), facecolor=FILL[stand], linewidth=0)
        else:
            style = {"facecolor": GROUND[stand], "edgecolor": "#a8a8a8", "hatch": HATCH[stand]}
            _draw_region(axes, loops, words.get(stand, ""), linewidth=0, **style)


def _draw_region(axes: Axes, loops: Iterable[Sequence[XY]], label: str, **style: Any) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    parts = [Path([unit(p) for p in loop], closed=True) for loop in loops]
    axes.add_patch(PathPatch(Path.make_compound_path(*parts), label=label or None, zorder=1, **style))


def _draw_line(axes: Axes, line: Sequence[XY], colour: str, width: float, style: str = "-", label: str = "") -> None:
    x, y = zip(*(unit(p) for p in line), strict=True)
    axes.plot(x, y, color=colour, lw=width, ls=style, zorder=2, label=label or None, solid_joinstyle="round")


def _draw_borders(axes: Axes, chart: Chart, colour: str, width: float, words: Mapping[str, str]) -> None:
    for kind, lines in chart.borders.items():
        for k, line in enumerate(lines):
            thin = width * 0.7 if kind == BORDER else width
            _draw_line(axes, line, colour, thin, ":" if kind == JUMP else "-", words.get(kind, "") if k == 0 else "")


def _draw_rim(axes: Axes, runs: Iterable[tuple[str, XY, XY]], label: str) -> None:
    for k, (stand, p, q) in enumerate(runs):
        colour = FAINT if stand == APART else RIM[stand]
        told = label if k == 0 and label not in axes.get_legend_handles_labels()[1] else ""
        _draw_line(axes, (p, q), colour, 3.5, ":" if stand == APART else "-", told)


def _draw_arrow(axes: Axes, start: XY, end: XY) -> None:
    arrow = {"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=unit(end), xytext=unit(start), arrowprops=arrow, zorder=4)
