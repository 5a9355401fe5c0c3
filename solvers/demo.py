"""The demo: a dam operator on the Nile, four preferences, and everything that is said re-checked from its certificates.

"A dam operator must never trade flood risk for water; is that preference rational, does any reward express it, and what
is the best release policy?"
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from prefcore import gallery
from prefcore.certificates import load_certificate, save_certificate, write_atomically
from prefcore.page import document
from prefcore.report import Report
from prefcore.trees import TablePolicy
from prefcore.verdicts import Proved, Refuted
from solvers.solution import Solution, solve
from solvers.stories import explain

TITLES = {
    "tie_breaking": "No flood first, then water",
    "excess_risk": "Any flood risk costs 2^k, k flooded years, and then water counts for nothing",
    "chance_constraint": "A flood in at most one of five cases, then water",
    "majority": "The majority of the fields, the town and the mill",
}


def run(folder: Path) -> Iterator[str]:
    """The demo's lines of text, as they come; pages and certificates are written under `folder`."""
    inflow = ", ".join(f"{c} {units}" for c, units in gallery.nile_record().inflow.items())
    yield "A reservoir on the Nile, five years of inflows with the frequencies of 1871-1970 at Aswan."
    yield f"Inflow by class, in units of 10^10 m³: {inflow}. Each year the operator may hold (release the demand"
    room = f"{gallery.SPILL} more, to make room"
    yield f"of {gallery.DEMAND}) or spill ({room}); more than {gallery.CAPACITY} in store floods."
    yield "What is good? Four answers. Outcomes read (floods, water delivered)."
    reports: list[Report] = []
    certificates: list[Path] = []
    for name, title in TITLES.items():
        yield f"\n=== {title}\n"
        solution = solve(gallery.nile(name))
        report = explain(solution.report.titled(title)).with_section(
            "The best release policy", "\n".join(policy_in_words(solution))
        )
        yield str(report)
        reports.append(report)
        place = folder / "certificates" / name
        certificates += solution.report.save_certificates(place)
        if isinstance(solution.verdict, Proved):
            certificates.append(save_certificate(solution.verdict, place / "policy.json"))
    yield "\n=== Everything once more, from the certificates, by the kernel alone\n"
    start = time.perf_counter()
    verdicts = [load_certificate(path) for path in certificates]
    seconds = time.perf_counter() - start
    proved, refuted = (sum(isinstance(v, kind) for v in verdicts) for kind in (Proved, Refuted))
    yield f"{len(verdicts)} certificates accepted in {seconds:.1f} s: {proved} proofs and {refuted} counterexamples."
    page = write_atomically(folder / "nile.html", document(*reports))
    yield f"The page is in {page}, the certificates are in {folder / 'certificates'}."


def policy_in_words(solution: Solution) -> Iterator[str]:
    """What was found for a process of the gallery's reservoir on the Nile."""
    if solution.policy is None:
        yield f"None is offered: {solution.reason}."
        yield f"What to do: {solution.advice}."
        return
    outcomes = solution.outcomes()
    assert outcomes is not None
    flood, water = outcomes.prob(gallery.flooded), outcomes.expect(gallery.water)
    yield f"Optimal by {solution.theorem}, found by {solution.method}, accepted by the kernel."
    yield f"P(flood) = {flood}, about {float(flood):.4f}; expected water {water}, about {float(water):.4f}."
    for flooded, when in ((False, "as long as no year was flooded"), (True, "once a year was flooded")):
        yield f"Water in store with which it spills, {when}:"
        yield from _spilling(solution.policy, solution.process.horizon, flooded)


def _spilling(policy: TablePolicy, horizon: int, flooded: bool) -> Iterator[str]:
    """By year, the storage (and the last inflow, where it matters) with which the policy spills."""
    cases: dict[tuple[int, int], dict[str, set[str]]] = {}
    for history in policy.tabulation.histories:
        stored, floods, _ = gallery.nile_state(history)
        if (floods > 0) is flooded:
            by_inflow = cases.setdefault((len(history) // 2 + 1, stored), {})
            by_inflow.setdefault(history[-1], set()).add(policy(history))
    for year in range(1, horizon + 1):
        parts = [_case(stored, cases[when, stored]) for when, stored in sorted(cases) if when == year]
        if parts:
            yield f"  year {year}: {', '.join(filter(None, parts)) or 'none'}"


def _case(stored: int, by_inflow: dict[str, set[str]]) -> str:
    """One storage level: after which inflows the policy spills, always or at some histories."""
    spills = [c for c in gallery.CLASSES if "spill" in by_inflow.get(c, ())]
    if not spills:
        return ""
    after = "" if len(spills) == len(by_inflow) else f" after a {' or '.join(spills)} year"
    mixed = " at some histories" if any(len(by_inflow[c]) > 1 for c in spills) else ""
    return f"{stored}{after}{mixed}"
