"""The command line. One module per noun, loaded only when its command is called, so that ``check`` starts fast."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import IO, Annotated, Protocol, runtime_checkable

import typer
from typer.exceptions import TyperException

from nianshen.cli.output import explain
from nianshen.errors import Exit, NianshenError

NOUNS = (
    "check",
    "config",
    "init",
    "portals",
    "run",
    "status",
    "findings",
    "audit",
    "alerts",
    "evidence",
    "export",
    "rules",
    "db",
    "demo",
    "watch",
    "schedule",
    "up",
    "selftest",
)

_INTERRUPTED = "已中断 / interrupted"


@runtime_checkable
class _Showing(Protocol):
    """An error of Typer that prints itself, with the usage of its command."""

    def show(self, file: IO[str] | None = None) -> None: ...


def main() -> None:
    """Entry point of ``nianshen``: run, and end with one of the exit codes of CONTRACT section 4."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character must not end the work
            stream.reconfigure(errors="backslashreplace")
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Errors go to stderr, Chinese first, in the form of the log."""
    say: Callable[[str], None] = _say
    if "--log" in arguments or "--log=json" in arguments:
        say = _speaker(arguments)
    try:
        return _finished(_app(arguments)(args=arguments, prog_name="nianshen", standalone_mode=False), say)
    except NianshenError as error:
        say(explain(error))
        return int(error.code)
    except (KeyboardInterrupt, typer.Abort):
        say(_INTERRUPTED)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (| head). Python must not try to flush it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:  # noqa: BLE001 - the last border: any bug ends here with its own exit code
        return _failed(error, say)


def _speaker(arguments: list[str]) -> Callable[[str], None]:
    """What tells errors: lines for people, or for machines if the command line asks for such a log."""
    from nianshen.speaking import LogFormat, logger, unbind, wants_json  # noqa: PLC0415 - few commands need it

    if not wants_json(arguments):
        return _say
    unbind()
    lines = logger(LogFormat.JSON)
    return lambda text: lines.error(text, part=arguments[0])


def _app(arguments: list[str]) -> typer.Typer:
    app = typer.Typer(
        name="nianshen",
        help="年审：政府信息公开年报的合规审计 / compliance audit of open-government annual reports",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    first = next((word for word in arguments if not word.startswith("-")), None)
    needed = () if arguments[:1] == ["--version"] else (first,) if first in NOUNS else NOUNS
    for noun in needed:
        import_module(f"nianshen.cli.{noun}").register(app)
    return app


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"nianshen {version('nianshen')}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="版本 / version")
    ] = False,
) -> None:
    """Options before the command."""


def _finished(result: object, say: Callable[[str], None]) -> int:
    """Without standalone mode an early exit comes back as a number, anything else means success."""
    if result == Exit.INTERRUPTED:
        say(_INTERRUPTED)  # Typer turns Ctrl-C into this number and says nothing
    return result if isinstance(result, int) else Exit.OK


def _failed(error: Exception, say: Callable[[str], None]) -> int:
    """A usage error says how it is right; anything else is a bug, named without the values it was about."""
    if isinstance(error, TyperException) and isinstance(error, _Showing):
        if say is _say:
            error.show(sys.stderr)
        else:
            say(str(error))
        return Exit.USAGE
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
    say("".join(frames))
    say(f"内部错误 / internal error: {type(error).__name__}；请连同以上各行报告 / please report with these lines")
    return Exit.INTERNAL


def _say(text: str) -> None:
    sys.stderr.write(text.rstrip("\n") + "\n")
