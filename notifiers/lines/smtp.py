"""Mail: one SMTP conversation per letter, always encrypted, over a vetted connection."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from notifiers.exchange import FaultKind, Letter
from notifiers.lines.dial import Dialler, Fault, fault_of, late

_PORTS: Final = {"smtps": 465, "smtp": 587}


class SmtpLine:
    """``smtps://`` is encrypted from the first byte (RFC 8314), ``smtp://`` by STARTTLS, without which it ends."""

    def __init__(self, dialler: Dialler, ca_bundle: str | None) -> None:
        self._dialler = dialler
        self._context = ssl.create_default_context(cafile=ca_bundle)

    def send(self, letter: Letter) -> tuple[int, dict[str, str], bytes, Sequence[str]]:
        """Reply code, nothing, the reply's text, and the recipients refused although others were not. Raises Fault."""
        address = urlsplit(letter.url.reveal())
        port = address.port or _PORTS[address.scheme]
        session = _Session(self._dialler, self._context if address.scheme == "smtps" else None, letter.sender)
        with self._dialler.deadline(lambda: session.sock) as expired:
            try:
                code, text, refused = self._converse(session, address.hostname or "", port, letter)
            # causes are dropped on purpose: the text of an authentication failure may hold the user name
            except smtplib.SMTPRecipientsRefused as error:
                code, text = next(iter(error.recipients.values()))
                refused = ()
            except smtplib.SMTPResponseException as error:
                raw = error.smtp_error
                code, text, refused = error.smtp_code, raw if isinstance(raw, bytes) else raw.encode(), ()
            except smtplib.SMTPNotSupportedError:
                raise Fault(FaultKind.TLS, "服务器不支持 STARTTLS 或登录 / no STARTTLS or no login") from None
            except (smtplib.SMTPException, OSError, ValueError) as error:
                raise fault_of(error, expired=expired.is_set()) from None
            finally:
                session.close()
            if expired.is_set() and code != 250:
                raise late()
        return code, {}, text, refused

    def close(self) -> None:
        """Nothing is kept: servers close idle conversations within minutes."""

    def _converse(self, session: _Session, host: str, port: int, letter: Letter) -> tuple[int, bytes, Sequence[str]]:
        code, text = session.connect(host, port)
        if code != 220:
            return code, text, ()
        session.ehlo_or_helo_if_needed()
        if not session.encrypted:
            session.starttls(context=self._context)
            session.ehlo_or_helo_if_needed()
        if letter.login is not None:
            session.login(letter.login[0], letter.login[1].reveal())
        refused = session.sendmail(letter.sender, list(letter.recipients), letter.body)
        # The server has the letter: what it says to a farewell changes nothing, so none is said.
        return 250, b"OK", tuple(refused)


class _Session(smtplib.SMTP):
    """Connects by the dialler, under the name that the certificate must show."""

    def __init__(self, dialler: Dialler, context: ssl.SSLContext | None, sender: str) -> None:
        self._dialler = dialler
        self._context = context
        # the name after HELO: without one the machine's own would be looked up, and told
        super().__init__(local_hostname=sender.rpartition("@")[2], timeout=dialler.limits.read)

    @property
    def encrypted(self) -> bool:
        return isinstance(self.sock, ssl.SSLSocket)

    # the hook by which the library's own SMTP_SSL makes its connection
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._host = host  # what starttls checks the certificate against
        connected = self._dialler.connect(host, port)
        connected.settimeout(timeout)
        self.sock = connected  # so that the deadline can break a handshake that never ends
        return connected if self._context is None else self._context.wrap_socket(connected, server_hostname=host)
