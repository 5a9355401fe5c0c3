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
from math import isnan

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
FEWEST = 99  # data sets of a bootstrap whose p-value, 1/(1 + FEWEST) at least, can be as small as that
SHOWN = 6  # names in a sentence


@dataclass(frozen=True, slots=True)
class GoodnessOfFit:
    """The deviance ``2 (L_saturated - L)`` in nats, and how often chance alone gives as much.

    ``method`` is "chi-square" or "parametric bootstrap" (with ``repetitions``). ``thin`` says that the expected counts
    are too small for the chi-square distribution (Cochran's rule: one is below 1, or more than a fifth are below 5);
    if half of them are below 1, or no degrees of freedom are left, ``p_value`` is NaN. A bootstrap's is
    ``1 / (1 + repetitions)`` at least. ``note`` says what else to mind, and is empty if nothing.
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
        return self.conclusive and self.p_value <= LEVEL

    @property
    def conclusive(self) -> bool:
        """Whether the test could have rejected: there is something to test, and enough comparisons or data sets."""
        enough = self.repetitions >= FEWEST if self.repetitions else not self.thin
        return enough and not isnan(self.p_value)

    @property
    def shown(self) -> str:
        """The p-value in words; a bootstrap's smallest is a bound."""
        if isnan(self.p_value):
            return "no p-value"
        floor = self.repetitions > 0 and self.p_value * (1 + self.repetitions) < 1.5
        return f"p ≤ 1/{1 + self.repetitions}" if floor else f"p = {self.p_value:.3g}"

    def __str__(self) -> str:
        how = f"{self.repetitions} parametric bootstraps" if self.repetitions else self.method
        words = f"deviance {self.statistic:.4g} on {self.degrees_of_freedom} degrees of freedom, {self.shown}"
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
    # With a comparison or two a pair the distribution has nothing to do with the data; p would be a large or small lie.
    known = degrees_of_freedom > 0 and bool((expected < 1).mean() < 0.5)
    p = float(gammaincc(degrees_of_freedom / 2, max(statistic, 0.0) / 2)) if known else float("nan")
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
    whole: bool,
) -> Diagnosis:
    """The diagnosis; ``levels``: groups that the tie parameter separates, if it is what diverges.

    ``whole``: the counts are whole numbers, so that a bootstrap can draw as many.
    """
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
    elif fit.degrees_of_freedom and not fit.conclusive:
        lack = f"{fit.repetitions} data sets are too few" if fit.repetitions else "too few comparisons a pair"
        what, how = "this is chance" if cycle else "the scores fit", ": ask for a bootstrap" if whole else ""
        findings.append(f"Whether {what} isn't known, {lack} to test the fit{how}.")
        advice.append(
            f"Test the fit by a bootstrap of {FEWEST} data sets or more: .test_of_fit(numpy.random.default_rng(seed))."
            if whole
            else "Compare each pair more often, or count whole comparisons: a bootstrap can test the fit then."
        )
    elif cycle and fit.conclusive:
        findings.append(f"Chance may explain the cycle: goodness of fit doesn't reject at 1% ({fit.shown}).")
    elif cycle:
        findings.append("Whether this is chance is not known: there is nothing left to test.")
    if not converged and (exists or (regularised and not all_ties)):
        findings.append(
            "The iterations ended before the scores had settled: raise max_iterations, or the tolerance where weights "
            "differ by many orders of magnitude."
        )
        advice.append("Don't use these scores, nor their standard errors, until the fit has converged.")
    if not exists and regularised:
        findings.append("The scores depend on the strength of the prior: without it there would be none.")
    if not (disconnected or separable or cycle or fit.rejects or not exists or not converged):
        misfit = ", no misfit found" if fit.conclusive or not fit.degrees_of_freedom else ""
        findings.insert(0, f"no objection: connected, not separable, no majority cycle{misfit}.")
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
