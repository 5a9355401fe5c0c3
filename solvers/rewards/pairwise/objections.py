"""What speaks against Bradley–Terry scores of a data set: gaps, separation, cycles, misfit. In plain words.

*Disconnected*: some items were never compared, not even through others, so nothing says how they stand to each other.
*Separable*: the items fall into groups of which the earlier always beat the later, so the maximum of the likelihood is
approached only as scores go to infinity (Ford 1957; Hunter 2004). *Intransitive*: most prefer a to b, most b to c, and
most c to a, which no scores can say. *Misfit*: the deviance from the saturated model, which has chances of its own for
each pair, is larger than chance would have it, at the level of 1%.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import gammaincc

from solvers.rewards.pairwise.win_counts import (
    Floats,
    WinCounts,
    majority_cycle,
    members_of,
    ordered_groups,
    weak_components,
)

LEVEL = 0.01  # at which goodness of fit rejects
SHOWN = 6  # names in a sentence


@dataclass(frozen=True, slots=True)
class GoodnessOfFit:
    """The deviance ``2 (L_saturated - L)`` in nats, and how often chance alone gives as much.

    ``method`` is "chi-square" or "parametric bootstrap" (with ``repetitions``). ``thin`` says that the expected counts
    are too small for the chi-square distribution (Cochran's rule: one is below 1, or more than a fifth are below 5);
    ``note`` says what else to mind, and is empty if nothing.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    method: str
    repetitions: int
    thin: bool
    note: str

    @property
    def rejects(self) -> bool:
        """Whether the model is rejected at 1% by a test that can be relied on."""
        return self.p_value < LEVEL and (self.method != "chi-square" or not self.thin)

    def __str__(self) -> str:
        how = f"{self.repetitions} parametric bootstraps" if self.repetitions else self.method
        words = f"deviance {self.statistic:.4g} on {self.degrees_of_freedom} degrees of freedom, p = {self.p_value:.3g}"
        return f"{words} ({how})" + (f"; {self.note}" if self.note else "")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What speaks against the scores; items are given by their positions, and named in the sentences.

    ``components``: the parts between which nothing was compared (one if connected). ``groups``: if separable, the items
    in groups of which none ever lost to, or tied with, a later one (empty otherwise). ``cycle``: items of which each
    was preferred to the next, and the last to the first, more often than not (empty if there is none).
    ``findings`` are plain sentences; ``advice`` says what to do.
    """

    disconnected: bool
    components: tuple[tuple[int, ...], ...]
    separable: bool
    groups: tuple[tuple[int, ...], ...]
    intransitive: bool
    cycle: tuple[int, ...]
    misfit: bool
    findings: tuple[str, ...]
    advice: str

    def __str__(self) -> str:
        return "\n".join([*(f"- {line}" for line in self.findings), f"Advice: {self.advice}"])


def chi_square(statistic: float, degrees_of_freedom: int, expected: Floats, notes: Sequence[str]) -> GoodnessOfFit:
    """The test by the chi-square distribution, given the expected counts of all pairs and outcomes."""
    thin = len(expected) > 0 and bool(expected.min() < 1 or (expected < 5).mean() > 0.2)
    if degrees_of_freedom == 0:
        notes = [*notes, "as many parameters as pairs: nothing is left to test"]
    elif thin:
        notes = [*notes, "too few comparisons a pair for the chi-square distribution: test by a parametric bootstrap"]
    p = float(gammaincc(degrees_of_freedom / 2, max(statistic, 0.0) / 2)) if degrees_of_freedom else float("nan")
    return GoodnessOfFit(statistic, degrees_of_freedom, p, "chi-square", 0, thin, "; ".join(notes))


def diagnose_fit(
    counts: WinCounts,
    names: Sequence[object] | None,
    *,
    exists: bool,
    levels: tuple[tuple[int, ...], ...],
    converged: bool,
    regularised: bool,
    fit: GoodnessOfFit,
) -> Diagnosis:
    """The diagnosis; ``levels``: groups that the tie parameter separates, if it is what diverges."""
    labels = weak_components(counts)
    components = members_of(labels)
    disconnected = len(components) > 1
    groups = ordered_groups(counts) if not exists else ()
    groups = levels if levels and len(groups) <= len(components) else groups
    separable = not exists and len(groups) > len(components)
    all_ties = not (counts.wins.any() or counts.losses.any())
    cycle = majority_cycle(counts)
    findings, advice = [], []
    if disconnected:
        parts = "; ".join(_listed(part, names) for part in components[:3]) + ("; …" if len(components) > 3 else "")
        findings.append(f"disconnected: {len(components)} parts were never compared with each other: {parts}.")
        advice.append("Compare items across the parts, or fit each part by itself.")
    if separable:
        first, rest = groups[0], groups[1]
        diverges = "exists by the prior alone" if regularised else "diverges"
        always = f"{_listed(first, names)} never lost to the others; next {_listed(rest, names)}"
        findings.append(f"separable: {len(groups)} groups; {always}. The estimate {diverges}.")
        if levels:
            findings.append(
                "There are ties, but no cycle of comparisons has more wins than ties: the tie parameter diverges, too."
            )
        advice.append("Compare again across the groups, or set regularisation > 0 (a prior); then scores exist.")
    elif not exists and all_ties:
        findings.append("Every comparison is a tie: the tie parameter diverges, and nobody is preferred.")
        advice.append('Count each tie as half a win for both: tie_model="half".')
    if cycle:
        ring = " over ".join(_name(k, names) for k in (*cycle, cycle[0])[: SHOWN + 1])
        ring += " over …" if len(cycle) > SHOWN else ""
        findings.append(f"intransitive: most prefer {ring}: no scores can say this.")
    if fit.rejects:
        findings.append(f"misfit: chances of their own for each pair fit far better than scores: {fit}.")
        advice.append("Don't trust a scalar reward here: model the pairs (a preference model, a von Neumann winner).")
    elif cycle and fit.thin and fit.method == "chi-square":
        findings.append("The comparisons are too few a pair to say whether this is chance: ask for a bootstrap.")
    elif cycle:
        findings.append("Chance may well explain the cycle: goodness of fit doesn't reject.")
    elif fit.thin and fit.method == "chi-square" and fit.degrees_of_freedom:
        findings.append("Too few comparisons a pair to test the fit by chi-square: ask for a bootstrap.")
    if exists and not converged:
        findings.append(
            "The iterations ended before the gradient was small: raise max_iterations, or the tolerance where weights "
            "differ by many orders of magnitude."
        )
    if not exists and regularised:
        findings.append("The scores depend on the strength of the prior: without it there would be none.")
    if not (disconnected or separable or cycle or fit.rejects or not exists or not converged):
        findings.insert(0, "no objection: connected, not separable, no majority cycle, no misfit found.")
    return Diagnosis(
        disconnected,
        components,
        separable,
        groups if separable else (),
        bool(cycle),
        cycle,
        fit.rejects,
        tuple(findings),
        " ".join(advice) or "None needed.",
    )


def _name(item: int, names: Sequence[object] | None) -> str:
    return f"item {item}" if names is None else str(names[item])


def _listed(items: Sequence[int], names: Sequence[object] | None) -> str:
    shown = ", ".join(_name(k, names) for k in items[:SHOWN])
    return "{" + shown + (f", … ({len(items)} in all)" if len(items) > SHOWN else "") + "}"
