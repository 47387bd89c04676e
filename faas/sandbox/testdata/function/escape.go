package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What somebody would try who has read how the limits are kept.
func init() {
	deeds["lower"] = func(string) (string, error) { // the limit that is its mark
		one := unix.Rlimit{Cur: 1, Max: 1}
		return "", unix.Prlimit(0, unix.RLIMIT_RTTIME, &one, nil)
	}
	deeds["lower before"] = func(string) (string, error) { // by the older call
		one := unix.Rlimit{Cur: 1, Max: 1}
		return "", setrlimit(unix.RLIMIT_RTTIME, &one)
	}
	deeds["mark"] = func(string) (string, error) { // which it may read
		var l unix.Rlimit
		return "", unix.Prlimit(0, unix.RLIMIT_RTTIME, nil, &l)
	}
	deeds["orphan"] = func(string) (string, error) { // a child of who started us
		child := exec.Command("/bin/sleep", "600")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: unix.CLONE_PARENT}
		return "", child.Start()
	}
	deeds["memfd"] = func(string) (string, error) {
		_, err := unix.MemfdCreate("", 0)
		return "", err
	}
	deeds["shared"] = func(megabytes string) (string, error) {
		child := exec.Command(os.Args[0])
		child.Env = []string{"DO=hold shared", "WHAT=" + megabytes}
		return "", child.Run()
	}
	deeds["hold shared"] = func(megabytes string) (string, error) {
		b, err := unix.Mmap(-1, 0, number(megabytes)<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
		if err != nil {
			return "", err
		}
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		time.Sleep(time.Hour)
		return "", unix.Munmap(b)
	}
	deeds["removed files"] = func(dir string) (string, error) {
		b := make([]byte, 1<<20)
		for i := range 64 {
			f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
			if err != nil {
				return "", err
			}
			if err := os.Remove(f.Name()); err != nil {
				return "", err
			}
			for range 4 {
				if _, err := f.Write(b); err != nil {
					return "", err
				}
			}
			time.Sleep(5 * time.Millisecond)
			open = append(open, f)
		}
		time.Sleep(time.Hour)
		return "", nil
	}
	deeds["deep folders"] = func(dir string) (string, error) {
		if err := os.Chdir(dir); err != nil {
			return "", err
		}
		long := strings.Repeat("d", 200)
		for range 32 { // a path has 4096 bytes
			if err := errors.Join(os.Mkdir(long, 0o700), unix.Chdir(long)); err != nil {
				return "", err
			}
		}
		time.Sleep(time.Hour)
		return "", nil
	}
}

var open []*os.File

func setrlimit(what int, l *unix.Rlimit) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SETRLIMIT, uintptr(what), uintptr(unsafe.Pointer(l)), 0)
	return sys(errno)
}
