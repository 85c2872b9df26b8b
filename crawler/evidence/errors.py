"""What can be wrong with evidence."""

from __future__ import annotations

from dataclasses import dataclass


class EvidenceError(Exception):
    """Evidence could not be kept (disk full, not writable) or is not there. The page must then not be judged."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with stored evidence.

    ``code``: chain_broken, torn, tail_removed, blob_missing, blob_damaged, warc_missing, warc_damaged.
    """

    code: str
    where: str
    zh: str
    en: str
