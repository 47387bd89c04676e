package sandbox

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// perFile is what a file counts at least: empty ones fill a disk too.
	perFile = 4 << 10

	// diskShare is how much of one processor walking folders may take: one
	// part in so many.
	diskShare = 50

	// diskAnyway is after how long a folder is walked, however little the
	// disk has changed.
	diskAnyway = 2 * time.Second
)

// A disk is what was last seen of a process's folder.
type disk struct {
	bytes  int64 // in the folder
	used   int64 // of the whole file system, then
	walked time.Time
	cost   time.Duration
}

// checkDisk judges how much is in the process's folder, and in the files that
// its members hold open after they removed them from it. It walks the folder
// only when so much was written to its file system since that it could be too
// much, and in any case now and then.
func (p *Process) checkDisk(members []int) {
	if p.spec.Level == None || p.spec.TmpSize <= 0 {
		return
	}
	used := diskUsed(p.spec.Tmp)
	since := time.Since(p.seen.disk.walked)
	room := p.spec.TmpSize - p.seen.disk.bytes
	if used == p.seen.disk.used || since < diskShare*p.seen.disk.cost || used-p.seen.disk.used < room/2 && since < diskAnyway {
		return
	}
	begin := time.Now()
	p.seen.disk.bytes, p.seen.disk.used = diskUse(p.spec.Tmp, p.spec.TmpSize), used
	if p.seen.disk.bytes <= p.spec.TmpSize {
		p.seen.disk.bytes += removed(p.spec.Tmp, members)
	}
	p.seen.disk.walked = time.Now()
	p.seen.disk.cost = p.seen.disk.walked.Sub(begin)
	if p.seen.disk.bytes <= p.spec.TmpSize {
		return
	}
	p.mu.Lock()
	if !p.collected {
		p.exit.OutOfDisk = true
		_ = unix.Kill(-p.pid, unix.SIGKILL)
	}
	p.mu.Unlock()
}

// diskUsed is how full the file system of a folder is, in bytes.
func diskUsed(dir string) int64 {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0
	}
	return int64(st.Blocks-st.Bfree)*int64(st.Bsize) + int64(st.Files-st.Ffree)*perFile
}

// diskUse is how many bytes a folder holds. It is content when it has found
// more than most: the folder is its owner's, who may exchange what is in it for
// a link to all there is on the machine in the moment that it is looked into,
// and all other processes wait to be watched. One with folders in folders so deep
// that a path to them would be too long holds more than any may: nobody knows
// what is down there, and each level is an open file to who removes it.
func diskUse(dir string, most int64) (bytes int64) {
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		var st unix.Stat_t
		if err == nil {
			err = unix.Lstat(path, &st)
		}
		switch {
		case errors.Is(err, unix.ENAMETOOLONG):
			bytes = math.MaxInt64
			return fs.SkipAll
		case err == nil && path != dir:
			bytes += max(st.Blocks*512, perFile)
		}
		if bytes > most {
			return fs.SkipAll
		}
		return nil // what just went takes no room
	})
	return bytes
}

// removed is how many bytes there are in files that have no name any more, of
// the file system of a folder, and that one of these processes has open. Root
// in a container may lack the privilege to see them.
func removed(dir string, pids []int) (bytes int64) {
	var here unix.Stat_t
	if unix.Stat(dir, &here) != nil {
		return 0
	}
	counted := map[uint64]bool{}
	for _, pid := range pids {
		open := filepath.Join("/proc", strconv.Itoa(pid), "fd")
		files, _ := os.ReadDir(open)
		for _, f := range files {
			var st unix.Stat_t
			if unix.Stat(filepath.Join(open, f.Name()), &st) == nil && st.Dev == here.Dev && st.Nlink == 0 && !counted[st.Ino] {
				counted[st.Ino] = true
				bytes += st.Blocks * 512
			}
		}
	}
	return bytes
}
