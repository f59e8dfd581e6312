#!/usr/bin/env python3
"""X's API v2 that misbehaves on cue, for tests of plugins/social.

  x.py [--token WORD] [--account ID] [--words tweet|post] [--refresh WORD]

Says its URL on stdout. /2/users/me, /2/users/ID/mentions, /2/users/ID/tweets,
/2/tweets, /2/tweets?ids=, /2/oauth2/token. To the test it speaks at:
  POST /_post {post, user, parent}   a mention: a post in the words of tweet.*, its author
  POST /_edit {post}      a version of a post that mentions nobody, by its history
  POST /_delete {id}      a post is gone, with all its versions
  POST /_hide {id}        its author is protected or suspended from now on
  POST /_expire {}        the access token is no good from now on
  POST /_browse {url}     what a browser does with the page of a consent: "ended" in /_state
                          is where it ends
  POST /_fault {where, status, headers, body, times, skip, commit, cut, truncate, disorder}
                          the next answers at where (me, mentions, own, lookup, post, token), after
                          skip good ones: commit: it is done all the same; cut: no answer;
                          truncate: half of it; disorder: the page's posts in another order
  GET  /_state            what was asked and posted"""
import base64
import json
import re
import threading
import time
import urllib.parse

import api
from consent import Consent

RENAMED = {"edit_history_tweet_ids": "edit_history_post_ids", "note_tweet": "note_post",
           "referenced_tweets": "referenced_posts", "tweets": "posts"}
MENTIONS_REACHABLE = 800


def renamed(value):
    if isinstance(value, dict):
        return {RENAMED.get(k, k): renamed(v) for k, v in value.items()}
    return [renamed(v) for v in value] if isinstance(value, list) else value


def problem(status, word, detail):
    return status, {"title": word, "detail": detail, "status": status,
                    "type": "https://api.x.com/2/problems/" + word}


class World:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.mentions, self.users, self.others, self.media = [], {}, {}, {}
        self.own, self.faults, self.asked, self.queries = [], [], {}, []
        self.versions, self.hidden = {}, set()  # of posts, by their ids
        self.access, self.refresh, self.round = options.token, options.refresh, 0
        self.consent = Consent("offline.access")
        self.users[options.account] = {"id": options.account, "name": "Lapor Contoh",
                                       "username": "lapor_contoh"}

    def add(self, body):
        post = body["post"]
        self.mentions = [m for m in self.mentions if m["id"] != post["id"]] + [post]
        self.keep(post)
        for user in body.get("users", []):
            self.users[user["id"]] = user
        for parent in body.get("parents", []):
            self.others[parent["id"]] = parent
        for media in body.get("media", []):
            self.media[media["media_key"]] = media

    def keep(self, post):
        history = post.setdefault("edit_history_tweet_ids", [post["id"]])
        self.versions[post["id"]] = post
        for one in history:
            if one in self.versions:
                self.versions[one]["edit_history_tweet_ids"] = history

    def remove(self, number):
        for one in self.versions.get(number, {}).get("edit_history_tweet_ids", [number]):
            self.versions.pop(one, None)
            self.mentions = [m for m in self.mentions if m["id"] != one]

    def lookup(self, query):
        ids = query.get("ids", [""])[0].split(",")
        if not 1 <= len(ids) <= 100 or not all(re.fullmatch(r"\d{1,19}", i) for i in ids):
            return problem(400, "invalid-request", "ids")
        shown = [self.versions[i] for i in ids if i in self.versions and i not in self.hidden]
        answer, errors = ({"data": shown} if shown else {}), []
        for one in ids:
            if one not in self.versions or one in self.hidden:
                word, title = ("not-authorized-for-resource", "Authorization Error") \
                    if one in self.hidden else ("resource-not-found", "Not Found Error")
                errors.append({"resource_type": "tweet", "parameter": "ids", "section": "data",
                               "resource_id": one, "value": one, "title": title,
                               "detail": "Not to be had: [%s]." % one,
                               "type": "https://api.x.com/2/problems/" + word})
        if "author_id" in query.get("expansions", [""])[0]:
            includes, more = self.includes(shown)
            answer.update({"includes": includes} if includes else {})
            errors += more
        return 200, dict(answer, **({"errors": errors} if errors else {}))

    def page(self, found, query, reachable):
        size = int(query.get("max_results", ["10"])[0])
        if not 5 <= size <= 100:
            return problem(400, "invalid-request", "max_results")
        found = sorted(found, key=lambda p: -int(p["id"]))[:reachable]
        if "since_id" in query:
            found = [p for p in found if int(p["id"]) > int(query["since_id"][0])]
        elif "start_time" in query:
            found = [p for p in found if p.get("created_at", "9") >= query["start_time"][0]]
        at = 0
        if "pagination_token" in query:
            try:
                at = int(base64.b32decode(query["pagination_token"][0].upper()))
            except ValueError:
                return problem(400, "invalid-request", "pagination_token")
        posts = found[at:at + size]
        meta = {"result_count": len(posts)}
        if posts:
            meta.update(newest_id=posts[0]["id"], oldest_id=posts[-1]["id"])
        if at + size < len(found):
            meta["next_token"] = base64.b32encode(b"%d" % (at + size)).decode().lower()
        answer = {"meta": meta}
        if posts:
            answer["data"] = posts
        includes, errors = self.includes(posts)
        if includes:
            answer["includes"] = includes
        if errors:
            answer["errors"] = errors
        return 200, answer

    def includes(self, posts):
        parents, missing = [], []
        for reference in [r for p in posts for r in p.get("referenced_tweets", [])]:
            if reference["id"] in self.others:
                parents.append(self.others[reference["id"]])
            else:
                missing.append({"resource_type": "tweet", "parameter": "referenced_tweets.id",
                                "resource_id": reference["id"], "value": reference["id"],
                                "title": "Not Found Error", "detail": "Could not find it.",
                                "type": "https://api.x.com/2/problems/resource-not-found"})
        users = {p["author_id"] for p in posts + parents if "author_id" in p}
        keys = [k for p in posts for k in p.get("attachments", {}).get("media_keys", [])]
        found = {"users": [self.users[u] for u in sorted(users) if u in self.users],
                 "tweets": parents, "media": [self.media[k] for k in keys if k in self.media]}
        return {k: v for k, v in found.items() if v}, missing

    def post(self, body):
        text, parent = body.get("text", ""), body.get("reply", {}).get("in_reply_to_tweet_id")
        if any(p["text"] == text for p in self.own):
            return 403, {"title": "Forbidden", "type": "about:blank", "status": 403,
                         "detail": "You are not allowed to create a Tweet with duplicate content."}
        if parent and parent not in {m["id"] for m in self.mentions}:
            return 403, {"title": "Forbidden", "type": "about:blank", "status": 403,
                         "detail": "You attempted to reply to a Tweet that is deleted or not visible "
                                   "to you."}
        if re.search(r"https?://", text):
            return problem(400, "invalid-request", "a link: this fake takes none")
        number = str(9000000000000000000 + len(self.own))
        shown = "@warga " + text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        post = {"id": number, "text": shown, "author_id": self.options.account,
                "edit_history_tweet_ids": [number],
                "created_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())}
        if parent:
            post["referenced_tweets"] = [{"type": "replied_to", "id": parent}]
        self.own.append({"text": text, "parent": parent, "post": post})
        return 201, {"data": {"id": number, "text": shown, "edit_history_tweet_ids": [number]}}

    def token(self, form):
        if form.get("grant_type") == ["authorization_code"]:
            if not self.consent.is_answered(form):
                return 400, {"error": "invalid_grant"}
        elif form.get("refresh_token", [""])[0] != self.refresh or not self.refresh:
            return 400, {"error": "invalid_grant", "error_description": "Value passed for the token "
                         "was invalid."}
        self.round += 1
        self.access, self.refresh = "masuk-%d" % self.round, "tukar-%d" % self.round
        return 200, {"token_type": "bearer", "expires_in": 7200, "access_token": self.access,
                     "refresh_token": self.refresh, "scope": "tweet.read tweet.write users.read "
                     "offline.access"}


class Handler(api.Handler):
    def say(self, status, value, headers=(), half=False):
        kind = "application/problem+json" if status >= 400 and "type" in value else None
        words = self.server.world.options.words
        super().say(status, renamed(value) if words == "post" else value, headers, half, kind)

    def control(self, w, path):
        body = json.loads(self.raw() or b"{}") if self.command == "POST" else None
        if path == "/_post":
            w.add(body)
        elif path == "/_edit":
            w.keep(body["post"])
        elif path == "/_delete":
            w.remove(body["id"])
        elif path == "/_hide":
            w.hidden.add(body["id"])
        elif path == "/_expire":
            w.access = None
        elif path == "/_browse":
            w.consent.browse(body["url"])
        elif path == "/_fault":
            w.faults.append(dict({"times": 1, "skip": 0}, **body))
        else:
            return self.say(200, {"asked": w.asked, "queries": w.queries, "round": w.round, "ended": w.consent.ended,
                                  "posted": [{"text": p["text"], "parent": p["parent"],
                                              "id": p["post"]["id"]} for p in w.own]})
        return self.say(200, {})

    def answer(self, w, path, query):
        """Where it belongs, and what the answer is: a function."""
        if path == "/2/oauth2/token":
            form = urllib.parse.parse_qs(self.raw().decode())
            return "token", lambda: w.token(form)
        if path == "/2/users/me":
            return "me", lambda: (200, {"data": w.users[w.options.account]})
        if path == "/2/tweets" and self.command == "POST":
            body = json.loads(self.raw())
            return "post", lambda: w.post(body)
        match = re.fullmatch(r"/2/users/%s/(mentions|tweets)" % w.options.account, path)
        if not match and path != "/2/tweets":
            return "other", lambda: problem(404, "resource-not-found", path)
        where = "lookup" if not match else {"mentions": "mentions", "tweets": "own"}[match[1]]
        asks = {k.split(".")[0] for k in query if k.endswith(".fields")} & {"tweet", "post"}
        if asks != {w.options.words}:
            return where, lambda: problem(400, "invalid-request", "fields")
        w.queries.append(urllib.parse.urlsplit(self.path).query)
        return where, {"lookup": lambda: w.lookup(query),
                       "mentions": lambda: w.page(w.mentions, query, MENTIONS_REACHABLE),
                       "own": lambda: w.page([p["post"] for p in w.own], query, 3200)}[where]

    def fault(self, w, where):
        for one in w.faults:
            if one["where"] != where:
                continue
            if one["skip"] > 0:
                one["skip"] -= 1
                return None
            one["times"] -= 1
            if one["times"] == 0:
                w.faults.remove(one)
            return one
        return None

    def serve(self):
        w = self.server.world
        parts = urllib.parse.urlsplit(self.path)
        with w.lock:
            if parts.path.startswith("/_"):
                return self.control(w, parts.path)
            where, do = self.answer(w, parts.path, urllib.parse.parse_qs(parts.query))
            w.asked[where] = w.asked.get(where, 0) + 1
            if where != "token" and (not w.access or self.headers.get("Authorization") !=
                                     "Bearer " + w.access):
                return self.say(401, {"title": "Unauthorized", "type": "about:blank", "status": 401,
                                      "detail": "Unauthorized"})
            fault = self.fault(w, where)
            if not fault:
                return self.say(*do())
            done = do() if fault.get("commit") or "status" not in fault else None
            if fault.get("cut"):
                return self.cut()
            if fault.get("disorder") and done:
                done[1].get("data", []).sort(key=lambda p: p["id"][::-1])
            if fault.get("truncate") or "status" not in fault:
                return self.say(*done, fault.get("headers", {}), fault.get("truncate", False))
            return self.say(fault["status"], fault.get("body", {"title": "uji", "type": "about:blank",
                            "status": fault["status"]}), fault.get("headers", {}))


api.main(Handler, World, token="token-uji", refresh="", account="77", words="tweet")
