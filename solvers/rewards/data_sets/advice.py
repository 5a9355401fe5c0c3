"""What a preference data set supports: one reward, several, none, or more data. The rule, in the order it is applied.

1. *Collect more data* if the items fall into parts that were never compared (texts of different prompts excepted), if
   some never lost to others (scores would be infinite), or if there are fewer than ``THIN`` answers a free score.
2. No circle of pairs was compared, or too few answers (20 a score, 2 a pair): nothing can be tested; one reward,
   tentatively.
3. A *material* misfit of one reward: the excess is ``MATERIAL_NATS`` or more, by the lower end of its interval.
   a. Where rewards of each judge or context predict held-out answers better than each pair's own frequency does, and
      better than one reward by ``MATERIAL_NATS`` or ``MATERIAL_WRONG``: *several rewards*.
   b. Where pairs' own frequencies predict better by ``MATERIAL_WRONG``, or weak stochastic transitivity is rejected at
      ``LEVEL``: *Nash*.
   c. Else only strengths are off, not the order: one reward, tentatively.
4. No material misfit, by the upper end of the interval: one reward, even if the misfit is significant; unless separate
   rewards save ``LARGE_NATS`` or ``LARGE_WRONG`` (lower ends): *several rewards*.
5. Else the size of the misfit is open: *collect more data* if it is significant, one reward tentatively if it is not.

One reward is *DPO* where the items are texts, a *reward model* else. They maximise the same Bradley–Terry likelihood:
with a policy class that can express every policy, DPO's optimum is that of KL-regularised RL on the fitted reward
[Rafailov et al. 2023, theorem 1]. The thresholds are conventions: 0.01 nats is 1.4 % of a fair coin's entropy.
"""

from __future__ import annotations

from dataclasses import dataclass

from solvers.rewards.data_sets.held_out import HeldOut, Prediction
from solvers.rewards.data_sets.misfit import Misfit

MATERIAL_NATS, MATERIAL_WRONG = 0.01, 0.01
LARGE_NATS, LARGE_WRONG = 0.05, 0.05
LEVEL = 0.05
THIN = 10  # answers for each free score

REWARD, DPO, SEVERAL = "reward model (Bradley–Terry)", "DPO", "several rewards"
NASH, MORE = "Nash (von Neumann winner)", "collect more data"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """method: one of the five names. tentative: the data do not settle it. cautions: what else to mind."""

    method: str
    reason: str
    tentative: bool
    cautions: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method}{', tentatively' if self.tentative else ''}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Findings:
    """What the rule looks at. unbeaten: names of items that never lost to the rest, if scores would be infinite."""

    text: bool
    answers: float
    scores: int  # that are free: items - components
    parts: int
    pairs: int
    unbeaten: str
    misfit: Misfit | None
    circles: int  # independent circles of compared pairs
    held_out: HeldOut | None
    weak_p_value: float | None


def recommend(found: Findings) -> Recommendation:
    """The method that the data support, by the rule above."""
    method, reason, tentative = _choice(found)
    return Recommendation(method, reason, tentative)


def _choice(found: Findings) -> tuple[str, str, bool]:
    if not found.text:
        if found.parts > 1:
            return (
                MORE,
                f"the items fall into {found.parts} parts that were never compared with each other: "
                "nothing says how they stand. Compare some across the parts",
                False,
            )
        if found.answers < THIN * found.scores:
            return (
                MORE,
                f"{found.answers:g} answers are few for {found.scores} scores; ask for {THIN * found.scores:,} or more",
                False,
            )
        if found.unbeaten:
            return (
                MORE,
                f"{found.unbeaten}, so their scores would be infinite. Ask again across these groups, "
                "or fit with a prior (regularisation=1)",
                False,
            )
    one = DPO if found.text else REWARD
    same = (
        ". It has the likelihood of a Bradley–Terry reward model and, for a rich enough policy, its optimum; "
        "prefer the reward model if the policy to be trained did not write the texts"
        if found.text
        else ""
    )
    if found.circles == 0:
        why = (
            "no three items were compared in a circle, so any answers fit some scalar reward: whether one suffices "
            "cannot be tested. Compare three or more answers to some prompts"
            if found.text
            else "no circle of pairs was compared, so any answers fit some scores: it cannot be tested"
        )
        return one, why + same, True
    if found.misfit is None:
        few = f"with {found.answers:,.6g} answers for {found.scores:,} scores and {found.pairs:,} pairs"
        return one, f"{few} it cannot be tested whether one reward suffices; ask each pair several times" + same, True
    return _by_misfit(found, found.misfit, one, same)


def _by_misfit(found: Findings, misfit: Misfit, one: str, same: str) -> tuple[str, str, bool]:
    low, high, p = misfit.excess.low, misfit.excess.high, misfit.p_value
    held = found.held_out
    pair, group = held["pair"] if held else None, better_group(held)
    sizes = f"{max(misfit.excess.value, 0):.4f} nats an answer [{max(low, 0):.4f}, {max(high, 0):.4f}]"
    if low >= MATERIAL_NATS:
        lost = f"one reward throws away {sizes}"
        if group and pair and group.nats_saved.value > pair.nats_saved.value and _saves(group, small=True):
            return SEVERAL, f"{lost}, and a reward for each {group.name} explains it: {saved(group)}", False
        rejected = found.weak_p_value is not None and found.weak_p_value < LEVEL
        if rejected or (pair and pair.wrong_saved.low >= MATERIAL_WRONG):
            why = "the majorities run in a circle, beyond chance" if rejected else "its order is wrong, too"
            more = (
                f"; pairs' own shares save {100 * pair.wrong_saved.value:.1f} points of wrong predictions"
                if pair
                else ""
            )
            return NASH, f"{lost}; {why}{more}. No scores can say this", False
        return (
            one,
            f"{lost} of strength, yet the order that it gives predicts as well as the pairs' own frequencies: "
            "do not read its differences as log-odds" + same,
            True,
        )
    if high < MATERIAL_NATS:
        if group and _saves(group, small=False):
            return SEVERAL, f"one reward fits the average, but {group.name}s differ: {saved(group)}", False
        fits = (
            f"one scalar reward fits the pooled answers (p = {p:.2g}); it throws away at most {max(high, 0):.4f} nats "
            "an answer"
            if p >= LEVEL
            else f"the misfit is significant (p = {p:.1g}) but tiny: {sizes}, under {MATERIAL_NATS}"
        )
        return one, fits + same, False
    if p < LEVEL:
        return MORE, f"one reward does not fit (p = {p:.1g}), but by how much is open: {sizes}; {_need(misfit)}", False
    return one, f"nothing speaks against it (p = {p:.2g}), but {sizes} are not excluded; {_need(misfit)}" + same, True


def _need(misfit: Misfit) -> str:
    """How many answers would make the interval of the excess as narrow as the threshold."""
    width = misfit.excess.high - max(misfit.excess.low, 0.0)
    times = width / MATERIAL_NATS
    return f"about {_rounded(misfit.answers * max(times, 2.0)):,} answers to these pairs would tell"


def _rounded(number: float) -> int:
    """Two significant digits."""
    return int(float(f"{number:.1e}"))


def better_group(held: HeldOut | None) -> Prediction | None:
    """Rewards by judge or by context, whichever saves more."""
    groups = [p for name in ("judge", "context") if held and (p := held[name])]
    return max(groups, key=lambda p: p.nats_saved.value, default=None)


def _saves(group: Prediction, small: bool) -> bool:
    nats, wrong = (MATERIAL_NATS, MATERIAL_WRONG) if small else (LARGE_NATS, LARGE_WRONG)
    return group.nats_saved.low >= nats or group.wrong_saved.low >= wrong


def saved(group: Prediction) -> str:
    nats, wrong = group.nats_saved, group.wrong_saved
    return (
        f"on held-out answers it saves {nats.value:.3f} nats [{nats.low:.3f}, {nats.high:.3f}] and "
        f"{100 * wrong.value:.1f} points of wrong predictions [{100 * wrong.low:.1f}, {100 * wrong.high:.1f}]"
    )
