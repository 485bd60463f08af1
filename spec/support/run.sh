#!/bin/sh
# run.sh: runs specs, the same way on every machine and under every tool. Called by make.
#
#   spec/support/run.sh BUILD [busted's arguments]     and in the environment:
#
#   LUA=lua5.4         the Lua to run in
#   UNDER=             asan, tsan or valgrind: every `lua5.4` that a spec starts runs under it too
#   GC=                incremental or generational: with the collector at its most aggressive
#   SET=               which specs: an entry of .busted
#   CJSON_CPATH=       a path that another lua-cjson is looked for in first
#
# Specs find: `lua5.4` in PATH, the modules (LUA_PATH, LUA_CPATH), WIXUM_SPEC_BUILD (the build's folder), WIXUM_SLOW=1
# where everything takes many times longer; nothing else of wixum's or Wix's, and no proxy.
set -eu
root=$(CDPATH='' cd -P "$(dirname "$0")/../.." && pwd)
cd "$root"
build=$root/$1
shift
lua=$(command -v "${LUA:-lua5.4}") || { echo "specs: no ${LUA:-lua5.4} in PATH" >&2; exit 2; }
under=${UNDER:-} gc=${GC:-} specs=${SET:-default} cjson=${CJSON_CPATH:-}

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$temporary/bin" "$temporary/home" "$temporary/tmp"

# What a developer has set for their own calls, or make for its own, is none of the specs' business.
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
  case $name in
  WIX_* | WIXUM_* | LUA | LUA_* | CURL_* | SSL_CERT_* | SSLKEYLOGFILE | *_proxy | *_PROXY | XDG_* | \
    MAKE* | MFLAGS | UNDER | GC | SET | CJSON_CPATH) unset "$name" ;;
  esac
done
export HOME="$temporary/home" XDG_CONFIG_HOME="$temporary/home/.config" TMPDIR="$temporary/tmp" LC_ALL=C.UTF-8
export PATH="$temporary/bin:$PATH"
export LUA_PATH="$root/lua/?.lua;$root/lua/?/init.lua;$root/?.lua;;"
export LUA_CPATH="${cjson:+$cjson;}$build/?.so;$build/spec/?.so;;"
export WIXUM_SPEC_BUILD="$build"
[ -z "$under" ] || export WIXUM_SLOW=1
[ -z "$gc" ] || export WIXUM_SLOW=1 WIXUM_GC="$gc" LUA_INIT="@$root/spec/support/aggressive_gc.lua"

# The `lua5.4` that specs start, where it is not simply the machine's own. The tools are put around Lua alone: the sh and
# the openssl that specs start besides are not ours to judge, and they would inherit an LD_PRELOAD.
reports=$build/reports
preloading() { # RUNTIME
  # By its own name: asked for by a path, the loader would note the name once more when a module needs it, and that
  # note would be a leak.
  runtime=$(readelf -d "$(gcc -print-file-name="$1")" | sed -n 's/.*(SONAME).*\[\(.*\)\].*/\1/p')
  loader=$(ldd "$lua" | sed -n 's|^[[:space:]]*\(/[^ ]*ld[^ ]*\) (.*|\1|p')
  printf '#!/bin/sh\nexec "%s" --argv0 lua5.4 --preload "%s" "%s" "$@"\n' "$loader" "$runtime" "$lua"
}
case $under in
'') printf '#!/bin/sh\nexec "%s" "$@"\n' "$lua" ;;
asan) preloading libasan.so ;;
tsan) preloading libtsan.so ;;
valgrind)
  leaks='--leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite'
  printf '#!/bin/sh\nexec valgrind -q --error-exitcode=99 --num-callers=30 --keep-debuginfo=yes %s ' "$leaks"
  printf -- '--log-file="%s/%%p" --suppressions="%s" "%s" "$@"\n' "$reports" "$root/spec/support/valgrind.supp" "$lua"
  ;;
*) echo "specs: unknown tool $under" >&2; exit 2 ;;
esac >"$temporary/bin/lua5.4"
if [ -z "$under" ] && [ "$lua" = "$(PATH=${PATH#*:} command -v lua5.4)" ]; then
  rm "$temporary/bin/lua5.4"
else
  chmod +x "$temporary/bin/lua5.4"
fi

# Reports go to files, so that one from a child process counts too, whatever the spec made of its exit status.
rm -rf "$reports"
mkdir -p "$reports"
checks=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export ASAN_OPTIONS="$checks:abort_on_error=0:exitcode=99:log_path='$reports/asan'"
export LSAN_OPTIONS="suppressions='$root/spec/support/lsan.supp':print_suppressions=0"
export UBSAN_OPTIONS="print_stacktrace=1:log_path='$reports/ubsan'"
# gcc 12's ThreadSanitizer takes a library's thread-local variables, where they happen to begin a page, for something larger
# than all memory (GnuTLS has some); it gets to see them by malloc anyway.
export TSAN_OPTIONS="intercept_tls_get_addr=0:exitcode=99:log_path='$reports/tsan':suppressions='$root/spec/support/tsan.supp'"

# A spec that eats memory without end is to fail, and not to take the machine with it. (The sanitizers reserve far more
# than they use.)
[ "$under" ] || ulimit -S -v 4000000 || :

# (Said once more to busted, which would put .busted's paths in front.)
status=0
lua5.4 "$root/spec/support/run.lua" --ignore-lua --lpath="$root/lua/?.lua" --cpath="$build/?.so" --run="$specs" "$@" || status=$?
for report in "$reports"/*; do
  [ -s "$report" ] || continue
  echo "--- $report"
  cat "$report"
  status=1
done
exit "$status"
