# shellcheck shell=bash
# What ./quickstart and ./check share: messages, packages, the guest kit. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
setup_name=$(basename "$0")
setup_start=$SECONDS

say() {
    printf '%s: [%4d s] %s\n' "$setup_name" "$((SECONDS - setup_start))" "$*"
}

die() {
    printf '%s: %s\n' "$setup_name" "$*" >&2
    exit 1
}

# Runs a command as root, if there is a way.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "installing packages needs root: run it as root, or install sudo"
    fi
}

# The names of .ci/packages that are wanted for the given uses ("build", "check").
packages_wanted() {
    local name use _
    while read -r name use _; do
        case " $* " in
        *" $use "*) [ "${name:0:1}" = "#" ] || echo "$name" ;;
        esac
    done <"$root/.ci/packages"
}

package_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Does apt know a version of the package that it could install?
package_available() {
    local candidate
    candidate=$(LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p')
    [ -n "$candidate" ] && [ "$candidate" != "(none)" ]
}

packages_missing() {
    local name
    for name in $(packages_wanted "$@"); do
        package_installed "$name" || echo "$name"
    done
}

# Installs what is missing for the given uses; nothing is done where nothing is.
packages_install() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        die "this is not a Debian system: install the equivalents of .ci/packages, then build" \
            "with cmake --preset release (README.md, Building by hand)"
    fi
    local missing name log
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    say "installing: ${missing//$'\n'/ }"
    log=$(mktemp)
    as_root apt-get update >"$log" 2>&1 ||
        say "the lists of packages cannot be brought up to date; trying with those at hand"
    for name in $missing; do
        package_available "$name" ||
            die "the Debian package $name cannot be had: apt-get knows no version of it" \
                "(is a Debian mirror configured and reachable? apt-get's own words: $log)"
    done
    # shellcheck disable=SC2086 # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        $missing >>"$log" 2>&1 || true
    for name in $missing; do
        package_installed "$name" ||
            die "the Debian package $name cannot be had: apt-get install failed, its last" \
                "words are: $(tail -n 1 "$log") (all of them: $log)"
    done
    rm -f "$log"
}

# newlib, lwIP and Ilwaco; does only what is missing.
kit_build() {
    say "guest kit (build/kit)"
    "$root/scenarios/guest/build-kit" "$root/build/kit" ||
        die "the guest kit could not be built; the lines above say why"
}

# Configures and builds one preset: preset_build NAME [cmake options] [-- targets]. On a terminal
# ninja's own counter is shown while it builds.
preset_build() {
    local preset=$1 options=() log=$root/build/$1.log
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    mkdir -p "$root/build"
    say "building preset $preset (build/$preset)"
    (cd "$root" && cmake --preset "$preset" "${options[@]}") >"$log" 2>&1 ||
        die "cmake could not configure preset $preset: $(tail -n 3 "$log") (all of it: $log)"
    local targets=()
    [ $# -eq 0 ] || targets=(--target "$@")
    local watch=/dev/null
    [ ! -t 1 ] || watch=/dev/tty
    if ! (cd "$root" && NINJA_STATUS='[%f/%t, %es] ' cmake --build --preset "$preset" \
        "${targets[@]}") 2>&1 | tee -a "$log" |
        awk '{ printf "\r\033[K%.100s", $0; fflush() } END { printf "\r\033[K" }' >"$watch"; then
        grep -E -A 5 'error|FAILED' "$log" | tail -n 40 >&2 || true
        die "preset $preset does not build (all of it: $log)"
    fi
}
