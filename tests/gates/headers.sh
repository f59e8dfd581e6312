#!/bin/bash
# headers.sh: each header compiles alone; the public ones as C11, C17 and C++17.
cd "$(dirname "$0")/../.." || exit 1
flags=(-fsyntax-only -Wall -Wextra -Werror -D_GNU_SOURCE -Icore/include -Icore -Iplugins)
read -ra libraries < <(pkg-config --cflags jansson libcurl gmime-3.0 libxml-2.0 sqlite3 libcrypto)
count=0 bad=0
try() {
	count=$((count + 1))
	"$@" || { bad=$((bad + 1)); echo "does not compile alone: ${*: -1}"; }
}
while IFS= read -r header; do
	try gcc -std=gnu17 "${flags[@]}" "${libraries[@]}" -x c "$header"
done < <(find core plugins -name '*.h' | grep -v core/include | sort)
for header in core/include/jembatan/*.h; do
	try gcc -std=c11 -pedantic "${flags[@]}" "${libraries[@]}" -x c "$header"
	try gcc -std=c17 -pedantic "${flags[@]}" "${libraries[@]}" -x c "$header"
	try g++ -std=c++17 -pedantic "${flags[@]}" "${libraries[@]}" -x c++ "$header"
done
echo "headers: $count compiled alone, $bad not"
[ "$bad" -eq 0 ] && [ "$count" -gt 20 ]
