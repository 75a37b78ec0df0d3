#!/bin/sh
# Installs what the tests of device_bench, the conformance tests on ONNX's own node cases, and the
# build of the Android app need from Debian or Ubuntu; `make test`, `make conformance` and `make apk`
# call it.
# It installs only as root, and only what is missing. Without root it names the missing packages,
# and the tests that need them are skipped.
set -eu

# A program or file that is there if the package is installed, and the package.
needed() {
    cat <<'TABLE'
adb adb
qemu-aarch64 qemu-user
aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
/usr/aarch64-linux-gnu/lib/libc.so.6 libc6-dev-arm64-cross
unshare util-linux
cc gcc
cmake cmake
mksh mksh
busybox busybox
ssh openssh-client
/usr/sbin/sshd openssh-server
chromium chromium
/usr/share/libonnx-testdata/data/node libonnx-testdata
javac openjdk-17-jdk-headless
clang-14 clang-14
ld.lld-14 lld-14
zipalign zipalign
apksigner apksigner
dexdump dexdump
enjarify enjarify
minisign minisign
/usr/share/postgresql-common/pg_wrapper postgresql
/usr/share/android-framework-res/framework-res.apk android-framework-res
/usr/share/java/com.android.json.jar libandroid-json-java
/usr/share/fonts/truetype/roboto/unhinted/RobotoTTF fonts-roboto-unhinted
TABLE
}

missing=$(needed | while read -r shows package; do
    case "$shows" in
    /*) [ -e "$shows" ] || echo "$package" ;;
    *) command -v "$shows" >/dev/null 2>&1 || echo "$package" ;;
    esac
done)

# Each package once, on one line.
missing=$(printf '%s\n' "$missing" | sort -u | xargs)
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Some tests will be skipped. They need these packages of Debian, or their like: $missing."
elif [ "$(id -u)" -ne 0 ]; then
    echo "Some tests will be skipped. To run them:"
    echo "  sudo apt-get install --no-install-recommends $missing"
else
    export DEBIAN_FRONTEND=noninteractive
    install="apt-get -qq install -y --no-install-recommends"
    # shellcheck disable=SC2086  # one word per package
    if ! { apt-get -qq update && $install $missing; }; then
        # A package that this release does not have keeps all others out: one after the other, then.
        failed=
        for package in $missing; do
            $install "$package" >/dev/null || failed="$failed $package"
        done
        [ -n "$failed" ] || exit 0
        echo "These packages of Debian cannot be installed:$failed." >&2
        echo "The tests that need them will be skipped." >&2
    fi
fi
