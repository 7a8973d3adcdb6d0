#!/bin/sh
# Proves the two README commands where nothing is installed: in a minimal Debian root with python3, its venv module and
# certificates only, as a user without rights. Makes the demo's ad, then an ad from the wheel alone; `tests` as a word
# runs ./test too. Needs root, debootstrap and unshare; takes packages from where this machine takes its own.
set -eu
cd "$(dirname "$0")/.."
suite=bookworm

if [ "${BARE_ROOT:-}" = "" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
        awk -v suite="$suite" '$1 == suite && $2 == "main" { print $3; exit }')
    [ -n "$mirror" ] || { echo "error: apt knows no source of $suite" >&2; exit 3; }
    echo "Making a minimal Debian in $work"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$work/root" "$mirror" \
        >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; exit 3; }
    for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        [ ! -f "$file" ] || cp -L "$file" "$work/root$file"
    done
    mkdir -p "$work/root/srv/user"
    git clone --quiet --no-hardlinks . "$work/root/srv/user/badapple"
    chown -R 1000:1000 "$work/root/srv/user"
    BARE_ROOT=$work/root unshare --mount --pid --fork "$0" "$@"
    exit
fi

# From here on in a mount namespace of its own: what is mounted goes away with it.
mount -t proc proc "$BARE_ROOT/proc"
mount --rbind /dev "$BARE_ROOT/dev"
inside() {
    chroot --userspec=1000:1000 "$BARE_ROOT" /usr/bin/env -i HOME=/srv/user PATH=/usr/bin:/bin LANG=C.UTF-8 \
        ${PIP_CERT:+PIP_CERT="$PIP_CERT"} ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} \
        ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"} \
        ${npm_config_registry:+npm_config_registry="$npm_config_registry"} \
        ${https_proxy:+https_proxy="$https_proxy"} ${PIP_DEFAULT_TIMEOUT:+PIP_DEFAULT_TIMEOUT="$PIP_DEFAULT_TIMEOUT"} \
        /bin/sh -ec "cd /srv/user/badapple; $1"
}
for tool in ffmpeg redis-server docker gcc uv; do
    if inside "command -v $tool" >/dev/null; then echo "error: $tool is there; this root is not bare" >&2; exit 1; fi
done
inside './demo'
inside './demo'
inside 'tools/wheel.sh'
[ "${1:-}" != tests ] || inside './test'
echo "The README's commands work in a bare Debian."
