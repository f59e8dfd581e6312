#!/usr/bin/env python3
"""X against real processes: mentions become tickets, once each, also over kill -9
between a page and the cursor; an edit follows its ticket; a signed webhook and the
poll bring the same post once; the number is answered under the post, without a link;
`status` and /metrics show budget, cost, the newest post and the token; a ceiling in
money stops polls, says so, and leaves what is there alone; days later an edit that
mentions nobody and a deletion follow their tickets; from half of a budget on polls slow
down."""
import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import TOP, Centre, Clock, Daemon, Fake, Rig, UnixConnection, elsewhere, expect, main_of, wait_for  # noqa: E402

SECRET = "rahasia-konsumen-uji"
US = {"id": "77", "name": "Lapor Contoh", "username": "lapor_contoh"}


class X(Fake):
    """The fake of the API; `words`: which of its vocabularies it speaks."""

    def __init__(self, words):
        super().__init__("x.py", "--words", words, "--token", "", "--refresh", "tukar-0")



def post(number, text, **more):
    text = "@lapor_contoh " + text
    return dict({"id": str(1880000000000000000 + number), "text": text,
                 "author_id": str(9000 + number), "lang": "in",
                 "created_at": datetime.datetime.now(datetime.timezone.utc).strftime(
                     "%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
                 "edit_history_tweet_ids": [str(1880000000000000000 + number)],
                 "entities": {"mentions": [{"start": 0, "end": 13, "id": "77",
                                            "username": "lapor_contoh"}]}}, **more)


def author(number):
    return {"id": str(9000 + number), "name": "Warga %d" % number, "username": "warga%d" % number}


def event(number, text):
    return {"data": {"event_uuid": "1", "filter": {"user_id": "77"}, "tag": "sebutan",
                     "event_type": "post.mention.create", "payload": post(number, text),
                     "includes": {"users": [author(number)]}}}


class Place:
    def __init__(self, o, words="tweet", options=None, front=None, every="1s"):
        """front: given this place, starts what stands before the fake; its URL."""
        self.x = X(words)
        self.rig = Rig(o.build, {}, {})
        self.rig.stoppers.append(self.x.stop)
        self.centre = Centre(self.rig)
        self.rig.stoppers.append(self.centre.stop)
        self.socket = str(self.rig.dir / "web.sock")
        self.url = front(self) if front else self.x.url
        entry = {"connector": "social", "push": "auto", "start": "all", "every": every,
                 "replies": {"send": "on", "quiet": ""},
                 "options": dict({"network": "x", "url": self.url, "client_id": "aplikasi",
                                  "vocabulary": words,
                                  "refresh_token": self.rig.secret("refresh", "tukar-0"),
                                  "app_secret": self.rig.secret("app", SECRET)}, **(options or {}))}
        self.rig.write_config(self.centre.settings, {"x": entry}, {
            "log": {"level": "debug"}, "web": {"listen": "unix:" + self.socket},
            "replies": {"received_after": "0ms", "per_day": 0, "office": "Dinas Contoh"}})
        checked = self.rig.command("check")
        expect(checked.returncode == 0, "check: %s" % (checked.stdout + checked.stderr))
        self.clock = Clock(self.rig)
        self.daemon = Daemon(self.rig, self.clock.env).start()
        # Who wrote before the way back was open is not answered.
        wait_for("the way back", lambda: self.rig.status("way"))

    def again(self):
        self.daemon.kill()
        self.daemon = Daemon(self.rig, self.clock.env).start()

    def write(self, number, text, **more):
        self.x.ask("/_post", {"post": post(number, text, **more), "users": [author(number)]})

    def ask(self, method, path, body=None, headers=None):
        connection = UnixConnection(self.socket)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found

    def give(self, value, secret=SECRET):
        body = json.dumps(value).encode()
        mac = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        return self.ask("POST", "/hook/x", body, {"x-twitter-webhooks-signature": "sha256=" + mac,
                                                  "Content-Type": "application/json"})[0]

    def count(self, table="message"):
        return self.rig.query("SELECT count(*) FROM %s" % table)[0][0]

    def replies_to(self, number):
        return [p for p in self.x.state()["posted"]
                if p["parent"] == str(1880000000000000000 + number)]

    def channel(self):
        return next((r for r in self.rig.ask("status") if r["type"] == "channel"), None)

    def close(self):
        self.daemon.kill()
        self.rig.close()


def gathered(o, front=None, words="tweet"):
    """Many pages, a kill between them, both ways in."""
    p = Place(o, words, front=front)
    for n in range(1, 31):
        p.write(n, "#lapor %s" % elsewhere(n))
    wait_for("the first page", lambda: p.x.state()["asked"].get("mentions"))
    p.again()  # the first page is here, nothing of it is on disk
    wait_for("all mentions", lambda: p.count() == 30)
    wait_for("their tickets", lambda: p.count("ticket") == 30)
    asked = p.x.state()["asked"]["mentions"]  # the next walk begins behind the cursor
    wait_for("the next walk", lambda: p.x.state()["asked"]["mentions"] > asked or None)
    repeats = p.rig.status("instance", "x")["repeats"]  # a slow machine is killed later above
    p.again()
    p.write(31, "#lapor %s" % elsewhere(31))
    wait_for("one more", lambda: p.count() == 31)
    expect(p.rig.status("instance", "x")["repeats"] == repeats, "something came twice after the cursor")
    if not front:
        answer = p.ask("GET", "/hook/x?crc_token=kata")
        mac = base64.b64encode(hmac.new(SECRET.encode(), b"kata", hashlib.sha256).digest()).decode()
        expect(answer == (200, json.dumps({"response_token": "sha256=" + mac},
                                          separators=(",", ":"))), "the challenge: %s" % (answer,))
    expect(p.give(event(32, "#lapor %s" % elsewhere(32)), "palsu") == 401, "a forged event is taken")
    expect(p.give(event(32, "#lapor %s" % elsewhere(32))) == 200, "an event is not taken")
    expect(p.count() == 32, "the event is not there once it is answered")
    p.write(32, "#lapor %s" % elsewhere(32))
    wait_for("the same by the poll", lambda: p.rig.status("instance", "x")["repeats"] == repeats + 1)
    expect(p.count() == 32, "a post came twice")
    log = p.rig.log_text()
    for word in ("tukar-", "masuk-", SECRET, "warga1"):
        expect(word not in log, "%s is in the log" % word)
    p.close()


def answered(o, front=None, words="tweet"):
    """The number under the post; an edit follows its ticket; a 500 after the post."""
    p = Place(o, words, front=front)
    p.x.ask("/_fault", {"where": "post", "status": 500, "commit": True})
    p.write(1, "#lapor %s" % elsewhere(1))
    wait_for("a reply", lambda: p.replies_to(1))
    wait_for("the ticket at the centre", lambda: p.count("ticket") == 1 and
             p.rig.status()["tickets"].get("pushed"))
    edited = str(1880000000000000000 + 2)
    p.write(2, "#lapor %s Sekarang airnya masuk rumah." % elsewhere(1), author_id="9001",
            edit_history_tweet_ids=[str(1880000000000000000 + 1), edited])
    wait_for("the edit", lambda: p.rig.status()["edits"] == 1)
    wait_for("its follow-up", lambda: any("masuk rumah" in f for c in p.centre.complaints()
             for f in p.centre.follow_ups(c["id"])) or None)
    expect(p.count("ticket") == 1, "the edit became a ticket of its own")
    texts = [r["text"] for r in p.x.state()["posted"]]
    expect(len(texts) == len(set(texts)), "a reply went out twice: %s" % texts)
    expect(not any("://" in t for t in texts), "a reply has a link")
    p.close()


def followed(o, front=None, words="tweet"):
    """A day later: one edited without a word of us, one deleted, one hidden."""
    p = Place(o, words, front=front)
    for n in (1, 2, 3):
        p.write(n, "#lapor %s" % elsewhere(n))
    wait_for("their tickets", lambda: p.rig.status()["tickets"].get("pushed") == 3 or None, 60)
    ids = [str(1880000000000000000 + n) for n in range(6)]
    edited = post(5, "Airnya sudah masuk rumah.", author_id="9001", edit_history_tweet_ids=[ids[1], ids[5]])
    p.x.ask("/_edit", {"post": dict(edited, text="Airnya sudah masuk rumah.", entities={})})
    p.x.ask("/_delete", {"id": ids[2]})
    p.x.ask("/_hide", {"id": ids[3]})
    before = p.x.state()["asked"].get("lookup", 0)
    expect(before == 0, "it is asked although nothing is due")
    p.clock.advance(86400)
    p.again()
    wait_for("the look", lambda: p.x.state()["asked"].get("lookup", 0) >= 2 or None)
    wait_for("the edit", lambda: p.rig.status()["edits"] == 1 or None)
    wait_for("its follow-up", lambda: any("masuk rumah" in f for c in p.centre.complaints()
             for f in p.centre.follow_ups(c["id"])) or None, 60)
    asked = p.x.state()["asked"]["mentions"]  # the next poll begins when the look is over
    wait_for("the next poll", lambda: p.x.state()["asked"]["mentions"] > asked or None)
    p.clock.advance(660)
    p.again()
    def deletions():
        return sum("deleted" in p.rig.command("explain", r["reference"]).stdout
                   for r in p.rig.ask("tickets", "pushed"))
    wait_for("the note of the deletion", lambda: deletions() or None)
    asked = p.x.state()["asked"]["mentions"]
    wait_for("two polls more", lambda: p.x.state()["asked"]["mentions"] >= asked + 2 or None)
    expect(deletions() == 1, "what is hidden counts as deleted")
    expect(p.count("ticket") == 3, "a ticket went with its post")
    p.close()


def shown(o):
    """status and /metrics; a ceiling in money stops polls and says so."""
    p = Place(o, options={"budget_cost": "0.50"})
    p.write(1, "#lapor %s" % elsewhere(1))
    wait_for("the mention", lambda: p.count() == 1)
    row = wait_for("what status shows", lambda: (lambda r: r if r and r.get("newest_ms") else None)(
        p.channel()))
    expect(row["network"] == "x" and row["currency"] == "USD" and row["token"] == "renews itself" and
           row["cost"].startswith("USD 0.0") and row["cost"].endswith(" of 0.50") and
           "/300 15min" in row["budget"], "status says %s" % row)
    expect("BUDGET LEFT" in p.rig.command("status").stdout, "status shows no channels")
    metrics = p.ask("GET", "/metrics")[1]
    expect('jembatan_channel_cost{instance="x"} 0.0' in metrics and
           'jembatan_channel_newest_seconds{instance="x"}' in metrics, "metrics: %s" % metrics[-600:])
    for n in range(2, 60):
        p.write(n, "#lapor %s" % elsewhere(n))
    alarm = wait_for("the alarm", lambda: [a for a in p.rig.alarms("x") if "budget_cost" in a], 60)
    expect("0.50" in alarm[0], "the alarm says %s" % alarm)
    cost = p.channel()["cost_micro"]
    expect(cost <= 500000, "it has cost %d" % cost)
    asked = p.x.state()["asked"]["mentions"]
    p.again()
    wait_for("the alarm again", lambda: [a for a in p.rig.alarms("x") if "budget_cost" in a], 60)
    expect(p.x.state()["asked"]["mentions"] == asked, "it asks although the money is spent")
    expect(p.channel()["cost_micro"] == cost, "the kill changed what was spent")
    log = p.rig.log_text()
    expect(log.count("this month's 0.50 are used") == 1, "the early warning is not said once")
    p.close()


def slowed(o):
    """Half of the day's requests are used: polls slow down, which is no alarm; replies go."""
    p = Place(o, options={"budget_day": "12"})
    row = wait_for("the pace", lambda: (lambda r: r if r and "slowed to one in" in (r["budget"] or "") else
                                        None)(p.channel()), 60)
    expect("/12 day" in row["budget"] and row["budget_pace_ms"] > 60000, "status says %s" % row)
    expect('jembatan_channel_budget_pace_seconds{instance="x"}' in p.ask("GET", "/metrics")[1],
           "metrics do not say it")
    expect(p.give(event(1, "#lapor %s" % elsewhere(1))) == 200, "an event is not taken")
    p.x.ask("/_post", {"post": post(1, "#lapor %s" % elsewhere(1)), "users": [author(1)]})
    wait_for("a reply", lambda: p.replies_to(1))
    expect(not p.rig.alarms("x"), "alarms: %s" % p.rig.alarms("x"))
    expect(p.x.state()["asked"]["mentions"] < 8, "it asks on as if nothing were")
    p.close()


def preview(o):
    """`jembatan preview` takes a page of an answer and a webhook's body."""
    rig = Rig(o.build, {}, {"x": {"connector": "social", "options": {
        "network": "x", "access_token": {"env": "HOME"}}}})
    for name, kinds in (("x_page", ["a complaint", "a complaint"]), ("x_webhook", ["a complaint"])):
        rows = rig.ask("preview", "x", "--sample", str(TOP / "tests/data/social" / (name + ".json")))
        said = [r["message"]["kind"] for r in rows if "message" in r]
        expect(said == kinds, "%s is shown as %s" % (name, rows))
    rig.close()


def both(o):
    gathered(o, words="post")


if __name__ == "__main__":
    main_of([preview, gathered, both, answered, followed, slowed, shown], lambda test, options: test(options))
