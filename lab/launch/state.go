package launch

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What a process is doing.
const (
	Starting = "starting" // it runs, and is not ready
	Ready    = "ready"    // it has said so since it was started
	Waiting  = "waiting"  // it has ended, and is started again in a moment
)

// A State is what runs on a data folder, for programs that come later: triptych
// ps, and what needs the broker's address.
type State struct {
	Brokers   string    `json:"brokers,omitempty"`
	Gateway   string    `json:"gateway"`
	Processes []Process `json:"processes"`
}

// A Process is one that is kept up.
type Process struct {
	Name     string    `json:"name"`
	Pid      int       `json:"pid,omitempty"`
	State    string    `json:"state"`
	Restarts int       `json:"restarts"`
	Addr     string    `json:"addr,omitempty"`
	Since    time.Time `json:"since"` // when it became what State says
}

// Beside reports whether the process is none of the shop's, but something that
// it depends on: the broker or PostgreSQL.
func (p Process) Beside() bool { return p.Name == broker || p.Name == database }

func stateFile(data string) string { return filepath.Join(data, "state.json") }

// ReadState says what runs on a data folder; false is that nothing does. What a
// killed program has left there does not count.
func ReadState(data string) (s State, running bool, err error) {
	if !locked(data) {
		return s, false, nil
	}
	body, err := os.ReadFile(stateFile(data))
	if os.IsNotExist(err) {
		return s, false, nil // it has only just been started
	}
	if err != nil {
		return s, false, err
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, false, fmt.Errorf("read %s: %w", stateFile(data), err)
	}
	return s, true, nil
}

// write replaces the file at once: its readers see the old one or the new one.
func (s State) write(data string) error {
	body, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	next := stateFile(data) + ".new"
	if err := os.WriteFile(next, append(body, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(next, stateFile(data))
}

// A lock is on a data folder: two shops in one would mix up everything. The
// system gives it back when we end, however we end. It is a bare descriptor, as
// an os.File lets go of its own when nobody refers to it any more.
type lock struct {
	fd   int
	data string
}

func lockFile(data string) string { return filepath.Join(data, "lock") }

func takeLock(data string) (*lock, error) {
	fd, err := flock(lockFile(data), syscall.O_CREAT)
	if err == syscall.EWOULDBLOCK {
		pid, _ := os.ReadFile(lockFile(data))
		return nil, fmt.Errorf("%s is in use by process %s: end that one, or choose another folder with --data", data, strings.TrimSpace(string(pid)))
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", data, err)
	}
	_ = os.Remove(stateFile(data)) // of a run that was killed
	return &lock{fd, data}, os.WriteFile(lockFile(data), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644)
}

// locked reports whether somebody holds the lock of a folder.
func locked(data string) bool {
	fd, err := flock(lockFile(data), 0)
	if err == nil {
		syscall.Close(fd)
	}
	return err == syscall.EWOULDBLOCK
}

// flock locks a file, or fails with EWOULDBLOCK. Closing fd unlocks it.
func flock(name string, flag int) (fd int, err error) {
	fd, err = syscall.Open(name, flag|syscall.O_RDWR|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return 0, err
	}
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		syscall.Close(fd)
		return 0, err
	}
	return fd, nil
}

func (l *lock) release() {
	_ = os.Remove(stateFile(l.data))
	syscall.Close(l.fd)
}
