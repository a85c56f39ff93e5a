#!/bin/bash
# Runs packaging/nginx/gongzhi.conf on Debian's nginx, ports and certificate rewritten, in front of the given port.
#   usage: tests/e2e/nginx.sh UPSTREAM_PORT [PATH]      prints ok / not ok lines, exits 1 when one is not ok
# needs: server
set -u
upstream=${1:?usage: nginx.sh UPSTREAM_PORT [PATH]}
path=${2:-/}
here=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || { echo "not ok nginx is not installed"; exit 1; }
pid=
failed=0
trap '[ -n "$pid" ] && kill "$pid" && wait "$pid" 2>/dev/null; rm -rf "$dir"' EXIT

ok() { echo "ok nginx: $1"; }
not_ok() { echo "not ok nginx: $1${2:+ ($2)}"; failed=1; }
# is WHAT GOT PATTERN
is() { if [[ $2 =~ $3 ]]; then ok "$1"; else not_ok "$1" "got '${2:0:200}', want $3"; fi; }

# site PORT_TLS PORT_PLAIN UPSTREAM > a copy of the shipped file with other names for zones, ports and files
site() {
	sed -e "s|127.0.0.1:8141|127.0.0.1:$3|" -e '/listen \[::\]/d' -e "s|listen 443 |listen 127.0.0.1:$1 |" \
	    -e "s|listen 80;|listen 127.0.0.1:$2;|" -e "s|/etc/gongzhi/tls/fullchain.pem|$dir/cert.pem|" \
	    -e "s|/etc/gongzhi/tls/privkey.pem|$dir/key.pem|" \
	    -e "s|upstream gongzhi |upstream gongzhi$1 |; s|http://gongzhi;|http://gongzhi$1;|" \
	    -e "s|gongzhi_address|gongzhi_address$1|; s|gongzhi_tls|gongzhi_tls$1|" "$here/packaging/nginx/gongzhi.conf"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=gongzhi.example.cn \
	-addext subjectAltName=DNS:gongzhi.example.cn -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null

# The second copy stands before an echo of what nginx forwards; the third before nothing.
start() {
	base=$((10000 + RANDOM % 22000))
	tls=$base plain=$((base + 1)) tls_echo=$((base + 2)) echo_port=$((base + 4)) tls_down=$((base + 5))
	site "$tls" "$plain" "$upstream" > "$dir/site.conf"
	site "$tls_echo" $((base + 3)) "$echo_port" > "$dir/echo.conf"
	site "$tls_down" $((base + 6)) $((base + 7)) > "$dir/down.conf"
	cat > "$dir/nginx.conf" <<-END
		daemon off;
		worker_processes 1;
		pid $dir/pid;
		error_log $dir/error.log;
		$([ "$(id -u)" = 0 ] && echo "user root;")
		events { worker_connections 512; }
		http {
			access_log off;
			client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/f;
			uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
			include $dir/site.conf;
			include $dir/echo.conf;
			include $dir/down.conf;
			server {
				listen 127.0.0.1:$echo_port;
				location / {
					default_type text/plain;
					return 200 "for=\$http_x_forwarded_for proto=\$http_x_forwarded_proto host=\$http_host connection=\$http_connection. version=\$server_protocol";
				}
			}
		}
	END
	"$nginx" -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf" 2>"$dir/stderr" &
	pid=$!
	for _ in $(seq 50); do
		kill -0 "$pid" 2>/dev/null || { pid=; return 1; }
		[ -s "$dir/pid" ] && return 0
		sleep 0.1
	done
	return 1
}
start || start || start || { not_ok "starts" "$(cat "$dir/error.log" "$dir/stderr" | tail -n 3)"; exit 1; }
ok "starts with the shipped configuration"

name=gongzhi.example.cn
get() { # get PORT [curl options] PATH
	local port=$1
	shift
	curl -sS --max-time 10 --cacert "$dir/cert.pem" --resolve "$name:$port:127.0.0.1" "${@:1:$#-1}" "https://$name:$port${!#}"
}
raw() { # raw BYTES: status line of the answer over TLS
	printf "$1" | timeout 5 openssl s_client -quiet -connect "127.0.0.1:$tls" -servername $name 2>/dev/null | head -1
}

is "TLS 1.3 and HTTP/2" "$(get "$tls" -o /dev/null -w '%{http_version} %{http_code}' "$path")" '^2 [234]..$'
is "TLS 1.2 still works" "$(get "$tls" --tls-max 1.2 -o /dev/null -w '%{http_code}' "$path")" '^[234]..$'
is "HTTP/1.1 without ALPN" "$(get "$tls" --http1.1 -o /dev/null -w '%{http_version} %{http_code}' "$path")" '^1.1 [234]..$'
is "HSTS" "$(get "$tls" -D - -o /dev/null "$path" | tr -d '\r')" 'strict-transport-security: max-age=31536000'
is "plain HTTP is sent to TLS" "$(curl -sS -o /dev/null -w '%{http_code} %{redirect_url}' -H "Host: $name" "http://127.0.0.1:$plain/a?b")" \
	"^301 https://$name/a\\?b$"

echoed=$(get "$tls_echo" -H 'X-Forwarded-For: 6.6.6.6' -H 'X-Forwarded-Proto: gopher' /)
is "the client's address is forwarded, its claims are not" "$echoed" '^for=127\.0\.0\.1 proto=https '
is "the host is forwarded" "$echoed" "host=$name "
is "connections to gongzhi are kept" "$echoed" 'connection=\. version=HTTP/1\.1$'

many=$(for _ in $(seq 30); do echo "url = https://$name:$tls$path"; echo 'output = /dev/null'; echo 'write-out = "%{http_code}\n"'; done |
	curl -sS --max-time 20 --cacert "$dir/cert.pem" --resolve "$name:$tls:127.0.0.1" -Z --no-progress-meter -K - | sort | uniq -c | tr -s ' ')
is "the figures are not shown to the world" "$(get "$tls" -o /dev/null -w "%{http_code}" /metrics)" "^404$"
is "30 requests at once over one connection" "$many" '^ 30 [234]..$'

is "a body over the limit" "$(get "$tls" --http1.1 -H 'Content-Length: 99999999' -H 'Expect:' -d x -o /dev/null -w '%{http_code}' "$path")" '^413$'
is "gongzhi away: 503 in both languages" "$(get "$tls_down" -w '%{http_code}' /)" '维护.*maintained.*503$'

stream=$(curl -sSN --max-time 22 --cacert "$dir/cert.pem" --resolve "$name:$tls:127.0.0.1" "https://$name:$tls/map/live" 2>/dev/null)
begun=$(curl -sSN --max-time 3 --cacert "$dir/cert.pem" --resolve "$name:$tls:127.0.0.1" "https://$name:$tls/map/live" 2>/dev/null)
is "an event stream is not held back" "$begun" 'event: hello'
is "an event stream beats" "$(grep -c '^event: beat' <<<"$stream")" '^[1-9]'

h="Host: $name\\r\\n"
c="Connection: close\\r\\n"
is "raw TLS works" "$(raw "GET $path HTTP/1.1\r\n$h$c\r\n")" '^HTTP/1.1 [234]'
is "two Content-Length" "$(raw "POST / HTTP/1.1\r\n${h}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab")" ' 400 '
is "Transfer-Encoding and Content-Length" "$(raw "POST / HTTP/1.1\r\n${h}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")" ' 400 '
is "no Host" "$(raw 'GET / HTTP/1.1\r\n\r\n')" ' 400 '
is "two Host" "$(raw "GET / HTTP/1.1\r\n${h}Host: b\r\n\r\n")" ' 400 '
is "NUL in a header" "$(raw "GET / HTTP/1.1\r\n${h}X: a\\000b\r\n\r\n")" ' 400 '
is "out of the root" "$(raw "GET /../../etc/passwd HTTP/1.1\r\n$h$c\r\n")" ' 400 '

exit $failed
