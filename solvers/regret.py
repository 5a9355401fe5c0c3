"""T3 made concrete: from a failure of consistency to a process in which following the preference is regretted.

Let ``A ≼ B`` but not ``αA+(1-α)C ≼ αB+(1-α)C``. The process has horizon 1 and shows ``decide`` with probability α,
else ``skip``; at ``skip`` every action leads to C; at ``decide`` action a leads to A and b to B; the outcome is o_1.
Always b satisfies the condition of T1, ``D^π(h·a) ≼ D^π(h)`` at every history and action, as ``A ≼ B`` and ≼ is
reflexive. Yet ``D^a = αA+(1-α)C`` is not ≼ ``D^b = αB+(1-α)C``: b is not optimal, and where ≼ is total, a is better.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prefcore.distribution import Distribution, mix
from prefcore.evidence import Counterexample
from prefcore.pictures.svg import plain, shortened
from prefcore.processes import DirectPreferenceProcess, tabulate, trajectory_distribution
from prefcore.relations import Relation, compare
from prefcore.trees import History, TablePolicy, table_policy
from prefcore.verdicts import Proved, Refuted, Unknown
from solvers.refuted import evidence_of, holds, least_relation, lotteries_of, preference_of

DECIDE, SKIP = "decide", "skip"


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison of T1's condition that holds: ``D^π(h·a) ≼ D^π(h)``, as lotteries over outcomes."""

    history: History
    action: Any
    after: Distribution
    here: Distribution


@dataclass(frozen=True, slots=True, repr=False)
class Regret:
    """A process in which a policy satisfies T1's condition and is not optimal.

    process: the process of T3, with the relation as its preference.
    followed: the policy "always b", which satisfies the condition at every history; better: the policy "always a".
    followed_outcomes, better_outcomes: their lotteries over outcomes, of which the latter is not ≼ the former.
    strict: whether better is strictly preferred to followed, which it is wherever ≼ is total; else they do not compare.
    condition: the comparisons that were checked, one for each history and action.
    A, B, C, alpha: the counterexample.
    """

    process: DirectPreferenceProcess
    followed: TablePolicy
    better: TablePolicy
    followed_outcomes: Distribution
    better_outcomes: Distribution
    strict: bool
    condition: tuple[Compared, ...]
    A: Distribution
    B: Distribution
    C: Distribution
    alpha: Fraction

    def __str__(self) -> str:
        return "\n".join(_words(self))

    def __repr__(self) -> str:
        return f"Regret(alpha={self.alpha}, followed: {self.followed_outcomes}; better: {self.better_outcomes})"

    @property
    def svg(self) -> str:
        """The process as a decision tree with both policies, an ``<svg>`` element."""
        return _drawing(self)

    def _repr_html_(self) -> str:
        return self.svg + "".join(f"<p>{plain(line)}</p>" for line in _words(self))


def regret_process(
    counterexample: Refuted | Proved | Unknown | Counterexample, relation: Relation[Any] | None = None
) -> Regret:
    """The process of T3 in which the optimality condition is followed and regretted.

    counterexample: a ``Refuted`` verdict on "consistent", or on "convex" where it fails in this direction; or its
    evidence, with A, B, C and α such that ``A ≼ B`` but not ``αA+(1-α)C ≼ αB+(1-α)C``.
    relation: the preference of the process. Without it, it is the one that the verdict is about; for evidence that
    comes alone, the least reflexive relation that says what it says: ``X = Y``, or ``X = A and Y = B``.

    That the condition holds and that it is regretted is checked exactly. Raises ``ValueError`` with advice if it is
    not so, or the verdict is another; ``TypeError`` for what is neither verdict nor counterexample.
    Source: Colaço Carr, Panangaden and Precup, AISTATS 2024; T3.
    """
    evidence = evidence_of(counterexample, ("consistent", "convex"), "regret_process")
    A, B, C, alpha = lotteries_of(evidence, "regret_process", alpha=True)
    preference = preference_of(counterexample, relation) or least_relation((A, B))
    _require_failure(preference, A, B, C, alpha)
    process = _process(preference, A, B, C, alpha)
    tabulation = tabulate(process)
    followed, better = (
        table_policy(tabulation, tuple(tuple(Fraction(a == chosen) for a in row) for row in tabulation.actions))
        for chosen in ("b", "a")
    )
    condition = tuple(_condition(process, followed))
    for compared in condition:
        if not holds(preference, compared.after, compared.here):
            raise ValueError(
                f"the optimality condition fails at {compared.history!r}, because ≼ is not reflexive: not X ≼ X for "
                f"X = {compared.here}; T3 is about reflexive relations"
            )
    left, right = (_outcomes(process, policy) for policy in (followed, better))
    return Regret(process, followed, better, left, right, holds(preference, left, right), condition, A, B, C, alpha)


def _require_failure(
    preference: Relation[Any], A: Distribution, B: Distribution, C: Distribution, alpha: Fraction
) -> None:
    """That ``A ≼ B`` and not ``αAC ≼ αBC``, which is the direction in which T3 needs it."""
    before, after = holds(preference, A, B), holds(preference, mix(alpha, A, C), mix(alpha, B, C))
    if before and not after:
        return
    needed = "T3 needs A ≼ B and not αA+(1-α)C ≼ αB+(1-α)C"
    if after and not before:
        swapped = holds(preference, B, A) and not holds(preference, mix(alpha, B, C), mix(alpha, A, C))
        what = "exchange A and B" if swapped else "give the verdict on 'consistent'"
        raise ValueError(
            f"{needed}, and here it is the other way: not A ≼ B, and the mixtures compare; this refutes 'convex' but "
            f"in a direction that is not T3's: {what}"
        )
    found = "A ≼ B and the mixtures compare, too" if before else "neither holds: not A ≼ B"
    raise ValueError(f"{needed}, but for {preference.name} {found}: give a counterexample to 'consistent' for it")


def _process(
    preference: Relation[Any], A: Distribution, B: Distribution, C: Distribution, alpha: Fraction
) -> DirectPreferenceProcess:
    """The process of T3. An outcome may be called "decide", too: it comes later, so the two are not confused."""
    leads = {"a": A, "b": B}

    def environment(history: History, action: Any) -> dict[Any, Any]:
        return dict((leads[action] if history[0] == DECIDE else C).items())

    def outcome(trajectory: History) -> Any:
        return trajectory[-1]

    return DirectPreferenceProcess(
        observations=tuple(dict.fromkeys((DECIDE, SKIP, *A, *B, *C))),
        actions=("a", "b"),
        horizon=1,
        environment=environment,
        preference=preference,
        initial={DECIDE: alpha, SKIP: 1 - alpha},
        outcome=outcome,
    )


def _outcomes(
    process: DirectPreferenceProcess, policy: TablePolicy, given: tuple[Any, ...] | None = None
) -> Distribution:
    return trajectory_distribution(process, policy, given).map(process.outcome)


def _condition(process: DirectPreferenceProcess, policy: TablePolicy) -> Iterator[Compared]:
    """The two sides of T1's condition, history by history and action by action."""
    for history, actions in zip(policy.tabulation.histories, policy.tabulation.actions, strict=True):
        here = _outcomes(process, policy, history)
        for action in actions:
            yield Compared(history, action, _outcomes(process, policy, (history, action)), here)


# -- in words and as a picture --------------------------------------------------------------------------------------


def _words(regret: Regret) -> Iterator[str]:
    stands = compare(regret.process.preference, regret.A, regret.B)
    yield (
        f"The first observation is “{DECIDE}” with probability {regret.alpha}, else “{SKIP}”. At “{DECIDE}” action a "
        f"leads to A and b to B; at “{SKIP}” every action leads to C."
    )
    yield from (f"{name} = {lottery}" for name, lottery in (("A", regret.A), ("B", regret.B), ("C", regret.C)))
    why = "B is better than A" if stands == "≺" else "A and B are equally good"
    yield (
        f"Followed: b. No action is better at any history: at “{DECIDE}” {why}, and at “{SKIP}” there is nothing to "
        f"choose. It gives {regret.followed_outcomes}."
    )
    yield f"{'Better' if regret.strict else 'Not below it'}: a. It gives {regret.better_outcomes}."
    yield (
        "From the start a is strictly better than b: whoever follows the preference step by step regrets it."
        if regret.strict
        else "From the start a and b do not compare: b satisfies the condition, yet it is not as good as every policy."
    )


INK, FAINT, FOLLOWED, BETTER = "#111111", "#5f6b76", "#08519c", "#b3420b"
WIDTH, HEIGHT, LONGEST = 788, 268, 52


def _drawing(regret: Regret) -> str:
    """A tree from left to right: the circle is chance, the squares are decisions, then the lotteries."""
    start, decide, skip = (34, 112), (214, 68), (214, 168)
    ends = {"B": (368, 30), "A": (368, 106), "C": (368, 168)}
    better = "better" if regret.strict else "not below it"
    parts = [
        _edge(start, decide, INK, 1.6),
        _edge(start, skip, INK, 1.6),
        _edge(decide, ends["B"], FOLLOWED, 4),
        _edge(decide, ends["A"], BETTER, 4, "7 5"),
        _edge(skip, ends["C"], FAINT, 1.6),
        f'<circle cx="{start[0]}" cy="{start[1]}" r="9" fill="#ffffff" stroke="{INK}" stroke-width="1.8"/>',
        *(
            f'<rect x="{x - 8}" y="{y - 8}" width="16" height="16" fill="#ffffff" stroke="{INK}" stroke-width="1.8"/>'
            for x, y in (decide, skip)
        ),
        _label(196, 56, DECIDE, anchor="end", extra=' font-weight="600"'),
        _label(196, 190, SKIP, anchor="end", extra=' font-weight="600"'),
        _label(108, 82, _number(regret.alpha), anchor="end"),
        _label(108, 156, _number(1 - regret.alpha), anchor="end"),
        _label(280, 38, "b", FOLLOWED, extra=' font-weight="600"'),
        _label(280, 106, "a", BETTER, extra=' font-weight="600"'),
        _label(262, 162, "a or b", FAINT),
    ]
    for name, lottery in (("B", regret.B), ("A", regret.A), ("C", regret.C)):
        x, y = ends[name]
        parts.append(_label(x + 8, y + 5, f"{name} = {shortened(str(lottery), LONGEST)}"))
    for y, colour, dash, text in (
        (222, FOLLOWED, "", f"followed: b, which gives {regret.followed_outcomes}"),
        (250, BETTER, "7 5", f"{better}: a, which gives {regret.better_outcomes}"),
    ):
        parts += [_edge((25, y - 5), (61, y - 5), colour, 4, dash), _label(72, y, shortened(text, 2 * LONGEST - 8))]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" class="regret" '
        "font-family=\"'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\" "
        'font-size="14" style="max-width:100%;height:auto">'
        "<title>A process in which the optimality condition is followed and regretted</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _edge(start: tuple[int, int], end: tuple[int, int], colour: str, width: float, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="M{start[0]} {start[1]}L{end[0]} {end[1]}" fill="none" stroke="{colour}" '
        f'stroke-width="{width:g}"{dashes}/>'
    )


def _label(x: int, y: int, text: str, colour: str = INK, anchor: str = "start", extra: str = "") -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}"{extra}>{plain(text)}</text>'


def _number(p: Fraction) -> str:
    """A probability as it is, or about, where its digits would not fit."""
    return str(p) if len(str(p)) <= 12 else f"about {float(p):.3g}"
