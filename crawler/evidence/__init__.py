"""What was fetched, kept so that it can be shown and checked: blobs by sha256, a WARC, a manifest with a hash chain.

The manifest proves that nothing before its last line was altered; a cut tail shows only against a copied last hash.
"""

from crawler.evidence.blobs import BlobStore
from crawler.evidence.checking import Checked, check, verify
from crawler.evidence.errors import EvidenceError, Problem
from crawler.evidence.manifest import Manifest, entries, seal
from crawler.evidence.pruning import Pruned, prune
from crawler.evidence.unsynced import Unsynced, recover
from crawler.evidence.warc import Exchange, Record, Warc, read_exchange

__all__ = [
    "BlobStore",
    "Checked",
    "EvidenceError",
    "Exchange",
    "Manifest",
    "Problem",
    "Pruned",
    "Record",
    "Unsynced",
    "Warc",
    "check",
    "entries",
    "prune",
    "read_exchange",
    "recover",
    "seal",
    "verify",
]
