#!/usr/bin/env python3
"""What comes in one turn is decided in order before any of it leaves: a complaint is
claimed for the centre as soon as it is made, and yet what its writer says right behind
it counts. Secrecy asked for in the same batch goes with the report; a number of the
centre that the source already has takes the push back.

    tests/e2e/at_once.py --build BUILD
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Rig, Source, expect, main, play, wait_for  # noqa: E402


class Place:
    def __init__(self, build):
        self.rig = Rig(build, {}, {})
        self.centre = Centre(self.rig, "--delay", "2")
        self.app = Source("log")
        self.rig.write_config(dict(self.centre.settings, answer_timeout="2s"), {
            "aplikasi": {"connector": "script", "push": "auto", "start": "all", "every": "1s",
                         "options": {"port": self.app.port}}},
            {"log": {"level": "debug"}, "duplicates": {"enabled": False}})
        self.daemon = Daemon(self.rig).start()

    def rows(self, query):
        return self.rig.query(query)

    def say(self, *steps):
        """In one batch; until all of it is decided and nothing is on its way."""
        before = self.rows("SELECT count(*) FROM message")[0][0]
        self.app.put(*steps)
        wait_for("the decisions", lambda: self.rows(
            "SELECT count(*) FROM message WHERE stage <> 0")[0][0] == before + len(steps))
        wait_for("the answers", lambda: not self.rows("SELECT 1 FROM outbox WHERE state < 2"))
        received = self.rows("SELECT count(DISTINCT received_ms) FROM message WHERE id > %d" % before)
        expect(received[0][0] == 1, "it did not come in one turn: the test shows nothing")

    def given(self, words):
        """What the centre was given with these words."""
        return [c["body"] for c in self.centre.complaints() if words in c["body"]["content"]]

    def go(self):
        run(self)
        expect(self.daemon.stop() == 0, "SIGTERM did not end with 0")
        print("at_once: OK")

    def close(self, keep):
        if self.daemon.is_alive():
            self.daemon.kill()
        self.app.stop()
        self.centre.stop()
        self.rig.close(keep)


def complaint(name, text, **more):
    return dict({"do": "message", "id": name, "thread": name, "text": text,
                 "author": {"id": "warga-" + name, "name": "Warga Contoh"}}, **more)


def run(p):
    # The first turn claims what an end may have left; from then on new ones go at once.
    p.say(complaint("satu", "Lampu jalan mati di depan pasar."))
    expect(len(p.given("Lampu jalan")) == 1, "the first did not arrive")

    p.say(complaint("dua", "Atasan saya meminta uang."),
          complaint("dua", "Atasan saya meminta uang, dua kali.", flags=["secret", "anonymous"]))
    body = p.given("meminta uang")
    expect(len(body) == 1, "%d reports of one complaint" % len(body))
    expect(body[0]["is_secret"] and body[0]["is_anonymous"], "it left without its secrecy: %s"
           % {k: body[0].get(k) for k in ("is_secret", "is_anonymous")})
    expect("Warga Contoh" not in str(body[0]), "its reporter's name left with it")

    p.say(complaint("tiga", "Jembatan putus di kampung kami.", revision="1"),
          complaint("tiga", "Jembatan putus di kampung kami.", revision="2",
                    tracking_id="7654321"))
    expect(p.given("Jembatan putus") == [], "the centre has it, and was given it again")
    states = p.rows("SELECT state, tracking_id FROM ticket ORDER BY id DESC LIMIT 1")
    expect(states[0][1] == "7654321", "its number is not kept: %s" % (states[0],))


if __name__ == "__main__":
    main(lambda build, keep: play(Place(build), keep=keep))
