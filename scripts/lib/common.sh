# Shared by the programs in scripts/: one line a step, packages on demand, logs kept, failures told.
# Sourced, never run. Expects bash with `set -euo pipefail`; sets REPO to the root of the checkout.
# SPDX-License-Identifier: Apache-2.0

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LOGS=$REPO/build/logs
JOBS=$(nproc 2>/dev/null || echo 2)
export LC_ALL=C.UTF-8 TZ=UTC

# What the programs need to be built, and what the suite needs on top.
BUILD_PACKAGES=(g++ cmake ninja-build pkg-config ccache libxxhash-dev liblz4-dev libzstd-dev
    liburing-dev libexpected-dev libboost1.81-dev libspdlog-dev libcli11-dev libtomlplusplus-dev
    nlohmann-json3-dev libedit-dev)
TEST_PACKAGES=(catch2 clang-format-14 python3 redis-tools libhiredis-dev python3-redis)
# Servers to compare with, for need_rivals. No test uses one that it has not started itself.
TEST_RIVALS=(redis-server)

say() { printf '%s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

can_be_root() { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }

# as_root CMD...: runs it as root, with sudo where that is needed.
as_root() {
    can_be_root || die "needs root for: $*; run it as root or install sudo"
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# step TITLE LOGNAME CMD...: one line of output; on failure the end of the log, and exit 1. CMD runs in
# a shell of its own: when it ends by die, whose words are in the log, that log is still to be shown.
step() {
    local title=$1 log=$LOGS/$2.log began=$SECONDS
    shift 2
    mkdir -p "$LOGS"
    printf '%-44s' "$title ..."
    if ("$@") >"$log" 2>&1 </dev/null; then
        printf 'ok  %d s\n' $((SECONDS - began))
        return
    fi
    printf 'FAILED after %d s\n' $((SECONDS - began))
    show_failure "$log"
    die "$title failed; the whole log is $log"
}

# Compilers bury the first error under everything that ran after it, so errors come first.
show_failure() {
    local errors
    errors=$(grep -nE '(error|Error|ERROR|undefined reference|FAILED|fatal)' "$1" | head -n 20 || true)
    if [ -n "$errors" ]; then
        printf -- '--- first errors in %s\n%s\n' "$1" "$errors" >&2
    fi
    printf -- '--- last lines of %s\n' "$1" >&2
    tail -n 40 "$1" >&2
    printf -- '---\n' >&2
}

# Names of the packages among the arguments that are not installed.
missing_packages() {
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null)" = 'ii ' ] || echo "$name"
    done
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -o Acquire::Retries=3 \
        -o DPkg::Lock::Timeout=300 "$@"
}

# A mirror's hiccup must not fail a run: three tries, each a little later.
apt_retrying() {
    local try
    for try in 1 2 3; do
        apt "$@" && return
        say "apt-get $1 failed (try $try of 3)"
        sleep $((try * 5))
    done
    return 1
}

apt_fetch_and_install() { apt_retrying update && apt_retrying install --no-install-recommends "$@"; }

# Ends the program, with the packages' names, where they cannot be installed from here.
require_root_to_install() {
    can_be_root || die "packages are missing, and installing them needs root: run this as root or" \
        "install sudo, or have somebody run: apt-get install --no-install-recommends $*"
}

# need_packages NAME...: installs those that are missing; silent when none is.
need_packages() {
    command -v dpkg-query >/dev/null || die "needs Debian's package tools (dpkg, apt-get)"
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} = 0 ] && return
    require_root_to_install "${missing[@]}"
    step "installing packages (${#missing[@]})" packages apt_fetch_and_install "${missing[@]}"
}

# need_rivals NAME...: the same for servers to compare with. Debian starts a server it installs; a rival
# is started by its benchmark or test alone, so starting is forbidden meanwhile.
need_rivals() {
    local missing policy=/usr/sbin/policy-rc.d
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} = 0 ] && return
    require_root_to_install "${missing[@]}"
    if [ -e $policy ]; then
        need_packages "$@"
        return
    fi
    # A shell of its own: however it ends, by a failing step or by Ctrl-C, the file must not stay.
    (
        trap 'as_root rm -f $policy' EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
        as_root sh -c "printf '#!/bin/sh\\nexit 101\\n' >$policy && chmod +x $policy" || exit
        need_packages "$@"
    ) || exit
}

# need_package_lists: the machine's package index, fetched where it has none.
need_package_lists() {
    [ -z "$(apt-cache dumpavail 2>/dev/null | head -c 1)" ] || return 0
    step "fetching the package lists" package-lists apt_retrying update
}

# Compiler caching works without a home directory too.
use_ccache() {
    if [ -z "${CCACHE_DIR:-}" ] && ! [ -w "${HOME:-/nonexistent}" ]; then
        export CCACHE_DIR=$REPO/build/ccache
    fi
}
