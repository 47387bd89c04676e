package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What may be done below a folder. Each is cut to what the kernel knows.
const (
	read = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	run  = read | unix.LANDLOCK_ACCESS_FS_EXECUTE
	use  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	own  = run | use | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SYM |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_REFER

	// ofFiles are those that a rule about a file, not a folder, may have.
	ofFiles = use | unix.LANDLOCK_ACCESS_FS_EXECUTE
)

// shared is what every function may touch of the machine: programs and their
// libraries, how to find names, whom to trust, the devices that are none.
var shared = []struct {
	access uint64
	paths  []string
}{
	{run, []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"}},
	{read, []string{
		"/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services",
		"/etc/protocols", "/etc/localtime", "/etc/timezone", "/etc/mime.types", "/etc/alternatives",
		"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld-musl-x86_64.path", "/etc/ld-musl-aarch64.path",
		"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/ca-certificates",
		"/etc/pki/tls/certs", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust/extracted", "/etc/crypto-policies",
		"/proc", "/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage",
	}},
	{use, []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}},
}

// changing are shared files that are replaced now and then, as when a machine
// joins a network. A rule is about the file, not its name.
var changing = []string{"/etc/resolv.conf", "/etc/hosts"}

// landlock is what the kernel can confine, by its version.
type landlock struct {
	version int
	handled unix.LandlockRulesetAttr
}

func newLandlock() landlock {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return landlock{}
	}
	return landlockOf(int(v))
}

// landlockOf is version's. What it cannot confine is not asked for.
func landlockOf(version int) landlock {
	l := landlock{version: version}
	files := map[int]uint64{1: 1<<13 - 1, 2: 1<<14 - 1, 3: 1<<15 - 1, 5: 1<<16 - 1, 9: 1<<17 - 1}
	for since, access := range files {
		if version >= since {
			l.handled.Handled_access_fs |= access
		}
	}
	if version >= 4 {
		l.handled.Handled_access_net |= unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 6 {
		l.handled.Scoped |= unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}
	if version >= 10 {
		l.handled.Handled_access_net |= unix.LANDLOCK_ACCESS_NET_BIND_UDP | unix.LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP
	}
	return l
}

// A ruleset is what a domain will allow, in the making.
type ruleset struct {
	fd      int
	handled unix.LandlockRulesetAttr
}

// open begins a ruleset with what is shared.
func (l landlock) open() (*ruleset, error) {
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&l.handled)), unsafe.Sizeof(l.handled), 0)
	if errno != 0 {
		return nil, fmt.Errorf("landlock: make rules: %w", errno)
	}
	r := &ruleset{int(fd), l.handled}
	for _, s := range shared {
		for _, path := range s.paths {
			if err := r.allowIfThere(path, s.access); err != nil {
				r.close()
				return nil, err
			}
		}
	}
	return r, nil
}

func (r *ruleset) close() { unix.Close(r.fd) }

// confine puts the calling thread and all it starts in a domain of its own:
// it reaches the shared files, its code, its own folder and the ports named.
func (r *ruleset) confine(spec Spec) error {
	for _, path := range changing {
		if err := r.allowIfThere(path, read); err != nil {
			return err
		}
	}
	if err := r.allow(spec.Code, run); err != nil {
		return err
	}
	if err := r.allow(spec.Tmp, own); err != nil {
		return err
	}
	if err := r.allowPorts(spec.Connect); err != nil {
		return err
	}
	return r.enforce()
}

func (r *ruleset) enforce() error {
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(r.fd), 0, 0); errno != 0 {
		return fmt.Errorf("landlock: %w", errno)
	}
	return nil
}

func (r *ruleset) allowIfThere(path string, access uint64) error {
	if err := r.allow(path, access); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

func (r *ruleset) allow(path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("landlock: open %s: %w", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("landlock: stat %s: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= ofFiles
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access & r.handled.Handled_access_fs, Parent_fd: int32(fd)}
	if err := r.add(unix.LANDLOCK_RULE_PATH_BENEATH, unsafe.Pointer(&rule)); err != nil {
		return fmt.Errorf("landlock: allow %s: %w", path, err)
	}
	return nil
}

func (r *ruleset) add(kind uintptr, rule unsafe.Pointer) error {
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(r.fd), kind, uintptr(rule), 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// A portRule is struct landlock_net_port_attr.
type portRule struct{ access, port uint64 }

// rulePort is LANDLOCK_RULE_NET_PORT.
const rulePort = 2

// allowPorts allows connections to ports, and to listen on a port that the
// kernel picks, which Go does to see whether there is IPv6.
func (r *ruleset) allowPorts(ports []uint16) error {
	rules := []portRule{{unix.LANDLOCK_ACCESS_NET_BIND_TCP, 0}}
	for _, port := range ports {
		rules = append(rules, portRule{unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, uint64(port)})
		if port == dns {
			rules = append(rules,
				portRule{unix.LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP, dns},
				portRule{unix.LANDLOCK_ACCESS_NET_BIND_UDP, 0})
		}
	}
	for _, rule := range rules {
		if rule.access &= r.handled.Handled_access_net; rule.access == 0 {
			continue
		}
		if err := r.add(rulePort, unsafe.Pointer(&rule)); err != nil {
			return fmt.Errorf("landlock: allow port %d: %w", rule.port, err)
		}
	}
	return nil
}
