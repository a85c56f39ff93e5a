#!/bin/bash
# The tutorial of docs/adding-a-capability.md, done as it says: its blocks become files in a copy of the tree, which is built,
# tested and asked over HTTP.
set -u
top=$(pwd)
dir=$(mktemp -d) || exit 1
tree=$dir/tree
jar=$dir/cookies
server=
finish() {
	[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
failed=0
ok() { echo "ok tutorial: $1"; }
not_ok() { echo "not ok tutorial: $1${2:+ ($2)}"; failed=1; }
# holds WHAT TEXT WORDS
holds() { if [[ $2 == *"$3"* ]]; then ok "$1"; else not_ok "$1" "no '$3' in '${2:0:300}'"; fi; }

# the tree with its build, times kept, so that only what the tutorial adds is built
mkdir "$tree"
tar -C "$top" --exclude=.git --exclude=node_modules --exclude=build/asan --exclude=build/shots --exclude=build/test-logs --exclude=build/fuzz --exclude=build/bench --exclude=var \
	-cf - . | tar -C "$tree" -xf - || exit 1
cd "$tree" || exit 1

# a line that is nothing but `path` names the file of the block that follows
awk '
	/^`src\/cap\/lostfound\/[A-Za-z0-9_.\/-]+`$/ { file = substr($0, 2, length($0) - 2); next }
	/^```/ && inside { inside = 0; close(file); file = ""; next }
	/^```/ && file != "" {
		inside = 1; folder = file; sub(/\/[^\/]*$/, "", folder)
		system("mkdir -p " folder); printf "" > file; n++; next
	}
	inside { print > file }
	END { print n " files" }
' docs/adding-a-capability.md >"$dir/files"
holds "the document has its files" "$(cat "$dir/files")" "10 files"
sed -i '/^dispatcher,/s/$/ lostfound.add/' data/roles.csv

if make -j2 all build/src/cap/lostfound/test_lostfound >"$dir/make.log" 2>&1; then ok "builds without a warning"; else
	tail -30 "$dir/make.log"; not_ok "does not build"; exit 1
fi
if out=$(build/src/cap/lostfound/test_lostfound 2>&1); then ok "its unit test passes on both stores"; else
	echo "$out" | tail -30; not_ok "its unit test"
fi
for check in includes sql html banned i18n routes bare-chinese; do
	out=$(tools/lint "$check" 2>&1 | grep lostfound) && not_ok "lint $check" "$out"
done
ok "lint has nothing to say about the folder"

export GONGZHI_STORE="sqlite:$dir/var/gongzhi.db" GONGZHI_VAR=$dir/var
if ! out=$(build/gongzhi init 2>&1); then echo "$out" | tail; not_ok "init"; exit 1; fi
password=Four-plain-words-7
echo $password | build/gongzhi user add clerk --name 值班员 --role dispatcher >/dev/null 2>"$dir/user.log" || { cat "$dir/user.log"; not_ok "user add"; }
port=$((10000 + RANDOM % 22000))
build/gongzhi serve --listen 127.0.0.1:$port >"$dir/serve.log" 2>&1 &
server=$!
site=http://127.0.0.1:$port
for _ in $(seq 100); do curl -fs "$site/healthz" >/dev/null && break; sleep 0.1; done

get() { curl -s -b "$jar" -c "$jar" "$site$1"; }
hidden() { sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" <<<"$page" | head -n 1; }
# post PATH FIELDS...: behind the token and key of $page
post() {
	local path=$1
	shift
	curl -s -o "$dir/body" -w '%{http_code}' -b "$jar" -c "$jar" --data-urlencode "_csrf=$(hidden _csrf)" \
		--data-urlencode "_key=$(hidden _key)" "$@" "$site$path"
}

holds "everybody sees the list" "$(get /lostfound)" "现在没有待领的物品"
holds "in English too" "$(get '/lostfound?lang=en')" "Nothing is waiting for its owner."
get '/lostfound?lang=zh' >/dev/null
holds "the form asks for a login" "$(curl -s -o /dev/null -w '%{http_code} %{redirect_url}' "$site/lostfound/new")" "303 $site/login"
page=$(get /login)
holds "the clerk logs in" "$(post /login -d login=clerk --data-urlencode "password=$password")" 303
page=$(get /lostfound/new)
holds "the menu leads to the form" "$page" 'href="/lostfound/new" aria-current="page"'
holds "an empty form is refused" "$(post /lostfound -d what= -d found_in=)" 422
holds "with what to do" "$(cat "$dir/body")" "请写明捡到了什么"
kept=$page
holds "a thing is entered" "$(post /lostfound --data-urlencode 'what=黑色雨伞<一把>' -d found_in=hall)" 303
page=$kept
holds "the same post again" "$(post /lostfound --data-urlencode 'what=黑色雨伞<一把>' -d found_in=hall)" 303
page=$(get /lostfound)
holds "it stands in the list, escaped" "$page" "黑色雨伞&lt;一把&gt; · hall"
holds "with the message" "$page" "失物已登记。"
count=$(grep -o '黑色雨伞' <<<"$page" | wc -l)
if [ "$count" = 1 ]; then ok "once"; else not_ok "once" "$count times"; fi
exit $failed
