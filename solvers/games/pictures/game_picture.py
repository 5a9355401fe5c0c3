"""A game as one SVG picture: its preferences as a heat map, and a policy as bars beside the rows."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from prefcore.heatmap import SIDE, cells_image, colour
from prefcore.pictures.intransitivity import DIVERGING, SHOWN, Heat
from prefcore.pictures.svg import FAINT, FONT, INK, SIZE, XMLNS, extent, plain, shortened, text_at
from solvers.arguments import whole_number
from solvers.games.game import PreferenceGame, exploitability, policy_of, require_game
from solvers.games.payoffs import Array, Indices
from solvers.games.social_choice.majorities import copeland_scores

LABELLED, NUMBERED = 40, 10  # actions with labels, and with numbers in the cells
BARS, GAP = 170, 18
BAR = "#35618f"
MOST = 200
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def draw_game(
    game: PreferenceGame,
    policy: ArrayLike | None = None,
    *,
    order: Literal["best", "given"] = "best",
    most: int = MOST,
    name: str = "game",
) -> str:
    """A game as a whole ``<svg>`` file: the probability that the row is preferred to the column, in colours.

    policy: (N,), such as ``von_neumann_winner(game).policy``; its probabilities are drawn as bars beside the rows, and
    its gap is told. order: ``"best"``, by the policy's probabilities, equal ones by the Copeland score, or as
    ``"given"``. most: how many actions are drawn; of more the best are, and the picture says so. A factored game is
    not multiplied out. Payoffs that are no probabilities less 1/2 are drawn from their least to their largest. name: a
    prefix for the element's ids, so that several pictures may share a page: ASCII letters, digits, ``-`` and ``_``, a
    letter first. Raises ``ValueError`` for what is no policy and no such name, and ``TypeError`` for what is no game.
    """
    require_game(game)
    if not (isinstance(name, str) and IDENTIFIER.fullmatch(name)):
        raise ValueError(f"name: must be letters, digits, - and _, a letter first, to be a part of ids, got {name!r}")
    if order not in ("best", "given"):
        raise ValueError(f"order: must be 'best' or 'given', got {order!r}")
    pi = None if policy is None else policy_of(policy, game.size)
    count = min(whole_number(most, "most", 1), game.size)
    ranked = np.lexsort((-copeland_scores(game), np.zeros(game.size) if pi is None else -pi))
    chosen: Indices = ranked[:count] if order == "best" else np.sort(ranked[:count])
    A = game.payoffs.columns(chosen)[chosen]
    largest = float(np.abs(A).max())
    scale = 0.5 if largest <= 0.5 else largest
    n = len(chosen)
    values = 0.5 + A / (2 * scale)
    np.fill_diagonal(values, np.nan)
    labels = tuple(str(game.label(i)) for i in chosen.tolist())
    shown = Heat("preference", tuple(chosen.tolist()), labels, values, 1.0, frozenset(), None, (), (), 1)

    size = 13.0 if n <= 20 else 9.5
    names = [shortened(label, SHOWN) for label in labels] if n <= LABELLED else []
    left = max(24.0, max((extent(label, size) for label in names), default=0.0) + 10)
    top = left + 22
    cell = SIDE / n
    numbered = n <= NUMBERED
    parts = (
        _numbers(shown, A if scale > 0.5 else values, left, top, cell) if numbered else cells_image(shown, left, top)
    )
    for k, label in enumerate(names):
        at = (k + 0.5) * cell + size * 0.35
        parts.append(_text(left - 6, top + at, label, size, "end"))
        turn = f' transform="rotate(-90 {left + at:.1f} {top - 6:.1f})"'
        parts.append(_text(left + at, top - 6, label, size, "start", turn))
    parts.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{FAINT}"/>')
    right = left + SIDE + GAP
    if pi is not None:
        parts += _bars(pi[chosen], right, top, cell, size)
        right += BARS + 64
    parts += _legend(left, top + SIDE + 16, scale, name)
    lines = _lines(game, pi, chosen)
    parts += [_text(left, top + SIDE + 72 + 18 * k, line, SIZE, "start") for k, line in enumerate(lines)]
    width = round(max(right + 6, left + max(extent(line) for line in lines) + 10, left + SIDE + 24))
    height = round(top + SIDE + 72 + 18 * len(lines))
    stops = "".join(
        f'<stop offset="{k / (len(DIVERGING) - 1):.3f}" stop-color="{c}"/>' for k, c in enumerate(DIVERGING)
    )
    return (
        f'<svg {XMLNS} viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'font-family="{FONT}" font-size="{SIZE:g}" style="max-width:100%;height:auto">'
        f"<title>{plain(lines[0])}</title>"
        f'<defs><linearGradient id="{name}-bar">{stops}</linearGradient></defs>'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _lines(game: PreferenceGame, pi: Array | None, chosen: Indices) -> list[str]:
    lines = [f"A game of {game.size:,} action{'s' if game.size > 1 else ''}"]
    if len(chosen) < game.size:
        lines[0] += f", of which the best {len(chosen):,} are drawn"
    if pi is not None:
        played = int((pi > 0).sum())
        gap = exploitability(game, pi)
        lines.append(f"Bars: a policy that plays {played:,} of them; gap {gap:.2g}")
        if len(chosen) < game.size:
            lines[-1] += f"; {pi[chosen].sum():.3g} of its probability is on those drawn"
    return lines


def _numbers(shown: Heat, numbers: Array, left: float, top: float, cell: float) -> list[str]:
    parts = []
    for (i, j), value in np.ndenumerate(shown.values):
        x, y = left + j * cell, top + i * cell
        fill = colour(shown, float(value))
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell:.1f}" height="{cell:.1f}" fill="{fill}"/>')
        if i != j:
            red, green, blue = (int(fill[k : k + 2], 16) for k in (1, 3, 5))
            ink = "#ffffff" if 0.3 * red + 0.59 * green + 0.11 * blue < 128 else INK
            parts.append(
                _text(x + cell / 2, y + cell / 2 + 4, _short(float(numbers[i, j])), 12, "middle", f' fill="{ink}"')
            )
    return parts


def _bars(shares: Array, x: float, top: float, cell: float, size: float) -> list[str]:
    """A bar for each row, in proportion to the largest, and its probability beside it, where there is room."""
    largest = float(shares.max()) or 1.0
    parts = [_text(x, top - 6, "policy", 13, "start", f' fill="{FAINT}"')]
    thick = max(cell * 0.7, 0.5)
    for k, share in enumerate(shares.tolist()):
        wide = BARS * share / largest
        y = top + k * cell
        if share:
            parts.append(
                f'<rect x="{x:.1f}" y="{y + (cell - thick) / 2:.1f}" width="{max(wide, 0.5):.1f}" height="{thick:.2f}" '
                f'fill="{BAR}"/>'
            )
        if cell >= 9:
            ink = "" if share else f' fill="{FAINT}"'
            text = f"{share:.4f}" if share >= 5e-5 or not share else f"{share:.0e}"
            parts.append(_text(x + wide + 5, y + cell / 2 + size * 0.35, text if share else "0", size, "start", ink))
    end = top + cell * len(shares)
    parts.append(f'<path d="M{x:.1f} {top:.1f}V{end:.1f}" stroke="{FAINT}"/>')
    if cell < 9:
        parts.append(_text(x + BARS, top - 6, f"longest: {largest:.3g}", 13, "end", f' fill="{FAINT}"'))
    return parts


def _legend(x: float, y: float, scale: float, name: str) -> list[str]:
    ends = ("0", "1/2", "1") if scale == 0.5 else (f"-{scale:.3g}", "0", f"{scale:.3g}")
    says = "probability that the row is preferred" if scale == 0.5 else "what the row gains against the column"
    parts = [
        f'<rect x="{x:.1f}" y="{y:.1f}" width="150" height="12" fill="url(#{name}-bar)" stroke="{FAINT}" '
        'stroke-width=".8"/>'
    ]
    for (text, anchor), at in zip(zip(ends, ("start", "middle", "end"), strict=True), (0, 75, 150), strict=True):
        parts.append(_text(x + at, y + 27, text, 12, anchor))
    parts.append(_text(x + 164, y + 11, says, 13, "start"))
    return parts


def _text(x: float, y: float, text: str, size: float, anchor: str, extra: str = "") -> str:
    return text_at(x, y, plain(text), anchor, f' font-size="{size:g}"{extra}')


def _short(value: float) -> str:
    text = f"{value:.2f}" if abs(value) < 10 else f"{value:.3g}"
    return text.replace("0.", ".", 1) if 0 < abs(value) < 0.995 else f"{value:.3g}"
