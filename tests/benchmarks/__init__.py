"""How fast the work is, each against a reference measured in the same run: ``python -m tests.benchmarks``."""
