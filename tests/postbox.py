"""A real SMTP server on loopback that keeps what it is sent, so that a test reads people's mail."""

from __future__ import annotations

import html
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import cast

WAIT_S = 15.0


class Postbox(ThreadingTCPServer):
    """Takes every message (RFC 5321, without extensions) and hands it out by its recipient."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self._mails: list[tuple[str, EmailMessage]] = []
        self._arrived = threading.Condition()

    @property
    def address(self) -> str:
        """Where it listens, as ``host:port``."""
        return f"127.0.0.1:{self.server_address[1]}"

    def deliver(self, to: str, content: bytes) -> None:
        message = message_from_bytes(content, policy=policy.default)
        with self._arrived:
            self._mails.append((to.lower(), message))
            self._arrived.notify_all()

    def count(self, to: str) -> int:
        """Return how many messages somebody has had."""
        with self._arrived:
            return sum(recipient == to for recipient, _ in self._mails)

    def page_for(self, to: str, number: int = 1) -> str:
        """Return the HTML of somebody's ``number``-th message, once it has arrived."""
        deadline = time.monotonic() + WAIT_S
        with self._arrived:
            while True:
                theirs = [mail for recipient, mail in self._mails if recipient == to]
                if len(theirs) >= number:
                    break
                left_s = deadline - time.monotonic()
                assert left_s > 0, f"No message number {number} for {to} within {WAIT_S} s."
                self._arrived.wait(left_s)
        body = theirs[number - 1].get_body(("html",))
        assert body is not None
        return str(body.get_content())

    def link_for(self, to: str, number: int = 1) -> str:
        """Return the address that the link in a message leads to."""
        found = re.search(r'href="([^"]+)"', self.page_for(to, number))
        assert found
        return html.unescape(found.group(1))

    def code_for(self, to: str, number: int = 1) -> str:
        """Return the code in a message."""
        found = re.search(r"<strong>(\d{6})</strong>", self.page_for(to, number))
        assert found
        return found.group(1)


class _Conversation(StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 postbox")
        recipients: list[str] = []
        while line := self.rfile.readline().decode("utf-8", "replace").strip():
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            if verb == "RCPT":
                recipients += re.findall(r"<([^>]+)>", line)
            if verb == "DATA":
                self._say("354 go on")
                content = self._read_message()
                for recipient in recipients:
                    cast(Postbox, self.server).deliver(recipient, content)
                recipients = []
            self._say("250 ok")

    def _read_message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def open_postbox() -> Iterator[Postbox]:
    """Serve a postbox until the block ends."""
    with Postbox() as postbox:
        threading.Thread(target=postbox.serve_forever, daemon=True).start()
        yield postbox
        postbox.shutdown()
