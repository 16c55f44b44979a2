#!/usr/bin/env bash
# The `icp` binary against a connected network whose root key it fetches.
# Usage: icp.sh ICP URL CANISTER ITEM PEM, the PEM that of a controller
set -euo pipefail
icp=$1 url=$2 canister=$3 item=$4 pem=$(realpath "$5")

project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
export HOME="$project" ICP_HOME="$project/icp"
cd "$project"
cat > icp.yaml <<YAML
networks:
  - name: darkroom
    mode: connected
    url: $url
    root-key: fetch
environments:
  - name: darkroom
    network: darkroom
YAML

expect() {
  local what=$1 wanted=$2 found=$3
  if ! grep -q -- "$wanted" <<<"$found"; then
    printf 'icp.sh: %s: expected %s in:\n%s\n' "$what" "$wanted" "$found" >&2
    exit 1
  fi
}

call() { "$icp" "$@" -n "$url" -k fetch 2>&1; }

expect "a query" 'files' "$(call canister call "$canister" pipelines '()' --query)"
expect "an update" 'published' "$(call canister call "$canister" item "(\"$item\")")"
expect "the status as anybody sees it" 'Module hash' "$(call canister status "$canister")"
"$icp" identity import controller --from-pem "$pem" --storage plaintext >/dev/null
expect "the status as a controller sees it" 'Running' "$(call canister status "$canister" --identity controller)"
expect "stopping" 'Stopped' "$(call canister stop "$canister" --identity controller
  call canister status "$canister" --identity controller)"
expect "starting" 'Running' "$(call canister start "$canister" --identity controller
  call canister status "$canister" --identity controller)"
echo "icp.sh: ok, $("$icp" --version)"
