#!/usr/bin/env python3
"""A backup beside the work, and putting it back. What was pushed after the
backup is unknown then, not new: nothing leaves until a person says so, and in
the end every complaint is at the centre once. A restore that is killed half
way is either not begun or is done again; a changed backup is refused."""
import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Rig, Source, expect, play, wait_for  # noqa: E402

POINTS = ["restore.marked", "restore.aside:1", "restore.aside:3", "restore.aside:4", "restore.mid",
          "restore.moved"]


class Test:
    def __init__(self, args, mode):
        self.mode = mode
        self.sources = {"aplikasi-uji": Source("log", 8), "antrean-uji": Source("queue", 8)}
        self.rig = Rig(args.build, {}, {})
        self.centre = Centre(self.rig, "--mode", mode, "--delay", "2")
        self.instances = {n: {"connector": "script", "push": "auto", "start": "all", "every": "1s",
                              "options": {"port": s.port}} for n, s in self.sources.items()}
        central = dict(self.centre.settings, lookup={"wait": "1s"})
        if mode == "idempotent":
            central["idempotent"] = True
        if mode == "lookup":
            central["lookup"]["url"] = self.centre.url + "/lookup?reference={reference}"
        self.rig.write_config(central, self.instances)
        self.folder = self.rig.dir / "backups"
        self.folder.mkdir()
        self.sent, self.daemon = {}, None

    def put(self, count):
        for _ in range(count):
            n = len(self.sent)
            name = list(self.sources)[n % 2]
            marker = "uji-cadang-%04d" % n
            step = {"do": "message", "id": "%s-%d" % (name, n), "subject": "Laporan %s" % marker,
                    "text": "Sampah menumpuk, laporan %s." % marker, "arrived_ms":
                    int(time.time() * 1000), "author": {"id": "warga-%d" % n, "name": "Warga"}}
            if n % 5 == 0:
                step["attachments"] = [{"name": "foto.jpg", "type": "image/jpeg",
                                        "content": marker, "repeat": 9000}]
            self.sent[marker] = step
            self.sources[name].put(step)

    def query(self, sql):
        return self.rig.query(sql)[0][0]

    def is_decided(self):
        return not any(s.waiting() for s in self.sources.values()) and \
            self.query("SELECT count(*) FROM message WHERE stage = 0") == 0

    def is_done(self):
        return self.is_decided() and \
            self.query("SELECT count(*) FROM outbox WHERE state IN (0, 1)") == 0

    def at_centre(self):
        return collections.Counter(c["title"].split()[-1] for c in self.centre.complaints())

    def start(self):
        self.daemon = Daemon(self.rig).start()

    def backup(self):
        made = self.rig.ask("backup", str(self.folder))[0]
        place = pathlib.Path(made["place"])
        expect(place.is_dir() and not list(self.folder.glob("*.partial")), "half a backup")
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=place, check=True)
        return place, made

    def check_sealed(self, place):
        """No word of a citizen and no key is readable in it."""
        key = (self.rig.data / "master.key").read_text().strip()
        for path in place.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                expect(path.stat().st_mode & 0o077 == 0, "%s may be read by others" % path)
                expect(key.encode() not in content and bytes.fromhex(key) not in content,
                       "the master key is in %s" % path.name)
                expect(b"uji-cadang" not in content and b"Sampah" not in content,
                       "a citizen's words are in clear in %s" % path.name)

    # ---- backup ------------------------------------------------------------------

    def make(self):
        self.start()
        self.put(60)
        wait_for("some at the centre", lambda: sum(self.at_centre().values()) > 10, 30)
        self.rig.ask("pause", "central")
        self.put(20)
        wait_for("the decisions", self.is_decided, 30)
        self.put(20)  # a backup while more comes in
        place, made = self.backup()
        said = self.rig.command("backup", "--list").stdout
        expect(str(place) in said and made["digest"] in said, "the backup is not listed")
        self.check_sealed(place)
        expect(made["missing"] == 0 and made["files"] > 0, "files are missing")
        self.rig.ask("resume", "central")
        self.put(20)
        wait_for("the work after the backup", self.is_done, 60)
        expect(self.at_centre() == {m: 1 for m in self.sent}, "the first life went wrong")
        expect(self.rig.command("restore", str(place), "--replace").returncode == 75,
               "a restore beside a daemon that works")
        expect(self.daemon.stop() == 0, "SIGTERM did not end well")
        return place

    # ---- refusals ----------------------------------------------------------------

    def refuse(self, place):
        def refused(what, text, where=place, *words):
            done = self.rig.command("restore", str(where), *words)
            expect(done.returncode in (65, 66, 78) and text in done.stderr,
                   "%s: %d %s" % (what, done.returncode, done.stderr))
        refused("without --replace", "--replace")
        refused("no backup", "no backup", self.rig.dir / "nowhere", "--replace")
        for name, text in (("jembatan.db", "changed or damaged"), ("SHA256SUMS", "changed or"),
                           ("keep", "changed or damaged"), ("format", "format 2"),
                           ("schema", "schema 99")):
            copy = self.rig.dir / "changed"
            shutil.copytree(place, copy)
            if name in ("format", "schema"):
                manifest = json.loads((copy / "manifest.json").read_text())
                manifest[name] = 2 if name == "format" else 99
                (copy / "manifest.json").write_text(json.dumps(manifest))
            else:
                path = copy / name if name != "keep" else next((copy / "keep").iterdir())
                content = bytearray(path.read_bytes())
                content[len(content) // 2] ^= 1
                path.write_bytes(content)
            refused("changed " + name, text, copy, "--replace")
            shutil.rmtree(copy)
        key = self.rig.data / "master.key"
        key.rename(self.rig.dir / "key")
        refused("no master key", "master key", place, "--replace")
        (self.rig.dir / "key").rename(key)
        expect(not list(self.rig.data.glob("restore*")), "a refused restore leaves something")

    def gone(self, place):
        """The database is lost: no daemon begins anew there, and the backup needs no --replace."""
        saved = self.rig.dir / "saved"
        shutil.copytree(self.rig.data, saved)
        for path in self.rig.data.glob("jembatan.db*"):
            path.unlink()
        daemon = Daemon(self.rig)
        expect(not daemon.wait_ready() and daemon.process.returncode == 78, "a store is begun anew")
        expect("is gone or empty" in self.rig.log_text(), "no sentence about it")
        expect(not list(self.rig.data.glob("jembatan.db*")), "it leaves something")
        expect(list((self.rig.data / "spool" / "keep").iterdir()), "the files were swept")
        self.rig.ask("restore", str(place))
        daemon = Daemon(self.rig).start()
        daemon.stop()
        shutil.rmtree(self.rig.data)
        saved.rename(self.rig.data)

    # ---- restore -----------------------------------------------------------------

    def restore_killed(self, place, point):
        """The old store's copy, a restore cut off, a daemon's start, a restore."""
        saved = self.rig.dir / "saved"
        shutil.copytree(self.rig.data, saved)
        before = self.query("SELECT count(*) FROM message")
        done = subprocess.run([str(self.rig.build / "jembatan"), "--config", str(self.rig.config),
                               "restore", str(place), "--replace"], stderr=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, check=False,
                              env=self.rig.environment({"JEMBATAN_KILL_AT": point}))
        expect(done.returncode == -9, "%s: it was not killed: %d" % (point, done.returncode))
        daemon = Daemon(self.rig)
        expect(not daemon.wait_ready() and daemon.process.returncode == 78,
               "%s: a daemon starts on half a restore" % point)
        expect("cut off" in self.rig.log_text(), "%s: no sentence" % point)
        self.rig.ask("restore", str(place), "--replace")
        aside = list(self.rig.data.glob("before-restore-*"))
        expect(len(aside) == 1, "%s: %d old stores aside" % (point, len(aside)))
        expect(not list(self.rig.data.glob("restore*")), "%s: it leaves something" % point)
        live, self.rig.data = self.rig.data, aside[0]
        expect(self.query("SELECT count(*) FROM message") == before,
               "%s: the store aside is not the old one" % point)
        self.rig.data = live
        expect(self.query("SELECT count(*) FROM message") < before, "%s: not restored" % point)
        shutil.rmtree(self.rig.data)
        saved.rename(self.rig.data)

    def check_hold(self, at_backup):
        before = self.at_centre()
        self.start()
        wait_for("what comes again", self.is_decided, 60)
        expect(any("was put back" in a for a in self.rig.alarms("central")), "no alarm")
        expect(self.rig.status("central")["state"] == "in hold", "status does not say hold")
        refused = self.rig.command("resume", "central")
        expect(refused.returncode == 65 and "--release" in refused.stderr, "resume ends the hold")
        expect(self.rig.command("restore", "--release").returncode == 64, "release without --yes")
        expect(self.daemon.stop() == 0, "SIGTERM did not end well")
        self.start()  # a restart does not end it
        time.sleep(1)
        expect(self.at_centre() == before, "something left in hold")
        expect(self.query("SELECT count(*) FROM message") > at_backup, "the log did not come again")

    def settle(self):
        """A person: by the title, since what came again has a new reference."""
        number = {c["title"].split()[-1]: c["id"] for c in self.centre.complaints()}
        marker = {t["reference"]: t["title"].split()[-1] for t in self.rig.ask("tickets")}
        listed = self.rig.ask("unknown", "list")
        for row in listed:
            known = number.get(marker[row["reference"]])
            if known:
                self.rig.ask("unknown", "confirm", str(row["id"]), str(known))
            else:
                self.rig.ask("unknown", "resend", str(row["id"]))
        return len(listed)

    def go(self):
        place = self.make()
        self.refuse(place)
        self.gone(place)
        if self.mode == "none":
            for point in POINTS:
                self.restore_killed(place, point)
        done = self.rig.ask("restore", str(place), "--replace")[0]
        expect(pathlib.Path(done["aside"]).is_dir(), "the old store is not kept aside")
        at_backup = self.query("SELECT count(*) FROM message")
        expect(at_backup < len(self.sent), "this is not the backup")
        self.check_hold(at_backup)
        # The queue's later ones were acknowledged and are not in the backup: known only there.
        gone = len(self.sent) - self.query("SELECT count(*) FROM message")
        was = self.at_centre()
        self.put(10)
        wait_for("the decisions about new ones", self.is_decided, 30)
        expect(self.at_centre() == was, "a new one left in hold")
        self.rig.ask("restore", "--release", "--yes")
        self.rig.ask("resume", "central")  # it was paused when the backup was made
        if self.mode == "lookup":  # what waited in the backup is asked for by itself
            wait_for("the centre's answers", self.is_done, 60)
        unknown = self.settle()
        wait_for("the work", self.is_done, 60)
        expect(self.rig.alarms() == [], "an alarm stays: %s" % self.rig.alarms())
        # With new ones it goes on as ever.
        time.sleep(0.01)
        self.put(10)
        wait_for("new ones", self.is_done, 30)
        unknown += self.settle()
        wait_for("new ones", self.is_done, 30)
        held = self.at_centre()
        lost = [m for m in self.sent if not held[m]]
        doubled = [m for m, n in held.items() if n > 1]
        expect(not lost and not doubled, "lost %s, doubled %s" % (lost, doubled))
        expect(self.daemon.stop() == 0, "SIGTERM did not end well")
        print("backup: %s: %d complaints, %d in the backup, %d only at the centre, %d settled by a "
              "person: lost 0, doubled 0" % (self.mode, len(self.sent), at_backup, gone, unknown),
              flush=True)

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
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    for mode in ("none", "idempotent", "lookup"):
        play(Test(args, mode), keep=args.keep)


if __name__ == "__main__":
    main()
