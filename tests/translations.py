"""Makes `sysmon_tui/sources/translations.txt` anew: `python -m tests.translations`, after a statement has changed."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from sysmon_tui.datasets.catalogue import STATEMENTS
from sysmon_tui.sources.embedded import translated
from sysmon_tui.sources.translations import digest


def lines() -> list[str]:
    """A line a statement: its name, the digest of its Databricks SQL, its DuckDB SQL."""
    texts = {name: statement.text_for({}) for name, statement in STATEMENTS.items()}
    return [f"{name} {digest(text)} {translated(text)}" for name, text in sorted(texts.items())]


if __name__ == "__main__":
    file = Path(str(resources.files("sysmon_tui.sources").joinpath("translations.txt")))
    file.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
