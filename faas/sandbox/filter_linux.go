package sandbox

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// refused are the system calls that no function needs: they reach into other
// processes, change what the machine is made of, set its clock, outlive the
// process, or offer more of the kernel than a function's work takes. They fail
// with EPERM. refusedHere are those of this architecture alone.
var refused = []uint32{
	// other processes
	unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD,
	// file systems
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR, unix.SYS_SWAPON,
	unix.SYS_SWAPOFF, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_FANOTIFY_INIT,
	// namespaces
	unix.SYS_UNSHARE, unix.SYS_SETNS,
	// the kernel
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER,
	unix.SYS_IO_URING_REGISTER, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	// the machine
	unix.SYS_REBOOT, unix.SYS_SYSLOG, unix.SYS_ACCT, unix.SYS_VHANGUP, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_ADJTIMEX,
	// memory that no process is seen to hold
	unix.SYS_MEMFD_CREATE,
	// what outlives a process
	unix.SYS_SHMGET, unix.SYS_MSGGET, unix.SYS_SEMGET, unix.SYS_MQ_OPEN,
}

// namespaces are the flags with which clone makes a namespace.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// A key opens the one lock in the filter: the mark of a process is set from
// behind the filter, by us, and nobody is to change his own. It is in the upper
// halves of two arguments, of which the kernel takes the lower.
type key [2]uint32

func newKey() key {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return key{binary.NativeEndian.Uint32(b[:4]), binary.NativeEndian.Uint32(b[4:])}
}

// dns is the port that stands for names: whoever may connect to it may ask by
// UDP too.
const dns = 53

// A filter is a seccomp program, ready to be installed.
type filter []unix.SockFilter

// newFilter makes the filter. With udp a process may make UDP sockets.
func newFilter(udp bool, k key) (filter, error) {
	if architecture == 0 {
		return nil, errors.New("there is no filter of system calls for this architecture")
	}
	program := onlyNative()
	for _, call := range slices.Concat(refused, refusedHere) {
		program = append(program, on(call, no)...)
	}
	for _, blocks := range [][]bpf.Instruction{
		// Its flags are in memory, where a filter does not see them: as it is
		// "not there", everybody uses clone.
		on(unix.SYS_CLONE3, answer(unix.ENOSYS)),
		// Nor may it make us the parent of what it starts.
		on(unix.SYS_CLONE, argument(0), noneOf(namespaces|unix.CLONE_PARENT), yes),
		// Lowered, its mark would be another's, or none.
		on(unix.SYS_SETRLIMIT, argument(0), is(markLimit, no), yes),
		on(unix.SYS_PRLIMIT64, argument(1), is(markLimit, asking(2), opening(k), no), yes),
		// A process of ours begins traced, and the thread behind the filter
		// lets it go. Nobody gets hold of another.
		on(unix.SYS_PTRACE, argument(0), oneOf(unix.PTRACE_TRACEME, unix.PTRACE_DETACH)),
		// Ask for the personality, or take the usual one.
		on(unix.SYS_PERSONALITY, argument(0), oneOf(0, 0xffffffff)),
		// A pair of datagram sockets could send elsewhere.
		on(unix.SYS_SOCKETPAIR, argument(1), noneOf(unix.SOCK_DGRAM), yes),
		on(unix.SYS_SOCKET, sockets(udp)),
		yes,
	} {
		program = append(program, blocks...)
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("filter of system calls: %w", err)
	}
	f := make(filter, len(raw))
	for i, r := range raw {
		f[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return f, nil
}

// sockets judges what sockets a process may make: TCP, UDP when it may, and
// those by which it asks for the machine's addresses. Not Unix sockets, behind
// which a database may listen; not raw ones; and no other protocol that carries
// streams, as Landlock's rules of ports are about TCP alone.
func sockets(udp bool) []bpf.Instruction {
	internet := is(unix.SOCK_STREAM, argument(2), oneOf(0, unix.IPPROTO_TCP))
	if udp {
		internet = append(internet, is(unix.SOCK_DGRAM, argument(2), oneOf(0, unix.IPPROTO_UDP))...)
	}
	return slices.Concat(
		argument(0),
		is(unix.AF_INET, kind, internet, no),
		is(unix.AF_INET6, kind, internet, no),
		is(unix.AF_NETLINK, argument(2), oneOf(unix.NETLINK_ROUTE)),
		no,
	)
}

// The words of a filter. It works on one value: first the number of the call,
// then, once on has been passed, an argument. Every word that may be passed
// only by some ends with a verdict for the others.
var (
	yes = []bpf.Instruction{bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}}
	no  = answer(unix.EPERM)
	// kind is the second argument of socket without its flags.
	kind = append(argument(1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf})
)

func answer(errno unix.Errno) []bpf.Instruction {
	return []bpf.Instruction{bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)}}
}

// argument takes an argument of the call. Its lower half is all the kernel
// looks at where we do.
func argument(n int) []bpf.Instruction { return half(2 * n) }

// upper takes the other half.
func upper(n int) []bpf.Instruction { return half(2*n + 1) }

func half(n int) []bpf.Instruction {
	const offset = 16 // in struct seccomp_data, on machines that have the lower half first
	return []bpf.Instruction{bpf.LoadAbsolute{Off: offset + 4*uint32(n), Size: 4}}
}

// asking is yes when the pointer to what is to be set is none.
func asking(n int) []bpf.Instruction {
	return slices.Concat(argument(n), is(0, upper(n), is(0, yes)))
}

// opening is yes for who has the key.
func opening(k key) []bpf.Instruction {
	return slices.Concat(upper(0), is(k[0], upper(1), is(k[1], yes)))
}

// is has the value judged by then, when it is this one.
func is(value uint32, then ...[]bpf.Instruction) []bpf.Instruction {
	body := slices.Concat(then...)
	return append([]bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpEqual, Val: value, SkipFalse: uint8(len(body))}}, body...)
}

// on has a call judged by then.
func on(call uint32, then ...[]bpf.Instruction) []bpf.Instruction { return is(call, then...) }

// oneOf is yes for these values, otherwise no.
func oneOf(values ...uint32) (all []bpf.Instruction) {
	for _, v := range values {
		all = append(all, is(v, yes)...)
	}
	return append(all, no...)
}

// noneOf is no when the value has one of these bits.
func noneOf(bits uint32) []bpf.Instruction {
	return append([]bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: bits, SkipFalse: 1}}, no...)
}

// onlyNative refuses calls by the numbers of another architecture, as 32-bit
// ones on a 64-bit machine, which the filter does not know; then it takes the
// number.
func onlyNative() []bpf.Instruction {
	const x32 = 0x40000000 // a bit of no number but those of x32 on amd64
	return slices.Concat(
		[]bpf.Instruction{bpf.LoadAbsolute{Off: 4, Size: 4}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: architecture, SkipTrue: 1}},
		answer(unix.ENOSYS),
		[]bpf.Instruction{bpf.LoadAbsolute{Off: 0, Size: 4}, bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: x32, SkipFalse: 1}},
		answer(unix.ENOSYS),
	)
}

// install puts the calling thread and all it starts behind the filter.
func (f filter) install() error {
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("filter of system calls: %w", errno)
	}
	return nil
}
