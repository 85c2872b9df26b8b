"""``nianshen rules``: the catalogue, and one rule explained with its examples."""

from __future__ import annotations

import difflib
import sys
from typing import Annotated, Any

import typer

from audit.catalogue import page
from audit.engine import catalogue, ruleset
from nianshen.cli.check import Language
from nianshen.cli.output import Format, render, terminal_width
from nianshen.errors import UsageError
from nianshen.export.rule_page import MARKS, as_text

SCHEMA = "nianshen.rules/1"
COLUMNS = {
    "id": "编号",
    "title": "规则",
    "severity": "级别",
    "what": "内容",
    "basis": "依据",
    "mark": "核实",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="规则目录和说明 / the rules and what they mean", no_args_is_help=True)
    group.command("list", help="列出规则 / list the rules")(list_rules)
    group.command("explain", help="说明一条规则，附例子 / explain a rule, with examples")(explain)
    app.add_typer(group, name="rules")


def list_rules(
    output: Annotated[Format, typer.Option("--format", help="输出格式 / output")] = Format.TABLE,
) -> None:
    """Print every rule this version judges by."""
    found = [_entry(rule_id) for rule_id in catalogue()]
    rows = [
        {
            **one,
            "title": one["title"]["zh"],
            "what": one["what"]["zh"],
            "mark": MARKS[one["mark"]]["zh"] if one["mark"] else None,
        }
        for one in found
    ]
    answer = {"schema": SCHEMA, "ruleset": ruleset(), "rules": found}
    sys.stdout.write(render(output, document=answer, columns=COLUMNS, rows=rows))


def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="规则编号，例如 A003 / rule id, for example A003")],
    lang: Annotated[Language, typer.Option(help="语言 / language")] = Language.ZH,
) -> None:
    """Print what the rule holds, why, its examples, its limits, how to put it right and how to waive it."""
    known = catalogue()
    wanted = rule.strip().upper()
    if wanted not in known:
        raise _unknown(rule, difflib.get_close_matches(wanted, known, n=3, cutoff=0.5))
    sys.stdout.write(as_text(wanted, lang.value, width=terminal_width()))


def _entry(rule_id: str) -> dict[str, Any]:
    spec, written = catalogue()[rule_id], page(rule_id)
    doc = " ".join(spec.doc.split())
    return {
        "id": rule_id,
        "title": dict(spec.title),
        "severity": spec.severity.value,
        "what": {"zh": written.what or doc, "en": doc},
        "basis": spec.basis or None,
        "mark": written.mark if written.mark in MARKS else None,
    }


def _unknown(rule: str, near: list[str]) -> UsageError:
    meant = ", ".join(near)
    zh, en = (f"；是不是 {meant}？", f"; did you mean {meant}?") if near else ("", "")
    every = ("全部规则：nianshen rules list", "all rules: nianshen rules list")
    return UsageError(f"没有规则 {rule}{zh}", f"no such rule {rule}{en}", next_step=every)
