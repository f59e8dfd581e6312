#!/usr/bin/env python3
"""Replies by mail, with the real daemon, the mail connector, a Maildir and a mail server:
a citizen's mail is answered with its number, his answer becomes a follow-up, a bounce shows
that he was not reached, a server that loses its answer gets the same mail again, and two
bridges that face each other stop after one mail each."""
import email
import email.policy
import os
import pathlib
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Rig, expect, main_of, wait_for  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]


class Office:
    """One daemon; each box of `boxes` is a mailbox that it reads and answers from."""

    def __init__(self, build, boxes=("pengaduan",)):
        self.rig, self.count = Rig(build, {}, {}), 0
        self.mail = self.rig.dir / "mail"
        self.server = subprocess.Popen([sys.executable, str(TOP / "tests/fake/smtp.py"), str(self.mail)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = int(self.server.stdout.readline())
        self.rig.stoppers.append(self.server.kill)
        self.centre = Centre(self.rig, "--delay", "1")
        instances = {}
        for box in boxes:
            for name in ("tmp", "new", "cur"):
                (self.mail / box / name).mkdir(parents=True)
            instances[box] = {
                "connector": "email", "push": "auto", "start": "all", "every": "1s",
                "replies": {"send": "on", "quiet": ""},
                "options": {"source": "maildir", "maildir": str(self.mail / box), "verp": True,
                            "smtp_url": "smtp://localhost:%d" % port, "timeout": "5s",
                            "from": "Pengaduan <%s@%s.test>" % (box, box)}}
        status = {"new_every": "1s", "old_every": "2s", "closed_every": "1s", "reconcile_at": ""}
        self.rig.write_config(dict(self.centre.settings, status=status), instances, {
            "replies": {"received_after": "0ms", "per_day": 0, "office": "Dinas Contoh"}})
        self.daemon = None

    def start(self):
        self.daemon = Daemon(self.rig, {"JEMBATAN_RESTART_FIRST_MS": "100"}).start()
        # What came before replies were switched on is not answered.
        wait_for("the way back", lambda: self.rig.query(
            "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 20)
        return self

    def cue(self, text):
        (self.mail / "cues").write_text(text)

    def arrives(self, box, text):
        """A mail from elsewhere."""
        self.count += 1
        name = "%d.M%dP1.uji" % (time.time(), self.count)
        (self.mail / box / "tmp" / name).write_text(text)
        # The time of files is some milliseconds late: not before replies were switched on.
        os.utime(self.mail / box / "tmp" / name, ns=(time.time_ns(),) * 2)
        (self.mail / box / "tmp" / name).rename(self.mail / box / "new" / name)

    def letters(self, box):
        """What the server has delivered there, oldest first."""
        paths = sorted((self.mail / box / "new").glob("*.palsu"),
                       key=lambda p: int(p.name.split("M")[1].split("P")[0]))
        return [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in paths]

    def numbers(self, box):
        """The letters that tell a number."""
        return [l for l in self.letters(box) if "dengan nomor" in l.get_content()]

    def number(self, box="siti"):
        """The letter that tells the number."""
        return wait_for("the number by mail", lambda: self.numbers(box), 60)[0]

    def complain(self):
        self.arrives("pengaduan", "From: Siti Rahma <siti@contoh.test>\nTo: pengaduan@pengaduan.test\n"
                     "Message-ID: <surat-1@contoh.test>\nSubject: Jembatan Sangkuriang lapuk\n\n"
                     "Papan lantai jembatan di Jalan Mawar lapuk, mohon diperbaiki.\n")

    def close(self):
        self.daemon.kill()
        self.rig.close()


def there_and_back(build):
    """Complaint, number, answer, follow-up; also after a restart."""
    office = Office(build).start()
    office.complain()
    letter = office.number()
    ticket = office.rig.ask("tickets")[0]
    expect(letter["In-Reply-To"] == "<surat-1@contoh.test>", "In-Reply-To: %s" % letter["In-Reply-To"])
    expect(letter["Subject"] == "Re: [%s] Jembatan Sangkuriang lapuk" % ticket["reference"],
           "the thread breaks: %s" % letter["Subject"])
    expect(letter["Auto-Submitted"] == "auto-replied", "it does not say that a machine wrote it")
    expect(ticket["tracking_id"] in letter.get_content(), "the number is not told")
    office.daemon.kill()
    office.start()
    office.arrives("pengaduan", "From: siti@contoh.test\nMessage-ID: <surat-2@contoh.test>\n"
                   "In-Reply-To: %s\nSubject: Re: %s\n\nSudah tiga hari begini.\n" %
                   (letter["Message-ID"], letter["Subject"]))
    wait_for("the follow-up", lambda: office.centre.follow_ups(ticket["tracking_id"]), 60)
    expect(len(office.rig.ask("tickets")) == 1, "the answer became a ticket")
    office.close()


def bounced(build):
    """A bounce to the reply's own address: not reached, and not a complaint."""
    office = Office(build).start()
    office.complain()
    letter = office.number()
    expect(not office.rig.ask("replies", "list", "--not-reached"), "not reached, before the bounce")
    for one in office.letters("siti"):
        office.arrives("pengaduan", (TOP / "tests/data/mail/auto/gagal-verp-tanpa-kepala.eml").read_text()
                       .replace("@BOUNCE@", one["Return-Path"].strip("<>"))
                       .replace("<auto-", "<%d-auto-" % office.count))
    wait_for("the list of those not reached",
             lambda: office.rig.ask("replies", "list", "--not-reached"), 60)
    expect(len(office.rig.ask("tickets")) == 1, "the bounce became a ticket")
    expect(letter["Return-Path"].startswith("<pengaduan+JB-"), "no address of its own")
    office.close()


def lost_answer(build):
    """The server takes each mail and loses its answer: sent again, as the same mail."""
    office = Office(build)
    office.mail.mkdir(exist_ok=True)
    office.cue("dot=CUT")
    office.start()
    office.complain()
    wait_for("a second try", lambda: len(office.letters("siti")) >= 2, 60)
    first, second = office.letters("siti")[:2]
    expect(first["Message-ID"] == second["Message-ID"], "another mail: %s" % second["Message-ID"])
    office.cue("")
    office.number()
    office.close()


def two_bridges(build):
    """Somebody has written to one office in the other's name."""
    office = Office(build, ("pengaduan", "kecamatan")).start()
    office.arrives("pengaduan", "From: kecamatan@kecamatan.test\nMessage-ID: <palsu-1@contoh.test>\n"
                   "Subject: Jalan rusak\n\nJalan Melati berlubang di dekat sekolah.\n")
    office.arrives("kecamatan", "From: pengaduan@pengaduan.test\nMessage-ID: <palsu-2@contoh.test>\n"
                   "Subject: Sampah\n\nSampah menumpuk di Pasar Baru sudah sepekan.\n")
    wait_for("both numbers", lambda: office.number("kecamatan") and office.number("pengaduan"), 60)
    told = len(office.letters("kecamatan")), len(office.letters("pengaduan"))
    # A person's mail, behind theirs: when it is answered, theirs were judged.
    office.complain()
    office.arrives("kecamatan", "From: siti@contoh.test\nMessage-ID: <surat-3@contoh.test>\n"
                   "Subject: Lampu padam\n\nLampu jalan di Jalan Kenanga padam sejak Senin.\n")
    wait_for("both of hers", lambda: len(office.numbers("siti")) == 2, 60)
    expect((len(office.letters("kecamatan")), len(office.letters("pengaduan"))) == told,
           "they answer each other")
    expect(len(office.rig.ask("tickets")) == 4, "a reply became a ticket")
    office.close()


def put_off(build):
    """A server that says "later" is asked ever more rarely, and gets it in the end."""
    office = Office(build)
    clock, ahead_ms = office.rig.dir / "clock", 0
    clock.write_bytes(struct.pack("=q", 0))
    office.rig.more["JEMBATAN_CLOCK"] = str(clock)
    office.mail.mkdir(exist_ok=True)
    office.cue("rcpt=450 4.2.0 <siti@contoh.test> greylisted")
    office.start()
    office.complain()
    last_ms = 0
    for times in (1, 2, 3):
        row = wait_for("it to be put off", lambda n=times: office.rig.query(
            "SELECT due_ms, why FROM reply WHERE state = 0 AND event = 1 AND put_off = %d" % n), 60)[0]
        wait_ms = row[0] - time.time() * 1000 - ahead_ms
        expect(wait_ms > 1.5 * last_ms and wait_ms > 200000, "no longer wait: %d ms" % wait_ms)
        expect("450" in row[1] and "siti" not in row[1], row[1])
        last_ms, ahead_ms = wait_ms, ahead_ms + int(wait_ms) + 1000
        if times == 3:
            office.cue("")
        with open(clock, "r+b") as file:  # the same file stays mapped
            file.write(struct.pack("=q", ahead_ms))
    office.number()
    office.close()


if __name__ == "__main__":
    main_of([there_and_back, bounced, lost_answer, two_bridges, put_off])
