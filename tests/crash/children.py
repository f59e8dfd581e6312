#!/usr/bin/env python3
"""Ten thousand children die beside one that works. The daemon must not grow by
a descriptor, a zombie or its memory, and the others' complaints are all at the
centre, each once. BUILD is configured with --enable-faults: the pause between a
death and the next start is taken out (README.md)."""
import argparse
import collections
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from rig import Centre, Daemon, Rig, Source, expect, play, wait_for  # noqa: E402

HURRY = {"JEMBATAN_RESTART_FIRST_MS": "1", "JEMBATAN_RESTART_MAX_MS": "2",
         "JEMBATAN_DEATHS_WINDOW_MS": "0",
         # The sanitizers keep what was freed, to see it used: not much of it here.
         "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"}
GROWTH_KIB = 8 * 1024
CONNECTIONS = 2  # towards the centre: they are kept, and the first look may find none
# How they die: at a poll, at the opening, by leaving, by rubbish in the pipe.
ACTS = ["crash", "crash-open", "exit0", "garbage", "half-frame"]


class Test:
    def __init__(self, args):
        self.args = args
        self.rig = Rig(args.build, {}, {}, log={"level": "warning"})
        self.centre = Centre(self.rig)
        self.source = Source("queue", 8)
        instances = {"baik": {"connector": "script", "push": "auto", "start": "all", "every": "1s",
                              "options": {"port": self.source.port}}}
        for n, act in enumerate(random.Random(args.seed).sample(ACTS, len(ACTS))):
            instances["buruk-%d" % n] = {"connector": "misbehave", "push": "auto", "start": "all",
                                         "every": "1s", "options": {"act": act, "total": 0}}
        self.rig.write_config(dict(self.centre.settings, connections=CONNECTIONS), instances,
                              {"log": {"level": "warning"}})
        self.sent, self.daemon, self.deaths = [], None, 0
        self.rng = random.Random(args.seed)

    def put(self, count):
        for _ in range(count):
            n = len(self.sent)
            marker = "uji-anak-%05d" % n
            self.sent.append(marker)
            self.source.put({"do": "message", "id": str(n), "subject": "Laporan %s" % marker,
                             "text": "Lampu padam, laporan %s." % marker,
                             "author": {"id": "warga-%d" % n, "name": "Warga"}})

    def count_deaths(self):
        self.deaths = sum(r["deaths"] for r in self.rig.ask("status") if r["type"] == "instance")
        return self.deaths

    def memory_kib(self):
        for line in open("/proc/%d/status" % self.daemon.pid):
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.daemon.pid))

    def zombies(self):
        found = 0
        for child in self.daemon.children():
            try:
                found += open("/proc/%d/stat" % child).read().rsplit(")", 1)[1].split()[0] == "Z"
            except OSError:
                pass  # gone meanwhile
        return found

    def until(self, deaths):
        """Complaints go on coming meanwhile."""
        last, last_at = self.deaths, time.monotonic()
        while self.count_deaths() < deaths:
            expect(self.daemon.is_alive(), "the daemon died: see %s" % self.daemon.log.name)
            if self.deaths > last:
                last, last_at = self.deaths, time.monotonic()
            expect(time.monotonic() - last_at < 30, "no child dies any more, at %d" % last)
            self.put(self.rng.randint(1, 3))
            time.sleep(self.rng.uniform(0.1, 0.3))

    def is_done(self):
        return not self.source.waiting() and self.rig.query(
            "SELECT (SELECT count(*) FROM message WHERE stage = 0) +"
            " (SELECT count(*) FROM outbox WHERE state IN (0, 1))")[0][0] == 0

    def go(self):
        began = time.monotonic()
        self.daemon = Daemon(self.rig, HURRY).start()
        self.put(20)
        self.until(max(self.args.crashes // 5, 50))
        first = (self.memory_kib(), self.descriptors())
        self.until(self.args.crashes)
        wait_for("the others' complaints", self.is_done, 60)
        # A child that is being started has its socket; more than a few of them are a leak.
        last = (self.memory_kib(), min(self.descriptors() for _ in range(20)))
        wait_for("no zombie", lambda: self.zombies() == 0, 10)
        expect(last[0] - first[0] < GROWTH_KIB, "it grew from %d to %d KiB" % (first[0], last[0]))
        expect(last[1] <= first[1] + len(ACTS) + CONNECTIONS,
               "descriptors: %d, then %d" % (first[1], last[1]))
        held = collections.Counter(c["title"].split()[-1] for c in self.centre.complaints())
        expect(held == {m: 1 for m in self.sent}, "lost %s, doubled %s" % (
            [m for m in self.sent if not held[m]][:5], [m for m, n in held.items() if n > 1][:5]))
        deaths, lines = self.deaths, self.rig.log_text().count("\n")
        expect(self.daemon.stop() == 0, "SIGTERM did not end well")
        print("children: seed %d, %d died, %d complaints beside them: lost 0, doubled 0; memory %d -> %d KiB, "
              "descriptors %d -> %d, zombies 0, %d lines in the log; %d s"
              % (self.args.seed, deaths, len(self.sent), first[0], last[0], first[1], last[1], lines,
                 time.monotonic() - began))

    def close(self, keep):
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        self.source.stop()
        self.centre.stop()
        self.rig.close(keep)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--crashes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    print("seed %d" % args.seed, flush=True)
    play(Test(args), keep=args.keep)


if __name__ == "__main__":
    main()
