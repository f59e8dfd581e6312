#!/usr/bin/env python3
"""Comments under a channel's videos against real processes: each is one ticket, over a
kill too, and its number stands below it once, also when YouTube's answer was lost;
our own answers are nobody's complaint; the token is nowhere to be read; what is
deleted is noted at its ticket, which stays."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Clock, Daemon, Fake, Rig, elsewhere, expect, main, wait_for  # noqa: E402

TOKEN = "token-uji"
STAGES = [1, 1, 1, 4, 4, 4]  # three tickets; our own answers are kept, no more


class Channel(Fake):
    def __init__(self):
        super().__init__("youtube.py")

    def comment(self, number):
        now = time.gmtime(time.time() + 1)  # not before replies were switched on
        self.ask("/_comment", {"id": "Ugx%d" % number, "author": "UCwarga%d" % number,
                               "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", now),
                               "text": "#lapor " + elsewhere(number)})

    def below(self, number):
        return [p["textOriginal"] for p in self.ask("/_state")["posted"]
                if p["parentId"] == "Ugx%d" % number]


def start(rig, clock):
    daemon = Daemon(rig, clock.env).start()
    wait_for("the way back", lambda: rig.query(
        "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 20)
    return daemon


def deleted(rig, channel, clock):
    channel.ask("/_delete", {"id": "Ugx3"})
    clock.advance(3600)
    wait_for("a first look", lambda: channel.asked("look") or None, 30)
    walks = channel.asked("threads")
    wait_for("the next walk", lambda: channel.asked("threads") > walks or None)
    expect(rig.count("ticket") == 3, "a ticket came of a look")
    clock.advance(660)
    wait_for("a note of the deletion", lambda: sum("deleted" in rig.command(
        "explain", r["reference"]).stdout for r in rig.ask("tickets", "pushed")) == 1 or None, 60)
    expect(rig.count("ticket") == 3, "a ticket went with its comment")


def run(build, keep):
    channel = Channel()
    rig = Rig(build, {}, {})
    clock = Clock(rig)
    centre = Centre(rig)
    rig.stoppers += [centre.stop, channel.stop]
    instance = {"connector": "social", "push": "auto", "start": "all", "every": "1s",
                "replies": {"send": "on", "quiet": ""},
                "options": {"network": "youtube", "url": channel.url, "account": "UCkami",
                            "access_token": rig.secret("token", TOKEN)}}
    rig.write_config(centre.settings, {"video": instance}, {
        "replies": {"received_after": "60s", "per_day": 0, "office": "Dinas Contoh"}})
    checked = rig.command("check")
    expect(checked.returncode == 0, "check: %s" % (checked.stdout + checked.stderr))
    daemon = start(rig, clock)

    channel.comment(1)
    wait_for("the number below the comment", lambda: channel.below(1) or None, 60)
    number = rig.query("SELECT tracking_id FROM ticket")[0][0]
    expect(number and number in channel.below(1)[0], "no number in the answer")

    channel.ask("/_fault", {"where": "post", "commit": True, "cut": True})
    channel.comment(2)
    wait_for("an answer that was lost", lambda: channel.below(2) or None, 60)
    daemon.kill()
    channel.comment(3)
    daemon = start(rig, clock)
    wait_for("the third answer", lambda: channel.below(3) or None, 60)
    wait_for("the settling", lambda: rig.count("reply", "state IN (0, 1, 6)") == 0 or None, 60)
    walks = channel.asked("threads")
    wait_for("two more walks", lambda: channel.asked("threads") >= walks + 2 or None, 60)
    wait_for("every decision", lambda: rig.count("message", "stage = 0") == 0 or None, 20)
    expect([len(channel.below(n)) for n in (1, 2, 3)] == [1, 1, 1], "not one answer below each comment")
    expect(rig.count("reply", "settles > 0") > 0, "nothing had to be settled")
    expect(rig.count("ticket") == 3, "%d tickets of three comments" % rig.count("ticket"))
    stages = sorted(s for (s,) in rig.query("SELECT stage FROM message"))
    expect(stages == STAGES, "stages %s" % stages)
    deleted(rig, channel, clock)
    shown = rig.log_text() + rig.command("status").stdout + rig.command("replies", "list").stdout
    expect(TOKEN not in shown, "the token can be read")
    daemon.kill()
    rig.close(keep)
    print("youtube: three comments over a kill and a lost answer: three tickets, a number below each")


main(run)
