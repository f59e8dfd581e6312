#!/usr/bin/python3
"""Makes config/dedup (words.txt, places.txt, weights.txt) from complaints whose
duplicates are known. Same input, same bytes. Needs python3-numpy.

    tests/train/train.py --build BUILD --data dev.jsonl --regions wilayah.csv --out config/dedup
    tests/train/train.py --build BUILD --data dev.jsonl --out config/dedup --measure

The records are in order of time; the last fifth is not looked at in training.
Stories told in other words are rare among them: retold.py makes more.
--measure prints the figures of both parts, with what lies in --out."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict

from retold import add_retold

TRAIN_SHARE = 0.8
WORD_FLOOR = 5           # groups (and so records) that must hold a word before it ships
PLACE_COMMON = 0.008     # a word in more of the groups than this is no name of a place
PLACE_LENGTH = 4
SLANG = (100, 40, 0)     # shares of the slang table that are known, one copy of the pairs each
RIDGE = 3.0
ROUNDS = 40
GUARDS = ("told_days", "conflicts", "conflict_exact", "aid_other", "location_number", "location_word")
RETOLD_WEIGHT = 2.0      # of true pairs in other words: there are few
TOLD = "told"            # features that only stories in other words have
TOLD_WEIGHT = 1.0        # of pairs that retold.py made
AID_WEIGHT = 6.0         # of false pairs that are forms of two people: the worst of errors


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def run(build, name, arguments, path):
    with open(path, "rb") as source:
        done = subprocess.run([str(build / name)] + arguments, stdin=source, check=True,
                              stdout=subprocess.PIPE)
    return done.stdout


def write(path, lines):
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def make_words(build, data, records, cut, out):
    groups = defaultdict(set)
    lines = run(build, "train_words", [], data).decode().split("\n")
    for number in range(cut):
        groups[records[number]["group"]].update(lines[number].split())
    count = Counter(word for words in groups.values() for word in words)
    kept = sorted(word for word, n in count.items() if n >= WORD_FLOOR)
    write(out / "words.txt", [
        "# In how many incidents a word was seen; words of fewer than %d are not here." % WORD_FLOOR,
        "# Written by tests/train/train.py.",
        "documents %d" % len(groups)] + ["%s %d" % (word, count[word]) for word in kept])
    return count, len(groups)


def make_places(build, regions, count, documents, out):
    names = out / "names.tmp"
    with open(regions, encoding="utf-8") as lines:
        write(names, [line.rstrip("\n").split(",", 1)[1] for line in lines if "," in line][1:])
    words = set(run(build, "train_words", ["--names"], names).decode().split())
    names.unlink()
    kept = sorted(w for w in words if len(w) >= PLACE_LENGTH and w.isalpha() and w.isascii()
                  and count[w] <= PLACE_COMMON * documents)
    write(out / "places.txt", [
        "# Words of the names of Indonesia's regions that are no common words (Kemendagri codes,",
        "# from cahyadsn/wilayah, MIT). Written by tests/train/train.py."] + kept)


def read_pairs(numpy, build, data, out, percent, names):
    kind = numpy.dtype([("pair", "<u4", 2), ("x", "<f4", len(names))])
    raw = run(build, "train_pairs", [str(out), str(percent)], data)
    return numpy.frombuffer(raw, dtype=kind)


def sign_of(name):
    """What a guard may say: a conflict never speaks for, agreement never against."""
    if name.endswith(("_conflict", "_swapped", "_missing", "_other")) or name in GUARDS:
        return -1
    return 1 if name.endswith("_agree") or name.startswith(TOLD) else 0


def fit_signed(numpy, x, y, weight, signs, known=0):
    """Fit, take away the features whose sign is wrong, and fit again."""
    live = numpy.ones(x.shape[1], dtype=bool)
    while True:
        w = numpy.zeros(x.shape[1])
        w[live] = fit(numpy, x[:, live], y, weight, known)
        wrong = live & (signs * w < 0)
        if not wrong.any():
            return w
        live &= ~wrong


def loss(numpy, x, y, weight, known, w):
    score = x @ w + known
    return (weight * (numpy.logaddexp(0, score) - y * score)).sum() + RIDGE / 2 * (w[1:] @ w[1:])


def fit(numpy, x, y, weight, known):
    """Logistic regression by Newton's method, in shorter steps where a whole one
    is too far: convex, so the end does not depend on the way. known: the part of
    the score that is settled."""
    w = numpy.zeros(x.shape[1])
    ridge = numpy.full(x.shape[1], RIDGE)
    ridge[0] = 1e-6
    before = loss(numpy, x, y, weight, known, w)
    for _ in range(ROUNDS):
        p = 1 / (1 + numpy.exp(-numpy.clip(x @ w + known, -40, 40)))
        gradient = x.T @ (weight * (p - y)) + ridge * w
        curve = (x * (weight * p * (1 - p) + 1e-9)[:, None]).T @ x + numpy.diag(ridge)
        step = numpy.linalg.solve(curve, gradient)
        while loss(numpy, x, y, weight, known, w - step) > before and numpy.abs(step).max() > 1e-9:
            step = step / 2
        w = w - step
        before = loss(numpy, x, y, weight, known, w)
        if numpy.abs(step).max() < 1e-9:
            break
    return w


def sampled_pairs(numpy, build, records, out, names):
    """Pairs of the records of training and of what is told again of them."""
    parts = []
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as data:
        for record in records:
            print(json.dumps(record), file=data)
        data.flush()
        for percent in SLANG:
            parts.append(read_pairs(numpy, build, data.name, out, percent, names))
            print("slang %3d %%: %d pairs" % (percent, len(parts[-1])), file=sys.stderr)
    return numpy.concatenate(parts)


def make_weights(build, data, records, cut, out):
    """First what collected pairs say; then, with that settled, the features of
    stories in other words, for which made-up ones are added. So these change
    nothing about pairs that have no such feature."""
    import numpy
    names = run(build, "train_pairs", ["--features"], data).decode().split()
    records = add_retold(records[:cut])
    pairs = sampled_pairs(numpy, build, records, out, names)
    group = numpy.array([int(r["group"][1:]) for r in records])
    added = numpy.array(["retold" in r for r in records])[pairs["pair"]].any(axis=1)
    y = (group[pairs["pair"][:, 0]] == group[pairs["pair"][:, 1]]).astype(float)
    x = numpy.column_stack([numpy.ones(len(pairs)), pairs["x"].astype(float)])
    retold = (y > 0) & (pairs["x"][:, names.index("contained")] < 0.6)
    forms = (y == 0) & (pairs["x"][:, names.index("aid_other")] > 0)
    weight = numpy.where(retold, RETOLD_WEIGHT, numpy.where(forms, AID_WEIGHT, 1.0))
    weight[added] = TOLD_WEIGHT
    told = numpy.array([False] + [name.startswith(TOLD) for name in names])
    signs = numpy.array([0] + [sign_of(name) for name in names])
    w = numpy.zeros(len(names) + 1)
    w[~told] = fit_signed(numpy, x[~added][:, ~told], y[~added], weight[~added], signs[~told])
    seen = x[:, told].any(axis=1)
    ours = numpy.column_stack([numpy.zeros(seen.sum()), x[seen][:, told]])  # no bias of their own
    w[told] = fit_signed(numpy, ours, y[seen], weight[seen], numpy.append(0, signs[told]),
                         x[seen] @ w)[1:]
    write(out / "weights.txt", [
        "# Weights of the features in core/ticket/dedup_pair.h. Written by tests/train/train.py.",
        "bias %.4f" % w[0]] + ["%s %.4f" % (name, v + 0.0) for name, v in zip(names, w[1:])])


def scores(truth, found):
    """Pairs and B-cubed over clusters, as docs/dedup.md says."""
    def pairs(counter):
        return sum(n * (n - 1) // 2 for n in counter.values())
    t, f, both = Counter(truth), Counter(found), Counter(zip(truth, found))
    tp = pairs(both)
    p, r = tp / max(pairs(f), 1), tp / max(pairs(t), 1)
    bp = sum(n * n / f[k[1]] for k, n in both.items()) / len(truth)
    br = sum(n * n / t[k[0]] for k, n in both.items()) / len(truth)
    mean = lambda a, b: 2 * a * b / (a + b) if a + b else 0.0
    return p, r, mean(p, r), mean(bp, br)


def measure(build, data, records, cut, out):
    done = subprocess.run([str(build / "jembatan"), "duplicates", "--offline", str(data), "--measure"],
                          check=True, stdout=subprocess.PIPE, env=dict(os.environ, JEMBATAN_DEDUP=str(out)))
    incident = {}
    for line in done.stdout.decode().splitlines():
        name, where = line.split("\t")[:2]
        incident[name] = where
    for title, part in (("training, first 80 %", records[:cut]), ("held out, last 20 %", records[cut:]),
                        ("all", records)):
        s = scores([r["group"] for r in part], [incident[r["id"]] for r in part])
        print("%-22s pairs P %.4f R %.4f F1 %.4f, B-cubed F1 %.4f" % ((title,) + s))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=lambda path: pathlib.Path(path).resolve(), required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--regions", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--measure", action="store_true")
    a = parser.parse_args()
    a.build = a.build.resolve()
    records = load(a.data)
    cut = int(len(records) * TRAIN_SHARE)
    a.out.mkdir(parents=True, exist_ok=True)
    if not a.measure:
        count, documents = make_words(a.build, a.data, records, cut, a.out)
        make_places(a.build, a.regions, count, documents, a.out)
        make_weights(a.build, a.data, records, cut, a.out)
    measure(a.build, a.data, records, cut, a.out)


if __name__ == "__main__":
    main()
