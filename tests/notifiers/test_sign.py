"""Signatures of Standard Webhooks 1.0, of GitHub's form and of the chat services."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.secret import Secret
from notifiers.sign import (
    SecretFormatError,
    SignatureError,
    dingtalk,
    feishu,
    key_of,
    sign,
    sign_github,
    verify,
    verify_github,
)

CURRENT = Secret("whsec_b3ZlcnNpZ2h0LW9mZmljZS1kZW1vLWtleS0zMmJ5dGU=")
PREVIOUS = Secret("whsec_cHJldmlvdXMtb2ZmaWNlLWRlbW8ta2V5LTMyYnl0ZXM=")
MESSAGE = "msg_30a8e56c6919dea7bae1392e"
AT = datetime.fromtimestamp(1769875200, UTC)
BODY = (
    '{"type":"audit.alert.opened","timestamp":"2026-01-31T16:00:00Z","data":{"alert_id":"al_69b25c0fa12b546d",'
    '"rule":"late_filing","organ":"赣州经开区党群工作部","year":2025}}'
).encode()


def test_the_vector_of_the_project() -> None:
    headers = sign(MESSAGE, AT, BODY, [CURRENT])

    assert headers == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1769875200",
        "webhook-signature": "v1,btHtM+NvNxH71mv3UqvD6tZGpvnGAFp1Oi/DeZU6CVE=",
    }


def test_while_rotating_both_keys_sign() -> None:
    headers = sign(MESSAGE, AT, BODY, [CURRENT, PREVIOUS])

    assert headers["webhook-signature"] == (
        "v1,btHtM+NvNxH71mv3UqvD6tZGpvnGAFp1Oi/DeZU6CVE= v1,wOEmK2wafcEB89FbCSMjvALbszssvu+8he3KbRF6UXE="
    )
    assert verify(headers, BODY, [PREVIOUS], AT) == MESSAGE
    assert verify(headers, BODY, [CURRENT], AT) == MESSAGE


def test_the_well_known_vector_of_the_specification() -> None:
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)

    headers = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [secret])

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_instant_signs_the_same_second_in_every_time_zone() -> None:
    shanghai = AT.astimezone(timezone(timedelta(hours=8)))

    assert sign(MESSAGE, shanghai, BODY, [CURRENT]) == sign(MESSAGE, AT, BODY, [CURRENT])


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        sign(MESSAGE, AT.replace(tzinfo=None), BODY, [CURRENT])


@pytest.mark.parametrize("message_id", ["", "msg.1", "msg 1", "msg\n1"])
def test_an_id_that_would_blur_the_signed_text_is_refused(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        sign(message_id, AT, BODY, [CURRENT])


@pytest.mark.parametrize("text", ["plain", "whsec_", "whsec_%%%", "whsec_c2hvcnQ=", "whsec_" + "A" * 120])
def test_a_secret_of_another_shape_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(SecretFormatError) as caught:
        key_of(Secret(text))

    assert text not in str(caught.value) or text == "whsec_"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"webhook-signature": None}, "missing_header"),
        ({"webhook-id": None}, "missing_header"),
        ({"webhook-timestamp": None}, "missing_header"),
        ({"webhook-timestamp": "yesterday"}, "bad_timestamp"),
        ({"webhook-timestamp": "1" * 40}, "bad_timestamp"),
        ({"webhook-timestamp": "1769875201"}, "no_match"),
        ({"webhook-id": "msg_other"}, "no_match"),
        ({"webhook-signature": "rubbish"}, "no_match"),
        ({"webhook-signature": "v1,"}, "no_match"),
        ({"webhook-signature": "v2,btHtM+NvNxH71mv3UqvD6tZGpvnGAFp1Oi/DeZU6CVE="}, "no_match"),
        ({"webhook-signature": "v1,签名"}, "no_match"),
    ],
)
def test_a_message_that_was_touched_is_refused(change: dict[str, str | None], code: str) -> None:
    signed: dict[str, str | None] = {**sign(MESSAGE, AT, BODY, [CURRENT]), **change}
    headers = {name: value for name, value in signed.items() if value is not None}

    with pytest.raises(SignatureError) as caught:
        verify(headers, BODY, [CURRENT], AT)

    assert caught.value.code == code


@pytest.mark.parametrize(("seconds", "code"), [(301, "too_old"), (-301, "too_new")])
def test_a_replay_after_five_minutes_is_refused(seconds: int, code: str) -> None:
    headers = sign(MESSAGE, AT, BODY, [CURRENT])

    with pytest.raises(SignatureError) as caught:
        verify(headers, BODY, [CURRENT], AT + timedelta(seconds=seconds))

    assert caught.value.code == code


@given(body=st.binary(max_size=200), flip=st.integers(min_value=0))
def test_any_changed_byte_breaks_the_signature(body: bytes, flip: int) -> None:
    headers = sign(MESSAGE, AT, body, [CURRENT])
    place = flip % (len(body) + 1)
    changed = body[:place] + bytes([body[place] ^ 1 if place < len(body) else 0]) + body[place + 1 :]

    assert verify({name.upper(): value for name, value in headers.items()}, body, [CURRENT], AT) == MESSAGE
    with pytest.raises(SignatureError):
        verify(headers, changed, [CURRENT], AT)


def test_the_services_own_forms_give_their_known_signatures() -> None:
    """Worked out by hand from the services' descriptions for the first second of February 2026 in China."""
    assert feishu(Secret("feishu-demo-secret"), AT) == {
        "timestamp": "1769875200",
        "sign": "Nv+e4apdlKxwqspuHR+QltIH8SNbq5kXv50bNLHr6BY=",
    }
    assert dingtalk(Secret("SECdemo0123456789abcdef"), AT) == {
        "timestamp": "1769875200000",
        "sign": "kFBIgObR1XCyYcWCtnYuWfsfAPq/S22I1+lpMGI5aL8=",
    }
    assert sign_github(BODY, CURRENT) == {
        "x-hub-signature-256": "sha256=6953074eb48723a5a8b81fb30ec3f3a4ab420c49b6e8315a77b4493f6a35d778"
    }


def test_milliseconds_keep_their_zeros() -> None:
    at = datetime(2026, 1, 31, 16, 0, 0, 7_000, tzinfo=UTC)

    assert dingtalk(Secret("s"), at)["timestamp"] == "1769875200007"


@pytest.mark.parametrize("make", [feishu, dingtalk])
def test_an_instant_without_a_zone_is_not_signed(make: Callable[[Secret, datetime], object]) -> None:
    with pytest.raises(ValueError, match="time zone"):
        make(Secret("s"), datetime(2026, 1, 31, 16))  # noqa: DTZ001 - the point


def test_a_github_signature_is_checked_against_every_secret() -> None:
    headers = {"X-Hub-Signature-256": sign_github(b"body", Secret("any text at all"))["x-hub-signature-256"]}

    verify_github(headers, b"body", [Secret("new"), Secret("any text at all")])
    for found, body in ((headers, b"other"), ({}, b"body"), ({"x-hub-signature-256": "sha256=é"}, b"body")):
        with pytest.raises(SignatureError):
            verify_github(found, body, [Secret("any text at all")])
