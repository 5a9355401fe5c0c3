"""The house rules, read from the source: which way arrows point, what the trusted code rests on, what nobody does."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BELOW = {  # what a package may import of ours
    "prefcore": {"prefcore"},
    "solvers": {"solvers", "prefcore"},
    "lm_bridge": {"lm_bridge", "solvers", "prefcore"},
}
FILES = [path for package in BELOW for path in sorted((ROOT / package).rglob("*.py"))]
TRUSTED = {
    *("kernel", "distribution", "trees", "axioms", "claims", "clauses", "evidence", "formula", "records", "verdicts"),
    *("closures", "dominances", "domains", "menus", "segments", "arrays", "polynomials", "stochastic", "comparisons"),
    *("systems", "representations", "matrix_games"),
}
TRUSTED_LINES, KERNEL_LINES = 2776, 495


def name_of(path: Path) -> str:
    """The dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """``(module, name)`` for every import in a file, wherever it stands; name is empty for ``import module``."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                base = name_of(path).split(".")
                package = base if path.name == "__init__.py" else base[:-1]
                module = ".".join([*package[: len(package) - node.level + 1], *([module] if module else [])])
            yield from ((module, alias.name) for alias in node.names)


def modules(path: Path) -> set[str]:
    """Our modules (with a file of their own) that a file imports, by name."""
    found = set()
    for module, name in imports(path):
        for candidate in (f"{module}.{name}", module) if name else (module,):
            if file_of(candidate) is not None:
                found.add(candidate)
                break
    return found


def file_of(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_files_are_found() -> None:
    assert {name_of(path) for path in FILES} >= {
        "prefcore.kernel",
        "prefcore.search.semilinear",
        "solvers",
        "lm_bridge",
    }
    assert ("prefcore.records", "EvidenceRejected") in set(imports(ROOT / "prefcore/kernel.py"))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_arrows_point_down(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    ours = {module.split(".")[0] for module, _ in imports(path)} & {*BELOW, "tests", "benchmarks"}
    assert ours <= BELOW[package]


def trusted_files() -> dict[str, Path]:
    """The kernel and every file of ours that it imports, and that they import."""
    found: dict[str, Path] = {}
    todo = ["prefcore.kernel"]
    while todo:
        module = todo.pop()
        if module not in found:
            path = file_of(module)
            assert path is not None
            found[module] = path
            todo += modules(path)
    return found


def test_the_kernel_rests_on_the_trusted_files_only() -> None:
    trusted = trusted_files()
    assert set(trusted) <= {f"prefcore.{name}" for name in TRUSTED}
    for path in trusted.values():
        for module, _ in imports(path):
            first = module.split(".")[0]
            numpy = first == "numpy" and named(path) == "prefcore/arrays.py"  # its loops, with bounds
            assert first == "prefcore" or numpy or first in sys.stdlib_module_names, f"{named(path)} imports {module}"


def test_trusted_files_say_so() -> None:
    for module, path in trusted_files().items():
        docstring = ast.get_docstring(tree_of(path)) or ""
        assert "trusted" in docstring.lower() or module == "prefcore.distribution", named(path)


@pytest.mark.parametrize("path", sorted((ROOT / "prefcore/search").glob("*.py")), ids=named)
def test_no_trusted_file_imports_a_finder(path: Path) -> None:
    for trusted in trusted_files().values():
        assert name_of(path) not in modules(trusted)


def lines_of(path: Path) -> int:
    """The lines of code: not blank, no comment, no docstring."""
    text = path.read_text(encoding="utf-8")
    documentation: set[int] = set()
    for node in ast.walk(tree_of(path)):
        body = getattr(node, "body", None)
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and body
            and ast.get_docstring(node) is not None
        ):
            documentation.update(range(body[0].lineno, body[0].end_lineno + 1))
    kept = (line.strip() for number, line in enumerate(text.splitlines(), 1) if number not in documentation)
    return sum(1 for line in kept if line and not line.startswith("#"))


def test_the_trusted_code_is_short() -> None:
    lines = {module: lines_of(path) for module, path in sorted(trusted_files().items())}
    assert lines["prefcore.kernel"] <= KERNEL_LINES, lines
    assert sum(lines.values()) <= TRUSTED_LINES, (sum(lines.values()), lines)


# -- what nobody does -----------------------------------------------------------------------------------------------


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """``(dotted name, line)`` of everything that is called."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            parts, function = [], node.func
            while isinstance(function, ast.Attribute):
                parts.append(function.attr)
                function = function.value
            if isinstance(function, ast.Name):
                yield ".".join([function.id, *reversed(parts)]), node.lineno


LOCAL_GENERATORS = {
    "Random",
    "SystemRandom",
    "default_rng",
    "Generator",
    "SeedSequence",
    "PCG64",
    "Philox",
    "BitGenerator",
}
GLOBAL_SEEDS = {"torch.manual_seed", "torch.seed", "torch.cuda.manual_seed", "torch.cuda.manual_seed_all"}
GLOBAL_SEEDS |= {"torch.random.manual_seed", "torch.set_rng_state", "torch.random.set_rng_state"}


def forbidden(name: str) -> bool:
    """Whether calling this runs text, or touches the random state that all code shares."""
    first, _, last = name.rpartition(".")
    if name in ("eval", "exec", "compile", "__import__", "builtins.eval", "builtins.exec", *GLOBAL_SEEDS):
        return True
    return first in ("random", "np.random", "numpy.random") and last not in LOCAL_GENERATORS


def test_what_is_forbidden() -> None:
    for name in (
        "eval",
        "exec",
        "random.seed",
        "random.random",
        "np.random.seed",
        "np.random.rand",
        "torch.manual_seed",
    ):
        assert forbidden(name), name
    for name in (
        "model.eval",
        "random.Random",
        "np.random.default_rng",
        "generator.random",
        "re.compile",
        "torch.Generator",
    ):
        assert not forbidden(name), name


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nobody_runs_text_or_touches_the_global_random_state(path: Path) -> None:
    assert [(name, line) for name, line in calls(path) if forbidden(name)] == []
    random_names = {name for module, name in imports(path) if module in ("random", "numpy.random")}
    assert random_names <= {"", *LOCAL_GENERATORS}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nobody_prints(path: Path) -> None:
    if named(path) != "solvers/__main__.py":
        written = ("print", "sys.stdout.write", "sys.stderr.write", "pprint.pprint")
        assert [(name, line) for name, line in calls(path) if name in written] == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nobody_pickles(path: Path) -> None:
    loaded = {module.split(".")[0] for module, _ in imports(path)}
    assert not loaded & {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_drawer_for_everything(path: Path) -> None:
    assert path.stem not in ("utils", "util", "helpers", "misc", "common")


def test_no_module_is_named_like_a_public_function_of_its_package() -> None:
    """A submodule that is imported later would take the function's place in the package."""
    for package in BELOW:
        init = ROOT / package / "__init__.py"
        exported = {name for module, name in imports(init) if module.startswith(f"{package}.")}
        lazy = {
            key.value: value.value
            for node in ast.walk(tree_of(init))
            if isinstance(node, ast.Dict)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
        }
        exported |= {name for name, module in lazy.items() if module != f"{package}.{name}"}
        own = {path.stem for path in (ROOT / package).glob("*.py")} | {
            path.parent.name for path in (ROOT / package).glob("*/__init__.py")
        }
        assert not exported & own, package


def test_no_module_bears_the_name_of_a_public_function() -> None:
    """Importing a submodule binds its name in the package, which would hide the function."""
    code = (
        "import pkgutil, importlib, inspect, prefcore, solvers\n"
        "for package in (prefcore, solvers, solvers.games):\n"
        "    names = {n for n in package.__all__ if not inspect.ismodule(getattr(package, n))}\n"
        "    modules = {m.name for m in pkgutil.iter_modules(package.__path__)}\n"
        "    assert not names & modules, names & modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
