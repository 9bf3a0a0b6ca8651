#!/usr/bin/env bash
# Runs the unit tests of heedful-kernels on an emulated processor with AVX-512, for machines that
# have none: it builds a disc of a Debian kernel, busybox and the test binary, starts it in Bochs,
# and prints what the tests print. Exits 0 where all of them passed.
#
#   scripts/avx512.sh [ARGUMENT OF THE TEST BINARY]...
#
# As in `scripts/avx512.sh gemm --skip a_slow_one`; no argument runs every test. It needs a Debian
# for x86-64, cargo, and
#   apt-get install binutils bochs bochsbios bochs-term vgabios isolinux syslinux-common xorriso \
#     busybox-static cpio
# It downloads one more package, the kernel, with apt-get and installs nothing. It takes one core:
# 20 seconds to start, then some hundred times what the tests take here.
#
#   WORK=FOLDER    where it builds and leaves its files (default: target/avx512)
#   KERNEL=PACKAGE the kernel's package (default: what linux-image-cloud-amd64 depends on)
#   TESTS=FILE     the test binary (default: built by cargo)
#   LIMIT=SECONDS  when to give up (default: 7200)
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=${WORK:-$root/target/avx512}
limit=${LIMIT:-7200}
mkdir -p "$work"
work=$(cd "$work" && pwd)

# The kernel, unpacked, not installed: prints the path of its image.
kernel() {
    local package=${KERNEL:-}
    if [ -z "$package" ]; then
        package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends:/ { print $2; exit }')
    fi
    if [ ! -d "$work/kernel/$package" ]; then
        (cd "$work" && apt-get download "$package" >&2)
        mkdir -p "$work/kernel/$package"
        dpkg -x "$work/$package"_*.deb "$work/kernel/$package"
    fi
    ls "$work/kernel/$package"/boot/vmlinuz-*
}

# The tests, built with optimisation: prints the path of the binary.
tests() {
    (cd "$root" && cargo test --release -p heedful-kernels --lib --no-run --message-format json) |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1
}

# What the emulated machine runs, as its first process; $@ are the tests' arguments.
init() {
    cat <<INIT
#!/bin/busybox sh
b=/bin/busybox
\$b mount -t proc proc /proc
\$b mount -t devtmpfs dev /dev
\$b sed -n 's/^model name.*: /processor: /p' /proc/cpuinfo
for flag in avx2 fma avx512f avx512vl avx512bw avx512dq; do
    # Without them the tests would pass and show nothing.
    \$b grep -qw "\$flag" /proc/cpuinfo || { echo "no \$flag"; lacking=1; }
done
if [ -z "\$lacking" ]; then
    /tests $(printf '%q ' "$@") --test-threads 1 2>&1
    echo "exit status \$?"
fi
# The serial line is slow, and what it has not sent yet is lost.
\$b sleep 2
\$b poweroff -f
INIT
}

# A folder with all files of the first file system, then the disc.
disc() {
    local binary=$1 image=$2 folder=$work/root iso=$work/iso library
    shift 2
    rm -rf "$folder" "$iso"
    mkdir -p "$folder"/{bin,dev,proc,tmp} "$iso"
    cp "$(command -v busybox)" "$folder/bin/busybox"
    strip -o "$folder/tests" "$binary"
    for library in $(ldd "$binary" | grep -o '/[^ ]*'); do
        mkdir -p "$folder$(dirname "$library")"
        cp -L "$library" "$folder$library"
    done
    init "$@" > "$folder/init"
    chmod +x "$folder/init"
    (cd "$folder" && find . | cpio --quiet -o -H newc) > "$iso/initrd"
    cp "$image" "$iso/kernel"
    cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$iso"
    # Bochs tells a wrong size of what XSAVEC stores; Linux then refuses XSAVE and AVX.
    cat > "$iso/isolinux.cfg" <<CONFIG
default tests
prompt 0
label tests
    kernel kernel
    initrd initrd
    append console=ttyS0,115200 mitigations=off quiet panic=-1 tsc=reliable \
no_timer_check cryptomgr.notests random.trust_cpu=on clearcpuid=xsavec,xsaves
CONFIG
    xorriso -as mkisofs -quiet -o "$work/disc.iso" -b isolinux.bin -c boot.cat -no-emul-boot \
        -boot-load-size 4 -boot-info-table "$iso"
}

# The emulated machine: one processor, one disc, a serial line that is written to a file.
machine() {
    cat > "$work/machine.txt" <<CONFIG
display_library: term
config_interface: textconfig
cpu: model=corei7_skylake_x, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest=1024, host=1024
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path=$work/disc.iso, status=inserted
boot: cdrom
clock: sync=none, time0=1700000000
com1: enabled=1, mode=file, dev=$work/serial.txt
log: $work/bochs.txt
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
CONFIG
    # Debian's Bochs has a debugger, which waits to be told to go on.
    echo c > "$work/go.txt"
}

image=$(kernel)
binary=${TESTS:-$(tests)}
disc "$binary" "$image" "$@"
machine
: > "$work/serial.txt"

# Bochs ends when the machine is switched off. Its screen is a terminal that it opens itself, and it
# stops once what it draws there is not read.
TERM=vt100 timeout -k 5 "$limit" bochs -q -f "$work/machine.txt" -rc "$work/go.txt" \
    < /dev/null > "$work/output.txt" 2>&1 &
emulator=$!
trap 'kill "$emulator" 2> /dev/null || true' EXIT
tail -n +1 -f --pid="$emulator" "$work/serial.txt" &
screen=
while [ -z "$screen" ] && kill -0 "$emulator" 2> /dev/null; do
    sleep 1
    screen=$(sed -n 's/^Bochs connected to screen "\(.*\)".*/\1/p' "$work/output.txt")
done
if [ -n "$screen" ]; then
    cat "$screen" > /dev/null 2>&1 &
fi
wait "$emulator" || true
wait
tr -d '\r' < "$work/serial.txt" | grep -qx 'exit status 0'
