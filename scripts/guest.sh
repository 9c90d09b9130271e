# shellcheck shell=sh disable=SC2154,SC2046
# guest.sh: what the emulated machines share, for vm-aarch64, vm-amd64 and vm-x86 to source: Debian's packages, unpacked and never
# installed; driver modules; the tree of the first file system; what the machine said. $me is the caller's name, $guest its cache.

refuse() {
    echo "$me: $1" >&2
    exit 77
}

needs() {
    for tool; do command -v "$tool" >/dev/null || refuse "$tool is not installed (scripts/setup all)"; done
}

# apt of the guest's architecture: the caller puts its options into $apt_options.
guest_apt() {
    program=$1
    shift
    # shellcheck disable=SC2086
    "$program" $apt_options "$@"
}

# fetch_packages PACKAGE...: unpacked below $guest/unpacked; exit code 77 when they cannot be had.
fetch_packages() {
    mkdir -p "$guest/packages" "$guest/unpacked"
    (cd "$guest/packages" && guest_apt apt-get -q -o APT::Sandbox::User="$(id -un)" download "$@" >../log 2>&1) || {
        tail -n 3 "$guest/log" >&2
        refuse "no packages: $*"
    }
    for package in "$guest"/packages/*.deb; do dpkg-deb -x "$package" "$guest/unpacked"; done
    rm -rf "$guest/packages"
}

# kernel_package ARCH: the kernel that Debian's newest linux-image-ARCH means.
kernel_package() {
    guest_apt apt-cache depends "linux-image-$1" 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }'
}

# fetch_kernel ARCH: the kernel as $guest/linux, its modules below $guest/unpacked, busybox as $guest/busybox; once.
fetch_kernel() {
    [ ! -f "$guest/linux" ] || return 0
    kernel=$(kernel_package "$1")
    [ -n "$kernel" ] || refuse "no package linux-image-$1 is known here"
    rm -rf "$guest/unpacked"
    fetch_packages "$kernel" busybox-static
    echo "$kernel" >"$guest/kernel"
    cp "$guest/unpacked/bin/busybox" "$guest/busybox"
    cp "$guest"/unpacked/boot/vmlinuz-* "$guest/linux"
}

# build_modules SOURCE...: files of the kernel's own source, such as drivers/hwmon/ina3221.c, or of ours, with an absolute path, as
# modules for the kernel of fetch_kernel, in $guest/modules. Only those files are taken out of the source, once for a list; nothing
# else is compiled. $make_options say for which machine.
build_modules() {
    modules=$guest/modules
    kernels=
    for source; do
        case $source in
        /*) ;;
        *) kernels="$kernels $source" ;;
        esac
    done
    # shellcheck disable=SC2086
    [ "$(cat "$modules/done" 2>/dev/null)" = "$kernels" ] || fetch_sources $kernels
    : >"$modules/Makefile"
    for source; do
        case $source in
        /*) cmp -s "$source" "$modules/$(basename "$source")" || cp "$source" "$modules/" ;;
        esac
        echo "obj-m += $(basename "$source" .c).o" >>"$modules/Makefile"
    done
    # shellcheck disable=SC2086
    make -s -C "$guest/unpacked/usr/src/linux-headers-$(sed 's/^linux-image-//' "$guest/kernel")" M="$modules" $make_options modules >"$guest/log" 2>&1 || {
        tail -n 20 "$guest/log" >&2
        refuse "the drivers do not build for $(cat "$guest/kernel")"
    }
}

# fetch_sources FILE...: these files of the kernel's source into $guest/modules, and the headers to build them against.
fetch_sources() {
    needs make xz gcc
    release=$(sed 's/^linux-image-//' "$guest/kernel")
    series=$(echo "$release" | sed 's/^\([0-9]*\.[0-9]*\).*/\1/')
    version=$(guest_apt apt-cache show "linux-image-$release" | awk '/^Version:/ { print $2; exit }')
    helpers=$(guest_apt apt-cache depends "linux-headers-$release" | awk '/Depends: linux-headers/ { print $2 }')
    fetch_packages "linux-headers-$release" "$helpers" "linux-source-$series=$version"
    # its programs run here
    tools=$(guest_apt apt-cache depends "linux-headers-$release" | awk '/Depends: linux-kbuild/ { print $2 }')
    guest_options=$apt_options
    apt_options=
    fetch_packages "$tools"
    apt_options=$guest_options
    rm -rf "$modules"
    mkdir -p "$modules"
    # the head of the pipe dies of the closed pipe once all are found
    xz -dc "$guest/unpacked/usr/src/linux-source-$series.tar.xz" 2>/dev/null | tar xf - -C "$modules" --strip-components=3 \
        --occurrence=1 $(for source; do echo "linux-source-$series/$source"; done) || refuse "linux-source-$series lacks one of $*"
    rm -f "$guest/unpacked/usr/src/linux-source-$series.tar.xz"
    sed -i "s|^include /usr|include $guest/unpacked/usr|" "$guest/unpacked/usr/src/linux-headers-$release/Makefile"
    echo " $*" >"$modules/done"
}

# begin_tree: the first file system in $tree, gone with the script.
begin_tree() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT # several guests may run at once
    tree=$work/root
    for folder in bin lib usr/lib proc sys dev tmp files modules; do mkdir -p "$tree/$folder"; done
    cp "$1" "$tree/bin/busybox"
    ln -s busybox "$tree/bin/sh"
}

# add_modules NAME...: modules as /modules/NAME.ko, those of build_modules first, else the kernel's own. The script inserts them.
add_modules() {
    for name; do
        found=$guest/modules/$name.ko
        [ -f "$found" ] || found=$(find "$guest/unpacked/lib/modules" -name "$name.ko" | head -n 1)
        [ -n "$found" ] || refuse "the kernel package has no module $name"
        "${tools_prefix:-}strip" --strip-debug -o "$tree/modules/$name.ko" "$found" 2>/dev/null || cp "$found" "$tree/modules/$name.ko"
    done
}

# What $RG_VM_MODULES and $RG_VM_DRIVERS ask for.
add_wanted_modules() {
    drivers=${RG_VM_DRIVERS:-}
    # shellcheck disable=SC2086
    [ -z "$drivers" ] || build_modules $drivers
    # shellcheck disable=SC2086
    add_modules ${RG_VM_MODULES:-} $(for driver in $drivers; do basename "$driver" .c; done)
}

# add_native FILE...: into /files, with the libraries of this machine that they need, which keep their paths.
add_native() {
    for file; do
        strip -o "$tree/files/$(basename "$file")" "$file" 2>/dev/null || cp "$file" "$tree/files/"
        ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
            [ -e "$tree$library" ] && continue
            mkdir -p "$tree$(dirname "$library")"
            cp -L "$library" "$tree$library"
        done
    done
}

# end_tree FILE: the script on standard input becomes what the machine runs; the file system goes into FILE.
end_tree() {
    cat >"$tree/files/script"
    cat >"$tree/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/files:/bin HOME=/tmp LD_LIBRARY_PATH=/lib XDG_CACHE_HOME=/tmp/cache
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev; mount -t tmpfs none /tmp
[ ! -f /proc/sys/kernel/perf_event_paranoid ] || echo 1 >/proc/sys/kernel/perf_event_paranoid
cd /tmp
echo; echo "<<<begin"
sh /files/script 2>&1
echo ">>>end $?"
[ ! -f /files/lingers ] || sleep 1
poweroff -f
INIT
    chmod +x "$tree/init"
    (cd "$tree" && find . | cpio -o -H newc --quiet) | gzip -1 >"$1"
}

# say_console FILE LIMIT_S: what the script said; exits with its code, 1 when it did not end.
say_console() {
    tr -d '\r' <"$1" | sed -n '/^<<<begin/,/^>>>end/p' | sed '1d;$d'
    code=$(tr -d '\r' <"$1" | sed -n 's/^>>>end \([0-9]*\).*/\1/p')
    [ -n "$code" ] || {
        echo "$me: the guest did not finish within $2 s" >&2
        tail -n 20 "$1" >&2
        exit 1
    }
    exit "$code"
}
