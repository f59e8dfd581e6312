#!/usr/bin/env python3
"""The connector for X and our fake of its API, refereed by Prism with X's own
OpenAPI: it stands between the two and refuses what is not in the document, from
either side. Both vocabularies, each with the document of its time. A command of
its own, outside ./check:

    npm i --ignore-scripts @stoplight/prism-cli@5.16.0
    tests/conform/x.py --build BUILD --tweet OPENAPI-2.166 --post OPENAPI-2.167 \\
        --prism node_modules/.bin/prism

The documents: openapi.json of github.com/xdevplatform/docs before and after
2026-08-07.
"""
import argparse
import json
import pathlib
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import x  # noqa: E402
from rig import Failed, end_with_us, expect, wait_for  # noqa: E402

PATHS = ["/2/users/me", "/2/users/{id}/mentions", "/2/users/{id}/tweets", "/2/tweets"]


def cut(spec, out):
    """The paths that are asked, and how a token is had: that is OAuth's, not X's."""
    whole = json.load(open(spec))
    whole["paths"] = {p: whole["paths"][p] for p in PATHS}
    whole["paths"]["/2/oauth2/token"] = {"post": {
        "security": [], "requestBody": {"content": {"application/x-www-form-urlencoded": {
            "schema": {"type": "object", "required": ["grant_type", "refresh_token"]}}}},
        "responses": {s: {"description": "a token or none", "content": {"application/json": {
            "schema": {"type": "object"}}}} for s in ("200", "400")}}}
    out.write_text(json.dumps(whole))


class Prism:
    def __init__(self, o, spec):
        self.o, self.spec = o, spec

    def __call__(self, place):
        """Before this fake; its URL."""
        spec = place.rig.dir / "x.json"
        cut(self.spec, spec)
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
        self.log = place.rig.dir / "prism.out"
        self.process = subprocess.Popen(
            [self.o.prism, "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port), str(spec),
             place.x.url], stdout=open(self.log, "w"), stderr=subprocess.STDOUT,
            preexec_fn=end_with_us)
        place.rig.stoppers.append(self.stop)
        wait_for("Prism", lambda: "is listening on" in self.log.read_text(), 120)
        return "http://127.0.0.1:%d" % port

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        text = self.log.read_text()
        self.seen = text.count("equest received")
        self.wrong = [line for line in text.splitlines() if "iolation" in line]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--tweet", required=True)
    parser.add_argument("--post", required=True)
    parser.add_argument("--prism", required=True)
    o = parser.parse_args()
    for words, spec in (("tweet", o.tweet), ("post", o.post)):
        for scenario in (x.gathered, x.answered, x.followed):
            prism, began = Prism(o, spec), time.monotonic()
            try:
                scenario(o, front=prism, words=words)
                expect(prism.seen > 3, "Prism has seen nothing")
                expect(not prism.wrong, "\n".join(prism.wrong[:10]))
            except Failed as why:
                print("FAILED  %s %s: %s" % (words, scenario.__name__, why))
                return 1
            print("passed  %-6s %-10s %5.1f s, %d requests" % (
                words, scenario.__name__, time.monotonic() - began, prism.seen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
