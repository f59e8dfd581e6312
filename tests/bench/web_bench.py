#!/usr/bin/env python3
"""Durable webhooks: how many a second, and how long each takes, with 1, 32 and
256 in flight, alone and beside slow senders. "Put off" of the answered are not
decided when a row ends; the next begins when they are. Every 2xx is counted
against the store at the end.
Usage: web_bench.py --build BUILD [--seconds 5] [--slow 1000] [--in-flight N ...]"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
from rig import Daemon, Failed, Rig, expect, wait_for  # noqa: E402

SECRET = "kunci-uji-webhook"


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def undecided(rig):
    return rig.status()["stages"].get("new", 0)


def bench(build, seconds, slow, flights):
    rig = Rig(build, {}, {})
    stored = 0
    try:
        rig.write_config({}, {"wa": {"connector": "hook", "push": "shadow", "start": "all",
                                     "options": {"secret": rig.secret("hook.secret", SECRET)}}},
                         {"web": {"listen": "unix:%s" % (rig.dir / "web.sock"),
                                  "connections": 8192}})
        daemon = Daemon(rig).start()
        rig.stoppers.append(lambda: daemon.is_alive() and daemon.kill())
        wait_for("jembatan-web", lambda: (rig.status("web") or {}).get("state") == "serving")
        print("%9s %6s %8s %8s %8s %8s %9s %11s %8s"
              % ("in flight", "slow", "2xx/s", "p50 ms", "p99 ms", "max ms", "2xx/commit",
                 "CPU s/1000", "put off"))
        for slow_now in sorted({0, slow}):
            for in_flight in flights:
                pids = [daemon.pid] + daemon.children()
                before = rig.status()["commits"], sum(map(cpu_seconds, pids))
                done = subprocess.run(
                    [str(rig.build / "web_load"), "--socket", str(rig.dir / "web.sock"),
                     "--path", "/hook/wa/sign", "--in-flight", str(in_flight), "--seconds",
                     str(seconds), "--slow", str(slow_now), "--secret", SECRET],
                    stdout=subprocess.PIPE, text=True, check=False)
                row = json.loads(done.stdout)
                after = rig.status()["commits"], sum(map(cpu_seconds, pids))
                put_off = undecided(rig)
                stored += row["good"]
                expect(row["broken"] == 0 and row["refused"] == 0, "not all were taken: %s" % row)
                print("%9d %6d %8d %8.1f %8.1f %8.1f %9.1f %11.2f %8d"
                      % (in_flight, slow_now, row["per_second"], row["p50_ms"], row["p99_ms"],
                         row["max_ms"], row["good"] / max(1, after[0] - before[0]),
                         (after[1] - before[1]) * 1000 / max(1, row["good"]), put_off), flush=True)
                wait_for("decisions", lambda: undecided(rig) == 0, 120)
        held = rig.query("SELECT count(*) FROM message")[0][0]
        print("%d answered 2xx, %d in the store" % (stored, held))
        expect(held == stored, "what was answered is not what is stored")
        expect(daemon.stop() == 0, "SIGTERM did not end with 0")
    finally:
        rig.close()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--build", required=True)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--slow", type=int, default=1000)
    options.add_argument("--in-flight", type=int, nargs="+", default=[1, 32, 256])
    o = options.parse_args()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, 16384), files))
    try:
        bench(o.build, o.seconds, o.slow, o.in_flight)
    except Failed as failed:
        print("FAILED: %s" % failed)
        return 1
    return 0


sys.exit(main())
