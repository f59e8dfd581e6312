"""consent.py: an account's consent, for fakes whose tokens come of one: what a browser
does with the page, and whether a code is its answer."""
import base64
import hashlib
import urllib.parse

CODE = "kode-uji"


class Consent:
    def __init__(self, scope):
        """scope: a word that the page must ask for."""
        self.scope, self.opened, self.ended = scope, None, None

    def browse(self, url):
        """Opens it and agrees; where it ends."""
        query = urllib.parse.urlsplit(url).query
        self.opened = {k: v[0] for k, v in urllib.parse.parse_qs(query).items()}
        self.ended = self.opened["redirect_uri"] + "?" + urllib.parse.urlencode(
            {"state": self.opened["state"], "code": CODE})

    def is_answered(self, form):
        """The code counts once, for whom the page was made (RFC 7636, 4.6)."""
        page, self.opened = self.opened, None
        verifier = form.get("code_verifier", [""])[0].encode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
        return bool(page) and form.get("code") == [CODE] and page["code_challenge"] == challenge \
            and page["code_challenge_method"] == "S256" and 43 <= len(verifier) <= 128 \
            and form.get("redirect_uri") == [page["redirect_uri"]] \
            and form.get("client_id") == [page["client_id"]] and self.scope in page["scope"]
