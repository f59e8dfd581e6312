#!/usr/bin/env python3
"""Retention with the real daemon: what is over is destroyed at the first pass, also when
the daemon is killed in the middle, status counts it, and a redelivery stays known."""
import pathlib
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Clock, Daemon, Rig, Source, expect, main, wait_for  # noqa: E402

YEAR_MS = 365 * 86400000
COUNT = 40


def message(n):
    return {"do": "message", "id": "m%d" % n, "author": {"id": "w%d" % n},
            "text": "Lampu jalan nomor %d padam di Jalan Braga sejak kemarin malam." % n}


def make_old(rig):
    """As if all of it had happened a year ago, and half of it had been closed then."""
    db = sqlite3.connect(rig.data / "jembatan.db")
    with db:
        db.execute("UPDATE ticket SET created_ms = created_ms - %d" % YEAR_MS)
        db.execute("UPDATE message SET received_ms = received_ms - %d" % YEAR_MS)
        db.execute("UPDATE audit SET at_ms = at_ms - %d" % YEAR_MS)
        db.execute("UPDATE follow SET state = 6, changed_ms = 1, due_ms = NULL"
                   " WHERE ticket_id % 2 = 0")
        db.execute("UPDATE follow SET state = 4 WHERE ticket_id % 2 = 1")
    keys = [row[0] for row in db.execute("SELECT b.wrapped FROM message_body b JOIN message m"
            " ON m.id = b.message_id WHERE m.ticket_id % 2 = 0")]
    db.close()
    return keys


def gone(rig, keys):
    everything = b"".join(p.read_bytes() for p in rig.data.rglob("*") if p.is_file())
    return [key for key in keys if key in everything]


def kept(rig):
    return rig.query("SELECT count(*) FROM message_body WHERE wrapped IS NOT NULL")[0][0]


def leaps(rig, daemon):
    """The clock shows 2038 at a start, over a kill, and is right again: nothing goes by it."""
    daemon.kill()
    db = sqlite3.connect(rig.data / "jembatan.db")
    with db:
        db.execute("UPDATE follow SET state = 6, changed_ms = %d" % (time.time() * 1000))
    db.close()
    clock, before, access = Clock(rig), kept(rig), len(rig.query("SELECT 1 FROM access"))
    clock.advance(12 * 365 * 86400)
    for _ in range(2):
        daemon = Daemon(rig, clock.env).start()
        wait_for("the alarm", lambda: rig.alarms("retention"))
        expect(kept(rig) == before > 0, "a leap to 2038 destroyed words: %d of %d" % (kept(rig), before))
        expect(rig.status("retention")["ended_ms"] == 0, "a pass was made by a clock of 2038")
        daemon.kill()
    clock.advance(-12 * 365 * 86400)
    daemon = Daemon(rig, clock.env).start()
    wait_for("a pass", lambda: rig.status("retention")["ended_ms"] > 0)
    expect(not rig.alarms("retention"), "the alarm stays: %s" % rig.alarms())
    expect(kept(rig) == before, "something went when the clock came back")
    expect(len(rig.query("SELECT 1 FROM access")) >= access, "the access log lost rows")
    # Its own time destroys.
    rig.config.write_text(rig.config.read_text().replace("300d", "40d"))
    for _ in range(2):
        expect(kept(rig) == before, "something went before its time")
        clock.advance(29 * 86400)
        daemon.kill()
        daemon = Daemon(rig, clock.env).start()
        wait_for("a pass", lambda: rig.status("retention")["ended_ms"] > 0)
    expect(kept(rig) == 0, "after 58 days %d have their words" % kept(rig))
    return daemon


def run(build, keep):
    faults = "define JEMBATAN_FAULTS 1" in (pathlib.Path(build) / "config.h").read_text()
    source = Source("log")
    rig = Rig(build, {}, {})
    centre = Centre(rig)
    entry = {"connector": "script", "push": "auto", "start": "all", "every": "1s",
             "options": {"port": source.port}}
    off = {"retention": {"access_log": "0"}, "duplicates": {"enabled": False}}
    central = dict(centre.settings, status={"follow": False})
    rig.write_config(central, {"kirim": entry}, off)
    daemon = Daemon(rig).start()
    try:
        source.put(*[message(n) for n in range(COUNT)])
        wait_for("the pushes", lambda: rig.query(
            "SELECT count(*) FROM follow f JOIN outbox o ON o.ticket_id = f.ticket_id"
            " WHERE o.state = 2")[0][0] == COUNT)
        daemon.stop()
        keys = make_old(rig)
        expect(len(keys) == COUNT // 2 and len(gone(rig, keys)) == len(keys), "not where we look")
        rig.write_config(central, {"kirim": entry}, dict(off, retention={"closed": "300d"}))
        for point in ("retention.mid", "retention.slice") if faults else ():
            before = kept(rig)
            daemon = Daemon(rig, {"JEMBATAN_KILL_AT": point}).start()
            expect(daemon.wait_end(20) is not None, "it was not killed at %s" % point)
            expect(kept(rig) == before - (point == "retention.slice"),
                   "killed at %s: %d of %d left" % (point, kept(rig), before))
        daemon = Daemon(rig).start()
        wait_for("the end of the pass", lambda: rig.status("retention")["ended_ms"] > 0)
        expect(kept(rig) == COUNT // 2, "%d have their words" % kept(rig))
        expect(not gone(rig, keys), "destroyed keys are in the files still")
        told = rig.status("retention")
        expect(told["messages"] == told["tickets"] == COUNT // 2, "status counts %s" % told)
        expect("retention on" in rig.command("status").stdout, "status does not tell")
        source.put(*[message(n) for n in range(COUNT)])
        wait_for("the repeats", lambda: rig.query("SELECT sum(repeats) FROM message")[0][0] >= COUNT)
        expect(len(rig.query("SELECT 1 FROM message")) == COUNT, "a redelivery became a message")
        expect(len(centre.complaints()) == COUNT, "something was sent again")
        if faults:
            daemon = leaps(rig, daemon)
    finally:
        daemon.kill()
        source.stop()
        centre.stop()
        rig.close(keep)
    print("retention: %d tickets lost their words, %d kept them%s" %
          (COUNT // 2, COUNT // 2, ", killed at 2 points, a leap to 2038" if faults else ""))


main(run)
