"""tests/interop/postfix_peer.py

Postfix as a destination: a private instance with its own folders and port, which keeps every
message in a mailbox file.

Flow      postfix = Postfix(lab, port).start(); postfix.messages(); postfix.stop(). `more` are lines
          of main.cf that come last.
Failure   AssertionError with Postfix's log.
"""

import grp
import mailbox
import os
import pwd
import shutil
import socket
import subprocess

from harness import wait_until
from peers import connects, tool

MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {home}/log/maillog
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.postfix.test
mydestination =
mynetworks = 10.255.255.255/32
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = static:inbox
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 100
virtual_mailbox_limit = 0
message_size_limit = 100000000
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_tls_security_level = {tls}
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtputf8_enable = yes
alias_maps =
alias_database =
"""

MASTER = """
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    def __init__(self, lab, port, domain="postfix.test", tls="may", more=()):
        self.lab, self.port = lab, port
        self.home = lab.path / "postfix"
        owner = pwd.getpwnam("postfix")
        cert, key = lab.certificate("postfix", ("DNS:mx.postfix.test",))
        for folder in ("etc", "queue", "data", "log", "mail"):
            (self.home / folder).mkdir(parents=True)
        for folder in ("data", "mail"):
            shutil.chown(self.home / folder, owner.pw_uid, owner.pw_gid)
        (self.home / "etc" / "main.cf").write_text(MAIN.format(
            home=self.home, domain=domain, uid=owner.pw_uid, gid=grp.getgrnam("postfix").gr_gid,
            tls=tls, cert=cert, key=key) + "".join(line + "\n" for line in more))
        (self.home / "etc" / "master.cf").write_text(MASTER.format(port=f"127.0.0.1:{port}"))
        for name in ("dynamicmaps.cf", "postfix-files"):
            shutil.copy(f"/etc/postfix/{name}", self.home / "etc" / name)

    def _postfix(self, command):
        return subprocess.run([tool("postfix"), "-c", self.home / "etc", command],
                              capture_output=True, text=True, timeout=60)

    def start(self):
        # Now and then its processes wait from the start for the one that writes its log, which does
        # not come.
        for last in (False, True):
            done = self._postfix("start")
            assert done.returncode == 0, done.stderr + self.log()
            wait_until(lambda: connects("127.0.0.1", self.port), 15, "postfix to listen")
            if self._greets():
                break
            assert not last, "postfix does not greet\n" + self.log()
            self.stop()
        return self

    def _greets(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                return connection.recv(3) == b"220"
        except OSError:
            return False

    def stop(self):
        self._postfix("abort")

    def log(self):
        path = self.home / "log" / "maillog"
        return path.read_text() if path.exists() else ""

    def messages(self):
        path = self.home / "mail" / "inbox"
        if not os.path.exists(path):
            return []
        inbox = mailbox.mbox(path, create=False)
        letters = [message.as_bytes() for message in inbox]
        inbox.close()
        return letters

    def wait_for(self, count, seconds=30):
        try:
            wait_until(lambda: len(self.messages()) >= count, seconds, f"{count} messages", 0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-3000:]}")
        return self.messages()
