"""told.py: crash.py --replies: citizens write by mail and by WhatsApp, their reports
get a number and up to five states, the daemon and its children are killed at random
and at named points, and both channels lose answers, refuse, put off and hang. Then
what arrived is compared with what docs/replies.md promises."""
import collections
import email
import email.policy
import http.client
import json
import os
import pathlib
import random
import sqlite3
import struct
import subprocess
import sys
import threading
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
from rig import Centre, Daemon, Failed, Rig, UnixConnection, wait_for  # noqa: E402
import whatsapp as wa  # noqa: E402

POINTS = {"reply.committed": (1, 3), "reply.ask": (1, 3), "db.commit.before": (3, 12),
          "db.commit.after": (3, 12), "turn.committed": (1, 4)}
# What the mail server does with one connection; the words stand in tests/fake/smtp.py.
CUES = ["", "", "dot=CUT", "dot=CUT", "dot=SILENT", "body=CUT", "rcpt=450 4.2.0 later", "dot=451 4.3.0 later",
        "data=CUT", "banner=421 4.3.2 busy+CUT", "mail=CUT", "rcpt=SILENT"]
CLOUD = ["429:send@p=0.2", "commit-500:send@p=0.3", "commit-hang:send@p=0.1", "500:send@p=0.2",
         "commit-close:send@p=0.3", "close:send@p=0.1", "hang:send@p=0.05"]
WORDS = ["Ditunda", "Terverifikasi", "Dalam Proses", "Ditindaklanjuti oleh Instansi", "Selesai"]
# As the shipped texts say them, and as the store numbers them.
TOLD = {"deferred": "ditunda oleh petugas", "verified": "terverifikasi", "in_progress": "sedang diproses",
        "answered": "sudah ditanggapi", "closed_by_admin": "ditutup"}
NUMBERS = {2: 1, 3: 2, 4: 3, 5: 4, 6: 5}
RANK = ["received", "number"] + list(TOLD)
PACE_S = 7          # WhatsApp: one message in six seconds to one person
RECEIPT_S = 11 * 60  # and receipts are waited for ten minutes
LATE_S = 8 * 60
MOST_COPIES = 7     # of one mail: docs/replies.md, at least once
UNSILENT = 0.9      # of what WhatsApp takes gets receipts


class Red(Exception):
    """A promise was broken."""


class Meta:
    """Hands receipts over, in any order and twice, until they are taken."""

    def __init__(self, place, rng):
        self.place, self.rng, self.silent = place, rng, set()
        self.seen, self.pending, self.is_over = 0, [], False
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def look(self):
        with self.lock:
            fresh = self.place.cloud.state()["sent"][self.seen:]
            self.seen += len(fresh)
            for one in fresh:
                reference = one["message"]["biz_opaque_callback_data"]
                if self.rng.random() > UNSILENT:
                    self.silent.add(one["id"])
                    continue
                states = ["sent", "delivered"] + self.rng.sample(["sent", "delivered", "read"], 2)
                self.rng.shuffle(states)
                for state in states:
                    self.pending.append({"seen": self.place.now(), "id": one["id"], "status": state, "timestamp":
                                         str(int(self.place.now())), "recipient_id": "62",
                                         "biz_opaque_callback_data": reference})

    def run(self):
        while not self.is_over:
            try:
                self.look()
                while self.pending and not self.is_over:
                    receipt = dict(self.pending[0])
                    seen = receipt.pop("seen")
                    if self.place.give(wa.webhook(statuses=[receipt])) != 200:
                        break
                    if self.place.now() - seen > LATE_S:  # as good as none
                        self.silent.add(receipt["id"])
                    self.pending.pop(0)
            except (OSError, ValueError, http.client.HTTPException):
                pass
            time.sleep(0.05)

    def is_done(self):
        self.look()
        return not self.pending

    def stop(self):
        self.is_over = True
        self.thread.join()


class Place:
    def __init__(self, args, rounds):
        self.args, self.rounds = args, rounds
        self.rng = random.Random("%d replies" % args.seed)
        self.rig = Rig(args.build, {}, {})
        self.centre = Centre(self.rig, "--mode", "idempotent", "--delay", "1")
        self.cloud = wa.Cloud(self.rig)
        self.mail = self.rig.dir / "mail"
        for name in ("tmp", "new", "cur"):
            (self.mail / "pengaduan" / name).mkdir(parents=True)
        self.server = subprocess.Popen(
            [sys.executable, str(TOP / "tests/fake/smtp.py"), str(self.mail)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.server.stdout.readline())
        self.socket = str(self.rig.dir / "web.sock")
        self.clock, self.ahead_ms = self.rig.dir / "clock", 0
        self.clock.write_bytes(struct.pack("=q", 0))
        self.daemon, self.citizens, self.said, self.untaken = None, [], {}, []
        self.kills = collections.Counter()
        self.configure()
        self.meta = Meta(self, random.Random(args.seed + 1))

    def configure(self):
        status = {"new_every": "1s", "old_every": "1s", "closed_every": "1s", "reconcile_at": ""}
        central = dict(self.centre.settings, idempotent=True, answer_timeout="2s", status=status,
                       lookup={"wait": "1s"})
        secret = self.rig.secret
        on = {"replies": {"send": "on", "quiet": ""}, "push": "auto", "start": "all"}
        instances = {
            "surat": dict(on, connector="email", every="1s", options={
                "source": "maildir", "maildir": str(self.mail / "pengaduan"), "timeout": "500ms",
                "smtp_url": "smtp://localhost:%d" % self.port,
                "from": "Pengaduan <pengaduan@pengaduan.test>"}),
            "wa": dict(on, connector="whatsapp", options={
                "phone_number_id": wa.NUMBER, "business_account_id": wa.ACCOUNT,
                "app_secret": secret("app.secret", wa.SECRET),
                "verify_token": secret("verify.token", wa.WORD),
                "access_token": secret("access.token", wa.TOKEN), "graph_url": self.cloud.url,
                "media_hosts": [self.cloud.url], "answer_timeout": "1s"})}
        self.rig.write_config(central, instances, {
            "web": {"listen": "unix:" + self.socket}, "log": {"level": "notice"},
            "duplicates": {"enabled": False},
            "replies": {"received_after": "0ms", "per_day": 0, "office": "Dinas Contoh"}})

    # ---- time

    def now(self):
        return time.time() + self.ahead_ms / 1000

    def jump(self, seconds):
        self.ahead_ms += int(seconds * 1000)
        with open(self.clock, "r+b") as file:  # the same file stays mapped
            file.write(struct.pack("=q", self.ahead_ms))

    # ---- what citizens do

    def give(self, hook):
        body = json.dumps(hook).encode()
        connection = UnixConnection(self.socket, 10)
        try:
            connection.request("POST", wa.PATH, body, wa.signed(body))
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def write(self, way):
        n = len(self.citizens)
        who = "siti%03d" % n if way == "mail" else "62812%08d" % n
        marker = "uji-kabar-%03d" % n
        self.citizens.append((way, who, marker))
        text = "Jalan desa berlubang dan sulit dilewati, laporan %s, RT %d." % (marker, n)
        if way == "mail":
            path = self.mail / "pengaduan" / "tmp" / ("%d.uji" % n)
            path.write_text("From: %s@contoh.test\nMessage-ID: <surat-%d@contoh.test>\n"
                            "Subject: Laporan %s\n\n%s\n" % (who, n, marker, text))
            os.utime(path, ns=(int(self.now() * 1e9),) * 2)
            path.rename(self.mail / "pengaduan" / "new" / path.name)
        else:
            # Meta's times have no fraction: not before replies were switched on.
            self.untaken.append(wa.webhook(wa.message(n, "text", {"body": text}, sender=who,
                                                      at=int(self.now()) + 1)))

    def hand_over(self):
        """As Meta does: until it is taken."""
        while self.untaken:
            try:
                if self.give(self.untaken[0]) != 200:
                    return
            except (OSError, http.client.HTTPException):
                return
            self.untaken.pop(0)

    def numbers(self):
        """{marker: the centre's number}."""
        found = {}
        for c in self.centre.complaints():
            for word in c["body"]["content"].replace(",", " ").split():
                if word.startswith("uji-kabar-"):
                    found[word] = str(c["id"])
        return found

    def say(self, marker, number):
        """The next state of one."""
        step = self.said.get(marker, 0)
        if step < len(WORDS):
            self.centre.get("/_status/" + number, {"status_code": "0", "status_name": WORDS[step],
                                                   "note": ""})
            self.said[marker] = step + 1

    # ---- one life of the daemon

    def start(self, env=None):
        more = dict(env or {}, JEMBATAN_CLOCK=str(self.clock), JEMBATAN_RESTART_FIRST_MS="100")
        if self.args.plant:
            more["JEMBATAN_PLANT"] = self.args.plant
        for _ in range(20):  # 75: a child of the killed one still has its lock
            self.daemon = Daemon(self.rig, more)
            if self.daemon.wait_ready(60) or self.daemon.process.poll() not in (75,):
                break
        return self.daemon

    def is_sending(self):
        try:
            return self.rig.query("SELECT count(*) FROM reply WHERE state = 1")[0][0]
        except sqlite3.Error:
            return 0

    def misbehave(self):
        (self.mail / "cues").write_text(self.rng.choice(CUES))
        urllib.request.urlopen(urllib.request.Request(self.cloud.url + "/_fault", method="DELETE"))
        for spec in self.rng.sample(CLOUD, 3):
            self.cloud.ask("/_fault", {"spec": spec})

    def behave(self):
        (self.mail / "cues").write_text("")
        urllib.request.urlopen(urllib.request.Request(self.cloud.url + "/_fault", method="DELETE"))

    def round(self, number):
        env, kind = {}, self.rng.choice(["random", "random", "point", "child"])
        if number and kind == "point":
            point = self.rng.choice(list(POINTS))
            env["JEMBATAN_KILL_AT"] = "%s:%d" % (point, self.rng.randint(*POINTS[point]))
        self.misbehave()
        daemon = self.start(env)
        if number == 0:
            wait_for("the way back", lambda: self.rig.query(
                "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 60)
            for way in ("mail", "wa") * self.args.citizens:
                self.write(way)
        try:
            self.live(kind)
        finally:
            self.kills[kind] += 1
            if daemon.process.poll() not in (None, -9, 75):
                raise Red("ended by itself with status %d" % daemon.process.poll())
            daemon.kill()

    def live(self, kind):
        """Until something is under way, and then a moment."""
        until = time.monotonic() + self.args.life
        self.hand_over()
        self.jump(PACE_S)
        for marker, number in self.numbers().items():
            if self.rng.random() < 0.4:
                self.say(marker, number)
        least = time.monotonic() + self.rng.uniform(0, self.args.life / 2)
        while time.monotonic() < until and self.daemon.is_alive():
            self.disturb()
            if time.monotonic() > least and self.is_sending() and self.rng.random() < 0.1:
                break
        if kind == "child":
            children = self.daemon.children()
            if children:
                subprocess.run(["kill", "-9", str(self.rng.choice(children))], check=False)
        time.sleep(self.rng.uniform(0, 0.15))

    def disturb(self):
        """A moment in which time passes and the mail server has other moods."""
        self.hand_over()
        if self.rng.random() < 0.1:
            (self.mail / "cues").write_text(self.rng.choice(CUES))
        if self.rng.random() < 0.05:
            self.jump(PACE_S)
        time.sleep(0.005)

    # ---- the end

    def states(self):
        return dict(self.rig.query("SELECT state, count(*) FROM reply GROUP BY state"))

    def is_settled(self):
        """All that was told is told; else time goes on."""
        self.hand_over()
        if self.untaken or not self.meta.is_done():
            return False
        count = self.rig.query(
            "SELECT (SELECT count(*) FROM message WHERE stage = 0) + (SELECT count(*) FROM outbox"
            " WHERE state IN (0, 1)) + (SELECT count(*) FROM reply_news)")[0][0]
        states = self.states()
        if not count and not states.get(0, 0) + states.get(1, 0) + states.get(6, 0):
            return True
        if not count and not states.get(0, 0) and not states.get(1, 0):
            self.jump(RECEIPT_S / 4)
        else:
            self.jump(PACE_S)
        return False

    def settle(self, what):
        try:
            wait_for(what, self.is_settled, 20 if self.args.plant else 120, 0.1)
        except Failed:
            raise Red("never settled (%s): %r" % (what, self.states())) from None

    def finish(self):
        self.behave()
        self.start()
        self.settle("the letters after the kills")
        want = len(self.citizens)
        wait_for("all at the centre", lambda: len(self.numbers()) == want, 60)
        while any(self.said.get(m, 0) < len(WORDS) for _, _, m in self.citizens):
            self.misbehave()
            for marker, number in self.numbers().items():
                self.say(marker, number)
            self.wait_heard()
            until = time.monotonic() + self.args.life / 2
            while time.monotonic() < until:
                self.disturb()
            self.behave()
            self.settle("a state")

    def wait_heard(self):
        """The daemon has read from the centre what was said."""
        wait_for("the states", self.heard, 60, 0.1)

    def heard(self):
        self.jump(1)
        want = collections.Counter(self.said.values())
        have = collections.Counter({NUMBERS.get(state): count for state, count in self.rig.query(
            "SELECT state, count(*) FROM follow GROUP BY state")})
        return have == want

    # ---- what arrived

    def letters(self):
        """{who: [(id, event or state)]}, in the order of arrival; of mails and of WhatsApp."""
        arrived = collections.defaultdict(list)
        paths = sorted(self.mail.glob("siti*/new/*"), key=lambda p: int(
            p.name.split("M")[1].split("P")[0]))
        for path in paths:
            m = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            arrived[m["To"].split("@")[0]].append((m["Message-ID"], what_it_tells(m.get_content())))
        for one in self.cloud.state()["sent"]:
            m = one["message"]
            arrived[m["to"]].append((m["biz_opaque_callback_data"], what_it_tells(m["text"]["body"])))
        return arrived

    def judge(self):
        """What docs/replies.md promises, for each citizen."""
        arrived, rows = self.letters(), self.rig.ask("replies", "list")
        listed = collections.Counter(r["ticket"] for r in rows if r["missed"])
        by_reference = {r["reference"]: r for r in rows}
        tickets = {t["title"]: t["reference"] for t in self.rig.ask("tickets")}
        unknown = self.rig.query("SELECT count(*) FROM audit WHERE what = 'reply_unknown'")[0][0]
        silent = {one["message"]["biz_opaque_callback_data"] for one in self.cloud.state()["sent"]
                  if one["id"] in self.meta.silent}
        tally = collections.Counter(unknown=unknown, listed=sum(listed.values()))
        for way, who, marker in self.citizens:
            got = arrived.pop(who, [])
            ticket = [t for title, t in tickets.items() if marker in title]
            if len(ticket) != 1:
                raise Red("%s: %d tickets" % (who, len(ticket)))
            self.judge_one(way, who, got, listed[ticket[0]], silent, tally)
        if arrived:
            raise Red("told somebody else: %r" % list(arrived))
        if tally["doubled"] > unknown:
            raise Red("doubled %d, of which %d were unknown" % (tally["doubled"], unknown))
        open_ones = [r for r in by_reference.values() if r["state"] in ("queued", "sending", "unknown")]
        if open_ones:
            raise Red("open: %r" % open_ones)
        return tally

    @staticmethod
    def judge_one(way, who, got, listed, silent, tally):
        each = [k for n, k in enumerate(got) if n == 0 or got[n - 1][0] != k[0]]
        told = [what for _, what in each]
        tally["told"] += len(each)
        tally["doubled"] += len(got) - len(each)
        if len({i for i, _ in each}) != len(each):
            raise Red("%s: out of order: %r" % (who, got))
        ranks = [RANK.index(what) for what in told]
        if ranks != sorted(set(ranks)):
            raise Red("%s: out of order: %r" % (who, told))
        if ("number" not in told or told[-1] != "closed_by_admin") and not listed:
            raise Red("%s: lost: %r" % (who, told))
        for reference, count in collections.Counter(i for i, _ in got).items():
            what = dict(got)[reference]
            most = MOST_COPIES if way == "mail" else 2 if what == "number" and \
                reference in silent else 1
            if count > most:
                raise Red("%s: %d times %s" % (who, count, what))

    def go(self):
        for number in range(self.rounds):
            self.round(number)
        self.finish()
        tally = self.judge()
        if self.daemon.stop() != 0:
            raise Red("SIGTERM did not end well")
        if "Sanitizer" in self.rig.log_text():
            raise Red("a sanitizer has something to say")
        return tally

    def close(self, keep):
        self.meta.stop()
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        self.centre.stop()
        self.cloud.stop()
        self.server.kill()
        self.server.wait()
        self.rig.close(keep)


def what_it_tells(text):
    if "tercatat" in text and "dengan nomor" in text:
        return "number"
    if "sudah kami terima dengan kode" in text:
        return "received"
    return next(state for state, words in TOLD.items() if words in text)


def one(args, rounds):
    """A store of its own. Red, or the sentence of a green one."""
    place, began, is_red = Place(args, rounds), time.monotonic(), True
    try:
        tally = place.go()
        is_red = False
    finally:
        place.close(args.keep or (is_red and not args.plant))
    return ("replies: seed %d, %d rounds (%s), %d citizens: %d letters told, lost 0, out of order 0, "
            "%d doubled, %d unknown on the way, %d listed as not reached; %d s"
            % (args.seed, rounds, ", ".join("%d %s" % (n, k) for k, n in sorted(
                place.kills.items())), len(place.citizens), tally["told"], tally["doubled"],
               tally["unknown"], tally["listed"], time.monotonic() - began))
