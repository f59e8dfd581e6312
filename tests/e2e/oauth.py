#!/usr/bin/env python3
"""An account consents by `jembatan oauth`, against real processes: the page is opened,
the address is pasted and not shown, polls go on by themselves, also after kill -9;
code and tokens are nowhere to be read."""
import os
import pathlib
import pty
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from mailbox import Dovecot, mail  # noqa: E402
from rig import Centre, Clock, Daemon, Fake, Rig, elsewhere, end_with_us, expect, main, wait_for  # noqa: E402

class Consenting(Fake):
    def ended(self, page):
        """Where a browser ends that opens this page and agrees."""
        self.ask("/_browse", {"url": page})
        return self.state()["ended"]


class Network(Consenting):
    def __init__(self):
        super().__init__("x.py", "--token", "tidak-dipakai")

    def mention(self, number):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        self.ask("/_post", {"post": {"id": str(number), "author_id": "901", "created_at": stamp,
                                     "edit_history_tweet_ids": [str(number)],
                                     "text": "@lapor_contoh #lapor " + elsewhere(number)},
                            "user": {"id": "901", "name": "Sumbi", "username": "sumbi"}})


def consent(rig, instance, answer_of):
    """The command with somebody at its terminal: its code, and all that is shown."""
    ours, theirs = pty.openpty()
    command = subprocess.Popen(
        [str(rig.build / "jembatan"), "--config", str(rig.config), "oauth", instance], stdin=theirs,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=rig.environment(), preexec_fn=end_with_us)
    os.close(theirs)
    shown = b""
    page = None
    while page is None and command.poll() is None:
        line = command.stdout.readline()
        shown += line
        page = line.decode().strip() if line.startswith(b"https://") else None
    expect(page is not None, "no page: %s" % shown)
    while b"Enter: " not in shown:
        shown += command.stdout.read(1)
    os.write(ours, answer_of(page).encode() + b"\n")
    shown += command.stdout.read()
    code = command.wait(30)
    os.set_blocking(ours, False)
    try:
        shown += os.read(ours, 65536)
    except OSError:
        pass
    os.close(ours)
    return code, shown.decode()


def nothing_lies_open(rig, secrets):
    log = rig.log_text()
    expect(not [s for s in secrets if s in log], "a secret is in the log")
    for path in rig.data.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            expect(not [s for s in secrets if s.encode() in held], "a secret lies open in %s" % path.name)


def begin(rig, name, entry, env=None):
    """The daemon, which says what to do, and takes no other address than the page's."""
    centre = Centre(rig)
    rig.stoppers.append(centre.stop)
    rig.write_config(centre.settings, {name: dict(entry, start="all", every="1s")})
    checked = rig.command("check")
    expect(checked.returncode == 0, "check: %s" % (checked.stdout + checked.stderr))
    daemon = Daemon(rig, env).start()
    wait_for("the alarm", lambda: any("jembatan oauth " + name in a for a in rig.alarms(name)) or None, 30)
    code, shown = consent(rig, name, lambda page: "https://localhost/?state=lain&code=kode-uji")
    expect(code != 0 and "begin anew" in shown, "a forged address was taken: %d %s" % (code, shown))
    return daemon


def agree(rig, name, peer):
    code, shown = consent(rig, name, peer.ended)
    expect(code == 0 and "has consented" in shown, "%d %s" % (code, shown))
    expect("kode-uji" not in shown and "state=" in shown, "the address was shown: %s" % shown)


def x(rig):
    network = Network()
    rig.stoppers.append(network.stop)
    daemon = begin(rig, "x", {"connector": "social", "push": "auto", "options": {
        "network": "x", "url": network.url, "client_id": "aplikasi",
        "client_secret": rig.secret("client", "rahasia-uji")}})
    code, shown = consent(rig, "x", lambda page: "")
    expect(code != 0, "nothing was taken for an address")
    agree(rig, "x", network)
    network.mention(501)
    wait_for("a ticket", lambda: rig.count("ticket") == 1, 30)
    expect(not rig.alarms("x"), "the alarm stays: %s" % rig.alarms("x"))
    expect(rig.count("audit", "what = 'consented'") == 1, "nobody knows who")

    daemon.kill()
    daemon = Daemon(rig).start()
    network.ask("/_expire", {})
    network.mention(502)
    wait_for("another ticket", lambda: rig.count("ticket") == 2, 30)
    expect(network.asked("token") >= 2, "the token was not renewed")

    refused = rig.command("oauth", "keliru")
    expect(refused.returncode != 0 and rig.command("oauth").returncode == 64, "usage")
    nothing_lies_open(rig, ["kode-uji", "rahasia-uji", "masuk-1", "tukar-1"])
    daemon.kill()


def surat(rig):
    """A real Dovecot, which takes tokens."""
    dovecot, clock = Dovecot(), Clock(rig)
    tokens = Consenting("tokens.py", "--key", Dovecot.key, "--user", "warga",
                        "--scope", "https://mail.google.com/")
    rig.stoppers += [dovecot.stop, tokens.stop]
    dovecot.drop("warga", mail(1))
    daemon = begin(rig, "surat", {"connector": "email", "push": "review", "options": {
        "url": "imap://127.0.0.1:%d" % dovecot.port, "tls": "none", "user": "warga", "idle": "0s",
        "auth": "oauth2", "provider": "google", "client_id": "aplikasi",
        "client_secret": rig.secret("client", "rahasia-uji"), "token_url": tokens.url + "/token"}}, clock.env)
    agree(rig, "surat", tokens)
    wait_for("a mail", lambda: rig.count("message") == 1, 30)
    expect(not rig.alarms("surat"), "the alarm stays: %s" % rig.alarms("surat"))
    daemon.kill()
    clock.advance(3600)
    daemon = Daemon(rig, clock.env).start()
    dovecot.drop("warga", mail(2))
    wait_for("another mail", lambda: rig.count("message") == 2, 30)
    expect(tokens.asked("refresh") >= 1, "the token was not renewed")
    expect(tokens.asked("code") == 1 and tokens.asked("refused") == 0, "%s" % tokens.state()["asked"])

    daemon.kill()
    tokens.ask("/_revoke", {})
    clock.advance(3600)
    daemon = Daemon(rig, clock.env).start()
    wait_for("the alarm", lambda: any("jembatan oauth surat" in a for a in rig.alarms("surat")) or None, 30)
    agree(rig, "surat", tokens)
    dovecot.drop("warga", mail(3))
    wait_for("a mail after another consent", lambda: rig.count("message") == 3, 30)
    nothing_lies_open(rig, ["kode-uji", "rahasia-uji", "segar-", "eyJhbGciOi"])
    daemon.kill()


def run(build, keep):
    for scenario in (x, surat):
        rig = Rig(build, {}, {})
        scenario(rig)
        rig.close(keep)
    print("oauth: a forged address refused, the true one taken and not shown, kept over a kill, renewed: "
          "X, and a mailbox at a real Dovecot")


main(run)
