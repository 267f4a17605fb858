#!/bin/sh
# A signed inference request with curl and openssl alone.
#
#   signed_request.sh URL BODY_FILE KEYID KEY_FILE TOKEN_FILE
#
# KEY_FILE holds either base64 of a shared secret (HMAC-SHA256), or an Ed25519 key (openssl genpkey -algorithm ed25519).
# With a shared secret, openssl gets it as an argument, which other users of this machine can see while it runs; where
# that matters, use Ed25519. The token goes to curl through a pipe.
set -eu
url=$1 body=$2 keyid=$3 key=$4 token=$5

rest=${url#*://}
authority=$(printf '%s' "${rest%%/*}" | tr '[:upper:]' '[:lower:]')
case $url in
    https://*) authority=${authority%:443} ;;
    *) authority=${authority%:80} ;;
esac
target=/${rest#*/}
path=${target%%\?*}
query=
case $target in *\?*) query=${target#*\?} ;; esac

created=$(date +%s)
expires=$((created + 60))
nonce=$(openssl rand -hex 16)
authorization="Bearer $(tr -d '\n' <"$token")"
digest="sha-256=:$(openssl dgst -sha256 -binary "$body" | openssl base64 -A):"
alg=hmac-sha256
if grep -q 'PRIVATE KEY' "$key"; then alg=ed25519; fi

covered='("@method" "@authority" "@path" "@query" "content-type" "authorization" "content-digest")'
params="$covered;created=$created;expires=$expires;nonce=\"$nonce\";keyid=\"$keyid\";alg=\"$alg\";tag=\"redan-infer\""

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '"@method": POST\n"@authority": %s\n"@path": %s\n"@query": ?%s\n"content-type": application/json\n' \
    "$authority" "$path" "$query" >"$work/base"
printf '"authorization": %s\n"content-digest": %s\n"@signature-params": %s' \
    "$authorization" "$digest" "$params" >>"$work/base"

if [ "$alg" = ed25519 ]; then
    signature=$(openssl pkeyutl -sign -rawin -inkey "$key" -in "$work/base" | openssl base64 -A)
else
    secret=$(openssl base64 -d -in "$key" | od -An -v -tx1 | tr -d ' \n')
    signature=$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$secret" -binary "$work/base" | openssl base64 -A)
fi

printf 'Content-Type: application/json\nAuthorization: %s\nContent-Digest: %s\nSignature-Input: redan=%s\nSignature: redan=:%s:\n' \
    "$authorization" "$digest" "$params" "$signature" |
    curl --silent --show-error --max-time 30 --header @- --data-binary "@$body" "$url"
