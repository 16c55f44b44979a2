#!/usr/bin/env bash
# The `icp` binary against a connected network whose root key it fetches.
# Usage: icp.sh ICP URL CANISTER ITEM PEM DARKROOM MODULE, the PEM that of a controller
set -euo pipefail
icp=$1 url=$2 canister=$3 item=$4 pem=$(realpath "$5") darkroom=$6 module=$(realpath "$7")

project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
export HOME="$project" ICP_HOME="$project/icp"
cd "$project"
cat > icp.yaml <<YAML
canisters:
  - name: darkroom
    build:
      steps:
        - type: script
          commands:
            - cp "$module" "\$ICP_WASM_OUTPUT_PATH"
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
# The embedded network has nobody to ask for cycles: `darkroom` makes the canister, as icp's identity, and icp finds it.
"$icp" identity default controller >/dev/null
state=$project/state
deployed=$("$darkroom" deploy --state "$state" --network darkroom 2>&1)
named=$(sed -n 's/^canister \([a-z0-9-]*\) installed.*/\1/p' <<<"$deployed")
expect "the id that darkroom writes" "$named" "$(cat .icp/data/mappings/darkroom.ids.json)"
expect "a name that darkroom has deployed" "$named" "$("$icp" canister status darkroom -e darkroom 2>&1)"
expect "the version that the module tells" '^[0-9.]*$' \
  "$("$icp" canister metadata darkroom darkroom:version -e darkroom 2>/dev/null)"
expect "deploying over it" "$named" "$("$icp" deploy -e darkroom 2>&1)"
expect "what icp has deployed" "$(sha256sum "$module" | cut -d ' ' -f 1)" \
  "$("$darkroom" status --state "$state" --network darkroom --canister darkroom)"
echo "icp.sh: ok, $("$icp" --version)"
