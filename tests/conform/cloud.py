#!/usr/bin/env python3
"""The connector for WhatsApp and our fake of the Cloud API, refereed by Prism with
Meta's own OpenAPI: it stands between the two and refuses what is not in the
document, from either side. A command of its own, outside ./check:

    npm i --ignore-scripts @stoplight/prism-cli@5.16.0
    tests/conform/cloud.py --build BUILD --spec META.yaml --prism node_modules/.bin/prism

META.yaml: business-messaging-api of github.com/facebook/openapi. Needs python3-yaml.
"""
import argparse
import json
import pathlib
import socket
import subprocess
import sys
import time

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import whatsapp  # noqa: E402
from rig import Failed, end_with_us, expect, wait_for  # noqa: E402

# Beside these, Prism takes a file's id for a path of another kind.
PATHS = ["/{Version}/{Phone-Number-ID}/messages", "/{Version}/{Media-ID}"]


def cut(spec, out):
    whole = yaml.load(open(spec), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    whole["paths"] = {p: whole["paths"][p] for p in PATHS}
    schemas = whole["components"]["schemas"]
    # Meta documents it for every message; the schema of a text forbids it.
    text = schemas["TextMessage"]
    for part in [text] + text.get("allOf", []):
        if "properties" in part:
            part["properties"]["biz_opaque_callback_data"] = {"type": "string", "maxLength": 512}
    out.write_text(json.dumps(whole))


class Prism:
    def __init__(self, o):
        self.o, self.process = o, None

    def __call__(self, place):
        """Before this fake; its URL. Files themselves are fetched from the fake."""
        spec = place.rig.dir / "meta.json"
        cut(self.o.spec, spec)
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
        self.log = place.rig.dir / "prism.out"
        self.process = subprocess.Popen(
            [self.o.prism, "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port), str(spec),
             place.cloud.url], stdout=open(self.log, "w"), stderr=subprocess.STDOUT,
            preexec_fn=end_with_us)
        place.rig.stoppers.append(self.stop)
        wait_for("Prism", lambda: "is listening on" in self.log.read_text(), 60)
        return "http://127.0.0.1:%d" % port

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        text = self.log.read_text()
        self.seen = text.count("Request received") + text.count("request received")
        self.wrong = [line for line in text.splitlines() if "iolation" in line]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--spec", required=True)
    parser.add_argument("--prism", required=True)
    o = parser.parse_args()
    for scenario in (whatsapp.gathered, whatsapp.answered):
        prism, began = Prism(o), time.monotonic()
        try:
            scenario(o, prism)
            expect(not prism.wrong, "\n".join(prism.wrong[:10]))
        except Failed as why:
            print("FAILED  %s: %s" % (scenario.__name__, why))
            return 1
        print("passed  %-10s %5.1f s" % (scenario.__name__, time.monotonic() - began))
    return 0


if __name__ == "__main__":
    sys.exit(main())
