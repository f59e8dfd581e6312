#!/usr/bin/env python3
"""What the daemon tells systemd's watchdog: that turns come to an end. A loop
that goes round without a commit is not kept alive, nor is a turn that hangs, nor
a courier (the thread that sends to the centre) that hangs.
Needs a build with --enable-faults; 77 without."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Daemon, Rig, expect, main  # noqa: E402

WATCHDOG_S = 0.6  # the daemon looks at half of it


def one(build, plant, keep):
    rig = Rig(build, {}, {})
    rig.write_config({"url": "http://127.0.0.1:9", "secret": rig.secret("secret", "contoh"),
                      "guid": rig.secret("guid", "contoh")}, {})
    env = {"WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
    if plant:
        env["JEMBATAN_PLANT"] = plant
    try:
        daemon = Daemon(rig, env).start()
        if plant:
            # The first look may still see the turn of the start.
            daemon.hears(b"WATCHDOG=1", 2 * WATCHDOG_S)
            expect(not daemon.hears(b"WATCHDOG=1", 4 * WATCHDOG_S),
                   "%s: the watchdog was told that all is well" % plant)
        else:
            for _ in range(5):
                expect(daemon.hears(b"WATCHDOG=1", 30), "the watchdog heard of no turn for 30 s")
        expect(daemon.is_alive(), "the daemon ended by itself")
        for sentence, of in (("no turn has ended", "turn-lost"),
                             ("what sends to the centre has stood still", "courier-hangs")):
            expect((sentence in rig.log_text()) == (plant == of),
                   "%s: the log is not as it should be" % plant)
        daemon.kill()
    finally:
        rig.close(keep)
    print("ok: %s" % (plant or "turns end, and the watchdog hears of it"), flush=True)


def run(build, keep):
    if "define JEMBATAN_FAULTS 1" not in (pathlib.Path(build) / "config.h").read_text():
        print("watchdog: skipped: not built with --enable-faults")
        sys.exit(77)
    for plant in (None, "turn-lost", "turn-hangs", "courier-hangs"):
        one(build, plant, keep)


main(run)
