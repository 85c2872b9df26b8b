"""SARIF 2.1.0 (OASIS): for viewers of code scanning and for archives. Written result by result."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from audit.catalogue import page
from audit.engine import catalogue, ruleset
from audit.finding import Finding, Kind, Severity
from audit.form import TABLES
from nianshen.errors import Exit
from nianshen.export.document import OPEN, Document, Line

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TAXONOMY = "basis"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def sarif_text(documents: Iterable[Document], exit_code: Callable[[], Exit]) -> Iterator[str]:
    """The log in pieces. ``exit_code`` is asked at the end, when all documents are done.

    A finding is a result of kind ``fail``, an undecided one ``open``, a resolved one ``pass``; what a person set
    aside is suppressed. Files that could not be read and rules that lacked their context are notifications.
    """
    artifacts: list[dict[str, Any]] = []
    troubles: list[dict[str, Any]] = []
    lacking: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    yield f'{{"$schema": {_json(SCHEMA)}, "version": "2.1.0", "runs": [{{"tool": {_json(_tool())}, "results": ['
    first = True
    for document in documents:
        artifacts.append(_artifact(document))
        if document.error:
            troubles.append(_trouble(document, len(artifacts) - 1))
        for one in document.not_judged:
            lacking[one.rule] += 1
            reasons[one.rule] = f"{one.reason['zh']} / {one.reason['en']}"
        for line in document.lines:
            yield ("\n" if first else ",\n") + _json(_result(document, line, len(artifacts) - 1))
            first = False
    code = exit_code()
    not_judged = [_not_judged(rule, reasons[rule], count) for rule, count in sorted(lacking.items())]
    rest = {
        "artifacts": _once(artifacts),
        "invocations": [_invocation(code, troubles, not_judged)],
        "taxonomies": [_taxonomy()],
        "columnKind": "unicodeCodePoints",
        "language": "zh-CN",
        "properties": {"ruleset": ruleset()},
    }
    yield "\n], " + _json(rest)[1:-1] + "}]}\n"


def _tool() -> dict[str, Any]:
    rules = [_rule(rule_id) for rule_id in catalogue()]
    return {"driver": {"name": "nianshen", "version": version("nianshen"), "rules": rules}}


def _rule(rule_id: str) -> dict[str, Any]:
    """The rule with its help. The address of its page is relative: it ships with the program."""
    spec, written = catalogue()[rule_id], page(rule_id)
    parts = [
        written.what or spec.doc,
        written.why.get("zh", ""),
        written.blind.get("zh", ""),
        written.fix.get("zh", ""),
    ]
    descriptor: dict[str, Any] = {
        "id": rule_id,
        "shortDescription": {"text": _both(spec.title)},
        "fullDescription": {"text": " / ".join(part for part in (written.what, " ".join(spec.doc.split())) if part)},
        "help": {"text": "\n".join(part for part in parts if part)},
        "helpUri": f"docs/rules/{rule_id}.md",
        "defaultConfiguration": {"level": LEVELS[spec.severity]},
    }
    if spec.basis:
        place = _bases().index(spec.basis)
        target = {"id": f"B{place + 1}", "index": place, "toolComponent": {"name": TAXONOMY, "index": 0}}
        descriptor["relationships"] = [{"target": target, "kinds": ["relevant"]}]
    return descriptor


@cache
def _bases() -> tuple[str, ...]:
    return tuple(dict.fromkeys(spec.basis for spec in catalogue().values() if spec.basis))


def _taxonomy() -> dict[str, Any]:
    taxa = [
        {"id": f"B{number}", "name": basis, "shortDescription": {"text": basis}}
        for number, basis in enumerate(_bases(), 1)
    ]
    return {"name": TAXONOMY, "shortDescription": {"text": "规则的依据 / what the rules rest on"}, "taxa": taxa}


def _result(document: Document, line: Line, artifact: int) -> dict[str, Any]:
    finding = line.finding
    kind = "pass" if line.state == "resolved" else "open" if finding.kind is Kind.OPEN else "fail"
    place = {"uri": _uri(document.source), "index": artifact}
    suppressed = line.state not in (OPEN, "resolved")
    return {
        "ruleId": finding.rule,
        "ruleIndex": list(catalogue()).index(finding.rule),
        "kind": kind,
        "level": LEVELS[finding.severity] if kind == "fail" else "none",  # 3.27.10: a level belongs to a fail
        "message": {"text": _both(finding.message)},
        "locations": [
            {"physicalLocation": {"artifactLocation": place}, "logicalLocations": [_logical(finding.subject)]}
        ],
        "relatedLocations": [
            {"id": number, "logicalLocations": [_logical(cell)]}
            for number, cell in enumerate(dict.fromkeys(finding.cells), 1)
        ],
        "partialFingerprints": {"nianshenFinding/v1": finding.fingerprint, "nianshenFigures/v1": finding.state_hash},
        "suppressions": [_suppression(line)] if suppressed else [],
        "properties": _properties(document, line, finding),
    }


def _properties(document: Document, line: Line, finding: Finding) -> dict[str, Any]:
    facts = finding.as_json()
    kept = ("severity", "subject", "cell", "expected", "actual", "formula", "sums", "message", "hint", "confirmed")
    whose = {"organisation": document.organisation, "agency": document.agency, "year": document.year}
    return {
        **{name: value for name, value in whose.items() if value is not None},
        **{name: facts[name] for name in kept if facts[name] not in (None, [])},
        "state": line.state,
        **({"evidence": line.sha256} if line.sha256 else {}),
    }


def _suppression(line: Line) -> dict[str, Any]:
    return {
        "kind": "external",
        "status": "accepted",
        "justification": line.reason or ("已豁免 / waived" if line.state == "waived" else "已排除 / dismissed"),
        "properties": {"state": line.state},
    }


def _logical(subject: str) -> dict[str, str]:
    """What a finding is about, named by its id; the kind is open-ended in the standard (3.33.7)."""
    parts = subject.split("/")
    whole = "report" if subject == "report" else "table" if subject in TABLES else "section"
    kind = {1: whole, 2: "row", 3: "cell"}.get(len(parts), "sentence")
    return {"name": parts[-1], "fullyQualifiedName": subject, "kind": kind}


def _artifact(document: Document) -> dict[str, Any]:
    artifact: dict[str, Any] = {"location": {"uri": _uri(document.source)}, "roles": ["analysisTarget"]}
    if document.sha256:
        artifact["hashes"] = {"sha-256": document.sha256}
    return artifact


def _once(artifacts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The schema wants no two artifacts alike, and results count by place: the same file given twice is numbered."""
    seen: set[str] = set()
    for number, artifact in enumerate(artifacts):
        text = _json(artifact)
        if text in seen:
            artifact["properties"] = {"occurrence": number}
        seen.add(text)
    return artifacts


def _invocation(code: Exit, troubles: list[dict[str, Any]], not_judged: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "executionSuccessful": code in (Exit.OK, Exit.FINDINGS) and not troubles,
        "exitCode": int(code),
        "exitCodeDescription": code.name.lower(),
        "toolExecutionNotifications": troubles,
        "toolConfigurationNotifications": not_judged,
    }


def _trouble(document: Document, artifact: int) -> dict[str, Any]:
    error = document.error or {}
    place = {"uri": _uri(document.source), "index": artifact}
    return {
        "descriptor": {"id": error.get("code", document.outcome)},
        "level": "error",
        "message": {"text": _both(error["message"])},
        "locations": [{"physicalLocation": {"artifactLocation": place}}],
    }


def _not_judged(rule_id: str, reason: str, count: int) -> dict[str, Any]:
    return {
        "descriptor": {"id": "not_judged"},
        "associatedRule": {"id": rule_id, "index": list(catalogue()).index(rule_id)},
        "level": "note",
        "message": {"text": f"{rule_id}: {reason}"},
        "properties": {"documents": count},
    }


def _uri(source: str) -> str:
    """A path or address as a URI reference; ``-`` is standard input."""
    if source == "-":
        return "stdin"
    if source.lower().startswith(("http://", "https://")):
        return quote(source, safe="%/:?#[]@!$&'()*+,;=~")
    path = Path(source)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), safe="/~")


def _both(words: Any) -> str:
    return f"{words['zh']} / {words['en']}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
