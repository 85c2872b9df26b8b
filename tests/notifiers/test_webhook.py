"""The generic webhook channel."""

from datetime import timedelta

import pytest

from notifiers import sample
from notifiers.channels import TYPES, ChannelSettingsError, create
from notifiers.channels.settings import Settings
from notifiers.channels.webhook import Webhook
from notifiers.exchange import FaultKind, Response, TransportFault, outcome_of_fault
from notifiers.outcome import Delivered, Permanent, Rerender, Retry
from notifiers.secret import Secret
from notifiers.sign import SecretFormatError, verify
from tests.notifiers.making import NOW, delivery
from tests.notifiers.receiver import SECRET

HOOK = Webhook(Settings(Secret("https://hooks.example/services/T0PSECRET"), (Secret(SECRET),)))
BODIES = {
    "json": b'{"code":0}',
    "refusal": b'{"code":19021,"errcode":310000,"msg":"sign match fail"}',
    "html": "<html>维护中</html>".encode(),
    "empty": b"",
    "truncated": b'{"code":',
    "binary": b"\xff\xfe\x00",
}


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): text for name, text in headers.items()}, body, NOW)


def test_the_stored_bytes_are_sent_and_signed_at_the_time_of_the_attempt() -> None:
    message = delivery()
    later = NOW + timedelta(days=3)

    request = HOOK.build(message, later)

    assert request.body is message.body
    assert verify(request.headers, request.body, [Secret(SECRET)], later) == message.message_id
    assert request.headers["webhook-timestamp"] == str(int(later.timestamp()))
    assert request.headers["content-type"] == "application/json"


def test_every_attempt_has_the_same_id_and_body_but_its_own_signature() -> None:
    first, second = (HOOK.build(delivery(), NOW + timedelta(minutes=minutes)) for minutes in (0, 30))

    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize("kind", BODIES)
def test_every_status_has_an_outcome_and_only_2xx_is_delivered(kind: str) -> None:
    for status in range(100, 600):
        outcome = HOOK.classify(answer(status, BODIES[kind]))

        assert isinstance(outcome, Delivered | Retry | Permanent | Rerender), status
        assert isinstance(outcome, Delivered) == (200 <= status < 300), status
        assert str(status) in outcome.reason


@pytest.mark.parametrize("status", [408, 409, 421, 423, 425, 429, 500, 502, 503, 504, 507, 599, 100, 101])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert isinstance(HOOK.classify(answer(status)), Retry)


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 410, 415, 422, 451])
def test_what_a_person_must_change_is_permanent(status: int) -> None:
    assert isinstance(HOOK.classify(answer(status)), Permanent)


def test_a_message_that_is_too_large_is_to_be_cut() -> None:
    assert isinstance(HOOK.classify(answer(413)), Rerender)


@pytest.mark.parametrize(
    ("status", "headers", "after"),
    [
        (429, {}, timedelta(seconds=60)),
        (429, {"retry_after": "120"}, timedelta(seconds=120)),
        (429, {"retry_after": "3"}, timedelta(seconds=3)),
        (503, {"retry_after": " 7 "}, timedelta(seconds=7)),
        (503, {}, None),
        (503, {"retry_after": "soon"}, None),
        (503, {"retry_after": "-5"}, None),
        (503, {"retry_after": "²"}, None),
        (503, {"retry_after": "9" * 400}, timedelta(seconds=999_999_999)),
        (503, {"retry_after": "Sat, 31 Jan 2026 16:02:00 GMT"}, timedelta(minutes=2)),
        (503, {"retry_after": "Sat, 31 Jan 2026 15:02:00 GMT"}, timedelta()),
        (
            503,
            {"retry_after": "Sat, 31 Jan 2026 19:02:00 GMT", "date": "Sat, 31 Jan 2026 19:00:00 GMT"},
            timedelta(minutes=2),
        ),
        (503, {"retry_after": "Sat, 31 Jan 2026 99:99:99 GMT"}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    status: int, headers: dict[str, str], after: timedelta | None
) -> None:
    outcome = HOOK.classify(answer(status, b"", **headers))

    assert isinstance(outcome, Retry)
    assert outcome.after == after
    assert outcome.hold == (after is not None)


@pytest.mark.parametrize("kind", FaultKind)
def test_without_an_answer_only_our_own_refusal_is_permanent(kind: FaultKind) -> None:
    outcome = outcome_of_fault(TransportFault(kind, "detail"))

    assert isinstance(outcome, Permanent if kind is FaultKind.REFUSED else Retry)
    assert outcome.reason == f"{kind.value}: detail"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example/s3cret-t0ken",
        "hooks.example/s3cret-t0ken",
        "https:///s3cret-t0ken",
        "https://user:s3cret-t0ken@hooks.example/",
        "https://hooks.example:s3cret-t0ken/",
        "https://[s3cret-t0ken/",
        "https://hooks.example\\@evil.example/s3cret-t0ken",
        "https://hooks.example /s3cret-t0ken",
    ],
)
def test_an_address_that_cannot_work_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ChannelSettingsError) as caught:
        Webhook(Settings(Secret(url), (Secret(SECRET),)))

    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_webhook_without_a_good_secret_is_refused() -> None:
    with pytest.raises(ChannelSettingsError):
        Webhook(Settings(Secret("https://hooks.example/"), ()))
    with pytest.raises(SecretFormatError):
        Webhook(Settings(Secret("https://hooks.example/"), (Secret("hunter2"),)))


def test_channels_are_made_by_their_type() -> None:
    for kind in TYPES:
        assert create(kind, sample.settings(kind)).secrets or kind == "email"

    with pytest.raises(ChannelSettingsError, match="pigeon"):
        create("pigeon", Settings(Secret("https://hooks.example/")))
