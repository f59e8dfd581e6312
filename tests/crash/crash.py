#!/usr/bin/env python3
"""kill -9 of the daemon and its children, at random and at named points, with
power cuts among them; then every complaint is looked for at the centre.

Exit 0: nothing was lost, doubled or altered, and what is unknown is listed.
Exit 1: it was; the line that begins with "red:" says what. 2: the test itself
could not work. README.md beside this file explains the parts."""
import argparse
import collections
import concurrent.futures
import hashlib
import json
import pathlib
import random
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from over_http import WEB, WebSource, as_form, as_webhook, web_instances, webhook_body  # noqa: E402
from rig import (Centre, Daemon, Failed, Rig, Source, forget_undo, power_cut,  # noqa: E402
                 preload_of, wait_for)

# Name of a fault point: at which time it kills, from and to.
DAEMON_POINTS = {"push.claimed": (1, 10), "push.sent": (1, 10), "push.answered": (1, 10),
                 "push.written": (1, 10), "inbox.add.mid": (2, 6), "decide.mid": (8, 30),
                 "db.commit.before": (5, 20), "db.commit.after": (5, 20),
                 "turn.brings": (2, 8), "turn.committed": (2, 8), "keep.renamed": (1, 3),
                 "disk.write": (20, 200), "disk.sync": (5, 20)}
CHILD_POINTS = {"host-begun": (1, 20), "host-emitted": (1, 20), "host-checkpoint": (1, 4),
                "host-committed": (1, 4), "host-ahead": (1, 4)}
POINTS = dict(DAEMON_POINTS, **CHILD_POINTS)
BACKLOG = 120      # complaints that wait for the centre, at the start of a round
CONNECTIONS = 6
FLIGHT_LEAST = 80  # percent of the rounds
FLIGHT_WAIT_S = 2

SENTENCES = ["Lampu jalan di depan pasar sudah tiga malam padam.",
             "Air PDAM keruh sejak Senin, mohon diperiksa.",
             "Jalan desa berlubang dan sulit dilewati saat hujan.",
             "Sampah di TPS belum diangkut selama dua minggu.",
             "Antrean di puskesmas terlalu panjang, loket hanya satu."]


class Red(Exception):
    """The daemon broke a promise."""


class Complaint:
    def __init__(self, marker, step, files=(), parent=None):
        self.marker, self.step, self.files, self.parent = marker, step, list(files), parent
        self.text, self.title = step["text"], step["subject"]


class Stream:
    """Complaints, each with a marker of its own, through five sources; among
    them redeliveries, changed texts and answers in the same thread."""

    def __init__(self, rng, mode):
        self.rng, self.mode = rng, mode
        self.sources = {"aplikasi-uji": Source("log", 40), "antrean-uji": Source("queue", 40),
                        "halaman-uji": Source("ahead", 8),
                        "kait-uji": WebSource(as_webhook), "masuk-uji": WebSource(as_form)}
        self.all, self.redelivered = [], 0

    def _new(self, name):
        n = len(self.all)
        marker = "uji-%s-%05d" % (self.mode, n)
        # One sender brings all that comes by a webhook: what he says twice of one RT would
        # rightly be taken for the same report, and then seem to be lost.
        text = "%s Laporan %s, RT %d RW %d.\n%s" % (self.rng.choice(SENTENCES), marker, n % 999 + 1,
                                                   n // 999 + 1,
                                                   "Terima kasih. " * self.rng.randrange(1, 40))
        step = {"do": "message", "id": "%s-%d" % (name, n), "thread": "t%d" % n,
                "subject": "Laporan %s" % marker, "text": text.strip(),
                "author": {"id": "warga-%d" % n, "name": "Warga %d" % n}}
        files = []
        if name == "kait-uji":  # no subject: the first line is the title
            step["text"] = "Laporan %s\n%s" % (marker, step["text"])
        if self.rng.random() < 0.15 and name not in WEB:
            content, repeat = "lampiran %s\n" % marker, self.rng.choice([1, 40, 4000])
            step["attachments"] = [{"name": "foto.jpg", "type": "image/jpeg", "content": content,
                                    "repeat": repeat}]
            files = [hashlib.sha256((content * repeat).encode()).hexdigest()]
        return Complaint(marker, step, files)

    def _later(self, parent, how):
        marker = "%s-%s" % (parent.marker, how)
        step = dict(parent.step, text="Tambahan %s: %s" % (marker, self.rng.choice(SENTENCES)))
        step.pop("attachments", None)
        if how == "jawab":
            step.update(id=step["id"] + "-jawab", kind="follow-up")
        return Complaint(marker, step, parent=parent)

    def add(self, count):
        for _ in range(count):
            # A sender over HTTP waits for each commit: fewer come that way.
            name = self.rng.choices(list(self.sources), [4, 4, 4, 1, 1])[0]
            source = self.sources[name]
            one = self._new(name)
            self.all.append(one)
            source.put(one.step)
            if self.rng.random() < 0.2:  # at once, within the same batch perhaps
                source.put(one.step)
                self.redelivered += 1
            if self.rng.random() < 0.08:
                later = self._later(one, "ubah" if name in WEB else
                                    self.rng.choice(["jawab", "ubah"]))
                self.all.append(later)
                source.put(later.step)
        if self.all and self.rng.random() < 0.5:  # an old one comes once more
            old = self.rng.choice(self.all[-400:])
            name = old.step["id"].rsplit("-jawab", 1)[0].rsplit("-", 1)[0]
            self.sources[name].put(old.step)
            self.redelivered += 1

    def is_taken(self):
        return not any(s.waiting() for s in self.sources.values())

    def instances(self, rig):
        """And from now on the senders know where to."""
        entries = {name: {"connector": "script", "push": "auto", "start": "all", "every": "1s",
                          "options": {"port": s.port, "ahead": s.kind == "ahead"}}
                   for name, s in self.sources.items() if name not in WEB}
        return dict(entries, **web_instances(rig, self.sources))

    def odd(self):
        return next((self.sources[name].odd for name in WEB if self.sources[name].odd), None)

    def stop(self):
        for source in self.sources.values():
            source.stop()


class Run:
    """All rounds in one mode of the centre."""

    def __init__(self, args, mode, rounds):
        self.args, self.mode, self.rounds = args, mode, rounds
        self.rng = random.Random("%d %s" % (args.seed, mode))
        self.stream = Stream(self.rng, mode)
        self.plant = {"JEMBATAN_PLANT": args.plant} if args.plant else {}
        self.preload = preload_of(args.build)
        self.kinds, self.killed_at = collections.Counter(), collections.Counter()
        self.with_flight = self.cuts = self.taken_back = self.most_in_flight = 0
        self.pace = 0.0  # seconds from a start to the first push under way
        self.flown = set()
        self.centre = self.rig = self.daemon = None

    def open(self):
        self.rig = Rig(self.args.build, {}, {}, limits={"batch_max": 32}, log={"level": "notice"})
        rig = self.rig
        self.centre = Centre(rig, "--mode", self.mode, "--delay", "20",
                             "--latency-jitter", "--seed", str(self.args.seed),
                             "--hang-ms", "3000", "--data", str(rig.dir / "journal"),
                             "--fault", "commit-close:create@p=0.01",
                             "--fault", "commit-500:create@p=0.005",
                             "--fault", "commit-hang:create@p=0.002",
                             "--fault", "close:create@p=0.005",
                             "--fault", "502:route@p=0.01",
                             "--fault", "commit-close:followup@p=0.05")
        # What became of an addition is asked of the centre in every mode.
        central = dict(self.centre.settings, lookup={"wait": "1s"}, answer_timeout="2s",
                       connections=CONNECTIONS)
        if self.mode == "idempotent":
            central["idempotent"] = True
        if self.mode == "lookup":
            central["lookup"]["url"] = self.centre.url + "/lookup?reference={reference}"
            central["route_to"] = "151300"
        rig.write_config(central, self.stream.instances(rig),
                         {"limits": {"batch_max": 32}, "log": {"level": "notice"},
                          "web": {"listen": "unix:" + str(rig.dir / "web.sock")}})

    # ---- one round: one life of the daemon --------------------------------------

    def backlog(self):
        """What could be sent at once."""
        waits = sum(s.waiting() for s in self.stream.sources.values())
        try:
            return waits + sum(self.rig.query(
                "SELECT (SELECT count(*) FROM message WHERE stage = 0), (SELECT count(*) FROM"
                " outbox WHERE state = 0 AND waiting = 0 AND due_ms <= %d)"
                % (time.time() * 1000))[0])
        except sqlite3.Error:
            return waits  # there is no table yet

    def choose(self, number):
        if number == 0:
            return "point", "migrate.mid", 1
        dice = self.rng.random()
        if dice < 0.42:
            return "random", None, 0
        if dice < 0.88:
            some = DAEMON_POINTS if dice < 0.80 else CHILD_POINTS
            name = self.args.point or self.rng.choice(list(some))
            return ("child point" if name in CHILD_POINTS else "point", name,
                    self.rng.randint(*POINTS[name]))
        return ("child", None, 0) if dice < 0.97 else ("start", None, 0)

    def begin(self, env, preload=None, wait=True):
        """A daemon. 75: a child that the killed one had forked just then still has its lock."""
        for _ in range(20):
            self.daemon = Daemon(self.rig, env, preload=preload)
            if not wait or self.daemon.wait_ready() or self.daemon.process.poll() != 75:
                break
        return self.daemon

    def flying(self, began_ms):
        """What the store says was given to the centre since then."""
        try:
            return self.rig.query("SELECT id, kind, step, started_ms FROM outbox WHERE state = 1"
                                  " AND started_ms >= %d" % began_ms)
        except sqlite3.Error:
            return []  # there is no table yet

    def wait_flight(self, daemon):
        """Until something is under way, so that a slow machine's kills hit work too."""
        began = time.monotonic()
        while daemon.is_alive() and time.monotonic() < began + FLIGHT_WAIT_S:
            if self.flying(daemon.began_ms):
                self.pace += (time.monotonic() - began - self.pace) / 4
                return
            time.sleep(0.005)

    def live(self, kind, point, times):
        env = dict(self.plant, JEMBATAN_RESTART_FIRST_MS="100",
                   JEMBATAN_DISK_MS=str(self.rng.choice([0, 5, 20])))
        if point:
            env["JEMBATAN_KILL_AT"] = "%s:%d" % (point, times)
        daemon = self.begin(env, self.preload, wait=kind != "start")
        if kind == "start":
            time.sleep(self.rng.uniform(0, 0.25))
        elif kind == "point":
            daemon.wait_end(max(0.5, 4 * self.pace))
        elif self.rng.random() < 0.3:
            time.sleep(self.rng.uniform(0.03, 0.35))
        else:
            self.wait_flight(daemon)
            time.sleep(self.rng.uniform(0, 0.25))
        if kind == "child":
            children = daemon.children()
            if children:
                subprocess.run(["kill", "-9", str(self.rng.choice(children))], check=False)
            time.sleep(self.rng.uniform(0.02, 0.15))
        ended = daemon.process.poll()
        if ended not in (None, -9, 75):
            raise Red("ended by itself with status %d: see %s" % (ended, daemon.log.name))
        self.kinds[kind] += 1
        if point:
            self.killed_at["%s %s" % (point, "" if ended == -9 or kind != "point" else "(late)")] += 1
        daemon.kill()
        return daemon

    def round(self, number):
        missing = BACKLOG - self.backlog()
        self.stream.add(max(missing, 3))
        forget_undo(self.rig.data)
        kind, point, times = self.choose(number)
        daemon = self.live(kind, point, times)
        if self.rng.random() < 0.5:
            self.cuts += 1
            self.taken_back += power_cut(self.rig.data)
        self.note_flight(daemon.began_ms)

    def note_flight(self, began_ms):
        """What the store, as it was found, says was under way."""
        rows = self.flying(0)
        fresh = [r for r in rows if r[3] >= began_ms]
        self.with_flight += bool(fresh)
        self.most_in_flight = max(self.most_in_flight, len(fresh))
        self.flown |= {(r[0], r[3]) for r in rows if r[1] == 0 and r[2] == 1}

    # ---- the end ----------------------------------------------------------------

    def counts(self):
        value = lambda sql: self.rig.query(sql)[0][0]  # noqa: E731
        return {"undecided": value("SELECT count(*) FROM message WHERE stage = 0"),
                "queued": value("SELECT count(*) FROM outbox WHERE state = 0 AND waiting = 0"),
                "sending": value("SELECT count(*) FROM outbox WHERE state = 1"),
                "taken": self.stream.is_taken()}

    def is_drained(self):
        c = self.counts()
        return c["taken"] and c["undecided"] == c["queued"] == c["sending"] == 0

    def drain(self, daemon):
        deadline = 20 if self.args.plant else 90
        try:
            wait_for("the drain", self.is_drained, deadline, 0.1)
        except Failed:
            raise Red("never settled (%s), %s" % (self.counts(), self.faults_of(
                self.compare()[0]) or "nothing else")) from None
        for record in self.rig.ask("quarantine", "list"):
            self.check_record(record)
            self.rig.ask("quarantine", "replay", str(record["id"]))
        wait_for("the replayed records", self.is_drained, deadline, 0.1)
        if not daemon.is_alive():
            raise Red("ended by itself: see the log")

    def check_record(self, record):
        """Killed twice at one record: it is kept, byte for byte."""
        raw = self.rig.command("quarantine", "show", str(record["id"]), text=False).stdout
        if raw not in {form for c in self.stream.all
                       for form in (json.dumps(c.step).encode(), c.text.encode(),
                                    webhook_body(c.step))}:
            raise Red("a quarantined record differs from what was sent")

    def held(self):
        """{marker: [where it stands at the centre]}."""
        found = collections.defaultdict(list)
        for c in self.centre.complaints():
            found[self.marker_in(c["body"]["content"])].append((c, c["body"]["content"]))
            if c["followups"]:
                for content in self.centre.follow_ups(c["id"]):
                    found[self.marker_in(content)].append((c, content))
        return found

    def marker_in(self, content):
        for word in content.replace(",", " ").replace(":", " ").split():
            if word.startswith("uji-" + self.mode):
                return word
        return "(none)"

    def unknown(self):
        """Markers of the tickets that `unknown list` names, and its rows."""
        rows = self.rig.ask("unknown", "list")
        references = {r["reference"] for r in rows}
        titles = {t["title"].split()[-1] for t in self.rig.ask("tickets")
                  if t["reference"] in references}
        return titles, rows

    def compare(self):
        found, (unknown, rows) = self.held(), self.unknown()
        self.uploads = {str(u["id"]): u["sha256"] for u in self.centre.state()["uploads"]}
        tracking = {t["title"].split()[-1]: t.get("tracking_id")
                    for t in self.rig.ask("tickets", "pushed")}
        result = {"lost": [], "doubled": [], "altered": [], "unknown": sorted(unknown)}
        for one in self.stream.all:
            places = found.pop(one.marker, [])
            waits = one.marker in unknown or (one.parent and one.parent.marker in unknown)
            if not places and not waits:
                result["lost"].append(one.marker)
            if len(places) > 1:
                result["doubled"].append(one.marker)
            for complaint, content in places[:1]:
                if self.is_altered(one, complaint, content, tracking):
                    result["altered"].append(one.marker)
        result["altered"] += list(found)  # nobody sent these
        return result, rows

    def is_altered(self, one, complaint, content, tracking):
        words, _, reference = content.rpartition("\n\nRef: ")
        if words != one.text or not reference.startswith("JB-"):
            return True
        if one.parent or content != complaint["body"]["content"]:
            return False
        files = [self.uploads.get(i) for i in
                 complaint["body"]["attachments"].strip("[]").split(",") if i]
        number = tracking.get(one.marker)
        return (complaint["title"] != one.title or files != one.files or
                (number is not None and str(number) != str(complaint["id"])) or
                (self.mode == "lookup" and complaint["disposition_id"] != "151300"))

    def settle_by_hand(self, rows):
        """What a person does with the list: look, then confirm or send again."""
        made = self.centre.state()["complaints"]
        number = {c["reference"]: c["id"] for c in made}
        for row in rows:
            if row["reference"] in number:
                self.rig.ask("unknown", "confirm", str(row["id"]), str(number[row["reference"]]))
            else:
                self.rig.ask("unknown", "resend", str(row["id"]))

    @staticmethod
    def faults_of(result):
        return ", ".join("%s %d (%s)" % (what, len(result[what]), " ".join(result[what][:5]))
                         for what in ("lost", "doubled", "altered") if result[what])

    def judge(self, result, after=""):
        if self.stream.odd():
            raise Red(self.stream.odd())
        bad = self.faults_of(result)
        if bad:
            raise Red(bad + after)

    def go(self):
        self.open()
        for number in range(self.rounds):
            self.round(number)
        answers_lost = self.answers_lost()
        self.centre.no_faults()
        forget_undo(self.rig.data)
        daemon = self.begin(self.plant)
        self.drain(daemon)
        result, rows = self.compare()
        self.say(result, answers_lost)
        self.judge(result)
        most = len(self.flown) + answers_lost
        if len(rows) > most:
            raise Red("unknown %d, more than the %d that were in flight" % (len(rows), most))
        if self.mode != "none" and rows:
            raise Red("unknown %d although the centre could tell" % len(rows))
        if self.most_in_flight > CONNECTIONS:
            raise Red("unsettled: %d in flight at once, over %d connections"
                      % (self.most_in_flight, CONNECTIONS))
        some = rows[:30 if self.args.fast else 80]
        self.settle_by_hand(some)
        self.drain(daemon)
        result, left = self.compare()
        self.judge(result, " after a person's word")
        if len(left) != len(rows) - len(some):
            raise Red("unknown %d after a person's word" % len(left))
        if daemon.stop() != 0:
            raise Red("SIGTERM did not end well")

    def answers_lost(self):
        """Creates whose answer the centre itself spoiled."""
        return sum(f["fired"] for f in self.centre.state(True)["faults"]
                   if ":create" in f["spec"])

    def say(self, result, answers_lost):
        complaints = sum(1 for c in self.stream.all if not c.parent)
        print("  %-10s %d rounds (%s), %d%% with a push in flight, %d power cuts took back %d KiB;"
              " %d complaints, %d additions, %d redeliveries, %d over HTTP: lost %d, doubled %d, unknown %d"
              " (in flight %d, answers lost %d), altered %d"
              % (self.mode, self.rounds,
                 ", ".join("%d %s" % (n, k) for k, n in sorted(self.kinds.items())),
                 100 * self.with_flight // max(self.rounds, 1), self.cuts, self.taken_back // 1024,
                 complaints, len(self.stream.all) - complaints, self.stream.redelivered,
                 sum(self.stream.sources[name].taken for name in WEB),
                 len(result["lost"]), len(result["doubled"]), len(result["unknown"]),
                 len(self.flown), answers_lost, len(result["altered"])), flush=True)
        if self.args.verbose:
            print("   ", dict(self.killed_at))
        self.result, self.answers = result, answers_lost

    def close(self, keep):
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        if self.centre:
            self.centre.stop()
        self.stream.stop()
        if self.rig:
            self.rig.close(keep)


def shares(args):
    if args.mode != "all":
        return [(args.mode, args.rounds)]
    some = max(args.rounds // 5, 1)
    return [("none", args.rounds - 2 * some), ("idempotent", some), ("lookup", some)]


def totals(args, runs):
    """Of all modes together."""
    total = lambda fn: sum(fn(r) for r in runs)  # noqa: E731
    return collections.Counter(
        rounds=args.rounds, with_flight=total(lambda r: r.with_flight),
        complaints=total(lambda r: len(r.stream.all)), lost=total(lambda r: len(r.result["lost"])),
        doubled=total(lambda r: len(r.result["doubled"])),
        unknown=total(lambda r: len(r.result["unknown"])), flown=total(lambda r: len(r.flown)),
        answers=total(lambda r: r.answers), altered=total(lambda r: len(r.result["altered"])))


def say_totals(head, t, seconds):
    flight = 100 * t["with_flight"] // max(t["rounds"], 1)
    print("crash: %s, %d rounds, %d%% with a push in flight, %d complaints: lost %d, doubled %d, "
          "unknown %d (in flight %d, answers lost %d), altered %d; %d s"
          % (head, t["rounds"], flight, t["complaints"], t["lost"], t["doubled"], t["unknown"],
             t["flown"], t["answers"], t["altered"], seconds), flush=True)


def hit(t):
    """A test that kills when nothing is under way could not fail."""
    if 100 * t["with_flight"] < FLIGHT_LEAST * t["rounds"]:
        raise Red("fewer than %d%% of the rounds had a push in flight" % FLIGHT_LEAST)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--batches", type=int, default=1, help="so many times, with the next seeds")
    parser.add_argument("--jobs", type=int, default=1, help="batches at once")
    parser.add_argument("--mode", choices=["none", "idempotent", "lookup", "all"], default="all")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--plant", help="name of a planted bug; this test is then to be red")
    parser.add_argument("--point", choices=sorted(POINTS), help="of the points only this")
    parser.add_argument("--replies", action="store_true", help="of the letters to citizens: told.py")
    parser.add_argument("--citizens", type=int, default=4, help="--replies: by each of two channels")
    parser.add_argument("--life", type=float, default=2, help="--replies: seconds of a round, at most")
    parser.add_argument("--fast", action="store_true", help="settle fewer unknown ones by hand")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    if args.batches > 1:
        return many(args)
    told = one(args)
    if not args.plant and not args.replies:
        hit(told)
    return 0


def replies(args):
    import told
    try:
        print(told.one(args, args.rounds), flush=True)
    except told.Red as why:
        raise Red(str(why)) from None
    return collections.Counter(rounds=args.rounds)


def one(args):
    began, runs = time.monotonic(), []
    print("seed %d" % args.seed, flush=True)
    if args.replies:
        return replies(args)
    for mode, rounds in shares(args):
        run = Run(args, mode, rounds)
        runs.append(run)
        is_red = True
        try:
            run.go()
            is_red = False
        finally:
            run.close(args.keep or (is_red and not args.plant))
    told = totals(args, runs)
    say_totals("seed %d" % args.seed, told, time.monotonic() - began)
    return told


def batch(args):
    """One of many: what came of it, and what was wrong."""
    try:
        return one(args), None
    except Red as why:
        return None, "red: seed %d: %s" % (args.seed, why)
    except Failed as why:
        return None, "cannot tell: seed %d: %s" % (args.seed, why)


def many(args):
    """A night's: each batch has a store and a seed of its own, so that a red one
    is had again by its seed, and nothing grows."""
    began, told, wrong = time.monotonic(), collections.Counter(), []
    batches = [argparse.Namespace(**dict(vars(args), seed=args.seed + number))
               for number in range(args.batches)]
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        for number, (some, why) in enumerate(pool.map(batch, batches), 1):
            told += some or collections.Counter()
            if why:
                wrong.append(why)
                print(why, flush=True)
            print("crash: %d of %d batches after %d s, %d wrong"
                  % (number, args.batches, time.monotonic() - began, len(wrong)), flush=True)
    head = "seeds %d to %d, %d wrong" % (args.seed, batches[-1].seed, len(wrong))
    if args.replies:
        print("crash: %s, %d rounds; %d s" % (head, told["rounds"], time.monotonic() - began))
    else:
        say_totals(head, told, time.monotonic() - began)
        hit(told)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Red as red:
        print("red: %s" % red)
        sys.exit(1)
    except Failed as failed:
        print("cannot tell: %s" % failed)
        sys.exit(2)
