"""``config.yaml`` to typed settings; every mistake at once, each with line and column."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nianshen.config import references, units
from nianshen.config.expand import expand
from nianshen.config.model import (
    AppriseChannel,
    Channel,
    Config,
    Job,
    MailChannel,
    Organisation,
    Portal,
    RobotChannel,
    Route,
    Waiver,
    WebhookChannel,
)
from nianshen.config.problems import ConfigError, Problem, did_you_mean
from nianshen.config.source import MOST_BYTES, Source, parse

_CHANNELS: Final = {
    kind: model
    for model in (WebhookChannel, RobotChannel, MailChannel, AppriseChannel)
    for kind in get_args(model.model_fields["type"].annotation)
}

__all__ = [
    "Channel",
    "Config",
    "ConfigError",
    "Job",
    "Organisation",
    "Portal",
    "Problem",
    "Route",
    "Waiver",
    "WebhookChannel",
    "load",
    "schema",
]


def load(path: Path, env: Mapping[str, str], *, rules: Collection[str] = references.RULES) -> Config:
    """Read, expand and check a configuration. Raises ConfigError with every problem found.

    ``env`` holds the variables for ``${VAR}``, ``rules`` the rule ids that exist. Relative paths become
    absolute, from the directory of the file.
    """
    source = parse(_text(path), str(path))
    if not isinstance(source.data, dict):
        raise ConfigError([source.place(()).problem("CFG012", "须为“键: 值” / the file must be a mapping of keys")])
    directory = path.absolute().parent
    # A section whose lines are all commented out reads as null: it is simply not there.
    source.data = {key: value for key, value in source.data.items() if value is not None or key in source.broken}
    expand(source, env, directory)
    units.include(source, directory)
    references.check(source, rules)
    config = _validate(source, directory)
    if config is not None and config.channels:
        from nianshen.config import channels  # noqa: PLC0415 - brings the templates' engine along

        channels.check(source, config)
    if source.problems or config is None:
        raise ConfigError(source.problems)
    return config


def schema() -> dict[str, Any]:
    """JSON Schema of the file, for editors."""
    document = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document, "title": "nianshen config.yaml"}


def _text(path: Path) -> str:
    file = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        message = "没有这个文件；nianshen init 可以生成 / no such file; nianshen init writes one"
        raise ConfigError([Problem(file, 1, 1, "CFG001", message)]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError([Problem(file, 1, 1, "CFG001", f"无法读取 / cannot read: {reason}")]) from error
    if len(data) > MOST_BYTES:
        raise ConfigError([Problem(file, 1, 1, "CFG003", "文件大于 8 MiB / the file is larger than 8 MiB")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise ConfigError([Problem(file, line, column, "CFG002", "不是 UTF-8 / not UTF-8")]) from error


def _validate(source: Source, directory: Path) -> Config | None:
    try:
        return Config.model_validate(source.data, context={"directory": directory})
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        for detail in details:
            # a list whose only item is bad counts as empty too: one mistake, one line
            if detail["type"] != "too_short" or not _has_inner(detail, details):
                _report(source, detail)
        return None


def _has_inner(outer: ErrorDetails, details: list[ErrorDetails]) -> bool:
    depth = len(outer["loc"])
    return any(len(one["loc"]) > depth and one["loc"][:depth] == outer["loc"] for one in details)


def _report(source: Source, detail: ErrorDetails) -> None:
    """One error of the model at its place in the file, unless the value there was reported already."""
    # pydantic marks a wrong key of a mapping with a last step of its own
    typed = tuple(step for step in detail["loc"] if step != "[key]")
    # and the kind of a channel with a step between its name and its keys
    path = typed[:2] + typed[3:] if typed[:1] == ("channels",) else typed
    if any(path[:length] in source.broken for length in range(len(path) + 1)):
        return
    kind = detail["type"]
    last = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        known = _fields_at(typed[:-1])
        message = f"未知的键 {last} / unknown key {last!r}{did_you_mean(last, known)}"
        source.report(path, "CFG010", message, key=True)
    elif kind == "missing":
        source.report(path, "CFG011", f"缺少 {last} / {last!r} is missing")
    elif kind == "union_tag_not_found":
        source.report(path, "CFG011", f"缺少 type / 'type' is missing; 可用 / known: {', '.join(_CHANNELS)}")
    elif kind == "union_tag_invalid":
        tag = str(detail["ctx"]["tag"])
        message = f"未知的通道类型 {tag} / unknown type of channel {tag!r}{did_you_mean(tag, _CHANNELS)}"
        source.report((*path, "type"), "CFG013", f"{message}; 可用 / known: {', '.join(_CHANNELS)}")
    elif kind == "literal_error":
        expected = str(detail.get("ctx", {}).get("expected", ""))
        source.report(path, "CFG013", f"{last} 的取值须为 / {last} must be one of: {expected}")
    elif kind.startswith("CFG"):
        source.report(path, kind, detail["msg"])
    else:
        source.report(path, "CFG012", f"{last} 的值不对 / bad value of {last}: {detail['msg']}")


def _fields_at(path: tuple[str | int, ...]) -> list[str]:
    """The keys the model knows at ``path``; the third step of a channel is its kind."""
    if path[:1] == ("channels",) and len(path) > 2:
        return list(_names(_CHANNELS[str(path[2])])) if len(path) == 3 else []
    model: Any = Config
    for step in path:
        model = _step(model, step)
        if model is None:
            return []
    return list(_names(model)) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _names(model: type[BaseModel]) -> Iterator[str]:
    """The keys as they are written."""
    return (field.alias or name for name, field in model.model_fields.items())


def _step(annotation: Any, step: str | int) -> Any:
    """The type behind one step: a field of a model, an item of a tuple, a value of a dict."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(step))
        return field.annotation if field else None
    return next(_models(annotation), None)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for argument in get_args(annotation):
        if isinstance(argument, type) and issubclass(argument, BaseModel):
            yield argument
        else:
            yield from _models(argument)
