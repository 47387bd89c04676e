package child

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// script is the watcher: a shell that reads from a pipe which groups to end,
// which folders to remove and what else to do. When this process is gone,
// however it went, the pipe closes and the shell does so. A shell is there on
// every Unix, holds 1 MB, and, being its own group, does not hear Ctrl-C.
const script = `
trap '' INT TERM HUP QUIT
list= folders= rest=
while read -r verb what; do
	case $verb in
	add) list="$list $what" ;;
	gone) new=
		for p in $list; do [ "${p%:*}" = "$what" ] || new="$new $p"; done
		list=$new ;;
	folder) folders="$folders$what
" ;;
	run) rest="$rest$what
" ;;
	esac
done
for p in $list; do kill -"${p#*:}" "-${p%:*}"; done
eval "$rest"
n=0
while [ -n "$list" ] && [ $n -lt $1 ]; do
	new=
	for p in $list; do kill -0 "-${p%:*}" && new="$new $p"; done
	list=$new n=$((n+1))
	[ -z "$list" ] || sleep 0.1
done
for p in $list; do kill -9 "-${p%:*}"; done
printf %s "$folders" | while IFS= read -r f; do rm -rf -- "$f" || { sleep 1; rm -rf -- "$f"; }; done
`

// A watcher is our end of the pipe.
type watcher struct {
	mu   sync.Mutex
	pipe io.WriteCloser
}

// theWatcher is the one of this process, started with the first child. It is
// state of the process, as its children are.
var theWatcher = sync.OnceValues(startWatcher)

func startWatcher() (*watcher, error) {
	steps := fmt.Sprint(int(Grace.Milliseconds() / 100))
	cmd := exec.Command("/bin/sh", "-c", script, "watcher", steps)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd.Stdin = r
	if err := cmd.Start(); err != nil {
		w.Close()
		return nil, err
	}
	go cmd.Wait() // it outlives us, unless somebody kills it
	return &watcher{pipe: w}, nil
}

func (w *watcher) add(pid int, ask syscall.Signal) error {
	return w.say("add %d:%d\n", pid, int(ask))
}

// remove needs no answer: at worst a group that is gone is asked to end.
func (w *watcher) remove(pid int) { _ = w.say("gone %d\n", pid) }

func (w *watcher) say(format string, args ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := fmt.Fprintf(w.pipe, format, args...)
	return err
}

// RemoveAtEnd has a folder and everything in it removed once this process has
// ended, however it ended, and its children with it.
func RemoveAtEnd(folder string) error {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	if strings.ContainsAny(abs, "\n\\") || strings.HasSuffix(abs, " ") || filepath.Dir(abs) == abs {
		return fmt.Errorf("folder %q cannot be removed at the end: its name is not a plain one", folder)
	}
	w, err := theWatcher()
	if err != nil {
		return fmt.Errorf("watch over children: %w", err)
	}
	return w.say("folder %s\n", abs)
}

// AtEnd has a shell command of one line run once this process has ended,
// however it ended. It runs after the children were asked to end, and without
// anybody to read its output.
func AtEnd(command string) error {
	if strings.ContainsAny(command, "\n\\") {
		return fmt.Errorf("command %q cannot be run at the end: it is not one plain line", command)
	}
	w, err := theWatcher()
	if err != nil {
		return fmt.Errorf("watch over children: %w", err)
	}
	return w.say("run %s\n", command)
}
