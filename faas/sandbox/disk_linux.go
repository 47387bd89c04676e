package sandbox

import (
	"io/fs"
	"path/filepath"
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

// checkDisk judges how much is in the process's folder. It walks the folder
// only when so much was written to its file system since that it could be too
// much, and in any case now and then.
func (p *Process) checkDisk() {
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
	p.seen.disk.bytes, p.seen.disk.used = diskUse(p.spec.Tmp), used
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

// diskUse is how many bytes a folder holds.
func diskUse(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		var st unix.Stat_t
		if err == nil && path != dir && unix.Lstat(path, &st) == nil {
			bytes += max(st.Blocks*512, perFile)
		}
		return nil // what just went takes no room
	})
	return bytes
}
