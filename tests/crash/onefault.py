#!/usr/bin/env python3
"""Each write, sync, open, connect and allocation fails once. A run takes a few
complaints the whole way (sources, daemon, children, centre); it is made once to
count the calls of each kind, then again and again, and each time another one
of them fails. The daemon goes on by itself, or ends with a sentence and not
with 0; a start afterwards completes the work; nothing is lost or doubled.

The calls of every library are meant, not only ours: core/base/fault_calls.c.
BUILD is configured with --enable-faults. --every 1 is every single call; the
default takes a few of each kind, chosen by the seed. --places takes each place
(call stack) that a kind is called from: its first call, its last, and one
between. Which call has which number drifts a little from run to run (threads,
timing); which one comes from a place does so less, and a call that is not come
to is tried again, earlier."""
import argparse
import collections
import concurrent.futures
import functools
import json
import pathlib
import random
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from over_http import WEB, WebSource, as_form, as_webhook, web_instances  # noqa: E402
from rig import Centre, Daemon, Failed, Rig, Source, wait_for  # noqa: E402

KINDS = ["open", "write", "sync", "connect", "alloc", "socket", "rename", "fork"]
PROGRAMS = ["jembatand", "jembatan-connector", "jembatan-web"]
STATE = struct.Struct("=%dQ" % (1 + len(KINDS)))
CALL_OF_PLACES = struct.Struct("=QQ")  # process, place; before them their count
TRIES = 4  # to come to a call of a place
# A sentence of the daemon that ends: base/mem.c, ASSERT, jembatand.c.
SENTENCES = ["out of memory", "this should hold", "cannot start", "not started", "ERROR: ",
             "runtime error"]
CRASHES = {-11: "SIGSEGV", -7: "SIGBUS", -4: "SIGILL", -8: "SIGFPE"}


class Red(Exception):
    """A promise was broken."""


class Run:
    """One life with a fault, and one without where the first did not finish."""

    def __init__(self, args, call):
        self.args, (self.program, self.call) = args, call.split(":", 1)
        self.sources = {"aplikasi-uji": Source("log", 4), "antrean-uji": Source("queue", 4),
                        "kait-uji": WebSource(as_webhook, 1), "masuk-uji": WebSource(as_form, 1)}
        instances = {n: {"connector": "script", "push": "auto", "start": "all", "every": "1s",
                         "options": {"port": s.port}}
                     for n, s in self.sources.items() if n not in WEB}
        self.rig = Rig(args.build, {}, {})
        self.centre = Centre(self.rig)
        instances.update(web_instances(self.rig, self.sources))
        self.rig.write_config(self.centre.settings, instances,
                              {"limits": {"batch_max": 8}, "log": {"level": "notice"},
                               "web": {"listen": "unix:" + str(self.rig.dir / "web.sock")}})
        self.state, self.places = self.rig.dir / "fail.state", self.rig.dir / "fail.places"
        self.sent, self.daemon = {}, None

    def put(self, count):
        for _ in range(count):
            n = len(self.sent)
            name = list(self.sources)[n % len(self.sources)]
            marker = "uji-gagal-%03d" % n
            step = {"do": "message", "id": "%s-%d" % (name, n), "subject": "Laporan %s" % marker,
                    "thread": "t%d" % n,
                    "text": "Jalan rusak, laporan %s. %s" % (marker, "Mohon bantuan. " * (n % 7)),
                    "author": {"id": "warga-%d" % n, "name": "Warga %d" % n}}
            step["text"] = step["text"].strip()
            if name == "kait-uji":  # no subject: the first line is the title
                step["text"] = "Laporan %s\n%s" % (marker, step["text"])
            if n % 8 == 0:
                step["attachments"] = [{"name": "foto.jpg", "type": "image/jpeg",
                                        "content": marker, "repeat": 3000}]
            self.sent[marker] = step
            self.sources[name].put(step)

    def environment(self):
        more = {"JEMBATAN_FAIL_PLACES": str(self.places)} if self.call.endswith(":0") else {}
        return {"JEMBATAN_FAIL": self.call,
                "JEMBATAN_FAIL_IN": self.program, "JEMBATAN_FAIL_STATE": str(self.state),
                "JEMBATAN_RESTART_FIRST_MS": "50", "JEMBATAN_WEB_SILENCE_MS": "6000",
                "JEMBATAN_ANSWER_MS": "3000", "JEMBATAN_LOST_MS": "1000", **more}

    def read_state(self):
        content = self.state.read_bytes() if self.state.exists() else b""
        return STATE.unpack(content) if len(content) == STATE.size else (0,) * (1 + len(KINDS))

    def read_places(self):
        """{place: calls from it in one process}, the most."""
        with open(self.places, "rb") as file:
            used = struct.unpack("=Q", file.read(8))[0]
            content = file.read(used * CALL_OF_PLACES.size)
        if len(content) != used * CALL_OF_PLACES.size:
            raise Failed("there were more calls than the file of places holds")
        most = collections.Counter()
        for (_, place), n in collections.Counter(CALL_OF_PLACES.iter_unpack(content)).items():
            most[place] = max(most[place], n)
        return most

    def is_done(self):
        """True once nothing waits; the text of a death where it died."""
        if self.daemon.process.poll() is not None:
            return "dead"
        if any(s.waiting() for s in self.sources.values()):
            return False
        try:
            return self.rig.query(
                "SELECT (SELECT count(*) FROM message WHERE stage = 0) +"
                " (SELECT count(*) FROM outbox WHERE state IN (0, 1))")[0][0] == 0
        except Exception:  # noqa: BLE001: no table yet
            return False

    def ended(self, code):
        """Not with 0, not by a crash, not without a word."""
        if code == 0:
            raise Red("it ended with 0 although nobody told it to")
        if code in CRASHES:
            raise Red("it crashed: %s" % CRASHES[code])
        if not any(s in self.rig.log_text() for s in SENTENCES):
            raise Red("it ended with %d and without a sentence" % code)

    def first_life(self):
        """How it went: "by itself", "restart" or "ended"."""
        self.daemon = Daemon(self.rig, self.environment())
        self.put(6)
        if not self.daemon.wait_ready():
            self.ended(self.daemon.process.returncode)
            return "ended"
        self.rig.command("status")
        self.put(6)
        try:
            if wait_for("the work", self.is_done, self.args.patience) == "dead":
                self.ended(self.daemon.process.returncode)
                return "ended"
        except Failed:
            alarms = self.rig.alarms()
            if not alarms:
                raise Red("it stands still and has no alarm: %s" % self.waits()) from None
            self.stop()
            return "restart"
        return self.stop()

    def stop(self):
        """A fault while it ends may make it end badly, but not silently."""
        code = self.daemon.stop(30)
        if code == 0:
            return "by itself"
        self.ended(code)
        return "ended"

    def waits(self):
        try:
            return self.rig.query("SELECT 'message', stage, count(*) FROM message GROUP BY 2 UNION"
                                  " SELECT 'outbox', state, count(*) FROM outbox GROUP BY 2")
        except Exception as e:  # noqa: BLE001
            return str(e)

    def second_life(self):
        self.daemon = Daemon(self.rig, {"JEMBATAN_RESTART_FIRST_MS": "50"}).start()
        try:
            if wait_for("the work after a restart", self.is_done, 30) == "dead":
                raise Red("it died after the restart")
        except Failed:
            raise Red("a restart does not complete the work: %s; %s"
                      % (self.waits(), self.rig.alarms())) from None

    def set_aside(self):
        """Markers of the records in quarantine: a child died twice at them; kept and shown."""
        found = set()
        for row in self.rig.ask("quarantine", "list"):
            raw = self.rig.command("quarantine", "show", str(row["id"]), text=False).stdout
            try:
                found.add(json.loads(raw)["subject"].split()[-1])
            except (ValueError, KeyError):
                raise Red("a quarantined record is not what was sent") from None
        return found

    def compare(self):
        """What is listed as unknown or set aside is neither lost nor doubled."""
        held = collections.Counter()
        for c in self.centre.complaints():
            marker = c["title"].split()[-1]
            held[marker] += 1
            if c["body"]["content"].rpartition("\n\nRef: ")[0] != self.sent[marker]["text"]:
                raise Red("altered: %s" % marker)
        listed = {r["reference"] for r in self.rig.ask("unknown", "list")}
        unknown = {t["title"].split()[-1] for t in (self.rig.ask("tickets") if listed else [])
                   if t["reference"] in listed}
        aside = self.set_aside()
        odd = next((self.sources[n].odd for n in WEB if self.sources[n].odd), None)
        if odd:
            raise Red(odd)
        lost = [m for m in self.sent if not held[m] and m not in unknown | aside]
        doubled = [m for m, n in held.items() if n > 1]
        if lost or doubled:
            raise Red("lost %d %s, doubled %d %s" % (len(lost), lost[:4], len(doubled), doubled[:4]))
        return len(unknown), len(aside)

    def go(self):
        how = self.first_life()
        self.second_life()
        unknown, quarantined = self.compare()
        if self.daemon.stop(30) != 0:
            raise Red("SIGTERM did not end well after the restart")
        return how, bool(self.read_state()[0]), unknown, quarantined

    def close(self, keep):
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        for source in self.sources.values():
            source.stop()
        self.centre.stop()
        self.rig.close(keep)


def count(args, program, kind):
    """{kind: calls of one process in a run without a fault}, the most; the places of this kind."""
    run = Run(args, "%s:%s:0" % (program, kind))
    try:
        run.go()
        return dict(zip(KINDS, run.read_state()[1:])), run.read_places()
    finally:
        run.close(False)


def choose(args, counts, rng):
    """Calls as --at has them; each pair of program and kind gets as many as the others."""
    pairs = [(p, k) for p in PROGRAMS for k in args.kinds if counts[p][k] > 0]
    chosen = []
    for program, kind in pairs:
        most = counts[program][kind]
        every = args.every or max(1, most * len(pairs) // args.runs)
        chosen += ["%s:%s:%d" % (program, kind, n)
                   for n in range(rng.randint(1, min(every, most)), most + 1, every)]
    return chosen


def choose_of_places(args, counts, rng):
    """The first call of each place, then the last ones, then some between."""
    turns = [], [], []
    for program in PROGRAMS:
        for kind in (k for k in args.kinds if counts[program][k] > 0):
            places = count(args, program, kind)[1]
            print("%s: %s from %d places, %d calls" % (program, kind, len(places),
                                                       counts[program][kind]), flush=True)
            for place, most in sorted(places.items()):
                numbers = 1, most, rng.randint(2, max(2, most - 1))
                for turn, number in zip(turns, numbers[:most]):
                    turn.append("%s:%s@%x:%d" % (program, kind, place, number))
    return sum(turns, [])


def earlier(call):
    """The same place's call at three quarters of the way."""
    rest, number = call.rsplit(":", 1)
    return "%s:%d" % (rest, max(1, int(number) * 3 // 4))


Outcome = collections.namedtuple("Outcome", "call how has_failed unknown aside red")


def try_once(args, call):
    run, is_red = Run(args, call), True
    try:
        outcome = Outcome(call, *run.go(), "")
        is_red = False
        return outcome
    except Exception as e:  # noqa: BLE001: one run ends none of the others
        red = str(e) if isinstance(e, (Red, Failed)) else repr(e)
        return Outcome(call, "red", True, 0, 0, red + ("; kept: %s" % run.rig.dir if args.keep
                                                       else ""))
    finally:
        run.close(args.keep and is_red)


def one_call(args, call):
    """In a process of its own with --jobs."""
    outcome = try_once(args, call)
    for _ in range(TRIES - 1 if "@" in call and not args.at else 0):
        if outcome.has_failed:
            break
        outcome = try_once(args, earlier(outcome.call))
    return outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--every", type=int, default=0, help="every K-th call; 1 is each of them")
    parser.add_argument("--runs", type=int, default=30, help="about so many, without --every")
    parser.add_argument("--places", action="store_true", help="calls of every place, see above")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--at", help="only this one: PROGRAM:KIND:N or PROGRAM:KIND@PLACE:N")
    parser.add_argument("--patience", type=float, default=45,
                        help="seconds to go on by itself: a child has 30 to open")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a red run")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    print("seed %d" % args.seed, flush=True)
    began, rng = time.monotonic(), random.Random(args.seed)
    if args.at:
        chosen = [args.at]
    else:
        counts = {p: count(args, p, "open")[0] for p in PROGRAMS}
        for program in PROGRAMS:
            print("%s: %s" % (program, ", ".join("%s %d" % (k, n) for k, n in
                                                 counts[program].items())), flush=True)
        if not all(counts["jembatand"][k] for k in KINDS):
            raise Failed("a kind is not counted: is BUILD configured with --enable-faults?")
        chosen = (choose_of_places if args.places else choose)(args, counts, rng)
    how, outcomes = collections.Counter(), []
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        for outcome in pool.map(functools.partial(one_call, args), chosen):
            outcomes.append(outcome)
            how[outcome.how] += 1
            if outcome.red:
                print("red: --at %s: %s" % (outcome.call, outcome.red), flush=True)
            elif args.verbose:
                print("  %s: %s%s" % (outcome.call, outcome.how, "" if outcome.has_failed else
                                      " (it did not come to it)"), flush=True)
            if len(outcomes) % 500 == 0:
                print("%d of %d runs, %d red, %d s" % (len(outcomes), len(chosen), how["red"],
                                                       time.monotonic() - began), flush=True)
    places = len({o.call.rsplit(":", 1)[0] for o in outcomes if o.has_failed and "@" in o.call})
    print("onefault: seed %d, %d runs, %d faults%s: went on by themselves %d, ended with a sentence"
          " %d, needed a restart %d; red %d; unknown and listed %d, set aside %d; %d s"
          % (args.seed, len(chosen), sum(o.has_failed for o in outcomes),
             " at %d places" % places if places else "", how["by itself"], how["ended"],
             how["restart"], how["red"], sum(o.unknown for o in outcomes),
             sum(o.aside for o in outcomes), time.monotonic() - began))
    return 1 if how["red"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Red, Failed) as failed:
        sys.exit("onefault: %s" % failed)
