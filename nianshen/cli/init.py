"""``nianshen init``: write a first configuration."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from nianshen.cli.output import safe
from nianshen.errors import StorageError, UsageError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init", help="生成配置文件 / write a first config.yaml")(init)


def init(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="目录 / folder")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="覆盖已有文件 / overwrite")] = False,
) -> None:
    """Write ``config.yaml`` into the folder and say what to do next."""
    target = directory / "config.yaml"
    template = (files("nianshen.config") / "template.yaml").read_bytes()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with target.open("wb" if force else "xb") as stream:
            stream.write(template)
    except FileExistsError as error:
        raise UsageError(
            "文件已存在，未改动",
            "the file exists and was left as it is",
            where=str(target),
            next_step=("要覆盖请加 --force", "add --force to overwrite it"),
        ) from error
    except OSError as error:
        raise StorageError("无法写入", f"cannot write: {error.strerror}", where=str(target)) from error
    typer.echo(_NEXT.format(path=safe(str(target))))


_NEXT = """\
已生成 / written: {path}
下一步 / next:
  1. 填写 portals 和 organisations / fill in portals and organisations
  2. nianshen config check --config {path}
  3. nianshen run --config {path}
告警：设置环境变量后启用 channels 和 routes / for alerts: set the variables, then enable channels and routes"""
