#!/usr/bin/python3
"""Makes config/classify.txt from complaints whose agency, topic and social aid
are known. Same input, same bytes. Needs python3-numpy.

    tests/train/classify.py --build BUILD --data cls_dev.jsonl --out config/classify.txt
    tests/train/classify.py --build BUILD --data cls_dev.jsonl --out config/classify.txt --measure

The last fifth by date is not looked at in training. --measure prints the
figures of both parts, from what `jembatan classify` says."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
from collections import Counter

TRAIN_SHARE = 0.8
FLOOR = 5            # training records that must hold a feature before it ships
GRAM_BYTES = 51
# Task, cost of an error against small weights, how much rare classes gain, rounds.
TASKS = (("agency", 10.0, 0.5, 150), ("topic", 3.0, 0.5, 80), ("social_aid", 2.0, 0.7, 80))
OFFSET = 0.05        # of the kernel: the bias


def load(path):
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    for r in records:
        r["social_aid"] = "yes" if r["bansos"] else "no"
    order = sorted(range(len(records)), key=lambda i: (records[i]["time"], records[i]["id"]))
    cut = int(len(order) * TRAIN_SHARE)
    return records, order[:cut], order[cut:]


def features(build, data):
    with open(data, "rb") as source:
        done = subprocess.run([str(build / "train_features")], stdin=source, check=True,
                              stdout=subprocess.PIPE)
    return [Counter(line.split("\t")) for line in done.stdout.decode().split("\n")]


def matrix(numpy, grams, counts, idf):
    x = numpy.zeros((len(counts), len(grams)), dtype=numpy.float32)
    for row, count in enumerate(counts):
        for gram, n in count.items():
            if gram in grams:
                x[row, grams[gram]] = (1 + numpy.log(n)) * idf[gram]
    return x / numpy.maximum(numpy.linalg.norm(x, axis=1, keepdims=True), 1e-9)


def fit(numpy, x, kernel, y, classes, cost, power, rounds):
    """Softmax regression, the rarer classes heavier; convex, by Nesterov's
    method over the records' own weights."""
    truth = numpy.zeros((len(y), classes), dtype=numpy.float32)
    truth[numpy.arange(len(y)), y] = 1
    count = numpy.maximum(numpy.bincount(y, minlength=classes), 1)
    weight = (len(y) / classes / count[y]) ** power
    weight = (cost * weight / weight.mean()).astype(numpy.float32)[:, None]
    v = numpy.ones(len(y), dtype=numpy.float32)
    for _ in range(30):
        v = kernel @ v
        v /= numpy.linalg.norm(v)
    step = numpy.float32(1 / (0.5 * weight.max() * (v @ (kernel @ v)) + 1))
    a = numpy.zeros_like(truth)
    ahead, t = a, 1.0
    for _ in range(rounds):
        z = kernel @ ahead
        p = numpy.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        new = ahead - step * (weight * (p - truth) + ahead)
        t2 = (1 + (1 + 4 * t * t) ** 0.5) / 2
        ahead = new + numpy.float32((t - 1) / t2) * (new - a)
        a, t = new, t2
    return x.T @ a, OFFSET * a.sum(axis=0)


def train(build, data, out):
    import numpy
    records, part, _ = load(data)
    counts = features(build, data)
    counts = [counts[i] for i in part]
    seen = Counter(gram for count in counts for gram in count)
    names = sorted(g for g, n in seen.items() if n >= FLOOR and g and len(g.encode()) <= GRAM_BYTES)
    grams = {g: n for n, g in enumerate(names)}
    idf = {g: round(float(numpy.log(len(part) / seen[g])), 3) for g in names}
    x = matrix(numpy, grams, counts, idf)
    kernel = x @ x.T + numpy.float32(OFFSET)
    lines, rows = [], []
    for task, cost, power, rounds in TASKS:
        known = [i for i, r in enumerate(part) if records[r][task]]
        classes = sorted({records[part[i]][task] for i in known})
        y = numpy.array([classes.index(records[part[i]][task]) for i in known])
        w, bias = fit(numpy, x[known], kernel[numpy.ix_(known, known)], y, len(classes), cost,
                      power, rounds)
        scale = numpy.maximum(numpy.abs(w).max(axis=0), 1e-6) / 127
        rows.append(numpy.rint(w / scale).astype(numpy.int8))
        lines += ["%s\t%s\t%.3f\t%.6f" % (task, name, b, s)
                  for name, b, s in zip(classes, bias, scale)]
        print("%s: %d records, %d classes" % (task, len(known), len(classes)), file=sys.stderr)
    weights = numpy.concatenate(rows, axis=1)
    with open(out, "w", encoding="utf-8") as file:
        print("# Weights of core/ticket/classify.c. Written by tests/train/classify.py.\n"
              "# Classes: task, name, bias, scale. Features, each of at least %d records: idf, and\n"
              "# one signed byte for each class above." % FLOOR, file=file)
        print("\n".join(lines), file=file)
        for name, row in zip(names, weights):
            print("%s\t%.3f\t%s" % (name, idf[name], row.tobytes().hex()), file=file)


def share(part, whole):
    return part / whole if whole else 0.0


def score_task(records, said, part, task):
    known = [i for i in part if records[i][task]]
    truth = [records[i][task] for i in known]
    best = [said[i][task] for i in known]
    hits = [b == t for b, t in zip(best, truth)]
    third = sum(records[i][task] in said[i][task + "_three"] for i in known)
    f1 = [2 * sum(b == name == t for b, t in zip(best, truth)) / (best.count(name) + truth.count(name))
          for name in sorted(set(truth))]
    order = sorted(range(len(known)), key=lambda n: -said[known[n]][task + "_margin"])
    sure = order[:int(0.6 * len(known))]
    return (share(sum(hits), len(known)), sum(f1) / len(f1), share(third, len(known)),
            share(sum(hits[n] for n in sure), len(sure)))


def score_aid(records, said, part):
    tp = sum(said[i]["social_aid"] and bool(records[i]["bansos"]) for i in part)
    p = share(tp, sum(said[i]["social_aid"] for i in part))
    r = share(tp, sum(bool(records[i]["bansos"]) for i in part))
    return p, r, share(2 * p * r, p + r)


def plain(name):
    """Letters only; the table's own spelling of one kecamatan differs."""
    return "".join(c for c in name.lower() if c.isalnum()).replace("cantikan", "cantian")


def score_place(records, said, part):
    given = [i for i in part if said[i]["place_level"] in ("kecamatan", "village")]
    right = sum(plain(said[i]["place_names"][2]) == plain(records[i]["kecamatan"]) for i in given)
    return share(right, len(given)), share(len(given), len(part))


def measure(build, data, home):
    records, first, last = load(data)
    done = subprocess.run([str(build / "jembatan"), "classify", "--offline", str(data)] +
                          (["--home", home] if home else []), check=True, stdout=subprocess.PIPE)
    said = [json.loads(line) for line in done.stdout.decode().splitlines()]
    for name, part in (("training, first 80 %", first), ("held out, last 20 %", last)):
        print("%s (%d records)" % (name, len(part)))
        for task in ("agency", "topic"):
            print("  %-8s accuracy %.3f  macro-F1 %.3f  top-3 %.3f  surest 60 %% %.3f"
                  % ((task,) + score_task(records, said, part, task)))
        print("  social aid P %.3f  R %.3f  F1 %.3f" % score_aid(records, said, part))
        print("  kecamatan precision %.3f, given in %.3f" % score_place(records, said, part))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--home", help="code of the region that is served")
    chosen = parser.parse_args()
    if not chosen.measure:
        train(chosen.build, chosen.data, chosen.out)
    os.environ["JEMBATAN_CLASSIFY"] = str(chosen.out)
    measure(chosen.build, chosen.data, chosen.home)


main()
