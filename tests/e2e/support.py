#!/usr/bin/env python3
"""The support bundle: made-up names, telephones, addresses, identity numbers and
tokens are planted everywhere that a person or a plugin could have put them; none
may be in the bundle, and what helps must be."""
import json
import pathlib
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import Centre, Daemon, Rig, Source, elsewhere, expect, main, wait_for  # noqa: E402

NAME, PHONE, MAIL = "Dayang Sumbi", "081298765432", "dayang.sumbi@contoh.invalid"
NIK, TOKEN = "3273014101900001", "tok-9f8e7d6c5b4a39281706"
PLANTED = [NAME, "Dayang", "Sumbi", "dayang", "sumbi", "81298765432", NIK, TOKEN, "9f8e7d6c",
           "Sangkuriang"]
EVERYTHING = "%s %s %s %s %s Sangkuriang" % (NAME, PHONE, MAIL, NIK, TOKEN)


class Place:
    def __init__(self, build):
        self.source = Source("log")
        self.rig = Rig(build, {}, {})
        self.centre = Centre(self.rig)
        instance = {"connector": "script", "push": "review", "start": "all", "every": "1s",
                    "options": {"port": self.source.port}}
        self.rig.write_config(dict(self.centre.settings, answer_timeout="2s"),
                              {"aplikasi": instance}, {"log": {"level": "debug"}})
        self.daemon = Daemon(self.rig, {"JEMBATAN_RESTART_FIRST_MS": "100"}).start()

    def close(self, keep):
        self.daemon.kill()
        self.source.stop()
        self.centre.stop()
        self.rig.close(keep)

    def bundle(self, name):
        path = self.rig.dir / name
        done = self.rig.command("support-bundle", str(path))
        expect(done.returncode == 0, "support-bundle: %d %s" % (done.returncode, done.stderr))
        expect(path.stat().st_mode & 0o777 == 0o600, "others may read the bundle")
        with tarfile.open(path) as tar:
            content = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
        everything = path.read_bytes() + "".join(content).encode() + done.stdout.encode() + \
            done.stderr.encode()
        for word in PLANTED:
            expect(word.encode() not in everything, "%s is in the bundle" % word)
        return {n.replace("jembatan-support/", ""): c.decode() for n, c in content.items()}


def plant_messages(p):
    author = {"id": NIK, "name": NAME, "phone": PHONE, "mail": MAIL}
    p.source.put({"do": "message", "id": TOKEN, "thread": MAIL, "subject": "Jembatan %s" % EVERYTHING,
                  "text": "Papan lapuk. %s %s" % (elsewhere(1), EVERYTHING), "author": author})
    p.source.put({"do": "log", "text": EVERYTHING},
                 {"do": "message", "kind": "unreadable", "id": NAME, "text": EVERYTHING,
                  "raw": EVERYTHING},
                 {"do": "message", "id": "2", "subject": "Lampu %s" % NAME,
                  "text": "%s %s" % (elsewhere(2), EVERYTHING), "author": author})
    wait_for("two tickets", lambda: len(p.rig.ask("tickets")) >= 2)
    for t in p.rig.ask("tickets"):
        p.rig.ask("review", "reject", t["reference"], "--reason", EVERYTHING)
    p.source.put({"do": "return", "result": "retry", "why": "the remote says: " + EVERYTHING})


def plant_settings(p):
    """What a person in a hurry writes: comments, secrets in place, wrong keys."""
    for path in (p.rig.config, p.rig.config.parent / "connectors.d" / "aplikasi.yaml"):
        entry = json.loads(path.read_text())
        entry["catatan " + NAME] = EVERYTHING
        entry[PHONE] = [EVERYTHING]
        if "central" in entry:
            entry["central"].update({
                "secret": TOKEN, "guid": {"file": "/home/dayang/%s" % TOKEN},
                "url": "https://%s:%s@pusat.contoh.invalid:8443/%s?key=%s" % ("dayang", TOKEN, NIK, TOKEN),
                "auth_header": TOKEN, "auth_scheme": NAME, "daily_budget": PHONE, "unknown": NAME,
                "connect_timeout": NIK, "route_to": NIK, "ca_file": "/home/dayang/ca.pem"})
            entry["central"]["defaults"].update({"user_id": PHONE, "channel": NAME})
            entry["central"]["lookup"] = {"url": "https://contoh.invalid\\@dayang/" + TOKEN,
                                          "match": NAME, NIK: NIK}
            entry["data_dir"] = "/home/dayang/data"
            entry["master_key"] = {"file": [TOKEN]}
        else:
            entry.update({"connector": entry["connector"], "every": NIK, "home_region": PHONE,
                          "start": NIK, "profile": NAME})
            entry["options"].update({"password": TOKEN, NAME: EVERYTHING, "port": PHONE,
                                     "user": MAIL, "list": [EVERYTHING]})
        path.write_text("# %s\n%s\n" % (EVERYTHING, json.dumps(entry, indent=1)))


def check_helps(files):
    versions = json.loads(files["versions.json"])
    expect(versions["jembatan"] and versions["kernel"] and "landlock_abi" in versions, "no versions")
    main = json.loads(files["configuration/jembatan.yaml.json"])
    expect(main["log"]["level"] == "debug", "the settings do not show what is harmless")
    expect(main["central"]["secret"] == "(secret: file)", "a secret's source is not told")
    expect(main["central"]["defaults"]["channel"] == "13", "ids at the centre are not shown")
    expect(main["central"]["url"].startswith("http://127.0.0.1"), "the centre's host is not shown")
    instance = json.loads(files["configuration/connectors.d/aplikasi.yaml.json"])
    expect(instance["connector"] == "script" and instance["every"] == "1s", "the instance is not shown")
    expect("email.json" in " ".join(files), "plugins are not described")
    status = [json.loads(line) for line in files["status.jsonl"].splitlines()]
    daemon = [r for r in status if r["type"] == "daemon"][0]
    expect(daemon["messages"] >= 2 and daemon["tickets"]["rejected"] >= 2, "no counts")
    expect([r for r in status if r["type"] == "instance"][0]["confinement"], "no confinement")
    log = [json.loads(line) for line in files["log.jsonl"].splitlines()]
    expect(log[0]["type"] == "schema" and log[0]["version"] >= 1, "no schema version")
    expect(any(r.get("level") == "warning" and r["where"] == "aplikasi" for r in log[1:]),
           "the log is not there")


def run(build, keep):
    p = Place(build)
    try:
        plant_messages(p)
        alarm = wait_for("the alarm of the instance", lambda: p.rig.alarms("aplikasi"))[0]
        expect("the remote says: " in alarm and not any(w in alarm for w in (PHONE, MAIL, NIK)),
               "the connector's sentence is shown as it is: %s" % alarm)
        check_helps(p.bundle("one.tar"))
        expect(p.rig.command("support-bundle", str(p.rig.dir / "one.tar")).returncode == 73,
               "it writes over what is there")
        plant_settings(p)
        done = p.rig.command("--socket", str(p.rig.dir / "run" / "control.sock"), "support-bundle",
                             str(p.rig.dir / "two.tar"))
        expect(done.returncode == 0, "wrong settings stop the bundle: %s" % done.stderr)
        files = p.bundle("three.tar")  # and the daemon is not found by these settings
        main = files["configuration/jembatan.yaml.json"]
        expect("written in place" in main, "a secret in place is not told")
        expect("unknown key" in main, "an unknown key is not told")
        with tarfile.open(p.rig.dir / "two.tar") as tar:
            whole = b"".join(tar.extractfile(m).read() for m in tar.getmembers())
        for word in PLANTED:
            expect(word.encode() not in whole, "%s is in the bundle of wrong settings" % word)
    finally:
        p.close(keep)
    print("support: %d words planted, none in three bundles" % len(PLANTED))


main(run)
