package postgres

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// A home is the folder of one private server:
//
//	lock          held while the server is ours, with our process id in it
//	password      of the user postgres
//	postgres.log  and postgres.log.1
//	data/         what initdb made
type home struct {
	dir  string
	who  *syscall.Credential // runs the server; nil is us
	lock int                 // a descriptor
	left sync.Once
}

// openHome makes the folder, or finds it, and takes its lock. Postgres refuses
// to run as root. Started as root, it runs as the folder's owner or else as
// postgres or nobody; and when that user cannot reach the folder, the data is
// kept in a folder of its own under /var/tmp.
func openHome(dir string) (*home, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	h := &home{dir: dir}
	if os.Geteuid() == 0 {
		if err := h.standIn(); err != nil {
			return nil, err
		}
	}
	if err := h.take(); err != nil {
		return nil, err
	}
	return h, nil
}

// standIn chooses who runs the server, and a folder that they can reach.
func (h *home) standIn() (err error) {
	if h.who, err = standIn(h.dir); err != nil || reaches(h.who, h.dir) {
		return err
	}
	sum := sha256.Sum256([]byte(h.dir))
	if h.dir, err = ownFolder(fmt.Sprintf("triptych-data-%x", sum[:6])); err != nil {
		return err
	}
	h.who, err = standIn(h.dir)
	return err
}

func (h *home) path(name string) string { return filepath.Join(h.dir, name) }

// take takes the lock, which the system gives back when we end, however we
// end. It is a bare descriptor: an os.File would let go of it when nobody
// refers to the server any more, and the server would run on.
func (h *home) take() error {
	fd, err := syscall.Open(h.path("lock"), syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("lock %s: %w", h.dir, err)
	}
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		syscall.Close(fd)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("lock %s: %w", h.dir, err)
		}
		pid, _ := os.ReadFile(h.path("lock"))
		return fmt.Errorf("the data in %s is in use by process %s: end that one, or choose another folder", h.dir, strings.TrimSpace(string(pid)))
	}
	h.lock = fd
	return errors.Join(os.WriteFile(h.path("lock"), fmt.Appendln(nil, os.Getpid()), 0o600), h.give(h.path("lock")))
}

// leave gives the lock back, once: the descriptor's number is then another's.
func (h *home) leave() {
	h.left.Do(func() { syscall.Close(h.lock) })
}

// give makes a file or folder the server's.
func (h *home) give(path string) error {
	if h.who == nil {
		return nil
	}
	return os.Chown(path, int(h.who.Uid), int(h.who.Gid))
}

// password reads the password, or makes one up for data that is yet to be.
func (h *home) password() (string, error) {
	b, err := os.ReadFile(h.path("password"))
	if err == nil && len(b) > 0 {
		return string(b), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if h.hasData() {
		return "", fmt.Errorf("the password file of the data in %s is gone: begin afresh with --fresh", h.dir)
	}
	password := rand.Text()
	if err := os.WriteFile(h.path("password"), []byte(password), 0o600); err != nil {
		return "", err
	}
	return password, h.give(h.path("password"))
}

func (h *home) hasData() bool { return h.major() != 0 }

// major is the major version that wrote the data, zero when there is none.
func (h *home) major() int {
	b, _ := os.ReadFile(h.path("data/PG_VERSION"))
	n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return n
}

// standIn is the user who runs the server of a folder when we are root: whoever
// owns the data or the folder, so that a later start finds its way in.
func standIn(dir string) (*syscall.Credential, error) {
	for _, path := range []string{filepath.Join(dir, "data"), dir} {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if st := info.Sys().(*syscall.Stat_t); st.Uid != 0 {
			return &syscall.Credential{Uid: st.Uid, Gid: st.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as: start as another user, or set DATABASE_URL")
}

// reaches reports whether who may pass through every folder down to dir.
func reaches(who *syscall.Credential, dir string) bool {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	for {
		info, err := os.Stat(dir)
		if err != nil || !passes(who, info) {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

func passes(who *syscall.Credential, info fs.FileInfo) bool {
	st := info.Sys().(*syscall.Stat_t)
	switch {
	case st.Uid == who.Uid:
		return info.Mode()&0o100 != 0
	case st.Gid == who.Gid:
		return info.Mode()&0o010 != 0
	default:
		return info.Mode()&0o001 != 0
	}
}

// ownFolder is a folder of ours under /var/tmp, which everybody can reach and
// anybody could have made before us: one that is not ours is refused.
func ownFolder(name string) (string, error) {
	dir := filepath.Join("/var/tmp", name)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	if !info.IsDir() || owner != os.Geteuid() || info.Mode()&0o022 != 0 {
		return "", fmt.Errorf("%s is not a folder of yours alone: remove it and start again", dir)
	}
	return dir, os.Chmod(dir, 0o755) // whatever the umask made of it
}

// cacheFolder is where downloads are kept: this user's cache, or, when we are
// root and the server's user cannot reach that, a folder under /var/tmp.
func cacheFolder() (string, error) {
	anybody := &syscall.Credential{Uid: 65534, Gid: 65534}
	base, err := os.UserCacheDir()
	if err == nil && (os.Geteuid() != 0 || reaches(anybody, base)) {
		dir := filepath.Join(base, "triptych")
		return dir, os.MkdirAll(dir, 0o755)
	}
	return ownFolder(fmt.Sprintf("triptych-cache-%d", os.Geteuid()))
}
