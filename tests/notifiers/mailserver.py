"""A mail server on loopback: TLS from the first byte or by STARTTLS, a login, and what it keeps."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class MailServer:
    """``replies`` maps the start of a command (``RCPT TO:<b``, ``DATA``), ``220`` for the greeting or ``.`` for the
    end of a letter to what is said instead of yes; ``cut`` hangs up, ``hang`` waits until the server ends.
    """

    context: ssl.SSLContext
    starttls: bool = False
    login: tuple[str, str] | None = None
    replies: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    letters: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    ending: threading.Event = field(default_factory=threading.Event)


class _HangUp(Exception):
    """The conversation is over."""


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.mail = self.server.mail
        self.mail.connections += 1
        self.sender, self.known = "", self.mail.login is None
        self.recipients: list[str] = []
        try:
            if not self.mail.starttls:
                self.encrypt()
            self.say("220", "220 mail.example ESMTP")
            while line := self.rfile.readline().decode().rstrip("\r\n"):
                self.mail.commands.append(line)
                getattr(self, f"do_{line[:4].lower()}", self.do_other)(line)
        except (_HangUp, OSError, ValueError):
            return

    def encrypt(self) -> None:
        self.request = self.mail.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)

    def say(self, command: str, *lines: str) -> bool:
        """Answer a command; whether it was with yes."""
        scripted = next((said for start, said in self.mail.replies.items() if command.startswith(start)), None)
        if scripted == "hang":
            self.mail.ending.wait(30)
        if scripted in {"cut", "hang"}:
            raise _HangUp
        for line in (scripted,) if scripted is not None else lines:
            self.wfile.write(f"{line}\r\n".encode())
        return scripted is None

    def do_other(self, line: str) -> None:
        self.say(line, "250 ok")

    def do_ehlo(self, line: str) -> None:
        encrypted = isinstance(self.request, ssl.SSLSocket)
        self.say(line, "250-mail.example", "250 AUTH PLAIN" if encrypted else "250 STARTTLS")

    def do_star(self, line: str) -> None:
        if self.say(line, "220 go on"):
            self.encrypt()

    def do_auth(self, line: str) -> None:
        name, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")[1:]
        self.known = (name, password) == self.mail.login
        # servers have been seen that repeat what they were told
        self.say(line, "235 ok" if self.known else f"535 5.7.8 bad password {password}")

    def do_mail(self, line: str) -> None:
        self.sender = line
        safe = self.known and isinstance(self.request, ssl.SSLSocket)
        self.say(line, "250 ok" if safe else "530 5.7.0 encryption and login needed")

    def do_rcpt(self, line: str) -> None:
        if self.say(line, "250 ok"):
            self.recipients.append(line)

    def do_data(self, line: str) -> None:
        if not self.say(line, "354 go on"):
            return
        body = b"".join(iter(self.rfile.readline, b".\r\n"))
        if self.say(".", "250 2.0.0 queued"):
            self.mail.letters.append((self.sender, self.recipients, body))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    mail: MailServer


@contextmanager
def mail_server(mail: MailServer) -> Iterator[MailServer]:
    """Serve until the block ends."""
    with _Server(("127.0.0.1", 0), _Conversation) as listener:
        listener.mail = mail
        mail.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield mail
        finally:
            mail.ending.set()
            listener.shutdown()
            thread.join(5)
