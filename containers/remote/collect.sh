#!/bin/bash
# Puts together the tree that every remote host shares: the programs that are named here, what they load, and no more. It is copied into memory when somebody
# first logs in to a host, so every megabyte counts.
set -euo pipefail
to=$1

programs=(
    bash dash
    # coreutils
 b2sum base32 base64 basename cat chgrp chmod chown cksum comm cp csplit cut date dd dir dircolors dirname du echo env expand expr factor false fmt fold
    groups head id install join link ln logname ls md5sum mkdir mkfifo mktemp mv nice nl nohup numfmt od paste pathchk pr printenv printf ptx pwd readlink realpath
    rm rmdir seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate
    tsort unexpand uniq unlink vdir wc whoami yes '['
    # what moves, packs and looks at files
    tar gzip gunzip zcat bzip2 xz zstd rsync scp git openssl find xargs grep egrep fgrep sed mawk diff cmp less which xxd setsid flock rev column
    python3.11 svnserve svnadmin
)
mkdir -p "$to"/{usr/bin,usr/lib,usr/lib/openssh,etc,dev,home,tmp,root,proc,run,var/tmp,srv,opt,mnt,data,usr/share,usr/local/bin}
for link in bin lib lib64 sbin; do ln -s "usr/$link" "$to/$link"; done
mkdir -p "$to/usr/lib64"
ln -s bin "$to/usr/sbin"

with_libraries() {
    local real; real=$(readlink -f "$1")
    cp -L "$real" "$to$2"
    { ldd "$real" 2>/dev/null | grep -o '/[^ ]*' || true; } | while read -r library; do
        local at="$to/usr${library#/usr}"
        mkdir -p "$(dirname "$at")"
        [ -e "$at" ] || cp -L "$library" "$at"
    done
}

for program in "${programs[@]}"; do
    found=$(type -P "$program" || true)
    [ -n "$found" ] && with_libraries "$found" "/usr/bin/$program"
done
ln -sf mawk "$to/usr/bin/awk"
ln -sf dash "$to/usr/bin/sh"
ln -sf python3.11 "$to/usr/bin/python3"
with_libraries /usr/lib/openssh/sftp-server /usr/lib/openssh/sftp-server
for part in receive-pack upload-pack upload-archive; do ln -s git "$to/usr/bin/git-$part"; done
mkdir -p "$to/usr/lib/git-core" "$to/usr/share/git-core/templates"
ln -s ../../bin/git "$to/usr/lib/git-core/git"

# name service: names of users come from the tree's own /etc/passwd
for library in libnss_files.so.2; do
    at=$(find /lib /usr/lib -name "$library" | head -1)
    [ -z "$at" ] || cp -L "$at" "$to/usr/lib/$(basename "$(dirname "$at")")/"
done

(cd /usr/lib && find python3.11 \( -name test -o -name idlelib -o -name lib2to3 -o -name ensurepip -o -name tkinter -o -name distutils -o -name pydoc_data -o -name turtledemo \
    -o -name dist-packages -o -name unittest -o -name curses -o -name xmlrpc -o -name wsgiref -o -name venv -o -name sqlite3 -o -name 'config-3*' -o -name __pycache__ -o -name '_codecs_*' \
    -o -name '_ctypes_test*' -o -name '_test*' -o -name '_xx*' -o -name 'turtle.py' -o -name pydoc.py -o -name dbm -o -name '_dbm*' -o -name '_curses*' -o -name asyncio \) -prune -o -type f -print0) \
    | tar -C /usr/lib --null -T - -c | tar -C "$to/usr/lib" -x
chroot "$to" /usr/bin/python3.11 -m compileall -q /usr/lib/python3.11 >/dev/null || true
for module in "$to"/usr/lib/python3.11/lib-dynload/*.so; do
    { ldd "$module" | grep -o '/[^ ]*' || true; } | while read -r library; do [ -e "$to/usr${library#/usr}" ] || cp -L "$library" "$to/usr${library#/usr}"; done
done

cp /etc/debian_version /etc/os-release "$to/etc/"
printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$to/etc/nsswitch.conf"
printf 'nameserver 10.40.0.2\n' >"$to/etc/resolv.conf"
mkdir -p "$to/usr/share/zoneinfo" "$to/usr/lib/locale"
cp -r /usr/lib/locale/C.utf8 "$to/usr/lib/locale/"
cp /usr/share/zoneinfo/UTC "$to/usr/share/zoneinfo/UTC"
ln -s ../usr/share/zoneinfo/UTC "$to/etc/localtime"
chmod 1777 "$to/tmp" "$to/var/tmp"
chmod 700 "$to/root"
chmod -R go-w "$to/usr" "$to/etc"
find "$to" -xdev -type f -perm /6000 -exec chmod ug-s {} +
