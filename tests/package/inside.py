"""inside.py: runs in the booted container of tests/package/run, as root, beside
the packaged daemon. Prints what it found; the last line says whether all is as
it should be."""
import glob
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

SECRET, GUID = "rahasia-uji-9d1c", "{aa11bb22}"
WORDS = ["Dayang Sumbi", "081298765432", "dayang.sumbi@contoh.invalid", "Papan lantai lapuk"]
CONFIG = pathlib.Path("/etc/jembatan/jembatan.yaml")
UNIT = "jembatand.service"


class Failed(Exception):
    pass


def expect(claim, sentence):
    if not claim:
        raise Failed(sentence)


def wait_for(what, claim, seconds=30):
    until = time.monotonic() + seconds
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > until:
            raise Failed("waited %d s in vain for %s" % (seconds, what))
        time.sleep(0.1)


def run(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, check=False)


def must(*argv):
    done = run(*argv)
    expect(done.returncode == 0, "%s: %d %s %s" % (" ".join(argv), done.returncode, done.stdout,
                                                   done.stderr))
    return done.stdout


def show(name):
    return must("systemctl", "show", "-P", name, UNIT).strip()


def rows(*words):
    return [json.loads(line) for line in must("jembatan", "--json", *words).splitlines()]


def is_answering():
    return run("jembatan", "status").returncode == 0


def journal():
    return must("journalctl", "--no-pager", "-o", "cat", "-u", UNIT)


def status_of(pid):
    text = pathlib.Path("/proc/%d/status" % pid).read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


# ---- steps -----------------------------------------------------------------------


def the_unit_runs():
    wait_for("the unit", lambda: show("ActiveState") == "active")
    wait_for("an answer", is_answering)
    expect(show("User") == "jembatan", "it does not run as its own user")
    out = must("systemd-analyze", "security", "--threshold=12", UNIT)
    score = re.search(r"exposure level for \S+ ([\d.]+)", out).group(1)
    expect(float(score) <= 1.2, "exposure %s" % score)
    return "started by systemd as user jembatan; exposure %s" % score


RECORDS = [dict(id=name, channel="whatsapp", author="6281200000001", name="", text=text, location=None,
                time="2026-01-10T%s:00:00+07:00" % hour) for name, hour, text in (
    ("a", "09", "Lampu jalan padam di Jalan Melatisari No. 12 RT 3 RW 5 Kelurahan Sukajaya sudah lama"),
    ("b", "10", "Lampu jalan padam di Jalan Melatisari No. 12 RT 3 RW 5 Kelurahan Sukajaya sudah lama"),
    ("c", "11", "Sampah menumpuk di pasar, Kec. Wonocolo Kota Surabaya, baunya menyengat"))]


def files_are_decided_as_installed():
    """By any user, without a variable that names a file, whatever the settings say."""
    path = pathlib.Path("/srv/test/records.jsonl")
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    for user in ("root", "nobody"):
        def said(*words):
            return must("setpriv", "--reuid=" + user, "--clear-groups", "env", "-i", "PATH=/usr/bin",
                        "jembatan", *words).splitlines()
        expect(said("duplicates", "--offline", str(path)) == ["a\ta\tseparate", "b\ta\trepost",
                                                               "c\tc\tseparate"], "duplicates, as " + user)
        decided = [json.loads(line) for line in said("classify", "--offline", str(path))]
        expect([row["place"] for row in decided] == [None, None, "35.78.02"], "places: %s" % decided)
        expect(decided[0]["agency"] and decided[0]["agency"] != decided[2]["agency"] and
               decided[2]["topic"] and decided[2]["category"], "agencies and topics: %s" % decided)
        count, wrong = re.match(r"(\d+) examples, (\d+) wrong$", said("rules", "test")[-1]).groups()
        expect(int(count) > 20 and wrong == "0", "rules test: %s examples, %s wrong" % (count, wrong))
    return "duplicates and classify --offline and rules test (%s examples) work as installed" % count


def write_config(url):
    text = CONFIG.read_text()
    text = text.replace("  #url: https://centre.example.go.id/api/v3\n", "  url: %s\n" % url)
    text = text.replace("  #secret: {file: /etc/jembatan/centre.secret}",
                        "  secret: {credential: centre-secret}")
    text = text.replace("  #guid: {file: /etc/jembatan/centre.guid}",
                        "  guid: {credential: centre-guid}")
    text = text.replace("#master_key: {credential: master-key}",
                        "master_key: {credential: master-key}")
    for name in ("channel", "classification_id", "category_id", "disposition_id", "location_id",
                 "user_id"):
        text = text.replace("    #%s:" % name, "    %s:" % name)
    text = text.replace("confinement: preferred", "confinement: required")
    text = text.replace("  #listen: 127.0.0.1:8480", "  listen: 127.0.0.1:8480")
    CONFIG.write_text(text)
    store = pathlib.Path("/etc/credstore")
    store.mkdir(mode=0o700, exist_ok=True)
    for name, value in (("centre-secret", SECRET), ("centre-guid", GUID),
                        ("master-key", "0123456789abcdef" * 4)):
        path = store / ("jembatan." + name)
        path.touch(mode=0o600)
        path.write_text(value + "\n")


def a_complaint_goes_through():
    centre = subprocess.Popen(["jembatan-fakecentre", "--quiet", "--token", SECRET, "--guid", GUID],
                              stdout=subprocess.PIPE, universal_newlines=True)
    line = centre.stdout.readline()
    # The store was made at the first start with a key of its own.
    must("systemctl", "stop", UNIT)
    for path in glob.glob("/var/lib/jembatan/*"):
        must("rm", "-rf", path)
    write_config(line[line.index("http://"):].strip())
    box = pathlib.Path("/srv/surat")
    for part in ("new", "cur", "tmp"):
        (box / part).mkdir(parents=True)
    must("chown", "-R", "jembatan:", str(box))
    pathlib.Path("/etc/jembatan/connectors.d/surat.yaml").write_text(
        "connector: email\npush: review\nstart: all\nevery: 1s\n"
        "options: {source: maildir, maildir: %s}\n" % box)
    must("systemctl", "start", UNIT)
    wait_for("an answer", is_answering)
    must("jembatan", "check")
    mail = box / "new" / "1.1.contoh"
    mail.write_text("From: %s <%s>\nTo: lapor@dinas-contoh.invalid\nSubject: Jembatan gantung rusak\n"
                    "Message-ID: <surat-1@contoh.invalid>\n"
                    "Date: Sat, 21 Nov 2026 10:00:00 +0700\n\n%s di dua tempat. Telepon %s.\n"
                    % (WORDS[0], WORDS[2], WORDS[3], WORDS[1]))
    os.chown(str(mail), int(must("id", "-u", "jembatan")), -1)
    ticket = wait_for("the ticket", lambda: rows("review", "list"))[0]
    must("jembatan", "review", "accept", ticket["reference"])
    done = wait_for("the centre's number", lambda: rows("tickets", "pushed"))[0]
    expect(done["tracking_id"], "pushed without a number")
    expect(os.path.exists("/run/credentials/%s/centre-secret" % UNIT), "no credentials")
    expect(not os.path.exists("/var/lib/jembatan/master.key"), "a key beside the one of systemd")
    return "mail -> ticket %s -> centre's number %s, with secrets and master key from systemd" % (
        done["reference"], done["tracking_id"])


def children_are_confined():
    main = int(show("MainPID"))
    row = [r for r in rows("status") if r["type"] == "instance"][0]
    expect(not row["degraded"], "degraded: %s" % row["confinement"])
    expect(re.match(r"landlock [1-9]\d*, seccomp$", row["confinement"]), row["confinement"])
    expect(not [r for r in rows("status") if r["type"] == "alarm"], "there is an alarm")
    daemon, child = status_of(main), status_of(row["pid"])
    for who in (daemon, child):
        expect(who["NoNewPrivs"] == "1" and who["Seccomp"] == "2", "no seccomp")
        for caps in ("CapBnd", "CapEff", "CapPrm", "CapAmb"):
            expect(int(who[caps], 16) == 0, "%s is %s" % (caps, who[caps]))
    more = int(child["Seccomp_filters"]) - int(daemon["Seccomp_filters"])
    expect(more >= 1, "the child has no filter of its own")
    for kind in ("user", "mnt"):
        expect(os.readlink("/proc/%d/ns/%s" % (main, kind)) != os.readlink("/proc/1/ns/" + kind),
               "no %s namespace of its own" % kind)
    mounts = [line.split() for line in
              pathlib.Path("/proc/%d/mountinfo" % main).read_text().splitlines()]
    options = {m[4]: m[5].split(",") for m in mounts}
    expect("ro" in options["/"], "/ can be written")
    expect("rw" in options["/var/lib/jembatan"] and "rw" in options["/run/jembatan"], "nowhere to write")
    return "children: %s, filters %s over the daemon's %s; no capability anywhere; / read-only" % (
        row["confinement"], child["Seccomp_filters"], daemon["Seccomp_filters"])


def the_web_is_answered():
    if "listen: 127.0.0.1:8480" not in CONFIG.read_text():
        return "(this version listens on no network)"

    def live():
        try:
            with urllib.request.urlopen("http://127.0.0.1:8480/live", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False
    wait_for("GET /live", live)
    found = [p for p in glob.glob("/proc/[0-9]*/exe") if os.readlink(p).endswith("jembatan-web")]
    expect(len(found) == 1, "%d processes of jembatan-web" % len(found))
    web = status_of(int(found[0].split("/")[2]))
    expect(web["Seccomp"] == "2" and int(web["CapEff"], 16) == 0, "jembatan-web is not confined")
    return "jembatan-web answers under the unit's restrictions, confined (%s filters)" % \
        web["Seccomp_filters"]


def a_reload_is_heard():
    before = show("MainPID")
    surat = pathlib.Path("/etc/jembatan/connectors.d/surat.yaml")
    surat.write_text(surat.read_text().replace("every: 1s", "every: 2s"))
    must("systemctl", "reload", UNIT)
    wait_for("the new settings", lambda: "the settings are in use" in journal())
    wait_for("an answer", is_answering)
    expect(show("MainPID") == before, "a reload started another daemon")
    return "systemctl reload brings new settings into the daemon that runs"


def a_hung_daemon_is_ended_and_started_again():
    folder = pathlib.Path("/run/systemd/system/%s.d" % UNIT)
    folder.mkdir(parents=True)
    (folder / "short.conf").write_text("[Service]\nWatchdogSec=3\nRestartSec=1\n")
    must("systemctl", "daemon-reload")
    must("systemctl", "restart", UNIT)
    wait_for("an answer", is_answering)
    first = show("MainPID")
    time.sleep(7)  # twice its watchdog: a daemon that works is left alone
    expect(show("MainPID") == first and show("NRestarts") == "0", "the watchdog ended a daemon that works")
    os.kill(int(first), 19)
    wait_for("another daemon", lambda: show("MainPID") not in (first, "0"), 30)
    wait_for("an answer", is_answering)
    expect("watchdog" in must("journalctl", "--no-pager", "-u", UNIT).lower(), "not the watchdog")
    expect(len(rows("tickets", "pushed")) == 1, "the ticket is gone")
    return "stopped dead, it is ended by the watchdog and started again; nothing is lost"


def nothing_is_said():
    must("jembatan", "support-bundle", "/srv/test/bundle.tar")
    bundle = pathlib.Path("/srv/test/bundle.tar").read_bytes()
    said = must("journalctl", "--no-pager", "-a").encode()
    expect(b"bug:" not in said, "a process ended by a claim of its own that does not hold")
    for word in WORDS + [SECRET]:
        expect(word.encode() not in bundle, "%s is in the support bundle" % word)
        expect(word.encode() not in said, "%s is in the journal" % word)
    return "journal and support bundle hold no citizen's word and no secret"


def removed_and_purged():
    must("apt-get", "-qq", "remove", "-y", "jembatan", "jembatan-dev", "jembatan-fakecentre")
    expect(os.path.exists("/var/lib/jembatan/jembatan.db"), "removing took the store away")
    expect(show("ActiveState") != "active", "it still runs")
    pathlib.Path("/etc/jembatan/connectors.d/surat.yaml").unlink()  # the operator's own
    must("dpkg", "--purge", "jembatan")  # the other two had no settings
    expect(not os.path.exists("/var/lib/jembatan") and not os.path.exists("/etc/jembatan"),
           "purging left something")
    for path in glob.glob("/etc/credstore/jembatan.*") + glob.glob("/run/systemd/system/jembatand*/*"):
        os.unlink(path)
    return "removing keeps store and settings, purging takes them"


def main():
    for step in (the_unit_runs, files_are_decided_as_installed, a_complaint_goes_through,
                 files_are_decided_as_installed, children_are_confined, the_web_is_answered,
                 a_reload_is_heard,
                 a_hung_daemon_is_ended_and_started_again, nothing_is_said, removed_and_purged):
        try:
            print("ok: %s" % step(), flush=True)
        except Failed as failed:
            print("FAILED: %s: %s" % (step.__name__, failed), flush=True)
            print(run("journalctl", "--no-pager", "-n", "40", "-u", UNIT).stdout)
            print(run("systemctl", "status", "--no-pager", UNIT).stdout)
            return 1
    print("inside: all as it should be", flush=True)
    return 0


sys.exit(main())
