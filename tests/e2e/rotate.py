#!/usr/bin/env python3
"""Changing the master key of a daemon at work: nothing is lost or unreadable, whichever
moment a kill or a power cut chooses; the old key opens nothing afterwards; backups that
need it are named, and put back with it."""
import pathlib
import random
import secrets
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import (Centre, Daemon, Rig, Source, elsewhere, expect, forget_undo, main,  # noqa: E402
                 power_cut, preload_of, wait_for)

POINTS = ("key.made", "key.switch", "key.switched", "key.linked", "key.mid", "key.slice",
          "key.log")


class Place:
    def __init__(self, build, more=None):
        self.source = Source("log", give_most=32)
        self.rig = Rig(build, {}, {})
        self.centre = Centre(self.rig)
        self.count = 0
        self.configure({})

    def configure(self, more):
        entry = {"connector": "script", "push": "review", "start": "all", "every": "1s",
                 "options": {"port": self.source.port}}
        self.rig.write_config(dict(self.centre.settings, answer_timeout="2s"), {"tinjau": entry},
                              more)

    def start(self, preload=None, **env):
        self.daemon = Daemon(self.rig, env, preload)
        return self.daemon

    def put(self, count):
        for n in range(self.count, self.count + count):
            self.source.put({"do": "message", "id": "k%d" % n, "author": {"id": "a%d" % n},
                             "text": "Laporan uji kunci %d: %s" % (n, elsewhere(n))})
        self.count += count

    def settled(self):
        wait_for("%d tickets" % self.count, lambda: self.rig.query(
            "SELECT count(*) FROM message WHERE stage <> 0")[0][0] >= self.count, 60)

    def readable(self, where):
        """Every ticket shows its own words."""
        titles = [t["title"] or "" for t in self.rig.ask("tickets")]
        expect(len(titles) == self.count, "%s: %d tickets of %d" % (where, len(titles), self.count))
        for n in range(self.count):
            expect(any("Laporan uji kunci %d:" % n in t for t in titles),
                   "%s: ticket %d is not readable: %s" % (where, n, titles[:3]))

    def key(self):
        return [r for r in self.rig.ask("key", "status") if r["type"] == "key"][0]

    def wrapped(self):
        db = sqlite3.connect("file:%s?mode=ro" % (self.rig.data / "jembatan.db"), uri=True)
        try:
            return [row[0] for row in db.execute("SELECT wrapped FROM message_body")]
        finally:
            db.close()

    def everything(self):
        paths = [p for p in self.rig.data.iterdir() if p.name.startswith("jembatan.db")]
        return b"".join(p.read_bytes() for p in paths)

    def close(self, keep):
        self.daemon.kill()
        self.source.stop()
        self.centre.stop()
        self.rig.close(keep)


def own_key(p):
    """The key that the first start made; more comes in meanwhile."""
    p.start().start()
    p.put(300)
    p.settled()
    before, old = p.wrapped(), p.key()["mark"]
    folder = p.rig.dir / "backups"
    folder.mkdir()
    place = p.rig.ask("backup", str(folder))[0]["place"]
    p.put(100)
    said = p.rig.command("key", "rotate")
    expect(said.returncode == 0, "key rotate: %s" % said)
    p.settled()
    now = p.key()
    expect(now["mark"] != old and now["state"] == "in use" and now["done"] == now["total"] > 0,
           "after it: %s" % now)
    expect(place in said.stdout and "need an older one" in said.stderr + said.stdout,
           "the backup that needs the old key is not named: %s" % said)
    expect(str(p.rig.data / ("master.key." + old)) in said.stdout, "nor is the old key's file")
    everything = p.everything()
    expect(not [w for w in before if w in everything], "what the old key wrapped is in a file still")
    p.readable("after the change")
    expect(p.daemon.stop() == 0, "SIGTERM did not end well")
    p.start().start()
    p.readable("after a restart")
    return place, old


def put_back(p, place, old):
    """A backup of the time before needs the key of that time, and says so."""
    expect(p.daemon.stop() == 0, "SIGTERM did not end well")
    refused = p.rig.command("restore", place, "--replace")
    expect(refused.returncode == 78 and "does not fit" in refused.stderr and old in refused.stderr,
           "a backup under another key: %s" % refused)
    p.configure({"master_key_old": {"file": str(p.rig.data / ("master.key." + old))}})
    done = p.rig.command("restore", place, "--replace")
    expect(done.returncode == 0, "with master_key_old: %s" % done)
    p.start().start()
    p.settled()  # what came since comes again
    p.readable("after the restore")
    expect(p.key()["state"] == "another is configured" and p.rig.alarms("key"),
           "it does not say that the old key is in use: %s" % p.key())
    said = p.rig.command("key", "rotate")
    expect(said.returncode == 0, "key rotate after a restore: %s" % said)
    expect("before-restore" in p.rig.command("backup", "--list").stdout, "the store aside")
    expect(not p.rig.alarms("key"), "the alarm stays")
    p.readable("after the restore and a change")


def configured(p):
    """Keys that the operator keeps: named in the settings, changed by reload and command."""
    first = (p.rig.data / "master.key").read_text().strip()
    key = p.rig.dir / "key"
    old = p.rig.secret("key.old", first)
    p.rig.secret("key", secrets.token_hex(32))
    p.configure({"master_key": {"file": str(key)}, "master_key_old": old})
    p.daemon.stop()
    p.start().start()
    expect(p.rig.command("key", "rotate").returncode == 0, "to a configured key")
    # The next one without a restart.
    (p.rig.dir / "key.old").write_text(key.read_text())
    key.write_text(secrets.token_hex(32))
    notes = [r["text"] for r in p.rig.ask("reload") if r["type"] == "note"]
    expect(not notes, "the reload keeps the old key: %s" % notes)
    expect(p.key()["state"] == "another is configured", "after the reload: %s" % p.key())
    expect(p.rig.command("key", "rotate").returncode == 0, "without a restart")
    refused = p.rig.command("key", "rotate")
    expect(refused.returncode == 78 and "no other key" in refused.stderr, "twice: %s" % refused)
    p.configure({"master_key": {"file": str(key)}})
    p.daemon.stop()
    p.start().start()
    expect(p.key()["state"] == "in use", "after the last restart: %s" % p.key())
    # A wrong one is said, and nothing is touched.
    p.daemon.stop()
    right = key.read_text()
    key.write_text(secrets.token_hex(32))
    expect(not p.start().wait_ready() and p.daemon.process.returncode == 78, "a wrong key starts")
    expect("does not fit" in p.rig.log_text(), "no sentence about a wrong key")
    key.write_text(right)
    p.start().start()
    p.configure({"master_key": {"file": str(key)}})


def killed(p, build):
    """At each point of a change, then at moments of chance with a power cut."""
    p.daemon.stop()
    p.rig.data.rename(p.rig.dir / "data-before")
    p.configure({})
    p.source.taken = 0
    p.start().start()
    p.settled()
    p.daemon.stop()
    rng = random.Random(7)
    for point in POINTS + (None,) * 6:
        where = point or "a power cut"
        env = {"JEMBATAN_KILL_AT": point} if point else {}
        forget_undo(p.rig.data)
        p.start(preload_of(build) if not point else None, **env).start()
        p.put(20)
        if point:
            p.rig.command("key", "rotate")
            expect(p.daemon.wait_end(20) is not None, "it was not killed at %s" % point)
        else:
            asked = p.rig.begin("key", "rotate")
            p.daemon.wait_end(rng.uniform(0.005, 0.12))
            p.daemon.kill()
            asked.wait(20)
            power_cut(p.rig.data)
        p.start().start()
        wait_for("%s: the end of the change" % where,
                 lambda: p.key()["state"] == "in use", 60)
        p.settled()
        p.readable(where)
        expect(not (p.rig.data / "master.key.next").exists(), "%s: a key lies about" % where)
        expect(p.rig.query("SELECT count(*) FROM meta WHERE name = 'old_key'")[0][0] == 0,
               "%s: the old key is in the store" % where)
        expect(p.daemon.stop() == 0, "%s: SIGTERM did not end well" % where)
    p.start().start()


def run(build, keep):
    config = (pathlib.Path(build) / "config.h").read_text()
    faults = "define JEMBATAN_FAULTS 1" in config
    p = Place(build)
    try:
        place, old = own_key(p)
        put_back(p, place, old)
        configured(p)
        if faults:
            killed(p, build)
    finally:
        p.close(keep)
    print("rotate: the master key was changed beside the work%s" %
          (", killed at %d points and 6 power cuts" % len(POINTS) if faults else ""))


main(run)
