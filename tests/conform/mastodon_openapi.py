#!/usr/bin/env python3
"""The connector for Mastodon and our fake of its API, refereed by Prism with
Mastodon's OpenAPI: it stands between the two and refuses what is not in the
document, from either side. A command of its own, outside ./check:

    npm i --ignore-scripts @stoplight/prism-cli@5.16.0
    tests/conform/mastodon_openapi.py --build BUILD --spec SCHEMA --prism node_modules/.bin/prism

SCHEMA: dist/schema.json of github.com/abraham/mastodon-openapi, which is made from
Mastodon's documentation.
"""
import argparse
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import social  # noqa: E402
from rig import Failed, end_with_us, expect, wait_for  # noqa: E402

NOTIFICATIONS, LOOK = "/api/v1/notifications", "/api/v1/statuses/{id}"
POST, WHO = "/api/v1/statuses", "/api/v1/accounts/verify_credentials"
ASKED = {NOTIFICATIONS: "get", LOOK: "get", LOOK + "/context": "get", POST: "post", WHO: "get"}


def cut(spec, out):
    """What we ask for. The document says that a key in a header is an object: over
    that Prism falls."""
    whole = json.load(open(spec))
    whole["paths"] = {p: {m: whole["paths"][p][m]} for p, m in ASKED.items()}
    for parameter in whole["paths"][POST]["post"]["parameters"]:
        if parameter["name"] == "Idempotency-Key":
            parameter["schema"] = {"type": "string"}
    out.write_text(json.dumps(whole))


def wrong_queries(spec, log):
    """Mastodon sends an array as name[]=; Prism does not find that under its name."""
    whole = json.load(open(spec))
    enum = whole["components"]["schemas"]["NotificationTypeEnum"]["enum"]
    known = {p["name"] for p in whole["paths"][NOTIFICATIONS]["get"]["parameters"]}
    seen = {pair for query in re.findall(re.escape(NOTIFICATIONS) + r"\?(\S+?)\.\.\.", log)
            for pair in urllib.parse.parse_qsl(query)}
    wrong = [name for name, value in seen if name.removesuffix("[]") not in known or
             (name == "types[]" and value not in enum)]
    return wrong if ("types[]", "mention") in seen else wrong + ["types[]=mention is never asked"]


class Prism:
    def __init__(self, o):
        self.o = o

    def __call__(self, rig, url):
        """Before this fake; its URL."""
        spec = rig.dir / "mastodon.json"
        cut(self.o.spec, spec)
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
        self.log = rig.dir / "prism.out"
        self.process = subprocess.Popen(
            [self.o.prism, "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port), str(spec), url],
            stdout=open(self.log, "w"), stderr=subprocess.STDOUT, preexec_fn=end_with_us)
        rig.stoppers.append(self.stop)
        wait_for("Prism", lambda: "is listening on" in self.log.read_text(), 120)
        return "http://127.0.0.1:%d" % port

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        text = self.log.read_text()
        self.seen = text.count("equest received")
        self.wrong = [line for line in text.splitlines() if "iolation" in line] + \
            wrong_queries(self.o.spec, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--spec", required=True)
    parser.add_argument("--prism", required=True)
    parser.add_argument("--keep", action="store_true")
    o = parser.parse_args()
    prism, began = Prism(o), time.monotonic()
    try:
        social.run(o.build, o.keep, prism)
        expect(prism.seen > 8, "Prism has seen nothing")
        expect(not prism.wrong, "\n".join(prism.wrong[:10]))
    except Failed as why:
        print("FAILED  %s" % why)
        return 1
    print("passed  %5.1f s, %d requests" % (time.monotonic() - began, prism.seen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
