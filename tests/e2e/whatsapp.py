#!/usr/bin/env python3
"""WhatsApp against real processes: signed webhooks become complaints, each once,
however often, at the same time and in whatever order they come; what one person
sends within the window is one complaint with its photo and place; forged ones
leave nothing. More of it: --webhooks 1000 --copies 64 --forged 100000."""
import concurrent.futures
import hashlib
import hmac
import json
import pathlib
import random
import secrets
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import TOP, Centre, Clock, Daemon, Failed, Rig, UnixConnection, end_with_us, expect, main_of, wait_for  # noqa: E402

NUMBER, ACCOUNT = "108200000000001", "102200000000009"
SECRET, WORD, TOKEN = "rahasia-aplikasi-uji", "kata-verifikasi-uji", "token-akses-uji"
SPYING = ["Sumbi", "6281200", SECRET, WORD, TOKEN, "padam"]
PATH = "/hook/wa"


class Cloud:
    """The fake of Meta's Graph API."""

    def __init__(self, rig):
        self.log = open(rig.dir / "cloud.log", "w")
        self.process = subprocess.Popen([str(rig.build / "jembatan-fakecloud"), "--quiet", "--token",
                                         TOKEN, "--secret", SECRET, "--number", NUMBER],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        preexec_fn=end_with_us)
        line = self.process.stdout.readline()
        expect("http://" in line, "the fake of the Cloud API did not start")
        self.url = line[line.index("http://"):].strip()

    def ask(self, path, data=None):
        body = json.dumps(data).encode() if data is not None else None
        with urllib.request.urlopen(self.url + path, body, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def state(self):
        return self.ask("/_state")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


def message(number, kind, body, sender="6281200000001", at=None, **more):
    return dict({"from": sender, "id": "wamid.UJI%05d=" % number, "type": kind, kind: body,
                 "timestamp": str(at if at is not None else int(time.time()))}, **more)


def webhook(*messages, statuses=(), number=NUMBER):
    value = {"messaging_product": "whatsapp",
             "metadata": {"display_phone_number": "622150001000", "phone_number_id": number},
             "contacts": [{"profile": {"name": "Dayang Sumbi"}, "wa_id": w}
                          for w in {m.get("from") for m in messages} if w]}
    if messages:
        value["messages"] = list(messages)
    if statuses:
        value["statuses"] = list(statuses)
    return {"object": "whatsapp_business_account",
            "entry": [{"id": ACCOUNT, "changes": [{"field": "messages", "value": value}]}]}


def signed(body, secret=SECRET):
    return {"X-Hub-Signature-256":
            "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
            "Content-Type": "application/json"}


class Place:
    def __init__(self, build, gather="2s", push="shadow", centre=False, more=None, front=None,
                 options=None):
        """front: given the fake's URL, starts what stands before it; its URL."""
        self.rig = Rig(build, {}, {})
        self.socket = str(self.rig.dir / "web.sock")
        self.cloud = Cloud(self.rig)
        self.rig.stoppers.append(self.cloud.stop)
        self.centre = Centre(self.rig) if centre else None
        if self.centre:
            self.rig.stoppers.append(self.centre.stop)
        entry = {"connector": "whatsapp", "push": push, "start": "all",
                 "options": {"phone_number_id": NUMBER, "business_account_id": ACCOUNT,
                             "app_secret": self.rig.secret("app.secret", SECRET),
                             "verify_token": self.rig.secret("verify.token", WORD),
                             "access_token": self.rig.secret("access.token", TOKEN),
                             "graph_url": front(self) if front else self.cloud.url,
                             "media_hosts": [self.cloud.url]}}
        entry["options"]["media_hosts"].append(entry["options"]["graph_url"])
        entry["options"].update(options or {})
        if gather:
            entry["gather"] = gather
        entry.update(more or {})
        status = {"new_every": "1s", "old_every": "2s", "closed_every": "1s", "reconcile_at": ""}
        self.rig.write_config(dict(self.centre.settings, status=status) if self.centre else {},
                              {"wa": entry},
                              {"web": {"listen": "unix:" + self.socket, "per_address": 4096},
                               "log": {"level": "debug"}, "replies": {"received_after": "60s"}})
        self.daemon, self.clock = None, Clock(self.rig)
        self.start()

    def start(self):
        self.daemon = Daemon(self.rig, dict(self.clock.env, JEMBATAN_RESTART_FIRST_MS="100")).start()
        wait_for("jembatan-web", lambda: (self.rig.status("web") or {}).get("state") == "serving")

    def ask(self, method, path, body=None, headers=None):
        connection = UnixConnection(self.socket, 60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def give(self, hook, secret=SECRET):
        body = hook if isinstance(hook, bytes) else json.dumps(hook).encode()
        return self.ask("POST", PATH, body, signed(body, secret))[0]

    def count(self, where="1"):
        return self.rig.query("SELECT count(*) FROM message WHERE " + where)[0][0]

    def tickets(self):
        return self.rig.query("SELECT count(*) FROM ticket")[0][0]

    def wait_decided(self, seconds=60):
        wait_for("all to be decided", lambda: self.count("stage = 0") == 0, seconds)

    def close(self):
        try:
            if self.daemon.is_alive():
                expect(self.daemon.stop() == 0, "SIGTERM did not end with 0")
            text = self.rig.log_text()
            for word in SPYING + ["Sanitizer"]:
                expect(word not in text, "the log holds %r" % word)
        finally:
            self.rig.close()


# ---- scenarios ---------------------------------------------------------------

def gathered(o, front=None):
    """Text, photo and place of one person arrive at the centre as one complaint."""
    p = Place(o.build, push="auto", centre=True, front=front)
    expect(p.ask("GET", PATH + "?hub.mode=subscribe&hub.challenge=77&hub.verify_token=" + WORD) ==
           (200, b"77"), "no handshake")
    expect(p.ask("GET", PATH + "?hub.mode=subscribe&hub.challenge=77&hub.verify_token=x")[0] == 403,
           "a handshake with a wrong word")
    text = message(1, "text", {"body": "Lampu jalan di depan balai desa padam sejak Senin"})
    photo = message(2, "image", {"id": "1200000000000001", "mime_type": "image/jpeg",
                                 "caption": "Ini fotonya"})
    place = message(3, "location", {"latitude": -6.914744, "longitude": 107.60981,
                                    "address": "Jl. Mawar 3"})
    for m in (photo, text, place):  # out of order
        expect(p.give(webhook(m)) == 200, "not taken")
    other = message(4, "text", {"body": "Sampah di pasar tidak diangkut dua minggu"},
                    sender="6281200000002")
    expect(p.give(webhook(other, text)) == 200, "not taken")  # one of them again
    wait_for("two complaints at the centre", lambda: len(p.centre.complaints()) == 2)
    bodies = [c["body"] for c in p.centre.complaints()]
    whole = [b for b in bodies if "balai desa" in b["content"]][0]
    expect("Ini fotonya" in whole["content"] and "Jl. Mawar 3" in whole["content"] and
           json.loads(whole["attachments"]), "not all of it: %s" % whole)
    expect(p.tickets() == 2 and p.cloud.state()["asked"].get("file") == 1, "not two, or no file")
    p.close()


def without_its_photo(o):
    """A photo that Meta does not have any more holds nobody up, and it is seen: by the
    operator, with the cause, and by the centre's officer."""
    p = Place(o.build, gather=None, push="auto", centre=True)
    for number, file in ((1, "1200000000000001"), (2, "1404")):
        expect(p.give(webhook(message(number, "image", {"id": file, "mime_type": "image/jpeg"},
                                      sender="628120000000%d" % number))) == 200, "not taken")
    wait_for("two complaints at the centre", lambda: len(p.centre.complaints()) == 2)
    held = sorted((len(json.loads(c["body"]["attachments"])), "lihat lampiran" in c["body"]["content"],
                   "tidak dapat diambil" in c["body"]["content"]) for c in p.centre.complaints())
    expect(held == [(0, False, True), (1, True, False)], "at the centre: %s" % held)
    shown = [[r for r in p.rig.ask("explain", m) if r["type"] == "attachment"] for m in ("m1", "m2")]
    expect([(len(r), r[0]["state"], r[0]["media_type"]) for r in shown] ==
           [(1, "here", "image/jpeg"), (1, "missing", "image/jpeg")], "explain: %s" % shown)
    expect("does not have this file any more (error 100)" in shown[1][0]["why"] and
           shown[0][0]["bytes"] > 0, "explain: %s" % shown)
    expect("error 100" in p.rig.command("explain", "m2").stdout, "not shown")
    p.close()


def orders(o):
    """Edits and deletions in any order, kinds that nobody knows, receipts."""
    p = Place(o.build)
    now = int(time.time())
    edit = {"original_message_id": "wamid.UJI00001=",
            "message": {"type": "text", "text": {"body": "Kata yang benar"}}}
    hooks = [webhook(message(1, "text", {"body": "Kata yang salah"}, at=now)),
             webhook(message(2, "edit", edit, at=now + 5)),
             webhook(message(3, "text", {"body": "Ditarik kembali"}, at=now)),
             webhook(message(4, "revoke", {"original_message_id": "wamid.UJI00003="}, at=now + 6)),
             webhook(message(5, "reaction", {"message_id": "wamid.X", "emoji": "\U0001f64f"})),
             webhook(message(6, "unsupported", {"type": "poll"}, errors=[{"code": 131051}])),
             webhook(message(7, "hologram", {})), webhook(message(8, "system", {"type": "x"})),
             webhook(statuses=[{"id": "wamid.K", "status": "delivered", "timestamp": "1"}]),
             {"object": "lain"}, [], b"bukan json"]
    for seed in range(4):
        random.Random(seed).shuffle(hooks)
        for hook in hooks:
            expect(p.give(hook) == 200, "not taken")
        if seed == 0:
            p.wait_decided()
    p.wait_decided()
    expect(p.tickets() == 1, "%d tickets" % p.tickets())
    waiting = p.rig.ask("quarantine", "list")
    expect(len(waiting) == 3, "not in quarantine: %s" % waiting)
    p.close()


def answered(o, front=None):
    """The number and a state reach the citizen; a message whose answer is lost is
    settled by Meta's own word and does not go out twice."""
    p = Place(o.build, gather=None, push="auto", centre=True, front=front,
              more={"replies": {"send": "on", "quiet": ""}})
    wait_for("the way back", lambda: p.rig.query(
        "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 20)
    text = "Lampu jalan di depan balai desa padam sejak Senin malam, mohon diperbaiki"
    # Meta's times have no fraction: not before replies were switched on.
    hook = webhook(message(1, "text", {"body": text}, at=int(time.time()) + 1))
    expect(p.give(hook) == 200, "not taken")
    sent = lambda: [s["message"] for s in p.cloud.state()["sent"]]  # noqa: E731
    wait_for("the number", sent, 60)
    ticket = p.rig.ask("tickets", "pushed")[0]
    first = sent()[0]
    expect(ticket["tracking_id"] in first["text"]["body"] and first["to"] == "6281200000001" and
           first["context"]["message_id"] == "wamid.UJI00001=", "sent: %s" % first)
    receipt = {"id": p.cloud.state()["sent"][0]["id"], "status": "delivered", "timestamp":
               str(int(time.time())), "recipient_id": "6281200000001", "recipient_user_id": "ID.1349abcDEF",
               "biz_opaque_callback_data": first["biz_opaque_callback_data"]}
    for status in ("delivered", "sent", "read", "delivered"):  # in any order, twice
        expect(p.give(webhook(statuses=[dict(receipt, status=status)])) == 200, "not taken")
    states = lambda: [r["state"] for r in p.rig.ask("replies", "list")]  # noqa: E731
    wait_for("what Meta says", lambda: "read" in states(), 20)
    p.cloud.ask("/_fault", {"spec": "commit-close:send@first=1"})
    p.centre.get("/_status/" + ticket["tracking_id"],
                 {"status_code": "0", "status_name": "Dalam Proses", "note": ""})
    wait_for("the state", lambda: len(sent()) == 2, 60)
    wait_for("nobody to know", lambda: "unknown" in states(), 20)
    second = sent()[1]
    expect(p.give(webhook(statuses=[dict(receipt, id=p.cloud.state()["sent"][1]["id"], status="sent",
                                         biz_opaque_callback_data=second["biz_opaque_callback_data"])]))
           == 200, "not taken")
    wait_for("it to be settled", lambda: "unknown" not in states(), 20)
    expect(p.cloud.state()["asked"]["send"] == 2, "it went out again")
    # Meta has named both of his names meanwhile: what comes under the other is his too.
    hook = webhook(message(2, "text", {"body": "Sampah di pasar menumpuk"}, sender=None,
                           from_user_id="ID.1349abcDEF"))
    del hook["entry"][0]["changes"][0]["value"]["messages"][0]["from"]
    expect(p.give(hook) == 200, "not taken")
    p.wait_decided()
    expect(p.rig.query("SELECT count(*), count(DISTINCT thread_key) FROM message") == [(2, 1)],
           "two people: %s" % p.rig.query("SELECT id, hex(thread_key) FROM message"))
    p.close()


def quick(o):
    """A quick reply alone is no complaint: it belongs to what it answers, or to what its
    sender has told of; else a person looks at it, and nobody is told that it was received."""
    p = Place(o.build, gather=None, push="auto", centre=True,
              more={"replies": {"send": "on", "quiet": ""}})
    wait_for("the way back", lambda: p.rig.query(
        "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 20)
    soon = int(time.time()) + 1
    choice = {"type": "button_reply", "button_reply": {"id": "ya", "title": "Ya"}}
    alone = [message(1, "interactive", choice, at=soon, context={"from": "622150001000",
                                                                 "id": "wamid.LAMA="}),
             message(2, "button", {"text": "Ya", "payload": "ya"}, "6281200000002", soon)]
    for one in alone:
        expect(p.give(webhook(one)) == 200, "not taken")
    wait_for("what a person sees", lambda: len(p.rig.ask("tickets", "review")) == 2, 30)
    expect(all("may be no complaint" in r["reason"] for r in p.rig.ask("tickets", "review")),
           "%s" % p.rig.ask("tickets", "review"))
    expect(not p.rig.ask("replies", "list"), "told that it was received")
    text = "Lampu jalan di depan balai desa padam sejak Senin malam, mohon diperbaiki"
    expect(p.give(webhook(message(3, "text", {"body": text}, "6281200000003", soon))) == 200, "not taken")
    sent = lambda: p.cloud.state()["sent"]  # noqa: E731
    wait_for("the number", sent, 60)
    answers = [message(4, "interactive", choice, "6281200000003", soon + 1,
                       context={"from": "622150001000", "id": sent()[0]["id"]}),
               message(5, "button", {"text": "Belum", "payload": "belum"}, "6281200000003", soon + 2)]
    for one in answers:
        expect(p.give(webhook(one)) == 200, "not taken")
    p.wait_decided()
    expect(p.tickets() == 3 and p.count("ticket_id = 3 AND stage = 2") == 2,
           "%s" % p.rig.query("SELECT id, stage, ticket_id, reason FROM message"))
    wait_for("both at the centre", lambda: p.rig.query(
        "SELECT count(*) FROM outbox WHERE kind = 1 AND state = 2") == [(2,)], 30)
    expect(len(p.centre.complaints()) == 1, "more than one complaint")
    # A week later the newest report is not what such a word is about; what it names is.
    p.clock.advance(8 * 86400)
    for one in (message(6, "button", {"text": "Ya", "payload": "ya"}, "6281200000003", soon + 8 * 86400),
                message(7, "interactive", choice, "6281200000003", soon + 8 * 86400,
                        context={"from": "622150001000", "id": sent()[0]["id"]})):
        expect(p.give(webhook(one)) == 200, "not taken")
    p.wait_decided()
    expect(p.tickets() == 4 and p.count("ticket_id = 3 AND stage = 2") == 3 and
           len(p.rig.ask("tickets", "review")) == 3,
           "%s" % p.rig.query("SELECT id, stage, ticket_id, reason FROM message"))
    p.close()


def moved(o):
    """Who changes his number, and with it his id, hears of what he reported before at the
    new one; also after the next change and after a restart."""
    p = Place(o.build, gather=None, push="auto", centre=True,
              more={"replies": {"send": "on", "quiet": ""}})
    wait_for("the way back", lambda: p.rig.query(
        "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 20)
    sent = lambda: [s["message"] for s in p.cloud.state()["sent"]]  # noqa: E731
    soon = int(time.time()) + 1
    text = "Lampu jalan di depan balai desa padam sejak Senin malam, mohon diperbaiki"
    expect(p.give(webhook(message(1, "text", {"body": text}, at=soon))) == 200, "not taken")
    wait_for("the number", sent, 60)
    ticket = p.rig.ask("tickets", "pushed")[0]
    expect(sent()[0]["to"] == "6281200000001", "sent: %s" % sent())
    changes = [("ID.1lama", {"type": "user_changed_number", "wa_id": "6281200000002"}),
               ("ID.2baru", {"type": "user_changed_user_id", "previous_user_id": "ID.1lama"})]
    for n, (now, change) in enumerate(changes):
        hook = webhook(message(2 + n, "system", dict(change, body="User changed", user_id=now),
                               at=soon + 1 + n))
        if n:
            del hook["entry"][0]["changes"][0]["value"]["messages"][0]["from"]
            hook["entry"][0]["changes"][0]["value"]["messages"][0]["from_user_id"] = "ID.1lama"
        expect(p.give(hook) == 200, "not taken")
        p.wait_decided()
        if n:
            p.daemon.kill()
            p.start()
        p.centre.get("/_status/" + ticket["tracking_id"],
                     {"status_code": "0", "status_name": ["Terverifikasi", "Dalam Proses"][n], "note": ""})
        wait_for("the state", lambda n=n: len(sent()) == 2 + n, 60)
        expect(sent()[-1].get("recipient") == now and "to" not in sent()[-1], "sent: %s" % sent()[-1])
    p.close()


def closed_after_all(o):
    """Meta takes a text and says later that the 24 hours are over: the approved template
    goes, once, after a kill too; where there is none, the citizen is listed as not reached."""
    p = Place(o.build, gather=None, push="auto", centre=True,
              more={"replies": {"send": "on", "quiet": ""}},
              options={"templates": {"number": "nomor_laporan/id reference number"}})
    wait_for("the way back", lambda: p.rig.query(
        "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 20)
    text = "Lampu jalan di depan balai desa padam sejak Senin malam, mohon diperbaiki"
    hook = webhook(message(1, "text", {"body": text}, at=int(time.time()) + 1))
    expect(p.give(hook) == 200, "not taken")
    sent = lambda: p.cloud.state()["sent"]  # noqa: E731
    rows = lambda: p.rig.ask("replies", "list")  # noqa: E731

    def is_told(n, status, **more):
        one = sent()[n]
        return p.give(webhook(statuses=[dict({
            "id": one["id"], "status": status, "timestamp": str(int(time.time())),
            "recipient_id": "6281200000001", "biz_opaque_callback_data":
            one["message"]["biz_opaque_callback_data"]}, **more)])) == 200

    over = {"errors": [{"code": 131047, "title": "Re-engagement message",
                        "message": "Re-engagement message", "error_data": {
                            "details": "More than 24 hours have passed since the last reply"}}]}
    wait_for("the number", sent, 60)
    ticket = p.rig.ask("tickets", "pushed")[0]
    expect(sent()[0]["message"]["type"] == "text", "sent: %s" % sent())
    wait_for("its row", lambda: [r["state"] for r in rows()] == ["dropped", "sent"] or
             [r["state"] for r in rows()] == ["sent"], 20)
    p.daemon.kill()
    p.start()
    expect(is_told(0, "failed", **over), "not taken")
    wait_for("the template", lambda: len(sent()) == 2, 60)
    expect(is_told(0, "failed", **over), "not taken")
    second = sent()[1]["message"]
    words = json.dumps(second["template"])
    expect(second["type"] == "template" and second["template"]["name"] == "nomor_laporan" and
           ticket["tracking_id"] in words and ticket["reference"] in words and
           second["to"] == "6281200000001", "sent: %s" % second)
    expect(is_told(1, "delivered"), "not taken")
    wait_for("it to arrive", lambda: rows()[-1]["state"] == "delivered", 20)
    expect(not p.rig.ask("replies", "list", "--not-reached"), "he was reached")
    expect(b'jembatan_alarm{where="replies"} 0\n' in p.ask("GET", "/metrics")[1], "an alarm")
    p.centre.get("/_status/" + ticket["tracking_id"],
                 {"status_code": "0", "status_name": "Dalam Proses", "note": ""})
    wait_for("the state", lambda: len(sent()) == 3, 60)
    wait_for("its row", lambda: rows()[-1]["state"] == "sent", 20)
    expect(is_told(2, "failed", **over), "not taken")
    missed = wait_for("the list", lambda: p.rig.ask("replies", "list", "--not-reached"), 60)
    expect(len(missed) == 1 and missed[0]["event"] == "status" and "template" in missed[0]["why"],
           "listed: %s" % missed)
    expect(b'jembatan_alarm{where="replies"} 1\n' in p.ask("GET", "/metrics")[1], "no alarm")
    expect(len(sent()) == 3, "it went out again: %s" % sent())
    p.close()


def named(o):
    """A person with a number, an id, or both is one person: for the window of a
    complaint, over a restart, for an answer, and for an erasure."""
    p = Place(o.build, gather="60s")  # which the clock ends, not a slow machine
    number, name = "6281200000001", "ID.1349abcDEF"
    by_number = lambda n, text, **more: webhook(message(n, "text", {"body": text}, **more))  # noqa: E731

    def by_name(n, text, wa_id=None, **more):
        hook = webhook(message(n, "text", {"body": text}, sender=wa_id, from_user_id=name, **more))
        value = hook["entry"][0]["changes"][0]["value"]
        if not wa_id:
            del value["messages"][0]["from"]
        value["contacts"] = [dict({"user_id": name}, **({"wa_id": wa_id} if wa_id else {}))]
        return hook

    expect(p.give(by_number(1, "Lampu jalan di depan balai desa padam sejak Senin")) == 200, "no")
    expect(p.give(by_name(2, "Sudah tiga malam", number)) == 200, "not taken")
    p.daemon.kill()
    p.start()
    expect(p.give(by_name(3, "Mohon diperbaiki")) == 200, "not taken")
    p.clock.advance(61)
    p.wait_decided()
    expect(p.tickets() == 1, "%d tickets of one person" % p.tickets())
    answer = {"context": {"id": "wamid.UJI00001="}}
    expect(p.give(by_name(4, "Masih padam", **answer)) == 200, "not taken")
    p.clock.advance(61)
    p.wait_decided()
    expect(p.tickets() == 1 and p.count("stage = 2") == 1, "his answer is another complaint")
    expect(p.give(webhook(message(5, "text", {"body": "Sampah di pasar menumpuk"},
                                  sender="6281200000002"))) == 200, "not taken")
    p.clock.advance(61)
    p.wait_decided()
    for word, found in ((name, 4), ("6281200000002", 1)):
        done = subprocess.run([str(p.rig.build / "jembatan"), "--config", str(p.rig.config), "erase",
                               "--person", "-"], input=word, text=True, capture_output=True,
                              timeout=60, env=p.rig.environment())
        expect(done.returncode == 0, "erase: %s" % done.stderr)
        left = p.rig.query("SELECT count(*) FROM message_body WHERE wrapped IS NOT NULL")[0][0]
        expect(left == 1 if found == 4 else left == 0, "%d left after %s" % (left, found))
    expect(p.rig.query("SELECT count(*) FROM thread_alias") == [(0,)], "its other name is left")
    p.close()


def durable(o):
    """kill -9 at any moment: what was answered is there, all of it once."""
    p = Place(o.build, gather=None)
    taken = 0
    for n in range(12):
        expect(p.give(webhook(message(n, "text", {"body": "Laporan %d" % n}))) == 200, "not taken")
        taken += 1
        p.daemon.kill()
        expect(p.count() == taken, "%d stored of %d answered" % (p.count(), taken))
        p.start()
        expect(p.give(webhook(message(n, "text", {"body": "Laporan %d" % n}))) == 200, "not again")
        expect(p.count() == taken, "doubled")
    p.close()


def copies(o):
    """Each webhook from so many senders at the same time: as many messages as webhooks."""
    p = Place(o.build, gather=None)
    bodies = [json.dumps(webhook(message(n, "text", {"body": "Laporan nomor %d" % n},
                                         sender="62812%07d" % n))).encode()
              for n in range(o.webhooks)]
    began = time.monotonic()

    def send(seed):
        connection = UnixConnection(p.socket, 120)
        order = list(bodies)
        random.Random(seed // 4).shuffle(order)  # four at a time say the same
        for body in order:
            for _ in range(10):
                connection.request("POST", PATH, body, signed(body))
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    break
                expect(answer.status == 503, "answered %d" % answer.status)
                time.sleep(0.2)
            else:
                raise Failed("a webhook was never taken")
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(o.copies) as pool:
        list(pool.map(send, range(o.copies)))
    seconds = time.monotonic() - began
    expect(p.count() == o.webhooks, "%d messages of %d webhooks" % (p.count(), o.webhooks))
    repeats = p.rig.query("SELECT sum(repeats) FROM message")[0][0]
    expect(repeats == o.webhooks * (o.copies - 1), "%d repeats counted" % repeats)
    p.wait_decided(120)
    expect(p.tickets() == o.webhooks, "%d tickets" % p.tickets())
    print("%d copies of %d webhooks: %d messages, %.0f requests/s" %
          (o.copies, o.webhooks, o.webhooks, o.copies * o.webhooks / seconds))
    p.close()


def forged(o):
    """Signatures that are not ours leave nothing and stop nobody."""
    p = Place(o.build, gather=None)
    good = json.dumps(webhook(message(1, "text", {"body": "Palsu"}))).encode()
    right = signed(good)["X-Hub-Signature-256"]
    ways = [lambda r: "sha256=" + secrets.token_hex(32), lambda r: right[:-1], lambda r: "",
            lambda r: right + "0", lambda r: right[:-1] + ("0" if right[-1] != "0" else "1"),
            lambda r: "sha1=" + secrets.token_hex(20), lambda r: signed(good, "x")["X-Hub-Signature-256"],
            lambda r: right[7:], lambda r: "sha256=" + secrets.token_hex(r.randrange(64))]

    def attack(seed):
        chance = random.Random(seed)
        connection = UnixConnection(p.socket, 120)
        for n in range(o.forged // 16):
            value = ways[n % len(ways)](chance)
            connection.request("POST", PATH, good, {"X-Hub-Signature-256": value} if value else {})
            answer = connection.getresponse()
            answer.read()
            expect(answer.status == 401, "answered %d to %r" % (answer.status, value))
        connection.close()

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(attack, range(16)))
    expect(p.count() == 0 and p.rig.ask("quarantine", "list") == [], "something was kept")
    expect(p.give(good) == 200 and p.count() == 1, "the right one is not taken")
    print("%d forged signatures refused in %.0f s" % (o.forged // 16 * 16,
                                                     time.monotonic() - began))
    p.close()


def peak_mib(pid):
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(status.split("VmHWM:")[1].split()[0]) >> 10


def is_sanitized(pid):
    return "libasan" in pathlib.Path("/proc/%d/maps" % pid).read_text()


def large(o, most=3 << 20):
    """After an outage Meta puts up to 3 MB into one webhook: all of it is stored, once."""
    p = Place(o.build, gather=None)
    each = "Lampu jalan padam di depan rumah kami sejak hari Senin. " * 20
    many = [message(n, "text", {"body": "Laporan %d. %s" % (n, each)}, sender="62812%07d" % n)
            for n in range(2000)]
    body = json.dumps(webhook(*many)).encode()
    expect(most * 0.8 < len(body) < most, "not a large one: %d" % len(body))
    expect(p.give(body, "palsu") == 401 and p.count() == 0, "a large forged one")
    for _ in range(2):
        expect(p.give(body) == 200, "not taken")
        expect(p.count() == len(many), "%d of %d" % (p.count(), len(many)))
    expect(p.give(b" " * (most - len(body)) + body) == 200, "3 MiB are not taken")
    expect(p.give(b" " * (most + 1)) == 413, "more than 3 MiB are taken")
    alone = json.dumps(dict(webhook(message(9999, "text", {"body": "Sendiri"})),
                            pad="x" * (most - 1000))).encode()
    expect(p.give(alone) == 200, "one message with much beside it")
    expect(p.rig.query("SELECT count(*) FROM message_body WHERE length(raw) > %d" %
                       (most - 1000)) == [(1,)], "its bytes are not kept")
    expect(p.give(b"[" * (most - 1)) == 200, "what cannot be read is sent again and again")
    wait_for("it in quarantine", lambda: len(p.rig.ask("quarantine", "list")) == 1)
    p.wait_decided(120)
    expect(p.tickets() == len(many) + 1, "%d tickets" % p.tickets())
    peak = peak_mib(p.daemon.pid)
    print("3 MiB in one webhook: jembatand at most %d MiB" % peak)
    expect(peak < 96 or is_sanitized(p.daemon.pid), "jembatand needs %d MiB" % peak)
    left = [f.name for f in (p.rig.dir / "data").rglob("spool/*/*") if f.is_file()]
    expect(left == [], "left in the spool: %s" % left)
    p.close()


def preview(o):
    """`jembatan preview` shows what a webhook becomes."""
    rig = Rig(o.build, {}, {"wa": {"connector": "whatsapp", "options": {
        "phone_number_id": NUMBER, "app_secret": {"env": "HOME"}, "verify_token": {"env": "HOME"},
        "access_token": {"env": "HOME"}}}})
    rows = rig.ask("preview", "wa", "--sample", str(TOP / "tests/data/whatsapp/batch.json"))
    said = [r["message"]["kind"] for r in rows if "message" in r]
    expect(len(said) == 5 and said.count("a complaint") == 4, "shown: %s" % rows)
    rig.close()


if __name__ == "__main__":
    main_of([preview, gathered, without_its_photo, orders, answered, quick, moved,
             closed_after_all, named, durable, large, copies, forged], lambda test, options: test(options),
            webhooks=50, copies=64, forged=5000)
