#!/usr/bin/env python3
"""The connector for WhatsApp and our fake of the Cloud API, refereed by Prism with
Meta's own OpenAPI: it stands between the two and refuses what is not in the
document, from either side. A command of its own, outside ./check:

    npm i --ignore-scripts @stoplight/prism-cli@5.16.0
    tests/conform/cloud.py --build BUILD --spec META.yaml --prism node_modules/.bin/prism

META.yaml: business-messaging-api of github.com/facebook/openapi. Needs python3-yaml.
"""
import json
import sys

import yaml

from prism import Prism, options
import whatsapp  # beside rig.py, where prism.py looks

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


def main():
    o = options(__doc__, "spec")
    for scenario in (whatsapp.gathered, whatsapp.answered):
        prism = Prism(o.prism, lambda out: cut(o.spec, out))

        def play():  # files themselves are fetched from the fake
            scenario(o, lambda place: prism.before(place.rig, place.cloud.url))

        if not prism.referee(scenario.__name__, play, 1):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
