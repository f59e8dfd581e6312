#!/usr/bin/env python3
"""The way back: number and statuses reach the citizen, in order and as often as
the channel's guarantee says, with kills, lost answers and refused tokens; an
answer of the citizen finds its ticket; two machines that answer each other stop;
nothing of a secret report is told."""
import json
import pathlib
import random
import shutil
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Rig, Source, expect, main_of, wait_for  # noqa: E402

WORDS = ["Terverifikasi", "Dalam Proses", "Ditindaklanjuti oleh Instansi", "Selesai"]
STATES = ["terverifikasi dan diteruskan", "sedang diproses", "sudah ditanggapi", "ditutup"]


class Post:
    """A channel's own side: what arrived there. Each try is answered by what
    `answer` says: a dict, or None for no answer at all."""

    def __init__(self, settles=True):
        self.arrived, self.tries, self.settled = [], [], []
        self.settles, self.lock = settles, threading.Lock()
        self.answer = self.take
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def take(self, letter):
        self.arrived.append(letter)
        return {"outcome": "sent", "remote_id": "remote-" + letter["reference"]}

    def settle(self, letter):
        self.settled.append(letter)
        if not self.settles:
            return {"outcome": "unknown"}
        known = any(a["reference"] == letter["reference"] for a in self.arrived)
        return {"outcome": "sent" if known else "not sent",
                "remote_id": "remote-" + letter["reference"] if known else None}

    def _serve(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer):
        try:
            with peer, peer.makefile("rw") as lines:
                letter = json.loads(lines.readline())
                with self.lock:
                    if letter["settle"]:
                        answer = self.settle(letter)
                    else:
                        self.tries.append(letter)
                        answer = self.answer(letter)
                if answer is not None:
                    lines.write(json.dumps({k: v for k, v in answer.items() if v is not None}) + "\n")
                    lines.flush()
        except (OSError, ValueError):
            pass

    def events(self, to=None):
        return [a["event"] for a in self.arrived if to in (None, a["to"])]


class Place:
    def __init__(self, build, connector="script", settles=True, replies=None, others=None,
                 complete=None, **more):
        self.others, self.complete = others or {}, complete
        self.source, self.post = Source("log"), Post(settles)
        self.rig = Rig(build, {}, {})
        shutil.copy(self.rig.build / "tests" / "conform" / ".libs" / "chatty.so",
                    self.rig.plugin_dir / "whatsapp.so")
        # What a kill leaves open there is settled by the same reference: replies
        # are looked at here.
        self.centre = Centre(self.rig, "--mode", "idempotent", "--delay", "1")
        self.connector, self.more, self.daemon = connector, more, None
        self.replies = dict({"received_after": "0ms", "per_day": 0, "office": "Dinas Contoh"},
                            **(replies or {}))
        self.configure()

    def configure(self, **more):
        status = {"new_every": "1s", "old_every": "2s", "closed_every": "1s", "reconcile_at": ""}
        central = dict(self.centre.settings, answer_timeout="2s", idempotent=True, connect_timeout="2s",
                       lookup={"wait": "1s"}, status=status)
        instance = {"connector": self.connector, "push": "auto", "start": "all", "every": "1s",
                    "replies": {"send": "on", "quiet": ""},
                    "options": {"port": self.source.port, "post": self.post.port}}
        instance.update(self.more)
        instance.update(more)
        main = {"replies": self.replies}
        if self.complete:
            main["complete"] = self.complete
        self.rig.write_config(central, dict({"kanal": instance}, **self.others), main)

    def start(self):
        self.daemon = Daemon(self.rig, {"JEMBATAN_RESTART_FIRST_MS": "100"}).start()
        wait_for("the way back", lambda: self.rig.query(
            "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 60)
        return self

    def wait_letters(self, what, claim, seconds=60):
        """Until the daemon has on disk what became of its letters: what has arrived at the
        other end may still be `sending` here."""
        return wait_for(what, lambda: claim(self.rig.ask("replies", "list")), seconds)

    def wait_sent(self, letter):
        """Its answer is on disk, and the remote id with it: a kill forgets neither."""
        self.wait_letters("the answer to " + letter["event"], lambda rows: any(
            r["reference"] == letter["reference"] and r["state"] == "sent" for r in rows))

    def write(self, n, **more):
        step = {"do": "message", "id": "m%s" % n, "thread": "t%s" % n,
                "subject": "Jembatan Sangkuriang %s" % n,
                "text": "Papan lantai Tumang lapuk di jalan Mawar, laporan %s." % n,
                "author": {"id": "w%s" % n, "name": "Dayang"}}
        step.update(more)
        self.source.put(step)

    def ticket(self, state="pushed", n=0):
        return wait_for("a ticket", lambda: self.rig.ask("tickets", state)[n:], 60)[0]

    def answers(self, ticket, content):
        self.centre.get("/_followup/" + ticket["tracking_id"], {"content": content})

    def say(self, ticket, word):
        self.centre.get("/_status/" + ticket["tracking_id"],
                        {"status_code": "0", "status_name": word, "note": ""})

    def close(self):
        if self.daemon:
            self.daemon.kill()
        self.rig.close()
        self.source.stop()


def in_order(build):
    """The number and five statuses arrive in order, in the words of the shipped
    texts; a newer state replaces one that was not sent yet."""
    place = Place(build).start()
    # With its number at hand nobody would hear first that it was received.
    place.rig.ask("pause", "central")
    place.write(1)
    wait_for("the receipt", lambda: "received" in place.post.events(), 60)
    place.rig.ask("resume", "central")
    wait_for("the number", lambda: "number" in place.post.events(), 60)
    ticket = place.ticket()
    for word, state in zip(WORDS, STATES):
        place.say(ticket, word)
        wait_for(word, lambda: any(state in a["text"] for a in place.post.arrived), 60)
    events = place.post.events()
    expect(events == ["received", "number"] + ["status"] * 4, "%r" % events)
    number = place.post.arrived[1]
    expect(ticket["tracking_id"] in number["text"] and ticket["reference"] in number["subject"],
           "the number is not told: %r" % number)
    shown = place.rig.ask("replies", "preview", ticket["reference"], "number")[0]
    expect((shown["subject"], shown["text"]) == (number["subject"], number["text"]),
           "the preview differs: %r" % shown)
    expect(place.rig.query("SELECT 1 FROM access WHERE what = 'letter shown'"), "a look is not noted")
    expect(number["to"] == "w1" and number["to_kind"] == "id" and number["reply_to"] == "m1" and
           number["thread"] == "t1", "another address: %r" % number)
    expect(json.loads(number["extra"])["number"] == ticket["tracking_id"], number["extra"])
    expect("Dayang" not in json.dumps(place.post.arrived), "a name was told")
    place.wait_letters("all six", lambda rows: [r["state"] for r in rows] == ["sent"] * 6)
    place.close()


def killed(build, seed):
    """kill -9 all the time, answers that are lost: where the channel settles,
    each arrives exactly once; where nothing does, at most the number twice."""
    chance = random.Random(seed)
    for connector, settles in (("whatsapp", True), ("script", False)):
        place = Place(build, connector, settles)
        place.start()
        lossy = {"left": 12}

        def lose(letter, post=place.post, lossy=lossy):
            what = chance.choice(["take", "take", "lose", "miss", "not"])
            if lossy["left"] <= 0 or what == "take":
                return post.take(letter)
            lossy["left"] -= 1
            if what == "lose":
                post.take(letter)
            return {"outcome": "not sent"} if what == "not" else None
        place.post.answer = lose
        for n in range(6):
            place.write(n)
            if n % 2 == 0:
                time.sleep(chance.random() / 3)
                place.daemon.kill()
                place.start()
        wait_for("the tickets", lambda: len(place.rig.ask("tickets", "pushed")) == 6, 90)
        for word in WORDS[:2]:
            for ticket in place.rig.ask("tickets", "pushed"):
                place.say(ticket, word)
            time.sleep(chance.random())
            place.daemon.kill()
            place.start()
        settled_states = ("sent", "dropped", "failed")
        wait_for("all settled", lambda: all(r["state"] in settled_states
                                            for r in place.rig.ask("replies", "list")) and
                 len([r for r in place.rig.ask("replies", "list")
                      if r["event"] == "number"]) == 6, 120, 0.2)
        count = {}
        for letter in place.post.arrived:
            count[letter["reference"]] = count.get(letter["reference"], 0) + 1
        for letter in place.post.arrived:
            most = 1 if settles else 2 if letter["event"] == "number" else 1
            expect(count[letter["reference"]] <= most, "%d times: %r" % (
                count[letter["reference"]], letter))
        numbers = {a["to"] for a in place.post.arrived if a["event"] == "number"}
        missed = place.rig.ask("replies", "list", "--not-reached")
        if settles:
            expect(len(numbers) == 6 and not missed, "not everybody heard: %r %r" % (numbers,
                                                                                    missed))
        else:
            dropped = [r for r in place.rig.ask("replies", "list") if r["state"] == "dropped"]
            unlisted = [r for r in dropped if r["event"] != "received" and not r["missed"] and
                        "newer" not in r["why"] and "later" not in r["why"]]
            expect(not unlisted, "dropped and not listed: %r" % unlisted)
        for to in numbers:
            events = [a["event"] for a in place.post.arrived if a["to"] == to]
            first = events.index("number")
            expect("status" not in events[:first], "a status before its number: %r" % events)
        place.close()


def held(build):
    """A refused token holds replies; they leave once it is accepted again."""
    place = Place(build).start()
    place.post.answer = lambda letter: {"outcome": "unknown", "result": "auth",
                                        "why": "the token has ended"}
    place.write(1)
    place.ticket()
    wait_for("the alarm", lambda: any("held" in a for a in place.rig.alarms("kanal")), 30)
    tries = len(place.post.tries)
    expect(tries == 1, "it was tried %d times" % tries)
    place.post.answer = place.post.take
    place.configure(every="2s")
    place.rig.command("reload")
    wait_for("the number", lambda: "number" in place.post.events(), 30)
    wait_for("the end of the alarm", lambda: not place.rig.alarms("kanal"), 30)
    place.close()


def answered(build):
    """A citizen's answer to our reply is a follow-up of his ticket: by what he
    answers, by the code in his words, after a restart and in another thread;
    somebody else's is a report of its own."""
    place = Place(build).start()
    place.write(1)
    wait_for("the number", lambda: "number" in place.post.events(), 60)
    ticket = place.ticket()
    place.wait_sent(place.post.arrived[-1])
    place.daemon.kill()
    place.start()
    remote = "remote-" + place.post.arrived[-1]["reference"]
    place.write(2, thread="lain", reply_to=remote, subject=None, text="Sudah tiga hari.",
                author={"id": "w1"})
    wait_for("the follow-up", lambda: place.centre.follow_ups(ticket["tracking_id"]), 60)
    place.write(3, thread="lagi", subject="Perihal " + ticket["reference"],
                text="Masih belum diperbaiki.", author={"id": "w1"})
    wait_for("the second", lambda: len(place.centre.follow_ups(ticket["tracking_id"])) == 2, 60)
    place.write(4, thread="asing", reply_to=remote, text="Saya juga melihatnya di sana.",
                author={"id": "w4"})
    wait_for("another ticket", lambda: len(place.rig.ask("tickets")) == 2, 60)
    expect(len(place.centre.follow_ups(ticket["tracking_id"])) == 2, "a stranger added to it")
    place.close()


PERSON = {"id": "w1", "name": "Dayang Sumbi", "phone": "+6281234567890", "mail": "dayang@contoh.test"}
HERS = ("Dayang", "Sumbi", "81234567890", "3456-7890", "dayang@contoh", "contoh.test")


def whole_story(build, flags):
    """A complaint of hers with its number, its states and an answer that names her: what
    was told on the way, and what a person at the office is shown of it."""
    place = Place(build).start()
    place.write(1, flags=flags, author=PERSON, subject="Jembatan Sangkuriang, hubungi 0812-3456-7890",
                text="Papan lantai Tumang lapuk di jalan Mawar. Dayang Sumbi, dayang@contoh.test.")
    wait_for("the number", lambda: "number" in place.post.events(), 60)
    ticket = place.ticket()
    place.say(ticket, WORDS[0])
    wait_for("the status", lambda: "status" in place.post.events(), 60)
    place.answers(ticket, "Yth. Ibu DAYANG SUMBI (0812-3456-7890, dayang@contoh.test): papan sudah "
                  "diganti. Narahubung: 022-4567890.")
    for word, state in zip(WORDS[2:], STATES[2:]):
        place.say(ticket, word)
        wait_for(word, lambda: any(state in a["text"] for a in place.post.arrived), 60)
    shown = [place.rig.ask("replies", "preview", ticket["reference"], event)
             for event in ("received", "number", "verified", "answered", "closed_by_admin")]
    letters = place.post.arrived
    place.close()
    return ticket, letters, shown


def texts_of(letters):
    return json.dumps([(a["subject"], a["text"], a["extra"]) for a in letters])


def anonymous(build):
    """Nobody's name, phone or address stands in what is told of an anonymous report."""
    ticket, letters, shown = whole_story(build, ["anonymous"])
    told = texts_of(letters) + json.dumps(shown)
    for word in HERS + ("DAYANG", "SUMBI", "4567890"):
        expect(word not in told, "%s was told: %s" % (word, told))
    expect("papan sudah diganti" in told and "Sangkuriang" in told, "too little is told: %s" % told)
    expect({a["to"] for a in letters} == {"w1"}, "somebody else was told")


def secret(build):
    """Of a secret report only reference, number, status and office are told."""
    ticket, letters, shown = whole_story(build, ["secret"])
    told = texts_of(letters) + json.dumps(shown)
    for word in HERS + ("DAYANG", "SUMBI", "Sangkuriang", "Tumang", "Mawar", "diganti", "4567890"):
        expect(word not in told, "%s was told: %s" % (word, told))
    for letter in letters:
        expect(letter["subject"] == "Re: [%s]" % ticket["reference"], "%r" % letter)
        extra = json.loads(letter["extra"])
        expect(set(extra) <= {"reference", "number", "status", "state", "office"}, "%r" % extra)
    number = [a for a in letters if a["event"] == "number"][0]["text"]
    last = letters[-1]["text"]
    expect(ticket["tracking_id"] in number and ticket["reference"] in number and
           "Dinas Contoh" in number and STATES[3] in last, "too little: %r %r" % (number, last))


def machines(build):
    """Two bridges that face each other stop: what says that a machine wrote it
    is never answered, what does not say so meets the ceiling of a day."""
    place = Place(build, replies={"per_day": 3}).start()
    place.write(1, flags=["automatic"])
    for n in range(2, 12):
        place.write(n, author={"id": "mesin"}, subject="Laporan Anda kami terima %d" % n)
    wait_for("all", lambda: len(place.rig.ask("tickets", "pushed")) >= 10, 90)
    wait_for("the ceiling", lambda: len(place.post.arrived) >= 3, 30)
    time.sleep(2)
    expect(len(place.post.arrived) == 3, "%d replies left" % len(place.post.arrived))
    expect("w1" not in [a["to"] for a in place.post.arrived], "a machine was answered")
    place.close()


def other_way(build):
    """What does not get through goes by the same person's next known channel; who
    is reached by none is listed."""
    second = Post()
    place = Place(build, others={"wa": {
        "connector": "whatsapp", "push": "auto", "start": "all", "every": "1s",
        "replies": {"send": "on", "quiet": ""}, "options": {"post": second.port}}}).start()
    place.post.answer = lambda letter: {"outcome": "refused", "why": "no such user"}
    place.write(1, author={"id": "w1", "phone": "+6281234567890"})
    wait_for("the other way", lambda: "number" in second.events("+6281234567890"), 60)
    letter = second.arrived[-1]
    expect(letter["to_kind"] == "phone" and letter["thread"] is None and letter["reply_to"] is None
           and letter["window"] == 1, "%r" % letter)
    expect(not place.rig.ask("replies", "list", "--not-reached"), "he was reached")
    second.answer = lambda letter: {"outcome": "refused", "why": "not on WhatsApp"}
    place.write(2, author={"id": "w2", "phone": "+6281234567891"})
    wait_for("the list", lambda: [r for r in place.rig.ask("replies", "list", "--not-reached")
                                  if r["event"] == "number"], 60)
    wait_for("the alarm", lambda: any("not reached" in a for a in place.rig.alarms("replies")), 30)
    place.close()


def too_late(build):
    """What was told too late for free text is tried once more there, as a template; then
    on the next known channel, and no further."""
    second = Post()
    place = Place(build, "whatsapp", others={"wa": {
        "connector": "whatsapp", "push": "auto", "start": "all", "every": "1s",
        "replies": {"send": "on", "quiet": ""}, "options": {"post": second.port}}}).start()
    place.write(1, author={"id": "w1", "phone": "+6281234567890"})
    wait_for("the number", lambda: "number" in place.post.events(), 60)
    first = place.post.arrived[-1]
    expect(first["window"] > 1, "%r" % first)
    place.post.answer = lambda letter: {"outcome": "refused", "why": "no template"}
    late = {"do": "receipt", "reference": first["reference"], "state": "failed",
            "reason": "131047 Re-engagement message"}
    place.source.put(late, late)
    wait_for("the other way", lambda: "number" in second.events("+6281234567890"), 60)
    again = place.post.tries[-1]
    expect(again["event"] == "number" and again["window"] == 1 and again["to"] == "w1" and
           again["reference"] != first["reference"], "%r" % again)
    place.source.put(late)
    wait_for("the receipt", lambda: place.source.waiting() == 0, 30)
    place.wait_letters("two that failed and one sent", lambda rows: [
        r["state"] for r in rows if r["event"] == "number"] == ["failed", "failed", "sent"])
    expect(not place.rig.ask("replies", "list", "--not-reached"), "he was reached")
    place.close()


def receipts(build):
    """Delivered is what the channel's receipt says, in any order and twice; a
    failure that is told later counts as well."""
    place = Place(build).start()
    place.write(1)
    wait_for("the number", lambda: "number" in place.post.events(), 60)
    number = [a for a in place.post.arrived if a["event"] == "number"][0]
    place.wait_sent(number)  # until then nobody knows its remote id
    number = number["reference"]

    def state():
        return [r["state"] for r in place.rig.ask("replies", "list") if r["reference"] == number][0]

    for receipt in ("read", "delivered", "read", "sent"):
        place.source.put({"do": "receipt", "remote_id": "remote-" + number, "state": receipt})
    wait_for("the receipts", lambda: place.source.waiting() == 0 and state() == "read", 30)
    place.source.put({"do": "receipt", "reference": number, "state": "failed"})
    wait_for("the receipt", lambda: place.source.waiting() == 0, 30)
    expect(state() == "read", "a read reply has failed")
    place.write(2)
    wait_for("the second", lambda: place.post.events().count("number") == 2, 60)
    number = [a for a in place.post.arrived if a["event"] == "number"][1]["reference"]
    place.source.put({"do": "receipt", "reference": number, "state": "failed"})
    wait_for("the list", lambda: [r for r in place.rig.ask("replies", "list", "--not-reached")
                                  if r["reference"] == number], 30)
    place.close()


def asked(build):
    """An incomplete report is asked back once and waits; half an answer leaves it waiting,
    the rest completes it, after a restart and in another thread."""
    place = Place(build, complete={"mode": "ask", "place": "district"}).start()
    place.write(1, subject="Lampu padam", text="Lampu jalan padam sejak tiga hari yang lalu.")
    question = wait_for("the question", lambda: [a for a in place.post.arrived
                                                 if a["event"] == "question"], 60)[0]
    expect("Di mana" in question["text"] and "kejadiannya" in question["text"], question["text"])
    held = place.rig.query("SELECT * FROM incomplete")
    place.wait_sent(question)
    place.daemon.kill()
    place.start()
    place.write(2, thread="lain", reply_to="remote-" + question["reference"], subject=None,
                text="Sampai malam ini masih gelap sekali.", author={"id": "w1"})
    wait_for("half an answer", lambda: place.rig.query(
        "SELECT count(*) FROM audit WHERE what = 'answered'") == [(1,)], 60)
    expect(len(place.rig.ask("tickets", "incomplete")) == 1 and
           place.rig.query("SELECT * FROM incomplete") == held, "another deadline, or none")
    ticket = place.rig.ask("tickets")[0]
    place.daemon.kill()
    place.start()
    place.write(3, thread="lagi", subject="Perihal " + ticket["reference"],
                text="Di Kecamatan Coblong, Kota Bandung, Jawa Barat.", author={"id": "w1"})
    wait_for("its number", lambda: "number" in place.post.events(), 60)
    expect(place.post.events().count("question") == 1, "it was asked twice")
    expect(len(place.rig.ask("tickets")) == 1, "the answer became a report")
    whole = place.centre.complaints()[0]["body"]["content"]
    for words in ("tiga hari", "gelap sekali", "Kecamatan Coblong"):
        expect(words in whole, "not all of it at the centre: %s" % whole)
    expect(not place.centre.follow_ups(ticket["tracking_id"] or place.ticket()["tracking_id"]),
           "told twice at the centre")
    place.close()


def unreadable(build):
    """What cannot be read is kept, and its sender is asked to send it in another form:
    once, however many of them he sent, and a machine never."""
    place = Place(build).start()
    for n in range(1, 6):
        place.write(n, kind="unreadable", thread="t1", text="a kind that is not known",
                    author={"id": "w1", "name": "Dayang"})
    place.write(6, kind="unreadable", author={"id": "w6"}, flags=["automatic"])
    place.write(7, kind="unreadable", author={"id": "w7"})
    wait_for("both answers", lambda: sorted(a["to"] for a in place.post.arrived) == ["w1", "w7"], 60)
    wait_for("all of it", lambda: len(place.rig.ask("quarantine", "list")) == 7, 60)
    wait_for("the news", lambda: place.rig.query("SELECT count(*) FROM reply_news") == [(0,)], 60)
    first = place.post.arrived[0]
    expect(first["event"] == "resend" and "kirim ulang" in first["text"] and
           "Dinas Contoh" in first["text"] and first["reply_to"] in ("m1", "m7"), "%r" % first)
    expect(len(place.post.arrived) == 2 and not place.rig.ask("tickets"), "%r" % place.post.arrived)
    place.close()


SAME = ("Saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 tersumbat sampah sejak "
        "seminggu, setiap hujan air masuk ke kios pedagang, mohon segera dibersihkan.")


def twice(build):
    """Who reports the same thing twice hears of it once; who joins from another
    channel hears there, and is shown nobody's number."""
    second, phone = Post(), "+6281234567890"
    place = Place(build, others={"wa": {
        "connector": "whatsapp", "push": "auto", "start": "all", "every": "1s",
        "replies": {"send": "on", "quiet": ""}, "options": {"post": second.port}}})
    other = Source("log")
    place.others["wa"]["options"]["port"] = other.port
    place.configure()
    place.start()
    place.write(1, subject="Saluran tersumbat", text=SAME, author={"id": "w1", "phone": phone})
    wait_for("the number", lambda: "number" in place.post.events(), 60)
    place.write(2, subject="Saluran tersumbat", text=SAME, author={"id": "w1", "phone": phone})
    other.put({"do": "message", "id": "x1", "subject": "Saluran tersumbat", "text": SAME,
               "author": {"id": "62812", "phone": phone}})
    wait_for("the number there", lambda: "number" in second.events("62812"), 60)
    expect(len(place.rig.ask("tickets")) == 1, "it is a ticket of its own")
    ticket = place.ticket()
    place.say(ticket, WORDS[1])
    place.answers(ticket, "Hubungi Dayang di %s." % phone)
    place.say(ticket, WORDS[2])
    wait_for("the answer", lambda: any(phone in a["text"] for a in place.post.arrived), 60)
    wait_for("the answer there", lambda: any("Hubungi" in a["text"] for a in second.arrived), 60)
    for post, to in ((place.post, "w1"), (second, "62812")):
        told = [(a["event"], a["text"]) for a in post.arrived]
        expect(len(told) == len(set(told)) and {a["to"] for a in post.arrived} == {to},
               "told twice: %r" % post.arrived)
    expect(phone not in json.dumps(second.arrived), "another reporter's number was told")
    rows = [(r["instance"], r["event"], r.get("status")) for r in place.rig.ask("replies", "list")]
    expect(len(rows) == len(set(rows)), "planned twice: %r" % rows)
    # What he does not get on one of his ways he gets on the other.
    place.post.answer = lambda letter: {"outcome": "refused", "why": "no such user"}
    place.say(ticket, WORDS[3])
    wait_for("the end there", lambda: any(STATES[3] in a["text"] for a in second.arrived), 60)
    wait_for("the refusal", lambda: [r for r in place.rig.ask("replies", "list", "failed")], 30)
    time.sleep(1)
    expect(not place.rig.ask("replies", "list", "--not-reached"), "he was reached")
    expect(len([a for a in second.arrived if STATES[3] in a["text"]]) == 1, "told twice there")
    place.close()
    other.stop()


def left_behind(build):
    """Who joined another's report hears of its states after that one was erased: by number
    and state, and nothing of whom it was; the erased one hears nothing more."""
    second, other = Post(), Source("log")
    place = Place(build, others={"lain": {
        "connector": "script", "push": "review", "start": "all", "every": "1s",
        "replies": {"send": "on", "quiet": ""},
        "options": {"post": second.port, "port": other.port}}})
    place.start()
    place.write(1, author=PERSON, text="Papan jembatan lapuk. Dayang Sumbi, 0812-3456-7890.")
    wait_for("the number", lambda: "number" in place.post.events(), 60)
    ticket = place.ticket()
    other.put({"do": "message", "id": "x1", "thread": "tx", "subject": "Jembatan bahaya",
               "text": "Jembatan di kampung kami hampir putus.", "author": {"id": "62813"}})
    joins = place.ticket("review")
    place.rig.ask("duplicates", "join", joins["reference"], ticket["reference"])
    wait_for("the number there", lambda: "number" in second.events("62813"), 60)
    place.say(ticket, WORDS[0])
    for post in (place.post, second):
        wait_for("the status", lambda p=post: "status" in p.events(), 60)
    told = len(place.post.arrived)
    for who in (PERSON["mail"], "62813"):
        # 75: what she added is on its way to the centre, or its answer to us.
        done = wait_for("the erasure", lambda w=who: [d for d in [place.rig.command(
            "erase", "--person", "-", given=w + "\n")] if d.returncode != 75], 30)[0]
        expect(done.returncode == 0, "erase: %s" % done)
        if who == "62813":
            break
        place.answers(ticket, "Yth. Ibu Dayang Sumbi: sudah diganti.")
        for word, state in zip(WORDS[1:], STATES[1:]):
            place.say(ticket, word)
            wait_for(word, lambda s=state: any(s in a["text"] for a in second.arrived), 60)
        other.put({"do": "message", "id": "x2", "reply_to": "x1", "text": "Sampai hari ini belum.",
                   "author": {"id": "62813"}})
        wait_for("his addition", lambda: [f for f in place.centre.follow_ups(
            ticket["tracking_id"]) if "belum" in f], 60)
    expect(len(place.post.arrived) == told, "the erased one was told: %r" % place.post.arrived[told:])
    letters = [a for a in second.arrived if a["event"] == "status"]
    expect(all(ticket["tracking_id"] in a["text"] for a in letters), "no number: %r" % letters)
    for word in HERS + ("diganti", "lapuk"):
        expect(word not in texts_of(second.arrived), "%s was told" % word)
    expect(place.rig.query("SELECT count(*) FROM follow WHERE raw IS NOT NULL") == [(0,)] and
           place.rig.query("SELECT count(*) FROM follow_entry WHERE length(sealed) > 0") == [(0,)],
           "the centre's words about her are kept")
    expect(place.rig.query("SELECT due_ms FROM follow") == [(None,)],
           "it is followed, and nobody is left who could hear of it")
    place.close()
    other.stop()


def hidden(build):
    """Whom a refusal is about stands in no row, log, alarm or metric."""
    place = Place(build).start()
    person = {"id": "warga-uji-7714", "mail": "siti.rahma@contoh.test", "phone": "+6281234567890"}
    words = ("550 5.1.1 <Siti.Rahma@contoh.test> unknown; warga-uji-7714 (6281234567890) has left; "
             "ask 0812-3456-7890 or budi.misal@contoh.test")
    place.post.answer = lambda letter: {"outcome": "refused", "why": words}
    place.write(1, author=person)
    wait_for("the list", lambda: place.rig.ask("replies", "list", "--not-reached"), 60)
    place.post.answer = lambda letter: {"outcome": "unknown", "result": "auth", "why": words}
    place.write(2, author=person)
    wait_for("the alarm", lambda: place.rig.alarms("kanal"), 60)
    shown = "".join(place.rig.command(*c).stdout for c in (
        ["--json", "replies", "list"], ["--json", "status"], ["replies", "list"], ["status"]))
    expect("550 5.1.1" in shown, "nothing is said of it: %s" % shown)
    place.daemon.stop()
    stored = b"".join(p.read_bytes() for p in place.rig.data.glob("jembatan.db*"))
    expect(b"550 5.1.1" in stored, "it is not kept")
    shown += place.rig.log_text() + stored.decode("latin-1")
    for secret in ("siti.rahma", "Siti.Rahma", "7714", "81234567890", "3456-7890", "budi.misal"):
        expect(secret not in shown, "%s stands in clear" % secret)
    place.close()


def let_go(build):
    """A person holds a letter and those behind it go; when he lets it go it goes,
    and so does one that was held while it waited."""
    place = Place(build).start()
    # In an hour: neither goes by itself while a person looks at it.
    place.post.answer = lambda letter: {"outcome": "later", "at_ms": int(time.time() + 3600) * 1000}
    place.write(1)
    ticket = place.ticket()
    place.say(ticket, WORDS[0])
    rows = wait_for("two that wait", lambda: [r for r in place.rig.ask("replies", "list", "queued")
                                              if r["event"] in ("number", "status")][1:], 60)
    number = [r for r in place.rig.ask("replies", "list") if r["event"] == "number"][0]["id"]
    status = rows[-1]["id"]
    place.rig.ask("replies", "hold", str(status))
    place.post.answer = place.post.take
    place.rig.ask("replies", "release", str(number))
    wait_for("the number", lambda: "number" in place.post.events(), 30)
    expect("status" not in place.post.events(), "what is held has left")
    expect(any("wait for a person" in a for a in place.rig.alarms("replies")), "no alarm")
    place.rig.ask("replies", "release", str(status))
    wait_for("the state", lambda: "status" in place.post.events(), 30)
    expect(place.rig.command("replies", "release", str(status)).returncode != 0, "it went twice")
    place.close()


def run(test, options):
    if test is not killed:
        return test(options.build)
    print("seed %d" % options.seed, flush=True)
    return killed(options.build, options.seed)


if __name__ == "__main__":
    main_of([in_order, killed, held, answered, anonymous, secret, machines, other_way, too_late,
             receipts, asked, unreadable, twice, left_behind, hidden, let_go], run,
            seed=random.randrange(10 ** 6))
