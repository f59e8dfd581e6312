#!/usr/bin/env python3
"""What an operator does with the daemon and the command, against real
processes: each scenario has an installation of its own. None may leave a
citizen's word in the log or in clear on disk."""
import email.message
import email.utils
import json
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Rig, Source, elsewhere, expect, main_of, wait_for  # noqa: E402

# What a citizen says and is; nowhere but in the sealed store and at the centre.
WORDS = {"subject": "Jembatan gantung Sangkuriang", "text": "Papan lantai Tumang lapuk di dua tempat.",
         "name": "Dayang Sumbi", "phone": "081298765432", "mail": "dayang.sumbi@contoh.invalid"}
SPYING = ["Sangkuriang", "Tumang", "Dayang", "Sumbi", "81298765432", "dayang.sumbi"]
NAME = "daemon"
EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, EX_TEMPFAIL, EX_CONFIG = 65, 66, 69, 75, 78


class Place:
    """An installation with a source, a centre and a daemon."""

    def __init__(self, build, push="auto", centre=("--delay", "2"), instance=None, more=None):
        self.source = Source("log")
        self.rig = Rig(build, {}, {})
        self.centre = Centre(self.rig, *centre)
        self.central = dict(self.centre.settings, answer_timeout="2s", lookup={"wait": "1s"})
        self.instances = instance or {"aplikasi": {
            "connector": "script", "push": push, "start": "all", "every": "1s",
            "options": {"port": self.source.port}}}
        self.instances.update(more or {})
        self.rig.write_config(self.central, self.instances, {"log": {"level": "debug"}})
        self.count, self.daemon = 0, None

    def start(self):
        self.daemon = Daemon(self.rig, {"JEMBATAN_RESTART_FIRST_MS": "100"}).start()

    def stop(self):
        expect(self.daemon.stop() == 0, "SIGTERM did not end with 0")

    def put(self, count=1, **more):
        for _ in range(count):
            self.count += 1
            n = str(self.count)
            self.source.put(dict({"do": "message", "id": n, "thread": "t" + n,
                                  "subject": "%s %s" % (WORDS["subject"], n),
                                  "text": "%s %s Laporan %s." % (WORDS["text"], elsewhere(self.count), n),
                                  "author": {"id": "w" + n, "name": WORDS["name"],
                                             "phone": WORDS["phone"], "mail": WORDS["mail"]}},
                                 **more))

    def ask(self, *words):
        return self.rig.ask(*words)

    def fails(self, code, *words):
        done = self.rig.command(*words)
        expect(done.returncode == code, "jembatan %s ended with %d, not %d: %s"
               % (" ".join(words), done.returncode, code, done.stderr.strip()))
        return done.stderr

    def at_centre(self):
        return self.centre.state(True)["count"]

    def wait_centre(self, count):
        wait_for("%d at the centre" % count, lambda: self.at_centre() >= count, 30)
        wait_for("their numbers", lambda: not self.rig.query(
            "SELECT 1 FROM outbox WHERE state = 1 OR (state = 0 AND due_ms < %d)"
            % (time.time() * 1000)), 30)
        expect(self.at_centre() == count, "%d at the centre, not %d" % (self.at_centre(), count))

    def tickets(self, state):
        return [t for t in self.ask("tickets", state)]

    def wait_tickets(self, state, count):
        wait_for("%d tickets in %s" % (count, state), lambda: len(self.tickets(state)) >= count, 30)
        return self.tickets(state)

    def check_silence(self):
        log = (self.rig.dir / "daemon.log").read_text(errors="replace")
        for word in SPYING:
            expect(word not in log, "the log holds a citizen's word: %s" % word)
        for path in self.rig.data.rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            for word in SPYING:
                expect(word.encode() not in content, "%s stands in clear in %s" % (word, path.name))

    def close(self, keep):
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        self.source.stop()
        self.centre.stop()
        self.rig.close(keep)


class Mailbox:
    def __init__(self, path):
        self.path, self.count = path, 0
        for part in ("new", "cur", "tmp"):
            (path / part).mkdir(parents=True)

    def deliver(self, number, text, sender=WORDS["mail"], reply_to=None, age_s=0):
        m = email.message.EmailMessage()
        m["From"] = email.utils.formataddr((WORDS["name"], sender))
        m["To"] = "lapor@dinas-contoh.invalid"
        m["Subject"] = "%s%s" % ("Re: " if reply_to else "", WORDS["subject"])
        m["Date"] = email.utils.formatdate(time.time() - age_s)
        m["Message-ID"] = "<surat-%s@contoh.invalid>" % number
        if reply_to:
            m["In-Reply-To"] = m["References"] = "<surat-%s@contoh.invalid>" % reply_to
        m.set_content(text + "\n")
        self.count += 1
        path = self.path / "tmp" / ("%d.%d.contoh" % (time.time(), self.count))
        path.write_bytes(m.as_bytes())
        os.utime(path, (time.time() - age_s,) * 2)
        path.rename(self.path / "new" / path.name)


def mail_instance(box, **more):
    return {"surat": dict({"connector": "email", "push": "auto", "start": "all", "every": "1s",
                           "options": {"source": "maildir", "maildir": str(box)}}, **more)}


# ---- scenarios: each gets a build and yields its Place ---------------------------


def sigterm_drains(build):
    p = Place(build, centre=("--delay", "400"))
    yield p
    p.start()
    p.put(20)
    wait_for("a push in flight", lambda: p.rig.status("central")["in_flight"] > 0)
    p.stop()
    states = dict(p.rig.query("SELECT state, count(*) FROM outbox GROUP BY state"))
    expect(states.get(1, 0) == 0, "SIGTERM left %d rows in flight" % states.get(1, 0))
    expect(states.get(2, 0) == p.at_centre() > 0, "what was under way is not settled")
    p.start()
    p.wait_centre(20)
    expect(not p.centre.state()["doubled"], "a restart doubled")
    p.stop()


def one_daemon_a_folder(build):
    p = Place(build)
    yield p
    p.start()
    second = Daemon(p.rig, name="second.log")
    expect(not second.wait_ready(), "a second daemon runs on the same folder")
    expect(second.wait_end(10) in (EX_TEMPFAIL, EX_CONFIG), "the second ended otherwise")
    expect("another jembatand works here" in (p.rig.dir / "second.log").read_text(),
           "no sentence about the first daemon")
    p.put()
    p.wait_centre(1)  # and the first was not disturbed
    p.stop()


def wrong_settings(build):
    p = Place(build)
    yield p
    good = p.rig.config.read_text()
    p.rig.config.write_text("data_dir: %s\nlimits:\n  batch_max: many\ncentral:\n  colour: red\n"
                            % p.rig.data)
    (p.rig.config.parent / "connectors.d" / "salah.yaml").write_text(
        "connector: script\nevery: often\n")
    daemon = Daemon(p.rig)
    expect(not daemon.wait_ready() and daemon.wait_end(10) == EX_CONFIG,
           "wrong settings did not end with 78")
    said = p.fails(EX_CONFIG, "check")
    for pattern in (r"jembatan\.yaml:3: .*batch_max", r"jembatan\.yaml:5: .*colour",
                    r"salah\.yaml:2: .*every"):
        expect(re.search(pattern, said), "no line like %s in:\n%s" % (pattern, said))
        expect(re.search(pattern, (p.rig.dir / "daemon.log").read_text()), "the daemon is silent")
    p.rig.config.write_text(good)
    (p.rig.config.parent / "connectors.d" / "salah.yaml").unlink()
    expect(p.rig.command("check").returncode == 0, "right settings are refused")


def review(build):
    p = Place(build, push="review")
    yield p
    p.start()
    p.put(6)
    first, second = [t["reference"] for t in p.wait_tickets("review", 6)][:2]
    expect(len(p.ask("review", "list")) == 6 and p.at_centre() == 0, "review sends by itself")
    p.ask("review", "accept", first)
    p.wait_centre(1)
    p.ask("review", "reject", second, "--reason", "bukan pengaduan")
    expect(p.tickets("rejected")[0]["reason"] == "bukan pengaduan", "the reason is lost")
    p.fails(EX_DATAERR, "review", "accept", second)
    p.fails(EX_NOINPUT, "review", "accept", "JB-000000")
    p.ask("review", "accept", "all")
    p.wait_centre(5)
    expect(not p.ask("review", "list"), "some still wait")
    check_history(p, first, ["review", "accepted", "sending", "pushed"])
    check_history(p, second, ["review", "rejected"])
    p.stop()


def check_history(p, name, steps):
    rows = p.ask("explain", name)
    events = [r for r in rows if r["type"] == "event"]
    whats = [e["what"] for e in events]
    for step in steps:
        expect(step in whats, "explain %s lacks %s: %s" % (name, step, whats))
    expect(all(e.get("why") for e in events), "a step of %s has no reason: %s" % (name, events))
    expect(any(r["type"] == "message" for r in rows), "explain shows no message")
    expect([whats.index(s) for s in steps] == sorted(whats.index(s) for s in steps), "out of order")


def pause_and_resume(build):
    p = Place(build)
    yield p
    p.start()
    p.ask("pause", "aplikasi")
    p.put(3)
    p.stop()
    p.start()  # it stays paused
    expect(p.rig.status("instance", "aplikasi")["state"] == "paused", "a restart forgot the pause")
    expect(p.rig.status("instance", "aplikasi")["messages"] == 0, "a paused instance takes messages")
    p.ask("pause", "central")
    p.ask("resume", "aplikasi")
    p.wait_tickets("queued", 3)
    p.stop()
    p.start()
    expect(p.rig.status("central")["state"] == "paused" and p.at_centre() == 0, "it pushes")
    p.ask("resume", "central")
    p.wait_centre(3)
    p.fails(EX_NOINPUT, "pause", "tidak-ada")
    p.stop()


def behind_a_stalled_centre(build):
    """What is held while others wait to be sent is held for moments: all of a long list
    is stored, however long the centre takes."""
    count = 20000
    p = Place(build, centre=("--fault", "delay=90000:create"))
    p.central["answer_timeout"] = "120s"
    folder = p.rig.dir / "ekspor"
    folder.mkdir()
    (folder / "aduan.csv").write_text("No;No. Tiket;Nama Pelapor;Isi Laporan\r\n" + "".join(
        "%d;ADU-%d;%s;%s\r\n" % (n, n, WORDS["name"], elsewhere(n)) for n in range(count)))
    p.rig.write_config(p.central, {"ekspor": {
        "connector": "agency-api", "profile": "ekspor", "push": "auto", "start": "all",
        "every": "1s", "options": {"folder": str(folder), "settle": "0s"}}},
        {"duplicates": {"enabled": False}, "classify": {"enabled": False}})
    yield p
    p.start()
    wait_for("a report on its way", lambda: p.rig.query("SELECT 1 FROM outbox WHERE state = 1"), 30)
    wait_for("all of it in the store", lambda: p.rig.query(
        "SELECT count(*) FROM message")[0][0] == count, 30)
    expect(p.at_centre() == 0, "the centre did not stall: the test shows nothing")


def start_and_backfill(build):
    day = 86400
    p = Place(build, instance={})
    yield p
    box = Mailbox(p.rig.dir / "mailbox")
    for n in range(6):
        box.deliver("lama-%d" % n, "%s %s Surat lama %d." % (WORDS["text"], elsewhere(n), n), age_s=(n + 2) * day)
    p.rig.write_instance("surat", mail_instance(box.path, start="now")["surat"])
    p.start()
    wait_for("a poll", lambda: p.rig.status("instance", "surat")["last_ok_ms"] > 0)
    box.deliver("baru", "%s %s" % (WORDS["text"], elsewhere(99)))
    p.wait_centre(1)
    expect(p.rig.status("instance", "surat")["messages"] == 1, "start: now takes old mails")
    since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 4.5 * day))
    dry = [r for r in p.ask("backfill", "surat", "--since", since, "--dry-run")
           if r["type"] == "backfill"][0]
    expect(p.rig.status("instance", "surat")["messages"] == 1 and p.at_centre() == 1,
           "a dry run stores or sends")
    p.ask("backfill", "surat", "--since", since)
    wanted = sum(1 for n in range(6) if (n + 2) * day < 4.5 * day + 86400)  # midnight of that day
    expect(dry["messages"] - 1 in (wanted - 1, wanted), "a dry run found %d" % dry["messages"])
    p.wait_centre(dry["messages"])
    expect(p.rig.status("instance", "surat")["messages"] == dry["messages"],
           "the backfill brought another number than its dry run")
    p.stop()


def quarantine(build):
    p = Place(build)
    yield p
    p.start()
    p.put()
    for _ in range(3):
        p.put(do="give-up")
    p.put()
    p.put(do="pass-over", why="the report has no date: ask the app's makers; sent by %s" % WORDS["phone"])
    p.put()
    wait_for("what stands behind them", lambda: p.at_centre() == 3, 90)
    rows = wait_for("four in quarantine", lambda: len(p.ask("quarantine", "list")) == 4
                    and p.ask("quarantine", "list"), 10)
    passed = rows.pop()
    said = "the report has no date: ask the app's makers; sent by ************"
    expect(passed["reason"] == said, "its connector's sentence is %r" % passed["reason"])
    expect(said in p.rig.command("quarantine").stdout, "the list does not say why")
    shown = p.rig.command("quarantine", "show", str(passed["id"]))
    expect("record %d of aplikasi: %s\n" % (passed["id"], said) == shown.stderr,
           "show says %r" % shown.stderr)
    p.ask("quarantine", "drop", str(passed["id"]))
    sent = [text for _, text in p.source.lines if '"give-up"' in text]
    for row, text in zip(rows, sent):
        raw = p.rig.command("quarantine", "show", str(row["id"]), text=False).stdout
        expect(raw == text.encode(), "the bytes in quarantine are others")
    one, two, three = [str(r["id"]) for r in rows]
    p.fails(EX_DATAERR, "quarantine", "replay", one)
    expect(len(p.ask("quarantine", "list")) == 3, "a failed replay lost its record")
    p.ask("quarantine", "drop", two)
    expect(len(p.ask("quarantine", "list")) == 2, "drop does nothing")
    expect(len(p.ask("quarantine", "list", "--all")) == 4, "drop destroys")
    p.stop()
    p.instances["aplikasi"]["options"]["loud"] = True  # the parser has been mended
    p.rig.write_instance("aplikasi", p.instances["aplikasi"])
    p.start()
    p.ask("quarantine", "replay", one)
    p.wait_centre(4)
    p.ask("quarantine", "replay", three)
    p.wait_centre(5)
    expect(not p.ask("quarantine", "list"), "what was replayed is still listed")
    p.fails(EX_NOINPUT, "quarantine", "show", "999")
    p.stop()


def unknown(build):
    p = Place(build)
    yield p
    p.centre.fault("commit-500:create@nth=1")
    p.centre.fault("500:create@nth=2")
    p.start()
    p.put(2)
    rows = wait_for("two unknown", lambda: len(p.ask("unknown", "list")) == 2
                    and p.ask("unknown", "list"), 30)
    expect(any("unknown" in a for a in p.rig.alarms("central")), "no alarm about unknown ones")
    held = {c["reference"]: c["id"] for c in p.centre.state()["complaints"]}
    there = [r for r in rows if r["reference"] in held][0]
    absent = [r for r in rows if r["reference"] not in held][0]
    p.fails(EX_DATAERR, "unknown", "confirm", str(there["id"]), "not a number")
    p.ask("unknown", "confirm", str(there["id"]), str(held[there["reference"]]))
    p.ask("unknown", "resend", str(absent["id"]))
    p.wait_centre(2)
    expect(not p.ask("unknown", "list") and not p.centre.state()["doubled"], "not settled")
    numbers = {t["reference"]: t["tracking_id"] for t in p.wait_tickets("pushed", 2)}
    expect(numbers[there["reference"]] == str(held[there["reference"]]), "another number is kept")
    check_history(p, there["reference"], ["queued", "sending", "unknown", "confirmed"])
    check_history(p, absent["reference"], ["queued", "sending", "unknown", "resend", "pushed"])
    p.fails(EX_DATAERR, "unknown", "resend", str(absent["id"]))
    p.stop()


def answers_by_mail(build):
    p = Place(build, instance={})
    yield p
    box = Mailbox(p.rig.dir / "mailbox")
    p.rig.write_instance("surat", mail_instance(box.path)["surat"])
    p.start()
    box.deliver("satu", WORDS["text"])
    p.wait_centre(1)
    box.deliver("dua", "Tambahan: sekarang tiga papan Tumang.", reply_to="satu")
    one = p.centre.state()["complaints"][0]
    wait_for("the follow-up", lambda: p.centre.follow_ups(one["id"]), 30)
    contents = p.centre.follow_ups(one["id"])
    expect(len(contents) == 1 and "tiga papan" in contents[0], "another follow-up came")
    expect(p.at_centre() == 1, "an answer became a complaint")
    box.deliver("tiga", "Di RT kami juga rusak.", sender="orang.lain@contoh.invalid",
                reply_to="satu")
    p.wait_centre(2)  # another person: a complaint of its own
    expect(len(p.centre.follow_ups(one["id"])) == 1, "a stranger's words stand in the ticket")
    p.stop()


def from_the_centre(build):
    p = Place(build)
    yield p
    p.start()
    p.put(flags=["from-centre"], tracking_id="7123456")
    p.put(tracking_id="7123457")
    p.put()
    p.wait_centre(1)
    linked = p.wait_tickets("linked", 2)
    expect({t["tracking_id"] for t in linked} == {"7123456", "7123457"}, "their numbers are lost")
    check_history(p, linked[0]["reference"], ["linked"])
    p.fails(EX_DATAERR, "review", "accept", linked[0]["reference"])
    p.stop()
    expect(p.at_centre() == 1, "an echo: what came from the centre was pushed")


def shadow(build):
    p = Place(build, push="shadow")
    yield p
    p.start()
    p.put(4)
    p.wait_tickets("shadow", 4)
    p.stop()
    asked = p.centre.state(True)["by_operation"]
    expect(not any(asked[o] for o in ("create", "file", "route", "followup")), "shadow sends")


def reload(build):
    p = Place(build)
    yield p
    second, third = Source("log"), Source("log")
    p.rig.write_instance("kedua", dict(p.instances["aplikasi"], options={"port": second.port}))
    p.start()

    def pid(name):
        return wait_for("a child of " + name, lambda: p.rig.status("instance", name)["pid"])

    def reload(**wanted):
        rows = {r["name"]: r["what"] for r in p.ask("reload") if r["type"] == "reload"}
        expect(rows == wanted, "reload says %s, not %s" % (rows, wanted))

    one, two = pid("aplikasi"), pid("kedua")
    reload(aplikasi="kept", kedua="kept", central="kept")
    p.rig.write_instance("kedua", dict(p.instances["aplikasi"], options={"port": third.port}))
    p.rig.write_instance("ketiga", dict(p.instances["aplikasi"], options={"port": second.port}))
    reload(aplikasi="kept", kedua="restarted", ketiga="started", central="kept")
    wait_for("another child", lambda: pid("kedua") != two)
    expect(pid("aplikasi") == one, "an instance whose settings did not change lost its child")
    for n, source in enumerate((p.source, second, third)):
        source.put({"do": "message", "id": "s%d" % n, "text": "Laporan %d: lampu padam." % n,
                    "author": {"id": "w%d" % n}})
    p.wait_centre(3)
    messages = p.rig.status("instance", "kedua")["messages"]

    # Wrong: nothing changes, and it says what and where.
    two = pid("kedua")
    p.rig.write_instance("kedua", dict(p.instances["aplikasi"], options={"port": "pintu"}))
    (p.rig.config.parent / "connectors.d" / "ketiga.yaml").unlink()
    said = p.fails(EX_CONFIG, "reload")
    expect("kedua.yaml:7" in said, "no file and line in: %s" % said)
    expect(any("kedua.yaml:7" in a for a in p.rig.alarms("reload")), "no alarm")
    expect(pid("kedua") == two and pid("ketiga"), "wrong settings stopped something")
    p.rig.write_instance("kedua", dict(p.instances["aplikasi"], push="review", every="2s",
                                       options={"port": third.port}))
    reload(aplikasi="kept", kedua="changed", ketiga="stopped", central="kept")
    expect(not p.rig.alarms("reload"), "the alarm stays")
    expect(pid("kedua") == two, "a change that its child does not see restarted it")
    expect(p.rig.status("instance", "ketiga") is None, "one that is not configured is listed")
    third.put({"do": "message", "id": "lagi", "text": "Laporan lagi: lampu padam.",
               "author": {"id": "w9"}})
    p.wait_tickets("review", 1)
    expect(p.rig.status("instance", "kedua")["messages"] == messages + 1, "not the same rows")

    # It comes back to its rows.
    p.rig.write_instance("ketiga", dict(p.instances["aplikasi"], options={"port": second.port}))
    reload(aplikasi="kept", kedua="kept", ketiga="started", central="kept")
    expect(p.rig.status("instance", "ketiga")["messages"] == 1, "its rows are gone")

    # The centre, the log, and what stays.
    other = dict(p.central, connections=3, daily_budget=500)
    p.rig.write_config(other, {}, {"log": {"format": "json"}, "data_dir": "/nowhere"})
    rows = p.ask("reload")
    expect([r["what"] for r in rows if r.get("name") == "central"] == ["changed"], "the same centre")
    expect(any("data_dir" in r["text"] and "restart" in r["text"] for r in rows
               if r["type"] == "note"), "no note about data_dir: %s" % rows)
    expect(p.rig.status("central")["budget"] == 500, "another budget")
    p.put()
    p.wait_centre(4)
    expect('{"time":' in p.rig.log_text(), "the log is as it was")
    expect(pid("aplikasi") == one, "not the same child at the end")
    p.stop()
    for source in (second, third):
        source.stop()


def check_live(build):
    p = Place(build)
    yield p
    p.put(2)

    def live(code):
        done = p.rig.command("--json", "check", "--live")
        expect(done.returncode == code, "check --live ended with %d, not %d: %s%s"
               % (done.returncode, code, done.stdout, done.stderr))
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return {r["what"]: r["result"] for r in rows if r["type"] == "live"}

    p.start()
    expect(p.rig.command("check", "--live").returncode == 0, "not good while the daemon runs")
    rows = live(0)
    expect(all(rows[w] == "ok" for w in ("disk", "data_dir", "master key", "centre", "clock",
                                         "aplikasi")), rows)
    expect(rows["push"] == "not tried", rows)
    p.wait_centre(2)
    p.stop()
    messages = p.rig.query("SELECT count(*) FROM message")
    cursor = p.rig.query("SELECT cursor FROM instance")
    expect(live(0)["aplikasi"] == "ok", "not good while it does not run")
    expect(p.rig.query("SELECT count(*) FROM message") == messages and
           p.rig.query("SELECT cursor FROM instance") == cursor, "a probe stored something")
    expect(p.at_centre() == 2, "a probe pushed something")
    p.central["secret"] = p.rig.secret("wrong.secret", "salah")
    p.rig.write_config(p.central, p.instances)
    expect(live(EX_CONFIG)["centre"] == "WRONG", "a wrong secret is right")
    p.central.update(p.centre.settings, url="http://127.0.0.1:1")
    p.rig.write_config(p.central, p.instances)
    expect(live(EX_UNAVAILABLE)["centre"] == "no answer", "nobody answers")
    os.chmod(p.rig.data, 0o755)
    expect(live(EX_CONFIG)["data_dir"] == "WRONG", "an open folder is right")


def first_child_is_killed(build):
    p = Place(build)
    yield p
    program = p.rig.dir / "connector"
    program.write_text('#!/bin/sh\nmkdir "$0.was" 2>/dev/null && kill -KILL $$\nexec %s "$@"\n'
                       % (p.rig.build / "jembatan-connector"))
    program.chmod(0o755)
    p.rig.more["JEMBATAN_CONNECTOR"] = str(program)
    p.start()
    p.put(2)
    p.wait_centre(2)
    expect(not p.rig.alarms(), "it is asked what it is, and still an alarm")
    p.stop()


def run(scenario, options):
    steps = scenario(options.build)
    place, good = next(steps), False
    try:
        for _ in steps:
            pass
        place.check_silence()
        good = True
    finally:
        place.close(options.keep or not good)


if __name__ == "__main__":
    main_of([sigterm_drains, one_daemon_a_folder, wrong_settings, review, pause_and_resume, reload,
             check_live, behind_a_stalled_centre, start_and_backfill, quarantine, unknown,
             answers_by_mail, from_the_centre, shadow, first_child_is_killed], run, keep=False)
