package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// enterNamespaces gives the calling thread mounts, host name and System V
// queues of its own, and what it starts next a numbering of processes, of
// which that is the first: when it ends, the kernel ends the others.
//
// There is no namespace of users. The process has a user of its own already,
// and in such a namespace a function could have powers that it has nowhere
// else. There is none of networks either, as its ports are on this machine's.
func enterNamespaces() error {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS); err != nil {
		return fmt.Errorf("enter namespaces: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to itself: %w", err)
	}
	// It sees the numbers that the machine has for them, but only its own.
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := unix.Mount("proc", "/proc", "proc", flags, "hidepid=2"); err != nil {
		return fmt.Errorf("hide other processes: %w", err)
	}
	return os.NewSyscallError("sethostname", unix.Sethostname([]byte("function")))
}

// bindTmp makes a folder the calling thread's /tmp.
func bindTmp(dir string) error {
	if err := unix.Mount(dir, "/tmp", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s as /tmp: %w", dir, err)
	}
	return os.NewSyscallError("mount", unix.Mount("", "/tmp", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_NOSUID|unix.MS_NODEV, ""))
}

// tryNamespaces says why there are none.
func tryNamespaces(root string) string {
	if os.Geteuid() != 0 {
		return "only root can make namespaces and cgroups"
	}
	if inTmp(root) {
		return fmt.Sprintf("the data folder %s is in /tmp, of which a function sees its own alone, and so not its code: keep it elsewhere, such as in /var/lib/faas, and name that with --data", root)
	}
	return onThread(func() error {
		err := enterNamespaces()
		if errors.Is(err, unix.EPERM) {
			return fmt.Errorf("%w: in a container, give it CAP_SYS_ADMIN", err)
		}
		return err
	})
}

// inTmp tells whether a folder is one that bindTmp would hide, with all that
// functions run from: by whatever way its name leads there.
func inTmp(dir string) bool {
	return strings.HasPrefix(resolved(dir)+"/", resolved("/tmp")+"/")
}

// resolved is where a path leads; one that leads nowhere is itself.
func resolved(path string) string {
	if led, err := filepath.EvalSymlinks(path); err == nil {
		return led
	}
	return path
}
