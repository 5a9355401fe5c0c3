"""``check``: which axioms a relation satisfies, each with evidence from a finder and a verdict from the kernel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

from prefcore.axioms import AXIOMS, CONTINUOUS, DOMINANCE
from prefcore.claims import Achievable, Domain, Menu, Simplex
from prefcore.distribution import Distribution, Payoff, payoff_at
from prefcore.processes import DEFAULT_LIMIT, DirectPreferenceProcess, tabulate
from prefcore.relations import Relation, formula_of, outcomes_tuple
from prefcore.report import Report
from prefcore.search.inquiry import Inquiry
from prefcore.search.semilinear import Deadline
from prefcore.tracing import FormulaTooLarge
from prefcore.verdicts import Unknown, Verdict
from prefcore.words import nearest

DEFAULT_AXIOMS = ("reflexive", "transitive", "preorder", "total", "consistent", "convex", "interpolation")
MENU_AXIOMS = (*DEFAULT_AXIOMS[:4], "quasi_transitive", "negatively_transitive", "acyclic")
VALUE_AXIOMS = ("monotone", "risk_averse")
DEFAULT_BUDGET = 120.0  # seconds for all axioms together


def check(
    relation: Relation[Any],
    outcomes: Iterable[Any] | None = None,
    axioms: Sequence[str] | None = None,
    budget: float | None = None,
    *,
    menu: Iterable[Distribution] | None = None,
    process: DirectPreferenceProcess | None = None,
    value: Payoff | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Report:
    """Decides axioms of `relation`; the report maps each axiom to its verdict.

    The lotteries A, B, C of the axioms range over one domain: the simplex over `outcomes`; a finite `menu` of
    distributions; or the outcome distributions that the policies of a `process` achieve (of at most `limit`
    trajectories; the process' own preference plays no part). A counterexample on the last comes with the policies that
    achieve its lotteries. What holds on the achievable set only does not make the optimality condition sound (T1).

    axioms: names from ``prefcore.AXIOMS``; docs/axioms.md states each. The default is ``reflexive, transitive,
    preorder, total, consistent, convex, interpolation`` (on a menu: those without mixtures, and ``quasi_transitive,
    negatively_transitive, acyclic``), and with `value` also ``monotone, risk_averse``. value: the payoff that orders
    the outcomes, for the axioms that speak of dominance. budget: seconds for all axioms together; one that is not
    decided within it is ``Unknown`` and says so.

    Raises ``ValueError``/``TypeError`` for malformed outcomes, a payoff with gaps, an event that names none of the
    `outcomes`, or a relation that does not return a comparison.
    """
    if [outcomes, menu, process].count(None) != 2:
        raise TypeError("check needs one domain: a sequence of outcomes, or menu=, or process=")
    if menu is not None:
        return check_on(relation, menu_of(menu), axioms, budget, closed=False, value=value)
    if process is not None:
        if not isinstance(process, DirectPreferenceProcess):
            raise TypeError(f"process must be a DirectPreferenceProcess, got {process!r}")
        domain = Achievable(tabulate(process, limit))
        return check_on(relation, domain, axioms, budget, closed=False, value=value)
    return check_on(relation, Simplex(outcomes_tuple(outcomes)), axioms, budget, closed=True, value=value)


def check_on(
    relation: Relation[Any],
    domain: Domain,
    axioms: Sequence[str] | None,
    budget: float | None,
    closed: bool,
    value: Payoff | None = None,
) -> Report:
    """As :func:`check`; `closed` says that events may name only the domain's outcomes."""
    if not isinstance(relation, Relation):
        raise TypeError(f"check needs a relation: decorate the function with @pc.relation, got {relation!r}")
    names = _names(axioms, domain, value)
    seconds = seconds_of(budget)
    outcomes = tuple(domain.outcomes)
    values = None if value is None else tuple(payoff_at(value, o) for o in outcomes)
    deadline = Deadline.after(seconds)
    try:
        traced = formula_of(relation, outcomes, closed)
        inquiry = Inquiry(relation, domain, closed, traced, values, deadline)
    except FormulaTooLarge as error:
        unknown = Unknown(None, str(error), "merge outcomes that the relation does not tell apart", 0.0)
        return Report(relation, outcomes, None, dict.fromkeys(names, unknown), domain=domain)
    verdicts: dict[str, Verdict] = {}
    for done, name in enumerate(names):  # what is left is shared out, so that no axiom leaves nothing for the others
        inquiry.deadline = deadline.sooner(deadline.left / (len(names) - done))
        verdicts[name] = inquiry.verdict(name)
    return Report(relation, outcomes, traced, verdicts, domain=domain)


def _names(axioms: Sequence[str] | None, domain: Domain, value: Payoff | None) -> tuple[str, ...]:
    """The axioms asked for, once it is seen that they mean something here."""
    if isinstance(axioms, str):
        raise TypeError(f"axioms must be a sequence of names, got {axioms!r}: write [{axioms!r}]")
    if axioms is not None and not isinstance(axioms, Iterable):
        raise TypeError(f"axioms must be a sequence of names, got {axioms!r}")
    if axioms is None:
        default = MENU_AXIOMS if isinstance(domain, Menu) else DEFAULT_AXIOMS
        return default if value is None else (*default, *VALUE_AXIOMS)
    names = tuple(axioms)
    if not names:
        raise ValueError("axioms must name at least one axiom")
    for name in names:
        if name not in AXIOMS:
            raise ValueError(f"unknown axiom {name!r}{nearest(name, AXIOMS)}: choose from {', '.join(AXIOMS)}")
        if name in DOMINANCE and value is None:
            raise ValueError(f"{name} needs value=, the payoff that orders the outcomes")
        if name == CONTINUOUS and isinstance(domain, Menu):
            raise ValueError("continuous speaks of limits of lotteries, and a finite menu has none")
    return names


def seconds_of(budget: float | None, name: str = "budget") -> float:
    """A budget of time, by default DEFAULT_BUDGET; raises ``TypeError``/``ValueError`` for what is none."""
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, Real)):
        raise TypeError(f"{name} must be a number of seconds, got {budget!r}")
    seconds = DEFAULT_BUDGET if budget is None else float(budget)
    if not seconds > 0:
        raise ValueError(f"{name} must be a positive number of seconds, got {budget!r}")
    return seconds


def menu_of(menu: object) -> Menu:
    """The menu, and the outcomes that its lotteries can give; raises ``ValueError``/``TypeError`` at the door."""
    if isinstance(menu, (str, bytes, Distribution)) or not isinstance(menu, Iterable):
        raise TypeError(f"menu must be a sequence of Distributions, got {menu!r}")
    lotteries = tuple(menu)
    for i, lottery in enumerate(lotteries):
        if not isinstance(lottery, Distribution):
            raise TypeError(f"menu must hold Distributions, got {lottery!r} at position {i}")
    if not lotteries:
        raise ValueError("menu must not be empty")
    return Menu(tuple(dict.fromkeys(lotteries)), tuple(dict.fromkeys(o for lottery in lotteries for o in lottery)))
