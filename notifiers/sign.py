"""Signatures, made and checked: Standard Webhooks 1.0, GitHub's form, and those of the chat services.

Sources: the specification in the repository standard-webhooks/standard-webhooks; the services' pages on robots.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from notifiers.secret import Secret

PREFIX: Final = "whsec_"
TOLERANCE: Final = timedelta(minutes=5)
_SHORTEST_KEY, _LONGEST_KEY = 24, 64
_ID = re.compile(r"[A-Za-z0-9_-]+")
_SECONDS = re.compile(r"[0-9]{1,11}")


GITHUB: Final = "x-hub-signature-256"


class SecretFormatError(ValueError):
    """A secret is not ``whsec_`` followed by the base64 of 24 to 64 bytes. Says what is wrong, never the secret."""


class SignatureError(ValueError):
    """A message is not to be trusted. ``code`` is missing_header, bad_timestamp, too_old, too_new or no_match."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def key_of(secret: Secret) -> bytes:
    """The signing key inside a ``whsec_`` secret. Raises SecretFormatError."""
    value = secret.reveal()
    if not value.startswith(PREFIX):
        raise SecretFormatError(f"密钥应以 {PREFIX} 开头 / the secret does not start with {PREFIX}")
    try:
        key = base64.b64decode(value.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        # the cause is dropped: its text may quote the secret
        raise SecretFormatError(f"{PREFIX} 之后不是 base64 / no base64 after {PREFIX}") from None
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise SecretFormatError(
            f"密钥应为 {_SHORTEST_KEY}-{_LONGEST_KEY} 字节，实为 {len(key)} / "
            f"the key must have {_SHORTEST_KEY}-{_LONGEST_KEY} bytes, has {len(key)}"
        )
    return key


def sign(message_id: str, at: datetime, body: bytes, secrets: Sequence[Secret]) -> dict[str, str]:
    """The three webhook headers for an attempt made at the aware instant ``at``.

    ``secrets`` is the current one first, then those being rotated out: receivers may know either.
    Raises ValueError for an id with characters outside ``[A-Za-z0-9_-]``, a naive instant, or no secret.
    """
    if not _ID.fullmatch(message_id):
        raise ValueError("a message id with characters that a signature cannot carry")
    if not secrets:
        raise ValueError("no secret to sign with")
    seconds = str(_seconds(at))
    signatures = (_signature(key_of(secret), message_id, seconds, body) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret], now: datetime) -> str:
    """The message id, if any secret signed these bytes within five minutes of ``now``. Raises SignatureError."""
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, seconds, signatures = (
            lower[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        )
    except KeyError as missing:
        raise SignatureError("missing_header", f"缺少请求头 / no header {missing.args[0]}") from None
    if not _SECONDS.fullmatch(seconds):
        raise SignatureError("bad_timestamp", "时间戳不是整数秒 / the timestamp is no whole number of seconds")
    age = now - datetime.fromtimestamp(int(seconds), UTC)
    if age > TOLERANCE:
        raise SignatureError("too_old", "时间戳过旧 / the timestamp is too old")
    if age < -TOLERANCE:
        raise SignatureError("too_new", "时间戳在未来 / the timestamp lies in the future")
    expected = [_signature(key_of(secret), message_id, seconds, body).encode() for secret in secrets]
    given = [part[3:].encode() for part in signatures.split() if part.startswith("v1,")]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise SignatureError("no_match", "签名不符 / no signature matches")
    return message_id


def sign_github(body: bytes, secret: Secret) -> dict[str, str]:
    """The header of GitHub's form: hex HMAC-SHA256 of the body alone, which does not protect against a replay."""
    return {GITHUB: "sha256=" + hmac.new(key_or_text(secret), body, hashlib.sha256).hexdigest()}


def verify_github(headers: Mapping[str, str], body: bytes, secrets: Sequence[Secret]) -> None:
    """Raises SignatureError unless any of the secrets signed these bytes."""
    given = {name.lower(): value for name, value in headers.items()}.get(GITHUB)
    if given is None:
        raise SignatureError("missing_header", f"缺少请求头 / no header {GITHUB}")
    expected = [sign_github(body, secret)[GITHUB].encode() for secret in secrets]
    if not any(hmac.compare_digest(one, given.strip().encode()) for one in expected):
        raise SignatureError("no_match", "签名不符 / no signature matches")


def key_or_text(secret: Secret) -> bytes:
    """The key inside a ``whsec_`` secret, or any other secret as it stands. Raises SecretFormatError."""
    value = secret.reveal()
    return key_of(secret) if value.startswith(PREFIX) else value.encode()


def feishu(secret: Secret, at: datetime) -> dict[str, str]:
    """``timestamp`` (seconds) and ``sign`` for the body: time and secret are the key, and the message is empty."""
    seconds = str(_seconds(at))
    digest = hmac.new(f"{seconds}\n{secret.reveal()}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": seconds, "sign": base64.b64encode(digest).decode()}


def dingtalk(secret: Secret, at: datetime) -> dict[str, str]:
    """``timestamp`` (milliseconds) and ``sign`` for the query, not yet percent-encoded: the secret is the key."""
    milliseconds = f"{_seconds(at)}{at.microsecond // 1000:03}"
    digest = hmac.new(secret.reveal().encode(), f"{milliseconds}\n{secret.reveal()}".encode(), hashlib.sha256).digest()
    return {"timestamp": milliseconds, "sign": base64.b64encode(digest).decode()}


def _seconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone signs the wrong second")
    return int(at.timestamp())


def _signature(key: bytes, message_id: str, seconds: str, body: bytes) -> str:
    signed = f"{message_id}.{seconds}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
