#!/usr/bin/env python3
"""The connector for Mastodon and our fake of its API, refereed by Prism with
Mastodon's OpenAPI: it stands between the two and refuses what is not in the
document, from either side. A command of its own, outside ./check:

    npm i --ignore-scripts @stoplight/prism-cli@5.16.0
    tests/conform/mastodon_openapi.py --build BUILD --spec SCHEMA --prism node_modules/.bin/prism

SCHEMA: dist/schema.json of github.com/abraham/mastodon-openapi, which is made from
Mastodon's documentation.
"""
import json
import re
import sys
import urllib.parse

from prism import Prism, options
import social  # beside rig.py, where prism.py looks

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


def main():
    o = options(__doc__, "spec")
    prism = Prism(o.prism, lambda out: cut(o.spec, out), lambda log: wrong_queries(o.spec, log))
    return not prism.referee("mastodon", lambda: social.run(o.build, o.keep, prism.before), 9)


if __name__ == "__main__":
    sys.exit(main())
