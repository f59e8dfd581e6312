#!/usr/bin/env python3
"""The real daemon and a real Dovecot: a mail is a durable message within a second
and a half though the interval is an hour (Dovecot itself waits half a second
before it tells), and a network that falls silent without closing anything is
found and left. Dovecot and Proxy serve the benchmark too.

    tests/e2e/mailbox.py --build BUILD
"""
import argparse
import asyncio
import base64
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Daemon, Rig, end_with_us, expect, wait_for  # noqa: E402

CONFIG = """\
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 0
mail_location = maildir:{dir}/mail/%u
auth_mechanisms = plain xoauth2 oauthbearer
auth_failure_delay = 0
passdb {{
  driver = static
  mechanisms = plain
  args = password=rahasia
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {dir}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


# Tokens are checked by Dovecot itself, against a key in a file.
TOKENS = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={dir}/keys/
username_attribute = sub
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Dovecot:
    """As an ordinary user; any user logs in with the password "rahasia", or with a
    token that bears his name, signed with `key` (HS256)."""

    key = "kunci-uji-256-bit-untuk-jembatan"

    def __init__(self):
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="jembatan-dovecot-"))
        self.port, self.count = free_port(), 0
        group = subprocess.run(["getent", "group", str(self.user.pw_gid)], check=True,
                               stdout=subprocess.PIPE, text=True).stdout.split(":")[0]
        self.own(self.dir)
        (self.dir / "dovecot.conf").write_text(CONFIG.format(
            dir=self.dir, user=self.user.pw_name, group=group, uid=self.user.pw_uid,
            gid=self.user.pw_gid, port=self.port))
        key = self.dir / "keys" / "default" / "HS256" / "default"
        key.parent.mkdir(parents=True)
        key.write_text(base64.b64encode(self.key.encode()).decode())
        (self.dir / "oauth2.conf").write_text(TOKENS.format(dir=self.dir))
        for path in [*self.dir.iterdir(), *(self.dir / "keys").rglob("*")]:
            self.own(path)
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c",
                                         str(self.dir / "dovecot.conf")],
                                        stderr=subprocess.DEVNULL, preexec_fn=self.become)
        wait_for("Dovecot", lambda: answers(self.port))

    def own(self, path):
        os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def become(self):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)
        end_with_us()

    def drop(self, user, *mails):
        box = self.dir / "mail" / user
        for path in (self.dir / "mail", box, box / "new", box / "cur", box / "tmp"):
            if not path.exists():
                path.mkdir(mode=0o700)
                self.own(path)
        for mail in mails:
            self.count += 1
            path = box / "tmp" / ("%010d.uji" % self.count)
            path.write_bytes(mail)
            self.own(path)
            path.rename(box / "new" / path.name)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.dir, ignore_errors=True)


class Proxy:
    """Between a client and a port: bytes wait `delay_ms` each way. It can fall
    silent: the connections stay open, and nothing passes any more; connections
    made after that pass."""

    def __init__(self, to, delay_ms=0):
        self.to, self.delay = to, delay_ms / 1000
        self.silent = set()
        self.open = set()
        self.loop = asyncio.new_event_loop()
        self.port = free_port()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait(10)

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", self.port,
                                                          limit=1 << 20))
        ready.set()
        self.loop.run_forever()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))

    async def serve(self, reader, writer):
        me = object()
        self.open.add(me)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to,
                                                                   limit=1 << 20)
            await asyncio.gather(self.pump(me, reader, far_writer),
                                 self.pump(me, far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.open.discard(me)

    async def pump(self, me, reader, writer):
        queue = asyncio.Queue()
        passing = asyncio.ensure_future(self.pass_on(me, queue, writer))
        while True:
            piece = await reader.read(1 << 18)
            await queue.put((self.loop.time() + self.delay, piece))
            if not piece:
                break
        await passing

    async def pass_on(self, me, queue, writer):
        while True:
            due, piece = await queue.get()
            if due > self.loop.time():
                await asyncio.sleep(due - self.loop.time())
            if me in self.silent:
                continue
            if not piece:
                writer.close()
                return
            writer.write(piece)
            await writer.drain()

    def fall_silent(self):
        self.silent |= self.open

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


def mail(number, filler=""):
    return ("From: Warga {0} <warga{0}@contoh.invalid>\r\nTo: lapor@dinas-contoh.invalid\r\n"
            "Subject: Keluhan nomor {0}\r\nMessage-ID: <surat-{0}@contoh.invalid>\r\n"
            "Date: Sat, 21 Nov 2026 10:00:00 +0700\r\n\r\n"
            "Jalan nomor {0} rusak berat dan mohon diperbaiki segera.\r\n{1}"
            ).format(number, filler).encode()


def instance(rig, port, **options):
    return {"connector": "email", "push": "review", "start": "all", "every": "1h",
            "options": dict({"url": "imap://127.0.0.1:%d" % port, "user": "warga", "tls": "none",
                             "password": rig.secret("surat.password", "rahasia")}, **options)}


def test(build):
    dovecot = Dovecot()
    proxy = Proxy(dovecot.port)
    rig = Rig(build, {}, {})
    try:
        dovecot.drop("warga", mail(1))
        rig.write_instance("surat", instance(rig, proxy.port, timeout="1s", idle_silence="2s"))
        daemon = Daemon(rig).start()
        rig.stoppers.append(daemon.stop)
        stored = lambda n: rig.status()["messages"] >= n  # noqa: E731
        watching = lambda: rig.status("instance", "surat")["watching"]  # noqa: E731
        wait_for("the first mail", lambda: stored(1))
        for number in range(2, 6):
            wait_for("the wait for mail", watching)
            begun = time.monotonic()
            dovecot.drop("warga", mail(number))
            wait_for("mail %d" % number, lambda: stored(number), 10, 0.01)
            took = time.monotonic() - begun
            print("mail %d: durable after %.2f s" % (number, took))
            expect(took < 1.5, "mail %d took %.2f s" % (number, took))
        wait_for("the wait for mail", watching)
        proxy.fall_silent()
        begun = time.monotonic()
        dovecot.drop("warga", mail(6))
        wait_for("the mail behind a silent network", lambda: stored(6), 10, 0.01)
        print("a silent network: found and left after %.2f s" % (time.monotonic() - begun))
        daemon.process.send_signal(signal.SIGTERM)
        expect(daemon.wait_end(10) == 0, "the daemon did not end well while it waited for mail")
    finally:
        rig.close()
        proxy.stop()
        dovecot.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    test(parser.parse_args().build)
    print("mailbox: passed")


if __name__ == "__main__":
    main()
