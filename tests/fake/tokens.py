#!/usr/bin/env python3
"""tokens.py: where a mailbox's access tokens are issued, as Google and Microsoft do it:
the code of a consent, then refresh tokens, each good once. The tokens are JWTs, which
Dovecot checks itself (HS256).

  tokens.py [--key WORD] [--user NAME] [--scope WORD] [--life SECONDS]

POST /token. To the test it speaks at:
  POST /_browse {url}     what a browser does with the page of a consent
  POST /_revoke {}        the refresh token is no good from now on
  GET  /_state            {asked: {code, refresh, refused}, ended, page}"""
import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.parse

import api
from consent import Consent


def coded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class World:
    def __init__(self, options):
        self.options, self.lock = options, threading.Lock()
        self.consent = Consent(options.scope)
        self.page, self.refresh, self.round = None, None, 0
        self.asked = {"code": 0, "refresh": 0, "refused": 0}

    def access(self):
        now = int(time.time())
        text = coded(b'{"alg":"HS256","typ":"JWT"}') + "." + coded(json.dumps(
            {"sub": self.options.user, "iat": now - 60, "exp": now + 7200}).encode())
        mac = hmac.new(self.options.key.encode(), text.encode(), hashlib.sha256).digest()
        return text + "." + coded(mac)

    def is_good(self, form):
        if form.get("grant_type") == ["authorization_code"]:
            self.asked["code"] += 1
            return self.consent.is_answered(form)
        self.asked["refresh"] += 1
        return bool(self.refresh) and form.get("refresh_token") == [self.refresh]

    def token(self, form):
        if not self.is_good(form):
            self.asked["refused"] += 1
            return 400, {"error": "invalid_grant"}
        self.round += 1
        self.refresh = "segar-%d" % self.round
        return 200, {"token_type": "Bearer", "expires_in": self.options.life,
                     "access_token": self.access(), "refresh_token": self.refresh}


class Handler(api.Handler):
    def answer(self, w, raw):
        if self.path == "/token":
            return w.token(urllib.parse.parse_qs(raw.decode()))
        body = json.loads(raw or b"{}")
        if self.path == "/_browse":
            w.consent.browse(body["url"])
            w.page = w.consent.opened
        elif self.path == "/_revoke":
            w.refresh = None
        elif self.path != "/_state":
            return 404, {"error": "not_found"}
        return 200, {"asked": w.asked, "ended": w.consent.ended, "page": w.page}

    def serve(self):
        raw = self.raw()
        with self.server.world.lock:
            status, value = self.answer(self.server.world, raw)
        self.say(status, value)


api.main(Handler, World, key="kunci-uji", user="pengaduan@contoh.example", scope="", life=3600)
