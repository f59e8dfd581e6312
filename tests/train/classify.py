#!/usr/bin/python3
"""Makes config/classify.txt from complaints whose agency, topic and social aid
are known. Same input, same bytes. Needs python3-numpy.

    D="--build BUILD --data cls_dev.jsonl --others dev.jsonl"
    tests/train/classify.py $D --out config/classify.txt
    tests/train/classify.py $D --measure [--home CODE] [--seed N ...]
    tests/train/classify.py $D --thresholds
    tests/train/classify.py --build BUILD --data cls_dev.jsonl --places --home CODE [--seed N ...]

What ships is trained on all records. --measure trains on four fifths, by date
and by chance, and prints the figures of both parts of each split, from what
`jembatan classify` says; with --seed by chance only, once for each seed. --others
has records without labels (dev.meta.jsonl beside it says of which text each is):
how rare a feature is, is counted there too. classify_words.txt beside this script
holds words written by hand, learned from in every split. --thresholds prints, by
cross-validation, what social aid would come to at which shares
(KNOW_SOCIAL_AID_* of know.h). --places prints of both parts of each split how often
the kecamatan is right: nothing is trained for that."""
import argparse
import hashlib
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
from collections import Counter

TRAIN_SHARE = 0.8
SEED = 5
FOLDS = 5
FLOOR = 5            # records, labelled or not, that must hold a feature before it ships
FLOOR_LABELLED = 2   # of these labelled; what classify_words.txt says ships as well
WORDS = pathlib.Path(__file__).with_name("classify_words.txt")
TOPIC_LEAN = 0.35    # of the weights of a topic's agency that its own get added
COUNT_FLOOR = 3      # a class weighs as if it had this many records at least
AGREED = 0.9         # of the records of a topic, for its words to teach social aid
GRAM_BYTES = 51
BLOCKS = {"~": 1.0, "@": 0.3, "": 1.0}  # length of a record's features, by first letter: classify.c
ROUNDS = 40
SOFT_ROUNDS, SOFT_COST, SOFT_POWER = 20, 8.0, 0.9
# Task, cost of an error, how much more of a rare class, how much of the softmax
# regression is added, and what makes scores shares: slope and, for social aid,
# what is added to "yes".
TASKS = (("agency", 0.15, 0.7, 0.2, 2.5, 0.0), ("topic", 0.15, 0.7, 0.2, 1.9, 0.0),
         ("social_aid", 0.1, 0.3, 0.0, 2.0, 0.6))
LETTER_NONE, LETTER_SPAN = 79, 46       # as in classify.c


def load(path):
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    for r in records:
        r["social_aid"] = "yes" if r["bansos"] else "no"
    return records


def shuffled(records, seed=SEED):
    return sorted(range(len(records)), key=lambda i: hashlib.sha256(
        b"%d %s" % (seed, records[i]["id"].encode())).digest())


def splits(records, seeds):
    """Name, what is learned from, what is held out."""
    cut = int(len(records) * TRAIN_SHARE)
    if seeds:
        orders = [(seed, shuffled(records, seed)) for seed in seeds]
        return [("by chance, seed %d" % seed, order[:cut], order[cut:]) for seed, order in orders]
    by_date = sorted(range(len(records)), key=lambda i: (records[i]["time"], records[i]["id"]))
    by_chance = shuffled(records)
    return (("by date", by_date[:cut], by_date[cut:]), ("by chance", by_chance[:cut], by_chance[cut:]))


def features(build, data):
    with open(data, "rb") as source:
        done = subprocess.run([str(build / "train_features")], stdin=source, check=True,
                              stdout=subprocess.PIPE)
    return [Counter(line.split("\t")) for line in done.stdout.decode().split("\n")]


def load_words(build, records, folder):
    """The lines of classify_words.txt as records with their features. Whether they
    are of social aid is what nearly all records of their topic say."""
    lines, about = [], None
    for line in WORDS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            about = (line.strip("[]") + " | ").split(" | ")
        elif line and not line.startswith("#"):
            lines.append({"agency": about[0], "topic": about[1], "text": line})
    path = pathlib.Path(folder) / "words.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    known = {task: {r[task] for r in records} for task in ("agency", "topic")}
    for line in lines:
        for task in known:
            if line[task] not in known[task]:
                sys.exit("%s: no record has the %s %r" % (WORDS, task, line[task]))
    return lines, features(build, path)[:len(lines)]


def social_aid_of(line, records, part):
    """Of a line that names the agency only it is not known."""
    like = [records[i]["social_aid"] for i in part if line["topic"] and records[i]["topic"] == line["topic"]]
    best = max(("yes", "no"), key=like.count)
    return best if like.count(best) >= AGREED * len(like) > 0 else ""


def agency_of(topic, examples):
    """Most of its records go there: nearly all, in fact."""
    names = Counter(r["agency"] for r in examples if r["topic"] == topic)
    return min(names, key=lambda name: (-names[name], name))


def count_others(build, path, records):
    """Number of records and, by feature, how many have it: one of each text that
    is not among the labelled ones."""
    with open(path.with_name(path.stem + ".meta.jsonl"), encoding="utf-8") as lines:
        sources = [json.loads(line)["src"] for line in lines]
    left = set(sources) - {r["id"] for r in records}
    count, seen = 0, Counter()
    for source, features_of in zip(sources, features(build, path)):
        if source in left:
            left.remove(source)
            count += 1
            seen.update(features_of.keys())
    return count, seen


def vectors(numpy, counts, grams, idf):
    """Of each record the numbers of its features and their values."""
    rows = []
    for count in counts:
        parts = {mark: [(grams[g], (1 + math.log(n)) * idf[g]) for g, n in count.items()
                        if g in grams and block_of(g) == mark] for mark in BLOCKS}
        row = []
        for mark, part in parts.items():
            length = math.sqrt(sum(v * v for _, v in part)) / BLOCKS[mark] if part else 1
            row += [(g, v / length) for g, v in part]
        row.append((len(grams), 1.0))  # the bias
        rows.append((numpy.array([g for g, _ in row]),
                     numpy.array([v for _, v in row], dtype=numpy.float32)))
    return rows


def block_of(gram):
    return gram[0] if gram[0] in BLOCKS else ""


def fit(numpy, rows, size, y, count, cost, power):
    """A support vector machine a class against all others, squared hinge, by
    dual coordinate descent, all classes at once. Rare classes cost more."""
    classes = len(count)
    heavy = cost * (count.sum() / classes / count) ** power
    w = numpy.zeros((size, classes), dtype=numpy.float32)
    alpha = numpy.zeros((len(y), classes), dtype=numpy.float32)
    length = [float(v @ v) for _, v in rows]
    order = numpy.random.RandomState(SEED)
    for _ in range(ROUNDS):
        for i in order.permutation(len(y)):
            at, v = rows[i]
            here = w[at]
            sign = numpy.full(classes, -1, dtype=numpy.float32)
            sign[y[i]] = 1
            soft = numpy.full(classes, 0.5 / cost, dtype=numpy.float32)
            soft[y[i]] = 0.5 / heavy[y[i]]
            slope = sign * (v @ here) - 1 + soft * alpha[i]
            new = numpy.maximum(alpha[i] - slope / (length[i] + soft), 0)
            w[at] = here + numpy.outer(v, sign * (new - alpha[i]))
            alpha[i] = new
    return w


def fit_soft(numpy, rows, size, y, count):
    """A softmax regression by stochastic gradient: it ranks the second and third
    better than the vectors do, which are better at the first and at rare classes."""
    classes = len(count)
    heavy = (count.sum() / classes / count) ** SOFT_POWER
    heavy = (heavy / heavy[y].mean()).astype(numpy.float32)
    w = numpy.zeros((size, classes), dtype=numpy.float32)
    shrunk, decay = 1.0, 1 / (SOFT_COST * len(y))
    step, order = 2 / decay, numpy.random.RandomState(SEED)
    for _ in range(SOFT_ROUNDS):
        for i in order.permutation(len(y)):
            at, v = rows[i]
            here = w[at]
            score = shrunk * (v @ here)
            p = numpy.exp(score - score.max())
            p /= p.sum()
            p[y[i]] -= 1
            step += 1
            rate = 1 / (decay * step)
            shrunk *= 1 - rate * decay
            w[at] = here - numpy.outer(v, rate / shrunk * heavy[y[i]] * p)
    return shrunk * w


def train(records, all_counts, others, words, part, out, tasks=TASKS):
    import numpy
    lines_of_words, counts_of_words = words
    for line in lines_of_words:
        line["social_aid"] = social_aid_of(line, records, part)
    counts = [all_counts[i] for i in part]
    by_hand = {gram for count in counts_of_words for gram in count}
    labelled = Counter(gram for count in counts for gram in count)
    total, seen = len(part) + others[0], labelled + others[1]
    common = {g for g, n in labelled.items() if n >= FLOOR_LABELLED and seen[g] >= FLOOR}
    names = sorted(g for g in common | by_hand if g and len(g.encode()) <= GRAM_BYTES)
    grams = {g: n for n, g in enumerate(names)}
    idf = {g: round(1 + math.log((1 + total) / (1 + max(seen[g], 1))), 3) for g in names}
    examples = [records[i] for i in part] + lines_of_words
    rows = vectors(numpy, counts + counts_of_words, grams, idf)
    lines, weights = [], []
    for task, cost, power, soft, slope, lean in tasks:
        known = [i for i, r in enumerate(examples) if r[task]]
        classes = sorted({examples[i][task] for i in known})
        y = numpy.array([classes.index(examples[i][task]) for i in known])
        count = numpy.bincount(y[:sum(i < len(part) for i in known)], minlength=len(classes))
        count = numpy.maximum(count, COUNT_FLOOR)
        mine = [rows[i] for i in known]
        w = fit(numpy, mine, len(names) + 1, y, count, cost, power)
        if soft:  # both are linear in the same features: so is their sum
            w += soft * fit_soft(numpy, mine, len(names) + 1, y, count)
        if task == "agency":
            of_agency = dict(zip(classes, w.T))
        if task == "topic":
            leant_on = [of_agency[agency_of(name, examples)] for name in classes]
            w += TOPIC_LEAN * numpy.array(leant_on).T
        w *= slope
        bias, w = w[-1], w[:-1]
        scale = numpy.maximum(numpy.abs(w).max(axis=0), 1e-6) / LETTER_SPAN
        weights.append(numpy.rint(w / scale).astype(numpy.int8))
        lines += ["%s\t%s\t%.3f\t%.6f" % (task, name, b + (lean if name == "yes" else 0), s)
                  for name, b, s in zip(classes, bias, scale)]
        print("%s: %d records, %d classes" % (task, len(known), len(classes)), file=sys.stderr)
    letters = (numpy.concatenate(weights, axis=1) + LETTER_NONE).astype(numpy.uint8)
    with open(out, "w", encoding="utf-8") as file:
        print("# Weights of core/ticket/classify.c. Written by tests/train/classify.py.\n"
              "# Classes: task, name, bias, scale. Features, each of at least %d records or of\n"
              "# classify_words.txt: idf, and one letter for each class above: O stands for nothing,\n"
              "# each letter after it for one times the scale more, each before it for one less." % FLOOR, file=file)
        print("\n".join(lines), file=file)
        for name, row in zip(names, letters):
            print("%s\t%.3f\t%s" % (name, idf[name], row.tobytes().decode()), file=file)


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


def classify(build, data, home, weights):
    done = subprocess.run([str(build / "jembatan"), "classify", "--offline", str(data)] +
                          (["--home", home] if home else []), check=True, stdout=subprocess.PIPE,
                          env=dict(os.environ, **({"JEMBATAN_CLASSIFY": str(weights)} if weights else {})))
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def measure(records, counts, others, words, chosen, folder):
    for name, first, last in splits(records, chosen.seed):
        weights = pathlib.Path(folder) / "classify.txt"
        train(records, counts, others, words, first, weights)
        said = classify(chosen.build, chosen.data, chosen.home, weights)
        for title, part in (("training", first), ("held out", last)):
            print("%s, %s (%d records)" % (name, title, len(part)))
            for task in ("agency", "topic"):
                print("  %-8s accuracy %.3f  macro-F1 %.3f  top-3 %.3f  surest 60 %% %.3f"
                      % ((task,) + score_task(records, said, part, task)))
            print("  social aid P %.3f  R %.3f  F1 %.3f" % score_aid(records, said, part))
            print("  kecamatan precision %.3f, given in %.3f" % score_place(records, said, part))


def measure_places(records, chosen):
    said = classify(chosen.build, chosen.data, chosen.home, None)
    parts = list(splits(records, [])) + (splits(records, chosen.seed) if chosen.seed else [])
    for name, first, last in parts:
        for title, part in (("training", first), ("held out", last)):
            print("%-18s %-8s (%d records): kecamatan precision %.4f, given in %.4f"
                  % ((name, title, len(part)) + score_place(records, said, part)))
    print("all: kecamatan precision %.4f, given in %.4f" % score_place(records, said, range(len(records))))


def thresholds(records, counts, unlabelled, words, build, data, folder):
    weights, order = pathlib.Path(folder) / "classify.txt", shuffled(records)
    said = [None] * len(records)
    for k in range(FOLDS):
        part = [i for n, i in enumerate(order) if n % FOLDS != k]
        train(records, counts, unlabelled, words, part, weights, TASKS[2:])
        answers = classify(build, data, None, weights)
        for i in order[k::FOLDS]:
            said[i] = answers[i]
    steps = [n / 20 for n in range(2, 14)]
    for enough in steps:
        for named in (s for s in steps if s <= enough):
            for s in said:
                s["social_aid"] = s["social_aid_share"] >= (named if s["programme"] else enough)
            print("enough %.2f, named %.2f: P %.3f  R %.3f  F1 %.3f"
                  % ((enough, named) + score_aid(records, said, range(len(records)))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--others", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--thresholds", action="store_true")
    parser.add_argument("--places", action="store_true")
    parser.add_argument("--home", help="code of the region that is served")
    parser.add_argument("--seed", type=int, nargs="+", default=[])
    chosen = parser.parse_args()
    records = load(chosen.data)
    if chosen.places:
        measure_places(records, chosen)
        return
    if chosen.others is None or not (chosen.measure or chosen.thresholds or chosen.out):
        parser.error("--others, and --out, --measure or --thresholds; or --places")
    counts = features(chosen.build, chosen.data)
    others = count_others(chosen.build, chosen.others, records)
    with tempfile.TemporaryDirectory() as folder:
        words = load_words(chosen.build, records, folder)
        if chosen.out is not None:
            train(records, counts, others, words, list(range(len(records))), chosen.out)
        if chosen.measure:
            measure(records, counts, others, words, chosen, folder)
        if chosen.thresholds:
            thresholds(records, counts, others, words, chosen.build, chosen.data, folder)


main()
