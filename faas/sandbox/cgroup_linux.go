package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"triptych/internal/child"
)

// wanted are the controllers that limit a process.
var wanted = []string{"memory", "pids", "cpu"}

// A cgroups is where this machine lets us make groups: one folder per
// controller in version 1, one for all in version 2. Some machines have both,
// and the controllers in version 1.
type cgroups struct {
	v2      bool
	folders map[string]string // by controller
}

// findCgroups reads where the groups of this process are.
func findCgroups() (cgroups, error) {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return cgroups{}, err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return cgroups{}, err
	}
	c := parseCgroups(string(groups), string(mounts))
	for _, name := range wanted {
		dir := c.folders[name]
		if dir == "" {
			return c, fmt.Errorf("there is no cgroup controller %s", name)
		}
		if err := unix.Access(dir, unix.W_OK); err != nil {
			return c, fmt.Errorf("cgroup %s: %w", dir, err)
		}
		if !c.v2 {
			continue
		}
		has, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		if err != nil || !slices.Contains(strings.Fields(string(has)), name) {
			return c, fmt.Errorf("cgroup %s has no controller %s: have it delegated (systemd: Delegate=yes)", dir, name)
		}
	}
	return c, nil
}

// parseCgroups finds the folders of this process's groups in the texts of
// /proc/self/cgroup and /proc/self/mountinfo.
func parseCgroups(groups, mounts string) cgroups {
	own := map[string]string{} // group by controller; "" is version 2
	for line := range strings.Lines(groups) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3) // 4:memory:/path
		if len(f) == 3 {
			for name := range strings.SplitSeq(f[1], ",") {
				own[name] = f[2]
			}
		}
	}
	c := cgroups{folders: map[string]string{}}
	unified := ""
	for line := range strings.Lines(mounts) {
		// 30 24 0:26 /root /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
		before, after, _ := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if len(f) < 5 || len(g) < 3 {
			continue
		}
		folder := func(group string) string {
			if f[3] != "/" { // a part of the tree is mounted, as in a container
				group = strings.TrimPrefix(group, f[3])
			}
			return filepath.Join(f[4], group)
		}
		switch g[0] {
		case "cgroup2":
			unified = folder(own[""])
		case "cgroup":
			for name := range strings.SplitSeq(g[2], ",") {
				if group, ok := own[name]; ok && slices.Contains(wanted, name) {
					c.folders[name] = folder(group)
				}
			}
		}
	}
	if len(c.folders) == 0 && unified != "" {
		c.v2 = true
		for _, name := range wanted {
			c.folders[name] = unified
		}
	}
	return c
}

// dirs are the folders, each once.
func (c cgroups) dirs(name string) (all []string) {
	for _, controller := range wanted {
		folder := c.folders[controller]
		if dir := filepath.Join(folder, name); folder != "" && !slices.Contains(all, dir) {
			all = append(all, dir)
		}
	}
	return all
}

// begin makes the group in which the groups of processes will be.
func (c cgroups) begin(name string) error {
	if c.v2 {
		if err := c.delegate(c.folders[wanted[0]]); err != nil {
			return err
		}
	}
	for _, dir := range c.dirs(name) {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("cgroup: %w", err)
		}
		if c.v2 {
			if err := c.delegate(dir); err != nil {
				return err
			}
		}
	}
	return child.AtEnd(c.script(name))
}

// script is a shell's sweep, for when we are gone.
func (c cgroups) script(name string) string {
	dirs := c.dirs(name)
	return fmt.Sprintf(`n=0; while [ -d %s ] && [ $n -lt 50 ]; do for d in %s; do rmdir $d/*/ $d; done; n=$((n+1)); sleep 0.02; done`,
		dirs[len(dirs)-1], strings.Join(dirs, " "))
}

// delegate lets the groups below one have limits. In version 2 a group that
// does so holds no processes: those in it, we among them, move to one below.
func (c cgroups) delegate(dir string) error {
	control, all := filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+strings.Join(wanted, " +"))
	err := os.WriteFile(control, all, 0)
	if !errors.Is(err, unix.EBUSY) {
		return err
	}
	leaf := filepath.Join(dir, "runner")
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cgroup: %w", err)
	}
	pids, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return fmt.Errorf("cgroup: %w", err)
	}
	for pid := range bytes.FieldsSeq(pids) {
		if err := os.WriteFile(filepath.Join(leaf, "cgroup.procs"), pid, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("cgroup: move process %s: %w", pid, err)
		}
	}
	return os.WriteFile(control, all, 0)
}

// A cgroup is a process's.
type cgroup struct {
	v2    bool
	dirs  []string
	procs []*os.File // to which its id is written
	mem   string
}

// make makes a group with a process's limits.
func (c cgroups) make(name string, spec Spec) (*cgroup, error) {
	g := &cgroup{v2: c.v2, dirs: c.dirs(name), mem: filepath.Join(c.folders["memory"], name)}
	for _, dir := range g.dirs {
		if err := os.Mkdir(dir, 0o755); err != nil {
			g.remove()
			return nil, fmt.Errorf("cgroup: %w", err)
		}
	}
	for _, s := range c.settings(spec) {
		path := filepath.Join(c.folders[s.controller], name, s.file)
		if err := os.WriteFile(path, []byte(s.value), 0); err != nil && !(s.optional && errors.Is(err, fs.ErrNotExist)) {
			g.remove()
			return nil, fmt.Errorf("cgroup: %w", err)
		}
	}
	for _, dir := range g.dirs {
		f, err := os.OpenFile(filepath.Join(dir, "cgroup.procs"), os.O_WRONLY, 0)
		if err != nil {
			g.remove()
			return nil, fmt.Errorf("cgroup: %w", err)
		}
		g.procs = append(g.procs, f)
	}
	return g, nil
}

type setting struct {
	controller, file, value string
	optional                bool // it is not on every machine
}

// fullProcessor is the memory for which Lambda gives a whole processor.
const fullProcessor = 1769 << 20

// settings are a process's limits. Its share of the processors is Lambda's.
func (c cgroups) settings(spec Spec) (all []setting) {
	const period = 100_000 // µs
	if spec.Memory > 0 {
		memory, quota := strconv.FormatInt(spec.Memory, 10), max(spec.Memory*period/fullProcessor, 1000)
		if c.v2 {
			all = append(all, setting{"memory", "memory.max", memory, false}, setting{"memory", "memory.swap.max", "0", true},
				setting{"memory", "memory.oom.group", "1", true}, setting{"cpu", "cpu.max", fmt.Sprint(quota, " ", period), false})
		} else {
			all = append(all, setting{"memory", "memory.limit_in_bytes", memory, false}, setting{"memory", "memory.memsw.limit_in_bytes", memory, true},
				setting{"cpu", "cpu.cfs_period_us", strconv.Itoa(period), false}, setting{"cpu", "cpu.cfs_quota_us", strconv.FormatInt(quota, 10), false})
		}
	}
	if spec.Processes > 0 {
		all = append(all, setting{"pids", "pids.max", strconv.Itoa(spec.Processes), false})
	}
	return all
}

// put puts a process into the group.
func (g *cgroup) put(pid int) error {
	for _, f := range g.procs {
		if _, err := f.WriteString(strconv.Itoa(pid)); err != nil {
			return fmt.Errorf("cgroup: %w", err)
		}
	}
	return nil
}

// outOfMemory says whether the kernel ended one of the group for its memory.
func (g *cgroup) outOfMemory() bool {
	file := "memory.oom_control"
	if g.v2 {
		file = "memory.events"
	}
	b, _ := os.ReadFile(filepath.Join(g.mem, file))
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok && strings.TrimSpace(n) != "0" {
			return true
		}
	}
	return false
}

// remove removes the group, whose processes are gone, though the kernel may
// not have put them away yet.
func (g *cgroup) remove() {
	for _, f := range g.procs {
		f.Close()
	}
	removeGroups(g.dirs)
}

func removeGroups(dirs []string) {
	for range 50 {
		dirs = slices.DeleteFunc(dirs, func(dir string) bool { return !errors.Is(unix.Rmdir(dir), unix.EBUSY) })
		if len(dirs) == 0 {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// sweep removes the groups of earlier runners, by a pattern of their names.
func (c cgroups) sweep(names string) {
	for _, dir := range c.dirs(names) {
		outer, _ := filepath.Glob(dir)
		inner, _ := filepath.Glob(filepath.Join(dir, "*", "cgroup.procs"))
		for i := range inner {
			inner[i] = filepath.Dir(inner[i])
		}
		removeGroups(append(inner, outer...))
	}
}
