// Command function is the function of the sandbox's tests. It tries what DO
// names on WHAT and prints what came of it: "done", with what it got, or
// "refused" with why.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	do, ok := deeds[os.Getenv("DO")]
	if !ok {
		fmt.Println("unknown", os.Getenv("DO"))
		os.Exit(9)
	}
	got, err := do(os.Getenv("WHAT"))
	if err != nil {
		fmt.Println("refused:", err)
		return
	}
	fmt.Println("done:", got)
}

var deeds = map[string]func(what string) (string, error){
	"read": func(path string) (string, error) {
		b, err := os.ReadFile(path)
		return string(bytes.TrimSpace(b)), err
	},
	"list": func(dir string) (string, error) {
		entries, err := os.ReadDir(dir)
		return fmt.Sprint(len(entries)), err
	},
	"write": func(path string) (string, error) { return "", os.WriteFile(path, []byte("mine"), 0o644) },
	"append": func(path string) (string, error) {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return "", err
		}
		return "", f.Close()
	},
	"remove":  func(path string) (string, error) { return "", os.Remove(path) },
	"chmod":   func(path string) (string, error) { return "", os.Chmod(path, 0o777) },
	"execute": func(path string) (string, error) { return "", exec.Command(path).Run() },
	"environment": func(string) (string, error) {
		return strings.Join(os.Environ(), " "), nil
	},
	"descriptors": func(string) (string, error) {
		var open []string
		for fd := range 64 {
			if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0); errno == 0 {
				name, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
				if !strings.HasPrefix(name, "anon_inode:[event") && !strings.Contains(name, "cgroup") { // Go's own
					open = append(open, strconv.Itoa(fd))
				}
			}
		}
		return strings.Join(open, " "), nil
	},
	"signal": func(pid string) (string, error) {
		return "", syscall.Kill(number(pid), syscall.SIGCONT)
	},
	"ptrace": func(pid string) (string, error) { return "", syscall.PtraceAttach(number(pid)) },
	"peek": func(pid string) (string, error) {
		var b [8]byte
		local := syscall.Iovec{Base: &b[0], Len: 8}
		remote := syscall.Iovec{Base: &b[0], Len: 8}
		read := map[string]uintptr{"amd64": 310, "arm64": 270}[runtime.GOARCH] // process_vm_readv
		_, _, errno := syscall.Syscall6(read, uintptr(number(pid)), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
		return "", sys(errno)
	},
	"tcp": func(addr string) (string, error) {
		c, err := net.DialTimeout("tcp", addr, 5*time.Second)
		if err == nil {
			c.Close()
		}
		return "", err
	},
	"listen": func(addr string) (string, error) {
		l, err := net.Listen("tcp4", addr)
		if err == nil {
			l.Close()
		}
		return "", err
	},
	"unix": func(path string) (string, error) {
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
		}
		return "", err
	},
	"socket": func(what string) (string, error) { // family,type,protocol
		var n [3]int
		for i, s := range strings.Split(what, ",") {
			n[i] = number(s)
		}
		_, err := syscall.Socket(n[0], n[1], n[2])
		return "", err
	},
	"get": func(url string) (string, error) {
		res, err := http.Get(url)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return string(b), err
	},
	"namespace": func(string) (string, error) { return "", syscall.Unshare(syscall.CLONE_NEWUSER) },
	"mount":     func(dir string) (string, error) { return "", syscall.Mount("none", dir, "tmpfs", 0, "") },
	"memory":    memory,
	"family": func(megabytes string) (string, error) { // who holds memory together
		for range 4 {
			child := exec.Command(os.Args[0])
			child.Env = []string{"DO=hold", "WHAT=" + megabytes}
			if err := child.Start(); err != nil {
				return "", err
			}
		}
		time.Sleep(time.Hour)
		return "", nil
	},
	"hold": func(megabytes string) (string, error) {
		kept, err := memory(megabytes)
		fmt.Println("awake")
		time.Sleep(time.Hour)
		return kept, err
	},
	"bigfile": func(dir string) (string, error) {
		f, err := os.Create(filepath.Join(dir, "big"))
		if err != nil {
			return "", err
		}
		b := make([]byte, 1<<20)
		for range 1024 {
			if _, err := f.Write(b); err != nil {
				return "", err
			}
		}
		return "", nil
	},
	"manyfiles": func(dir string) (string, error) {
		b := make([]byte, 64<<10)
		for i := range 20000 {
			if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), b, 0o644); err != nil {
				return "", err
			}
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Hour)
		return "", nil
	},
	"files": func(n string) (string, error) {
		for i := range number(n) {
			if _, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0); err != nil {
				return "", fmt.Errorf("after %d: %w", i, err)
			}
		}
		return "", nil
	},
	"forkbomb": func(most string) (string, error) { // a bounded one
		for i := range number(most) {
			child := exec.Command("/bin/sleep", "600")
			child.SysProcAttr = &syscall.SysProcAttr{Setsid: i%2 == 0}
			if err := child.Start(); err != nil {
				return "", fmt.Errorf("after %d: %w", i, err)
			}
		}
		time.Sleep(time.Hour)
		return "", nil
	},
	"tmp": func(string) (string, error) {
		path := filepath.Join(os.TempDir(), "x")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
			return "", err
		}
		if err := errors.Join(os.Mkdir(path+"d", 0o755), os.Rename(path, path+"d/y"), exec.Command(path+"d/y").Run()); err != nil {
			return "", err
		}
		return "", os.RemoveAll(path + "d")
	},
	"identity": func(string) (string, error) {
		b, err := os.ReadFile("/proc/self/status")
		var lines []string
		for line := range strings.Lines(string(b)) {
			if name, value, _ := strings.Cut(line, ":"); name == "NoNewPrivs" || name == "CapEff" || name == "Seccomp" {
				lines = append(lines, name+"="+strings.TrimSpace(value))
			}
		}
		return strings.Join(lines, " "), err
	},
	"sleep": func(string) (string, error) {
		fmt.Println("awake")
		time.Sleep(time.Hour)
		return "", nil
	},
	"exit": func(code string) (string, error) {
		os.Exit(number(code))
		return "", nil
	},
}

func memory(megabytes string) (string, error) {
	var kept [][]byte
	for range number(megabytes) {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = 1
		}
		kept = append(kept, b)
	}
	return fmt.Sprint(len(kept)), nil
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		fmt.Println("not a number:", s)
		os.Exit(9)
	}
	return n
}

func sys(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
