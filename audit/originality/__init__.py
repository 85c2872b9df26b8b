"""Whose words a report is made of: its own text without figures and names, and texts alike in an archive."""

from __future__ import annotations

from audit.originality.words import FEWEST, own_words, passage, repeated, shingles, similarity

__all__ = ["FEWEST", "own_words", "passage", "repeated", "shingles", "similarity"]
