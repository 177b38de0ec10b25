#!/usr/bin/env bash
# The long form of the fault suite: a load of commands while processes are killed, paused and
# restarted, the bus is wiped, events are delivered again and read models are rebuilt.
#
#   tests/faults.sh [--seed S] [--minutes M]      (a random seed, 30 minutes)
#
# Prints its seed, the faults that it made, and stops at the first broken promise; the same seed
# makes the same faults again.
set -euo pipefail

seed=$((RANDOM * 32768 + RANDOM))
minutes=30
while [ $# -gt 0 ]; do
    case "$1" in
    --seed) seed=${2:?--seed needs a number}; shift 2 ;;
    --minutes) minutes=${2:?--minutes needs a number}; shift 2 ;;
    -h | --help) sed -n '2,8p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'; exit 0 ;;
    *) printf 'faults.sh: %s is not understood; see --help\n' "$1" >&2; exit 2 ;;
    esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/prerequisites.sh
source "$root/deploy/prerequisites.sh"
cd "$root"
install_packages
install_rust
say "seed $seed, $minutes minutes"
cargo build --locked -p ael
AEL_TEST_BIN="${CARGO_TARGET_DIR:-$root/target}/debug/ael" \
    AEL_TEST_SEED="$seed" AEL_TEST_MINUTES="$minutes" \
    cargo test --locked -p ael-system-tests --test system -- \
    --exact --nocapture \
    faults::whatever_is_killed_no_acknowledged_command_is_lost_or_doubled
