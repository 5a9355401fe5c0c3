"""The command line, run as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from solvers.__main__ import main

EXAMPLE = """
from fractions import Fraction
import prefcore as pc
from prefcore import gallery

outcomes = ["flood", "low", "half", "full"]
water = {"flood": 0, "low": 1, "half": 3, "full": 7}
calls = {"explode": False}

@pc.relation
def safe(A, B):
    a, b = A.prob({"flood"}), B.prob({"flood"})
    return (a > b) | ((a == b) & (A.expect(water) <= B.expect(water)))

other = pc.expected_reward(water)
process = gallery.tie_breaking_reservoir()
hopeless = gallery.nile("majority", horizon=2)

@pc.relation
def explosive(A, B):
    raise RuntimeError("boom")
"""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    file = tmp_path / "example.py"
    file.write_text(EXAMPLE)
    return file


def run(capsys, *arguments) -> tuple[int, str, str]:
    status = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_check_prints_a_table_and_writes_what_it_is_asked_to(example, tmp_path, capsys):
    status, out, _ = run(
        capsys, "check", f"{example}:safe", "--html", tmp_path / "r.html", "--certificates", tmp_path / "c"
    )
    assert status == 0
    assert "interpolation  refuted" in out and "No reward expresses it" in out
    assert (tmp_path / "r.html").read_text().count("<svg") >= 1
    assert {p.stem for p in (tmp_path / "c").iterdir()} == {
        "reflexive",
        "transitive",
        "preorder",
        "total",
        "consistent",
        "convex",
        "interpolation",
    }
    for certificate in (tmp_path / "c").iterdir():
        status, out, _ = run(capsys, "verify", certificate, "--claim", f"{example}:safe")
        assert status == 0
        assert out.startswith("refuted" if certificate.stem == "interpolation" else "proved")
        status, out, _ = run(capsys, "verify", certificate, "--claim", f"{example}:other")
        assert status == 1 and "another claim" in out


def test_check_json(example, capsys):
    status, out, _ = run(capsys, "check", f"{example}:safe", "--json", "--axioms", "total, interpolation")
    data = json.loads(out)
    assert status == 0
    assert {name: v["verdict"] for name, v in data["verdicts"].items()} == {
        "total": "proved",
        "interpolation": "refuted",
    }
    assert set(data["verdicts"]["interpolation"]["counterexample"]) == {"A", "B", "C"}


def test_solve_and_verify_a_policy(example, tmp_path, capsys):
    certificate = tmp_path / "policy.json"
    status, out, _ = run(capsys, "solve", f"{example}:process", "--certificate", certificate)
    assert status == 0 and "optimal by T2" in out
    status, out, _ = run(capsys, "verify", certificate, "--claim", f"{example}:process")
    assert status == 0 and out.startswith("proved: optimality")
    status, out, _ = run(capsys, "verify", certificate, "--claim", f"{example}:hopeless")
    assert status == 1 and "another claim" in out
    status, out, _ = run(capsys, "solve", f"{example}:process", "--json")
    data = json.loads(out)
    assert data["verdict"] == "proved" and data["policy"]
    status, out, _ = run(capsys, "solve", f"{example}:hopeless", "--json")
    data = json.loads(out)
    assert status == 1 and data["verdict"] == "unknown" and data["policy"] is None and data["reason"] and data["advice"]


def test_verify_rejects_what_is_broken(example, tmp_path, capsys):
    run(capsys, "check", f"{example}:safe", "--certificates", tmp_path / "c")
    good = (tmp_path / "c" / "convex.json").read_text()
    bad = tmp_path / "bad.json"
    for text in (
        good[: len(good) // 2],
        good.replace('"axiom":"convex"', '"axiom":"interpolation"'),
        good[:-1] + ',"extra":1}',
        good.replace('"1"', "1.0", 1),
        "",
        "[]",
        "\x00\xff",
    ):
        bad.write_text(text)
        status, out, _ = run(capsys, "verify", bad)
        assert (status, out.split(":")[0]) == (1, "rejected")
        status, out, _ = run(capsys, "verify", bad, "--json")
        assert json.loads(out)["verdict"] == "rejected"
    bad.write_bytes(b"\xff\xfe\x00")
    assert run(capsys, "verify", bad)[0] == 1


def test_an_exception_in_the_users_callable_rejects_the_evidence(example, tmp_path, capsys):
    run(capsys, "check", f"{example}:safe", "--certificates", tmp_path / "c")
    status, out, _ = run(capsys, "verify", tmp_path / "c" / "total.json", "--claim", f"{example}:explosive")
    assert status == 1 and "RuntimeError: boom" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere.py:safe"], "no such file"),
        (["check", "EXAMPLE"], "expected FILE.py:NAME"),
        (["check", "EXAMPLE:missing"], "has no 'missing'"),
        (["check", "EXAMPLE:water"], "expected a relation"),
        (["check", "EXAMPLE:safe", "--outcomes", "nothing"], "has no 'nothing'"),
        (["check", "EXAMPLE:safe", "--axioms", "beautiful"], "unknown axiom 'beautiful'"),
        (["check", "EXAMPLE:safe", "--budget", "-1"], "budget"),
        (["solve", "EXAMPLE:safe"], "needs a DirectPreferenceProcess"),
        (["solve", "EXAMPLE:process", "--limit", "3"], "trajectories"),
        (["verify", "nowhere.json"], "No such file"),
    ],
)
def test_mistakes_are_named(example, arguments, message, capsys):
    status, _, err = run(capsys, *(a.replace("EXAMPLE", str(example)) for a in arguments))
    assert status == 2
    assert message in err and "Traceback" not in err


def test_demo_runs_in_under_a_minute(tmp_path):
    command = [sys.executable, "-m", "solvers", "demo", "--out", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "half of A with half of C" in result.stdout
    assert result.stdout.count("Optimal by T2") == 2 and result.stdout.count("None is offered") == 2
    assert (tmp_path / "nile.html").read_text().count("<svg") >= 4
    for certificate in (tmp_path / "certificates").rglob("*.json"):
        assert main(["verify", str(certificate)]) == 0


MISCHIEF = """
import sys
import prefcore as pc
from prefcore import gallery
print("hello")
outcomes = ["a", "b"]
fine = pc.expected_reward({"a": 0, "b": 1})

@pc.relation
def divides(A, B):
    return 1 / 0

@pc.relation
def endless(A, B):
    return endless(A, B)

@pc.relation
def sized(A, B):
    return len(A) <= len(B)

def environment(history, action):
    raise KeyError("lost")

broken = pc.DirectPreferenceProcess(("o",), ("a",), 1, environment, fine)
"""


def test_a_file_that_prints_raises_or_exits(tmp_path, capsys):
    file = tmp_path / "mischief.py"
    file.write_text(MISCHIEF)
    status, out, err = run(capsys, "check", f"{file}:fine", "--json")
    assert status == 0 and json.loads(out)["verdicts"] and "hello" in err
    for name, what in (("divides", "ZeroDivisionError"), ("endless", "RecursionError")):
        status, _, err = run(capsys, "check", f"{file}:{name}")
        assert status == 2 and what in err and "Traceback" not in err
    status, _, err = run(capsys, "solve", f"{file}:broken")
    assert status == 2 and "KeyError" in err and "Traceback" not in err
    status, _, err = run(capsys, "check", f"{file}:sized", "--certificates", tmp_path / "c")
    assert status == 1 and "no certificate for" in err
    file.write_text("import sys; sys.exit(0)")
    for arguments in (["check", f"{file}:fine"], ["solve", f"{file}:fine"]):
        status, out, err = run(capsys, *arguments)
        assert (status, out) == (2, "") and "SystemExit" in err


def test_verify_takes_files_and_folders(example, tmp_path, capsys):
    run(capsys, "check", f"{example}:safe", "--certificates", tmp_path / "c")
    status, out, _ = run(capsys, "verify", tmp_path / "c", "--claim", f"{example}:safe")
    assert status == 0 and len(out.splitlines()) == 7
    files = sorted((tmp_path / "c").iterdir())
    files[0].write_text("{}")
    status, out, _ = run(capsys, "verify", *files, "--json")
    assert status == 1 and [r["verdict"] for r in json.loads(out)].count("rejected") == 1
    (tmp_path / "empty").mkdir()
    assert run(capsys, "verify", tmp_path / "empty")[0] == 2


LEVELS = """
import enum
import prefcore as pc
from neighbour import worth

class Level(enum.Enum):
    FLOOD, LOW, FULL = 0, 1, 2

outcomes = list(Level)
value = {level: level.value for level in Level}
menu = [pc.Distribution.point(level) for level in Level]

@pc.relation
def safe_then_rich(A, B):
    a, b = A.prob(lambda o: o is Level.FLOOD), B.prob({Level.FLOOD})
    return a > b or (a == b and A.expect(worth) <= B.expect(worth))
"""


def test_a_file_is_run_once_so_that_its_outcomes_are_the_same_objects(tmp_path, capsys):
    (tmp_path / "neighbour.py").write_text("def worth(level):\n    return level.value\n")
    file = tmp_path / "levels.py"
    file.write_text(LEVELS)
    folder = tmp_path / "c"
    arguments = ["--axioms", "interpolation,monotone", "--value", "value", "--certificates", folder]
    status, out, _ = run(capsys, "check", f"{file}:safe_then_rich", *arguments, "--json")
    verdicts = json.loads(out)["verdicts"]
    assert (
        status == 0
        and verdicts["interpolation"]["verdict"] == "refuted"
        and verdicts["monotone"]["verdict"] == "proved"
    )
    status, out, _ = run(capsys, "verify", folder, "--claim", f"{file}:safe_then_rich", "--value", "value")
    assert status == 0 and "refuted" in out


def test_verify_says_which_option_the_certificate_needs(tmp_path, capsys):
    (tmp_path / "neighbour.py").write_text("def worth(level):\n    return level.value\n")
    file = tmp_path / "levels.py"
    file.write_text(LEVELS)
    target = f"{file}:safe_then_rich"
    run(capsys, "check", target, "--menu", "menu", "--axioms", "total", "--certificates", tmp_path / "menu")
    run(capsys, "check", target, "--axioms", "monotone", "--value", "value", "--certificates", tmp_path / "value")
    for folder, option, given in (("menu", "--menu", ["--menu", "menu"]), ("value", "--value", ["--value", "value"])):
        status, out, _ = run(capsys, "verify", tmp_path / folder, "--claim", target)
        assert status == 1 and option in out
        assert run(capsys, "verify", tmp_path / folder, "--claim", target, *given)[0] == 0
    status, out, _ = run(capsys, "verify", tmp_path / "value", "--claim", target, "--menu", "menu", "--value", "value")
    assert status == 1 and "neither --menu" in out
