#!/usr/bin/env bash
# The one command on a fresh machine (Debian 12, Ubuntu 22.04 or newer): installs what is missing,
# builds the release and runs `ael up`. Whatever follows is handed on: deploy/up.sh --demo
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/prerequisites.sh
source "$root/deploy/prerequisites.sh"

install_packages
cd "$root" # rust-toolchain.toml counts from here
install_rust

target=${CARGO_TARGET_DIR:-$root/target}
if [ -x "$target/release/ael" ]; then
    say "building what has changed"
else
    say "building the release; the first time takes some 10 to 15 minutes on two idle cores (the last crate, ael, several of them)"
fi
started=$SECONDS
cargo build --locked --release --package ael >&2
say "built in $((SECONDS - started)) s"

exec "$target/release/ael" up "$@"
