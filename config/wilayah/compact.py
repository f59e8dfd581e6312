#!/usr/bin/python3
"""Writes wilayah.txt from the national table (lines of `kode,nama`).

    config/wilayah/compact.py wilayah.csv >config/wilayah/wilayah.txt

A province is a line "11 Aceh", a kabupaten or kota " 01 Name", a kecamatan
"  01 Name", and its villages one line "   2001 Name;Name;2005 Name": a number
is left out where it is one more than the last."""
import csv
import sys


def flush(villages):
    if villages:
        print("   " + ";".join(villages))
        villages.clear()


def main():
    villages, expected = [], None
    with open(sys.argv[1], encoding="utf-8", newline="") as source:
        rows = list(csv.reader(source))[1:]
    for code, name in sorted(rows):
        name = " ".join(name.replace("\u2019", "'").replace(";", ",").split())
        parts = code.split(".")
        if len(parts) < 4:
            flush(villages)
            print(" " * (len(parts) - 1) + parts[-1] + " " + name)
            expected = None
            continue
        number = int(parts[3])
        villages.append(name if number == expected else parts[3] + " " + name)
        expected = number + 1
    flush(villages)


main()
