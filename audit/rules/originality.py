"""Is the text the organ's own: last year's, another organ's, a name left behind (Q001-Q004)."""

from __future__ import annotations
