"""Do the reports of several organs and the copies of one agree (X001, F008)."""

from __future__ import annotations
