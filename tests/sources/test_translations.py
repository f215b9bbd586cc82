"""The translations that are ready beforehand, and the texts that are not among them."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources

from sysmon_tui.datasets.catalogue import RUNS
from sysmon_tui.sources.embedded import to_duckdb
from tests import translations

_ALL = """
import sys
from sysmon_tui.datasets.catalogue import STATEMENTS
from sysmon_tui.sources.embedded import to_duckdb
for statement in STATEMENTS.values():
    to_duckdb(statement.text_for({}))
print("sqlglot" in sys.modules)
"""


def test_prepared_translations_are_what_the_translator_says() -> None:
    """None is missing, left over or of another text; `python -m tests.translations` makes the file anew."""
    file = resources.files("sysmon_tui.sources").joinpath("translations.txt")
    assert file.read_text(encoding="utf-8") == "".join(f"{line}\n" for line in translations.lines())


def test_the_catalogue_needs_no_translator() -> None:
    """The statements as they stand are asked without the 0.1 s and the memory that sqlglot takes."""
    done = subprocess.run([sys.executable, "-c", _ALL], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_configured_tables_are_translated_when_asked() -> None:
    """A text that nobody could prepare reads the tables that it names."""
    text = to_duckdb(RUNS.text_for({"job_run_timeline": "`copies`.`lakeflow`.`slices`"}))
    assert "copies.lakeflow.slices" in text.replace('"', "")
    assert ":window_start_us" not in text
