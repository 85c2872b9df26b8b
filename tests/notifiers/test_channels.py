"""What every channel must do, whatever its service: the contract, over loopback services that check like real ones."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from notifiers import channels, digest, sample
from notifiers.channels import TYPES, create
from notifiers.event import AlertItem, Event, Organisation
from notifiers.exchange import CannotBuildError, Letter, Notice, Outgoing, Request, Response
from notifiers.markup import plain
from notifiers.outbox import Delivery
from notifiers.outcome import Accepted, Delivered, Permanent, Rerender, Retry
from notifiers.secret import Secret
from notifiers.transport import Limits, Transport
from notifiers.view import LANGUAGES
from tests.notifiers.making import NOW, item
from tests.notifiers.receiver import Answer
from tests.notifiers.services import SERVICES, SIGNING, Service

ROBOTS = sorted(SERVICES)
WORDED = sorted(set(TYPES) - {"webhook"})
SIZES = {"feishu": 20 * 1024, "dingtalk": 20_000, "wecom": 4096, "slack": 13_200, "teams": 21_000}
HOSTILE = [
    '<at user_id="all">所有人</at>',
    "<at id=all></at>",
    "<at>全员</at>",
    "<!channel> <!here> <!everyone>",
    "<@U012AB3CD>",
    "<@all>",
    "@all @所有人 @13800000000",
    '<font color="warning">红</font>',
    "[点此](http://evil.example/a)",
    "](http://evil.example)",
    "![图](http://evil.example/a.png)",
    "<http://evil.example|官网>",
    "http://evil.example/login",
    "www.evil.example",
    "evil.example/path",
    "mailto:somebody@evil.example",
    "tel:110",
    "**粗** __粗__ *斜* _斜_ ~~删~~ `码`",
    "# 标题",
    "\n# 标题\n- 列表\n> 引用\n---\n",
    "```\n代码\n```",
    "|a|b|\n|-|-|",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;at id=all&gt; &#60;at&#62; &amp;lt;",
    "\u202e倒\u2066写\u200b零\u00ad宽\ufeff",
    "\x1b[31m红\x07\x00",
    "主题\r\nBcc: everybody@evil.example\r\n\r\n正文",
    "\u2028\u2029\x85换行",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    '"},"msg_type":"text","x":{"',
    "\\[x\\]\\(y\\)",
    ":DONE: :warning:",
    "\ud800半个字符",
    "𝕳𝖊 👩‍👩‍👧 ﷽",
]


MARKDOWN = re.compile(r"[<>`~|\\@!\[\]{}&_]|(?<!\*)\*(?!\*)|\*\*\*|\n(?![\n*#错疑系证原另已未甲])")
MEANING = {
    "feishu": MARKDOWN,
    "dingtalk": MARKDOWN,
    "wecom": MARKDOWN,
    "teams": MARKDOWN,
    "slack": re.compile(r"[<>`~_]|&(?!amp;|lt;|gt;)"),
    "email": re.compile(r"<(?!/?(?:!doctype html|html|meta|body|h3|p|b|br|a)\b)|<(?:script|img)", re.I),
    "apprise": re.compile(r"\n(?:#|- |> |`)"),
}
"""What of a form's own signs must not be found in what foreign text became."""


def hostile(text: str) -> digest.Message:
    both = dict.fromkeys(LANGUAGES, f"甲{text}乙")
    one = item("al_0", title=both, message=both, formula=text, rule="A003", url=f"https://a.example/x?{text}")
    [message] = digest.build([replace(one, organisation=Organisation("o", f"甲{text}乙", text))], now=NOW)
    return message


def made(kind: str, url: str | None = None, **changes: Any) -> channels.Channel:
    settings = replace(sample.settings(kind), **changes)
    return create(kind, replace(settings, url=Secret(url)) if url else settings)


def delivered(message: digest.Message, channel: str = "ops", attempts: int = 0) -> Delivery:
    return Delivery(message.message_id, channel, message.body, attempts, NOW)


def built(kind: str, items: list[AlertItem], **changes: Any) -> Outgoing:
    [message] = digest.build(items, now=NOW)
    return made(kind, **changes).build(delivered(message), NOW)


def texts(outgoing: Outgoing) -> list[str]:
    """Every text of the message that its readers see."""
    match outgoing:
        case Notice():
            return [outgoing.title, outgoing.text]
        case Letter():
            mail = message_from_bytes(outgoing.body, policy=default)
            return [str(mail["subject"]), *(part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())]
        case Request():
            return list(_strings(json.loads(outgoing.body)))
    raise AssertionError(outgoing)


def _strings(value: Any, key: str = "") -> list[str]:
    """What stands where a reader sees it."""
    if isinstance(value, dict):
        return [text for name, one in value.items() for text in _strings(one, name)]
    if isinstance(value, list):
        return [text for one in value for text in _strings(one, key)]
    return [value] if isinstance(value, str) and key in {"content", "text", "title"} else []


def send(service: Service, channel: channels.Channel, message: digest.Message) -> Any:
    line = Transport({"ops": ["127.0.0.0/8"]}, lambda: NOW, limits=Limits(1, 1, 3))
    try:
        answer = line.send("ops", channel.build(delivered(message), NOW))
    finally:
        line.close()
    assert isinstance(answer, Response), answer
    return channel.classify(answer)


def signed(kind: str) -> dict[str, Any]:
    return {"secrets": (Secret(SIGNING),)} if kind in {"feishu", "dingtalk"} else {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ROBOTS)
def test_every_kind_of_message_is_taken_by_the_service(kind: str, language: str) -> None:
    with SERVICES[kind](now=NOW.timestamp()) as service:
        channel = made(kind, service.url, language=language, link="https://audit.example/", **signed(kind))
        outcomes = [send(service, channel, message) for message in sample.every_kind(NOW)]

    wanted = Accepted if kind == "teams" else Delivered
    assert {type(outcome) for outcome in outcomes} == {wanted}, outcomes


@pytest.mark.parametrize("kind", ["feishu", "dingtalk"])
@pytest.mark.parametrize("skew", [-7200, 7200])
def test_a_signature_of_another_time_is_tried_once_more(kind: str, skew: int) -> None:
    with SERVICES[kind](now=NOW.timestamp() + skew) as service:
        outcome = send(service, made(kind, service.url, **signed(kind)), sample.trial(NOW, "ops"))

    assert isinstance(outcome, Retry)
    assert outcome.once
    assert "时钟" in outcome.reason


@pytest.mark.parametrize("kind", ["feishu", "dingtalk"])
def test_a_wrong_secret_is_not_taken_for_delivered(kind: str) -> None:
    with SERVICES[kind](now=NOW.timestamp()) as service:
        outcome = send(service, made(kind, service.url, secrets=(Secret("other"),)), sample.trial(NOW, "ops"))

    assert isinstance(outcome, Retry)
    assert outcome.once


@pytest.mark.parametrize("kind", ["dingtalk", "wecom", "teams"])
def test_a_wrong_token_ends_the_channel_and_not_the_message_alone(kind: str) -> None:
    with SERVICES[kind](now=NOW.timestamp()) as service:
        url = service.url.replace("T0PS3CRET", "FORGOTTEN")
        outcome = send(service, made(kind, url, **signed(kind)), sample.trial(NOW, "ops"))

    assert isinstance(outcome, Permanent)
    assert outcome.hold


REPLIES: list[tuple[str, int, bytes, type, bool]] = [
    ("feishu", 200, b'{"code":0}', Delivered, False),
    ("feishu", 200, b'{"StatusCode":0,"StatusMessage":"success"}', Delivered, False),
    ("feishu", 200, b'{"StatusCode":0,"code":19024}', Permanent, True),
    ("feishu", 200, b'{"code":11232,"msg":"frequency limited"}', Retry, True),
    ("feishu", 400, b'{"code":9499,"msg":"too many request"}', Retry, True),
    ("feishu", 400, b'{"code":9499,"msg":"Bad Request"}', Permanent, False),
    ("feishu", 200, b'{"code":19001,"msg":"incoming webhook access token invalid"}', Permanent, True),
    ("feishu", 200, b'{"code":19002,"msg":"params error"}', Permanent, False),
    ("feishu", 200, b'{"code":19022,"msg":"Ip Not Allowed"}', Permanent, True),
    ("feishu", 200, b'{"code":55555,"msg":"new"}', Retry, False),
    ("feishu", 200, b'{"code":false}', Retry, False),
    ("feishu", 200, b'{"code":"0"}', Retry, False),
    ("feishu", 200, b'{"code":0.0}', Retry, False),
    ("feishu", 200, b'{"msg":"ok"}', Retry, False),
    ("feishu", 200, b"[0]", Retry, False),
    ("feishu", 200, b"[" * 60_000, Retry, False),
    ("feishu", 500, b'{"code":0}', Retry, False),
    ("feishu", 302, b'{"code":0}', Permanent, False),
    ("dingtalk", 200, b'{"errcode":0,"errmsg":"ok"}', Delivered, False),
    ("dingtalk", 200, b'{"errcode":130101,"errmsg":"send too fast"}', Retry, True),
    ("dingtalk", 200, b'{"errcode":-1,"errmsg":"busy"}', Retry, False),
    ("dingtalk", 200, b'{"errcode":310000,"errmsg":"keywords not in content"}', Permanent, True),
    ("dingtalk", 200, b'{"errcode":310000,"errmsg":"sign not match"}', Retry, False),
    ("dingtalk", 200, b'{"errcode":300005,"errmsg":"token is not exist"}', Permanent, True),
    ("dingtalk", 200, b'{"errcode":400102,"errmsg":"bad"}', Permanent, False),
    ("dingtalk", 200, b'{"errcode":460101,"errmsg":"message too long"}', Rerender, False),
    ("dingtalk", 200, b'{"errcode":101002,"errmsg":"message too long"}', Rerender, False),
    ("dingtalk", 200, b'{"code":0}', Retry, False),
    ("wecom", 200, b'{"errcode":0,"errmsg":"ok"}', Delivered, False),
    ("wecom", 200, b'{"errcode":45009,"errmsg":"api freq out of limit"}', Retry, True),
    ("wecom", 200, b'{"errcode":93000,"errmsg":"invalid webhook url"}', Permanent, True),
    ("wecom", 200, b'{"errcode":40058,"errmsg":"too long"}', Rerender, False),
    ("slack", 200, b"ok", Delivered, False),
    ("slack", 200, b"OK", Retry, False),
    ("slack", 200, b"", Retry, False),
    ("slack", 200, b"invalid_payload", Permanent, False),
    ("slack", 400, b"msg_blocks_too_long", Rerender, False),
    ("slack", 403, b"action_prohibited", Permanent, True),
    ("slack", 404, b"no_service", Permanent, True),
    ("slack", 410, b"channel_is_archived", Permanent, True),
    ("slack", 429, b"", Retry, True),
    ("slack", 204, b"ok", Retry, False),
    ("teams", 202, b"", Accepted, False),
    ("teams", 200, b"1", Accepted, False),
    ("teams", 200, b"<html>sign in</html>", Retry, False),
    ("teams", 200, b"Webhook message delivery failed with error: HTTP error 413", Retry, False),
    ("teams", 200, b'{"error":{"code":"x"}}', Retry, False),
    ("teams", 401, b"", Permanent, True),
    ("teams", 413, b"", Rerender, False),
    ("email", 250, b"queued", Delivered, False),
    ("email", 421, b"too busy", Retry, True),
    ("email", 451, b"greylisted", Retry, False),
    ("email", 535, b"bad password", Permanent, True),
    ("email", 550, b"no such user", Permanent, False),
    ("email", 552, b"too much", Rerender, False),
    ("apprise", 200, b"", Accepted, False),
    ("apprise", 502, b"", Retry, False),
]


@pytest.mark.parametrize(("kind", "status", "body", "wanted", "hold"), REPLIES)
def test_what_a_reply_means(kind: str, status: int, body: bytes, wanted: type, hold: bool) -> None:
    outcome = made(kind).classify(Response(status, {}, body, NOW))

    assert type(outcome) is wanted, outcome
    assert getattr(outcome, "hold", False) is hold, outcome
    assert outcome.reason


@pytest.mark.parametrize("kind", ROBOTS)
def test_every_status_and_body_has_an_outcome_and_only_success_is_delivered(kind: str) -> None:
    codes = (0, -1, 1, 9499, 19021, 40058, 130101, 310000)
    names = ("code", "StatusCode") if kind == "feishu" else ("code", "errcode")
    bodies = [b"", b"ok", b"<html>502</html>", b'{"code":', b"null", b"{}", b"\xff\xfe"]
    bodies += [json.dumps({name: code, "errmsg": "m"}).encode() for name in names for code in codes]
    good = {
        "feishu": re.compile(rb'{"(?:code|StatusCode)": 0,.*'),
        "dingtalk": re.compile(rb'{"errcode": 0,.*'),
        "wecom": re.compile(rb'{"errcode": 0,.*'),
        "slack": re.compile(rb"ok"),
        "teams": re.compile(rb'|{}|{".*}'),
    }[kind]
    channel = made(kind)
    for status in range(100, 600):
        for body in bodies:
            outcome = channel.classify(Response(status, {}, body, NOW))

            assert isinstance(outcome, Delivered | Retry | Permanent | Rerender)
            assert outcome.reason
            taken = status == 200 if kind == "slack" else 200 <= status < 300
            assert isinstance(outcome, Delivered) == bool(taken and good.fullmatch(body)), (status, body)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 49, 50, 51, 500, 5000])
@pytest.mark.parametrize("kind", WORDED)
def test_a_message_fits_the_service_and_counts_exactly_what_it_hides(kind: str, count: int) -> None:
    name = "示例市经济技术开发区（高新区）党群工作部&<综合>办公室"
    found = [
        item(
            f"al_{n}",
            organisation=Organisation(f"o{n}", f"{name}{n}", "示例市"),
            message={"zh": f"疑似第{n}项：“" + "收支不平\\" * 40, "en": "x"},
        )
        for n in range(count)
    ]
    [message] = digest.build(found, now=NOW, kind=None if count else "system.test")

    outgoing = made(kind, link="https://audit.example/").build(delivered(message), NOW)

    seen = "\n".join(texts(outgoing))
    shown = sum(seen.count(f"第{n}项") > 0 for n in range(count))
    assert count == 0 or shown > 0
    assert (f"另有 {count - shown} 条" in seen) == (count > shown)
    if isinstance(outgoing, Request):
        json.loads(outgoing.body)
        content = json.loads(outgoing.body)["markdown"]["content"].encode() if kind == "wecom" else outgoing.body
        size = sum(map(len, texts(outgoing))) if kind == "slack" else len(content)
        assert size <= SIZES[kind]


@pytest.mark.parametrize(("count", "storm", "shown"), [(30, 30, 30), (31, 30, 10), (200, 30, 10), (31, None, 31)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_storm_is_summed_up_by_rule_and_region(count: int, storm: int | None, shown: int, language: str) -> None:
    found = [
        item(
            f"al_{n:03}",
            rule="A003" if n % 3 else "F001",
            severity="note" if n % 3 else "error",
            organisation=Organisation(f"o{n:03}", f"第{n}局", "南<b>区" if n % 4 else None),
            message={"zh": "x", "en": "x"},
        )
        for n in range(count)
    ]

    seen = "\n".join(texts(built("email", found, storm=storm, language=language)))

    summed = storm is not None and count > storm
    rules, region = f"F001 {-(-count // 3)}", f"区 {count - -(-count // 4)}"
    assert (f"A003 {count // 3 * 2 + count % 3 // 2}" in seen, rules in seen, region in seen) == (summed,) * 3
    assert {name for n in range(count) if (name := f"第{n}局") in seen} == {
        f"第{n}局" for n in ([*range(0, count, 3)][:shown] if summed else range(count))
    }
    assert (f"另有 {count - shown} 条" in seen or f"{count - shown} more not shown" in seen) == (count > shown)


@pytest.mark.parametrize("kind", WORDED)
def test_a_storm_fits_every_service_and_counts_exactly_what_it_hides(kind: str) -> None:
    found = [
        item(f"al_{n}", organisation=Organisation(f"o{n}", f"第{n}局", f"示例市第{n}经济技术开发区" * 3))
        for n in range(5000)
    ]
    [message] = digest.build(found, now=NOW)
    outgoing = made(kind, storm=30).build(delivered(message), NOW)

    seen = "\n".join(texts(outgoing))
    shown = sum(f"第{n}局" in seen for n in range(5000))
    assert 0 < shown <= 10
    assert f"另有 {5000 - shown} 条" in seen


@pytest.mark.parametrize("kind", WORDED)
def test_a_finding_of_a_megabyte_is_cut_and_told(kind: str) -> None:
    huge = dict.fromkeys(LANGUAGES, "长<" * 500000)
    first = item("al_0", title=huge, message=huge, formula="1 + " * 250_000, url="https://x.example/" + "a" * 10**6)
    first = replace(first, organisation=Organisation("o", "名" * 10**6, "区"))

    outgoing = built(kind, [first, item("al_1")])

    seen = "\n".join(texts(outgoing))
    assert "名名名" in seen
    assert "…" in seen
    assert "示例市教育局" in seen
    assert len(seen) < 20_000


@pytest.mark.parametrize("kind", WORDED)
def test_foreign_text_mentions_nobody_links_nowhere_and_marks_nothing(kind: str) -> None:
    channel = made(kind)
    for text in HOSTILE:
        outgoing = channel.build(delivered(hostile(text)), NOW)

        for seen in texts(outgoing):
            # what stands in the address of our own link is not seen
            read = re.sub(r"\[原文\]\([^)\s]*\)|<https[^|\s]*\|原文>|原文: \S*|<a href=\"[^\"]*\">", "", seen)
            assert not re.search(r"://|www\.|mailto:|evil\.", read), read
            assert not set(read) & set("\x1b\u202e\u2066\u200b\ufeff\x00\r\u2028\u2029\x85\ud800"), read
            assert (kind == "email" and "<html" not in read) or not MEANING[kind].search(read), read
        if isinstance(outgoing, Letter):
            assert b"\nBcc" not in outgoing.body.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_attempt_says_the_same_in_the_same_bytes(kind: str) -> None:
    message = sample.message(NOW, "ops")
    channel = made(kind, **signed(kind))
    first, second = (channel.build(delivered(message), NOW + timedelta(hours=hours)) for hours in (0, 70))

    if kind == "feishu":
        assert isinstance(first, Request)
        assert isinstance(second, Request)
        one, other = json.loads(first.body), json.loads(second.body)
        assert one.pop("sign") != other.pop("sign")
        assert int(other.pop("timestamp")) - int(one.pop("timestamp")) == 70 * 3600
        assert one == other
    else:
        assert texts(first) == texts(second)
        assert getattr(first, "body", None) == getattr(second, "body", None)


def test_the_address_of_dingtalk_does_not_grow() -> None:
    channel = made("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=t0ken", **signed("dingtalk"))
    message = sample.trial(NOW, "ops")

    addresses = [channel.build(delivered(message), NOW) for _ in range(3)]

    urls = {request.url.reveal() for request in addresses if isinstance(request, Request)}
    [url] = urls
    assert url.count("sign=") == url.count("timestamp=") == 1
    assert "%25" not in url


@pytest.mark.parametrize("kind", ["feishu", "dingtalk"])
def test_the_keyword_of_a_robot_stands_in_the_title(kind: str) -> None:
    outgoing = made(kind, keyword="督查通报").build(delivered(sample.trial(NOW, "ops")), NOW)

    assert any("督查通报" in text for text in texts(outgoing))


@pytest.mark.parametrize(
    ("language", "title"),
    [("zh", "新发现 · 示例市教育局 收支不平"), ("en", "new · 示例市教育局 Requests do not balance")],
)
def test_the_title_of_a_single_alert_says_what_it_is(language: str, title: str) -> None:
    outgoing = built("slack", [item()], language=language)

    assert texts(outgoing)[0].endswith(title)


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[]", b"null", b'{"type":"x"}', b'{"type":"x","data":{"alerts":[{}],"hidden":0}}', b"\xff"],
)
@pytest.mark.parametrize("kind", WORDED)
def test_a_stored_body_that_is_no_digest_cannot_be_built(kind: str, body: bytes) -> None:
    with pytest.raises(CannotBuildError):
        made(kind).build(Delivery("msg_1", "ops", body, 0, NOW), NOW)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ alert.nonsense }}", "alert.j2:1"),
        ("好\n{{ nonsense }}", "alert.j2:2"),
        ("{% if %}", "alert.j2:1"),
        ("{{ 1 / 0 }}", "alert.j2:1"),
        ("{{ none }}", "None"),
        ("{{ alert.__class__.__mro__ }}", "alert.j2:1"),
        ("{{ message.alerts.__class__ }}", "alert.j2:1"),
        ("{% include '/etc/passwd' %}", "alert.j2:1"),
        ("{% include 'alert.j2' %}", "alert.j2:1"),
        ("{% for n in range(10 ** 9) %}{% endfor %}", "alert.j2:1"),
    ],
)
def test_a_template_of_ones_own_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "alert.j2").write_text(text, encoding="utf-8")

    with pytest.raises(CannotBuildError, match=said):
        made("feishu", templates=tmp_path).build(delivered(sample.message(NOW, "ops")), NOW)


def test_a_template_of_ones_own_replaces_one_part_and_is_escaped_too(tmp_path: Path) -> None:
    (tmp_path / "alert.j2").write_text("本办：{{ alert.title }}", encoding="utf-8")
    marked = {"zh": "<at id=all>", "en": ""}

    [message] = digest.build([item(title=marked)], now=NOW)
    outgoing = made("feishu", templates=tmp_path).build(delivered(message), NOW)

    assert "本办：＜at id=all＞" in texts(outgoing)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_template_and_names_every_event(language: str) -> None:
    messages = [delivered(message) for message in sample.every_kind(NOW)]
    made_once = [made(kind, language=language) for kind in WORDED]
    words = " ".join(text for one in made_once for message in messages for text in texts(one.build(message, NOW)))

    raw = {event.value for event in Event} | {"list_empty", "error", "warning"}
    assert language == "en" or not [word for word in raw if f" {word} " in f" {words} "]


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(CannotBuildError):
        made("feishu", language="fr")


@pytest.mark.parametrize(
    "url", ["feishu://token", "lark://token", "dingtalk://token", "wecombot://key", "mailtos://a:b@c", "nonsense"]
)
def test_apprise_is_not_used_where_it_takes_a_refusal_for_success(url: str) -> None:
    with pytest.raises(channels.ChannelSettingsError):
        made("apprise", url)


def test_a_mailbox_that_would_add_headers_is_refused() -> None:
    with pytest.raises(channels.ChannelSettingsError):
        made("email", recipients=("a@b.example\r\nBcc: c@d.example",))


def test_a_page_of_a_gateway_is_not_taken_for_the_service() -> None:
    answers = [Answer(200, {"content-type": "text/html"}, "<html>统一认证登录</html>".encode())]
    with SERVICES["wecom"](answers, now=NOW.timestamp()) as service:
        outcome = send(service, made("wecom", service.url), sample.trial(NOW, "ops"))

    assert isinstance(outcome, Retry)
    assert "无法识别" in outcome.reason


def test_plain_text_keeps_figures_and_times() -> None:
    assert plain("12.5 + 1 ≠ 11  16:00\n第 3.2 节") == "12.5 + 1 ≠ 11 16:00 第 3.2 节"
