#!/bin/sh
# template.sh: the template builds outside the tree with nothing but what is
# installed: two headers, the .pc file and the archive. Then the host describes
# it, which loads it. Run from the build folder, as `make check` does.
set -eu
srcdir=${srcdir:-.}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

make -s install-jembatanincludeHEADERS install-pkgconfigDATA install-libLIBRARIES \
	DESTDIR="$root" >"$root/install.out" 2>&1 || { cat "$root/install.out"; exit 1; }
pc=$(find "$root" -name jembatan-connector.pc)
prefix=$(sed -n 's/^prefix=//p' "$pc")
sed -i "s|^prefix=.*|prefix=$root$prefix|" "$pc"

# Away from the source: no header of the tree may be reachable.
mkdir "$root/mine"
cp "$srcdir/plugins/template/template.c" "$srcdir/plugins/template/Makefile" "$root/mine/"
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
unset CPPFLAGS CFLAGS LDFLAGS MAKEFLAGS MFLAGS || true
# An archive built with sanitizers needs them in the plugin too.
sanitizers=
grep -q '^#define JEMBATAN_SANITIZED' config.h && sanitizers="-fsanitize=address,undefined -shared-libasan"
case $(${CC:-cc} --version 2>/dev/null) in *clang*) ;; *) sanitizers=${sanitizers%-shared-libasan} ;; esac
make -s -C "$root/mine" CFLAGS="-O1 -g -Wall -Wextra -Werror $sanitizers"

exported=$(nm -D --defined-only "$root/mine/template.so" | awk '$2 == "T" { print $3 }')
[ "$exported" = jembatan_connector_entry ] || { echo "exports: $exported"; exit 1; }
echo "builds outside the tree and exports jembatan_connector_entry only"

host=./jembatan-connector
[ -x "$host" ] || { echo "no $host here: not described"; exit 1; }
chmod 644 "$root/mine/template.so"
"$host" --describe "$root/mine/template.so" >"$root/described" || { cat "$root/described"; exit 1; }
grep -q 'url' "$root/described"
echo "the host loads and describes it"
