#!/usr/bin/env bash
# The gallery in headless Chromium, from a canister on the embedded network. Where Chromium or node are not to be had, that
# is said and skipped. Chromium is found by the names of its packages, or named by CHROMIUM; on Debian and Ubuntu
# `apt-get install chromium` installs it.
#
# Uses the binary `darkroom` as `cargo test --workspace` makes it. With SCREENSHOT=FILE and photos as arguments it shows
# these instead, and writes a picture of the page to FILE.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
darkroom=$target/debug/darkroom

skip() {
  printf 'gallery: skipped: %s\n' "$1"
  exit 0
}

command -v node >/dev/null || skip "node is not installed"
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] || skip "node is older than 20"
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$name" ] && command -v "$name" >/dev/null; then
    CHROMIUM=$(command -v "$name")
    export CHROMIUM
    break
  fi
done
[ -n "${CHROMIUM:-}" ] || skip "Chromium is not installed; try: apt-get install chromium"
# Builds nothing after `cargo test --workspace`, whose choice of features it shares.
cargo test --locked --quiet --manifest-path "$root/Cargo.toml" --workspace --no-run

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
deployed=$("$darkroom" deploy --gallery)
canister=$(awk '{ print $2; exit }' <<<"$deployed")
port=$(sed 's/.*:\([0-9]*\).*/\1/' "$state/url")
export GALLERY_URL=http://$canister.localhost:$port/ GALLERY_BY_ID="http://localhost:$port/?canisterId=$canister"

if [ -n "${SCREENSHOT:-}" ]; then
  "$darkroom" run --jobs 1 "$@" >&2
  node "$here/screenshot.mjs" "$SCREENSHOT"
  exit
fi

export DARKROOM=$darkroom PHOTOS=$state/photos EXAMPLES=$root/examples/photos
mkdir "$PHOTOS"
node "$here/photos.mjs" "$PHOTOS" 20
node --test --test-reporter=spec "$here/gallery.mjs"
echo "gallery: ok"
