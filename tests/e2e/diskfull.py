#!/usr/bin/env python3
"""The disk under data_dir fills up in the middle of a stream, and is freed
again: the daemon stays up, alarms, acknowledges nothing that is not stored, and
goes on by itself. As root on a small tmpfs; else in namespaces of its own; 77
where neither can be had."""
import argparse
import hashlib
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Rig, Source, expect, play, wait_for  # noqa: E402

DISK_KIB = 48 * 1024
INSIDE = "JEMBATAN_TEST_NAMESPACE"


def enter_namespace():
    """This program again, where it may mount; does not return when it can."""
    command = ["unshare", "--mount"]
    if os.geteuid() != 0:
        command[1:1] = ["--user", "--map-root-user"]
    if subprocess.run(command + ["true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print("diskfull: skipped: neither root nor user namespaces for a small tmpfs")
        sys.exit(77)
    os.environ[INSIDE] = "1"
    os.execvp(command[0], command + [sys.executable] + sys.argv)


class Test:
    def __init__(self, args):
        self.sources = {"aplikasi-uji": Source("log", 8), "antrean-uji": Source("queue", 8)}
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="jembatan-disk-"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dk,mode=0700" % DISK_KIB, "tmpfs",
                        str(self.disk)], check=True)
        self.rig = Rig(args.build, {}, {}, data_dir=self.disk / "data")
        self.centre = Centre(self.rig, "--delay", "3")
        instances = {n: {"connector": "script", "push": "auto", "start": "all", "every": "1s",
                         "options": {"port": s.port}} for n, s in self.sources.items()}
        self.rig.write_config(self.centre.settings, instances)
        self.sent, self.daemon, self.seed = {}, None, args.seed

    def put(self, count):
        for _ in range(count):
            n = len(self.sent)
            name = list(self.sources)[n % 2]
            marker = "uji-penuh-%05d" % n
            content = "lampiran %s\n" % marker
            step = {"do": "message", "id": "%s-%d" % (name, n), "subject": "Laporan %s" % marker,
                    "text": "Jalan rusak, laporan %s. %s" % (marker, "Mohon diperbaiki. " * 60),
                    "author": {"id": "warga-%d" % n, "name": "Warga %d" % n}}
            step["text"] = step["text"].strip()
            files = []
            if n % 5 == 0:
                step["attachments"] = [{"name": "foto.jpg", "type": "image/jpeg",
                                        "content": content, "repeat": 500}]
                files = [hashlib.sha256((content * 500).encode()).hexdigest()]
            self.sent[marker] = (step, files)
            self.sources[name].put(step)

    def nearly_fill(self, left):
        """So that it is full after so many bytes more."""
        self.fill()
        ballast = self.disk / "ballast"
        os.truncate(ballast, max(ballast.stat().st_size - left, 0))

    def random_rounds(self, rounds, rng):
        """The disk fills up at any point of the work, and a start may meet it so."""
        ended = 0
        for n in range(rounds):
            self.put(rng.randrange(1, 8))
            time.sleep(rng.uniform(0, 0.1))
            self.nearly_fill(rng.choice([0, 0, 4096, rng.randrange(300 * 1024)]))
            self.put(rng.randrange(1, 12))
            time.sleep(rng.uniform(0, 0.3))
            if rng.random() < 0.1:
                self.daemon.kill()
                self.daemon = Daemon(self.rig)
                ended += not self.daemon.wait_ready()
            (self.disk / "ballast").unlink()
            if not self.daemon.is_alive():
                expect(self.daemon.process.returncode in (75, 78, -9), "a start on a full disk ended "
                       "with %s" % self.daemon.process.returncode)
                self.daemon = Daemon(self.rig).start()
            if n % 10 == 9 or n == rounds - 1:
                wait_for("the work of round %d" % n, self.is_done, 90, 0.1)
        self.rounds = (rounds, ended)

    def fill(self):
        """Until not a byte more goes in."""
        piece = b"\0" * 4096
        with open(self.disk / "ballast", "ab", buffering=0) as file:
            try:
                while True:
                    file.write(piece)
            except OSError:
                pass

    def stored(self, name):
        return self.rig.query("SELECT count(*) FROM message m JOIN instance i ON i.id ="
                              " m.instance_id WHERE i.name = '%s'" % name)[0][0]

    def check_acknowledged(self):
        """In this order: what was acknowledged until now is stored now."""
        for name, source in self.sources.items():
            taken = source.taken
            expect(self.stored(name) >= taken, "%s: %d were acknowledged, %d are stored"
                   % (name, taken, self.stored(name)))

    def alarm(self):
        self.fill()  # what a checkpoint or a spool file gave back
        self.check_acknowledged()
        expect(self.daemon.is_alive(), "the daemon ended on a full disk")
        return [a for a in self.rig.alarms() if "free space" in a or "space left" in a
                or "disk is full" in a]

    def while_full(self):
        wait_for("the alarm", self.alarm, 60, 0.1)
        # A child that dies now leaves a batch that cannot be written.
        children = self.daemon.children()
        os.kill(children[0], 9)
        wait_for("the child to be reaped", lambda: children[0] not in self.daemon.children(), 10)
        for _ in range(20):  # two turns at least: one try a second
            expect(self.alarm(), "the alarm went although the disk is full")
            time.sleep(0.1)
        # A log that was just emptied has room for some: what it counts, it has.
        counted = self.rig.status("daemon")["messages"]
        stored = sum(self.stored(name) for name in self.sources)
        expect(stored >= counted, "%d are counted, %d are stored" % (counted, stored))
        self.daemon.hear_all()
        expect(self.daemon.hears(b"WATCHDOG=1", 20), "the watchdog was not told that the store "
               "refuses for a known reason: systemd would end the daemon")

    def start_while_full(self):
        """A start on a full disk is refused with a sentence, and harms nothing."""
        self.daemon.kill()
        self.fill()
        daemon = Daemon(self.rig)
        if daemon.wait_ready():  # it takes no room to start
            self.daemon = daemon
            self.put(20)
            wait_for("the alarm after the start", self.alarm, 30, 0.1)
            return "it runs, with the alarm"
        code = daemon.wait_end(10)
        expect(code in (75, 78), "a start on a full disk ended with %s" % code)
        expect("cannot start" in self.rig.log_text(), "no sentence about it")
        return "refused with %d" % code

    def is_done(self):
        return not any(s.waiting() for s in self.sources.values()) and self.rig.query(
            "SELECT (SELECT count(*) FROM message WHERE stage = 0) +"
            " (SELECT count(*) FROM outbox WHERE state IN (0, 1))")[0][0] == 0

    def compare(self):
        held, uploads = {}, {str(u["id"]): u["sha256"] for u in self.centre.state()["uploads"]}
        for c in self.centre.complaints():
            held.setdefault(c["title"].split()[-1], []).append(c)
        lost = [m for m in self.sent if m not in held]
        doubled = [m for m, cs in held.items() if len(cs) > 1]
        altered = [m for m, cs in held.items() if not self.is_equal(cs[0], *self.sent[m], uploads)]
        return lost, doubled, altered

    @staticmethod
    def is_equal(complaint, step, files, uploads):
        body = complaint["body"]
        ids = [i for i in body["attachments"].strip("[]").split(",") if i]
        return body["content"].rpartition("\n\nRef: ")[0] == step["text"] and \
            [uploads[i] for i in ids] == files

    def go(self, rounds, rng):
        self.daemon = Daemon(self.rig, {"WATCHDOG_USEC": "4000000"}).start()
        self.put(200)
        wait_for("the first at the centre", lambda: self.centre.state(True)["count"] > 40, 60)
        self.put(400)
        self.fill()
        self.while_full()
        self.put(100)
        pid, at_full = self.daemon.pid, self.centre.state(True)["count"]
        (self.disk / "ballast").unlink()
        wait_for("the work to go on by itself", self.is_done, 90, 0.1)
        expect(not self.rig.alarms(), "an alarm stays although there is space")
        expect(self.daemon.is_alive() and self.daemon.pid == pid, "the daemon is another one")
        self.judge("the disk was freed")
        how = self.start_while_full()
        (self.disk / "ballast").unlink()
        if not self.daemon.is_alive():
            self.daemon = Daemon(self.rig).start()
        self.put(50)
        wait_for("the work after the restart", self.is_done, 90, 0.1)
        self.judge("the restart")
        self.random_rounds(rounds, rng)
        self.settle_by_hand()
        lost, doubled, altered = self.compare()
        expect(not (lost or doubled or altered), "after the rounds: lost %d %s, doubled %d %s, altered "
               "%d" % (len(lost), lost[:3], len(doubled), doubled[:3], len(altered)))
        expect(self.daemon.stop() == 0, "SIGTERM did not end well")
        print("diskfull: seed %d, %d complaints, %d at the centre when the disk was full, then on by itself: "
              "lost 0, doubled 0, altered 0, unknown 0; a start on the full disk: %s; then full at "
              "%d random points, %d starts refused, %d unknown and settled"
              % (self.seed, len(self.sent), at_full, how, *self.rounds, self.settled))

    def settle_by_hand(self):
        """A kill on a full disk may leave pushes whose outcome could not be written."""
        number = {c["reference"]: c["id"] for c in self.centre.state()["complaints"]}
        rows = self.rig.ask("unknown", "list")
        for row in rows:
            known = number.get(row["reference"])
            self.rig.ask(*(["unknown", "confirm", str(row["id"]), str(known)] if known else
                           ["unknown", "resend", str(row["id"])]))
        for record in self.rig.ask("quarantine", "list"):
            self.rig.ask("quarantine", "replay", str(record["id"]))
        self.settled = len(rows)
        wait_for("the work after a person's word", self.is_done, 60, 0.1)

    def judge(self, after):
        lost, doubled, altered = self.compare()
        expect(not (lost or doubled or altered), "after %s: lost %d %s, doubled %d, altered %d %s"
               % (after, len(lost), lost[:3], len(doubled), len(altered), altered[:3]))
        expect(not self.rig.ask("unknown", "list"), "unknown ones after %s" % after)
        expect(not self.rig.ask("quarantine", "list"), "records in quarantine after %s" % after)

    def close(self, keep):
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        for source in self.sources.values():
            source.stop()
        self.centre.stop()
        self.rig.close(keep)
        subprocess.run(["umount", "-l", str(self.disk)], check=False)
        self.disk.rmdir()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000)
    args = parser.parse_args()
    if INSIDE not in os.environ:
        enter_namespace()
    print("seed %d" % args.seed, flush=True)
    play(Test(args), args.rounds, random.Random(args.seed), keep=args.keep)


if __name__ == "__main__":
    main()
