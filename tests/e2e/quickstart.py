#!/usr/bin/env python3
"""The show behind ./quickstart: real processes, made-up complaints."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import citizens

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
  status: {{new_every: 1s, reconcile_at: ""}}   # to show them at once; every few minutes is usual
  defaults:
    channel: "13"
    classification_id: "6"
    category_id: "1"
    disposition_id: "151345"
    location_id: "32"
    user_id: "1"
web: {{listen: "{web}"}}                # webhooks; nginx stands before it
replies: {{office: Dinas Contoh}}
"""

MAIL = """\
connector: email
push: auto       # the preset for mail is review: a person accepts each one
start: all
every: 1s
options:
  source: maildir
  maildir: {run}/mailbox
  smtp_url: {post}
  from: Dinas Contoh <lapor@dinas-contoh.invalid>
replies: {{send: on, quiet: ""}}
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

WHATSAPP = """\
connector: whatsapp
push: auto
start: all
gather: 2s       # a text, then a photo: one complaint; people need 3m
options:
  phone_number_id: "{number}"
  app_secret: {{file: {run}/secrets/meta}}
  verify_token: {{file: {run}/secrets/verify}}
  access_token: {{file: {run}/secrets/token}}
  graph_url: {cloud}
  media_hosts: ["{cloud}"]
replies: {{send: on, quiet: ""}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def write_config(run, installed, **urls):
    values = dict(urls, run=run, installed=installed, number=citizens.NUMBER)
    (run / "etc" / "connectors.d").mkdir(parents=True)
    (run / "secrets").mkdir(mode=0o700)
    for name, text in (("centre", "rahasia-contoh"), ("app", "rahasia-aplikasi"),
                       ("guid", "{00000000-0000-4000-8000-000000000001}"),
                       ("meta", citizens.APP_SECRET), ("verify", citizens.VERIFY),
                       ("token", citizens.TOKEN)):
        path = run / "secrets" / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")
    etc = run / "etc"
    (etc / "jembatan.yaml").write_text(CONFIG.format(**values))
    for name, text in (("surat-dinas", MAIL), ("aplikasi-warga", AGENCY), ("whatsapp", WHATSAPP)):
        (etc / "connectors.d" / (name + ".yaml")).write_text(text.format(**values))
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
        return next((r for r in self.ask("status") if r["type"] == "daemon"), None)

    def is_serving(self):
        """It runs, takes webhooks, and knows two channels to answer on."""
        rows = self.ask("status") if self.status() else []
        return (len([r for r in rows if r["type"] == "way"]) == 2 and
                any(r["type"] == "web" and r["state"] == "serving" for r in rows))

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


def feed(data, mailbox, app, hook, daemon):
    """All complaints, with redeliveries among them; returns how many there are."""
    mails = [citizens.mail_of(m, n) for n, m in enumerate(data["mails"])]
    chats, records = data["chats"], data["records"]
    total = len(mails) + len(records) + len(chats)
    for number in range(max(len(mails), len(records), len(chats))):
        again = 2 if number % 4 == 0 else 1  # some arrive twice
        if number < len(mails):
            for _ in range(again):
                mailbox.deliver(mails[number])
        if number < len(chats):
            for message in citizens.messages_of(chats[number], number) * again:
                citizens.send_webhook(hook, message, chats[number]["name"])
        if number < len(records):
            record = citizens.record_of(records[number], number, app.url)
            get_json(app.url + "/_add", record)
            if number % 5 == 0:
                get_json(app.url + "/_add", dict(record, complaint_status_id="followup"))
        if number % 5 == 4:
            show_progress(daemon.status(), total)
    mailbox.deliver(citizens.AUTOMATIC)
    return total


def print_table(daemon, centre, total):
    held = {str(c["id"]): c for c in centre["complaints"]}
    tickets = daemon.ask("tickets", "pushed")
    names = {"surat-dinas": "e-mail", "aplikasi-warga": "aplikasi"}
    tickets.sort(key=lambda t: t["instance"])
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


def show_replies(data, daemon, centre_url, post, cloud_url):
    """Wait until each mail and chat has its number, move two on at the centre, and show
    what those two citizens read."""
    def heard(name):
        return list(post.replies() if name == "surat-dinas" else citizens.whatsapp_replies(cloud_url))

    def about(name, words, number=""):
        return [r for r in heard(name) if words in r[2] and number in r[2]]

    tickets = daemon.ask("tickets", "pushed")
    for name, complaints in (("surat-dinas", data["mails"]), ("whatsapp", data["chats"])):
        wait_for("the numbers to reach the citizens",
                 lambda: len(about(name, "dengan nomor")) >= len(complaints))
        number = str(next(t["tracking_id"] for t in tickets if t["instance"] == name))
        get_json("%s/_status/%s" % (centre_url, number),
                 {"status_code": "0", "status_name": "Dalam Proses", "note": ""})
        wait_for("the state to reach the citizen", lambda: about(name, "sedang diproses", number))
        print("\n%d replies by %s; what one citizen reads there:"
              % (len(heard(name)), "e-mail" if name == "surat-dinas" else "WhatsApp"))
        for to, subject, text in about(name, "", number):
            print("    to %s%s" % (to, "  " + subject if subject else ""))
            for line in text.strip().split("\n\n")[0].splitlines():
                print("      | " + line)


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
    parser.add_argument("--fakes", type=pathlib.Path, required=True, help="where they were built")
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
    app = Peer([str(args.fakes / "jembatan-fakeapp"), "--listen", "127.0.0.1:0"], peers_log)
    cloud = Peer([str(args.fakes / "jembatan-fakecloud"), "--quiet", "--token", citizens.TOKEN,
                  "--number", citizens.NUMBER], peers_log)
    post = citizens.PostOffice(args.work / "letters")
    mailbox = citizens.Mailbox(args.work / "mailbox")
    web = "127.0.0.1:%d" % free_port()
    daemon = Daemon(args.installed, write_config(args.work, args.installed, centre=centre.url,
                                                 app=app.url, cloud=cloud.url, post=post.url,
                                                 web=web), args.work)
    try:
        wait_for("the daemon", daemon.is_serving)
        print("running: a fake centre (%s), an agency app, a mailbox, a mail server,\n"
              "  a fake of WhatsApp's API, the daemon with its webhooks (http://%s)" % (centre.url, web))
        total = feed(data, mailbox, app, "http://%s/hook/whatsapp" % web, daemon)
        wait_for("the tracking numbers", lambda: show_progress(daemon.status(), total) >= total)
        good = print_table(daemon, get_json(centre.url + "/_state"), total)
        show_replies(data, daemon, centre.url, post, cloud.url)
        print(NEXT.format(jembatan=args.installed / "bin" / "jembatan",
                          config=args.work / "etc" / "jembatan.yaml",
                          connectors=args.work / "etc" / "connectors.d",
                          share=args.installed / "share" / "jembatan"))
        if args.stay:
            print("\nThe centre's page: %s   (Ctrl-C ends it all)" % centre.url, flush=True)
            signal.pause()
    finally:
        for one in (daemon, app, cloud, post, centre):
            one.stop()
    if not good:
        raise SystemExit("quickstart: the two lists differ: this is a bug")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
