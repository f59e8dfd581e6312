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
import json
import sys

from prism import Prism, options
import x  # of tests/e2e, where prism.py looks first

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


def main():
    o = options(__doc__, "tweet", "post")
    for words, spec in (("tweet", o.tweet), ("post", o.post)):
        for scenario in (x.gathered, x.answered, x.followed):
            prism = Prism(o.prism, lambda out, spec=spec: cut(spec, out))

            def play():
                scenario(o, front=lambda place: prism.before(place.rig, place.x.url), words=words)

            if not prism.referee("%s %s" % (words, scenario.__name__), play, 4):
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
