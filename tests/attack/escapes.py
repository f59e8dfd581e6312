#!/usr/bin/env python3
"""What citizens, apps and the connector itself write stands in what `jembatan`
prints to a terminal. Escapes, control characters and signs that turn a line around
are planted in every field; each command then runs on a terminal of its own, and not
one of them may come through. The daemon's log is looked through too."""
import argparse
import json
import os
import pathlib
import pty
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from rig import Centre, Daemon, Failed, Rig, Source, expect, wait_for  # noqa: E402

MARK = "tanda"
EVIL = (MARK + "\x1b[2J\x1b]0;judul\x07\x1b]52;c;cm0gLXJmIH4=\x07\x1bP+q\x1b\\\x9b31m\x85\x08\x7f"
        "\u202egnab\u202d\u2066\u2069\u2028\u2029\u200e\u200f\u061c\rdi atas\tsini")
BAD = set(range(0x20)) - {0x09, 0x0a} | {0x7f} | set(range(0x80, 0xa0)) | {0x61c, 0x200e, 0x200f} | \
    set(range(0x2028, 0x202f)) | set(range(0x2066, 0x206a))


def on_terminal(rig, *words):
    """What arrives at the terminal, stdout and stderr, and the exit code."""
    ours, theirs = pty.openpty()
    import termios
    mode = termios.tcgetattr(theirs)
    mode[1] &= ~termios.OPOST  # a line break stays one byte
    termios.tcsetattr(theirs, termios.TCSANOW, mode)
    p = subprocess.Popen([str(rig.build / "jembatan"), "--config", str(rig.config), *words],
                         stdout=theirs, stderr=theirs, env=rig.environment())
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    return seen, p.wait()


def bad_in(seen):
    try:
        text = seen.decode()
    except UnicodeDecodeError as e:
        return str(e)
    for at, c in enumerate(text):
        if ord(c) in BAD:
            return "U+%04X after %r" % (ord(c), text[max(0, at - 40):at])
    return None


def plant(source):
    author = {"id": "p1" + EVIL, "name": "Warga " + EVIL, "phone": "0812" + EVIL, "mail": EVIL}
    place = {"province": EVIL, "regency": EVIL, "address": EVIL}
    source.put({"do": "message", "id": "1" + EVIL, "thread": EVIL, "subject": "Jalan rusak " + EVIL,
                "text": "Jalan berlubang di depan pasar.\n" + EVIL, "author": author,
                "place": place, "extra": {"catatan" + EVIL: EVIL},
                "attachments": [{"name": "foto" + EVIL + ".jpg", "content": "x",
                                 "media_type": "image/jpeg" + EVIL}]})
    source.put({"do": "log", "text": EVIL},
               {"do": "message", "kind": "unreadable", "id": "2" + EVIL, "text": "tidak terbaca " + EVIL,
                "raw": "mentah " + EVIL},
               {"do": "message", "id": "1" + EVIL, "revision": "2", "kind": "edit",
                "thread": EVIL, "subject": EVIL, "text": EVIL + " berubah", "author": author})


def run(build, keep=False):
    source = Source("log")
    rig = Rig(build, {}, {})
    centre = Centre(rig)
    daemon = None
    try:
        rig.write_config(centre.settings, {"aplikasi": {
            "connector": "script", "push": "review", "start": "all", "every": "1s",
            "options": {"port": source.port}}}, {"log": {"level": "debug"}})
        daemon = Daemon(rig, {"JEMBATAN_RESTART_FIRST_MS": "100"}).start()
        plant(source)
        wait_for("a ticket", lambda: len(rig.ask("tickets")) >= 1)
        wait_for("a record in quarantine", lambda: len(rig.ask("quarantine")) >= 1)
        ticket = rig.ask("tickets")[0]["reference"]
        record = str(rig.ask("quarantine")[0]["id"])
        source.put({"do": "return", "result": "retry", "why": "di sana: " + EVIL})
        wait_for("the alarm", lambda: any(MARK in json.dumps(a) for a in rig.ask("status")))
        # Whether a command shows what was planted at all: else it proves nothing.
        commands = [(["status"], True), (["tickets"], True), (["messages"], False),
                    (["explain", ticket], None), (["review"], True),
                    (["review", "show", ticket], True), (["quarantine"], None),
                    (["quarantine", "show", record], True),
                    (["review", "reject", ticket, "--reason", EVIL], None),
                    (["explain", ticket], None), (["tickets", "--state", EVIL], None),
                    (["explain", EVIL], None), (["check"], False),
                    (["--json", "status"], True), (["--json", "tickets"], True),
                    (["--json", "review", "show", ticket], True), (["--json", "quarantine"], None)]
        bad = 0
        for words, shows in commands:
            seen, code = on_terminal(rig, *words)
            found = bad_in(seen)
            if not found and shows and MARK.encode() not in seen:
                found = "what was planted is not shown (%d): %r" % (code, seen[-200:])
            print("%-10s %-40s %d bytes" % ("BAD" if found else "harmless",
                                             " ".join(w if MARK not in w else "..." for w in words),
                                             len(seen)))
            if found:
                print("    " + found)
                bad += 1
        done = rig.command("quarantine", "show", record, text=False)
        expect(b"\x1b[2J" in done.stdout, "a file does not get the very bytes")
        log = rig.dir / "daemon.log"
        found = bad_in(log.read_bytes())
        expect(found is None, "the log: %s" % found)
        print("%d commands on a terminal, %d bad; the log is harmless" % (len(commands), bad))
        return bad
    finally:
        if daemon:
            daemon.kill()
        source.stop()
        centre.stop()
        rig.close(keep)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--build", default="build", type=pathlib.Path)
    try:
        return 1 if run(options.parse_args().build.resolve()) else 0
    except Failed as e:
        print("escapes: %s" % e)
        return 1


if __name__ == "__main__":
    sys.exit(main())
