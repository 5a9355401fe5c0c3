"""The command line: ``prefcore demo | check | solve | verify | diagnose | catalogue``, each with ``--json``.

Exit status: 0 done (``verify``: all accepted, ``solve``: solved), 1 not (rejected, unknown), 2 a mistake in what was
asked, or an error that the file's own code raised.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from prefcore.axioms import AXIOMS, CONTINUOUS, DOMINANCE
from prefcore.certificates import load_certificate, save_certificate
from prefcore.claims import Achievable, Axiom, Claim, Domain, HasUtility, Menu, Optimal, Represents, Simplex
from prefcore.comparisons import Comparisons
from prefcore.distribution import Distribution, Payoff, exact, exact_payoffs
from prefcore.evidence import Counterexample
from prefcore.formula import Formula
from prefcore.processes import DEFAULT_LIMIT, DirectPreferenceProcess, tabulate
from prefcore.records import EvidenceRejected, from_json
from prefcore.relations import Relation, formula_of, outcomes_tuple
from prefcore.report import Report, summary
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict, about
from prefcore.words import nearest


class Mistake(Exception):
    """What was asked cannot be done: the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    _module.cache_clear()  # a file is run once for each command: what it names must be the same objects throughout
    try:
        return int(options.run(options))
    except Mistake as mistake:
        print(f"prefcore {options.command}: {mistake}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1


def _mistake(error: Exception) -> Mistake:
    """Our own messages as they are; what the file's code raised with the kind of error."""
    if isinstance(error, (Mistake, ValueError, TypeError)):
        return Mistake(str(error))
    return Mistake(f"{type(error).__name__}: {error}")


def _note_unknown(verdicts: Mapping[str, Verdict]) -> None:
    unknown = [name for name, verdict in verdicts.items() if isinstance(verdict, Unknown)]
    if unknown:
        print(f"no certificate for {', '.join(unknown)}: unknown", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prefcore", description="Verify preferences and find the policies they call for."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="a dam operator on the Nile: four preferences, proved, solved, re-checked")
    demo.add_argument("--out", default="reports", help="folder for the page and the certificates (default: reports)")
    demo.set_defaults(run=_demo)
    check = commands.add_parser("check", help="which axioms a relation satisfies")
    check.add_argument("target", metavar="FILE.py:NAME", help="a relation, or a process with a preference")
    check.add_argument("--axioms", help="names separated by commas, or all (default: the seven of the theorems)")
    check.add_argument("--html", metavar="FILE", help="write the report as a page")
    check.add_argument("--certificates", metavar="FOLDER", help="write AXIOM.json for each verdict")
    check.set_defaults(run=_check)
    solve = commands.add_parser("solve", help="the best policy of a process")
    solve.add_argument("target", metavar="FILE.py:NAME", help="a DirectPreferenceProcess")
    solve.add_argument("--certificate", metavar="FILE", help="write the proof of optimality")
    solve.set_defaults(run=_solve)
    for command in (check, solve):
        command.add_argument("--budget", type=float, help="seconds for the axioms")
        command.add_argument("--limit", type=int, default=DEFAULT_LIMIT, help="trajectories that may be enumerated")
    verify = commands.add_parser("verify", help="re-check a certificate with the kernel alone")
    verify.add_argument("certificates", metavar="CERTIFICATE.json", nargs="+", help="files, or folders of them")
    verify.add_argument("--claim", metavar="FILE.py:NAME", help="the relation, process or Comparisons it is about")
    verify.set_defaults(run=_verify)
    for command in (check, verify):
        command.add_argument(
            "--outcomes", default="outcomes", metavar="NAME", help="the outcomes' name in FILE.py, for a relation"
        )
        command.add_argument("--menu", metavar="NAME", help="a list of Distributions in FILE.py to choose from instead")
        command.add_argument(
            "--achievable", action="store_true", help="for a process: on what its policies achieve, instead of all"
        )
        command.add_argument("--value", metavar="NAME", help="the payoff in FILE.py by which dominance is meant")
    doctor = commands.add_parser("diagnose", help="what a preference data set can bear: one reward, several, none")
    kinds = "CSV (winner, loser, …), JSONL (prompt, chosen, rejected), PrefLib; - for the standard input"
    doctor.add_argument("data", metavar="FILE", help=kinds)
    doctor.add_argument("--html", metavar="PAGE", help="write the report as a page with pictures")
    doctor.add_argument(
        "--malformed", choices=("raise", "report"), default="raise", help="stop at a bad line, or list it"
    )
    doctor.add_argument("--seed", type=int, default=0, help="of held-out folds and p-values (default: 0)")
    doctor.add_argument("--no-progress", action="store_true", help="no progress bar on the standard error")
    doctor.set_defaults(run=_diagnose)
    table = commands.add_parser("catalogue", help="write the page of ready-made relations, with their verdicts")
    table.add_argument("--out", default="docs", help="folder for catalogue.md and its pictures (default: docs)")
    table.add_argument("--only", metavar="NAMES", help="names of relations separated by commas (default: all)")
    table.add_argument("--budget", type=float, default=60.0, help="seconds for each relation (default: 60)")
    table.add_argument("--no-progress", action="store_true", help="no progress bar on the standard error")
    table.set_defaults(run=_catalogue)
    for command in (demo, check, solve, verify, doctor, table):
        command.add_argument("--json", action="store_true", help="print JSON instead of text")
    return parser


def _say(options: argparse.Namespace, text: str, data: object) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2) if options.json else text)


# -- commands -------------------------------------------------------------------------------------------------------


def _demo(options: argparse.Namespace) -> int:
    from solvers import demo

    lines = []
    for line in demo.run(Path(options.out)):
        lines.append(line)
        if not options.json:
            print(line, flush=True)
    if options.json:
        print(json.dumps({"lines": "\n".join(lines).splitlines()}, ensure_ascii=False, indent=2))
    return 0


def _check(options: argparse.Namespace) -> int:
    from prefcore.checking import check_on
    from solvers.stories import explain

    relation, domain, closed, value = _subject(options, options.target, options.limit)
    axioms = None if options.axioms is None else tuple(name.strip() for name in options.axioms.split(","))
    if axioms == ("all",):
        axioms = tuple(a for a in AXIOMS if options.value or a not in DOMINANCE)
        axioms = tuple(a for a in axioms if a != CONTINUOUS) if options.menu else axioms
    try:
        report = explain(check_on(relation, domain, axioms, options.budget, closed, value))
        if options.html:
            report.save(options.html)
        if options.certificates:
            report.save_certificates(options.certificates)
    except Exception as error:
        raise _mistake(error) from error
    if options.certificates:
        _note_unknown(report.verdicts)
    stories = [{"title": section.title, "text": section.text} for section in report.sections]
    _say(options, str(report), {**report_data(report), "stories": stories})
    return int(any(isinstance(verdict, Unknown) for verdict in report.values()))


def _solve(options: argparse.Namespace) -> int:
    from solvers.solution import solve

    process = _load(options.target)
    if not isinstance(process, DirectPreferenceProcess):
        raise Mistake(f"{options.target} is a {type(process).__name__}: solve needs a DirectPreferenceProcess")
    try:
        solution = solve(process, options.budget, options.limit)
        if options.certificate and isinstance(solution.verdict, Proved):
            save_certificate(solution.verdict, options.certificate)
    except Exception as error:
        raise _mistake(error) from error
    if options.certificate:
        _note_unknown({"optimality": solution.verdict})
    outcomes = solution.outcomes()
    data = {
        "verdict": _kind(solution.verdict),
        "method": solution.method,
        "theorem": solution.theorem,
        "reason": solution.reason,
        "advice": solution.advice,
        "seconds": round(solution.budget, 3),
        "outcomes": None if outcomes is None else _lottery(outcomes),
        "policy": None
        if solution.policy is None
        else [[list(map(str, h)), str(solution.policy(h))] for h in solution.policy.tabulation.histories],
        "report": report_data(solution.report),
    }
    _say(options, f"{solution.report}\n\n{solution}", data)
    return 1 if isinstance(solution.verdict, Unknown) else 0


def _diagnose(options: argparse.Namespace) -> int:
    from numpy.random import default_rng

    from solvers.rewards.data_sets.doctor import diagnose

    if options.seed < 0:
        raise Mistake(f"--seed must be zero or more, got {options.seed}")
    if options.html and Path(options.html).is_dir():
        raise Mistake(f"--html {options.html} is a folder: name a file in it")
    chances, shown = default_rng(options.seed), not options.no_progress and sys.stderr.isatty()
    try:
        report = diagnose(options.data, generator=chances, malformed=options.malformed, progress=shown)
    except OSError as error:
        raise Mistake(str(error) if error.filename is None else f"{error.filename}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise Mistake(str(error)) from error
    _say(options, str(report), report.data())
    try:
        if options.html:
            report.save(options.html)
    except OSError as error:
        raise Mistake(f"--html {options.html}: {error.strerror}") from error
    return 0


def _catalogue(options: argparse.Namespace) -> int:
    from solvers import catalogue_page

    chosen = _examples(options.only)
    folder = Path(options.out)
    if folder.exists() and not folder.is_dir():
        raise Mistake(f"--out must be a folder, and {folder} is a file")
    if not options.budget > 0:
        raise Mistake(f"--budget must be a positive number of seconds, got {options.budget:g}")
    entries: list[catalogue_page.Entry] = []
    _progress(options, 0, len(chosen), chosen[0])
    for entry in catalogue_page.classify_all(chosen, options.budget):
        entries.append(entry)
        _progress(options, len(entries), len(chosen), "".join(chosen[len(entries) : len(entries) + 1]))
    try:
        written = catalogue_page.save(folder, entries)
    except OSError as error:
        raise Mistake(f"{folder}: {error.strerror}") from error
    words = {"✓": "proved", "✗": "refuted", "?": "unknown"}
    data: list[dict[str, Any]] = [
        {
            "relation": entry.name,
            "seconds": round(entry.seconds, 3),
            "bytes": entry.size,
            "verdicts": {cell.axiom: words[cell.mark] for cell in entry.cells},
        }
        for entry in entries
    ]
    unknown = sum(kind == "unknown" for row in data for kind in row["verdicts"].values())
    _say(options, f"{written[0]}: {len(data)} relations, {unknown} verdicts unknown", data)
    return 0


def _examples(names: str | None) -> list[str]:
    """The names of the examples that were asked for, in the catalogue's order."""
    from prefcore.catalogue.examples import EXAMPLES

    known = [example.name for example in EXAMPLES]
    if names is None:
        return known
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in known:
            raise Mistake(f"the catalogue has no {name!r}{nearest(name, known)}")
    return [name for name in known if name in wanted]


def _progress(options: argparse.Namespace, done: int, total: int, name: str) -> None:
    """A bar on the standard error, if that is a terminal."""
    if options.no_progress or not sys.stderr.isatty():
        return
    filled = 30 * done // total
    bar = f"[{'#' * filled}{'.' * (30 - filled)}] {done}/{total} {name}"
    print(f"\r{bar:<72}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _verify(options: argparse.Namespace) -> int:
    results = [_verified(options, path) for path in _files(options.certificates)]
    for path, result in results if not options.json else ():
        print(f"{path}: " * (len(results) > 1) + f"{result['verdict']}: {result.get('claim') or result['reason']}")
    if options.json:
        data = [{"certificate": str(path), **result} for path, result in results]
        print(json.dumps(data[0] if len(data) == 1 else data, ensure_ascii=False, indent=2))
    return int(any(result["verdict"] == "rejected" for _, result in results))


def _files(paths: Sequence[str]) -> list[Path]:
    """The certificates named, those of a folder included."""
    found: list[Path] = []
    for path in map(Path, paths):
        inside = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        if not inside:
            raise Mistake(f"{path} holds no certificate")
        found += inside
    return found


def _verified(options: argparse.Namespace, path: Path) -> tuple[Path, dict[str, str]]:
    try:
        claim = None if options.claim is None else _expected(options, path)
        verdict = load_certificate(path, claim)
    except EvidenceRejected as rejection:
        return path, {"verdict": "rejected", "reason": str(rejection)}
    except OSError as error:
        raise Mistake(f"{path}: {error.strerror}") from error
    return path, {"verdict": _kind(verdict), "claim": about(verdict.claim)}


# -- what FILE.py:NAME means ----------------------------------------------------------------------------------------


def _load(target: str) -> Any:
    file, colon, name = target.rpartition(":")
    if not colon or not file or not name:
        raise Mistake(f"expected FILE.py:NAME, got {target!r}")
    if not Path(file).is_file():
        raise Mistake(f"no such file: {file}")
    module = _module(Path(file).resolve())
    if not hasattr(module, name):
        raise Mistake(f"{file} has no {name!r}")
    return getattr(module, name)


@cache
def _module(path: Path) -> ModuleType:
    """The file, run; it may import its neighbours, as when it is run by itself."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise Mistake(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        with redirect_stdout(sys.stderr):  # what the file prints is no part of the answer
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise Mistake(f"{path} raised {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _subject(options: argparse.Namespace, target: str, limit: int) -> tuple[Relation[Any], Domain, bool, Payoff | None]:
    """A relation, the domain it is checked on, whether events may name only the domain's outcomes, and the payoff."""
    found = _load(target)
    file = target.rpartition(":")[0]
    value = None if options.value is None else _load(f"{file}:{options.value}")
    try:
        if isinstance(found, DirectPreferenceProcess):
            if options.menu:
                raise Mistake("--menu is for a relation, and this is a process")
            tabulation = tabulate(found, limit)
            domain = Achievable(tabulation) if options.achievable else Simplex(tuple(tabulation.outcomes))
            return found.preference, domain, False, value
        if isinstance(found, Relation):
            if options.achievable:
                raise Mistake("--achievable is for a process, and this is a relation")
            if options.menu:
                from prefcore.checking import menu_of  # it loads the finders

                return found, menu_of(_load(f"{file}:{options.menu}")), False, value
            return found, Simplex(outcomes_tuple(_load(f"{file}:{options.outcomes}"))), True, value
    except Exception as error:
        raise _mistake(error) from error
    raise Mistake(
        f"{target} is a {type(found).__name__}: expected a relation (@pc.relation) or a DirectPreferenceProcess"
    )


def _expected(options: argparse.Namespace, certificate: Path) -> Claim:
    """The claim that the certificate must be about. What the user's code raises rejects the evidence."""
    stored, _ = from_json(certificate.read_text(encoding="utf-8", errors="replace"))
    found = _load(options.claim)
    try:
        if isinstance(stored, Optimal):
            if not isinstance(found, DirectPreferenceProcess):
                raise Mistake(f"the certificate is about a policy: {options.claim} must be a DirectPreferenceProcess")
            tabulation = tabulate(found)
            relation = formula_of(found.preference, tuple(tabulation.outcomes), closed=False)
            return Optimal(tabulation, relation, stored.policy)  # type: ignore[arg-type]
        if isinstance(found, Comparisons):
            return HasUtility(found)
        if isinstance(stored, Represents):
            relation_of, domain, closed, _ = _subject(options, options.claim, DEFAULT_LIMIT)
            return Represents(_traced(relation_of, domain, closed), stored.utilities, domain)
        relation_of, domain, closed, value = _subject(options, options.claim, DEFAULT_LIMIT)
        stored = _same_kind(stored, domain, options)
        outcomes = tuple(domain.outcomes)
        values = None if value is None else tuple(exact(v) for v in exact_payoffs(value, outcomes))
        values = values if stored.axiom in DOMINANCE else None
        return Axiom(formula_of(relation_of, outcomes, closed), stored.axiom, domain, values)
    except Mistake:
        raise
    except Exception as error:
        raise EvidenceRejected(f"the claim's own code raised {type(error).__name__}: {error}") from error


def _traced(relation: Relation[Any], domain: Domain, closed: bool) -> Formula:
    formula = formula_of(relation, tuple(domain.outcomes), closed)
    if not isinstance(formula, Formula):
        raise EvidenceRejected(f"the relation could not be traced: {formula.reason}")
    return formula


def _same_kind(stored: Claim, domain: Domain, options: argparse.Namespace) -> Axiom:
    """The claim, if it is about an axiom on such a domain; else says which option is missing."""
    if not isinstance(stored, Axiom):
        raise EvidenceRejected(f"the certificate is about {about(stored)}, not about an axiom")
    if type(stored.domain) is not type(domain):
        needed = {Menu: "a menu: give --menu NAME", Achievable: "what policies achieve: give --achievable"}
        other = needed.get(type(stored.domain), "all lotteries: give neither --menu nor --achievable")
        raise EvidenceRejected(f"the certificate is about {other}")
    if stored.value is not None and options.value is None:
        raise EvidenceRejected("the certificate is about dominance in a payoff: give --value NAME")
    return stored


# -- JSON -----------------------------------------------------------------------------------------------------------


def _kind(verdict: Verdict) -> str:
    return {Proved: "proved", Refuted: "refuted", Unknown: "unknown"}[type(verdict)]


def _lottery(lottery: Distribution) -> list[list[str]]:
    return [[str(outcome), str(p)] for outcome, p in lottery.items()]


def report_data(report: Report) -> dict[str, Any]:
    """A report as plain data: verdicts with their grounds and counterexamples, and the consequences."""
    verdicts: dict[str, Any] = {}
    for axiom, verdict in report.items():
        verdicts[axiom] = {"verdict": _kind(verdict), "grounds": summary(verdict)}
        evidence = None if isinstance(verdict, Unknown) else verdict.evidence
        if isinstance(evidence, Counterexample):
            named = {name: getattr(evidence, name) for name in "ABC"}
            verdicts[axiom]["counterexample"] = {n: _lottery(x) for n, x in named.items() if x is not None}
            if evidence.alpha is not None:
                verdicts[axiom]["counterexample"]["alpha"] = str(evidence.alpha)
    return {
        "relation": report.relation.name,
        "outcomes": [str(outcome) for outcome in report.outcomes],
        "verdicts": verdicts,
        "consequences": [{"theorem": c.theorem, "statement": c.statement} for c in report.consequences],
    }


if __name__ == "__main__":
    sys.exit(main())
