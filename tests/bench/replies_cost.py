#!/usr/bin/env python3
"""What replies cost: processor seconds of the daemon for 1,000 complaints, without
replies, with the number told, and with receipt, number and states told. The
channel takes each letter at once, so it is the core alone that is measured; its
children are shown beside it.

  replies_cost.py --build BUILD [--complaints 3000] [--states 2]"""
import argparse
import os
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from rig import Centre, Daemon, Rig, Source, wait_for  # noqa: E402

WORDS = ["Terverifikasi", "Dalam Proses", "Ditindaklanjuti oleh Instansi", "Selesai"]
TEXT = "Lampu jalan di depan pasar sudah tiga malam padam, laporan %d. " + "Terima kasih. " * 30


def processor_seconds(pid):
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Run:
    def __init__(self, args, send, received, states):
        self.args, self.source = args, Source("log", 200)
        self.rig = Rig(args.build, {}, {})
        # As many at a time as where the channel settles what is lost.
        shutil.copy(self.rig.plugin_dir / "chatty.so", self.rig.plugin_dir / "whatsapp.so")
        self.centre = Centre(self.rig, "--delay", "0")
        self.rig.write_config(dict(self.centre.settings, idempotent=True, status={
            "new_every": "1s", "old_every": "1s", "closed_every": "1s", "reconcile_at": ""}),
            {"kanal": {"connector": "whatsapp", "push": "auto", "start": "all", "every": "1s",
                       "replies": {"send": send, "quiet": ""},
                       "options": {"port": self.source.port, "sends": True}}},
            {"duplicates": {"enabled": False}, "log": {"level": "warning"}, "replies": {
                "received_after": "0ms" if received else "1h", "per_day": 0, "office": "Dinas"}})
        self.daemon = Daemon(self.rig).start()
        if send == "on":
            wait_for("the way back", lambda: self.rig.query(
                "SELECT value FROM flag WHERE name = 'replies.on'") == [(1,)], 60)
        self.send, self.states = send, states

    def count(self, sql):
        return self.rig.query(sql)[0][0]

    def sum_children(self):
        return sum(processor_seconds(pid) for pid in self.daemon.children())

    def go(self):
        n = self.args.complaints
        before, children = processor_seconds(self.daemon.pid), self.sum_children()
        self.source.put(*({"do": "message", "id": "m%d" % i, "thread": "t%d" % i, "subject":
                           "Lampu padam %d" % i, "text": TEXT % i, "author":
                           {"id": "w%d" % i, "name": "Warga"}} for i in range(n)))
        wait_for("the numbers", lambda: self.count(
            "SELECT count(*) FROM ticket WHERE tracking_id IS NOT NULL") == n, 120, 0.3)
        for step in range(self.states):
            for c in self.centre.state()["complaints"]:
                self.centre.get("/_status/%s" % c["id"], {"status_code": "0", "note": "",
                                                          "status_name": WORDS[step]})
            wait_for("the states", lambda s=step: self.count(
                "SELECT count(*) FROM follow WHERE state >= %d" % (3 + s)) == n, 120, 0.3)
        if self.send == "on":
            wait_for("the letters", lambda: self.count(
                "SELECT (SELECT count(*) FROM reply WHERE state IN (0, 1, 6) AND event <> 0) +"
                " (SELECT count(*) FROM reply_news)") == 0, 120, 0.3)
        used = processor_seconds(self.daemon.pid) - before
        letters = self.count("SELECT count(*) FROM reply WHERE state = 2")
        children = self.sum_children() - children
        self.daemon.stop()
        self.centre.stop()
        self.source.stop()
        self.rig.close()
        return used / n * 1000, children / n * 1000, letters


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--complaints", type=int, default=3000)
    parser.add_argument("--states", type=int, default=2)
    args = parser.parse_args()
    began = time.monotonic()
    rows = [("no replies", "off", False, 0), ("the number", "on", False, 0),
            ("receipt and number", "on", True, 0)]
    if args.states:
        rows += [("no replies, %d states" % args.states, "off", False, args.states),
                 ("number and %d states" % args.states, "on", False, args.states)]
    print("%-28s %10s %10s %10s  (CPU s for 1,000 complaints)" % ("", "core", "children", "letters"))
    for name, send, received, states in rows:
        core, children, letters = Run(args, send, received, states).go()
        print("%-28s %10.3f %10.3f %10d" % (name, core, children, letters), flush=True)
    print("%d complaints a row, %d s" % (args.complaints, time.monotonic() - began))
    return 0


if __name__ == "__main__":
    sys.exit(main())
