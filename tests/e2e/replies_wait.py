#!/usr/bin/env python3
"""Replies that wait, in a running daemon: for the end of the quiet hours, for a new
token (told of 14, 7, 3 and 1 days before), and after a backup was put back; and
complaints that wait for an answer to our question. BUILD is configured with --enable-faults: the clock is moved on."""
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from replies import STATES, WORDS, Place, Post  # noqa: E402
from rig import Daemon, expect, main_of, wait_for  # noqa: E402

DAY, WIB = 86400, 7 * 3600


class Later(Place):
    """Its clock can be moved on."""

    def __init__(self, build, **more):
        super().__init__(build, **more)
        self.clock, self.ahead = self.rig.dir / "clock", 0
        self.clock.write_bytes(struct.pack("=q", 0))
        self.rig.more.update(JEMBATAN_CLOCK=str(self.clock), JEMBATAN_REPLIES_LOOK_MS="200")

    def now(self):
        return time.time() + self.ahead

    def jump(self, seconds):
        self.ahead += seconds
        with open(self.clock, "r+b") as file:  # the same file stays mapped
            file.write(struct.pack("=q", int(self.ahead * 1000)))

    def day(self, days):
        """The date so many days on; a token ends as that day begins, in WIB."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.now() + WIB + days * DAY))


def hours(at):
    """From an hour before to two hours after, as WIB has it."""
    return "-".join(time.strftime("%H:%M", time.gmtime(at + WIB + h * 3600)) for h in (-1, 2))


def quiet(build):
    """At night a number goes to who has just written, states wait for the morning,
    and only the newest of them is told then."""
    place = Later(build)
    place.more = {"replies": {"send": "on", "quiet": hours(time.time())}}
    place.configure()
    place.start()
    place.write(1)
    wait_for("the number", lambda: "number" in place.post.events(), 60)
    ticket = place.ticket()
    for word in WORDS[:2]:
        place.say(ticket, word)
        wait_for("one that waits", lambda: place.rig.query(
            "SELECT 1 FROM reply WHERE state = 0 AND event = 3 AND why = 'quiet hours'"), 60)
    wait_for("the newer one", lambda: place.rig.query(
        "SELECT count(*) FROM reply WHERE event = 3") == [(2,)], 60)
    place.jump(3600)
    time.sleep(1)
    expect("status" not in place.post.events(), "woken at night")
    place.jump(3600 + 60)
    wait_for("the morning", lambda: "status" in place.post.events(), 60)
    told = [a["text"] for a in place.post.arrived if a["event"] == "status"]
    expect(len(told) == 1 and STATES[1] in told[0], "in the morning: %r" % told)
    place.close()


def expiry(build):
    """The end of a token is told of 14, 7, 3 and 1 days before; then replies are held,
    none is tried, none fails; with a new token they leave."""
    place = Later(build)
    place.more = {"replies": {"send": "on", "quiet": "", "token_expires": place.day(17)}}
    place.configure()
    place.start()

    def left():
        return [r["expires_days"] for r in place.rig.ask("status") if r["type"] == "way"][0]

    expect(left() in (16, 17) and not place.rig.alarms("kanal"), "an alarm too early")
    for days in (14, 7, 3, 1):
        place.jump((left() - days) * DAY)
        expect(left() == days, "%d days left, not %d" % (left(), days))
        expect(any("token ends soon" in a for a in place.rig.alarms("kanal")), "no alarm")
        wait_for("the warning of %d days" % days, lambda n=days: "token ends in %d days" % n in
                 place.rig.log_text(), 20)
    place.write(1)
    wait_for("the number, on its last day", lambda: "number" in place.post.events(), 60)
    place.jump(DAY)
    expect(left() == 0 and any("replies are held" in a for a in place.rig.alarms("kanal")),
           "no alarm at the end")
    wait_for("the last warning", lambda: "token has ended" in place.rig.log_text(), 20)
    tries = len(place.post.tries)
    place.write(2)
    ticket = [t for t in wait_for("both tickets", lambda: place.rig.ask("tickets", "pushed")[1:] and
                                  place.rig.ask("tickets", "pushed"), 60)][-1]
    wait_for("its number as a row", lambda: [r for r in place.rig.ask(
        "replies", "list", ticket["reference"]) if r["event"] == "number"], 30)
    time.sleep(1)
    expect(len(place.post.tries) == tries, "it was tried without a token")
    states = {r["state"] for r in place.rig.ask("replies", "list")}
    expect(not states & {"failed", "sending", "unknown"}, "%r" % states)
    place.more["replies"]["token_expires"] = place.day(90)
    place.configure()
    expect(place.rig.command("reload").returncode == 0, "no reload")
    wait_for("what was held", lambda: place.post.events().count("number") == 2, 30)
    expect(not place.rig.alarms("kanal"), "the alarm stays: %r" % place.rig.alarms("kanal"))
    place.close()


def passing(build):
    """What the channel took and could not deliver for a trouble of its own is told there
    once more, a while later, and then on the next known channel."""
    second = Post()
    place = Later(build, connector="whatsapp", others={"wa": {
        "connector": "whatsapp", "push": "auto", "start": "all", "every": "1s",
        "replies": {"send": "on", "quiet": ""}, "options": {"post": second.port}}}).start()
    place.write(1, author={"id": "w1", "phone": "+6281234567890"})
    wait_for("the number", lambda: "number" in place.post.events(), 60)

    def fails(letter):
        place.source.put({"do": "receipt", "reference": letter["reference"], "state": "failed",
                          "reason": "131000 Something went wrong"})

    fails(place.post.arrived[-1])
    wait_for("the second row", lambda: [r["state"] for r in place.rig.ask("replies", "list")
                                        if r["event"] == "number"] == ["failed", "queued"], 60)
    expect(place.post.events().count("number") == 1, "told again at once")
    place.jump(300)
    wait_for("the number again", lambda: place.post.events().count("number") == 2, 60)
    expect(place.post.arrived[-1]["window"] > 1, "as if it had been too late: %r" %
           place.post.arrived[-1])
    expect(not second.arrived, "told elsewhere too")
    fails(place.post.arrived[-1])
    wait_for("the other way", lambda: "number" in second.events("+6281234567890"), 60)
    expect(place.post.events().count("number") == 2, "told a third time")
    place.close()


def unreachable(build):
    """Whom the channel cannot reach at all is not tried there with each notice: what comes
    next goes another way at once, until he writes there again or a person says so."""
    second = Post()
    place = Later(build, connector="whatsapp", others={"wa": {
        "connector": "whatsapp", "push": "auto", "start": "all", "every": "1s",
        "replies": {"send": "on", "quiet": ""}, "options": {"post": second.port}}}).start()
    who = {"author": {"id": "w1", "phone": "+6281234567890"}, "thread": "w1"}

    def marks():
        return [r["unreachable"] for r in place.rig.ask("status") if r["type"] == "way" and
                r["instance"] == "kanal"][0]

    place.write(1, **who)
    wait_for("the number", lambda: "number" in place.post.events(), 60)
    expect(marks() == 0, "known as unreachable: %r" % marks())
    place.source.put({"do": "receipt", "reference": place.post.arrived[-1]["reference"],
                      "state": "failed", "reason": "131026 Message undeliverable"})
    wait_for("the other way", lambda: second.events("+6281234567890") == ["number"], 60)
    expect(marks() == 1, "not known as unreachable: %r" % marks())
    ticket, tries = place.ticket(), len(place.post.tries)
    place.say(ticket, WORDS[0])
    wait_for("the state, elsewhere", lambda: second.events() == ["number", "status"], 60)
    expect(len(place.post.tries) == tries, "it was tried where he cannot be reached")
    expect(any("cannot be reached" in (r["why"] or "") for r in place.rig.ask(
        "replies", "list", ticket["reference"])), "no reason is shown")
    place.write(2, **who)
    wait_for("the number, where he wrote", lambda: place.post.events().count("number") == 2, 60)
    expect(marks() == 0, "still unreachable: %r" % marks())
    # Refused at once, as some are; it is remembered over a restart, and for its days.
    place.post.answer = lambda letter: {
        "outcome": "refused", "why": "this person cannot be reached by WhatsApp (error 131026)"}
    place.say(ticket, WORDS[1])
    wait_for("the next state, elsewhere", lambda: second.events().count("status") == 2, 60)
    place.post.answer = place.post.take
    place.daemon.kill()
    place.start()
    tries = len(place.post.tries)
    place.say(ticket, WORDS[2])
    wait_for("one more, elsewhere", lambda: second.events().count("status") == 3, 60)
    expect(len(place.post.tries) == tries and marks() == 1, "forgotten by a restart")
    failed = [r for r in place.rig.ask("replies", "list", "failed") if r["instance"] == "kanal"][-1]
    expect(place.rig.command("replies", "release", str(failed["id"])).returncode == 0, "release")
    wait_for("what a person let go", lambda: place.post.arrived[-1]["event"] == "status" and
             len(place.post.tries) == tries + 1, 60)
    expect(marks() == 0, "a person's word does not count")
    place.close()


def restored(build):
    """After a backup was put back nobody is told anything: what waited is asked about at
    its channel, what would be told again is held for a person."""
    place = Later(build, connector="whatsapp").start()
    place.write(1)
    wait_for("the first number", lambda: "number" in place.post.events("w1"), 60)
    place.post.answer = lambda letter: {"outcome": "not sent"}
    place.write(2)
    number = wait_for("one that waits", lambda: place.rig.query(
        "SELECT reference FROM reply WHERE event = 1 AND state = 0"), 60)[0][0]
    folder = place.rig.dir / "backups"
    folder.mkdir()
    backup = place.rig.ask("backup", str(folder))[0]["place"]
    place.post.answer = place.post.take
    place.jump(3600)
    wait_for("the second number", lambda: "number" in place.post.events("w2"), 60)
    place.write(3)
    wait_for("the third number", lambda: "number" in place.post.events("w3"), 60)
    place.daemon.stop()
    done = place.rig.command("restore", backup, "--replace")
    expect(done.returncode == 0, "restore: " + done.stderr)
    arrived = len(place.post.arrived)
    place.start()
    place.jump(3600)
    rows = {r["reference"]: r for r in place.rig.ask("replies", "list")}
    expect(rows[number]["state"] == "unknown" and "put back" in rows[number]["why"],
           "what waited: %r" % rows[number])
    held = wait_for("what would be told again", lambda: place.rig.ask("replies", "list", "held"), 60)
    expect(all("put back" in r["why"] for r in held), "%r" % held)
    expect(any("wait for a person" in a for a in place.rig.alarms("replies")), "no alarm")
    one = str(held[0]["id"])
    for what, state in (("release", "queued"), ("hold", "held"), ("release", "queued")):
        expect(place.rig.command("replies", what, one).returncode == 0, what)
        now = [r["state"] for r in place.rig.ask("replies", "list") if str(r["id"]) == one]
        expect(now == [state], "%s: %r" % (what, now))
    time.sleep(1)
    expect(len(place.post.arrived) == arrived and not place.post.settled, "told while held")
    done = place.rig.command("restore", "--release", "--yes")
    expect(done.returncode == 0, "no release: " + done.stderr)
    wait_for("what a person let go", lambda: len(place.post.arrived) > arrived, 60)

    def is_settled():
        place.jump(60)
        return [r for r in place.rig.ask("replies", "list") if r["reference"] == number and
                r["state"] == "sent"]

    wait_for("the channel to be asked", is_settled, 60, 0.2)
    expect([a["reference"] for a in place.post.arrived].count(number) == 1, "told twice")
    place.close()


def incomplete(place, n, due_in):
    """A complaint without a place: asked for it, once, and held until then."""
    place.write(n, subject="Lampu padam %d" % n, text="Lampu jalan padam sejak tiga hari yang lalu.")
    question = wait_for("the question", lambda: [a for a in place.post.arrived if a["to"] == "w%d" % n
                                                 and a["event"] == "question"], 60)[0]
    ticket = place.rig.ask("tickets", "incomplete")[-1]
    missing, due_ms, asked_ms = place.rig.query(
        "SELECT missing, due_ms, asked_ms FROM incomplete ORDER BY ticket_id DESC LIMIT 1")[0]
    expect(missing and asked_ms and abs(due_ms / 1000 - place.now() - due_in) < 60,
           "not held until then: %r" % ((missing, due_ms, asked_ms),))
    day = time.strftime("%d-%m-%Y", time.gmtime(due_ms / 1000 + WIB))
    expect(day in question["text"] and ticket["reference"] in question["text"], question["text"])
    return ticket


def unanswered(build):
    """Nobody answers the question. Held until the deadline, over a restart; then it goes
    to the centre as it is, or is kept here, as `complete.after` says. Never asked again."""
    wait = 3 * 3600
    for after in ("push", "archive"):
        place = Later(build, complete={"mode": "ask", "place": "district", "wait": "3h",
                                       "after": after})
        place.start()
        ticket = incomplete(place, 1, wait)
        place.jump(wait - 300)
        place.daemon.kill()
        place.start()
        time.sleep(1.5)  # it looks once a second
        expect([t["reference"] for t in place.rig.ask("tickets", "incomplete")] ==
               [ticket["reference"]] and not place.centre.complaints(), "not held to its end")
        place.jump(300 + 1)
        state = "pushed" if after == "push" else "archived"
        wait_for("its end", lambda: [t for t in place.rig.ask("tickets", state)
                                     if t["reference"] == ticket["reference"]], 60)
        if after == "push":
            wait_for("the number", lambda: "number" in place.post.events(), 60)
        expect(len(place.centre.complaints()) == (after == "push"), "at the centre: %s" % after)
        expect(place.rig.query("SELECT count(*) FROM incomplete") == [(0,)], "it still waits")
        told = place.rig.command("explain", ticket["reference"]).stdout
        expect("nobody answered what was asked" in told, told)
        expect(place.post.events().count("question") == 1, "asked twice")
        place.close()


def unasked(build):
    """Who could not be asked is not taken for silent: his report goes on, whatever
    `complete.after` says."""
    place = Later(build, complete={"mode": "ask", "place": "district", "wait": "3h",
                                   "after": "archive"})
    place.more = {"replies": {"send": "on", "quiet": "", "token_expires": place.day(-1)}}
    place.configure()
    place.start()
    place.write(1, subject="Lampu padam", text="Lampu jalan padam sejak tiga hari yang lalu.")
    ticket = wait_for("one that waits", lambda: place.rig.ask("tickets", "incomplete"), 60)[0]
    wait_for("the question", lambda: [r for r in place.rig.ask("replies", "list")
                                      if r["event"] == "question"], 60)
    place.jump(3 * 3600 + 1)
    wait_for("its way to the centre", lambda: place.centre.complaints(), 60)
    told = place.rig.command("explain", ticket["reference"]).stdout
    expect("could not be asked" in told and "nobody answered" not in told, told)
    expect(not place.post.tries, "somebody was asked with a token that has ended")
    place.close()


def not_asked(build):
    """What nobody asked for is not waited for: no answers on that channel, none of questions,
    nowhere to write to, nobody to be reached. It goes on at once, and says what it lacks."""
    on = {"send": "on", "quiet": ""}
    refuse = {"outcome": "refused", "why": "this person cannot be reached by WhatsApp (error 131026)"}
    for name, replies, main, more in (
            ("off", {"send": "off"}, {}, {}),
            ("off, for review", {"send": "off"}, {}, {"push": "review"}),
            ("shadow", {"send": "shadow"}, {}, {}),
            ("no questions", on, {"events": ["number", "status"]}, {}),
            ("no address", on, {}, {"author": {"name": "Dayang"}}),
            ("a machine's", on, {}, {"flags": ["automatic"]}),
            ("unreachable", on, {}, {"answer": refuse})):
        place = Later(build, connector="whatsapp", replies=main, complete={
            "mode": "ask", "place": "district", "wait": "3h", "after": "archive"})
        place.more = {"replies": replies, "push": more.pop("push", "auto")}
        place.configure()
        place.daemon = Daemon(place.rig).start()
        answer = more.pop("answer", None)
        if answer:
            place.post.answer = lambda letter, a=answer: a
        place.write(1, subject="Lampu padam", text="Lampu jalan padam sejak tiga hari yang lalu.", **more)
        state = "review" if "review" in name else "pushed"
        ticket = wait_for("its way on: " + name, lambda: place.rig.ask("tickets", state), 30)[0]
        told = place.rig.command("explain", ticket["reference"]).stdout
        expect("place" in told and ("cannot be asked" in told or "could not be asked" in told),
               "%s: %s" % (name, told))
        expect("question" not in place.post.events(), name)
        expect(place.rig.query("SELECT count(*) FROM incomplete") == [(0,)], "it still waits: " + name)
        place.close()


def turned_off(build):
    """Replies are turned off before the question has left: it is not waited for."""
    place = Later(build, complete={"mode": "ask", "place": "district", "wait": "3h"})
    place.post.answer = lambda letter: {"outcome": "not sent"}
    place.start()
    place.write(1, subject="Lampu padam", text="Lampu jalan padam sejak tiga hari yang lalu.")
    wait_for("a question that waits", lambda: place.rig.query(
        "SELECT 1 FROM reply WHERE event = 2"), 60)
    expect(place.rig.ask("tickets", "incomplete"), "it does not wait")
    place.more = {"replies": {"send": "off"}}
    place.configure()
    expect(place.rig.command("reload").returncode == 0, "no reload")
    wait_for("its way to the centre", lambda: place.centre.complaints(), 30)
    place.close()


if __name__ == "__main__":
    main_of([quiet, expiry, passing, unreachable, restored, unanswered,
             unasked, not_asked, turned_off])
