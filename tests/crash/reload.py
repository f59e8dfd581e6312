#!/usr/bin/env python3
"""SIGHUP a hundred times a second under load, while the configuration flips
between variants, a broken one among them. Nothing is lost, nothing doubled,
what did not change keeps its child, and the daemon neither collects
descriptors nor memory. Prints the seed; the same seed flips the same way."""
import argparse
import contextlib
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from rig import Centre, Daemon, Rig, Source, expect, play, wait_for  # noqa: E402

HUPS_PER_S = 100
FLIP_S = 0.4
AHEAD = 40           # messages that wait at a source, about
CONNECTIONS = 8      # to the centre, at most
GROWTH_KIB = 6144    # of the daemon's memory between warm and end, beside the pages of the store


class Test:
    def __init__(self, args):
        self.args, self.random = args, random.Random(args.seed)
        self.sources = {n: Source("log", 4) for n in ("tetap", "berubah", "datang")}
        self.put = {n: 0 for n in self.sources}
        self.rig = Rig(args.build, {}, {})
        self.centre = Centre(self.rig, "--delay", "2")
        self.daemon, self.goes_on, self.flips = None, True, 0
        self.broken = self.hups = self.reloads = self.asked = 0
        self.trouble = []
        linked = subprocess.run(["ldd", str(self.rig.build / "jembatand")], text=True,
                                stdout=subprocess.PIPE).stdout
        self.sanitized = "libasan" in linked
        self.write(loud=False, comes=True)

    # ---- the configuration ----

    def instance(self, name, **options):
        return {"connector": "script", "push": "auto", "start": "all", "every": "200ms",
                "options": dict(port=self.sources[name].port, **options)}

    def place(self, path, write):
        """Whole files only: renamed into place, as an editor does."""
        aside = path.with_name(path.name + "-new")
        write(aside)
        aside.rename(path)

    def write_instance(self, name, **options):
        entry = self.instance(name, **options)
        self.place(self.rig.config.parent / "connectors.d" / (name + ".yaml"),
                   lambda path: self.rig.write_entry(path, entry))

    def write_main(self, path, **central):
        good, self.rig.config = self.rig.config, path
        self.rig.write_config(dict(self.centre.settings, answer_timeout="5s", **central), {},
                              {"log": {"level": self.random.choice(["info", "debug"])}})
        self.rig.config = good

    def write(self, loud, comes, **central):
        self.write_instance("tetap")
        self.write_instance("berubah", loud=loud)
        if comes:
            self.write_instance("datang")
        else:
            (self.rig.config.parent / "connectors.d" / "datang.yaml").unlink(missing_ok=True)
        self.place(self.rig.config, lambda path: self.write_main(path, **central))

    def flip(self):
        kind = self.random.randrange(6)
        self.flips += 1
        if kind == 0:
            self.broken += 1
            self.write_instance("berubah", loud="perhaps")
            return
        self.write(loud=kind % 2 == 0, comes=kind != 3, connections=self.random.choice([2, 4, CONNECTIONS]),
                   daily_budget=self.random.choice([0, 10000000]))

    # ---- threads ----

    def start_thread(self, what):
        def run():
            try:
                while self.goes_on:
                    what()
            except Exception as e:  # told by the main thread
                if self.goes_on:
                    self.trouble.append("%s: %s" % (what.__name__, e))
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def feed(self):
        for name, source in self.sources.items():
            while source.waiting() < AHEAD:
                n = self.put[name] = self.put[name] + 1
                source.put({"do": "message", "id": "%s-%d" % (name, n),
                            "subject": "Laporan %s %d" % (name, n),
                            "text": "Laporan nomor %d dari %s: lampu jalan padam." % (n, name),
                            "author": {"id": "%s-w%d" % (name, n), "name": "Warga %d" % n}})
        time.sleep(0.02)

    def hup(self):
        os.kill(self.daemon.pid, signal.SIGHUP)
        self.hups += 1
        time.sleep(1 / HUPS_PER_S)

    def listen(self):
        try:
            text = self.daemon.notify.recv(4096)
        except socket.timeout:
            return
        if b"RELOADING=1" in text:
            expect(b"MONOTONIC_USEC=" in text, "RELOADING=1 without MONOTONIC_USEC")
            self.reloads += 1

    def ask(self):
        """The command waits for its own reload, however many are asked."""
        code = self.rig.command("reload").returncode
        expect(code in (0, 78), "jembatan reload ended with %d" % code)
        self.asked += 1
        time.sleep(0.3)

    # ---- looking ----

    def pid(self, name):
        row = self.rig.status("instance", name)
        return row and row["pid"]

    def descriptors(self):
        """Beside the connections to the centre: as many are kept as were once needed."""
        held = []
        for fd in pathlib.Path("/proc/%d/fd" % self.daemon.pid).iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                held.append(os.readlink(fd))
        with open("/proc/%d/net/tcp" % self.daemon.pid) as table:
            tcp = {"socket:[%s]" % line.split()[9] for line in table.readlines()[1:]}
        kept = sum(1 for target in held if target in tcp)
        # Each is held twice, once to be watched (core/central/sockets.c).
        expect(kept <= 2 * CONNECTIONS, "%d connections to the centre are open" % (kept // 2))
        return len(held) - kept

    def memory_kib(self):
        """Without what it may keep of the store, which grows with the messages."""
        store_kib = (self.rig.data / "jembatan.db").stat().st_size // 1024
        with open("/proc/%d/status" % self.daemon.pid) as lines:
            return [int(line.split()[1]) for line in lines
                    if line.startswith("RssAnon")][0] - store_kib

    def wait_rest(self):
        wait_for("all to be taken", lambda: not any(s.waiting() for s in self.sources.values()),
                 60, 0.1)
        total = sum(self.put.values())
        wait_for("all at the centre", lambda: self.centre.state(True)["count"] >= total, 120, 0.2)

    def quiet(self):
        """The last good configuration, and nothing under way but polls."""
        self.write(loud=False, comes=True)
        expect(self.rig.command("reload").returncode == 0, "the last configuration is refused")
        self.wait_rest()
        # Each has one that polls and one for requests.
        wait_for("all children", lambda: len(self.daemon.children()) == 2 * len(self.sources))
        return self.descriptors(), self.memory_kib()

    def rounds(self, seconds, pid):
        self.goes_on = True
        threads = [self.start_thread(f) for f in (self.feed, self.hup, self.listen, self.ask)]
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.trouble:
            self.flip()
            time.sleep(FLIP_S)
            expect(self.daemon.is_alive(), "the daemon is gone")
            expect(self.pid("tetap") == pid, "the instance that did not change has another child")
        self.goes_on = False
        for thread in threads:
            thread.join()
        expect(not self.trouble, "; ".join(self.trouble))

    def go(self):
        self.daemon = Daemon(self.rig).start()
        pid = wait_for("a child", lambda: self.pid("tetap"))
        self.rounds(max(4, self.args.seconds / 2), pid)
        fds, kib = self.quiet()
        self.rounds(self.args.seconds, pid)
        fds_end, kib_end = self.quiet()
        expect(self.pid("tetap") == pid, "another child at the end")
        total, state = sum(self.put.values()), self.centre.state()
        expect(state["count"] == total and not state["doubled"],
               "%d at the centre of %d, doubled: %s" % (state["count"], total, state["doubled"]))
        for name, count in self.put.items():
            row = self.rig.status("instance", name)
            expect(row["messages"] == count, "%s: %d of %d" % (name, row["messages"], count))
            expect(row["deaths"] == 0, "%s died %d times" % (name, row["deaths"]))
        expect(fds_end <= fds + 2, "descriptors grew from %d to %d" % (fds, fds_end))
        growth = kib_end - kib
        # Sanitizers keep freed memory for a while.
        expect(self.sanitized or growth <= GROWTH_KIB, "memory grew by %d KiB" % growth)
        expect(self.reloads > 0 and self.flips > self.broken, "nothing was tried")
        expect(self.daemon.stop() == 0, "SIGTERM did not end well")
        print("reload: seed %d: %d SIGHUPs and %d commands became %d reloads of %d flips (%d broken); "
              "%d messages, none lost or doubled; descriptors %d -> %d, memory %+d KiB, the quiet "
              "instance kept its child" % (self.args.seed, self.hups, self.asked, self.reloads,
                                           self.flips, self.broken, total, fds, fds_end, growth))

    def close(self, keep):
        self.goes_on = False
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        for source in self.sources.values():
            source.stop()
        self.centre.stop()
        self.rig.close(keep)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    print("seed %d" % args.seed, flush=True)
    play(Test(args), keep=args.keep)


if __name__ == "__main__":
    main()
