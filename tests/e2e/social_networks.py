#!/usr/bin/env python3
"""Bluesky, a Facebook Page and Instagram against real processes: kills between page
and cursor, redelivered and disordered webhooks, a way back that breaks; each post
is one ticket, each reply stands there once."""
import hashlib
import hmac
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Fake, Rig, UnixConnection, elsewhere, expect, main, wait_for  # noqa: E402

SECRETS = ["sandi-uji", "token-uji", "rahasia-uji", "kata-uji"]
POSTS = 230
DAY_S = 86400


class Place:
    def __init__(self, build):
        self.sky, self.graph = Fake("bluesky.py"), Fake("meta.py")
        self.graph.ask("/_thing", {"path": "debug_token", "answer": {
            "is_valid": True, "expires_at": 0, "data_access_expires_at": int(time.time()) + 10 * DAY_S}})
        self.rig = rig = Rig(build, {}, {})
        self.centre = Centre(rig, "--mode", "idempotent", "--delay", "1")
        rig.stoppers += [self.centre.stop, self.sky.stop, self.graph.stop]
        self.web = str(rig.dir / "web.sock")
        meta = {"url": self.graph.url, "account": "1001", "access_token": rig.secret("token", "token-uji"),
                "app_secret": rig.secret("app", "rahasia-uji"), "app_id": "77", "backfill_every": "2s",
                "verify_token": rig.secret("word", "kata-uji")}
        options = {
            "sky": {"network": "bluesky", "url": self.sky.url, "account": "lapor.example",
                    "password": rig.secret("password", "sandi-uji"), "deep_sweep": "2s"},
            "page": dict(meta, network="facebook"), "ig": dict(meta, network="instagram")}
        entry = {"connector": "social", "push": "auto", "start": "all", "every": "1s",
                 "replies": {"send": "on", "quiet": ""}}
        central = dict(self.centre.settings, idempotent=True)
        rig.write_config(central, {n: dict(entry, options=o) for n, o in options.items()}, {
            "web": {"listen": "unix:" + self.web, "per_address": 4096},
            "replies": {"received_after": "60s", "per_day": 0, "office": "Dinas Contoh"}})
        checked = rig.command("check")
        expect(checked.returncode == 0, "check: %s" % (checked.stdout + checked.stderr))
        self.start()

    def start(self):
        self.daemon = Daemon(self.rig, {"JEMBATAN_RESTART_FIRST_MS": "100"}).start()
        wait_for("the way back", lambda: self.rig.query(
            "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 20)
        wait_for("jembatan-web", lambda: (self.rig.status("web") or {}).get("state") == "serving", 60)

    def kill(self):
        self.daemon.kill()
        self.start()

    def count(self, table="message", where="1"):
        return self.rig.count(table, where)

    def hook(self, instance, body, secret="rahasia-uji"):
        data = json.dumps(body).encode()
        connection = UnixConnection(self.web, 60)
        try:
            connection.request("POST", "/hook/" + instance, data, {
                "Content-Type": "application/json", "X-Hub-Signature-256": "sha256=" + hmac.new(
                    secret.encode(), data, hashlib.sha256).hexdigest()})
            return connection.getresponse().status
        finally:
            connection.close()


def bluesky(p):
    """Kills while pages come: every post once, also one dated long ago."""
    for n in range(POSTS):
        minute = "%02d:%02d" % (n // 60, n % 60)
        p.sky.ask("/_post", {"rkey": "3n%d" % n, "text": "#lapor " + elsewhere(n),
                             "createdAt": "2026-01-02T%s:00.000Z" % minute})
    for share in (1, POSTS // 2):
        wait_for("some posts", lambda share=share: p.count() >= share or None, 60)
        p.kill()
    p.sky.ask("/_post", {"rkey": "3nlama", "text": "#lapor " + elsewhere(900),
                         "createdAt": "2020-01-01T00:00:00.000Z"})
    wait_for("every post", lambda: p.count() >= POSTS + 1 or None, 90)
    expect(p.count() == POSTS + 1, "a post came twice: %d" % p.count())
    print("social_networks: bluesky: %d posts over two kills, each once" % p.count())


def sky_replies(p):
    """The answer's answer is lost: it is looked for, not sent again."""
    p.sky.ask("/_fault", {"where": "create", "commit": True, "cut": True})
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 1))
    p.sky.ask("/_post", {"rkey": "3nbaru", "text": "#lapor " + elsewhere(901), "createdAt": now,
                         "did": "did:plc:barubarubarubarubarubaru"})
    def answered():
        return [r["reply"]["parent"]["uri"] for r in p.sky.ask("/_state")["records"].values()]
    wait_for("the number", lambda: any(u.endswith("/3nbaru") for u in answered()) or None, 60)
    wait_for("its settling", lambda: p.count("reply", "state IN (0, 1, 6)") == 0 or None, 60)
    expect(len(answered()) == len(set(answered())), "a post has two replies: %s" % answered())
    expect(p.count("reply", "settles > 0") > 0, "nothing had to be settled")
    print("social_networks: bluesky: a reply whose answer was lost stands there once")


def comment(number, **more):
    value = {"item": "comment", "verb": "add", "post_id": "1001_1", "comment_id": "1_%d" % number,
             "parent_id": "1001_1", "from": {"id": "9%d" % number, "name": "Dayang"},
             "message": "#lapor " + elsewhere(1000 + number), "created_time": int(time.time()) + 1}
    value.update(more)
    return {"object": "page", "entry": [{"id": "1001", "time": int(time.time()) + 1,
                                         "changes": [{"field": "feed", "value": value}]}]}


def facebook(p):
    """Webhooks again and again, in any order, and the walk brings the same."""
    before = p.count()
    expect(p.hook("page", comment(1), "palsu") == 401, "a forged webhook was taken")
    one, edited = comment(1), comment(1, verb="edited", message="#lapor " + elsewhere(2001))
    for body in (one, comment(2), one):
        expect(p.hook("page", body) == 200, "a webhook was refused")
    p.graph.ask("/_post", {"id": "1001_1", "from": {"id": "1001"}, "message": "Pengumuman",
                           "created_time": time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime())})
    value = one["entry"][0]["changes"][0]["value"]
    p.graph.ask("/_comment", {"under": "1001_1", "id": "1_1", "from": value["from"],
                              "message": value["message"], "created_time": time.strftime(
                                  "%Y-%m-%dT%H:%M:%S+0000", time.gmtime(value["created_time"]))})
    feeds = p.graph.ask("/_state")["asked"].get("feed", 0)
    wait_for("two walks", lambda: p.graph.ask("/_state")["asked"].get("feed", 0) >= feeds + 4 or None, 60)
    expect(p.count() == before + 2, "a comment came twice: %d" % (p.count() - before))
    wait_for("replies", lambda: len(p.graph.ask("/_state")["replies"]) >= 2 or None, 60)
    p.kill()
    expect(p.hook("page", edited) == 200, "the edit was refused")
    expect(p.hook("page", comment(2, verb="remove", message=None)) == 200, "the deletion was refused")
    wait_for("both", lambda: p.count(where="stage = 0") == 0 and p.count() == before + 4 or None, 60)
    tickets = p.count("ticket")
    expect(tickets == POSTS + 4, "%d tickets" % tickets)
    under = [r["under"] for r in p.graph.ask("/_state")["replies"]]
    expect(sorted(under) == ["1_1", "1_2"], "replies under %s" % under)
    p.graph.ask("/_edit", {"id": "1_1", "message": "#lapor " + elsewhere(2500)})
    wait_for("the edit that no webhook brought", lambda: p.count() == before + 5 or None, 60)
    wait_for("its decision", lambda: p.count(where="stage = 0") == 0 or None, 60)
    expect(p.count("ticket") == tickets, "an edit became a ticket")
    print("social_networks: facebook: redelivery, disorder, a walk, edits, deletion, replies")


def token(p):
    """When it ends is shown, and its alarm comes: for reading only, in ten days."""
    rows = {r["instance"]: r for r in p.rig.ask("status") if r["type"] == "channel"}
    expect(rows["page"]["token"].startswith("never; may read until 20"), "%s" % rows["page"])
    alarms = p.rig.alarms("page")
    expect(any("the consent to read what people write ends soon" in a for a in alarms), "%s" % alarms)
    expect("the consent to read what people write ends in 10 days" in p.rig.log_text(), "no warning")
    expect(not [q for q in p.rig.log_text().split() if "input_token" in q], "a query is in the log")
    print("social_networks: facebook: the end of a consent is shown and told of")


def instagram(p):
    """A webhook names ids alone; killed right after the answer, it is fetched all
    the same."""
    before = p.count("ticket")
    hook = {"object": "instagram", "entry": [{"id": "1001", "time": int(time.time()), "changes": [
        {"field": "mentions", "value": {"media_id": "18", "comment_id": "17"}}]}]}
    expect(p.hook("ig", hook) == 200, "the webhook was refused")
    p.daemon.kill()
    p.graph.ask("/_thing", {"path": "1001?mentioned_comment.comment_id(17)", "answer": {
        "mentioned_comment": {"id": "17", "text": "@dinas #lapor " + elsewhere(3000), "username": "sumbi",
                              "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S+0000",
                                                         time.gmtime(time.time() + 1))}}})
    p.start()
    wait_for("the mention", lambda: p.count("ticket") == before + 1 or None, 60)
    wait_for("its reply", lambda: any(r["under"] == "mention" for r in p.graph.ask("/_state")["replies"]) or
             None, 60)
    print("social_networks: instagram: ids kept over a kill, fetched, answered")


LINKS = {"ig": "https://www.instagram.com/p/C0ntoh%d/",
         "page": "https://www.facebook.com/dinas.contoh/posts/pfbid0contoh%d"}


def stamp(number):
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(time.time() + number % 7))


def bring(p, instance, number, words):
    """By the API: a mention in a caption, or a comment below a post of the Page."""
    link = LINKS[instance] % number
    if instance == "ig":
        media = {"id": str(number), "caption": words, "permalink": link, "timestamp": stamp(number),
                 "username": "sumbi%d" % number}
        p.graph.ask("/_tag", media)
    else:
        p.graph.ask("/_comment", {"under": "1001_1", "id": "1_%d" % number, "message": words,
                                  "from": {"id": "9%d" % number, "name": "Sumbi"},
                                  "permalink_url": link, "created_time": stamp(number)})


def copy(p, instance, number, words):
    """By hand, as a person copies it: the link, the words, no author. Where the link
    stands in what the API says, a few of the words do."""
    file = p.rig.dir / "words.txt"
    words = " ".join(words.split()[:3]) if instance == "ig" else words
    file.write_text(words + "\n")
    done = p.rig.command("intake", "add", "--instance", instance, "--url",
                         LINKS[instance] % number + "?igsh=abc", "--text", str(file))
    expect(done.returncode == 0, done.stdout + done.stderr)


def by_hand(p):
    """A link that says no number: what the API brings too is a repost of it, and the
    other way round. One ticket, one push."""
    number = 4000
    for instance in ("ig", "page"):
        for ways in ((bring, copy), (copy, bring)):
            number += 1
            words = "#lapor " + elsewhere(number)
            tickets, messages = p.count("ticket"), p.count()
            for nth, way in enumerate(ways):
                way(p, instance, number, words)
                wait_for("message %d by %s" % (nth + 1, way.__name__), lambda n=messages + nth + 1: (
                    p.count() == n and p.count(where="stage = 0") == 0) or None, 60)
            expect(p.count("ticket") == tickets + 1, "%s of %s first: %d tickets" % (
                ways[0].__name__, instance, p.count("ticket") - tickets))
            last = "m%d" % p.rig.query("SELECT max(id) FROM message")[0][0]
            found = [r for r in p.rig.ask("explain", last) if r["type"] == "duplicate" and
                     r["message"] == last]
            expect(found and found[0]["decision"] == "repost", "%s" % found)
    print("social_networks: a link without a number and the API's post: one ticket, both ways round")


def run(build, keep):
    p = Place(build)
    bluesky(p)
    sky_replies(p)
    facebook(p)
    token(p)
    instagram(p)
    by_hand(p)
    log = p.rig.log_text()
    expect(not [s for s in SECRETS if s in log], "a secret is in the log")
    p.daemon.kill()
    p.rig.close(keep)


main(run)
