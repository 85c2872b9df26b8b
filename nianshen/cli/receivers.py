"""``nianshen alerts preview|test|verify-signature``: what channels get, and whether it arrives and is genuine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import SMTP, default
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import as_json, safe
from nianshen.config import Config, WebhookChannel, load
from nianshen.config.channels import settings
from nianshen.config.problems import did_you_mean
from nianshen.errors import Exit, UsageError
from nianshen.receivers import open_channels, open_transport
from nianshen.store import open_store
from nianshen.store.database import parse, sqlite_path
from notifiers import channels, sample
from notifiers.digest import Message
from notifiers.exchange import CannotBuildError, Letter, Notice, Outgoing, TransportFault, outcome_of_fault
from notifiers.outbox import Delivery
from notifiers.outcome import Delivered, Permanent
from notifiers.secret import MASK, Secret, masked, redact
from notifiers.sign import SignatureError, verify, verify_github

SCHEMA = "nianshen.preview/1"


class Shape(StrEnum):
    """How a preview is printed."""

    TEXT = "text"
    JSON = "json"


def add(group: typer.Typer) -> None:
    """Add the commands to ``nianshen alerts``."""
    group.command("preview", help="预览各通道的消息，不发送 / show what each channel would get, send nothing")(preview)
    group.command("test", help="向一个通道发送测试消息 / send a channel a test message")(send_test)
    group.command("verify-signature", help="核对收到的消息的签名 / check the signature of a received message")(
        verify_signature
    )


def preview(
    names: Annotated[list[str] | None, typer.Argument(metavar="[CHANNEL…]", help="通道 / channels")] = None,
    language: Annotated[str | None, typer.Option("--lang", metavar="zh|en", help="语言 / language")] = None,
    output: Annotated[Shape, typer.Option("--format", help="输出格式 / output")] = Shape.TEXT,
    config: ConfigOption = DEFAULT,
) -> None:
    """Print an example message as every channel would get it, or every type of channel if there is none.

    Secrets and signatures are not shown.
    """
    if language not in {None, "zh", "en"}:
        raise UsageError("--lang 须为 zh 或 en", "--lang must be zh or en")
    found = load(config, os.environ)
    now = datetime.now(UTC)
    shown = []
    for name in names or ():
        _known(found, name)
    configured = {name: (one.type, settings(one, found)) for name, one in found.channels.items()}
    examples = {kind: (kind, sample.settings(kind)) for kind in channels.TYPES}
    for name, (kind, chosen) in (configured or examples).items():
        if names and name not in names:
            continue
        channel = channels.create(kind, replace(chosen, language=language or chosen.language))
        built = _build(channel, name, sample.message(now, name, links=found.observe.acknowledge is not None), now)
        shown.append({"channel": name, "type": kind, **_seen(built, channel)})
    if output is Shape.JSON:
        sys.stdout.write(as_json({"schema": SCHEMA, "channels": shown}))
    else:
        sys.stdout.write("\n".join(_printed(one) for one in shown))


def send_test(
    name: Annotated[str, typer.Argument(metavar="CHANNEL", help="通道 / channel")],
    config: ConfigOption = DEFAULT,
) -> None:
    """Send one marked test message at once, past the outbox. Exit 6 if it does not arrive.

    A channel that was given up and takes it is used again.
    """
    found = load(config, os.environ)
    _known(found, name)
    now = datetime.now(UTC)
    channel = open_channels(found)[name]
    built = _build(channel, name, sample.trial(now, name), now)
    transport = open_transport(found, lambda: datetime.now(UTC))
    try:
        answer = transport.send(name, built)
    finally:
        transport.close()
    outcome = outcome_of_fault(answer) if isinstance(answer, TransportFault) else channel.classify(answer)
    reason = safe(redact(outcome.reason, channel.secrets))
    if isinstance(outcome, Delivered):
        typer.echo(f"{safe(name)}: 已送达 / delivered: {reason}")
        if _restored(found, name):
            typer.echo(f"{safe(name)}: 重新启用，等待的消息将发出 / in use again, what waits will be sent")
        return
    hopeless = isinstance(outcome, Permanent)
    said = "被拒绝，重试无益 / refused for good" if hopeless else "未送达，可重试 / not delivered, may pass"
    typer.echo(f"{safe(name)}: {said}: {reason}", err=True)
    raise typer.Exit(Exit.UNDELIVERED)


def verify_signature(
    name: Annotated[str, typer.Argument(metavar="CHANNEL", help="webhook 通道 / a webhook channel")],
    headers: Annotated[Path, typer.Option("--headers", help="请求头，每行一个 / headers, one a line")],
    body: Annotated[Path, typer.Option("--body", help="请求体的原始字节 / the body, byte for byte")],
    at: Annotated[
        datetime | None, typer.Option("--at", help="收到的时间，默认现在 / when it came, by default now")
    ] = None,
    config: ConfigOption = DEFAULT,
) -> None:
    """Say whether a message was signed with the channel's secret. Exit 7 if not, with the reason."""
    found = load(config, os.environ)
    _known(found, name)
    channel = found.channels[name]
    if not isinstance(channel, WebhookChannel):
        raise UsageError(f"{safe(name)} 不是 webhook 通道", f"{safe(name)} is no webhook channel")
    secrets = [Secret(secret.get_secret_value()) for secret in channel.secret]
    try:
        given, content = _headers(headers.read_bytes()), body.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"无法读取：{reason}", f"cannot read: {reason}", where=safe(str(error.filename))) from error
    when = (at.astimezone(UTC) if at else None) or datetime.now(UTC)
    try:
        if channel.scheme == "github":
            verify_github(given, content, secrets)
        else:
            verify(given, content, secrets, when)
    except SignatureError as error:
        typer.echo(f"签名无效 / not valid: {error.code}: {error}", err=True)
        raise typer.Exit(Exit.EVIDENCE) from None
    typer.echo("签名有效 / the signature is valid")


def _restored(config: Config, name: str) -> bool:
    """Use a channel again that was given up; False if it was not, or nothing was ever stored."""
    path = sqlite_path(parse(config.database_url))
    if path is not None and not path.exists():
        return False
    store = open_store(config.database_url, create=False)
    try:
        return store.channels.restore(name, datetime.now(UTC))
    finally:
        store.close()


def _known(config: Config, name: str) -> None:
    if name not in config.channels:
        shown = safe(name)
        hint = did_you_mean(name, config.channels)
        raise UsageError(f"没有通道 {shown}", f"no such channel: {shown}{hint}")


def _build(channel: channels.Channel, name: str, message: Message, now: datetime) -> Outgoing:
    try:
        return channel.build(Delivery(message.message_id, name, message.body, 0, now), now)
    except CannotBuildError as error:
        reason = redact(str(error), channel.secrets)
        raise UsageError(f"通道 {name} 的消息无法生成", f"{name}: the message cannot be built", where=reason) from None


def _seen(built: Outgoing, channel: channels.Channel) -> dict[str, Any]:
    """What is sent, readable, with addresses, secrets and signatures hidden."""
    match built:
        case Letter():
            mail = BytesParser(policy=default).parsebytes(built.body)
            text = mail.get_body(("plain",))
            headers = {key: str(value) for key, value in mail.items()}
            return {"to": ", ".join(built.recipients), "headers": headers, "body": text.get_content() if text else ""}
        case Notice():
            return {"to": MASK, "headers": {}, "body": f"{built.title}\n\n{built.text}"}
    document = json.loads(built.body)
    if "sign" in document:
        document |= {"sign": MASK}
    headers = {key: MASK if "signature" in key else value for key, value in built.headers.items()}
    body = redact(json.dumps(document, ensure_ascii=False, indent=2), channel.secrets)
    return {"to": masked(channel.secrets[0]), "headers": headers, "body": body}


def _printed(shown: Mapping[str, Any]) -> str:
    def lines() -> Iterator[str]:
        yield f"== {shown['channel']} ({shown['type']}) → {shown['to']}"
        yield from (f"{key}: {value}" for key, value in shown["headers"].items())
        yield ""
        yield from str(shown["body"]).splitlines()

    return "".join(f"{safe(line)}\n" for line in lines())


def _headers(raw: bytes) -> dict[str, str]:
    parsed = BytesParser(policy=SMTP).parsebytes(raw, headersonly=True)
    return {key: str(value) for key, value in parsed.items()}
