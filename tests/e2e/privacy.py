#!/usr/bin/env python3
"""Erasing a person: what the operator is told, what others keep, and that neither the
words nor the keys that sealed them are in any file afterwards, also when the daemon is
killed in the middle. And the log of who looked."""
import json
import pathlib
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Rig, Source, expect, main, wait_for  # noqa: E402

PHONE, OTHER = "+6281298765432", "+6281311112222"
SPELT = "0812-9876 5432\n"
MAIL = "dayang.sumbi@contoh.invalid"
NIK = "3273014101900001"
CONTACTS = ["0813-7777 8888", "0021-01-012345-50-1", "ketua[at]"]
WORDS = [NIK, "Dayang Sumbi", "81298765432", MAIL, "Cikapundung", "papan lapuk"]
TEXTS = ["Laporan %d: papan lapuk di jembatan Cikapundung, Dayang Sumbi, NIK " + NIK +
         ", hubungi 0813-7777 8888, rek BRI 0021-01-012345-50-1, ketua[at]contoh.com",
         "Lampu jalan %d padam di Jalan Cikapundung sejak kemarin."]


class Place:
    def __init__(self, build, faults):
        self.faults = faults
        self.source, self.shown = Source("log"), Source("log")
        self.rig = Rig(build, {}, {})
        self.centre = Centre(self.rig)

        def entry(source, push):
            return {"connector": "script", "push": push, "start": "all", "every": "1s",
                    "options": {"port": source.port}}
        self.instances = {"kirim": entry(self.source, "auto"),
                          "tinjau": entry(self.shown, "review")}
        self.configure()
        self.daemon = Daemon(self.rig).start()

    def configure(self, **central):
        self.rig.write_config(dict(self.centre.settings, answer_timeout="2s", **central),
                              self.instances, {"log": {"level": "debug"}})

    def again(self, **env):
        self.daemon.kill()
        self.daemon = Daemon(self.rig, env)
        return self.daemon

    def close(self, keep):
        self.daemon.kill()
        self.source.stop()
        self.shown.stop()
        self.centre.stop()
        self.rig.close(keep)

    def erase(self, *more):
        return subprocess.run([str(self.rig.build / "jembatan"), "--config", str(self.rig.config),
                               "--json", "erase", "--person", "-", *more], input=SPELT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              env=self.rig.environment())

    def everything(self):
        """All bytes of the store, the spool and the log."""
        paths = [p for p in self.rig.data.rglob("*") if p.is_file()]
        return b"".join(p.read_bytes() for p in paths) + self.rig.log_text().encode()


def plant(p, first):
    author = {"id": "wa-81298765432", "name": "Dayang Sumbi", "phone": PHONE, "mail": MAIL}
    mine, others = [], []
    for n in range(first, first + 3):
        mine.append({"do": "message", "id": "d%d" % n, "thread": MAIL + str(n), "author": author,
                     "text": TEXTS[0] % n})
        others.append({"do": "message", "id": "o%d" % n, "text": TEXTS[1].replace("Cikapundung",
                       "Braga") % n, "author": {"id": "o%d" % n, "phone": OTHER}})
    p.source.put(*mine, *others)
    p.shown.put(dict(mine[0], id="r%d" % first, thread="r%d" % first,
                     subject="Telepon " + PHONE + " NIK " + NIK,
                     text="Dayang Sumbi: pungutan liar di loket nomor %d kantor kelurahan" % first),
                {"do": "message", "kind": "unreadable", "id": "u%d" % first,
                 "text": "cannot", "raw": "%d kiriman rusak dari 081298765432" % first})
    return mine


def messages(p):
    return p.rig.query("SELECT count(*) FROM message WHERE stage <> 0")[0][0]


def settled(p, count):
    wait_for("%d decided messages" % count, lambda: messages(p) >= count)
    wait_for("the pushes", lambda: not p.rig.query(
        "SELECT 1 FROM outbox WHERE state <> 2") and p.rig.query("SELECT 1 FROM outbox"))


def gone(p, keys, where):
    everything = p.everything()
    for word in WORDS:
        expect(word.encode() not in everything, "%s: %s stands in a file" % (where, word))
    for n, key in enumerate(keys):
        expect(key not in everything, "%s: the key of message %d is in a file still" % (where, n))
    expect(not p.rig.query("SELECT 1 FROM erasure_item"), "%s: something is left to do" % where)


def mine_of(p):
    """Keys of what the dry run finds; nothing may change by it."""
    before = p.rig.query("SELECT count(*) FROM message_body WHERE wrapped IS NOT NULL")
    found = p.erase("--dry-run")
    expect(found.returncode == 0, "dry run: %d %s" % (found.returncode, found.stderr))
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    expect(before == p.rig.query("SELECT count(*) FROM message_body WHERE wrapped IS NOT NULL"),
           "the dry run erased something")
    db = sqlite3.connect("file:%s?mode=ro" % (p.rig.data / "jembatan.db"), uri=True)
    try:
        keys = []
        for row in rows:
            table, column = ("message_body", "message_id") if row["what"] == "message" else \
                ("quarantine", "id")
            keys.append(db.execute("SELECT wrapped FROM %s WHERE %s = ?" % (table, column),
                                   (row["id"],)).fetchone()[0])
        return rows, keys
    finally:
        db.close()


def whole(p):
    # A connector's sentences quote what came from outside.
    p.source.put({"do": "log", "text": "kiriman aneh dari " + PHONE + ", " + MAIL + ", NIK " + NIK})
    p.shown.put({"do": "message", "kind": "unreadable", "id": "q0", "raw": "rusak",
                 "text": 386 * "x" + " dari " + PHONE + ", " + MAIL})
    wait_for("the record", lambda: p.rig.query("SELECT 1 FROM quarantine"))
    expect("8129" not in p.rig.query("SELECT reason FROM quarantine")[0][0], "the reason names him")
    mine = plant(p, 1)
    settled(p, 9)
    sent = len(p.centre.complaints())
    told = json.dumps(p.centre.complaints())
    expect(NIK not in told and "NIK " + 16 * "*" in told and "Cikapundung" in told,
           "an identity number is in what the centre got: %s" % told)
    expect(not any(w in told for w in CONTACTS) and "hubungi ****-**** ****" in told,
           "a telephone, account or address is in what the centre got: %s" % told)
    looked = p.rig.ask("tickets")
    waiting = [t["reference"] for t in looked if t["state"] == "review"][0]
    listed = p.rig.command("review", "list").stdout
    expect(PHONE not in listed and NIK not in listed and "NIK ****" in listed, listed)
    wait_for("the connector's line", lambda: "kiriman aneh dari" in p.rig.log_text())
    expect("NIK ****" in p.rig.log_text() and PHONE not in p.rig.log_text() and
           MAIL not in p.rig.log_text(), "a connector's line says who it was")
    p.rig.ask("review", "show", waiting)
    p.rig.ask("explain", waiting)
    # What an officer writes down may name the person too.
    p.rig.ask("review", "reject", waiting, "--reason", "sudah ditelepon: Dayang Sumbi mencabutnya")
    expect(b"Dayang Sumbi" in p.everything(), "the reason is not where this test looks")
    rows, keys = mine_of(p)
    expect(len([r for r in rows if r["what"] == "message"]) >= 4, "not all were found: %s" % rows)
    expect([r for r in rows if r["what"] != "message"], "the quarantined record was not found")
    folder = p.rig.dir / "cadangan"
    folder.mkdir()
    backup = p.rig.ask("backup", str(folder))[0]["place"]
    before = p.everything()
    expect(all(key in before for key in keys), "the keys are not where this test looks")
    done = p.erase()
    expect(done.returncode == 0, "erase: %d %s" % (done.returncode, done.stderr))
    report = [json.loads(line) for line in done.stdout.splitlines()]
    erased = [r for r in report if r["type"] == "erased"][0]
    expect(erased["keys"] == len(keys) and erased["found"] == 0 and erased["searched_bytes"] > 0,
           "the report proves nothing: %s" % erased)
    expect(erased["messages"] >= 4 and erased["records"] >= 1, "the report: %s" % erased)
    expect(any(r["type"] == "backup" and r["place"] == backup and "may hold it" in r["digest"]
               for r in report), "the backup that holds it still is not named: %s" % report)
    gone(p, keys, "after erase")
    expect(len(p.centre.complaints()) == sent, "something was sent by it")
    said = p.rig.command("review", "show", waiting)
    expect(said.returncode == 66 and "erased" in said.stderr, "shown although erased: %s" % said)
    explained = p.rig.command("explain", waiting).stdout
    expect("erased" in explained, "explain does not say so: %s" % explained)
    others = [t for t in p.rig.ask("tickets") if "Lampu" in (t["title"] or "")]
    expect(len(others) >= 1, "others lost their words")
    # Delivered again: recognised, and not taken for a new one.
    count = len(p.rig.query("SELECT 1 FROM message"))
    p.source.put(*mine)
    wait_for("the repeats", lambda: p.rig.query("SELECT sum(repeats) FROM message")[0][0] >= 3)
    expect(len(p.rig.query("SELECT 1 FROM message")) == count, "a redelivery became a message")
    expect(p.erase().returncode == 66, "there is something to erase again")
    seen = [(r["what"], r["reference"] if "reference" in r else None)
            for r in p.rig.ask("access", "list")]
    for what in ("shown", "explained", "erased", "listed"):
        expect(any(w == what for w, _ in seen), "the access log has no %s: %s" % (what, seen))
    expect(("shown", waiting) in seen, "the access log does not name the ticket")


def afterwards(p):
    """The person writes again, to what was erased: it is decided, and nothing is stuck."""
    author = {"id": "wa-81298765432", "name": "Dayang Sumbi", "phone": PHONE, "mail": MAIL}
    before = messages(p)
    p.source.put({"do": "message", "id": "d1", "revision": "2", "thread": MAIL + "1",
                  "author": author, "text": "Diubah: sudah diperbaiki sebagian."},
                 {"do": "message", "id": "d1b", "kind": "follow_up", "reply_to": "d1",
                  "thread": MAIL + "1", "author": author, "text": "Masih lapuk, mohon segera."},
                 {"do": "message", "id": "d1c", "kind": "follow_up", "reply_to": "d2",
                  "author": {"id": "x9"}, "text": "Saya juga melihatnya di sana."})
    wait_for("what came afterwards", lambda: messages(p) >= before + 3)
    wait_for("its pushes", lambda: not p.rig.query("SELECT 1 FROM outbox WHERE state IN (0, 1)"))
    expect(not p.rig.alarms("store"), "the store refuses: %s" % p.rig.alarms())
    stuck = p.rig.query("SELECT reason FROM message WHERE reason LIKE 'it could not be decided%'")
    expect(not stuck, "not decided: %s" % stuck)
    expect(not p.rig.query("SELECT 1 FROM outbox WHERE state IN (3, 4)"), "a push is held: %s" %
           p.rig.query("SELECT kind, step, state, why FROM outbox WHERE state IN (3, 4)"))


def one_ticket(p):
    reference = [t["reference"] for t in p.rig.ask("tickets") if "Lampu" in (t["title"] or "")][0]
    expect(p.rig.command("erase", "--ticket", reference).returncode == 0, "erase --ticket")
    expect(p.rig.command("review", "show", reference).returncode == 66, "the ticket has its words")


def demanded(p):
    """Where the centre wants identity numbers, they are not hidden from it, and from
    everybody else as before."""
    p.configure(nik="keep", contacts="keep")
    p.rig.ask("reload")
    count = len(p.centre.complaints())
    p.source.put({"do": "message", "id": "k1", "author": {"id": "k1"},
                  "text": "Kartu bansos saya ditolak loket, NIK 3273014101900099, telepon 0813-7777 8888."})
    wait_for("what is demanded", lambda: len(p.centre.complaints()) > count)
    told = json.dumps(p.centre.complaints()[-1])
    expect("NIK 3273014101900099" in told and "0813-7777 8888" in told, "the number is hidden")
    shown = json.dumps(p.rig.ask("tickets"))
    expect("3273014101900099" not in shown and "3273014101900099" not in p.rig.log_text(),
           "the number is in a list or in the log")
    expect(b"3273014101900099" not in p.everything(), "the number is in clear on disk")
    p.configure()
    p.rig.ask("reload")


def under_way(p):
    """What may be at the centre already is not erased behind its back, nor half of the
    rest: the request is refused whole until a person has settled it."""
    p.centre.fault("commit-500:create@nth=1")
    p.source.put({"do": "message", "id": "j1", "author": {"id": "wa-81298765432", "phone": PHONE},
                  "text": "Tiang telepon di Jalan Cikapundung miring, Dayang Sumbi yang melihatnya."})
    held = wait_for("a push of unknown fate", lambda: p.rig.ask("unknown", "list"))
    kept = "SELECT count(*) FROM message_body WHERE wrapped IS NOT NULL"
    before = p.rig.query(kept)
    refused = p.erase()
    expect(refused.returncode == 75 and held[0]["reference"] in refused.stderr and
           "nothing was erased" in refused.stderr, "erased under way: %s" % refused)
    expect(p.rig.query(kept) == before, "a part was erased")
    p.centre.no_faults()
    p.rig.ask("unknown", "confirm", str(held[0]["id"]), str(p.centre.complaints()[-1]["id"]))
    rows, keys = mine_of(p)
    expect(p.erase().returncode == 0 and rows, "settled, and not erased")
    gone(p, keys, "after the push was settled")


def killed(p, point, first):
    """Killed there; the next daemon brings it to its end."""
    total = messages(p)
    p.again().start()
    plant(p, first)
    settled(p, total + 8)
    rows, keys = mine_of(p)
    p.again(JEMBATAN_KILL_AT=point).start()
    p.erase()
    expect(p.daemon.wait_end(20) is not None, "it was not killed at %s" % point)
    p.again().start()
    wait_for("the end of the request", lambda: not p.rig.query(
        "SELECT 1 FROM erasure WHERE done_ms = 0"))
    gone(p, keys, point)
    expect(rows, "nothing was found")


def run(build, keep):
    config = (pathlib.Path(build) / "config.h").read_text()
    p = Place(build, "define JEMBATAN_FAULTS 1" in config)
    try:
        whole(p)
        afterwards(p)
        one_ticket(p)
        demanded(p)
        under_way(p)
        if p.faults:
            for n, point in enumerate(("erase.written", "erase.mid", "erase.slice")):
                killed(p, point, 20 + 10 * n)
    finally:
        p.close(keep)
    print("privacy: nothing of the person in any file%s" %
          (", killed at 3 points too" if p.faults else ""))


main(run)
