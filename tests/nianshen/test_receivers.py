"""``alerts preview``, ``test`` and ``verify-signature``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nianshen.cli import call
from nianshen.errors import Exit
from notifiers.channels import TYPES
from notifiers.secret import Secret
from notifiers.sign import sign, sign_github
from tests.nianshen.test_config_channels import ALL, ENV
from tests.notifiers.receiver import SECRET, Answer, Receiver
from tests.notifiers.services import SIGNING, FeishuService


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config.yaml").write_text(ALL, encoding="utf-8")
    return tmp_path


def configure(monkeypatch: pytest.MonkeyPatch, url: str, line: str, secret: str = SECRET) -> None:
    monkeypatch.setenv("URL", url)
    monkeypatch.setenv("SIGNING", secret)
    Path("config.yaml").write_text(f"channels:\n  ops: {line}\n", encoding="utf-8")


HOOK = '{type: webhook, url: "${URL}", secret: "${SIGNING}", allow_private_addresses: [127.0.0.0/8]}'
FEISHU = '{type: feishu, url: "${URL}", secret: "${SIGNING}", allow_private_addresses: [127.0.0.0/8]}'


def test_preview_shows_every_channel_and_no_secret(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = call(["alerts", "preview"])

    shown = capsys.readouterr().out
    assert code == Exit.OK
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("== ")] == [
        "ops", "hub", "fei", "ding", "wecom", "slack", "teams", "mail", "tail"
    ]  # fmt: skip
    assert shown.count("示例市教育局") >= 9
    assert "S3CRET" not in shown
    assert not list(office.glob("data/*"))


def test_preview_takes_one_channel_in_one_language(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["alerts", "preview", "wecom", "--lang", "en", "--format", "json"]) == Exit.OK

    document = json.loads(capsys.readouterr().out)
    [channel] = document["channels"]
    assert (document["schema"], channel["channel"], channel["type"]) == ("nianshen.preview/1", "wecom", "wecom")
    assert "Suspected" in json.loads(channel["body"])["markdown"]["content"]


def test_preview_without_channels_shows_every_type(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (office / "config.yaml").write_text("version: 1\n", encoding="utf-8")

    assert call(["alerts", "preview", "--format", "json"]) == Exit.OK

    assert [one["type"] for one in json.loads(capsys.readouterr().out)["channels"]] == list(TYPES)


@pytest.mark.parametrize("arguments", [["preview", "opps"], ["test", "opps"], ["preview", "--lang", "fr"]])
def test_what_does_not_exist_is_a_usage_error(office: Path, arguments: list[str]) -> None:
    assert call(["alerts", *arguments]) == Exit.USAGE


def test_a_test_message_says_that_it_is_one(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Receiver() as receiver:
        configure(monkeypatch, receiver.url, HOOK)
        code = call(["alerts", "test", "ops"])

    [received] = receiver.received
    assert code == Exit.OK
    assert received.problem is None
    assert received.document["type"] == "system.test"
    assert "已送达 / delivered" in capsys.readouterr().out


def test_a_robot_gets_its_signed_test_card(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FeishuService(now=datetime.now(UTC).timestamp()) as service:
        configure(monkeypatch, service.url, FEISHU, SIGNING)
        code = call(["alerts", "test", "ops"])

    assert code == Exit.OK
    assert "【测试】" in service.received[0].document["card"]["header"]["title"]["content"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(200, body=b'{"code":19024,"msg":"Key Words Not Found"}'), "keyword"),
        (Answer(200, body="<html>登录</html>".encode()), "无法识别"),
        (Answer(302, {"location": "https://elsewhere.example/"}), "跳转"),
        (Answer(200, {"content-length": "9999"}, b"{"), "truncated"),
        (Answer(cut=True), "truncated"),
        (Answer(429, {"retry-after": "5"}), "429"),
    ],
)
def test_a_test_that_does_not_arrive_exits_6_and_says_why(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: Answer, words: str
) -> None:
    with FeishuService([answer]) as service:
        configure(monkeypatch, service.url, FEISHU, SIGNING)
        code = call(["alerts", "test", "ops"])

    said = capsys.readouterr()
    assert code == Exit.UNDELIVERED
    assert words in said.err
    assert "S3CRET" not in said.out + said.err


def test_a_private_address_that_is_not_allowed_gets_nothing(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver:
        configure(
            monkeypatch,
            receiver.url.replace("http:", "https:"),
            HOOK.replace(", allow_private_addresses: [127.0.0.0/8]", ""),
        )
        code = call(["alerts", "test", "ops"])

    assert code == Exit.UNDELIVERED
    assert receiver.received == []


@pytest.mark.parametrize("scheme", ["standard", "github"])
def test_a_received_message_is_checked(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], scheme: str
) -> None:
    configure(monkeypatch, "https://hooks.example/", HOOK.replace("secret:", f"scheme: {scheme}, secret:"))
    now, body = datetime.now(UTC), b'{"type":"system.test"}'
    secret = Secret(SECRET)
    headers = sign("msg_1", now, body, [secret]) if scheme == "standard" else sign_github(body, secret)
    (office / "body").write_bytes(body)
    (office / "other").write_bytes(body + b" ")
    (office / "headers").write_text("".join(f"{name.title()}: {value}\n" for name, value in headers.items()))
    arguments = ["alerts", "verify-signature", "ops", "--headers", "headers", "--body"]

    good, bad = call([*arguments, "body"]), call([*arguments, "other"])

    said = capsys.readouterr()
    assert (good, bad) == (Exit.OK, Exit.EVIDENCE)
    assert "有效" in said.out
    assert "no_match" in said.err


def test_an_old_message_is_judged_by_when_it_came(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, "https://hooks.example/", HOOK)
    then, body = datetime.now(UTC) - timedelta(days=3), b"{}"
    (office / "body").write_bytes(body)
    lines = [f"{name}: {value}\n" for name, value in sign("msg_1", then, body, [Secret(SECRET)]).items()]
    (office / "headers").write_text("".join(lines))
    arguments = ["alerts", "verify-signature", "ops", "--headers", "headers", "--body", "body"]

    assert call(arguments) == Exit.EVIDENCE
    assert call([*arguments, "--at", then.strftime("%Y-%m-%dT%H:%M:%S%z")]) == Exit.OK


@pytest.mark.parametrize(
    "arguments", [["wecom", "--headers", "x", "--body", "x"], ["ops", "--headers", "x", "--body", "x"]]
)
def test_a_channel_that_does_not_sign_or_a_missing_file_is_a_usage_error(office: Path, arguments: list[str]) -> None:
    assert call(["alerts", "verify-signature", *arguments]) == Exit.USAGE
