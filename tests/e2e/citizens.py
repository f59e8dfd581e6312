"""citizens.py: the citizens of ./quickstart: what they send by e-mail, by an
agency's app and by WhatsApp, and what they get back."""
import base64
import email
import email.message
import email.policy
import email.utils
import hashlib
import hmac
import json
import pathlib
import subprocess
import sys
import time
import urllib.request

NUMBER, APP_SECRET, VERIFY, TOKEN = "108200000000001", "rahasia-meta", "kata-meta", "token-meta"


# ---- e-mail -------------------------------------------------------------------

def mail_of(entry, number):
    m = email.message.EmailMessage()
    user = entry["name"].lower().replace(" ", ".")
    m["From"] = email.utils.formataddr((entry["name"], user + "@contoh.invalid"))
    m["To"] = "lapor@dinas-contoh.invalid"
    m["Subject"] = entry["subject"]
    m["Date"] = email.utils.formatdate(time.time() - 60 * number)
    if entry["form"] != "noid":
        m["Message-ID"] = "<contoh-%d@contoh.invalid>" % number
    if entry["form"] == "html":
        m.set_content("<html><body><p>%s</p><p>Salam,<br>%s</p></body></html>"
                      % (entry["text"], entry["name"]), subtype="html")
    elif entry["form"] == "base64":
        m.set_content(entry["text"] + "\n", cte="base64")
    else:
        m.set_content(entry["text"] + "\n")
    if entry["form"] == "attachment":
        # The smallest PNG there is: one pixel.
        pixel = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
                                 "DwADhgGAWjR9awAAAABJRU5ErkJggg==")
        m.add_attachment(pixel, maintype="image", subtype="png", filename="foto-lokasi.png")
    return m.as_bytes()


AUTOMATIC = (b"From: MAILER-DAEMON@contoh.invalid\r\nTo: lapor@dinas-contoh.invalid\r\n"
             b"Subject: Undelivered Mail\r\nAuto-Submitted: auto-replied\r\n"
             b"Message-ID: <bounce-1@contoh.invalid>\r\n\r\nTidak terkirim.\r\n")


class Mailbox:
    def __init__(self, path):
        self.path = path
        for part in ("new", "cur", "tmp"):
            (path / part).mkdir(parents=True)
        self.count = 0

    def deliver(self, content):
        self.count += 1
        name = "%d.%d.contoh" % (time.time(), self.count)
        (self.path / "tmp" / name).write_bytes(content)
        (self.path / "tmp" / name).rename(self.path / "new" / name)


# ---- the app ------------------------------------------------------------------

def record_of(entry, number, app_url):
    photos = [{"url": "%s/photos/%d.png" % (app_url, number)}] if number % 5 == 3 else []
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"id": str(5571685772206590000 + number), "title": entry["title"],
            "description": entry["text"], "user_name": "Warga %02d" % number,
            "user_phone": "0812%08d" % (1000000 + number * 7919), "created_at": now,
            "updated_at": now, "complaint_status_id": "verified", "is_secret": False,
            "is_anonymous": number % 7 == 0, "province_name": "Jawa Barat",
            "photos": photos, "city_name": "Kabupaten Bandung", "address_detail": "RT %02d" % (number % 9 + 1)}


# ---- WhatsApp ------------------------------------------------------------------

def messages_of(entry, number):
    """As Meta hands them over; a photo comes as a message of its own."""
    # Meta's times have no fractions: not before replies were switched on.
    common = {"from": "62812%08d" % (2000000 + number * 7907), "timestamp": str(int(time.time()) + 1)}
    pieces = [dict(common, id="wamid.CONTOH%04d=" % number, type="text", text={"body": entry["text"]})]
    if entry.get("photo"):
        pieces.append(dict(common, id="wamid.FOTO%04d=" % number, type="image",
                           image={"id": str(120000 + number), "mime_type": "image/jpeg"}))
    return pieces


def send_webhook(url, message, name):
    """One message, signed with the app's secret over its exact bytes."""
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{
        "field": "messages", "value": {
            "messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER},
            "contacts": [{"profile": {"name": name}, "wa_id": message["from"]}],
            "messages": [message]}}]}]}).encode()
    signature = "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json",
                                                 "X-Hub-Signature-256": signature})
    urllib.request.urlopen(request, timeout=10).close()


# ---- what comes back -----------------------------------------------------------

class PostOffice:
    """A mail server that takes the replies."""

    def __init__(self, path):
        self.path = path
        self.process = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__).parent.parent / "fake" / "smtp.py"), str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = "smtp://127.0.0.1:%d" % int(self.process.stdout.readline())

    def replies(self):
        """(to whom, subject, text) of each letter."""
        for path in sorted(self.path.glob("*/new/*")):
            letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            yield letter["To"], letter["Subject"], letter.get_content().replace("\r\n", "\n")

    def stop(self):
        self.process.kill()
        self.process.wait(10)


def whatsapp_replies(cloud_url):
    """The same of what Meta was asked to send."""
    with urllib.request.urlopen(cloud_url + "/_state", timeout=10) as answer:
        for one in json.load(answer)["sent"]:
            yield "+" + one["message"]["to"], "", one["message"]["text"]["body"]
