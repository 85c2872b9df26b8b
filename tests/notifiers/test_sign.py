"""Signatures of Standard Webhooks 1.0."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.secret import Secret
from notifiers.sign import SecretFormatError, SignatureError, key_of, sign, verify

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
