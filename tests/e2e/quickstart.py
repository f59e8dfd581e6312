#!/usr/bin/env python3
"""The show behind ./quickstart: real processes, made-up complaints."""
import argparse
import base64
import email.message
import email.utils
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

DEADLINE_S = 60


def wait_for(what, claim):
    """Wait until claim() is true; a deadline, never a hope."""
    until = time.monotonic() + DEADLINE_S
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > until:
            raise SystemExit("quickstart: waited %d s in vain for %s" % (DEADLINE_S, what))
        time.sleep(0.05)


def get_json(url, data=None):
    body = json.dumps(data).encode() if data is not None else None
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


class Peer:
    """A program that prints `listening on URL` first."""

    def __init__(self, argv, log):
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        if "http://" not in line:
            raise SystemExit("quickstart: %s did not start, see %s" % (argv[0], log.name))
        self.url = line[line.index("http://"):].strip()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def mail_of(entry, number):
    m = email.message.EmailMessage()
    user = entry["name"].lower().replace(" ", ".")
    m["From"] = email.utils.formataddr((entry["name"], user + "@contoh.invalid"))
    m["To"] = "lapor@dinas-contoh.invalid"
    m["Subject"] = entry["subject"]
    m["Date"] = email.utils.formatdate(time.time() - 60 * number)
    if entry["form"] != "noid":
        m["Message-ID"] = "<contoh-%d@contoh.invalid>" % number
    if entry["form"] == "html":
        m.set_content("<html><body><p>%s</p><p>Salam,<br>%s</p></body></html>"
                      % (entry["text"], entry["name"]), subtype="html")
    elif entry["form"] == "base64":
        m.set_content(entry["text"] + "\n", cte="base64")
    else:
        m.set_content(entry["text"] + "\n")
    if entry["form"] == "attachment":
        # The smallest PNG there is: one pixel.
        pixel = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
                                 "DwADhgGAWjR9awAAAABJRU5ErkJggg==")
        m.add_attachment(pixel, maintype="image", subtype="png", filename="foto-lokasi.png")
    return m.as_bytes()


AUTOMATIC = (b"From: MAILER-DAEMON@contoh.invalid\r\nTo: lapor@dinas-contoh.invalid\r\n"
             b"Subject: Undelivered Mail\r\nAuto-Submitted: auto-replied\r\n"
             b"Message-ID: <bounce-1@contoh.invalid>\r\n\r\nTidak terkirim.\r\n")


class Mailbox:
    def __init__(self, path):
        self.path = path
        for part in ("new", "cur", "tmp"):
            (path / part).mkdir(parents=True)
        self.count = 0

    def deliver(self, content):
        self.count += 1
        name = "%d.%d.contoh" % (time.time(), self.count)
        (self.path / "tmp" / name).write_bytes(content)
        (self.path / "tmp" / name).rename(self.path / "new" / name)


def record_of(entry, number, app_url):
    photos = [{"url": "%s/photos/%d.png" % (app_url, number)}] if number % 5 == 3 else []
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"id": str(5571685772206590000 + number), "title": entry["title"],
            "description": entry["text"], "user_name": "Warga %02d" % number,
            "user_phone": "0812%08d" % (1000000 + number * 7919), "created_at": now,
            "updated_at": now, "complaint_status_id": "verified", "is_secret": False,
            "is_anonymous": number % 7 == 0, "province_name": "Jawa Barat",
            "photos": photos, "city_name": "Kabupaten Bandung", "address_detail": "RT %02d" % (number % 9 + 1)}


CONFIG = """\
# Made by ./quickstart. The installed example explains every key.
data_dir: {run}/data
run_dir: {run}/run
plugin_dir: {installed}/lib/jembatan/plugins
profile_dir: {installed}/share/jembatan/profiles
log: {{level: info}}
central:
  type: lapor_v3
  url: {centre}
  secret: {{file: {run}/secrets/centre}}
  guid: {{file: {run}/secrets/guid}}
  defaults:
    channel: "13"
    classification_id: "6"
    category_id: "1"
    disposition_id: "151345"
    location_id: "32"
    user_id: "1"
"""

MAIL = """\
connector: email
push: auto       # the preset for mail is review: a person accepts each one
start: all
every: 1s
options:
  source: maildir
  maildir: {run}/mailbox
"""

AGENCY = """\
profile: sapawarga
push: auto
start: all
every: 1s
options:
  url: {app}/aduan/complaints
  token_url: {app}/oauth/token
  client_id: jembatan
  client_secret: {{file: {run}/secrets/app}}
"""


def write_config(run, installed, centre, app):
    values = {"run": run, "installed": installed, "centre": centre, "app": app}
    (run / "etc" / "connectors.d").mkdir(parents=True)
    (run / "secrets").mkdir(mode=0o700)
    for name, text in (("centre", "rahasia-contoh"), ("app", "rahasia-aplikasi"),
                       ("guid", "{00000000-0000-4000-8000-000000000001}")):
        path = run / "secrets" / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")
    etc = run / "etc"
    (etc / "jembatan.yaml").write_text(CONFIG.format(**values))
    (etc / "connectors.d" / "surat-dinas.yaml").write_text(MAIL.format(**values))
    (etc / "connectors.d" / "aplikasi-warga.yaml").write_text(AGENCY.format(**values))
    return etc / "jembatan.yaml"


class Daemon:
    def __init__(self, installed, config, run):
        self.command = [str(installed / "bin" / "jembatan"), "--config", str(config)]
        self.log = open(run / "jembatand.log", "w")
        self.process = subprocess.Popen([str(installed / "sbin" / "jembatand"), "--config",
                                         str(config)], stderr=self.log)

    def ask(self, *words):
        done = subprocess.run(self.command + ["--json"] + list(words), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def status(self):
        if self.process.poll() is not None:
            raise SystemExit("quickstart: the daemon ended, see %s" % self.log.name)
        rows = self.ask("status")
        return next((r for r in rows if r["type"] == "daemon"), None)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def show_progress(status, total):
    pushed = status["tickets"].get("pushed", 0)
    bar = "#" * (30 * pushed // total)
    text = "\r[%-30s] %2d of %d have a number; %d redeliveries recognised " % (
        bar, pushed, total, status["repeats"])
    if sys.stdout.isatty():
        print(text, end="", flush=True)
    return pushed


def feed(data, mailbox, app, daemon):
    """All complaints, with redeliveries among them; returns how many there are."""
    total = len(data["mails"]) + len(data["records"])
    mails = [mail_of(m, n) for n, m in enumerate(data["mails"])]
    for number in range(max(len(mails), len(data["records"]))):
        if number < len(mails):
            mailbox.deliver(mails[number])
            if number % 4 == 0:
                mailbox.deliver(mails[number])  # the same mail again
        if number < len(data["records"]):
            record = record_of(data["records"][number], number, app.url)
            get_json(app.url + "/_add", record)
            if number % 5 == 0:
                get_json(app.url + "/_add", dict(record, complaint_status_id="followup"))
        if number % 5 == 4:
            show_progress(daemon.status(), total)
    mailbox.deliver(AUTOMATIC)
    return total


def print_table(daemon, centre, total):
    held = {str(c["id"]): c for c in centre["complaints"]}
    tickets = daemon.ask("tickets", "pushed")
    names = {"surat-dinas": "e-mail", "aplikasi-warga": "aplikasi"}
    print("\n%-9s  %-32s  %-9s  %s" % ("KANAL", "JUDUL", "TIKET", "NOMOR"))
    matched = 0
    for t in tickets:
        same = str(t["tracking_id"]) in held
        matched += same
        print("%-9s  %-32s  %-9s  %s%s" % (names.get(t["instance"], t["instance"]),
              (t["title"] or "")[:32], t["reference"], t["tracking_id"], "" if same else "  ?"))
    print("\n%d complaints fed in, %d tickets, %d held by the centre, %d doubled."
          % (total, len(tickets), len(held), len(centre["doubled"])))
    return matched == len(tickets) == len(held) == total and not centre["doubled"]


NEXT = """
What now?
  ./quickstart --stay   keeps all of it running: look at the centre's page, and try
     {jembatan} \\
       --config {config} status
  To point it at the real thing, edit a copy of
     {config}
       central.url, secret, guid   what came with the agency's account
       central.defaults            your channel, category and institution
     {connectors}/*.yaml
                                   your mailbox or app; explained in
     {share}/connectors.d
  or install it as README.md says and begin in /etc/jembatan. `jembatan check` says what
  is missing; `jembatan preview` shows what a sample becomes; without `start:` only what
  is new is taken, and without `push:` mail waits for `jembatan review`."""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--installed", type=pathlib.Path, required=True)
    parser.add_argument("--fakeapp", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--stay", action="store_true", help="keep all running until Ctrl-C")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    shutil.rmtree(args.work, ignore_errors=True)
    args.work.mkdir(parents=True)
    os.chmod(args.work, 0o700)
    data = json.loads(args.data.read_text())
    peers_log = open(args.work / "peers.log", "w")
    bin_dir = args.installed / "bin"
    centre = Peer([str(bin_dir / "jembatan-fakecentre"), "--listen", "127.0.0.1:0", "--quiet"],
                  peers_log)
    app = Peer([str(args.fakeapp), "--listen", "127.0.0.1:0"], peers_log)
    mailbox = Mailbox(args.work / "mailbox")
    daemon = Daemon(args.installed, write_config(args.work, args.installed, centre.url, app.url),
                    args.work)
    try:
        wait_for("the daemon", daemon.status)
        print("running: a fake centre (%s), an agency app, a mailbox, the daemon" % centre.url)
        total = feed(data, mailbox, app, daemon)
        wait_for("the tracking numbers", lambda: show_progress(daemon.status(), total) >= total)
        good = print_table(daemon, get_json(centre.url + "/_state"), total)
        print(NEXT.format(jembatan=args.installed / "bin" / "jembatan",
                          config=args.work / "etc" / "jembatan.yaml",
                          connectors=args.work / "etc" / "connectors.d",
                          share=args.installed / "share" / "jembatan"))
        if args.stay:
            print("\nThe centre's page: %s   (Ctrl-C ends it all)" % centre.url, flush=True)
            signal.pause()
    finally:
        daemon.stop()
        app.stop()
        centre.stop()
    if not good:
        raise SystemExit("quickstart: the two lists differ: this is a bug")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
