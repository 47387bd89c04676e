package sandbox

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// users hands out user ids, one per running process, from a range that
// nothing else uses: systemd's documents call 0x70000000 to 0x7fffffff unused.
// Each runner has its own part of the range, from its folder.
type users struct {
	*userState
	first int
}

type userState struct {
	mu    sync.Mutex
	last  int
	taken map[int]bool
}

const (
	usersFrom  = 0x70000000
	usersParts = 4096
	usersEach  = 16384
)

func newUsers(root string) users {
	h := fnv.New32a()
	h.Write([]byte(root))
	return users{first: usersFrom + int(h.Sum32()%usersParts)*usersEach, userState: &userState{taken: map[int]bool{}}}
}

// next takes an id that no process has. One that was free the longest comes
// first.
func (u users) next() (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for range usersEach {
		u.last = (u.last + 1) % usersEach
		if id := u.first + u.last; !u.taken[id] {
			u.taken[id] = true
			return id, nil
		}
	}
	return 0, errors.New("all user ids are taken")
}

func (u users) free(id int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.taken, id)
}

func (u users) ours(id int) bool { return id >= u.first && id < u.first+usersEach }

// give makes a folder and what an earlier process left in it user's. Only
// what belonged to one of our users is given: a hard link in there may lead
// to another's file.
func (u users) give(dir string, user int) error {
	if err := errors.Join(os.Chown(dir, user, user), os.Chmod(dir, 0o700)); err != nil {
		return fmt.Errorf("give %s to user %d: %w", dir, user, err)
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return fmt.Errorf("give %s to user %d: %w", path, user, err)
		}
		if path == dir || !u.ours(int(st.Uid)) {
			return nil
		}
		return os.Lchown(path, user, user)
	})
}

// become makes the calling thread, and no other of this process, the user,
// alone in a group of the same number. It loses every capability with that.
// The library's functions would do it to all threads.
func become(user int) error {
	id := uintptr(user)
	for _, call := range []struct {
		name    string
		number  uintptr
		a, b, c uintptr
	}{
		{"setgroups", unix.SYS_SETGROUPS, 0, 0, 0},
		{"setresgid", unix.SYS_SETRESGID, id, id, id},
		{"setresuid", unix.SYS_SETRESUID, id, id, id},
	} {
		if _, _, errno := unix.RawSyscall(call.number, call.a, call.b, call.c); errno != 0 {
			return fmt.Errorf("become user %d: %w", user, os.NewSyscallError(call.name, errno))
		}
	}
	return nil
}

// dropCapabilities takes root's powers over the machine from the calling
// thread. With no new privileges, a program that it starts gets none back.
func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return os.NewSyscallError("capset", unix.Capset(&header, &none[0]))
}
