"""Channels in the configuration: every mistake at its place, no token in the file, nothing that fails only at night."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from nianshen.config import Config, ConfigError, load
from nianshen.config.channels import settings
from nianshen.receivers import open_channels

ENV = {
    "HOOK": "https://hooks.example/T0PS3CRET",
    "KEY": "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY",
    "TEXT": "T0PS3CRET-text",
    "TAIL": "tgram://T0PS3CRET-bot/123",
    "EMPTY": "",
}
ALL = """\
site: {name: 示例市政务公开监测, base_url: "https://audit.example/"}
channels:
  ops: {type: webhook, url: "${HOOK}", secret: ["${KEY}", "${KEY}"]}
  hub: {type: webhook, url: "${HOOK}", secret: "${TEXT}", scheme: github}
  fei: {type: feishu, url: "${HOOK}", secret: "${TEXT}", keyword: 督查, language: en}
  ding: {type: dingtalk, url: "${HOOK}", secret: "${TEXT}"}
  wecom: {type: wecom, url: "${HOOK}"}
  slack: {type: slack, url: "${HOOK}"}
  teams: {type: teams, url: "${HOOK}"}
  mail:
    type: email
    url: smtps://mail.example:465
    username: audit
    password: "${TEXT}"
    from: audit@city.example
    to: [office@city.example, leader@city.example]
  tail: {type: apprise, url: "${TAIL}"}
"""


def read(folder: Path, text: str, env: Mapping[str, str] = ENV) -> Config:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, env)


def problems(folder: Path, line: str, env: Mapping[str, str] = ENV) -> list[tuple[int, str, str]]:
    """Column, code and message of the problems of one channel, which stands on the second line."""
    with pytest.raises(ConfigError) as caught:
        read(folder, f"channels:\n  ops: {line}\n", env)
    assert {one.line for one in caught.value.problems} == {2}
    return [(one.column, one.code, one.message) for one in caught.value.problems]


def test_every_type_can_be_configured(tmp_path: Path) -> None:
    config = read(tmp_path, ALL)

    assert len(open_channels(config)) == 9
    fei, mail = (settings(config.channels[name], config) for name in ("fei", "mail"))
    assert (fei.language, fei.keyword, fei.site, fei.link) == (
        "en",
        "督查",
        "示例市政务公开监测",
        "https://audit.example/",
    )
    assert (mail.language, mail.sender, len(mail.recipients)) == ("zh", "audit@city.example", 2)


def test_no_secret_of_any_type_is_shown(tmp_path: Path) -> None:
    config = read(tmp_path, ALL)

    shown = json.dumps(config.redacted()) + repr(config) + repr(open_channels(config))

    assert "S3CRET" not in shown
    assert ENV["KEY"].removeprefix("whsec_") not in shown
    assert "mail.example" in shown


@pytest.mark.parametrize(
    ("line", "column", "code", "words"),
    [
        ('{type: fieshu, url: "${HOOK}"}', 15, "CFG013", "did you mean 'feishu'"),
        ('{type: pigeon, url: "${HOOK}"}', 15, "CFG013", "apprise"),
        ('{url: "${HOOK}"}', 8, "CFG011", "type"),
        ("{type: wecom}", 8, "CFG011", "url"),
        ('{type: webhook, url: "${HOOK}"}', 8, "CFG011", "secret"),
        ('{type: webhook, url: "${HOOK}", secret: "${MISSING}"}', 48, "CFG030", "MISSING"),
        ('{type: webhook, url: "${HOOK}", secret: "${TEXT}"}', 48, "CFG033", "whsec_"),
        ('{type: webhook, url: "${HOOK}", secret: "${KEY}", scheme: githb}', 66, "CFG013", "github"),
        ('{type: webhook, url: "${HOOK}", secret: "whsec_literal"}', 48, "CFG032", "literal"),
        ('{type: feishu, url: "https://open.feishu.cn/open-apis/bot/v2/hook/abc"}', 28, "CFG032", "literal"),
        ('{type: apprise, url: "tgram://bot/1"}', 29, "CFG032", "literal"),
        ('{type: feishu, url: "${HOOK}", secret: plain}', 47, "CFG032", "literal"),
        ('{type: wecom, url: "${HOOK}", secret: "${TEXT}"}', 8, "CFG010", "address"),
        ('{type: wecom, url: "${HOOK}", keywrd: x}', 38, "CFG010", "did you mean 'keyword'"),
        ('{type: slack, url: "${HOOK}", language: fr}', 48, "CFG013", "zh"),
        ('{type: slack, url: "${EMPTY}"}', 27, "CFG042", "http"),
        ('{type: teams, url: "http://hooks.example/a"}', 8, "CFG043", "https"),
        ('{type: email, url: "https://mail.example", from: a@b.c, to: d@e.f}', 27, "CFG042", "http"),
        ('{type: email, url: "smtps://mail.example", from: a, to: d@e.f}', 57, "CFG012", "from"),
        ('{type: email, url: "smtps://mail.example", from: a@b.c, to: [d]}', 69, "CFG012", "pattern"),
        ('{type: email, url: "smtps://mail.example", from: a@b.c, to: d@e.f, username: u}', 8, "CFG011", "password"),
        ('{type: email, url: "smtps://m.example", from: a@b.c, to: d@e.f, username: u, password: p}', 95, "CFG032", ""),
        ('{type: apprise, url: "${HOOK_OF_FEISHU}"}', 29, "CFG042", "feishu"),
        ('{type: wecom, url: "${HOOK}", allow_private_addresses: [0.0.0.0/0]}', 63, "CFG041", "wide"),
        ('{type: wecom, url: "${HOOK}", templates: nowhere/}', 49, "CFG048", "no such folder"),
        ('{type: wecom, url: "${HOOK}", ca_file: nowhere.pem}', 47, "CFG031", "cannot read"),
        ('{type: wecom, url: "${HOOK}", ca_file: config.yaml}', 47, "CFG031", "PEM"),
    ],
)
def test_a_mistake_stands_at_its_place(tmp_path: Path, line: str, column: int, code: str, words: str) -> None:
    found = problems(tmp_path, line, {**ENV, "HOOK_OF_FEISHU": "feishu://T0PS3CRET"})

    [(seen, kind, message)] = found
    assert (seen, kind) == (column, code), message
    assert words in message
    assert "S3CRET" not in message


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("alert.j2", "{{ alert.titel }}", "alert.j2:1"),
        ("tail.j2", "{% if hidden %}\n", "tail.j2:1"),
        ("head.j2", "{{ message.counts }}", "head.j2:1"),
        ("alert.j2", "{% if alert.event == 'worse' %}{{ oops }}{% endif %}", "alert.j2:1"),
    ],
)
def test_a_wrong_template_is_told_at_load_with_its_own_line(tmp_path: Path, name: str, text: str, where: str) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / name).write_text(text, encoding="utf-8")

    [(column, code, message)] = problems(tmp_path, '{type: wecom, url: "${HOOK}", templates: words}')

    assert (column, code) == (49, "CFG048")
    assert where in message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("alerts.j2", "did you mean 'alert.j2'"),
        ("zh/alert.j2", "a template nobody asks for: zh/alert.j2"),
        ("read.me", "no template there; 可用 / known: "),
    ],
)
def test_a_misplaced_template_is_not_silently_left_out(tmp_path: Path, name: str, words: str) -> None:
    path = tmp_path / "words" / name
    path.parent.mkdir(parents=True)
    path.write_text("x", encoding="utf-8")

    [(_, code, message)] = problems(tmp_path, '{type: wecom, url: "${HOOK}", templates: words}')

    assert code == "CFG048"
    assert words in message


def test_a_gateway_of_the_private_network_may_stand_in_the_file(tmp_path: Path) -> None:
    line = '{type: feishu, url: "http://10.1.2.3/gateway", allow_private_addresses: [10.0.0.0/8]}'

    config = read(tmp_path, f"channels:\n  ops: {line}\n")

    assert open_channels(config)["ops"]


def test_an_address_of_this_machine_is_not_sent_to_readers(tmp_path: Path) -> None:
    config = read(tmp_path, ALL.replace("https://audit.example/", "http://127.0.0.1:8000"))

    assert settings(config.channels["fei"], config).link is None
