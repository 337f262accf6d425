#!/usr/bin/env bash
# Makes the package of the Lambda function, for the runtime provided.al2023: zagg-worker as `bootstrap` in
# zagg-lambda-ARCHITECTURE.zip, and licences. The same program gives the same package, byte for byte.
#
#   deployment/aws/build.sh [--arch arm64|x86_64]... [--output FOLDER]
#   deployment/aws/build.sh --bootstrap FILE [--third-party FILE] [--output FOLDER]
#
#   --arch ARCH         build for this architecture; may be given twice. Default: both
#   --bootstrap FILE    package this program, and build nothing
#   --third-party FILE  what scripts/third-party writes about this program; without it the package is not for passing on
#   --output FOLDER     default: target/lambda
#
# Building needs `cargo zigbuild`, which links against the C library that the runtime has
# (pip install cargo-zigbuild ziglang). PYTHON names another interpreter than python3; building wants 3.11 or later.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PYTHON=${PYTHON:-python3}
# The C library of Amazon Linux 2023.
GLIBC=2.34
# Bytes that a package may have, zipped.
LIMIT=15000000

die() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

usage() {
    sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
}

architectures=() binary='' third_party='' output=''
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --arch | --bootstrap | --third-party | --output) [ $# -gt 1 ] || die "$1 needs a value; build.sh --help says which" ;;
    *) die "$1 is not an option of this script; build.sh --help lists them" ;;
    esac
    case $1 in
    --arch)
        case $2 in
        arm64 | x86_64) architectures+=("$2") ;;
        *) die "--arch $2: Lambda has arm64 and x86_64" ;;
        esac
        ;;
    --bootstrap)
        [ -f "$2" ] || die "--bootstrap $2: there is no such file"
        binary=$(realpath "$2")
        ;;
    --third-party)
        [ -f "$2" ] || die "--third-party $2: there is no such file"
        third_party=$(realpath "$2")
        ;;
    --output) output=$(realpath -m "$2") ;;
    esac
    shift 2
done
[ -z "$binary" ] || [ ${#architectures[@]} = 0 ] || die "--bootstrap builds nothing; leave out --arch"
[ -z "$third_party" ] || [ -n "$binary" ] || die "--third-party goes with --bootstrap; what is built here brings its own"
[ ${#architectures[@]} -gt 0 ] || architectures=(arm64 x86_64)
command -v "$PYTHON" >/dev/null || die "$PYTHON is not there; name a Python 3 with PYTHON=..."

cd "$ROOT"
built=$(realpath -m "${CARGO_TARGET_DIR:-target}")
output=${output:-$built/lambda}

# Zips a program: its file, yes if this script built it, what goes along with it of others' licences or nothing.
package() {
    "$PYTHON" - "$1" "$output" "$GLIBC" "$2" "$LIMIT" LICENSE-APACHE LICENSE-MIT ${3:+"$3"} <<'PYTHON'
import os, re, sys, zipfile

binary, folder, glibc, ours, limit, *licences = sys.argv[1:]
ours, limit = ours == "yes", int(limit)
MACHINES = {62: "x86_64", 183: "arm64"}


def die(text):
    sys.exit(f"build.sh: {text}")


with open(binary, "rb") as file:
    content = file.read()
machine = int.from_bytes(content[18:20], "little")
if content[:4] != b"\x7fELF" or machine not in MACHINES:
    die(f"{binary} is no program for Linux on x86_64 or arm64; --bootstrap wants a build of zagg-worker")
versions = {tuple(map(int, found.split(b"."))) for found in re.findall(rb"GLIBC_(2\.\d+)\b", content)}
wanted, there = max(versions, default=(0, 0)), tuple(map(int, glibc.split(".")))
if wanted > there:
    text = (f"{binary} wants the C library {'.'.join(map(str, wanted))}, the runtime has {glibc}: "
            "it will not start there; build with --arch")
    # Who names a program may have another runtime in mind.
    if ours:
        die(text)
    print(f"build.sh: {text}", file=sys.stderr)


def add(archive, name, mode, content):
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = mode << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content, compresslevel=9)


os.makedirs(folder, exist_ok=True)
output = os.path.join(folder, f"zagg-lambda-{MACHINES[machine]}.zip")
# Whole or not at all.
with zipfile.ZipFile(output + ".part", "w") as archive:
    add(archive, "bootstrap", 0o100755, content)
    for path in licences:
        with open(path, "rb") as file:
            add(archive, f"licences/{os.path.basename(path)}", 0o100644, file.read())
    unpacked = sum(entry.file_size for entry in archive.infolist())
zipped = os.path.getsize(output + ".part")
if ours and zipped > limit:
    os.remove(output + ".part")
    die(f"{output} would have {zipped} bytes, more than {limit}: the function would start too slowly")
os.replace(output + ".part", output)
print(f"{output}: {zipped / 1e6:.1f} MB ({zipped} bytes), unpacked {unpacked / 1e6:.1f} MB ({unpacked} bytes)")
PYTHON
}

if [ -n "$binary" ]; then
    package "$binary" no "$third_party"
    exit
fi

# Where scripts/setup-tests has put it.
[ ! -x .venv/bin/cargo-zigbuild ] || PATH=$ROOT/.venv/bin:$PATH
command -v cargo-zigbuild >/dev/null || die "cargo zigbuild is not there: pip install cargo-zigbuild ziglang"
# Everything that is missing is said before the first build.
for architecture in "${architectures[@]}"; do
    target=${architecture/arm64/aarch64}-unknown-linux-gnu
    if command -v rustup >/dev/null && ! rustup target list --installed | grep -x "$target" >/dev/null; then
        die "Rust's libraries for $target are not there: rustup target add $target"
    fi
done
for architecture in "${architectures[@]}"; do
    target=${architecture/arm64/aarch64}-unknown-linux-gnu
    cargo zigbuild --locked --profile lambda --package zagg-worker --target "$target.$GLIBC"
    third_party=$built/$target/lambda/THIRD-PARTY
    "$PYTHON" scripts/third-party --by-package --target "$target" --output "$third_party" zagg-worker
    package "$built/$target/lambda/zagg-worker" yes "$third_party"
done
