#!/usr/bin/env python3
"""Plants each bug in turn and asks whether crash.py sees it. A test that stays
green with a bug in place proves nothing: exit 1 then, and its name is listed.

Needs a build with --enable-faults. README.md says what each bug is."""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

# What each bug is, and what the test must say of it.
PLANTS = {
    "commit-early": ("the commit is reported before it is made", "doubled|lost"),
    # Where it takes the whole database, the daemon refuses to begin another.
    "fsync-off": ("commits are not synced: a power cut takes them", "lost|with status 78"),
    # The second one may be folded into the ticket of the first as a repost.
    "no-unique": ("a redelivery is not recognised", "doubled|altered"),
    "cursor-first": ("the cursor is committed before its messages", "lost"),
    "ack-before-commit": ("the source is acknowledged before the commit", "lost"),
    "drop-on-full": ("a full batch loses its last messages", "lost"),
    "decision-split": ("a message leaves its stage before its ticket is there", "lost"),
    "sweep-all": ("kept files are removed although a row names them", "altered"),
    "send-before-commit": ("the push leaves before its row says so", "doubled"),
    "sending-requeued": ("after a crash, what was under way is sent again", "doubled"),
    "claims-forgotten": ("after a crash, what was under way is not looked at", "never settled"),
    "resend-unknown": ("a lost answer is taken for a push that did not leave", "doubled"),
    "no-row-check": ("a row may be claimed twice", "doubled"),
    "result-dropped": ("the centre's answer is not written down", "never settled"),
    "curl-repeats": ("libcurl may repeat a POST by itself", "doubled"),
    "told-before-sync": ("what a commit tells leaves before the disk has it", "lost|doubled"),
    "answer-before-commit": ("what came over HTTP is answered before the commit", "lost"),
}
# The same of another test: which, and what it must say.
ELSEWHERE = {
    "status-backwards": ("an older status is taken for a newer one",
                         ["statuses.py", "never_backwards"], "moved it back"),
    "reply-resent": ("a reply whose answer was lost is sent again without asking",
                     ["replies.py", "killed"], "times: "),
    "answer-before-sync": ("what came over HTTP is answered before the disk has it",
                           ["brokendisk.py"], "was answered with 2"),
    "restore-unheld": ("a store that was put back is not held", ["backup.py"], "no alarm|doubled"),
}
# Seen only where a kill falls in the middle of a batch, which it seldom does by chance.
POINTS = {"cursor-first": "inbox.add.mid"}
ROUNDS = [16, 32, 64]  # chance decides where a kill falls: more, before giving up


def find(args, plant):
    """What crash.py said and how many rounds it took; None: it stayed green."""
    point = ["--point", POINTS[plant]] if plant in POINTS else []
    for tries, rounds in enumerate(ROUNDS):
        done = subprocess.run([sys.executable, str(pathlib.Path(__file__).with_name("crash.py")),
                               "--build", args.build, "--mode", "none", "--fast",
                               "--rounds", str(rounds), "--seed", str(args.seed + tries),
                               "--plant", plant] + point, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        red = re.search(r"^red: (.*)", done.stdout, re.M)
        if done.returncode == 1 and red and re.search(PLANTS[plant][1], red.group(1)):
            return re.sub(r" \([^)]*\)", "", red.group(1))[:60], rounds
        if done.returncode != 0:
            return "NOT AS IT SHOULD: " + done.stdout.strip()[-300:], 0
    return None


def find_elsewhere(args, plant):
    script, scenario = ELSEWHERE[plant][1][0], ELSEWHERE[plant][1][1:]
    path = pathlib.Path(__file__).resolve().parents[1] / "e2e" / script
    done = subprocess.run([sys.executable, str(path), "--build", args.build] + scenario,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=dict(os.environ, JEMBATAN_PLANT=plant))
    seen = re.search(r".*(%s).*" % ELSEWHERE[plant][2], done.stdout)
    if done.returncode != 0 and seen:
        return seen.group(0)[:60], 1
    return ("NOT AS IT SHOULD: " + done.stdout.strip()[-300:], 0) if done.returncode else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("plants", nargs="*", help="only these")
    args = parser.parse_args()
    print("seed %d" % args.seed, flush=True)
    missed, began = [], time.monotonic()
    print("%-20s %-55s %6s  %s" % ("PLANT", "BUG", "ROUNDS", "SEEN AS"))
    all_plants = dict(PLANTS, **ELSEWHERE)
    for plant in args.plants or all_plants:
        seen = (find_elsewhere if plant in ELSEWHERE else find)(args, plant)
        if not seen or seen[1] == 0:
            missed.append(plant)
        print("%-20s %-55s %6s  %s" % (plant, all_plants[plant][0], seen[1] if seen else "-",
                                       seen[0] if seen else "NOT SEEN"), flush=True)
    total = len(args.plants or all_plants)
    print("planted: %d of %d bugs turned the test red%s; %d s"
          % (total - len(missed), total, ", missed: " + " ".join(missed) if missed else "",
             time.monotonic() - began))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
