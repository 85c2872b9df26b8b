"""``nianshen selftest``: a report with a known mistake must give its known finding."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import typer

from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.config import load
from nianshen.errors import Exit
from nianshen.selftest import difference
from nianshen.store import open_store
from nianshen.telling import tell_everybody


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("selftest", help="用已知样本自检 / judge a sample whose result is known")(selftest)


def selftest(config: ConfigOption = DEFAULT) -> None:
    """Judge the sample. If it does not give its known result, everybody on a route is told, and the exit is 70."""
    settings = load(config, os.environ)
    wrong = difference()
    if wrong is None:
        typer.echo("自检通过 / the self-test holds")
        return
    store = open_store(settings.database_url)
    try:
        with store.transaction() as unit:
            tell_everybody(
                unit,
                settings,
                datetime.now(UTC),
                "self_test_failed",
                {"zh": "自检未通过，结论暂不可信", "en": "the self-test failed: do not trust the verdicts"},
                {"zh": f"已知样本的结果不符：{wrong}", "en": f"a known sample gives another result: {wrong}"},
            )
    finally:
        store.close()
    typer.echo(f"自检未通过 / the self-test failed: {wrong}", err=True)
    raise typer.Exit(Exit.INTERNAL)
