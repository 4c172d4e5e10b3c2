#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# golden.sh FOLDER: makes FOLDER/golden.qcow2, a disk that starts t/data/qemu/init on
# Debian's cloud kernel: SeaBIOS, syslinux, an initramfs with busybox. No root, no
# mounts; about 5 s, most of it for fetching the kernel, which stays in FOLDER.
# Status 3: something is missing here, said on the last line.
set -eu
data=$(dirname "$0")/../data/qemu
out=$1
missing() { echo "$*"; exit 3; }

for p in qemu-img syslinux mformat cpio depmod modprobe busybox apt-get; do
	PATH=$PATH:/sbin:/usr/sbin command -v $p >/dev/null || missing "$p is not installed"
done
PATH=$PATH:/sbin:/usr/sbin
mkdir -p "$out"
[ ! -e "$out/golden.qcow2" ] || exit 0

# The kernel's package is unpacked, not installed: nothing here starts it.
package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ {print $2}')
[ -n "$package" ] || missing "linux-image-cloud-amd64 is not known to apt"
if ! ls "$out/$package"_*.deb >/dev/null 2>&1; then
	(cd "$out" && apt-get -qq download "$package" 2>/dev/null) || missing "cannot fetch $package"
fi
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
dpkg -x "$out/$package"_*.deb "$work/kernel"
version=$(ls "$work/kernel/lib/modules")
depmod -b "$work/kernel" "$version"

root=$work/root
mkdir -p "$root/bin" "$root/lib/modules" "$root/proc" "$root/sys" "$root/dev" "$root/seed" "$root/srv" \
    "$root/etc/acpi/PWRF"
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$data/init" "$root/init"
cp "$data/power" "$root/etc/acpi/PWRF/00000080"
chmod 755 "$root/init" "$root/etc/acpi/PWRF/00000080"
for m in virtio_pci virtio_net virtio_blk qemu_fw_cfg isofs evdev button; do
	modprobe -d "$work/kernel" -S "$version" --show-depends $m
done | awk '/^insmod/ && !seen[$2]++ {print $2}' >"$work/modules"
while read -r ko; do
	cp "$ko" "$root/lib/modules/"
	basename "$ko" >>"$root/lib/modules/list"
done <"$work/modules"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd.gz"

# One FAT file system over the whole disk, its boot sector syslinux's
cat >"$work/syslinux.cfg" <<EOF
default l
label l
 kernel vmlinuz
 initrd initrd.gz
 append console=ttyS0 quiet panic=-1 tsc=reliable
EOF
truncate -s 48M "$work/disk"
mformat -i "$work/disk" -F -h 16 -s 63 -c 1 -T 98304 ::
mcopy -i "$work/disk" "$work/kernel/boot/vmlinuz-$version" ::vmlinuz
mcopy -i "$work/disk" "$work/initrd.gz" "$work/syslinux.cfg" ::
syslinux "$work/disk"
qemu-img convert -q -O qcow2 "$work/disk" "$work/golden.qcow2"
mv "$work/golden.qcow2" "$out/golden.qcow2"
