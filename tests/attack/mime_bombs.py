#!/usr/bin/env python3
"""Mails made to burst their reader, one at a time through the real daemon and
connector: each is stored byte for byte within 2 s of the connector's time and
64 MiB of its memory, and the connector is the same process afterwards. (That what
was not read is said, is in test_email_parse.) Prints a line for each mail; the
last line is the summary.

    tests/attack/mime_bombs.py --build BUILD [NAME...]
"""
import argparse
import base64
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from rig import Daemon, Failed, Rig, expect, wait_for  # noqa: E402

SECONDS = 2.0
MIB = 64
# A sanitizer's shadow and its slowness are not ours.
SANITIZED = 8

HEAD = ("From: Warga <warga@contoh.invalid>\r\nTo: lapor@dinas-contoh.invalid\r\n"
        "Date: Sat, 21 Nov 2026 10:00:00 +0700\r\nMIME-Version: 1.0\r\n")
SENTENCE = "Jalan di depan pasar rusak parah.\r\n"
MANY = 1000000


def plain(headers="", body=SENTENCE, subject="Bom"):
    return "%sSubject: %s\r\nMessage-ID: <%%s@contoh.invalid>\r\n%s\r\n%s" % (
        HEAD, subject, headers, body)


def part(body, kind="text/plain; charset=utf-8", encoding=None):
    return plain("Content-Type: %s\r\n%s" % (
        kind, "Content-Transfer-Encoding: %s\r\n" % encoding if encoding else ""), body)


def encoded(data, kind="text/plain; charset=utf-8"):
    text = base64.encodebytes(data).replace(b"\n", b"\r\n").decode()
    return part(text, kind, "base64")


def nested_parts(depth=10000):
    inner = "".join("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
                    for n in range(depth))
    return plain(inner.split("\r\n\r\n", 1)[0] + "\r\n",
                 inner.split("\r\n\r\n", 1)[1] + "Content-Type: text/plain\r\n\r\n" + SENTENCE)


def nested_parts_closed(depth=10000):
    return nested_parts(depth) + "".join("\r\n--b%d--" % n for n in reversed(range(depth)))


def nested_mails(depth=10000):
    return plain("Content-Type: message/rfc822\r\n",
                 ("From: a@b.invalid\r\nContent-Type: message/rfc822\r\n\r\n" * depth) +
                 "Subject: dalam\r\n\r\n" + SENTENCE)


def nested_attached(depth=5000):
    return plain("Content-Type: multipart/mixed; boundary=c0\r\n", "".join(
        "--c%d\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@b.invalid\r\n"
        "Content-Type: multipart/mixed; boundary=c%d\r\n\r\n" % (n, n + 1) for n in range(depth)))


def parts(count, each):
    return plain("Content-Type: multipart/mixed; boundary=b\r\n", each * count + "--b--\r\n")


BOMBS = {
    "nested parts, 10,000 deep": nested_parts,
    "nested parts, each closed": nested_parts_closed,
    "nested mails, 10,000 deep": nested_mails,
    "mails in parts in mails": nested_attached,
    "1,000,000 empty parts": lambda: parts(MANY, "--b\r\n\r\n"),
    "1,000,000 parts without a head": lambda: parts(MANY, "--b\r\n"),
    "200,000 files": lambda: parts(200000, "--b\r\nContent-Type: image/png; name=a.png\r\n"
                                   "Content-Disposition: attachment\r\n\r\nxx\r\n"),
    "1,000,000 header lines": lambda: plain("X-A: b\r\n" * MANY),
    "1,000,000 Received lines": lambda: plain("Received: from a by b;\r\n" * MANY),
    "1,000,000 header lines in a part": lambda: plain(
        "Content-Type: multipart/mixed; boundary=b\r\n", "--b\r\n" + "X-A: b\r\n" * MANY + "\r\nx"),
    "a header of 20 MiB": lambda: plain("X-A: " + "b" * (20 << 20) + "\r\n"),
    "a header folded 3,000,000 times": lambda: plain("X-A: b\r\n" + " b\r\n" * (3 * MANY)),
    "a subject of 300,000 encoded words": lambda: plain(
        subject="=?utf-8?B?YWFh?=\r\n " * 300000 + "akhir"),
    "an encoded word of 10 MiB": lambda: plain(subject="=?utf-8?Q?" + "=41" * 3500000 + "?="),
    "3,000,000 beginnings of encoded words": lambda: plain(subject="=?" * (3 * MANY)),
    "a sender in 1,000,000 brackets": lambda: plain("Reply-To: " + "(" * MANY + "\r\n"),
    "1,000,000 recipients": lambda: plain("Cc: " + ",\r\n ".join(["a@b.invalid"] * MANY) + "\r\n"),
    "1,000,000 references": lambda: plain("References: " + "<a@b>\r\n " * MANY + "\r\n"),
    "a group of 300,000 groups": lambda: plain("To: " + "a:" * 300000 + "\r\n"),
    "a boundary of 1 MiB": lambda: plain("Content-Type: multipart/mixed; boundary=" + "b" * MANY +
                                         "\r\n", "--" + "b" * MANY + "\r\n\r\nx"),
    "100,000 pieces of a file name": lambda: plain("".join(
        ["Content-Type: image/png;\r\n"] + [" name*%d=a;\r\n" % n for n in range(100000)] +
        [" x=y\r\n"])),
    "300,000 parameters": lambda: plain("Content-Type: text/plain" + ";\r\n a=b" * 300000 + "\r\n"),
    "18 MiB of base64 text": lambda: encoded(b"Jalan rusak. " * 1400000),
    "18 MiB of base64 zeroes": lambda: encoded(b"\0" * (18 << 20)),
    "24 MiB of soft line ends": lambda: part("=\r\n" * (8 * MANY), encoding="quoted-printable"),
    "24 MiB of =41": lambda: part("=41" * (8 * MANY), encoding="quoted-printable"),
    "24 MiB of =": lambda: part("=" * (24 * MANY), encoding="quoted-printable"),
    "uuencode without an end": lambda: part("begin 644 a\r\n" + "M" * (20 * MANY),
                                            encoding="x-uuencode"),
    "a line of 24 MiB": lambda: part("a" * (24 * MANY)),
    "8,000,000 empty lines": lambda: part("\r\n" * (8 * MANY)),
    "24 MiB of zeroes": lambda: part("\0" * (24 * MANY)),
    "HTML 500,000 deep": lambda: part("<div>" * 500000 + "x", "text/html; charset=utf-8"),
    "HTML tables in tables": lambda: part("<table><tr><td>" * 200000, "text/html; charset=utf-8"),
    "HTML of 8,000,000 <": lambda: part("<" * (8 * MANY), "text/html"),
    "HTML of 4,000,000 &": lambda: part("&a" * (4 * MANY), "text/html"),
    "HTML with 300,000 attributes": lambda: part("<p " + "a=b " * 300000 + ">x", "text/html"),
    "HTML of unclosed formatting": lambda: part("<b><i><a href=x>" * 200000, "text/html"),
    "HTML with entities in entities": lambda: part(
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
            '<!ENTITY a%d "%s">' % (n, "&a%s;" % (n - 1 if n else "") * 10) for n in range(12)) +
        "]><p>&a11;</p>", "text/html"),
    "2,000,000 marks of a quote": lambda: part("> " * (2 * MANY) + "\r\n" + ">\r\n" * MANY),
    "escapes of ISO-2022-JP": lambda: part("\x1b$B\x1b(B" * (2 * MANY),
                                           "text/plain; charset=iso-2022-jp"),
    "UTF-7": lambda: part("+AGEAYQBh-" * (2 * MANY), "text/plain; charset=utf-7"),
    "an unknown alphabet": lambda: part("\xe9" * (8 * MANY), "text/plain; charset=x-" + "y" * 60000),
    "a date of 1 MiB": lambda: plain("Resent-Date: x\r\nDate: " + "1" * MANY + "\r\n"),
    "no head, only colons": lambda: "::::" * (4 * MANY),
}

class Attack:
    def __init__(self, build):
        self.box = None
        self.rig = Rig(build, {}, {})
        self.box = self.rig.dir / "box"
        for name in ("new", "cur", "tmp"):
            (self.box / name).mkdir(parents=True)
        self.rig.write_instance("surat", {
            "connector": "email", "push": "review", "start": "all", "every": "1s",
            "options": {"source": "maildir", "maildir": str(self.box)}})
        self.daemon = Daemon(self.rig).start()
        self.rig.stoppers.append(self.daemon.stop)
        self.sanitized = "-fsanitize" in (self.rig.build / "Makefile").read_text()
        wait_for("the connector", lambda: self.child() is not None)
        self.stored = 0

    def child(self):
        for pid in self.daemon.children():
            try:
                if b"connector" in open("/proc/%d/cmdline" % pid, "rb").read():
                    return pid
            except OSError:
                pass
        return None

    def used(self, pid):
        """Seconds of CPU, and the most memory it had since the last reset."""
        with open("/proc/%d/stat" % pid) as stat:
            ticks = stat.read().rsplit(")", 1)[1].split()[11:13]
        with open("/proc/%d/status" % pid) as lines:
            peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), peak / 1024

    def throw(self, number, name):
        mail = BOMBS[name]()
        if "%s@" in mail[:4000]:
            mail = mail.replace("%s@", "bom-%d@" % number, 1)
        raw = mail.encode("latin-1")
        pid = self.child()
        before, _ = self.used(pid)
        pathlib.Path("/proc/%d/clear_refs" % pid).write_text("5")
        (self.box / "tmp" / "bom").write_bytes(raw)
        (self.box / "tmp" / "bom").rename(self.box / "new" / ("%d.bom" % number))
        wanted = self.stored + 1
        wait_for("the mail to be stored", lambda: self.child() != pid or
                 self.rig.status()["messages"] >= wanted, 90, 0.05)
        expect(self.child() == pid, "the connector died or was ended at it")
        self.stored = wanted
        after, peak = self.used(pid)
        return len(raw), after - before, peak

    def judge(self, seconds, peak):
        if self.sanitized:
            return seconds <= SECONDS * SANITIZED
        return seconds <= SECONDS and peak <= MIB


def one(attack, number, name):
    """What went wrong, or ""; and the figures."""
    try:
        size, seconds, peak = attack.throw(number, name)
    except Failed as failed:
        return str(failed), ""
    figures = "%5.1f MiB: %.2f s, %.0f MiB" % (size / 2**20, seconds, peak)
    if not attack.judge(seconds, peak):
        return "too much", figures
    return "", figures


def run(build, names):
    failures, attack = 0, Attack(build)
    try:
        for number, name in enumerate(names):
            wrong, figures = one(attack, number, name)
            failures += wrong != ""
            print("%-4s %-40s %s %s" % ("FAIL" if wrong else "ok", name, figures, wrong),
                  flush=True)
            if "connector died" in wrong:
                attack.rig.close()
                attack = Attack(build)
    finally:
        attack.rig.close()
    return failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    names = args.names or list(BOMBS)
    begun = time.monotonic()
    failures = run(args.build, names)
    print("mime_bombs: %d mails in %.0f s, %d beyond %g s or %d MiB" % (
        len(names), time.monotonic() - begun, failures, SECONDS, MIB))
    return 1 if failures else 0


sys.exit(main())
