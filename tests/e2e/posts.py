#!/usr/bin/env python3
"""Posts that a person copied, against real processes: rows of a CSV become tickets,
bad ones are named by their line, nothing doubles: given again, or brought by the
network's API as well. Also where nothing is asked of the network."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Rig, elsewhere, expect, main, wait_for  # noqa: E402
from social import Network  # noqa: E402


def add(rig, instance, path, *more):
    answer = rig.command("--json", "intake", "add", "--instance", instance, "--csv", str(path), *more)
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    handed = {r["line"]: r["what"] for r in rows if r["type"] == "handed"}
    sums = [r for r in rows if r["type"] == "handed_in"]
    return answer, handed, sums[0] if sums else None


def tickets(rig):
    return rig.query("SELECT count(*) FROM ticket")[0][0]


def run(build, keep):
    network = Network()
    rig = Rig(build, {}, {})
    centre = Centre(rig)
    social = {"connector": "social", "push": "auto", "start": "all", "every": "1s",
              "replies": {"send": "on", "quiet": ""}}
    rig.write_config(centre.settings, {
        "x": dict(social, options={"network": "mastodon", "url": "https://contoh.example", "api": False}),
        "masto": dict(social, options={"network": "mastodon", "url": network.url,
                                       "access_token": rig.secret("token", "token-uji")})},
        {"replies": {"received_after": "0ms", "per_day": 0, "office": "Dinas Contoh"}})
    checked = rig.command("check")
    expect(checked.returncode == 0, "check: %s" % (checked.stdout + checked.stderr))
    daemon = Daemon(rig).start()

    sheet = rig.dir / "x.csv"
    sheet.write_text("Tautan;Isi;Akun;Waktu\n"
                     "https://contoh.example/@warga1/701?s=20;%s;warga1;21/11/2026 08:00\n"
                     ";tanpa tautan;;\n"
                     "https://facebook.com/apa/7;di jaringan lain;;\n"
                     "\n"
                     "https://contoh.example/@warga2/702;\"%s\nBaris kedua; di sini.\";@warga2;\n"
                     % (elsewhere(1), elsewhere(2)))
    answer, handed, total = add(rig, "x", sheet, "--dry-run")
    expect(handed == {2: "new", 3: "bad", 4: "bad", 6: "new"}, "a trial says %s" % handed)
    expect(answer.returncode == 65, "a bad row leaves no trace in the exit code")
    expect(rig.query("SELECT count(*) FROM message")[0][0] == 0, "a trial stored something")
    _, handed, total = add(rig, "x", sheet)
    expect(handed == {2: "new", 3: "bad", 4: "bad", 6: "new"}, "it says %s" % handed)
    wait_for("two tickets", lambda: tickets(rig) == 2)
    _, handed, total = add(rig, "x", sheet)
    expect(handed == {2: "known", 3: "bad", 4: "bad", 6: "known"} and total["new"] == 0,
           "given again it says %s" % handed)
    expect(rig.query("SELECT count(*) FROM message")[0][0] == 2, "given again it was stored again")

    # Killed after the first of two files: the second try knows what was stored.
    daemon.kill()
    daemon = Daemon(rig).start()
    _, handed, _ = add(rig, "x", sheet)
    expect(handed[2] == handed[6] == "known", "after a kill it says %s" % handed)

    # One, by hand, of a paused instance; then the API brings it too.
    expect(rig.command("pause", "masto").returncode == 0, "it cannot be paused")
    words = rig.dir / "words.txt"
    words.write_text("#lapor " + elsewhere(3) + "\n")
    one = rig.command("intake", "add", "--instance", "masto", "--url", network.url + "/@warga/303",
                      "--text", str(words))
    expect(one.returncode == 0 and "1 new" in one.stdout, one.stdout + one.stderr)
    wait_for("its ticket", lambda: tickets(rig) == 3)
    network.post(303, "#lapor " + elsewhere(3))
    expect(rig.command("resume", "masto").returncode == 0, "it cannot be resumed")
    network.post(304, "#lapor " + elsewhere(4))
    wait_for("the API's other post", lambda: tickets(rig) == 4)
    expect(rig.query("SELECT count(*) FROM message")[0][0] == 4, "what came both ways is there twice")
    wait_for("an answer under it",
             lambda: any(p["in_reply_to_id"] == "303" for p in network.posted()) or None)

    # Nobody is told that a reply went out where nothing can be sent.
    missed = wait_for("the list of those who were not reached",
                      lambda: [json.loads(row) for row in
                               rig.command("--json", "replies", "list", "--not-reached").stdout.splitlines()])
    expect(all(row["instance"] == "x" for row in missed), "not reached: %s" % missed)
    expect(rig.command("intake", "add", "--instance", "keliru", "--csv", str(sheet)).returncode != 0,
           "an instance that is not there takes posts")
    logged = rig.log_text()
    for word in ("Baris kedua", "warga1", "@warga2"):
        expect(word not in logged, "the log holds a citizen's words: %s" % word)
    daemon.kill()
    centre.stop()
    network.stop()
    rig.close(keep)
    print("posts: CSV and single posts, bad rows named, nothing twice, not reached: %d" % len(missed))


main(run)
