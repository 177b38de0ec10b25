#!/usr/bin/env bash
# The long form of the fault suite: a load of commands while processes are killed, restarted and
# paused, the bus is wiped, events are delivered again and read models are rebuilt.
#
#   tests/faults.sh [--seed S] [--minutes M]      (a random seed, 30 minutes)
#
#   AEL_TEST_BIN=/path/to/ael                  tries this binary instead of building one
#   AEL_TEST_NATS_SERVER=/path/to/nats-server  on this nats-server instead of the installed one
#
# Starts a system of its own and needs no other. Prints its seed, the faults that it made, what it
# looked at and how often, and stops at the first broken promise. The same seed makes the same
# faults and the same commands in the same order again (docs/reliability.md).
set -euo pipefail

seed=$((RANDOM * 32768 + RANDOM))
minutes=30
while [ $# -gt 0 ]; do
    case "$1" in
    --seed) seed=${2:?--seed needs a number}; shift 2 ;;
    --minutes) minutes=${2:?--minutes needs a number}; shift 2 ;;
    -h | --help) sed -n '2,12p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'; exit 0 ;;
    *) printf 'faults.sh: %s is not understood; see --help\n' "$1" >&2; exit 2 ;;
    esac
done
[[ $seed =~ ^[0-9]+$ ]] || { printf 'faults.sh: the seed is a whole number, not %s\n' "$seed" >&2; exit 2; }
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || { printf 'faults.sh: minutes are a number, not %s\n' "$minutes" >&2; exit 2; }

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/prerequisites.sh
source "$root/deploy/prerequisites.sh"
[ -z "${AEL_TEST_BIN:-}" ] || AEL_TEST_BIN=$(realpath -e "$AEL_TEST_BIN")
cd "$root"
install_packages
install_rust
say "seed $seed, $minutes minutes"
if [ -z "${AEL_TEST_BIN:-}" ]; then
    cargo build --locked -p ael
    AEL_TEST_BIN="${CARGO_TARGET_DIR:-$root/target}/debug/ael"
fi
export AEL_TEST_BIN AEL_TEST_SEED="$seed" AEL_TEST_MINUTES="$minutes"
outcome=0
cargo test --locked -p ael-system-tests --test system -- \
    --exact --nocapture \
    faults::whatever_is_killed_no_acknowledged_command_is_lost_or_doubled || outcome=$?
say "to repeat it: tests/faults.sh --seed $seed --minutes $minutes"
exit $outcome
