#!/usr/bin/env python3
"""The wall clock jumps to 1970, to 2038 and back while complaints flow and the
centre is away for a while. Nothing is lost or doubled, nothing waits for a time
that has become far away, and nothing spins. BUILD is configured with
--enable-faults: the daemon's own clock is set (JEMBATAN_CLOCK, base/fault.h),
its children's with it; the monotonic clock is left alone, as the kernel does."""
import argparse
import collections
import os
import pathlib
import random
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from rig import Centre, Daemon, Rig, Source, expect, play, wait_for  # noqa: E402

PLACES = {"1970": 10, "2038": 2 ** 31 - 5, "now": None, "a day ago": -86400, "in an hour": 3600,
          "2100": 4102444800}
BUSY_PERCENT = 40  # of one processor, daemon alone, while nothing comes in


class Test:
    def __init__(self, args):
        self.rng = random.Random(args.seed)
        self.rig = Rig(args.build, {}, {})
        self.centre = Centre(self.rig)
        self.sources = {"aplikasi-uji": Source("log", 8), "antrean-uji": Source("queue", 8)}
        instances = {n: {"connector": "script", "push": "auto", "start": "all", "every": "1s",
                         "options": {"port": s.port}} for n, s in self.sources.items()}
        self.rig.write_config(self.centre.settings, instances)
        self.clock = self.rig.dir / "clock"
        self.clock.write_bytes(struct.pack("=q", 0))
        self.sent, self.daemon = {}, None

    def jump(self, place):
        value = PLACES[place]
        if value is None:
            wrong = 0
        else:
            wrong = value if abs(value) < 10 ** 6 and place not in ("1970",) else \
                value - int(time.time())
        with open(self.clock, "r+b") as file:  # the same file stays mapped
            file.write(struct.pack("=q", wrong * 1000))

    def put(self, count):
        for _ in range(count):
            n = len(self.sent)
            name = list(self.sources)[n % 2]
            marker = "uji-jam-%04d" % n
            step = {"do": "message", "id": "%s-%d" % (name, n), "subject": "Laporan %s" % marker,
                    "text": "Jembatan rusak, laporan %s." % marker,
                    "author": {"id": "warga-%d" % n, "name": "Warga"}}
            self.sent[marker] = step
            self.sources[name].put(step)

    def is_done(self):
        return not any(s.waiting() for s in self.sources.values()) and self.rig.query(
            "SELECT (SELECT count(*) FROM message WHERE stage = 0) +"
            " (SELECT count(*) FROM outbox WHERE state IN (0, 1))")[0][0] == 0

    def processor_seconds(self):
        fields = open("/proc/%d/stat" % self.daemon.pid).read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def check_idle(self, place):
        before, began = self.processor_seconds(), time.monotonic()
        time.sleep(1)
        used = self.processor_seconds() - before
        expect(used * 100 < BUSY_PERCENT * (time.monotonic() - began),
               "at %s it spins: %.2f s of one second" % (place, used))

    def round(self, place, away):
        """Some wait for the centre over the jump; then it is back."""
        if away:
            self.centre.fault("503:create")
            self.put(6)
            wait_for("a push that was turned away", lambda: self.rig.query(
                "SELECT count(*) FROM outbox WHERE state = 0 AND attempts > 0")[0][0], 30)
        else:
            self.put(6)
        self.jump(place)
        self.put(6)
        if away:
            time.sleep(0.5)
            self.centre.no_faults()
        wait_for("the work at %s" % place, self.is_done, 60)
        expect(self.daemon.is_alive(), "the daemon died at %s" % place)
        self.check_idle(place)

    def times(self):
        """None that no clock here has ever shown."""
        least, most = self.rig.query("SELECT min(created_ms), max(created_ms) FROM ticket")[0]
        expect(least >= 0 and most < (PLACES["2100"] + 3600) * 1000, "times %s, %s" % (least, most))

    def go(self, rounds):
        began = time.monotonic()
        self.daemon = Daemon(self.rig, {"JEMBATAN_CLOCK": str(self.clock)}).start()
        order = ["1970", "2038", "now", "2038", "1970", "now"]
        order += [self.rng.choice(list(PLACES)) for _ in range(rounds - len(order))]
        for n, place in enumerate(order[:rounds]):
            self.round(place, n % 2 == 1)
        # What was written in 2038 is due when a start finds the clock right again.
        self.jump("2038")
        self.centre.fault("503:create")
        self.put(4)
        wait_for("a push that was turned away", lambda: self.rig.query(
            "SELECT count(*) FROM outbox WHERE state = 0 AND due_ms > %d"
            % (2 ** 31 * 1000 - 10 ** 7))[0][0], 30)
        self.daemon.kill()
        self.jump("now")
        self.centre.no_faults()
        self.daemon = Daemon(self.rig, {"JEMBATAN_CLOCK": str(self.clock)}).start()
        wait_for("the work after a start", self.is_done, 60)
        self.times()
        expect("time=2038" in self.rig.log_text() and "the clock was set" in self.rig.log_text(),
               "the clock did not jump: is BUILD configured with --enable-faults?")
        listed = {r["reference"] for r in self.rig.ask("unknown", "list")}
        unknown = {t["title"].split()[-1] for t in self.rig.ask("tickets")
                   if t["reference"] in listed}
        held = collections.Counter(c["title"].split()[-1] for c in self.centre.complaints())
        lost = [m for m in self.sent if not held[m] and m not in unknown]
        doubled = [m for m, n in held.items() if n > 1]
        expect(not lost and not doubled, "lost %s, doubled %s" % (lost[:5], doubled[:5]))
        expect(self.daemon.stop() == 0, "SIGTERM did not end well")
        return len(order[:rounds]), len(unknown), time.monotonic() - began

    def close(self, keep):
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        for source in self.sources.values():
            source.stop()
        self.centre.stop()
        self.rig.close(keep)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    print("seed %d" % args.seed, flush=True)
    test = Test(args)
    jumps, unknown, seconds = play(test, args.rounds, keep=args.keep)
    print("clock: seed %d, %d jumps, %d complaints: lost 0, doubled 0, unknown and listed %d; "
          "%d s" % (args.seed, jumps, len(test.sent), unknown, seconds))


if __name__ == "__main__":
    main()
