#!/usr/bin/env python3
"""One person who wrote by WhatsApp, mail, an app and a social network, was answered and
heard from the centre: nothing of him stands in clear in any file, in whatever encoding,
while the daemon works; and once he is erased everywhere, none of the keys either."""
import base64
import email.message
import email.utils
import hashlib
import json
import pathlib
import quopri
import sqlite3
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from letters import Office  # noqa: E402
from rig import UnixConnection, elsewhere, expect, main, private, wait_for  # noqa: E402
from whatsapp import (ACCOUNT, NUMBER, SECRET, TOKEN, WORD, Cloud, message,  # noqa: E402
                      signed, webhook)

NAME, NIK = "Nyai Rangkuti", "3204015203850007"
WA, SPELT = "6281190007766", "0811-9000-7766"
MAIL, HANDLE = "nyai.rangkuti@contoh.invalid", "nyairangkuti"
KEY = "kunci-uji-pengaduan-0123456789"
STREET = "Tirtamulyasari"
TROUBLE = ("Tiang listrik miring di Jalan %s No. 12 RT 3 RW 5 Kelurahan Sukajaya, hampir roboh ke rumah "
           "warga sejak dua minggu lalu. Hubungi saya di " % STREET + SPELT + ", NIK " + NIK + ".")
IDS = ["wamid.UJI00031", "surat-31", "app-31-rangkuti", "113311"]
WORDS = ["Rangkuti", "rangkuti", STREET, "81190007766", "1190007766", NIK, HANDLE, "0811-9000-7766"] + IDS


class Place(Office):
    """The mail office, and beside it the other ways."""

    def __init__(self, build):
        super().__init__(build)
        rig = self.rig
        self.cloud = Cloud(rig)
        rig.stoppers.append(self.cloud.stop)
        self.socket = str(rig.dir / "web.sock")
        reply = {"send": "on", "quiet": ""}
        rig.write_instance("wa", {
            "connector": "whatsapp", "push": "auto", "start": "all", "replies": reply,
            "options": {"phone_number_id": NUMBER, "business_account_id": ACCOUNT,
                        "app_secret": rig.secret("app.secret", SECRET),
                        "verify_token": rig.secret("verify.token", WORD),
                        "access_token": rig.secret("access.token", TOKEN),
                        "graph_url": self.cloud.url, "media_hosts": [self.cloud.url]}})
        rig.write_instance("lapor", {"connector": "intake", "push": "review", "options": {
            "keys": {"aplikasi": rig.secret("api.key", KEY)}}})
        rig.write_instance("sosial", {
            "connector": "social", "push": "review", "start": "all",
            "options": {"network": "mastodon", "url": "https://contoh.example", "api": False}})
        main = json.loads(rig.config.read_text())
        main.update({"web": {"listen": "unix:" + self.socket}, "log": {"level": "debug"}})
        rig.config.write_text(json.dumps(main))

    def start(self):
        super().start()
        wait_for("jembatan-web", lambda: (self.rig.status("web") or {}).get("state") == "serving")
        return self

    def post(self, path, body, headers):
        connection = UnixConnection(self.socket, 60)
        try:
            connection.request("POST", path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def by_whatsapp(self, number, kind, body, **more):
        hook = webhook(message(number, kind, body, WA, at=int(time.time()) + 1, **more))
        for contact in hook["entry"][0]["changes"][0]["value"]["contacts"]:
            contact["profile"]["name"] = NAME
        raw = json.dumps(hook).encode()
        expect(self.post("/hook/wa", raw, signed(raw)) == 200, "WhatsApp was not taken")

    def by_mail(self, number, text, sender=MAIL, file_name=None):
        m = email.message.EmailMessage()
        m["From"] = email.utils.formataddr((NAME, sender))
        m["To"], m["Subject"] = "pengaduan@pengaduan.test", "Tiang listrik " + NAME
        m["Message-ID"] = "<surat-%d@contoh.invalid>" % number
        m.set_content(text + "\n")
        if file_name:
            m.add_attachment(b"%PDF-1.4 " + NAME.encode() * 50, maintype="application", subtype="pdf",
                             filename=file_name)
        self.arrives("pengaduan", m.as_string())

    def by_app(self, form):
        status = self.post("/intake/lapor", json.dumps(form), {
            "Content-Type": "application/json", "Authorization": "Bearer " + KEY,
            "Idempotency-Key": "kunci-" + HANDLE})
        expect(status == 202, "the app was not taken: %d" % status)

    def by_hand(self, text):
        sheet = self.rig.dir / "posts.csv"
        sheet.write_text("Tautan;Isi;Akun;Waktu\nhttps://contoh.example/@%s/113311;%s;%s;21/11/2026 08:00\n"
                         % (HANDLE, text, HANDLE))
        done = self.rig.command("intake", "add", "--instance", "sosial", "--csv", str(sheet))
        expect(done.returncode == 0, "intake add: %s" % done)

    def files(self):
        """What lies under data_dir and run_dir, and the log, by name."""
        paths = [p for folder in (self.rig.data, self.rig.dir / "run") for p in folder.rglob("*")
                 if p.is_file()] + [self.rig.dir / "daemon.log"]
        return {str(p): p.read_bytes() for p in paths}

    def erase(self, who, *more):
        return subprocess.run([str(self.rig.build / "jembatan"), "--config", str(self.rig.config),
                               "--json", "erase", "--person", "-", *more], input=who + "\n", text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              env=self.rig.environment())


def spellings(word):
    """The word as it could stand in a file: encoded, packed, digested."""
    plain = word.encode()
    yield from (plain, word.encode("utf-16-le"), word.encode("utf-16-be"), plain.hex().encode(),
                plain.hex().upper().encode(), urllib.parse.quote(word).encode(),
                quopri.encodestring(plain), json.dumps(word)[1:-1].encode(), plain[::-1])
    for begin in range(3):  # base64 of a text that holds it anywhere
        yield base64.b64encode(b"x" * begin + plain)[4 if begin else 0:-4]
    for name in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(name, plain)
        yield from (digest.digest(), digest.hexdigest().encode())


def nowhere(p, where):
    phones = ["+" + WA, WA, "0" + WA[2:], WA[2:]]
    needles = {(word, s) for word in WORDS + phones + [NAME, MAIL, NAME.upper()]
               for s in spellings(word) if len(s) >= 6}
    for name, content in p.files().items():
        for word, needle in needles:
            expect(needle not in content, "%s: %s stands in %s as %r" % (where, word, name, needle))


def everybody_writes(p):
    p.by_whatsapp(31, "text", {"body": TROUBLE})
    wait_for("the first ticket", lambda: p.rig.ask("tickets", "pushed"), 60)
    p.by_whatsapp(32, "document", {"id": "1200000000000001", "mime_type": "application/pdf",
                                   "filename": "KTP %s %s.pdf" % (NAME, NIK), "caption": "KTP " + NAME})
    p.by_whatsapp(33, "hologram", {"text": TROUBLE})  # nobody can read that
    p.by_mail(31, TROUBLE, file_name="Surat %s %s.pdf" % (NAME, NIK))
    p.by_app({"text": TROUBLE, "id": "app-31-rangkuti", "subject": NAME + " " + SPELT,
              "author": {"name": NAME, "phone": SPELT, "mail": MAIL, "identity_number": NIK},
              "attachments": [{"name": NAME + ".pdf", "type": "application/pdf",
                               "data": base64.b64encode(b"%PDF-1.4 " + TROUBLE.encode()).decode()}]})
    p.by_hand(TROUBLE)
    p.arrives("pengaduan", "From: Lain <lain@contoh.invalid>\nMessage-ID: <lain-1@contoh.invalid>\n"
              "Subject: Lampu\n\n%s\n" % elsewhere(4))
    wait_for("all to be decided", lambda: p.rig.query(
        "SELECT count(*), sum(stage = 0) FROM message") [0] == (7, 0) or None, 60)
    wait_for("the pushes", lambda: not p.rig.query("SELECT 1 FROM outbox WHERE state <> 2"), 60)


def the_centre_answers(p):
    """It names the person too."""
    for ticket in p.rig.ask("tickets", "pushed"):
        p.centre.get("/_status/" + ticket["tracking_id"], {
            "status_code": "0", "status_name": "Dalam Proses", "note": "Ibu %s (%s)" % (NAME, NIK)})
        p.centre.get("/_followup/" + ticket["tracking_id"], {
            "content": "Yth. Ibu %s di Jalan %s, %s" % (NAME, STREET, SPELT)})
    wait_for("what the centre said", lambda: p.rig.query(
        "SELECT count(*) FROM follow_entry WHERE kind = 1")[0][0] >= 2, 60)
    wait_for("letters", lambda: p.letters("nyai.rangkuti") and p.cloud.state()["sent"], 60)


def keys_of(p):
    """What sealed everything of this person, as it stands on the disk."""
    db = sqlite3.connect("file:%s?mode=ro" % (p.rig.data / "jembatan.db"), uri=True)
    try:
        return [row[0] for row in db.execute(
            "SELECT wrapped FROM message_body WHERE message_id <= 6 UNION ALL"
            " SELECT wrapped FROM quarantine")]
    finally:
        db.close()


def commands(p):
    """What is listed or handed on shows no number and no address."""
    for words in (["tickets"], ["review", "list"], ["duplicates", "list"], ["replies", "list"],
                  ["quarantine", "list"], ["unknown", "list"], ["central", "differences"],
                  ["central", "words"], ["access", "list"], ["backup", "--list"], ["status"]):
        for more in ([], ["--json"]):
            said = p.rig.command(*more, *words)
            expect(said.returncode == 0, "%s: %s" % (words, said))
            for word in (NIK, SPELT, WA[2:], MAIL, HANDLE):
                expect(word not in said.stdout + said.stderr, "%s shows %s" % (words, word))
    connection = UnixConnection(p.socket, 30)
    connection.request("GET", "/metrics")
    told = connection.getresponse().read().decode()
    connection.close()
    told += json.dumps([c["body"]["content"] + c["body"]["title"] for c in p.centre.complaints()])
    for word in (NIK, SPELT, WA[2:], MAIL):
        expect(word not in told, "%s is in the metrics or at the centre" % word)
    path = p.rig.dir / "bundle.tar"
    expect(p.rig.command("support-bundle", str(path)).returncode == 0, "support-bundle")
    for word in WORDS + [NAME, MAIL]:
        expect(word.encode() not in path.read_bytes(), "the bundle holds %s" % word)


def run(build, keep):
    private(NAME, NIK, STREET, MAIL, HANDLE, TROUBLE[:40], *IDS)
    p = Place(build).start()
    try:
        everybody_writes(p)
        the_centre_answers(p)
        nowhere(p, "at work")
        commands(p)
        files = [f.read_bytes()[:64] for f in (p.rig.data / "spool" / "keep").iterdir()]
        keys = keys_of(p)
        whole = b"".join(p.files().values())
        expect(len(keys) == 7 and all(k in whole for k in keys) and len(files) == 3,
               "not where this test looks: %d keys, %d files" % (len(keys), len(files)))
        wait_for("what he is told to be on its way no more",
                 lambda: not p.rig.query("SELECT 1 FROM reply WHERE state IN (0, 1) UNION ALL"
                                          " SELECT 1 FROM reply_news"), 30)
        letters = len(p.letters("nyai.rangkuti"))
        found = {}
        for who, count in ((SPELT, 4), (MAIL, 1), (HANDLE, 1)):
            done = p.erase(who)
            expect(done.returncode == 0, "erase: %s" % done)
            found = json.loads(done.stdout.splitlines()[0])
            expect(found["messages"] == count and found["found"] == 0, "%s: %s" % (who, found))
        nowhere(p, "erased")
        whole = b"".join(p.files().values())
        expect(not [k for k in keys if k in whole], "a destroyed key is in a file")
        expect(not [f for f in files if f in whole], "a file of his is here still")
        expect(p.rig.query("SELECT count(*) FROM message_body WHERE wrapped IS NOT NULL") == [(1,)],
               "somebody else was erased")
        expect(not p.rig.query("SELECT 1 FROM duplicate WHERE message_id <= 6 AND fingerprint NOT NULL"),
               "a fingerprint of his is here still")
        expect(not p.rig.query("SELECT 1 FROM reply WHERE message_id <= 6 AND state IN (0, 1, 6)"),
               "he is still to be told something")
        p.daemon.kill()
        p.start()
        nowhere(p, "after a kill")
        expect(len(p.letters("nyai.rangkuti")) == letters, "he got a letter after he was erased")
    finally:
        p.close() if not keep else p.daemon.kill()
    print("one_person: four channels, %d spellings of each word, nothing in any file" %
          len(list(spellings(NAME))))


if __name__ == "__main__":
    main(run)
