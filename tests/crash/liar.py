#!/usr/bin/env python3
"""A centre that lies, in each way of lies.py: what it says may cost time, a
person's look or a wrong number, but no complaint; none is there twice, no
ticket gets another's number, the daemon stays small, says what is wrong, and
works on when the centre is honest again. Summary line with the seed at the end."""
import argparse
import collections
import os
import pathlib
import random
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from lies import KINDS, Liar  # noqa: E402
from rig import Centre, Daemon, Failed, Rig, Source, expect, preload_of, wait_for  # noqa: E402

WAITS = {"JEMBATAN_RETRY_FIRST_MS": "2", "JEMBATAN_RETRY_MAX_MS": "20",
         "JEMBATAN_BREAKER_FIRST_MS": "2", "JEMBATAN_BREAKER_MAX_MS": "20",
         "JEMBATAN_AUTH_FIRST_MS": "4", "JEMBATAN_RETRY_AFTER_MAX_MS": "20",
         "JEMBATAN_ANSWER_MS": "400"}
MODES = ["none", "idempotent", "lookup"]
BY_HAND = 20        # of what is left to a person, so many are settled here
MEMORY_MIB = 64
TICK = os.sysconf("SC_CLK_TCK")


def used_seconds(pid):
    words = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICK


def most_mib(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1)) / 1024


class Trial:
    """One kind of lie in one mode of the centre."""

    def __init__(self, args, name, mode):
        self.args, self.name, self.mode, self.kind = args, name, mode, KINDS[name]
        self.rng = random.Random("%d %s %s" % (args.seed, name, mode))
        self.source = Source("log", 64)
        self.rig = Rig(args.build, {}, {})
        self.centre = Centre(self.rig, "--mode", mode, "--seed", str(args.seed))
        self.liar = Liar(self.centre.url, self.rng)
        central = dict(self.centre.settings, url=self.liar.url, connections=8,
                       lookup={"wait": "1s"})
        if mode == "idempotent":
            central["idempotent"] = True
        if mode == "lookup":
            central["lookup"]["url"] = self.liar.url + "/lookup?reference={reference}"
        self.rig.write_config(central, {"aplikasi": {
            "connector": "script", "push": "auto", "start": "all", "every": "1s",
            "options": {"port": self.source.port}}},
            {"log": {"level": "notice"}, "limits": {"batch_max": 64}})
        self.daemon = None
        self.texts = {}

    def put(self, count):
        for _ in range(count):
            n = len(self.texts)
            marker = "bohong-%05d" % n
            self.texts[marker] = "Jalan berlubang. Laporan %s." % marker
            self.source.put({"do": "message", "id": str(n), "thread": "t%d" % n,
                             "subject": "Laporan " + marker, "text": self.texts[marker],
                             "author": {"id": "w%d" % n, "name": "Warga %d" % n}})

    # ---- what the store holds -----------------------------------------------

    def counts(self):
        states = collections.Counter(dict(self.rig.query(
            "SELECT state, count(*) FROM outbox GROUP BY state")))
        return {"queued": states[0], "sending": states[1], "done": states[2],
                "refused": states[3], "unknown": states[4],
                "undecided": self.rig.query("SELECT count(*) FROM message WHERE stage = 0")[0][0]}

    def is_drained(self):
        c = self.counts()
        return (not self.source.waiting() and c["queued"] == c["sending"] == c["undecided"] == 0 and
                sum(c.values()) >= len(self.texts))

    def drain(self, seconds=60):
        try:
            wait_for("the drain", self.is_drained, seconds, 0.05)
        except Failed:
            raise Failed("never settled: %s" % self.counts()) from None

    def left(self):
        """What waits for a person: unknown and refused ones."""
        return self.rig.ask("unknown", "list") + self.rig.ask("unknown", "list", "--refused")

    # ---- the way ------------------------------------------------------------

    def run(self):
        count = self.args.requests
        self.daemon = Daemon(self.rig, WAITS).start()
        self.put(3)  # some numbers are known before the first lie
        self.drain()
        self.liar.commits, self.liar.share = self.kind.commits, self.kind.share
        self.liar.most = self.kind.most
        self.liar.all_requests, self.liar.lie = self.kind.all, self.kind.lie
        self.put(count - 3)
        wait_for("%d requests" % count, lambda: self.liar.requests >= count + 3 or self.is_drained(),
                 60 + count / 4, 0.02)
        expect(self.daemon.is_alive(), "the daemon ended: see %s" % self.daemon.log.name)
        said = self.said()
        self.liar.lie = None
        self.drain()
        rows = self.judge()
        self.check_words(said, rows)
        self.by_hand(rows)
        self.check_idle()
        memory = most_mib(self.daemon.pid)
        expect(self.args.sanitized or memory < MEMORY_MIB, "%.0f MiB of memory" % memory)
        expect(self.liar.trapped == 0, "it went where a redirect led")
        expect(self.daemon.stop() == 0, "SIGTERM did not end well")
        return memory, len(rows)

    def said(self):
        """All that an operator may read now."""
        central = self.rig.status("central")
        words = [central["last_error"]] + self.rig.alarms()
        return words + [r["why"] or "" for r in self.left()[:50] if "why" in r]

    def check_words(self, said, rows):
        said += [r.get("why") or "" for r in rows]
        expect(self.liar.lied > 0, "it did not lie once in %d requests" % self.liar.requests)
        expect(re.search(self.kind.says, "\n".join(said)),
               "nothing names the trouble: %s" % sorted(set(said))[:4])
        waits = [a for a in self.rig.alarms("central") if "unknown" in a or "refused" in a]
        expect(bool(waits) == bool(rows), "%d wait for a person, alarms: %s" % (len(rows), waits))

    def held(self):
        """{marker: [numbers at the centre]}"""
        found = collections.defaultdict(list)
        for c in self.centre.complaints():
            found[c["title"].split()[-1]].append(str(c["id"]))
        return found

    def judge(self):
        held, rows = self.held(), self.left()
        waits = {r["reference"] for r in rows}
        tickets = {t["title"].split()[-1]: t for t in self.rig.ask("tickets")}
        listed = {m for m, t in tickets.items() if t["reference"] in waits}
        lost = [m for m in self.texts if not held[m] and m not in listed]
        doubled = [m for m in self.texts if len(held[m]) > 1]
        expect(not lost, "lost %d: %s" % (len(lost), lost[:5]))
        expect(not doubled, "doubled %d: %s" % (len(doubled), doubled[:5]))
        numbers = collections.Counter(t["tracking_id"] for t in tickets.values()
                                      if t.get("tracking_id"))
        twice = [n for n, times in numbers.items() if times > 1]
        expect(not twice, "two tickets have one number: %s" % twice[:5])
        wrong = [m for m, t in tickets.items()
                 if t.get("tracking_id") and t["tracking_id"] not in held[m]]
        expect(self.kind.wrong or not wrong, "wrong numbers: %s" % wrong[:5])
        if self.mode != "none" and not self.kind.wrong:
            unknown = [r for r in rows if r["state"] != "refused"]
            expect(not unknown, "%d unknown although the centre could tell" % len(unknown))
        return rows

    def by_hand(self, rows):
        """A person looks at the centre, then says what became of some."""
        held = {c["reference"]: c["id"] for c in self.centre.state()["complaints"]}
        for row in rows[:BY_HAND]:
            number = held.get(row["reference"])
            words = ["confirm", str(row["id"]), str(number)] if number else ["resend", str(row["id"])]
            self.rig.ask("unknown", *words)
        self.drain()
        doubled = [m for m, numbers in self.held().items() if len(numbers) > 1]
        expect(not doubled, "doubled after a person's word: %s" % doubled[:5])
        expect(len(self.left()) == max(len(rows) - BY_HAND, 0), "a person's word settled nothing")

    def check_idle(self):
        """No busy loop stays behind."""
        before, began = used_seconds(self.daemon.pid), time.monotonic()
        time.sleep(0.3)
        share = (used_seconds(self.daemon.pid) - before) / (time.monotonic() - began)
        expect(share < 0.5, "it is busy with nothing: %.0f %% of a processor" % (100 * share))

    def close(self, keep):
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        self.liar.stop()
        self.source.stop()
        self.centre.stop()
        self.rig.close(keep)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--requests", type=int, default=20, help="of each kind")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--mode", choices=MODES + ["all", "turns"], default="turns",
                        help="turns: each kind in another one")
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), metavar="KIND", default=list(KINDS))
    parser.add_argument("--some", type=int, metavar="N", help="only N kinds, by the seed's choice")
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    print("seed %d" % args.seed, flush=True)
    args.sanitized = "asan" in preload_of(args.build)
    if args.some:
        args.kinds = sorted(random.Random(args.seed).sample(args.kinds, args.some))
    failed, lies, requests, most, trials, began = [], 0, 0, 0.0, 0, time.monotonic()
    for n, name in enumerate(args.kinds):
        modes = {"all": MODES, "turns": [MODES[(n + args.seed) % 3]]}.get(args.mode, [args.mode])
        for mode in modes:
            trial, start, is_red = Trial(args, name, mode), time.monotonic(), True
            trials += 1
            try:
                memory, left = trial.run()
                is_red, most = False, max(most, memory)
                print("passed  %-20s %-10s %5d lies in %5d requests, %4d left to a person, %3.0f MiB, %4.1f s"
                      % (name, mode, trial.liar.lied, trial.liar.requests, left, memory,
                         time.monotonic() - start), flush=True)
            except Failed as why:
                failed.append("%s/%s" % (name, mode))
                print("FAILED  %-20s %-10s %s" % (name, mode, why), flush=True)
            finally:
                lies, requests = lies + trial.liar.lied, requests + trial.liar.requests
                trial.close(args.keep and is_red)
    print("liar: seed %d, %d kinds, %d runs, %d lies in %d requests: lost 0, doubled 0, at most %.0f MiB,"
          " %d failed%s; %d s" % (args.seed, len(args.kinds), trials, lies, requests, most, len(failed),
                                  ": " + " ".join(failed) if failed else "", time.monotonic() - began))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
