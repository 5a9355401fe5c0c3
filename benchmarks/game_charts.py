"""Charts of the benchmarks of games: seconds against the number of actions, gaps against iterations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import pyplot as plt

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
ROUNDING = 1e-16  # values below are not drawn
STYLES = {
    "ours": ("#0072b2", "o", 2.4),
    "ours, stored": ("#56b4e9", "s", 1.6),
    "PRM⁺": ("#009e73", "v", 1.0),
    "primal–dual": ("#009e73", "^", 1.0),
    "quantecon": ("#d55e00", "D", 1.4),
    "HiGHS simplex": ("#e69f00", "v", 1.4),
    "HiGHS ipm": ("#cc79a7", "^", 1.4),
    "nashpy": ("#999999", "x", 1.0),
    "OpenSpiel": ("#999999", "+", 1.0),
    "gambit": ("#999999", "1", 1.0),
}


def _saved(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def _settings() -> None:
    matplotlib.rcParams.update({"svg.hashsalt": "prefcore", "font.size": 9, "axes.titlesize": 10})


def _plain(axis: Any) -> None:
    axis.grid(True, which="major", color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)


def growth(points: Sequence[tuple[str, str, int, float, bool]], path: Path) -> None:
    """points: (method, game, N, seconds, within the gap); hollow where the gap was missed."""
    _settings()
    kinds = list(dict.fromkeys(kind for _, kind, *_ in points))
    figure, axes = plt.subplots(1, len(kinds), figsize=(3.9 * len(kinds), 4.6), sharey=True, squeeze=False)
    for axis, kind in zip(axes[0], kinds, strict=True):
        for method, (colour, marker, width) in STYLES.items():
            line = sorted((n, seconds, within) for m, k, n, seconds, within in points if (m, k) == (method, kind))
            if not line:
                continue
            sizes, seconds, _ = zip(*line, strict=True)
            style = {"color": colour, "marker": marker, "linewidth": width, "markersize": 5}
            axis.plot(sizes, seconds, label=method, zorder=3 if method == "ours" else 2, **style)
            missed = [(n, s) for n, s, w in line if not w]
            if missed and marker not in "x+1":
                axis.plot(*zip(*missed, strict=True), marker, color=colour, mfc="white", zorder=4, linestyle="none")
        axis.set(xscale="log", yscale="log", title=kind, xlabel="actions N")
        _plain(axis)
    axes[0][0].set_ylabel("seconds, gap 1e-6")
    named: dict[str, Any] = {}
    for axis in axes[0]:
        named.update({label: handle for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)})
    figure.legend(named.values(), named.keys(), frameon=False, ncols=5, loc="lower center")
    figure.suptitle("A von Neumann winner, one thread (hollow: the gap was missed)", fontsize=10)
    figure.tight_layout(rect=(0, 0.1, 1, 1))
    _saved(figure, path)


def curves(panels: Mapping[str, Mapping[str, Sequence[float]]], path: Path, label: str, *, log_x: bool = False) -> None:
    """A panel for each title: values over iterations 1, 2, …, on a logarithmic axis."""
    _settings()
    figure, axes = plt.subplots(1, len(panels), figsize=(5.2 * len(panels), 3.8), squeeze=False)
    for axis, (title, lines) in zip(axes[0], panels.items(), strict=True):
        for (name, values), colour, dashes in zip(
            lines.items(), cycle(COLOURS), cycle(("-", "--", "-.")), strict=False
        ):
            above = np.where(np.asarray(values) > ROUNDING, values, np.nan)
            axis.plot(range(1, len(values) + 1), above, dashes, color=colour, label=name, linewidth=1.6)
        axis.set(yscale="log", title=title, xlabel="iterations")
        if log_x:
            axis.set_xscale("log")
        _plain(axis)
        axis.legend(frameon=False, fontsize=8)
    axes[0][0].set_ylabel(label)
    figure.tight_layout()
    _saved(figure, path)
