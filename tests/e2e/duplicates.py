#!/usr/bin/env python3
"""Complaints that say the same, through a mailbox and an app, against real
processes: what joins a ticket, what is linked, what stays hidden, and what a
person corrects. All words are made up."""
import email.message
import os
import pathlib
import pwd
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Rig, Source, expect, main, play, wait_for  # noqa: E402

FLOOD = ("Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 Kelurahan "
         "Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang.")
OTHER_HOUSE = FLOOD.replace("No. 12 RT 3 RW 5", "No. 45 RT 8 RW 2")
SCHOOL = "Guru honorer di SDN Kenanga 3 belum digaji empat bulan, dinas pendidikan bilang menunggu."
LAMP = "Lampu taman di lapangan Cempakawarna padam semua, anak-anak takut lewat sehabis maghrib."
ROAD = "Aspal Jl. Hargomulyo di kilometer 4 berlubang besar, dua pengendara motor jatuh kemarin malam."
DAYANG, BUDI = "dayang.sumbi@contoh.invalid", "budi.misalnya@contoh.invalid"
SPYING = ["Wijayasari", "Hargomulyo", "Cempakawarna", "Tirtasuka", "dayang", "budi.misalnya", "8129876543"]


class Place:
    def __init__(self, build):
        self.rig = Rig(build, {}, {})
        self.centre = Centre(self.rig, "--delay", "2")
        self.app, self.desk = Source("log"), Source("log")
        self.box = self.rig.dir / "surat"
        for part in ("new", "cur", "tmp"):
            (self.box / part).mkdir(parents=True)
        self.count = 0
        self.configure(True)
        self.daemon = None

    def configure(self, compares):
        script = {"connector": "script", "start": "all", "every": "1s"}
        self.rig.write_config(dict(self.centre.settings, answer_timeout="2s"), {
            "surat": {"connector": "email", "push": "auto", "start": "all", "every": "1s",
                      "options": {"source": "maildir", "maildir": str(self.box)}},
            "aplikasi": dict(script, push="auto", options={"port": self.app.port}),
            "meja": dict(script, push="review", options={"port": self.desk.port})},
            {"log": {"level": "debug"}, "duplicates": {"enabled": compares}})

    def start(self):
        self.daemon = Daemon(self.rig, {"JEMBATAN_RESTART_FIRST_MS": "100"}).start()

    def mail(self, text, sender):
        self.count += 1
        m = email.message.EmailMessage()
        m["From"], m["To"], m["Subject"] = sender, "lapor@dinas-contoh.invalid", "Laporan warga"
        m["Message-ID"] = "<%d@contoh.invalid>" % self.count
        m.set_content(text + "\n")
        path = self.box / "tmp" / ("%d.contoh" % self.count)
        path.write_bytes(m.as_bytes())
        path.rename(self.box / "new" / path.name)

    def say(self, source, text, **more):
        self.count += 1
        source.put(dict({"do": "message", "id": "a%d" % self.count, "text": text}, **more))

    def decided(self, count):
        """The newest message, once there are so many and all are decided."""
        wait_for("%d decided messages" % count, lambda: self.rig.query(
            "SELECT count(*) FROM message WHERE stage <> 0")[0][0] == count)
        return "m%d" % self.rig.query("SELECT max(id) FROM message")[0][0]

    def ticket_of(self, message):
        return [r for r in self.rig.ask("explain", message) if r["type"] == "ticket"][0]["reference"]

    def found(self, message):
        """What explain says of its likeness; None: nothing."""
        rows = [r for r in self.rig.ask("explain", message)
                if r["type"] == "duplicate" and r["message"] == message]
        return rows[0] if rows else None

    def at_centre(self, count):
        wait_for("%d at the centre" % count, lambda: self.centre.state(True)["count"] >= count)
        wait_for("their numbers", lambda: not self.rig.query("SELECT 1 FROM outbox WHERE state < 2"))
        expect(self.centre.state(True)["count"] == count, "%d at the centre, not %d"
               % (self.centre.state(True)["count"], count))

    def refuses(self, *words):
        done = self.rig.command("duplicates", *words)
        expect(done.returncode != 0, "duplicates %s was done" % " ".join(words))
        return done.stderr

    def go(self):
        self.start()
        first, again, _ = reposts_and_links(self)
        secrets_stay_hidden(self, first)
        restart_and_split(self, first, again)
        join_and_back(self)
        quotes_and_switch(self, first)
        a_changed_text(self)
        silence(self)
        expect(self.daemon.stop() == 0, "SIGTERM did not end with 0")
        print("duplicates: OK")

    def close(self, keep):
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        for source in (self.app, self.desk):
            source.stop()
        self.centre.stop()
        self.rig.close(keep)


def reposts_and_links(p):
    p.mail(FLOOD, DAYANG)
    first = p.decided(1)
    p.say(p.app, FLOOD, author={"mail": DAYANG.upper(), "phone": "081298765432"})
    again = p.decided(2)
    expect(p.ticket_of(again) == p.ticket_of(first), "the repost has a ticket of its own")
    row = p.found(again)
    expect(row["decision"] == "repost" and row["percent"] >= 60 and row["like"] == first and
           "same mail" in row["evidence"], "explain does not say why: %s" % row)
    p.at_centre(1)

    # By now a phone number belongs to it, on whichever channel it comes.
    p.say(p.app, FLOOD, author={"phone": "+62 812-9876-5432", "id": "baru"})
    expect(p.ticket_of(p.decided(3)) == p.ticket_of(first), "the same phone is somebody else")
    p.mail(OTHER_HOUSE, DAYANG)
    expect(p.ticket_of(p.decided(4)) != p.ticket_of(first), "another house is the same complaint")
    p.say(p.app, FLOOD, author={"mail": BUDI})
    related = p.decided(5)
    expect(p.found(related)["decision"] == "related", "another reporter is not linked")
    p.at_centre(3)
    shown = [r["message"] for r in p.rig.ask("duplicates", "show", first)]
    expect(first in shown and again in shown and related in shown, "show has only %s" % shown)
    return first, again, related


def secrets_stay_hidden(p, first):
    p.say(p.app, FLOOD, author={"mail": DAYANG}, flags=["secret"])
    secret = p.decided(6)
    reference = p.ticket_of(secret)
    expect(reference != p.ticket_of(first), "a secret report joined a public one")
    expect(p.found(secret) is None, "the secret one's explain shows a link")
    p.mail(FLOOD, DAYANG)  # says it again, and may be most like the secret one
    expect(p.ticket_of(p.decided(7)) not in (reference,), "a public report joined the secret one")
    for words in (["list", "--all"], ["show", first], ["show", secret]):
        for row in p.rig.ask("duplicates", *words):
            expect(secret not in row.values() and reference not in row.values(),
                   "duplicates %s shows the secret one" % " ".join(words))
    expect("secret" in p.refuses("join", reference, p.ticket_of(first)), "joined a secret one")


def restart_and_split(p, first, again):
    p.daemon.kill()
    p.start()
    p.mail(FLOOD, DAYANG)
    expect(p.ticket_of(p.decided(8)) == p.ticket_of(first), "the restart has forgotten")
    p.at_centre(4)
    p.rig.ask("duplicates", "split", again)
    own = p.ticket_of(again)
    expect(own != p.ticket_of(first), "split has not split")
    p.at_centre(5)
    expect([e for e in p.rig.ask("explain", own) if e["type"] == "event" and e["what"] == "split" and
            e["actor"] == pwd.getpwuid(os.getuid()).pw_name], "the audit does not say who split it")
    expect("alone" in p.refuses("split", own), "what stands alone was split")


def join_and_back(p):
    p.say(p.desk, SCHOOL, author={"id": "w1"})
    a = p.decided(9)
    p.say(p.desk, ROAD, author={"id": "w2"})
    b = p.decided(10)
    before = (p.ticket_of(a), p.ticket_of(b))
    p.rig.ask("duplicates", "join", b, a)
    expect(p.ticket_of(b) == before[0], "join has not joined")
    p.rig.ask("review", "accept", before[0])
    p.at_centre(6)
    p.rig.ask("duplicates", "split", b)
    expect((p.ticket_of(a), p.ticket_of(b)) == before, "split does not undo join")
    waiting = [t["reference"] for t in p.rig.ask("tickets", "review")]
    expect(waiting == [before[1]], "its ticket does not wait for review again: %s" % waiting)
    # Both have left, so the centre keeps both.
    p.rig.ask("review", "accept", before[1])
    p.at_centre(7)
    p.rig.ask("duplicates", "join", before[0], before[1])
    expect((p.ticket_of(a), p.ticket_of(b)) == before, "what has left was moved")
    shown = [r["message"] for r in p.rig.ask("duplicates", "show", a)]
    expect(sorted(shown) == sorted([a, b]), "they are not linked: %s" % shown)


def quotes_and_switch(p, first):
    p.mail("Menyusul laporan %s: petugas belum juga datang." % p.ticket_of(first), DAYANG)
    follow_up = p.decided(11)
    expect(p.ticket_of(follow_up) == p.ticket_of(first), "the quoted number says nothing")
    wait_for("the addition at the centre", lambda: p.rig.query(
        "SELECT count(*) FROM outbox WHERE kind = 1 AND state = 2")[0][0] == 1)
    p.configure(False)
    p.rig.ask("reload")
    p.mail(FLOOD, DAYANG)
    last = p.decided(12)
    expect(p.ticket_of(last) != p.ticket_of(first), "enabled: false compares")
    p.configure(True)
    p.rig.ask("reload")
    p.mail(FLOOD, DAYANG)
    expect(p.found(p.decided(13))["decision"] == "repost", "enabled: true does not compare")


def a_changed_text(p):
    """It stays where it is; what it is like is listed, and a person answers."""
    p.say(p.desk, LAMP, author={"id": "w3"})
    p.decided(14)
    p.desk.put({"do": "message", "id": "a%d" % p.count, "revision": "2", "text": ROAD,
                "author": {"id": "w3"}})
    change = p.decided(15)
    row = p.found(change)
    expect(row and row["decision"] == "probably the same" and row["percent"] >= 60 and
           "the changed text" in row["evidence"], "what the change is like does not show: %s" % row)
    road = row["like"]
    expect(p.ticket_of(road) == row["like_reference"] != p.ticket_of(change), "it is like itself")
    shown = [r["message"] for r in p.rig.ask("duplicates", "show", p.ticket_of(change))]
    expect(change in shown and road in shown, "show has only %s" % shown)
    listed = lambda: [r["message"] for r in p.rig.ask("duplicates", "list")]
    expect(change in listed(), "it is not in the list")
    p.rig.ask("duplicates", "split", change)
    expect(change not in listed(), "the answer is not taken")
    expect("addition" in p.refuses("split", change), "a change was split off")


def silence(p):
    for path in [p.rig.dir / "daemon.log"] + list(p.rig.data.rglob("*")):
        content = path.read_bytes().lower() if path.is_file() else b""
        for word in SPYING:
            expect(word.lower().encode() not in content, "%s stands in %s" % (word, path.name))
    evidence = " ".join(r[0] or "" for r in p.rig.query("SELECT evidence FROM duplicate")).lower()
    expect("same mail" in evidence and not any(w.lower() in evidence for w in SPYING),
           "the evidence is not fit to be seen")


if __name__ == "__main__":
    main(lambda build, keep: play(Place(build), keep=keep))
