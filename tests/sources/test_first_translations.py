"""The first statements of a process come from several threads at once."""

from __future__ import annotations

import subprocess
import sys

_AT_ONCE = r"""
import re, threading
from sysmon_tui.datasets.catalogue import STATEMENTS
from sysmon_tui.sources.embedded import to_duckdb

# Texts that are not among the prepared ones.
texts = [one.without_comments + "\n-- asked" for one in list(STATEMENTS.values())[:12]]
barrier, left = threading.Barrier(len(texts)), []

def translate(text):
    barrier.wait()
    left.extend(re.findall(r"(?<![:\w]):[a-z]\w*", to_duckdb(text)))

threads = [threading.Thread(target=translate, args=(text,)) for text in texts]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(left)
"""


def test_no_thread_translates_with_half_a_dialect() -> None:
    """Every parameter is one of DuckDB's, whichever thread was the first; five processes, for it is a race."""
    started = [
        subprocess.Popen([sys.executable, "-c", _AT_ONCE], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(5)
    ]
    assert {process.communicate(timeout=60)[0] for process in started} == {b"[]\n"}
