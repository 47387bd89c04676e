package sandbox

import "golang.org/x/sys/unix"

const architecture = unix.AUDIT_ARCH_AARCH64

var refusedHere = []uint32{unix.SYS_LOOKUP_DCOOKIE, unix.SYS_NFSSERVCTL, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_MEMFD_SECRET}
