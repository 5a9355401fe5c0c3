# Every target sets up .venv by itself and is idempotent.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
REPORTS := reports

.PHONY: demo test test-all check bench campaign docs clean

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,plot]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/prefcore demo --out $(REPORTS)

test: $(STAMP)
	$(BIN)/python -m pytest -m 'not slow' -n 2

test-all: $(STAMP)
	$(BIN)/python -m pytest -n 2

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m 'not slow' -n 2

bench: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	for script in verify catalogue menus data_sets scale utilities bradley_terry expressivity reward_study games tree_games nlhf_rate egpo_table comal nlhf_examples perturbed_rps ipo_md meta_game sound_quality_winner; do $(BIN)/python benchmarks/$$script.py || exit 1; done

campaign: $(STAMP)
	$(BIN)/python -m tests.campaign --seed 0 --count 10000 --jobs 2

docs: $(STAMP)
	$(BIN)/prefcore catalogue --out docs

clean:
	rm -rf .venv build dist *.egg-info $(REPORTS)
