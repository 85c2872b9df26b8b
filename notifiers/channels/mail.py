"""Mail: plain text and HTML of the same page, in one message that looks the same on every attempt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr
from typing import Final

from notifiers.channels.address import check_address
from notifiers.channels.settings import ChannelSettingsError, Settings
from notifiers.exchange import OVERLOAD_PENALTY, Letter, Response
from notifiers.markup import HTML, PLAIN, plain
from notifiers.outbox import Delivery
from notifiers.outcome import Accepted, Delivered, Outcome, Permanent, Rerender, Retry
from notifiers.secret import Secret
from notifiers.view import Message, read
from notifiers.wording import Page, Wording

_MAILBOX: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_BREAK: Final = "\n\n"
_SMTP: Final = compat32.clone(linesep="\r\n")


class Mail:
    """``url`` is the server, ``secrets`` the password of ``username``.

    Raises ChannelSettingsError for the address, a mailbox that is none, or half a login.
    """

    type: Final = "email"
    limit: Final = 200_000  # bytes of each of the two texts; servers take megabytes, readers do not

    def __init__(self, settings: Settings) -> None:
        check_address(self.type, settings.url, ("smtps", "smtp"))
        self._sender = _mailbox(settings.sender or "")
        self._recipients = tuple(_mailbox(one) for one in settings.recipients)
        if not self._recipients:
            raise ChannelSettingsError("email 需要收件人 to / an email channel needs recipients (to)")
        if (settings.username is None) != (not settings.secrets) or len(settings.secrets) > 1:
            raise ChannelSettingsError("username 和 password 须同时给出 / username and password go together")
        self._login = (settings.username, settings.secrets[0]) if settings.username is not None else None
        self._settings = settings
        self._text, self._html = (
            Wording(form, settings.language, site=settings.site, link=settings.link, folder=settings.templates)
            for form in (PLAIN, HTML)
        )

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The password; the server's address is none."""
        return self._settings.secrets

    def build(self, delivery: Delivery, now: datetime) -> Letter:  # noqa: ARG002 - dated by its making, not its sending
        """The letter of a message: same id, same date, same bytes on every attempt. Raises CannotBuildError."""
        message = read(delivery.body, self._settings.language, self._settings.storm)
        text, html = (self._fitted(wording, message) for wording in (self._text, self._html))
        # the older interface: the newer one loses the space between an encoded word and a plain one
        parts = [MIMEText(_BREAK.join(text.pieces) + "\n", "plain", "utf-8")]
        parts.append(MIMEText(_document(html, self._settings.language), "html", "utf-8"))
        boundary = "=_" + hashlib.sha256(delivery.message_id.encode()).hexdigest()[:32]
        mail = MIMEMultipart("alternative", boundary, parts)
        mail["Subject"] = Header(plain(text.title), "utf-8", header_name="Subject").encode()
        mail["From"] = formataddr((plain(self._settings.site), self._sender))
        mail["To"] = ", ".join(self._recipients)
        mail["Date"] = format_datetime(delivery.created)
        mail["Message-ID"] = f"<{delivery.message_id}@{self._sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
        return Letter(self._settings.url, self._sender, self._recipients, mail.as_bytes(policy=_SMTP), self._login)

    def classify(self, response: Response) -> Outcome:
        """By the reply code (RFC 5321 4.2): 2 taken, 4 later, 5 never, but 552 is a matter of size."""
        code = response.status
        reason = f"SMTP {code} {plain(response.body.decode('utf-8', 'replace')[:200])}".rstrip()
        if 200 <= code < 300:
            if response.refused:
                others = f"{len(response.refused)} 个收件人被拒 / recipients refused: {', '.join(response.refused)}"
                return Accepted(f"{reason}: {others}")
            return Delivered(reason)
        if code == 552:
            return Rerender(None, reason)
        if 500 <= code < 600:
            return Permanent(reason, hold=code in {530, 534, 535, 538})
        return Retry(OVERLOAD_PENALTY if code == 421 else None, reason, hold=code == 421)

    def _fitted(self, wording: Wording, message: Message) -> Page:
        fits: Callable[[Page], bool] = lambda page: len(_BREAK.join(page.pieces).encode()) <= self.limit  # noqa: E731
        return wording.fit(message, fits)


def _mailbox(text: str) -> str:
    if not _MAILBOX.fullmatch(text):
        raise ChannelSettingsError(f"不是邮箱地址 / not a mailbox: {plain(text)!r}")
    return text


def _document(page: Page, language: str) -> str:
    body = "\n".join(f"<p>{piece}</p>" for piece in page.pieces)
    head = f'<!doctype html>\n<html lang="{language}"><meta charset="utf-8"><body>'
    return f"{head}\n<h3>{page.title}</h3>\n{body}\n</body></html>\n"
