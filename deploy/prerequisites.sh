# What the system and its tests need from the machine: looked for, and installed where possible.
# Sourced by deploy/up.sh and tests/run.sh; prints what it does and changes nothing that is there.

say() { printf '\n==> %s\n' "$*" >&2; }
fail() { printf '\nERROR: %s\n' "$*" >&2; exit 1; }

# Servers may lie where only root's PATH looks.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
[ -d "${HOME:-/root}/.cargo/bin" ] && PATH="${HOME:-/root}/.cargo/bin:$PATH"
export PATH

have() { command -v "$1" >/dev/null 2>&1; }

# The programs of PostgreSQL 15 or newer, with the trigram extension, wherever they are.
have_postgresql() {
    local program major
    for program in /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres "$(command -v postgres || true)"; do
        [ -x "$program" ] && [ -x "$(dirname "$program")/initdb" ] || continue
        major=$("$program" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
        [ "$major" -ge 15 ] && return 0
    done
    return 1
}

missing_packages() {
    have_postgresql || printf '%s\n' postgresql postgresql-contrib
    have nats-server || echo nats-server
    have setpriv || echo util-linux
    have cc || echo build-essential
    have cmake || echo cmake
    have clang || echo clang
    have pkg-config || echo pkg-config
    have cargo || have curl || echo curl
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian's packages may start servers of their own. We run private ones, so those that only just
# came with a package are put to rest; a server that was there before is left alone.
rest_new_server() {
    if [ -d /run/systemd/system ] && as_root systemctl --quiet is-active "$1"; then
        say "putting the packaged $1 service to rest (ael runs a private one)"
        as_root systemctl disable --now "$1" >&2
    fi
}

install_packages() {
    local -a missing
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || { say "everything from the distribution is there"; return 0; }
    have apt-get || fail "please install: ${missing[*]} (there is no apt-get here to do it)"
    if [ "$(id -u)" != 0 ] && ! have sudo; then
        fail "please run as root: apt-get install ${missing[*]}"
    fi
    say "installing ${missing[*]}"
    as_root apt-get update -qq >&2
    if [[ " ${missing[*]} " == *" postgresql "* ]]; then add_postgresql_archive; fi
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}" >&2 \
        || fail "apt-get could not install ${missing[*]}; a current nats-server is at https://nats.io/download"
    if [[ " ${missing[*]} " == *" nats-server "* ]]; then rest_new_server nats-server; fi
    if [[ " ${missing[*]} " == *" postgresql "* ]]; then rest_new_server postgresql; fi
    have_postgresql || fail "the distribution's PostgreSQL is older than 15; see https://www.postgresql.org/download"
}

# Older distributions carry an older PostgreSQL: theirs comes from the project's own archive.
add_postgresql_archive() {
    local offered
    offered=$(apt-cache policy postgresql | sed -nE 's/^ *Candidate: ([0-9]+).*/\1/p')
    if [ "${offered:-0}" -lt 15 ]; then
        say "adding the PostgreSQL project's package archive (this distribution offers ${offered:-none})"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y postgresql-common ca-certificates >&2
        as_root /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y >&2
    fi
}

install_rust() {
    if ! have cargo; then
        say "installing Rust by rustup, for this user only"
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs \
            | sh -s -- -y --profile minimal --default-toolchain none --no-modify-path >&2
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
        export PATH
    fi
    # The version in rust-toolchain.toml; rustup fetches it when it is asked for.
    if have rustup; then
        rustup toolchain list >/dev/null
        cargo --version >/dev/null 2>&1 || rustup toolchain install >&2
    fi
    cargo --version >&2 || fail "cargo does not run; see https://rustup.rs"
}
