"""``nianshen config``: check, show and describe the configuration."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from nianshen.cli.output import as_json, safe
from nianshen.config import load, schema

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="配置文件 / configuration file")]
DEFAULT = Path("config.yaml")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="检查、显示配置 / check and show the configuration", no_args_is_help=True)
    group.command("check", help="检查配置，列出全部错误 / check the file, list every problem")(check)
    group.command("show", help="显示展开后的配置，秘密已隐去 / the effective settings, secrets masked")(show)
    group.command("schema", help="JSON Schema，供编辑器使用 / JSON Schema for editors")(print_schema)
    app.add_typer(group, name="config")


def check(config: ConfigOption = DEFAULT) -> None:
    """Exit 2 with every problem, or say what the file holds."""
    found = load(config, os.environ)
    counts = (len(found.portals), len(found.organisations), len(found.channels))
    typer.echo(
        f"{safe(str(config))}: 配置无误：门户 {counts[0]}，单位 {counts[1]}，通道 {counts[2]}"
        f" / ok: {counts[0]} portal(s), {counts[1]} organisation(s), {counts[2]} channel(s)"
    )


def show(config: ConfigOption = DEFAULT) -> None:
    """Print the effective configuration as JSON."""
    sys.stdout.write(as_json(load(config, os.environ).redacted()))


def print_schema() -> None:
    """Print the JSON Schema of the file."""
    sys.stdout.write(as_json(schema()))
