"""Do the sentences say what the tables say (T001-T004)."""

from __future__ import annotations
