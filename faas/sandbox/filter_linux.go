package sandbox

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// refused are the system calls that no function needs: they reach into other
// processes, change what the machine is made of, set its clock, or offer more
// of the kernel than a function's work takes. They fail with EPERM.
var refused = []string{
	// other processes
	"process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
	// file systems
	"mount", "umount2", "umount", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
	"fspick", "mount_setattr", "swapon", "swapoff", "quotactl", "quotactl_fd", "open_by_handle_at", "fanotify_init",
	// namespaces
	"unshare", "setns",
	// the kernel
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
	"init_module", "finit_module", "delete_module", "create_module", "kexec_load", "kexec_file_load",
	"keyctl", "add_key", "request_key", "lookup_dcookie", "nfsservctl", "uselib", "_sysctl",
	// the machine
	"reboot", "syslog", "acct", "vhangup", "iopl", "ioperm", "sethostname", "setdomainname",
	"settimeofday", "stime", "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64",
	// what outlives a process
	"shmget", "msgget", "semget", "mq_open",
}

// dns is the port that stands for names: whoever may connect to it may ask by
// UDP too.
const dns = 53

// namespaces are the flags with which clone makes a namespace.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// A filter is a seccomp program, ready to be installed.
type filter []unix.SockFilter

// newFilter makes the filter. With udp a process may make UDP sockets.
func newFilter(udp bool) (filter, error) {
	info, err := arch.GetInfo("")
	if err != nil {
		return nil, fmt.Errorf("system call filter: %w", err)
	}
	policy := seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionAllow, NamesWithCondtions: sockets(udp)},
			{Action: seccomp.ActionErrno, Names: slices.DeleteFunc(append([]string{"socket"}, refused...), func(name string) bool {
				_, known := info.SyscallNames[name]
				return !known // another architecture's
			}), NamesWithCondtions: conditions()},
			// Its flags are in memory, where a filter cannot see them: "not
			// there" makes everybody use clone.
			{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}},
		},
	}
	program, err := policy.Assemble()
	if err != nil {
		return nil, fmt.Errorf("system call filter: %w", err)
	}
	raw, err := bpf.Assemble(append(onlyNative(uint32(info.ID)), program...))
	if err != nil {
		return nil, fmt.Errorf("system call filter: %w", err)
	}
	f := make(filter, len(raw))
	for i, r := range raw {
		f[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return f, nil
}

// onlyNative refuses calls by another architecture's numbers, as 32-bit ones
// on a 64-bit machine: the rest of the filter does not know them.
func onlyNative(id uint32) []bpf.Instruction {
	const offset = 4 // of the architecture in struct seccomp_data
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: offset, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: id, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
	}
}

// sockets are the sockets a process may make: TCP, UDP when it may, and those
// by which it asks for the machine's addresses. Not Unix sockets, behind which
// a database may listen; not raw ones; and no other protocol that carries
// streams, as Landlock's rules of ports are about TCP alone.
func sockets(udp bool) []seccomp.NameWithConditions {
	var all []seccomp.NameWithConditions
	allow := func(family, kind uint64, protocols ...uint64) {
		for _, protocol := range protocols {
			for _, flags := range []uint64{0, unix.SOCK_CLOEXEC, unix.SOCK_NONBLOCK, unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK} {
				all = append(all, seccomp.NameWithConditions{Name: "socket", Conditions: seccomp.ArgumentConditions{
					{Argument: 0, Operation: seccomp.Equal, Value: family},
					{Argument: 1, Operation: seccomp.Equal, Value: kind | flags},
					{Argument: 2, Operation: seccomp.Equal, Value: protocol},
				}})
			}
		}
	}
	for _, family := range []uint64{unix.AF_INET, unix.AF_INET6} {
		allow(family, unix.SOCK_STREAM, 0, unix.IPPROTO_TCP)
		if udp {
			allow(family, unix.SOCK_DGRAM, 0, unix.IPPROTO_UDP)
		}
	}
	allow(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	return all
}

// conditions are the calls that are refused with some arguments.
func conditions() []seccomp.NameWithConditions {
	when := func(name string, c ...seccomp.Condition) seccomp.NameWithConditions {
		return seccomp.NameWithConditions{Name: name, Conditions: c}
	}
	return []seccomp.NameWithConditions{
		when("clone", seccomp.Condition{Argument: 0, Operation: seccomp.BitsSet, Value: namespaces}),
		// A process of ours begins traced, and the thread behind the filter
		// lets it go. Nobody can get hold of another.
		when("ptrace",
			seccomp.Condition{Argument: 0, Operation: seccomp.NotEqual, Value: unix.PTRACE_TRACEME},
			seccomp.Condition{Argument: 0, Operation: seccomp.NotEqual, Value: unix.PTRACE_DETACH}),
		// A pair of datagram sockets could send elsewhere.
		when("socketpair", seccomp.Condition{Argument: 1, Operation: seccomp.BitsSet, Value: unix.SOCK_DGRAM}),
		// Ask for the personality, or the usual one; no other.
		when("personality",
			seccomp.Condition{Argument: 0, Operation: seccomp.NotEqual, Value: 0},
			seccomp.Condition{Argument: 0, Operation: seccomp.NotEqual, Value: 0xffffffff}),
	}
}

// install puts the calling thread and all it starts behind the filter.
func (f filter) install() error {
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("system call filter: %w", errno)
	}
	return nil
}
