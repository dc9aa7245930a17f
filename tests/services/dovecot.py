"""A real IMAP server: Debian's dovecot in a folder of its own, over TLS, with one mailbox."""

import getpass
import imaplib
import os
import shutil
import signal
import ssl
from pathlib import Path
from typing import Any

from tests.desk import free_port
from tests.services.certificates import Certificates
from tests.services.process import Process, program

USER, PASSWORD = "support", "a-long-password"


class Dovecot:
    """The server as tests start it; nobody else's dovecot is touched."""

    def __init__(self, folder: Path, certificates: Certificates, introspection_url: str = "") -> None:
        """`introspection_url` says which access tokens are good (RFC 7662)."""
        self.port = free_port()
        self._introspection_url = introspection_url
        self._folder, self._authority = folder / "dovecot", certificates.authority
        self._folder.mkdir()
        self.home = self._folder / "home"
        self.home.mkdir()
        binary = program("dovecot-imapd", "dovecot", "/usr/sbin")
        self._conf = self._folder / "dovecot.conf"
        self._conf.write_text(self._configured(certificates))
        for path in (folder, self._folder, self.home):
            path.chmod(0o777)
        # Whoever reads mail is no root.
        if os.geteuid() == 0:
            shutil.chown(self.home, "mail", "mail")
        self._process = Process([binary, "-F", "-c", self._conf], folder / "dovecot.out")
        self.settings: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "tls": True,
            "ca": certificates.authority,
        }

    def _configured(self, certificates: Certificates) -> str:
        root = os.geteuid() == 0
        user = "mail" if root else getpass.getuser()
        own = "" if root else f"default_internal_user = {user}\ndefault_login_user = {user}\n"
        unchrooted = "" if root else "service anvil {\n  chroot =\n}\nservice imap-login {\n  chroot =\n}\n"
        return f"""
protocols = imap
base_dir = {self._folder}/run
state_dir = {self._folder}/state
log_path = {self._folder}/log
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificates.certificate}
ssl_key = <{certificates.key}
mail_location = maildir:{self.home}/Maildir
mail_uid = {user}
mail_gid = {user}
first_valid_uid = 1
auth_mechanisms = plain login{" xoauth2" if self._introspection_url else ""}
disable_plaintext_auth = no
{own}{unchrooted}
{self._oauth()}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={self.home}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {self.port}
    ssl = yes
  }}
}}
"""

    def _oauth(self) -> str:
        if not self._introspection_url:
            return ""
        asks = self._folder / "oauth2.conf"
        asks.write_text(
            f"introspection_url = {self._introspection_url}\nintrospection_mode = post\n"
            "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
        )
        return f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {asks}\n}}"

    def start(self) -> None:
        """Start it and wait until it lets us in."""
        self._process.start(self._ready)

    def stop(self) -> None:
        """End it."""
        self._process.kill()

    def restart(self) -> None:
        """Let it say goodbye (BYE) to whoever is connected, and start it again."""
        os.kill(self._process.pid, signal.SIGTERM)
        self._process.ended()
        self.start()

    def deliver(self, raw: bytes) -> None:
        """Put a mail into the mailbox."""
        with self.connected() as box:
            assert box.append("INBOX", None, None, raw)[0] == "OK"

    def rebuild(self) -> None:
        """Give the mailbox another UIDVALIDITY, as a restored backup has."""
        for file in self.home.glob("Maildir/dovecot*"):
            file.unlink()
        uids = self.home / "Maildir/dovecot-uidlist"
        uids.write_text("3 V4242 N1 G0123456789abcdef0123456789abcdef\n")
        if os.geteuid() == 0:
            shutil.chown(uids, "mail", "mail")

    def flags(self) -> list[bytes]:
        """What is marked of each mail."""
        with self.connected() as box:
            box.select("INBOX", readonly=True)
            return [part for part in box.fetch("1:*", "(FLAGS)")[1] if isinstance(part, bytes)]

    def connected(self) -> imaplib.IMAP4_SSL:
        """A connection of the test's own, signed in."""
        context = ssl.create_default_context(cadata=self._authority)
        box = imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=context, timeout=10)
        box.login(USER, PASSWORD)
        return box

    def _ready(self) -> bool:
        try:
            with self.connected():
                return True
        except (OSError, imaplib.IMAP4.error):
            return False
