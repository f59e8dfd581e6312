#!/usr/bin/env python3
"""What becomes of a complaint at the centre comes back: statuses, log and
follow-ups, each once and never backwards, whatever the centre answers and
however often the daemon is killed. Nothing of it stands in clear."""
import csv
import pathlib
import random
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Clock, Daemon, Rig, Source, expect, main_of, wait_for  # noqa: E402

RANK = ["received", "unverified", "deferred", "verified", "in_progress", "answered"]
WORDS = {"Belum Terverifikasi": "unverified", "Tunda": "deferred", "Terverifikasi": "verified",
         "Dalam Proses": "in_progress", "Ditindaklanjuti oleh Instansi": "answered",
         "Selesai": "closed_by_admin", "Ditutup oleh Sistem": "closed_by_system",
         "Diarsipkan": "archived", "Ditolak": "rejected"}
SPYING = ["Sangkuriang", "Tumang", "lubang jembatan"]


class Place:
    def __init__(self, build, status=None, central=None, centre=("--delay", "1")):
        self.source = Source("log")
        self.rig = Rig(build, {}, {})
        self.centre = Centre(self.rig, *centre)
        self.status = dict({"new_every": "1s", "old_every": "2s", "closed_every": "1s",
                            "reconcile_at": ""}, **(status or {}))
        self.central = dict(dict(self.centre.settings, answer_timeout="2s", connect_timeout="2s",
                                 lookup={"wait": "1s"}), **(central or {}))
        self.count, self.daemon = 0, None
        self.env = {"JEMBATAN_RESTART_FIRST_MS": "100"}
        self.configure()

    def configure(self):
        self.rig.write_config(dict(self.central, status=self.status), {"aplikasi": {
            "connector": "script", "push": "auto", "start": "all", "every": "1s",
            "options": {"port": self.source.port}}})

    def start(self):
        self.daemon = Daemon(self.rig, self.env).start()

    def kill(self):
        self.daemon.kill()
        self.start()

    def put(self, count):
        for _ in range(count):
            self.count += 1
            n = str(self.count)
            self.source.put({"do": "message", "id": n, "thread": "t" + n,
                             "subject": "Jembatan Sangkuriang " + n,
                             "text": "Papan lantai Tumang lapuk, laporan %s." % n,
                             "author": {"id": "w" + n, "name": "Dayang"}})
        wait_for("%d numbers" % self.count, lambda: len(self.rig.ask("tickets", "pushed")) >=
                 self.count, 60)

    def put_known(self):
        """One more, whose answer arrives."""
        self.count += 1
        self.source.put({"do": "message", "id": str(self.count), "text": "Lampu padam.",
                         "subject": "Lampu padam"})
        wait_for("its number", lambda: self.rig.ask("tickets", "pushed"), 60)

    def tickets(self):
        return self.rig.ask("tickets")

    def say(self, ticket, word, note="", code="0"):
        self.centre.get("/_status/" + ticket["tracking_id"],
                        {"status_code": code, "status_name": word, "note": note})

    def reply(self, ticket, content):
        self.centre.get("/_followup/" + ticket["tracking_id"], {"content": content})

    def explain(self, ticket):
        rows = self.rig.ask("explain", ticket["reference"])
        followed = [r for r in rows if r["type"] == "followed"]
        return {"followed": followed[0] if followed else None,
                "entries": [r for r in rows if r["type"] == "entry"],
                "events": [r for r in rows if r["type"] == "event"]}

    def state_of(self, ticket):
        found = [t for t in self.tickets() if t["reference"] == ticket["reference"]]
        return found[0].get("centre"), found[0].get("says")

    def wait_state(self, ticket, state, seconds=30):
        wait_for("%s of %s" % (state, ticket["reference"]),
                 lambda: self.state_of(ticket)[0] == state, seconds, 0.1)

    def readings(self):
        return self.rig.status("follow")["readings"]

    def wait_readings(self, more):
        """So many further readings, whatever they say."""
        now = self.readings()
        wait_for("%d readings" % more, lambda: self.readings() >= now + more, 30, 0.1)

    def moves(self, ticket):
        return [e["why"] for e in self.explain(ticket)["events"] if e["what"] == "status"]

    def check_silence(self):
        log = self.rig.log_text()
        for path in self.rig.data.rglob("*"):
            content = path.read_bytes() if path.is_file() else b""
            for word in SPYING:
                expect(word.encode() not in content, "%s stands in clear in %s" % (word, path.name))
        for word in SPYING:
            expect(word not in log, "the log holds a citizen's word: %s" % word)

    def close(self, keep):
        if self.daemon and self.daemon.is_alive():
            self.daemon.kill()
        self.source.stop()
        self.centre.stop()
        self.rig.close(keep)


def rank(state):
    return RANK.index(state) if state in RANK else len(RANK)


def check_moves(moves):
    """Each forward, none twice."""
    expect(len(moves) == len(set(moves)), "a move was announced twice: %s" % moves)
    before = -1
    for move in moves:
        now = rank(move.split(" -> ")[1])
        expect(now >= before, "backwards: %s" % moves)
        before = now


def the_way_through(build):
    p = Place(build)
    yield p
    p.start()
    p.put(2)
    one, two = p.tickets()
    p.wait_state(one, "unverified")
    p.say(one, "Terverifikasi", "Diverifikasi oleh {{institution_from}}.<br>Terima kasih", "2")
    p.wait_state(one, "verified")
    p.say(one, "Dalam Proses", "<p>Diteruskan ke {{institution_to}}</p>", "3")
    p.reply(one, "<p>Kami akan memperbaiki lubang jembatan itu.</p>")
    p.wait_state(one, "in_progress")
    wait_for("the follow-up", lambda: any("lubang jembatan" in e["text"]
                                          for e in p.explain(one)["entries"]), 30, 0.1)
    seen = p.explain(one)
    text = " ".join(e["text"] for e in seen["entries"])
    expect("{{" not in text and "<" not in text, "raw text is shown: %s" % text)
    expect("Diverifikasi oleh Admin Contoh." in text, "a placeholder was not filled in: %s" % text)
    expect(seen["followed"]["says"] == "Dalam Proses" and seen["followed"]["code"] == "3",
           "the centre's own words are lost: %s" % seen["followed"])
    p.wait_readings(4)
    again = p.explain(one)
    expect(len(again["entries"]) == len(seen["entries"]), "an entry came twice")
    check_moves(p.moves(one))
    expect([e["what"] for e in again["events"]].count("followed_up") == 1, "announced twice")
    p.say(two, "Ditutup oleh Sistem", "Ditutup oleh Sistem")
    p.wait_state(two, "closed_by_system")
    p.say(one, "Selesai", "Laporan ditutup oleh sistem karena tidak ada tanggapan")
    p.wait_state(one, "closed_by_system")
    status = p.rig.status("follow")
    expect(status["followed"] == 2 and status["states"]["closed_by_system"] == 2
           and status["last_answer_ms"] > 0, "status does not tell: %s" % status)
    plain = p.rig.command("status").stdout
    expect("2 followed" in plain and "closed_by_system" in plain, plain)
    expect("AT THE CENTRE" in p.rig.command("tickets").stdout, "tickets does not tell")
    p.check_silence()
    expect(p.daemon.stop() == 0, "SIGTERM did not end with 0")


def never_backwards(build):
    p = Place(build)
    yield p
    p.start()
    p.put(1)
    one = p.tickets()[0]
    p.say(one, "Terverifikasi")
    p.say(one, "Dalam Proses")
    p.wait_state(one, "in_progress")
    p.centre.fault("old-status:status")  # a copy that lags behind
    wait_for("the late word", lambda: p.state_of(one)[1] == "Terverifikasi", 30, 0.1)
    p.wait_readings(3)
    expect(p.state_of(one)[0] == "in_progress", "a late reading moved it back")
    late = [e for e in p.explain(one)["events"] if e["what"] == "status_late"]
    expect(len(late) == 1, "a late word is told %d times" % len(late))
    rows = p.rig.ask("central", "differences", "--refresh")
    expect([(r["what"], r["ours"], r["theirs"]) for r in rows] ==
           [("status", "in_progress", "verified")],
           "the comparison says: %s" % rows)
    expect(any("central differences" in a for a in p.rig.alarms("central")), "no alarm")
    p.centre.no_faults()
    wait_for("the present word", lambda: p.state_of(one)[1] == "Dalam Proses", 30, 0.1)
    expect(not p.rig.ask("central", "differences", "--refresh"), "the difference stays")
    expect(not any("differences" in a for a in p.rig.alarms("central")), "the alarm stays")
    # A person may take the centre's word.
    p.say(one, "Belum Terverifikasi")
    p.wait_readings(2)
    p.rig.ask("central", "differences", "--refresh")
    p.rig.ask("central", "accept", one["reference"])
    expect(p.state_of(one)[0] == "unverified", "a person's word does not count")
    expect(p.rig.status("follow")["differences"] == 0, "an accepted difference counts")


def unknown_words(build):
    p = Place(build)
    yield p
    p.start()
    p.put(2)
    one, two = p.tickets()
    p.say(one, "Terverifikasi")
    p.wait_state(one, "verified")
    for ticket in (one, two):
        p.say(ticket, "Menunggu Konfirmasi", code="77")
        wait_for("the word", lambda: p.state_of(ticket)[1] == "Menunggu Konfirmasi", 30, 0.1)
    p.wait_readings(3)
    expect(p.state_of(one)[0] == "verified", "an unknown word was guessed")
    words = p.rig.ask("central", "words")
    expect([(w["word"], w["code"]) for w in words] == [("Menunggu Konfirmasi", "77")], str(words))
    expect(any("central words" in a for a in p.rig.alarms("central")), "no alarm")
    expect(p.rig.log_text().count("status word that is not known") == 1, "told more than once")
    p.status["words"] = {"Menunggu Konfirmasi": "in_progress"}
    p.configure()
    p.daemon.stop()
    p.start()
    p.wait_state(one, "in_progress")
    p.wait_state(two, "in_progress")
    wait_for("the end of the alarm", lambda: not p.rig.ask("central", "words"), 30, 0.1)


def pages_that_lie(build):
    elsewhere = Source("log")  # anything that would note a connection
    p = Place(build, centre=("--delay", "1", "--redirect-to",
                             "http://127.0.0.1:%d" % elsewhere.port))
    yield p
    p.start()
    p.put(1)
    one = p.tickets()[0]
    for i in range(25):
        p.reply(one, "Tanggapan ke-%d" % i)
    replies = lambda: [e for e in p.explain(one)["entries"] if e["kind"] == "follow-up"]  # noqa: E731
    for spec in ("next-loop:followups", "wrong-page:followups", "next-away:followups"):
        p.centre.fault(spec)
        p.wait_readings(2)
        expect(len(replies()) <= 25, "%s doubled" % spec)
        p.centre.no_faults()
    wait_for("all follow-ups", lambda: len(replies()) == 25, 30, 0.1)
    p.centre.fault("redirect:status")
    p.centre.fault("redirect:followups")
    before = p.centre.state()["by_operation"]["status"]
    wait_for("questions", lambda: p.centre.state()["by_operation"]["status"] > before + 1, 30)
    p.centre.no_faults()
    p.wait_readings(1)
    expect(elsewhere.waiting() == 0 and not elsewhere.lines, "it went elsewhere")
    elsewhere.stop()


def missing_and_differences(build):
    p = Place(build, status={"follow": True}, central={"route_to": "200203"})
    yield p
    p.start()
    p.put(3)
    one, two, three = p.tickets()
    for ticket in (one, two, three):
        p.wait_state(ticket, "unverified")
    expect(not p.rig.ask("central", "differences", "--refresh"), "a difference where none is")
    p.centre.get("/complaints/process/%s/reject" % two["tracking_id"],
                 {"is_request": 1, "reason": "100101"})
    p.centre.fault("404:/complaints/%s/complaint" % one["tracking_id"])
    p.centre.fault("other-content:/complaints/%s/complaint" % three["tracking_id"])
    rows = p.rig.ask("central", "differences", "--refresh")
    found = sorted((r["what"], r["reference"]) for r in rows)
    expect(found == sorted([("missing", one["reference"]), ("routing", two["reference"]),
                            ("content", three["reference"])]), "the comparison says: %s" % rows)
    expect("compared at" in p.rig.command("central", "differences").stdout, "no time")
    wait_for("the miss", lambda: any(e["what"] == "missing" for e in p.explain(one)["events"]), 30)
    expect(p.state_of(one)[0] == "unverified", "a 404 changed a state")
    wait_for("the move", lambda: [e for e in p.explain(two)["events"] if e["what"] == "moved"], 30)


def the_night_compares(build):
    """By itself, once a night, and again in the next one, also when the clock stood in
    another year meanwhile."""
    soon = time.gmtime(time.time() + (7 + 1) * 3600)  # in an hour, at the centre
    p = Place(build, status={"reconcile_at": time.strftime("%H:%M", soon)})
    yield p
    clock = Clock(p.rig)
    p.env.update(clock.env)
    p.start()
    p.put(2)
    one, two = p.tickets()
    for ticket in (one, two):
        p.wait_state(ticket, "unverified")
    compared = lambda: p.rig.status("follow")["compared_ms"]  # noqa: E731
    asked = lambda what: p.centre.state()["by_operation"][what]  # noqa: E731
    expect(compared() == 0, "it says that it has compared")
    p.centre.fault("other-content:/complaints/%s/complaint" % two["tracking_id"])
    clock.advance(2 * 3600)
    wait_for("the night's comparison", compared, 40)
    found = [(r["what"], r["reference"]) for r in p.rig.ask("central", "differences")]
    expect(found == [("content", two["reference"])], "the comparison says: %s" % found)
    expect(any("central differences" in a for a in p.rig.alarms("central")), "no alarm")
    p.wait_readings(2)
    night = compared()
    years = 4 * 366 * 86400
    clock.advance(years)
    wait_for("the comparison in another year", lambda: compared() > night + 10 ** 10, 40)
    p.centre.no_faults()
    institutions = asked("institutions")
    clock.advance(2 * 86400 - years)
    wait_for("the clock to be noticed", lambda: p.rig.log_text().count("the clock was set by -"), 40)
    wait_for("times that have been", lambda: compared() < night + 10 ** 10, 40)
    back = compared()
    clock.advance(2 * 86400)
    wait_for("the comparison of the night after", lambda: compared() > back, 40)
    expect(not p.rig.ask("central", "differences"), "a difference stays that is none any more")
    wait_for("the lists, a day old", lambda: asked("institutions") > institutions, 40)
    expect(p.daemon.stop() == 0, "SIGTERM did not end with 0")


def institutions(build):
    p = Place(build)
    yield p
    p.start()
    rows = p.rig.ask("central", "institutions", "--refresh")
    expect(len(rows) == 10 and rows[0]["id"] == "100101", "institutions: %s" % rows[:2])
    asked = p.centre.state()["by_operation"]["institutions"]
    p.centre.fault("garbage:institutions")
    p.rig.command("central", "institutions", "--refresh")
    wait_for("the question", lambda: p.centre.state()["by_operation"]["institutions"] > asked)
    expect(len(p.rig.ask("central", "institutions")) == 10, "a broken list replaced a good one")
    p.kill()
    expect(len(p.rig.ask("central", "institutions")) == 10, "the list did not survive")


def budgets(build):
    p = Place(build, status={"daily_budget": 12})
    yield p
    p.start()
    p.put(2)
    wait_for("the day's questions", lambda: p.rig.status("follow")["budget_used"] >= 12, 30)
    used = p.rig.status("follow")["budget_used"]
    p.put(3)  # pushes have their own
    p.kill()
    p.put(1)
    expect(p.rig.status("follow")["budget_used"] <= used + 4, "the day's budget was not kept")
    asked = p.centre.state()["by_operation"]
    expect(asked["status"] + asked["followups"] <= 20, "more questions than the budget: %s" % asked)


def write_export(path, rows, delimiter=";", encoding="utf-8-sig"):
    with open(path, "w", newline="", encoding=encoding) as file:
        out = csv.writer(file, delimiter=delimiter)
        out.writerow(["No", "Tracking ID", "Tanggal Laporan Masuk", "Judul", "Isi Laporan Awal",
                      "Isi Laporan Akhir", "Instansi Terdisposisi", "Status"])
        for n, row in enumerate(rows):
            out.writerow([n + 1, row["id"], row.get("day", time.strftime(
                "%d-%m-%Y %H:%M:%S", time.gmtime(time.time() + 7 * 3600))), row["title"],
                row["content"], row.get("last", ""), "Dinas Contoh", row["status"]])


def import_of_the_export(build):
    p = Place(build, central={"answer_timeout": "1s"})
    yield p
    p.centre.fault("commit-close:create@first=4")
    p.start()
    for _ in range(4):  # a breaker of its own is not what is tried here
        p.count += 1
        p.source.put({"do": "message", "id": str(p.count), "text": "Papan lantai Tumang %d." % p.count,
                      "subject": "Judul %s" % ("kembar" if p.count > 2 else p.count)})
        wait_for("an unknown push", lambda: len(p.rig.ask("tickets", "unknown")) == p.count, 60)
    p.centre.no_faults()
    p.put_known()
    at = {c["reference"]: c for c in p.centre.complaints()}
    unknown = {t["reference"]: t for t in p.rig.ask("tickets", "unknown")}
    known = p.rig.ask("tickets", "pushed")[0]
    rows = [{"id": at[r]["id"], "title": at[r]["title"], "content": at[r]["body"]["content"],
             "status": "Ditutup oleh Sistem"}
            for r in sorted(unknown, key=lambda r: at[r]["id"])]
    one, two = rows[0], rows[1]
    two["content"] = two["content"].split("\n\nRef:")[0]   # only title and day are left
    for twin in rows[2:]:
        twin["content"] = "tanpa rujukan"
    rows.append({"id": known["tracking_id"], "title": "x", "content": "y", "status": "Diarsipkan"})
    rows.append({"id": "7999999", "title": "Judul 2", "content": "dari orang lain\n\nRef: JB-ZZZZZZ",
                 "status": "Selesai"})
    path = p.rig.dir / "export.csv"
    write_export(path, rows)
    ask = lambda *more: p.rig.ask("central", "import", str(path), *more)[-1]  # noqa: E731
    said = ask("--dry-run")
    expect((said["settled"], said["moved"], said["conflicts"]) == (2, 3, 2), "a trial says: %s" % said)
    expect(len(p.rig.ask("tickets", "unknown")) == 4, "a trial changed something")
    said = ask()
    expect((said["rows"], said["settled"], said["others"], said["conflicts"]) == (6, 2, 1, 2), str(said))
    left = {t["reference"] for t in p.rig.ask("tickets", "unknown")}
    wanted = {r for r in unknown if at[r]["title"] == "Judul kembar"}
    expect(left == wanted, "settled: all but %s" % left)
    for ticket in p.rig.ask("tickets", "pushed"):
        expect(ticket["tracking_id"] == str(at[ticket["reference"]]["id"]), "a wrong number")
    expect(p.state_of(known)[0] == "archived", "a status of the export was not taken")
    again = ask()
    expect((again["settled"], again["moved"]) == (0, 0), "a second time changes: %s" % again)
    events = [e["what"] for e in p.explain(known)["events"]]
    expect(events.count("status") <= 2, "told twice: %s" % events)
    for delimiter, encoding in ((",", "utf-16"), ("\t", "windows-1252")):
        write_export(path, rows, delimiter, encoding)
        expect(ask()["rows"] == 6, "%r in %s is not read" % (delimiter, encoding))
    path.write_text("No,Nama\n1,Siapa\n")
    expect(p.rig.command("central", "import", str(path)).returncode == 65, "any file is taken")
    expect(p.rig.command("central", "import", str(path) + ".no").returncode == 66, "no such file")
    expect(one["id"] and not p.centre.state()["doubled"], "a push was doubled")


def a_refused_ticket_is_corrected(build):
    p = Place(build)
    yield p
    p.centre.fault("422:create@first=1")
    p.start()
    p.source.put({"do": "message", "id": "1", "subject": "Lampu", "text": "Lampu padam sejak kemarin."})
    wait_for("the refusal", lambda: p.rig.ask("tickets", "refused"), 30)
    name = p.rig.ask("tickets", "refused")[0]["reference"]
    text = p.rig.dir / "text"
    text.write_text("Lampu jalan di depan balai desa padam sejak kemarin.\n")
    p.rig.ask("tickets", "edit", name, "--title", "Lampu jalan padam", "--text", str(text))
    p.rig.ask("unknown", "resend", str(p.rig.ask("unknown", "list", "--refused")[0]["id"]))
    wait_for("its number", lambda: p.rig.ask("tickets", "pushed"), 30)
    body = p.centre.complaints()[0]["body"]
    expect(body["title"] == "Lampu jalan padam" and body["content"].startswith("Lampu jalan di"),
           "the centre has %s" % body)
    kept = p.rig.ask("review", "show", name)[0]["body"]
    expect(kept["content_original"] == "Lampu padam sejak kemarin." and kept["title_original"] ==
           "Lampu", "what the citizen wrote is lost: %s" % kept)
    expect("edited" in [e["what"] for e in p.explain({"reference": name})["events"]], "no audit")
    expect(p.rig.command("tickets", "edit", name, "--title", "x").returncode == 65, "edited too late")


class TlsDoor:
    """TLS in front of the fake centre, with a certificate of its own authority."""

    def __init__(self, folder, to_port):
        self.folder, self.to_port = folder, to_port
        self.ca, self.other_ca = self.authority("ca"), self.authority("other")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out",
                     "server.csr", "-subj", "/CN=pusat-tiruan")
        (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
        self.openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-CAcreateserial", "-days", "2", "-extfile", "san", "-out", "server.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.handshakes, self.context = 0, context
        threading.Thread(target=self.serve, daemon=True).start()

    def openssl(self, *words):
        done = subprocess.run(["openssl"] + list(words), cwd=self.folder, stderr=subprocess.PIPE)
        expect(done.returncode == 0, "openssl: %s" % done.stderr.decode())

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
                     name + ".key", "-out", name + ".pem", "-subj", "/CN=" + name)
        return str(self.folder / (name + ".pem"))

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        try:
            with self.context.wrap_socket(peer, server_side=True) as inside, \
                    socket.create_connection(("127.0.0.1", self.to_port)) as centre:
                self.handshakes += 1
                back = threading.Thread(target=self.copy, args=(centre, inside), daemon=True)
                back.start()
                self.copy(inside, centre)
                back.join()
        except OSError:
            pass

    @staticmethod
    def copy(source, sink):
        try:
            while True:
                piece = source.recv(65536)
                if not piece:
                    break
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def over_tls(build):
    p = Place(build)
    yield p
    door = TlsDoor(p.rig.dir, int(p.centre.url.rsplit(":", 1)[1]))
    p.central.update(url="https://127.0.0.1:%d" % door.port, ca_file=door.other_ca)
    p.configure()
    p.start()
    p.source.put({"do": "message", "id": "1", "subject": "Lampu", "text": "Lampu padam."})
    p.count = 1
    wait_for("the refusal of a stranger's certificate", lambda: "certificate is not trusted" in
             p.rig.status("central")["last_error"], 30)
    expect(p.centre.state()["requests"] == 0, "it spoke to a centre that it does not trust")
    expect(p.daemon.stop() == 0, "SIGTERM did not end with 0")
    p.central["ca_file"] = door.ca
    p.configure()
    p.start()
    p.put(2)
    p.wait_state(p.tickets()[0], "unverified")
    expect(door.handshakes > 0 and not p.centre.state()["doubled"], "not over TLS")
    p.central["url"] = "https://localhost:%d" % door.port  # the certificate is for 127.0.0.1
    p.daemon.stop()
    p.configure()
    p.start()
    wait_for("the refusal of another host's certificate", lambda: "certificate is not trusted" in
             p.rig.log_text().rsplit("running:", 1)[1], 30)
    door.listener.close()


def killed_all_the_time(build):
    p = Place(build)
    yield p
    rng = random.Random(7)
    p.start()
    p.put(6)
    tickets = p.tickets()
    way = ["Terverifikasi", "Dalam Proses", "Ditindaklanjuti oleh Instansi", "Selesai"]
    faults = ["old-status:status@p=0.3", "502:status@p=0.2", "truncate:status@p=0.2",
              "garbage:followups@p=0.2", "wrong-page:followups@p=0.3", "close:status@p=0.2"]
    for spec in faults:
        p.centre.fault(spec)
    for step, word in enumerate(way):
        for ticket in tickets:
            p.say(ticket, word, "langkah %d" % step)
            p.reply(ticket, "Tanggapan %d untuk lubang jembatan" % step)
        for _ in range(3):
            time.sleep(rng.uniform(0.05, 0.6))  # a moment to be killed in, not to be lucky in
            p.kill()
    p.centre.no_faults()
    for ticket in tickets:
        p.wait_state(ticket, "closed_by_admin", 60)
        wait_for("its follow-ups", lambda: len([e for e in p.explain(ticket)["entries"]
                                                if e["kind"] == "follow-up"]) >= len(way), 60, 0.2)
    p.wait_readings(len(tickets))
    for ticket in tickets:
        seen = p.explain(ticket)
        texts = [(e["kind"], e["at_ms"], e["text"]) for e in seen["entries"]]
        expect(len(texts) == len(set(texts)), "an entry came twice: %s" % ticket["reference"])
        replies = [e for e in seen["entries"] if e["kind"] == "follow-up"]
        expect(len(replies) == len(way), "%d follow-ups, not %d" % (len(replies), len(way)))
        check_moves(p.moves(ticket))
    expect(not p.centre.state()["doubled"], "a push was doubled")
    p.check_silence()


def run(scenario, options):
    steps, place = scenario(pathlib.Path(options.build).resolve()), None
    try:
        place = next(steps)
        next(steps, None)
    finally:
        if place:
            place.close(options.keep)


main_of([the_way_through, never_backwards, unknown_words, pages_that_lie, missing_and_differences,
         the_night_compares,
         institutions, budgets, import_of_the_export, a_refused_ticket_is_corrected, over_tls,
         killed_all_the_time], run, keep=False)
