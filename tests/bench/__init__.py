"""What the program costs as an estate grows. `python -m tests.bench.scale`; no test, pytest does not collect it."""
