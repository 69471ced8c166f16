#!/bin/sh
# What the machine itself has to bring. Installs it where that is allowed, else says what is missing.
#
#   sh tools/machine.sh python PYTHON    a Python of 3.11 or newer that can make virtual environments
#   sh tools/machine.sh prometheus       Prometheus, promtool and Alertmanager, for the tests that use the real ones
#   sh tools/machine.sh registry         a registry of images and charts, for the test that pushes and pulls the chart
set -eu

say() { printf '%s\n' "$*"; }
die() { say "$*" >&2; exit 1; }

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# The packages are for the tests to start as they need; none may come up as a service, now or at the next boot.
install() (
    policy=/usr/sbin/policy-rc.d
    log=$(mktemp)
    made=
    trap 'rm -f "$log" $made' EXIT
    trap 'exit 130' INT TERM
    if [ ! -e $policy ]; then
        made=$policy
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt="apt-get --quiet --yes -o DPkg::Lock::Timeout=120 -o Acquire::Retries=1 -o Acquire::http::Timeout=30"
    if $apt install --no-install-recommends "$@" >"$log" 2>&1 </dev/null; then return; fi
    if $apt update >"$log" 2>&1 </dev/null && $apt install --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
        return
    fi
    tail -n 5 "$log" >&2
    return 1
)

need_python() {
    command -v "$1" >/dev/null || die "There is no $1 here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3"
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "$1 is Python $version, and the exporter needs 3.11 or newer. Name another: make PYTHON=/path/to/python3.11"
    if "$1" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
    if may_install; then
        say "Installing the package python$version-venv, without which $1 makes no virtual environments."
        install "python$version-venv" || true
    fi
    "$1" -c 'import ensurepip, venv' 2>/dev/null ||
        die "$1 cannot make virtual environments. As root: apt-get install python3-venv. Or name another: make PYTHON=/path/to/python3"
}

missing() {
    for program in prometheus promtool alertmanager amtool; do
        command -v $program >/dev/null || command -v "prometheus-$program" >/dev/null || printf ' %s' $program
    done
}

need_prometheus() {
    [ -n "$(missing)" ] || return 0
    if may_install; then
        say "Installing the packages prometheus and prometheus-alertmanager for the tests, without starting them as services."
        if install prometheus prometheus-alertmanager; then
            if command -v systemctl >/dev/null; then
                systemctl disable --quiet prometheus prometheus-alertmanager 2>/dev/null || true
            fi
            [ -n "$(missing)" ] || return 0
        fi
        say "LEFT OUT: the tests that need$(missing). The installation failed, with the words of apt above."
    else
        say "LEFT OUT: the tests that need$(missing). They are not on this machine, and only root with apt-get can install them here." \
            "Where they are installed (Debian: prometheus, prometheus-alertmanager), the tests run."
    fi
}

need_registry() {
    command -v docker-registry >/dev/null && return
    if may_install && install docker-registry; then
        if command -v systemctl >/dev/null; then systemctl disable --quiet docker-registry 2>/dev/null || true; fi
        return
    fi
    say "LEFT OUT: the test of the chart that needs docker-registry (Debian: docker-registry)."
}

case ${1:-} in
    python) need_python "${2:?which Python}" ;;
    prometheus) need_prometheus ;;
    registry) need_registry ;;
    *) die "usage: sh tools/machine.sh python PYTHON | prometheus | registry" ;;
esac
