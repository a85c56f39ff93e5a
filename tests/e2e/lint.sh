#!/bin/sh
# tools/lint finds what it is there to find: a small tree with one fault of each kind, and the same tree without.
top=$(pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mkdir -p tools src/base src/core/x src/http src/cap/a/html src/cap/b docs data scenarios
cp "$top/tools/lint" tools/lint
cp "$top/src/base/banned.h" src/base/
failed=0

# expect CHECK WORDS: the check fails with a line that holds the words
expect() {
	if tools/lint "$1" | grep -F -- "$2" >/dev/null; then echo "ok lint $1 finds: $2"; else echo "not ok lint $1 does not find: $2"; failed=1; fi
}
clean() {
	if tools/lint "$1" >out 2>&1; then echo "ok lint $1 is content"; else echo "not ok lint $1 is not content"; cat out; failed=1; fi
	rm -f out
}

printf '#include "core/x/x.h"\nint a;\n' >src/base/a.c
printf '#include <sqlite3.h>\n' >src/core/x/x.c
cat >src/cap/a/a.c <<-'C'
	#include "cap/b/b.h"
	static const char *q = "SELECT id FROM t";
	static const char *h = "<p class=x>";
	static void f(void) { strcpy(x, N_("没有翻译")); }
	static const struct route r[] = {{"GET", "/a", f, NULL, R_PUBLIC, NULL, 0}, {"GET", "/a", f, NULL, R_PUBLIC, N_("两次"), 0}};
C
printf '<p>裸字 {{_ "有翻译"}}</p>\n' >src/cap/a/html/a.html
printf 'msgid "有翻译"\nmsgstr "%%d translated"\n\nmsgid "陈旧"\nmsgstr "stale"\n' >src/cap/a/en.po
echo 1 >data/facts.csv
printf 'see /%s/x\n' work/wt >docs/a.md
printf '[gone](gone.md) `docs/none.md` `gongzhi fly` `gongzhi verify x`\n' >docs/b.md
printf '%s\n' 'static const struct subcommand s[] = {{"verify", "FILE", N_("核对"), f}};' >src/cap/b/b.c
printf '// %s%s: later\n' TO DO >src/cap/b/b.h
expect includes 'base/ includes core/'
expect includes 'capability a includes b'
expect library-headers 'sqlite3.h belongs to src/db/'
expect sql 'SQL in C'
expect html 'HTML in C'
expect banned 'strcpy() is banned'
expect routes 'GET /a has no about'
expect routes 'stands in'
expect english 'no English for "没有翻译"'
expect english '"陈旧" is used nowhere'
expect english 'keep kind and order'
expect bare-chinese 'bare text "裸字'
expect data 'not named in data/README.md'
expect machine 'path of one machine'
expect unfinished 'finish it'
expect folders 'no README.md'
expect docs 'dead link gone.md'
expect docs 'there is no file docs/none.md'
expect docs 'there is no command gongzhi fly'

rm -r src/base/a.c src/core/x/x.c src/cap docs/a.md docs/b.md
mkdir -p src/cap/a/html
cat >src/cap/a/a.c <<-'C'
	/* SELECT in a comment, <p> too, strcpy() */
	static const struct route r[] = {{"GET", "/a", f, NULL, R_PUBLIC, N_("一" "次"), 0}};
C
printf '<p>{{_ "有翻译"}}</p>{{# 注释}}\n' >src/cap/a/html/a.html
printf 'msgid "有翻译"\nmsgstr "translated"\n\nmsgid "一次"\nmsgstr "once"\n' >src/cap/a/en.po
echo '`facts.csv`' >data/README.md
echo readme >src/cap/a/README.md
for check in includes library-headers sql html banned routes english bare-chinese data machine unfinished folders docs; do clean $check; done
exit $failed
