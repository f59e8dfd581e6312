#!/usr/bin/env python3
"""A day without the centre, at ten times the national rate, in compressed time:
32,000 complaints and what people add to them come while nothing listens there;
then a gateway says "503, Retry-After"; then the centre is back. Every waiting
time of the daemon is divided by the same number as the day."""
import argparse
import collections
import pathlib
import random
import re
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from lies import Liar, answer  # noqa: E402
from rig import Centre, Daemon, Failed, Rig, Source, expect, preload_of, wait_for  # noqa: E402

DAY = 86400
RETRY_AFTER = 2      # seconds, not compressed: a header knows no fractions
BUSY_SECONDS = 7
GROWTH_MIB = 24      # what memory may grow by once the first quarter has come
CONNECTIONS = 8


class Gate(Liar):
    """The way to the centre: away, busy or open, with a note of each request."""

    def __init__(self, honest_url, rng):
        self.state, self.seen, self.under_way, self.most = "open", [], 0, 0
        self.most_probing = 0
        super().__init__(honest_url, rng)
        self.port = self.server.getsockname()[1]
        self.peers = set()

    def talk(self, peer):
        self.peers.add(peer)
        try:
            super().talk(peer)
        finally:
            self.peers.discard(peer)

    def go_away(self):
        self.state = "away"
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for peer in list(self.peers):
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def come_back(self, state):
        if self.state == "away":
            self.server = socket.create_server(("127.0.0.1", self.port), backlog=256)
            threading.Thread(target=self.accept, args=(self.server,), daemon=True).start()
        self.state = state

    def serve(self, request, peer, honest):
        with self.lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self.seen.append((time.monotonic(), self.state, request.method))
        try:
            if self.state == "busy":
                peer.sendall(answer(503, "{}", "Retry-After: %d" % RETRY_AFTER))
                return True
            return self.state == "open" and super().serve(request, peer, honest)
        finally:
            with self.lock:
                self.under_way -= 1


class Outage:
    def __init__(self, args):
        self.args, self.rng = args, random.Random(args.seed)
        self.squeeze = DAY / args.seconds
        self.source = Source("log", 128)
        self.rig = Rig(args.build, {}, {})
        self.centre = Centre(self.rig, "--seed", str(args.seed))
        self.gate = Gate(self.centre.url, self.rng)
        self.rig.write_config(
            dict(self.centre.settings, url=self.gate.url, connections=CONNECTIONS),
            {"aplikasi": {"connector": "script", "push": "auto", "start": "all", "every": "1s",
                          "options": {"port": self.source.port}}}, {"log": {"level": "notice"}})
        self.daemon, self.count, self.expected = None, 0, {}
        self.memory = []

    def waits(self):
        usual = {"RETRY_FIRST_MS": 2000, "RETRY_MAX_MS": 900000, "BREAKER_FIRST_MS": 2000,
                 "BREAKER_MAX_MS": 300000}
        return {"JEMBATAN_" + name: str(max(int(ms / self.squeeze), 1)) for name, ms in usual.items()}

    def put(self, count):
        """Complaints; one in ten gets two additions, in order."""
        for _ in range(count):
            n, self.count = self.count, self.count + 1
            marker = "lama-%06d" % n
            step = {"do": "message", "id": marker, "thread": "t%d" % n, "subject": "Laporan " + marker,
                    "text": "Air mati sejak pagi. Laporan %s." % marker,
                    "author": {"id": "w%d" % n, "name": "Warga %d" % n}}
            self.source.put(step)
            self.expected[marker] = 0
            if n % 10 == 0:
                self.expected[marker] = 2
                for k in (1, 2):
                    self.source.put(dict(step, id="%s-%d" % (marker, k), kind="follow-up",
                                         text="Tambahan ke-%d untuk %s." % (k, marker)))

    def mib(self):
        text = open("/proc/%d/status" % self.daemon.pid).read()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024

    def waiting(self):
        return self.rig.query("SELECT (SELECT count(*) FROM message WHERE stage = 0) +"
                              " (SELECT count(*) FROM outbox WHERE state < 2)")[0][0] + \
            self.source.waiting()

    def go(self):
        self.daemon = Daemon(self.rig, self.waits()).start()
        self.put(20)
        wait_for("the first ones", lambda: self.waiting() == 0)
        self.gate.go_away()
        self.the_day()
        self.busy()
        seconds, backlog = self.back()
        self.judge()
        expect(self.daemon.stop() == 0, "SIGTERM did not end well")
        quarter = self.memory[len(self.memory) // 4]
        print("outage: seed %d, %d complaints and %d additions in a day of %d s (1:%d), %d waited; %d requests"
              " under \"503\"; drained in %.0f s (%.0f/s); memory %.0f MiB after a quarter, %.0f at most;"
              " lost 0, doubled 0, order kept"
              % (self.args.seed, self.count, sum(self.expected.values()), self.args.seconds, self.squeeze,
                 backlog, sum(1 for _, state, _ in self.gate.seen if state == "busy"), seconds,
                 backlog / seconds, quarter, max(self.memory)))
        expect(self.args.sanitized or max(self.memory) - quarter < GROWTH_MIB,
               "memory grew by %.0f MiB" % (max(self.memory) - quarter))

    def the_day(self):
        began, most, start = time.monotonic(), self.args.complaints, self.count
        while self.count - start < most:
            due = min(int((time.monotonic() - began) / self.args.seconds * most), most)
            self.put(due - (self.count - start))
            self.memory.append(self.mib())
            time.sleep(self.args.seconds / 200)
        wait_for("what came to be stored", lambda: not self.source.waiting(), 120, 0.1)
        alarms = self.rig.alarms("central")
        expect(any("cannot be reached" in a for a in alarms), "no alarm: %s" % alarms)
        state = self.rig.status("central")["state"]
        expect(state in ("waiting", "probing", "trying"), "the breaker is not open but %s" % state)

    def busy(self):
        """A gateway that asks for patience is asked once per wish."""
        self.gate.come_back("busy")
        time.sleep(BUSY_SECONDS)
        times = [t for t, state, _ in self.gate.seen if state == "busy"]
        expect(times, "nobody asked whether the centre is back")
        gaps = [b - a for a, b in zip(times, times[1:])]
        expect(all(g > RETRY_AFTER * 0.95 for g in gaps), "Retry-After was not respected: %s" %
               ["%.2f" % g for g in gaps])
        methods = {m for _, state, m in self.gate.seen if state == "busy"}
        expect(methods == {"GET"}, "something else than a question was sent to find out: %s" % methods)

    def back(self):
        backlog, began = self.waiting(), time.monotonic()
        at = len(self.gate.seen)
        self.gate.most = 0
        self.gate.come_back("open")
        until = began + 120 + backlog / 50
        while self.waiting() > 0:
            expect(time.monotonic() < until, "never drained: %d wait" % self.waiting())
            self.memory.append(self.mib())
            time.sleep(0.25)
        after = [m for _, _, m in self.gate.seen[at:at + 2]]
        expect(after == ["GET", "POST"], "not one probe, then one push, but %s" % after)
        expect(self.gate.most <= CONNECTIONS, "%d at once" % self.gate.most)
        return time.monotonic() - began, backlog

    def judge(self):
        held = collections.Counter()
        for c in self.centre.complaints():
            marker = c["title"].split()[-1]
            held[marker] += 1
            wanted = self.expected.get(marker, 0)
            if not wanted and not c["followups"]:
                continue
            said = [re.search(r"ke-(\d)", text).group(1) for text in self.centre.follow_ups(c["id"])]
            expect(said == [str(k + 1) for k in range(wanted)], "%s has the additions %s" % (marker, said))
        lost = [m for m in self.expected if not held[m]]
        doubled = [m for m, times in held.items() if times > 1]
        expect(not lost, "lost %d: %s" % (len(lost), lost[:5]))
        expect(not doubled, "doubled %d: %s" % (len(doubled), doubled[:5]))
        expect(not self.rig.ask("unknown", "list"), "some are unknown")
        expect(not self.rig.alarms("central"), "an alarm stayed: %s" % self.rig.alarms("central"))

    def close(self, keep):
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        if self.gate.state != "away":
            self.gate.stop()
        self.source.stop()
        self.centre.stop()
        self.rig.close(keep)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--complaints", type=int, default=32000, help="that come during the day")
    parser.add_argument("--seconds", type=int, default=60, help="that the day takes")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    print("seed %d" % args.seed, flush=True)
    args.sanitized = "asan" in preload_of(args.build)
    outage, is_red = Outage(args), True
    try:
        outage.go()
        is_red = False
    except Failed as why:
        print("red: seed %d: %s" % (args.seed, why))
        return 1
    finally:
        outage.close(args.keep and is_red)
    return 0


if __name__ == "__main__":
    sys.exit(main())
