"""Secrets never show."""

import copy
import json
import pickle
import traceback
from dataclasses import dataclass
from urllib.parse import quote_plus

import pytest

from notifiers.exchange import Request
from notifiers.secret import Secret, masked, redact

HOOK = Secret("https://hooks.example/services/T0PS3CRET?key=K3Y/VALUE+1")


@dataclass(frozen=True)
class Holder:
    secret: Secret


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        "{}".format,
        "{!r}".format,
        "{0:>40}".format,
        lambda secret: repr(Holder(secret)),
        lambda secret: repr([secret]),
    ],
)
def test_no_way_of_printing_shows_a_secret(show: object) -> None:
    assert callable(show)

    assert "S3CRET" not in show(HOOK)


def test_a_request_in_a_traceback_shows_no_secret() -> None:
    request = Request(HOOK, {}, b"")
    try:
        raise RuntimeError(request)
    except RuntimeError as error:
        text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())

    assert "S3CRET" not in text


@pytest.mark.parametrize("serialise", [pickle.dumps, json.dumps, copy.deepcopy])
def test_a_secret_is_not_serialised(serialise: object) -> None:
    assert callable(serialise)

    with pytest.raises(TypeError):
        serialise(HOOK)


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        Secret("")


def test_two_hooks_of_one_host_can_be_told_apart_without_their_tokens() -> None:
    other = Secret("https://hooks.example/services/0THER")

    assert masked(HOOK).startswith("hooks.example#")
    assert masked(HOOK) != masked(other)
    assert "S3CRET" not in masked(HOOK)
    assert masked(Secret("https://[broken")).startswith("?#")


@pytest.mark.parametrize(
    "text",
    [
        HOOK.reveal(),
        "Max retries exceeded with url: /services/T0PS3CRET?key=K3Y/VALUE+1",
        "no route to T0PS3CRET",
        "key=" + quote_plus("K3Y/VALUE+1"),
        json.dumps({"url": HOOK.reveal()}),
        quote_plus(HOOK.reveal()),
    ],
)
def test_every_spelling_is_redacted(text: str) -> None:
    cleaned = redact(text, [HOOK])

    assert "S3CRET" not in cleaned
    assert "K3Y" not in cleaned
    assert "***" in cleaned


def test_innocent_words_stay() -> None:
    assert redact("HTTP 503 from hooks.example", [HOOK]) == "HTTP 503 from hooks.example"
