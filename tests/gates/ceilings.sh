#!/bin/bash
# ceilings.sh: files of at most 600 lines, functions of at most 100 lines and
# of McCabe complexity at most 20 (pmccabe, Debian).
cd "$(dirname "$0")/../.." || exit 1
bad=0
mapfile -t files < <(find core plugins tests -name '*.c' -o -name '*.h' | sort)
for file in "${files[@]}"; do
	lines=$(wc -l <"$file")
	if [ "$lines" -gt 600 ]; then
		echo "$file: $lines lines, more than 600"
		bad=$((bad + 1))
	fi
done
# modified complexity, complexity, statements, first line, lines, place, name
report=$(pmccabe "${files[@]}" 2>/dev/null)
over=$(awk '$1 > 20 {print $6 ": " $7 " has complexity " $1 ", more than 20"}
	$5 > 100 {print $6 ": " $7 " has " $5 " lines, more than 100"}' <<<"$report")
if [ -n "$over" ]; then
	echo "$over"
	bad=$((bad + 1))
fi
echo "ceilings: ${#files[@]} files, $(wc -l <<<"$report") functions, $bad over"
[ "$bad" -eq 0 ] && [ "$(wc -l <<<"$report")" -gt 100 ]
