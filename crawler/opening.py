"""Opening a file whose folder may not be there yet: it is made when it is missed, not looked for every time."""

from __future__ import annotations

import os
from pathlib import Path


def opened(path: str | Path, flags: int, mode: int = 0o600) -> int:
    """The descriptor of a file, which no process started from here inherits. Raises OSError."""
    try:
        return os.open(path, flags | os.O_CLOEXEC, mode)
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags | os.O_CLOEXEC, mode)
