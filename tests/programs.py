"""Programs of the machine that some tests need. ``make test`` installs them where it can."""

from __future__ import annotations

import os

import pytest


def need(found: object, name: str) -> None:
    """Skip the test where a program is missing; with CI=true nothing is skipped unseen: it fails."""
    if not found:
        missing = f"没有 {name} / {name} is not installed"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
