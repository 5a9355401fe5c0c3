"""What a preference data set supports: one reward, several, none, or more data. The rule, in the order it is applied.

1. *Collect more data* if all answers are ties; if the items fall into parts that were never compared, if there are
   fewer than ``THIN`` answers a free score, or if some never lost to others (scores would be infinite). Texts of
   different prompts are never compared, and have few answers each, by design: of texts ``FEW_TEXTS`` answers in all
   are asked for.
2. *Collect more data* if no preference is visible: neither equal scores nor one reward are rejected, each at half of
   ``LEVEL`` (beside an effect of position or length, where that is significant), and rewards by judge or context save
   nothing.
3. No circle of pairs was compared, or too few answers (20 a score, 2 a pair): nothing can be tested; one reward,
   tentatively.
4. A *material* misfit of one reward: the excess is ``MATERIAL_NATS`` or more, by the lower end of its interval. Where
   an effect of position or length is significant at ``LEVEL`` and the misfit is not tiny, the misfit is the one beside
   that effect; if it cannot be told from merit, *collect more data*.
   a. Where rewards of each judge or context predict held-out answers better than each pair's own frequency does, and
      better than one reward by ``MATERIAL_NATS`` or ``MATERIAL_WRONG``: *several rewards*.
   b. Where pairs' own frequencies predict better by ``MATERIAL_WRONG``, or weak stochastic transitivity is rejected at
      ``LEVEL``: *Nash*; tentatively beside an effect, for which neither of the two is corrected.
   c. Else only strengths are off, not the order: one reward, tentatively.
5. No material misfit, by the upper end of the interval: one reward (beside the effect, if it takes that), even if the
   misfit is significant; unless separate rewards save ``LARGE_NATS`` or ``LARGE_WRONG`` (lower ends): *several
   rewards*.
6. Else the size of the misfit is open: *collect more data* if it is significant, one reward tentatively if it is not.

One reward is *DPO* where the items are texts, a *reward model* else. They maximise the same Bradley–Terry likelihood:
with a policy class that can express every policy, DPO's optimum is that of KL-regularised RL on the fitted reward
[Rafailov et al. 2023, theorem 1]. The thresholds are conventions: 0.01 nats is 1.4 % of a fair coin's entropy.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from solvers.rewards.data_sets.adjusted import Adjusted
from solvers.rewards.data_sets.held_out import HeldOut, Prediction
from solvers.rewards.data_sets.misfit import Misfit

MATERIAL_NATS, MATERIAL_WRONG = 0.01, 0.01
LARGE_NATS, LARGE_WRONG = 0.05, 0.05
LEVEL = 0.05
THIN = 10  # answers for each free score
NOTEWORTHY = 0.005  # nats that rewards by judge or context must save to be mentioned
FEW_TEXTS = 100  # answers about texts, below which even one reward is too much

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
    """What the rule looks at. unbeaten: names of items that never lost to the rest, if scores would be infinite.

    decided: the weight of answers that are no ties; coin: the p-value of equal scores; untested: which differences
    could not be tested, in words.
    """

    text: bool
    answers: float
    decided: float
    scores: int  # that are free: items - components
    parts: int
    pairs: int
    unbeaten: str
    coin: float | None
    adjusted: Adjusted | None
    misfit: Misfit | None
    circles: int  # independent circles of compared pairs
    held_out: HeldOut | None
    weak_p_value: float | None
    untested: str = ""

    @property
    def beside(self) -> Adjusted | None:
        """The fit beside position and length, if they have a significant effect."""
        return self.adjusted if self.adjusted is not None and self.adjusted.p_value < LEVEL else None


def recommend(found: Findings) -> Recommendation:
    """The method that the data support, by the rule above."""
    method, reason, tentative = _too_little(found) or _choice(found)
    return Recommendation(method, reason, tentative)


def _too_little(found: Findings) -> tuple[str, str, bool] | None:
    """Rules 1 and 2."""
    if not found.decided:
        return MORE, "every answer is a tie: no preference is visible", False
    if found.text and found.answers < FEW_TEXTS:
        return MORE, f"{_answers(found.answers)} about texts, and at least {FEW_TEXTS} are asked for", False
    if not found.text:
        if found.parts > 1:
            why = (
                f"the items fall into {found.parts:,} parts that were never compared with each other: "
                "nothing says how they stand. Compare some across the parts"
            )
            return MORE, why, False
        if found.decided < THIN * found.scores:
            few = f"{_answers(found.decided)}{'' if found.decided == found.answers else ' that are no ties'}"
            be = "is" if found.decided == 1 else "are"
            scores = "a score" if found.scores == 1 else f"{found.scores:,} scores"
            return (
                MORE,
                f"{few} {be} few for {scores}; ask for {THIN * found.scores:,} or more",
                False,
            )
        if found.unbeaten:
            why = (
                f"{found.unbeaten}, so scores would be infinite. Ask again across these groups, "
                "or fit with a prior (regularisation=1)"
            )
            return MORE, why, False
    beside = found.beside
    coin, misfit = (beside.coin, beside.misfit) if beside else (found.coin, found.misfit)
    group = better_group(found.held_out)
    least = LEVEL / 2  # for either of two tests
    visible = coin is None or coin < least or (misfit is not None and misfit.p_value < least)
    if visible or (beside and misfit is None and found.circles) or (group and _saves(group, small=True)):
        return None
    untested = f". {found.untested[:1].upper()}{found.untested[1:]}" if found.untested else ""
    said = f"{_answers(found.decided)} look like tosses of a coin (p = {coin:.2g}): a reward would learn nothing"
    if beside:
        said = f"beside {_effect(beside)} a reward would learn nothing (equal scores: p = {coin:.2g})"
    return MORE, f"no preference is visible: {said}{untested}", False


def _answers(number: float) -> str:
    return "1 answer" if number == 1 else f"{number:,.6g} answers"


def _effect(beside: Adjusted) -> str:
    """``the effect of position (odds × 2.85)``."""
    each = [f"{name} (odds × {exp(b):.2f})" for name, b in zip(beside.names, beside.log_odds, strict=True)]
    return f"the effect{'s' if len(each) > 1 else ''} of {' and '.join(each)}"


def _choice(found: Findings) -> tuple[str, str, bool]:
    """Rules 3 to 6."""
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
    beside = found.beside
    if beside is None or found.misfit.excess.high < MATERIAL_NATS:
        return _by_misfit(found, found.misfit, one, same)
    alone = f"scores alone throw away {_size(found.misfit)}"
    if beside.misfit is None:
        why = (
            f"{alone}, but merit cannot be told from {_effect(beside)}: "
            "show each pair in both orders, and either item the longer"
        )
        return MORE, why, False
    method, reason, tentative = _by_misfit(found, beside.misfit, one, same, _effect(beside))
    if method == one and beside.misfit.excess.high < MATERIAL_NATS:
        fits = f"scores and {_effect(beside)} fit together (p {p_words(beside.misfit)})"
        if beside.misfit.p_value < LEVEL:
            fits = f"beside {_effect(beside)} the misfit is significant but tiny: {_size(beside.misfit)}"
        reason = f"{fits}, and {alone}: fit both" + same
    return method, reason, tentative


def _size(misfit: Misfit) -> str:
    excess = misfit.excess
    return f"{excess.value:.4f} nats an answer [{excess.low:.4f}, {excess.high:.4f}]"


def p_words(misfit: Misfit) -> str:
    """``= 0.031``, or ``≤ 0.005 (200 draws)`` where no draw was as large."""
    return in_words(misfit.p_value, misfit.draws)


def in_words(p: float, draws: int = 0) -> str:
    """A p-value; of a bootstrap with that many draws it cannot be smaller than 1 / (draws + 1)."""
    if draws and p <= 1.001 / (draws + 1):
        return f"≤ {p:.1g} ({draws} draws)"
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def _by_misfit(found: Findings, misfit: Misfit, one: str, same: str, beside: str = "") -> tuple[str, str, bool]:
    low, high, p = misfit.excess.low, misfit.excess.high, p_words(misfit)
    held = found.held_out
    pair, group = held["pair"] if held else None, better_group(held)
    sizes = _size(misfit)
    if low >= MATERIAL_NATS:
        lost = f"one reward{f' beside {beside}' if beside else ''} throws away {sizes}"
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
            end = ". Show each pair in both orders to be sure" if beside else ". No scores can say this"
            return NASH, f"{lost}; {why}{more}{end}", bool(beside)
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
            f"one scalar reward fits the pooled answers (p {p}); it throws away at most {high:.4f} nats an answer"
            if misfit.p_value >= LEVEL
            else f"the misfit is significant (p {p}) but tiny: {sizes}, under {MATERIAL_NATS}"
        )
        return one, fits + same, False
    if misfit.p_value < LEVEL:
        return MORE, f"one reward does not fit (p {p}), but by how much is open: {sizes}; {_need(misfit)}", False
    return one, f"nothing speaks against it (p {p}), but {sizes} are not excluded; {_need(misfit)}" + same, True


def _need(misfit: Misfit) -> str:
    """How many answers would make the interval of the excess as narrow as the threshold."""
    width = misfit.excess.high - misfit.excess.low
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
