#!/usr/bin/env python3
"""How fast mails become durable tickets, and tickets complaints at a centre:
made-up mails in a Maildir, or in a real Dovecot that may be some milliseconds away,
the real daemon, the fake centre. Prints rates, CPU of the daemon and its peak
memory.

    tests/bench/mail_path.py --installed PREFIX [--mails N] [--push review|auto]
        [--imap | --delay-ms N]    (N each way)
"""
import argparse
import imaplib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from mailbox import Dovecot, Proxy  # noqa: E402

CONFIG = """\
data_dir: {root}/data
run_dir: {root}/run
plugin_dir: {installed}/lib/jembatan/plugins
profile_dir: {installed}/share/jembatan/profiles
log: {{level: warning}}
central:
  type: lapor_v3
  url: {centre}
  secret: {{file: {root}/secret}}
  guid: {{file: {root}/secret}}
  defaults: {{channel: "13", classification_id: "6", category_id: "1",
    disposition_id: "1", location_id: "1", user_id: "1"}}
"""

INSTANCE = """\
connector: email
push: {push}
start: all
every: 1s
options:
  {source}
  batch_count: 200
"""

MAILDIR = """source: maildir
  maildir: {root}/box"""
IMAP = """url: imap://127.0.0.1:{port}
  tls: none
  user: warga
  password: {{file: {root}/secret}}"""

MAIL = """\
From: Warga {n} <warga{n}@contoh.invalid>\r
To: lapor@dinas-contoh.invalid\r
Subject: Keluhan nomor {n}\r
Message-ID: <bench-{n}@contoh.invalid>\r
Date: Sat, 21 Nov 2026 10:00:00 +0700\r
\r
Jalan nomor {n} rusak berat dan mohon diperbaiki segera.\r
""" + "Keterangan tambahan yang cukup panjang. " * 20 + "\r\n"


def fill(root, args):
    """The mails, and where the connector finds them; what is to be stopped at the end."""
    mails = [MAIL.format(n=n).encode() for n in range(args.mails)]
    if not args.imap:
        for part in ("new", "cur", "tmp"):
            (root / "box" / part).mkdir(parents=True)
        for n, mail in enumerate(mails):
            (root / "box" / "new" / ("%d.contoh" % n)).write_bytes(mail)
        return MAILDIR.format(root=root), []
    dovecot = Dovecot()
    dovecot.drop("warga", *mails)
    proxy = Proxy(dovecot.port, args.delay_ms)
    index(dovecot)
    return IMAP.format(root=root, port=proxy.port), [proxy, dovecot]


def index(dovecot):
    """Dovecot numbers new mails at the first look: that is its time, not ours."""
    with imaplib.IMAP4("127.0.0.1", dovecot.port) as client:
        client.login("warga", "rahasia")
        client.select("INBOX", readonly=True)


def prepare(root, args, centre, source):
    (root / "etc" / "connectors.d").mkdir(parents=True)
    (root / "secret").touch(mode=0o600)
    (root / "secret").write_text("rahasia\n")
    values = {"source": source, "root": root, "installed": args.installed, "centre": centre, "push": args.push}
    (root / "etc" / "jembatan.yaml").write_text(CONFIG.format(**values))
    (root / "etc" / "connectors.d" / "surat.yaml").write_text(INSTANCE.format(**values))


def status(args, root):
    done = subprocess.run([str(args.installed / "bin" / "jembatan"), "--json", "--socket",
                           str(root / "run" / "control.sock"), "status"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return json.loads(done.stdout.splitlines()[0]) if done.stdout else None


def run(args, root):
    centre = subprocess.Popen([str(args.installed / "bin" / "jembatan-fakecentre"), "--listen",
                               "127.0.0.1:0", "--quiet"], stdout=subprocess.PIPE, text=True)
    source, stoppers = fill(root, args)
    prepare(root, args, centre.stdout.readline().split()[-1], source)
    begun = time.monotonic()
    daemon = subprocess.Popen([str(args.installed / "sbin" / "jembatand"), "--config",
                               str(root / "etc" / "jembatan.yaml")])
    wanted = "review" if args.push == "review" else "pushed"
    durable = None
    while True:
        now = status(args, root)
        took = time.monotonic() - begun
        if now and durable is None and now["messages"] >= args.mails:
            durable = took
        if daemon.poll() is not None:
            raise SystemExit("the daemon ended by itself")
        if now and now["tickets"].get(wanted, 0) >= args.mails:
            break
        time.sleep(0.1)
    with open("/proc/%d/stat" % daemon.pid) as stat:
        ticks = [int(x) for x in stat.read().rsplit(")", 1)[1].split()[11:13]]
    with open("/proc/%d/status" % daemon.pid) as lines:
        peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    cpu = sum(ticks) / os.sysconf("SC_CLK_TCK")
    print("%d mails: durable %.0f/s, %s %.0f/s, daemon CPU %.3f s/1000, peak %.0f MiB, %d commits"
          % (args.mails, args.mails / durable, wanted, args.mails / took,
             cpu / args.mails * 1000, peak / 1024, now["commits"]))
    daemon.terminate()
    daemon.wait(60)
    centre.terminate()
    centre.wait(10)
    for peer in stoppers:
        peer.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--installed", type=pathlib.Path, required=True)
    parser.add_argument("--mails", type=int, default=10000)
    parser.add_argument("--imap", action="store_true")
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--push", choices=("review", "auto"), default="review")
    args = parser.parse_args()
    args.imap = args.imap or args.delay_ms > 0
    args.installed = args.installed.resolve()
    with tempfile.TemporaryDirectory(prefix="jembatan-bench-") as folder:
        run(args, pathlib.Path(folder))


main()
