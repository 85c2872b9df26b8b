"""Mail over a server on loopback that wants encryption and a login, as a real one does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from notifiers import sample
from notifiers.channels import Settings, create
from notifiers.exchange import FaultKind, Letter, Response, TransportFault
from notifiers.outbox import Delivery
from notifiers.outcome import Accepted, Delivered, Outcome, Permanent, Rerender, Retry
from notifiers.secret import Secret
from notifiers.transport import Limits, Transport
from tests.notifiers.certificates import certificate
from tests.notifiers.mailserver import MailServer, mail_server
from tests.notifiers.making import NOW

PASSWORD = "T0PS3CRET-mail"
TO = ("office@city.example", "leader@city.example")


@contextmanager
def office(
    folder: Path, *, starttls: bool = False, replies: Mapping[str, str] | None = None, name: str = "mail.example"
) -> Iterator[tuple[MailServer, Transport]]:
    context, bundle, _ = certificate(folder, name)
    mail = MailServer(context, starttls=starttls, login=("audit", PASSWORD), replies=replies or {})
    line = Transport(
        {"ops": ["127.0.0.0/8"]},
        lambda: NOW,
        resolver=lambda _host, _port: ["127.0.0.1"],
        limits=Limits(1, 1, 3),
        ca_bundles={"ops": str(bundle)},
    )
    with mail_server(mail):
        yield mail, line


def send(mail: MailServer, line: Transport, *, password: str = PASSWORD) -> Outcome | TransportFault:
    scheme = "smtp" if mail.starttls else "smtps"
    channel = create(
        "email",
        Settings(
            Secret(f"{scheme}://mail.example:{mail.port}"),
            (Secret(password),),
            site="示例市政务公开监测",
            username="audit",
            sender="audit@city.example",
            recipients=TO,
        ),
    )
    message = sample.message(NOW, "ops")
    answer = line.send("ops", channel.build(Delivery(message.message_id, "ops", message.body, 0, NOW), NOW))
    return channel.classify(answer) if isinstance(answer, Response) else answer


@pytest.mark.parametrize("starttls", [False, True])
def test_a_letter_arrives_encrypted_and_readable(tmp_path: Path, starttls: bool) -> None:
    with office(tmp_path, starttls=starttls) as (mail, line):
        outcome = send(mail, line)

    assert isinstance(outcome, Delivered)
    [(sender, recipients, raw)] = mail.letters
    letter = message_from_bytes(raw, policy=default)
    assert sender.startswith("mail FROM:<audit@city.example>")
    assert [one.partition("<")[2].rstrip(">") for one in recipients] == list(TO)
    assert letter["subject"].startswith("示例市政务公开监测：新发现 1")
    assert letter["from"].addresses[0].display_name == "示例市政务公开监测"
    assert letter["auto-submitted"] == "auto-generated"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert "疑似：12 + 1 ≠ 11 + 1" in letter.get_body(("plain",)).get_content()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


def test_two_attempts_are_the_same_letter(tmp_path: Path) -> None:
    with office(tmp_path) as (mail, line):
        send(mail, line)
        send(mail, line)

    [first, second] = [raw for _, _, raw in mail.letters]
    assert first == second


def test_no_password_goes_over_a_line_that_is_not_encrypted(tmp_path: Path) -> None:
    with office(tmp_path, starttls=True, replies={"STARTTLS": "454 not now"}) as (mail, line):
        outcome = send(mail, line)

    assert isinstance(outcome, Retry)
    assert not [command for command in mail.commands if command.upper().startswith(("AUTH", "MAIL"))]


@pytest.mark.parametrize("starttls", [False, True])
def test_a_certificate_of_another_name_ends_it(tmp_path: Path, starttls: bool) -> None:
    with office(tmp_path, starttls=starttls, name="other.example") as (mail, line):
        outcome = send(mail, line)

    assert isinstance(outcome, TransportFault)
    assert outcome.kind is FaultKind.TLS
    assert mail.letters == []


def test_a_wrong_password_is_for_a_person_and_is_not_repeated(tmp_path: Path) -> None:
    with office(tmp_path) as (mail, line):
        outcome = send(mail, line, password="T0PS3CRET-old")

    assert isinstance(outcome, Permanent)
    assert outcome.hold


@pytest.mark.parametrize(
    ("replies", "wanted"),
    [
        ({"220": "554 no service here"}, Permanent),
        ({"220": "421 too busy"}, Retry),
        ({"220": "<html>"}, Retry),
        ({"mail FROM": "452 disk full"}, Retry),
        ({"mail FROM": "550 sender rejected"}, Permanent),
        ({"rcpt TO:": "550 no such user"}, Permanent),
        ({"rcpt TO:": "451 greylisted"}, Retry),
        ({"rcpt TO:<leader": "550 no such user"}, Accepted),
        ({"data": "554 no"}, Permanent),
        ({".": "552 too large"}, Rerender),
        ({".": "451 later"}, Retry),
    ],
)
def test_what_the_server_says_becomes_an_outcome(tmp_path: Path, replies: Mapping[str, str], wanted: type) -> None:
    with office(tmp_path, replies=replies) as (mail, line):
        outcome = send(mail, line)

    assert type(outcome) is wanted, outcome
    assert not isinstance(outcome, Accepted) or "leader@city.example" in outcome.reason


@pytest.mark.parametrize(
    ("replies", "kind"),
    [
        ({"220": "cut"}, FaultKind.TRUNCATED),
        ({"220": "hang"}, FaultKind.TIMEOUT),
        ({"data": "cut"}, FaultKind.TRUNCATED),
        ({".": "cut"}, FaultKind.TRUNCATED),
        ({".": "hang"}, FaultKind.TIMEOUT),
    ],
)
def test_a_server_that_dies_or_hangs_is_a_fault(tmp_path: Path, replies: Mapping[str, str], kind: FaultKind) -> None:
    with office(tmp_path, replies=replies) as (mail, line):
        outcome = send(mail, line)

    assert isinstance(outcome, TransportFault), outcome
    assert outcome.kind is kind


def test_no_byte_goes_to_a_private_mail_server_that_is_not_allowed(tmp_path: Path) -> None:
    context, _, _ = certificate(tmp_path, "mail.example")
    letter = Letter(Secret("smtps://mail.example"), "a@b.example", ("c@d.example",), b"")
    with mail_server(MailServer(context)) as mail:
        line = Transport({"ops": []}, lambda: NOW, resolver=lambda _host, _port: ["127.0.0.1"])
        faults = [
            line.send("ops", letter),
            line.send("ops", Letter(Secret(f"smtp://127.0.0.1:{mail.port}"), letter.sender, letter.recipients, b"")),
        ]

    assert [fault.kind for fault in faults if isinstance(fault, TransportFault)] == [FaultKind.REFUSED] * 2
    assert mail.connections == 0
