"""Complaints told again in other words, for training: true pairs of that sort are
rare in what people collect. A record that says its place and is about a known
nuisance is told by somebody else, later, in one of the sentences below; all of
them are made up."""
import random
import re
from datetime import datetime, timedelta

SEED = 5
SHARE = 0.4     # of the incidents
TYPOS = 0.25    # of the places told
DAYS = 2        # later, on average: who tells a thing again does so soon
DAYS_MOST = 12

# What the record must say, and what others say of it; {} is the place.
STORIES = (
    (r"\b(pju|lampu (jalan|penerangan)|penerangan jalan)", (
        "lampu jalan di {} mati, gelap kalau malam", "pju {} padam sudah beberapa hari",
        "{} gelap gulita, lampunya tidak nyala", "penerangan jalan di {} tolong diperbaiki, takut ada begal",
        "mohon dicek lampu pju di {} tidak menyala", "kalau malam gelap sekali di {} karena pju mati",
        "pju nya {} kok belum nyala juga", "tiang lampu {} mati total")),
    (r"\b(pohon|ranting|dahan)", (
        "pohon di {} terlalu rimbun, minta dipangkas", "dahan pohon {} sudah menyentuh kabel",
        "mohon perantingan pohon di {}", "ada pohon mau tumbang di {}, bahaya",
        "kapan pohon di {} dipotong", "ranting pohon {} hampir jatuh ke jalan")),
    (r"\b(jalan|aspal|paving)\b.{0,30}\b(rusak|berlubang|lubang|ambles)|\blubang\b", (
        "jalan berlubang di {} banyak yang jatuh", "aspal rusak {}, kapan diperbaiki",
        "{} jalannya hancur penuh lubang", "hati hati lewat {} jalan rusak parah",
        "tolong ditambal lubang di {}", "paving {} ambles bikin motor tergelincir")),
    (r"\b(saluran|got|selokan|gorong|drainase|banjir|genangan)", (
        "got {} mampet", "saluran air di {} tersumbat, hujan sedikit banjir",
        "{} banjir lagi kalau hujan", "air tidak mengalir di selokan {} bau dan banyak nyamuk",
        "genangan di {} tidak surut surut", "minta dikeruk saluran {}")),
    (r"\b(sampah|tps)\b", (
        "sampah menumpuk di {} bau sekali", "tumpukan sampah {} belum diangkut",
        "kapan sampah di {} diambil", "orang buang sampah sembarangan di {}",
        "{} jadi tempat sampah liar", "sudah seminggu sampah {} tidak diangkut")),
    (r"\bp(dam|am)\b|\bair\b.{0,20}\b(mati|keruh|kecil|tidak)", (
        "pdam tidak mengalir di {} dari kemarin", "air pdam {} mati",
        "{} airnya keruh dan kecil", "sudah dua hari air pam di {} tidak keluar")),
    (r"\b(parkir|jukir)\b", (
        "parkir liar di {} bikin macet", "jukir liar {} minta bayar mahal",
        "mobil parkir sembarangan di {}", "tukang parkir di {} tanpa karcis")),
    (r"\b(pkl|pedagang)\b", (
        "pkl di {} menutup trotoar", "pedagang kaki lima {} bikin jalan sempit",
        "tolong ditertibkan pkl {}")),
    (r"\b(macet|rambu|traffic|trafik|zebra)\b", (
        "{} macet terus tiap pagi", "rambu di {} hilang", "lampu merah {} mati bikin macet")),
    (r"\b(odgj|gelandangan|pengemis|gila)\b", (
        "ada odgj di {} mengganggu warga", "pengemis di {} makin banyak",
        "orang gila berkeliaran di {}")),
    (r"\b(trotoar|pedestrian|pejalan)\b", (
        "trotoar {} rusak", "pedestrian di {} dipakai motor", "pejalan kaki di {} tidak kebagian trotoar")),
    (r"\b(nyamuk|fogging|dbd)\b", (
        "nyamuk banyak sekali di {} minta fogging", "ada yang kena dbd di {} belum difogging")),
    (r"\b(bising|berisik|karaoke|sound)\b", (
        "berisik sekali di {} tiap malam", "karaoke di {} suaranya keras sampai pagi")),
)
BEFORE = ("", "", "", "halo min ", "Pagi pak, ", "tolong min ", "Assalamualaikum\n", "lapor ", "@contohkota ")
BEHIND = ("", "", "", " #laporan", " mohon bantuannya", " terima kasih", " \U0001f64f", " #keluhan #kota",
          " cc @contohadmin", " tolong segera ya", " https://t.example/aB3")
TAIL = re.compile(r",?\s*(kota surabaya|surabaya|jawa timur|indonesia|kel(urahan|\.)? |kec(amatan|\.)? ).*$", re.I)
INSIDE = re.compile(r"(?:lokasi(?:nya)?\s*:?|\bdi jalan|\bdi jln?\.?|\U0001f4cd)\s*([^\n,#]{8,60})", re.I)


def place_of(record):
    if record["location"]:
        return record["location"]
    found = INSIDE.search(record["text"])
    return found.group(1) if found else None


def mistyped(chance, word):
    at = chance.randrange(1, max(len(word) - 1, 2))
    how = chance.randrange(3)
    if how == 0:
        return word[:at] + word[at + 1:]
    if how == 1:
        return word[:at] + word[at:at + 1] + word[at:]
    return word[:at] + word[at + 1:at + 2] + word[at:at + 1] + word[at + 2:]


def said_place(chance, place):
    place = place.strip(" .,\n")
    if chance.random() < 0.5:
        place = TAIL.sub("", place).strip(" .,") or place
    if chance.random() < 0.3 and "," in place:
        place = place[:place.index(",")]
    if chance.random() < 0.5:
        place = place.lower()
    if chance.random() < TYPOS:
        words = place.split()
        long = [n for n, w in enumerate(words) if len(w) > 4 and w.isalpha()]
        if long:
            n = chance.choice(long)
            words[n] = mistyped(chance, words[n])
            place = " ".join(words)
    return place


def tell(chance, record, number):
    place = place_of(record)
    stories = [said for what, said in STORIES if re.search(what, record["text"], re.I)]
    place = said_place(chance, place) if place else ""
    if len(place) < 8 or " " not in place or not stories:
        return None
    text = chance.choice(chance.choice(stories)).format(place)
    text = chance.choice(BEFORE) + text + chance.choice(BEHIND)
    if chance.random() < 0.1:
        text = text.upper()
    when = datetime.fromisoformat(record["time"]) + timedelta(
        hours=1 + 24 * min(chance.expovariate(1 / DAYS), DAYS_MOST))
    return dict(record, id="r%d" % number, channel=chance.choice(("x", "facebook", "whatsapp")),
                author="@contoh%d" % number, name=None, text=text, location=None,
                time=when.isoformat(timespec="seconds"), retold=True)


def add_retold(records):
    """The records, and among them what others tell of some, in order of time."""
    chance, seen, more = random.Random(SEED), set(), []
    for record in records:
        if record["group"] in seen:
            continue
        seen.add(record["group"])
        if chance.random() < SHARE:
            told = tell(chance, record, len(more))
            if told is not None and told["time"] <= records[-1]["time"]:
                more.append(told)
    return sorted(records + more, key=lambda r: r["time"])
