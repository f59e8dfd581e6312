#!/usr/bin/env python3
"""A mail server that misbehaves on cue.

  smtp.py DIR [--at STAGE=ANSWER]... [--times N] [--extension WORD]... [--tls CERT KEY]

Says its port on stdout, and ends when its stdin does. What it takes lies in DIR/<local part without +...>/new, with the
headers that a real server adds; DIR/log holds every line that a client said (TLS shows as
[TLS]; a mail's lines are not in it).

STAGE: banner, ehlo, helo, starttls, auth, mail, rcpt, data, dot. ANSWER: what is said there
instead of the usual (\\n: another line), or CUT (close), SILENT (say nothing, for ever).
"+CUT" behind an answer: say it, then close. At "body", CUT closes after the mail's first
bytes. --times N: only in the first N connections. A file DIR/cues, one STAGE=ANSWER to a line,
takes the place of all --at from the next connection on. --drip: each answer byte by byte.
--smtps: TLS from the first byte. --password WORD: what PLAIN, LOGIN, XOAUTH2 and
OAUTHBEARER want to see; the last two as a token."""
import argparse
import base64
import os
import pathlib
import re
import socket
import ssl
import sys
import threading
import time

STAGES = "banner ehlo helo starttls auth mail rcpt data dot body".split()


class Gone(Exception):
    pass


class Room:
    """What all connections share."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.connections = 0
        self.count = 0
        self.dir = pathlib.Path(options.dir)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.tls = None
        if options.tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*options.tls)

    def answers(self):
        cues = self.dir / "cues"
        rows = cues.read_text().splitlines() if cues.exists() else self.options.at
        answers = dict(a.split("=", 1) for a in rows)
        if set(answers) - set(STAGES):
            raise SystemExit("no such stage: %s" % answers)
        return answers

    def note(self, line):
        with self.lock, (self.dir / "log").open("a") as log:
            log.write(line + "\n")

    def keep(self, sender, recipient, data):
        local = re.split("[+@]", recipient)[0] or "none"
        box = self.dir / local
        with self.lock:
            self.count += 1
            for name in ("tmp", "new", "cur"):
                (box / name).mkdir(parents=True, exist_ok=True)
            name = "%d.M%dP%d.palsu" % (time.time(), self.count, os.getpid())
            head = "Return-Path: <%s>\r\nDelivered-To: %s\r\n" % (sender, recipient)
            (box / "tmp" / name).write_bytes(head.encode() + data)
            (box / "tmp" / name).rename(box / "new" / name)


class Session:
    def __init__(self, room, connection):
        self.room = room
        self.connection = connection
        self.held = b""
        self.sender = self.recipient = None
        self.secure = room.options.smtps
        with room.lock:
            room.connections += 1
            is_odd = not room.options.times or room.connections <= room.options.times
            self.answers = room.answers() if is_odd else {}

    # ---- bytes

    def more(self):
        piece = self.connection.recv(65536)
        if not piece:
            raise Gone
        self.held += piece

    def line(self):
        while b"\n" not in self.held:
            self.more()
        line, self.held = self.held.split(b"\n", 1)
        line = line.rstrip(b"\r").decode("utf-8", "backslashreplace")
        self.room.note(line)
        return line

    def body(self):
        """Up to the dot, undone of the dots that were doubled."""
        if self.answers.get("body") == "CUT":
            while not self.held:
                self.more()
            raise Gone
        while b"\r\n.\r\n" not in b"\r\n" + self.held:
            self.more()
        data, self.held = (b"\r\n" + self.held).split(b"\r\n.\r\n", 1)
        return data.replace(b"\r\n.", b"\r\n")[2:] + b"\r\n"

    def say(self, stage, usual):
        answer = self.answers.get(stage, usual)
        if answer == "CUT":
            raise Gone
        if answer == "SILENT":
            time.sleep(600)
            raise Gone
        cut = answer.endswith("+CUT")
        data = "".join(l + "\r\n" for l in answer.removesuffix("+CUT").split("\\n")).encode()
        for piece in [data[i:i + 1] for i in range(len(data))] if self.room.options.drip else [data]:
            self.connection.sendall(piece)
        if cut:
            raise Gone
        return answer[:1] in "23"

    # ---- commands

    def wrap(self):
        self.connection = self.room.tls.wrap_socket(self.connection, server_side=True)
        self.secure = True
        self.held = b""
        self.room.note("[TLS]")

    def hello(self, stage):
        words = ["fake.test"]
        if stage == "ehlo":
            words += [w for w in self.room.options.extension]
            if self.room.tls and not self.secure:
                words.append("STARTTLS")
        lines = ["250-" + w for w in words]
        lines[-1] = "250 " + words[-1]
        self.say(stage, "\\n".join(lines))

    def ask(self, words):
        self.connection.sendall(("334 " + base64.b64encode(words.encode()).decode() + "\r\n").encode())
        return base64.b64decode(self.line() + "==", validate=False).decode("utf-8", "replace")

    def auth(self, rest):
        mechanism, _, first = rest.partition(" ")
        mechanism = mechanism.upper()
        if mechanism == "LOGIN":
            self.ask("User Name")
            given = self.ask("Password")
        else:
            given = base64.b64decode(first).decode("utf-8", "replace") if first else self.ask("")
        right = self.room.options.password
        good = right is not None and (
            given.endswith("\0" + right) or given == right or "auth=Bearer %s\1" % right in given)
        if not good and "auth=Bearer" in given:
            self.ask('{"status":"invalid_token"}')
        self.say("auth", "235 2.7.0 yes" if good else "535 5.7.8 no")

    def command(self, line):
        word, _, rest = line.partition(" ")
        word = word.upper()
        if word in ("EHLO", "HELO"):
            self.hello(word.lower())
        elif word == "STARTTLS" and self.room.tls:
            if self.say("starttls", "220 go on"):
                self.wrap()
        elif word == "AUTH":
            self.auth(rest)
        elif word == "MAIL":
            if self.say("mail", "250 2.1.0 sender"):
                self.sender = re.search("<(.*?)>", rest).group(1)
        elif word == "RCPT":
            if self.say("rcpt", "250 2.1.5 recipient"):
                self.recipient = re.search("<(.*?)>", rest).group(1)
        elif word == "DATA":
            if self.say("data", "354 go on"):
                data = self.body()
                answer = self.answers.get("dot", "2")
                if answer[:1] not in "45":
                    self.room.keep(self.sender, self.recipient, data)
                self.say("dot", "250 2.0.0 taken")
        elif word == "QUIT":
            self.say("quit", "221 bye+CUT")
        elif word in ("RSET", "NOOP"):
            self.say("other", "250 ok")
        else:
            self.say("other", "500 5.5.1 what?")

    def run(self):
        try:
            if self.secure:
                self.wrap()
            if self.say("banner", "220 fake.test ESMTP"):
                while True:
                    self.command(self.line())
        except (Gone, OSError):
            pass
        finally:
            self.connection.close()


def end_with_parent():
    """Whoever started us holds our stdin."""
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("dir")
    parser.add_argument("--at", action="append", default=[])
    parser.add_argument("--times", type=int, default=0)
    parser.add_argument("--extension", action="append", default=[])
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--smtps", action="store_true")
    parser.add_argument("--drip", action="store_true")
    parser.add_argument("--password")
    parser.add_argument("--port", type=int, default=0)
    room = Room(parser.parse_args())
    listener = socket.create_server(("127.0.0.1", room.options.port), backlog=64)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=end_with_parent, daemon=True).start()
    while True:
        connection = listener.accept()[0]
        threading.Thread(target=Session(room, connection).run, daemon=True).start()


if __name__ == "__main__":
    main()
