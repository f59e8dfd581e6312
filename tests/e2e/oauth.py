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
from rig import Centre, Daemon, Fake, Rig, elsewhere, end_with_us, expect, main, wait_for  # noqa: E402

SECRETS = ["kode-uji", "rahasia-uji", "masuk-1", "tukar-1"]


class Network(Fake):
    def __init__(self):
        super().__init__("x.py", "--token", "tidak-dipakai")

    def mention(self, number):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        self.ask("/_post", {"post": {"id": str(number), "author_id": "901", "created_at": stamp,
                                     "edit_history_tweet_ids": [str(number)],
                                     "text": "@lapor_contoh #lapor " + elsewhere(number)},
                            "user": {"id": "901", "name": "Sumbi", "username": "sumbi"}})

    def ended(self, page):
        """Where a browser ends that opens this page and agrees."""
        self.ask("/_browse", {"url": page})
        return self.ask("/_state")["ended"]


def consent(rig, answer_of, *words):
    """The command with somebody at its terminal: its code, and all that is shown."""
    ours, theirs = pty.openpty()
    command = subprocess.Popen(
        [str(rig.build / "jembatan"), "--config", str(rig.config), *words, "oauth", "x"], stdin=theirs,
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


def run(build, keep):
    network = Network()
    rig = Rig(build, {}, {})
    centre = Centre(rig)
    rig.stoppers += [centre.stop, network.stop]
    rig.write_config(centre.settings, {"x": {
        "connector": "social", "push": "auto", "start": "all", "every": "1s",
        "options": {"network": "x", "url": network.url, "client_id": "aplikasi",
                    "client_secret": rig.secret("client", "rahasia-uji")}}})
    checked = rig.command("check")
    expect(checked.returncode == 0, "check: %s" % (checked.stdout + checked.stderr))
    daemon = Daemon(rig).start()
    wait_for("the alarm", lambda: any("jembatan oauth x" in a for a in rig.alarms("x")) or None, 30)

    code, shown = consent(rig, lambda page: "https://localhost/?state=lain&code=kode-uji")
    expect(code != 0 and "begin anew" in shown, "a forged address was taken: %d %s" % (code, shown))
    code, shown = consent(rig, lambda page: "")
    expect(code != 0, "nothing was taken for an address")
    code, shown = consent(rig, network.ended)
    expect(code == 0 and "has consented" in shown, "%d %s" % (code, shown))
    expect("kode-uji" not in shown and "state=" in shown, "the address was shown: %s" % shown)
    network.mention(501)
    wait_for("a ticket", lambda: rig.query("SELECT count(*) FROM ticket") == [(1,)], 30)
    expect(not rig.alarms("x"), "the alarm stays: %s" % rig.alarms("x"))
    expect(rig.query("SELECT count(*) FROM audit WHERE what = 'consented'") == [(1,)], "nobody knows who")

    daemon.kill()
    daemon = Daemon(rig).start()
    network.ask("/_expire", {})
    network.mention(502)
    wait_for("another ticket", lambda: rig.query("SELECT count(*) FROM ticket") == [(2,)], 30)
    expect(network.ask("/_state")["asked"]["token"] >= 2, "the token was not renewed")

    refused = rig.command("oauth", "keliru")
    expect(refused.returncode != 0 and rig.command("oauth").returncode == 64, "usage")
    log = rig.log_text()
    expect(not [s for s in SECRETS if s in log], "a secret is in the log")
    for path in rig.data.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            expect(not [s for s in SECRETS if s.encode() in held], "a secret lies open in %s" % path.name)
    daemon.kill()
    rig.close(keep)
    print("oauth: a forged address refused, the true one taken and not shown, kept over a kill, renewed")


main(run)
