#!/usr/bin/env python3
"""python3-mastodon, which knows nothing of us, against our fake of Mastodon: what it
reads and posts there is what our connector relies on. A command of its own:

  tests/conform/mastodon.py

needs Debian's python3-mastodon, and so runs with /usr/bin/python3."""
import json
import pathlib
import subprocess
import sys
import urllib.request

sys.path.pop(0)  # this file has the name of what it imports
try:
    import mastodon
except ImportError:
    sys.exit("conform/mastodon: apt-get install python3-mastodon, and run it with /usr/bin/python3")

FAKE = pathlib.Path(__file__).resolve().parents[1] / "fake" / "social.py"
failed = []


def expect(claim, sentence):
    if not claim:
        failed.append(sentence)


def tell(url, path, body):
    with urllib.request.urlopen(url + path, json.dumps(body).encode(), timeout=10) as answer:
        return json.loads(answer.read())


def post(url, number, **more):
    status = {"id": str(number), "created_at": "2027-01-15T07:00:00.000Z", "visibility": "public",
              "content": "<p>#lapor lampu padam</p>", "language": "id", "mentions": [{"id": "77"}],
              "account": {"id": "9", "acct": "sumbi@lain.example", "created_at": "2020-01-01T00:00:00.000Z"}}
    return tell(url, "/_post", {**status, **more})["id"]


def reads(client, url):
    first = [post(url, 200 + n) for n in range(45)]
    expect(str(client.account_verify_credentials().id) == "77", "who we are")
    page = client.notifications(types=["mention"], min_id=0, limit=40)
    expect([str(n.id) for n in page] == list(reversed(first[:40])),
           "min_id gives the oldest page, its newest first")
    page = client.notifications(types=["mention"], min_id=first[39], limit=40)
    expect([str(n.id) for n in page] == list(reversed(first[40:])), "min_id goes on behind the last one")
    expect(client.notifications(types=["mention"], min_id=first[-1]) == [], "behind the last there is nothing")
    status = client.status("200")
    expect(status.account.acct == "sumbi@lain.example" and status.visibility == "public", "a status")
    tell(url, "/_edit", {"id": "200", "edited_at": "2027-01-15T08:00:00.000Z"})
    expect(client.status("200").edited_at is not None, "a status that was edited says so")
    tell(url, "/_delete", {"id": "201"})
    try:
        client.status("201")
        expect(False, "a deleted status is there")
    except mastodon.MastodonNotFoundError:
        pass


def writes(client, url):
    one = client.status_post("@sumbi Nomor laporan Anda 123", in_reply_to_id="200", visibility="direct",
                             idempotency_key="JB-1", language="id")
    two = client.status_post("@sumbi Nomor laporan Anda 123", in_reply_to_id="200", visibility="direct",
                             idempotency_key="JB-1", language="id")
    expect(one.id == two.id, "an Idempotency-Key posts once")
    expect(one.visibility == "direct" and str(one.in_reply_to_id) == "200", "a reply is as private as asked")
    below = client.status_context("200").descendants
    expect([s.id for s in below] == [one.id], "a reply stands under its post")
    try:
        client.status_post("x" * 501)
        expect(False, "501 characters are taken")
    except mastodon.MastodonAPIError:
        pass
    tell(url, "/_fault", {"where": "who", "status": 429, "headers":
                          {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0",
                           "X-RateLimit-Reset": "2027-01-15T08:01:30.123456Z"}})
    try:
        client.account_verify_credentials()
        expect(False, "a limit is no limit")
    except mastodon.MastodonRatelimitError:
        pass


def main():
    fake = subprocess.Popen([sys.executable, str(FAKE)], stdout=subprocess.PIPE, text=True)
    try:
        url = fake.stdout.readline().split()[-1]
        client = mastodon.Mastodon(access_token="token-uji", api_base_url=url, version_check_mode="none",
                                   ratelimit_method="throw")
        reads(client, url)
        writes(client, url)
        wrong = mastodon.Mastodon(access_token="salah", api_base_url=url, version_check_mode="none")
        try:
            wrong.account_verify_credentials()
            expect(False, "a wrong token is taken")
        except mastodon.MastodonUnauthorizedError:
            pass
    finally:
        fake.terminate()
        fake.wait(10)
    for sentence in failed:
        print("not so: %s" % sentence, file=sys.stderr)
    print("conform/mastodon: python3-mastodon (for Mastodon %s), %d not so" % (mastodon.Mastodon.get_supported_version(), len(failed)))
    sys.exit(1 if failed else 0)


main()
