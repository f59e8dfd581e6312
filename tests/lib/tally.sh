# tally.sh: count what passed, failed and was skipped, and say it at the end.
# Sourced by ./check.

passed=0 failed=0 skipped=0
failures="" skips=""
started=$SECONDS

step() {
	echo "== $* ($((SECONDS - started)) s)"
}

# tell NAME STATUS LOG: one test is over; 77 means skipped.
tell() {
	if [ "$2" -eq 0 ]; then
		passed=$((passed + 1))
		tail -n 3 "$3"
	elif [ "$2" -eq 77 ]; then
		skipped=$((skipped + 1))
		skips="$skips $1"
	else
		failed=$((failed + 1))
		failures="$failures $1"
		echo "-- $1 failed ($2):"
		tail -n 60 "$3"
	fi
	rm -f "$3"
}

# run_test NAME COMMAND...: one test.
run_test() {
	name=$1
	shift
	log=$(mktemp)
	"$@" >"$log" 2>&1
	tell "$name" $? "$log"
}

# run_beside NAME COMMAND...: one test, beside at most $crew - 1 others of them.
# wait_beside tells of all of them, in their order.
beside="" crew=$(nproc)
run_beside() {
	[ -n "$beside" ] || beside=$(mktemp -d)
	while [ "$(jobs -rp | wc -l)" -ge "$crew" ]; do
		wait -n
	done
	name=$1
	shift
	echo "$name" >>"$beside/names"
	{
		"$@" >"$beside/$name.log" 2>&1
		echo $? >"$beside/$name.status"
	} &
}

wait_beside() {
	wait
	while read -r name; do
		tell "$name" "$(cat "$beside/$name.status" || echo 1)" "$beside/$name.log"
	done <"$beside/names"
	rm -rf "$beside"
	beside=""
}

# run_build NAME COMMAND...: like a test, but nothing can go on without it.
run_build() {
	before=$failed
	run_test "$@"
	[ "$failed" -eq "$before" ] || tally_end /dev/null
}

# tally_automake DIR: what `make check` left there. A Check program counts its
# tests, any other program counts as one.
tally_automake() {
	while IFS= read -r trs; do
		log=${trs%.trs}.log
		name=${log#"$1"/}
		name=${name%.log}
		result=$(sed -n 's/^:test-result: //p' "$trs")
		counts=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' \
			"$log" | awk '{c += $1; b += $2 + $3} END {if (NR) print c, b}')
		case $result in
		PASS*)
			good=${counts%% *}
			passed=$((passed + ${good:-1})) ;;
		SKIP*)
			skipped=$((skipped + 1))
			skips="$skips $name" ;;
		*)
			bad=1
			if [ -n "$counts" ]; then
				bad=${counts##* }
				[ "$bad" -gt 0 ] || bad=1
				good=$((${counts%% *} - ${counts##* }))
				[ "$good" -gt 0 ] && passed=$((passed + good))
			fi
			failed=$((failed + bad))
			failures="$failures $name"
			echo "-- $name failed:"
			tail -n 60 "$log" ;;
		esac
	done < <(find "$1" -name '*.trs' | sort)
	[ -n "$(find "$1" -name '*.trs' -print -quit)" ] || {
		echo "-- make check ran nothing:"
		tail -n 40 "$1/make-check.log"
		failed=$((failed + 1))
		failures="$failures make-check"
	}
}

# tally_end LIST: the last line; a skip that LIST does not name is a failure.
tally_end() {
	for name in $skips; do
		if ! grep -q "^$name[[:space:]]" "$1" 2>/dev/null; then
			echo "-- $name was skipped but is not in tests/skips"
			skipped=$((skipped - 1))
			failed=$((failed + 1))
			failures="$failures $name"
		fi
	done
	[ -z "$failures" ] || echo "failed:$failures"
	[ -z "$skips" ] || echo "skipped:$skips"
	echo "took $((SECONDS - started)) s"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}
