#!/usr/bin/env bash
# Clients that were not written here, against the embedded network: the JavaScript agent, the `icp` binary, and
# PocketIC's JavaScript client. Where node, npm or their packages are not to be had, that is said and skipped.
#
# Uses the binaries `darkroom` and `darkroom-localnet` and the canister's Wasm as `cargo test --workspace` makes them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
darkroom=$target/debug/darkroom
localnet=$target/debug/darkroom-localnet

skip() {
  printf 'clients: skipped: %s\n' "$1"
  exit 0
}

command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] || skip "node is older than 20"
# Builds nothing after `cargo test --workspace`, whose choice of features it shares.
cargo test --locked --quiet --manifest-path "$root/Cargo.toml" --workspace --no-run

# Packages are data here: nothing of theirs is run at installation. What PocketIC's client would download then, its
# server, is ours.
modules=$target/clients
mkdir -p "$modules"
cp "$here"/* "$modules"
if ! npm install --prefix "$modules" --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error; then
  skip "npm could not install the packages"
fi

state=$(mktemp -d)
export DARKROOM_STATE=$state/darkroom
"$darkroom" localnet start --port 0 > "$state/url" 2> "$state/log" &
network=$!
trap 'kill "$network" 2>/dev/null || true; wait "$network" 2>/dev/null || true; rm -rf "$state"' EXIT
for _ in $(seq 100); do
  [ -s "$state/url" ] && break
  kill -0 "$network" 2>/dev/null || { cat "$state/log" >&2; exit 1; }
  sleep 0.1
done
url=$(cat "$state/url")
deployed=$("$darkroom" deploy --config "$here/pipelines.toml" --access authenticated)
canister=$(awk '{ print $2; exit }' <<<"$deployed")
item=$("$darkroom" run "$here/interface.mjs" --json | sed 's/.*"item":"\([a-z2-7]*\)".*/\1/')

(cd "$modules" && node agent.mjs "$url" "$canister")

wasm=$(find "$target/canister-wasm" -path '*/canister/darkroom_canister.wasm' | head -n 1)
gzip -9 -n -c "$wasm" > "$state/canister.wasm.gz"

icp=$modules/node_modules/@icp-sdk/icp-cli-linux-x64/bin/icp
if [ -x "$icp" ] && "$icp" --version >/dev/null 2>&1; then
  bash "$here/icp.sh" "$icp" "$url" "$canister" "$item" "$DARKROOM_STATE/identity.pem" \
    "$darkroom" "$state/canister.wasm.gz"
else
  printf 'clients: skipped icp.sh: the icp binary is not there or does not run on this machine\n'
fi

(cd "$modules" && POCKET_IC_BIN="$localnet" DARKROOM_WASM="$state/canister.wasm.gz" node --test --test-reporter=spec pic.test.mjs)
echo "clients: ok"
