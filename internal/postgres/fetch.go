package postgres

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// fetched is the PostgreSQL that is downloaded where none is installed.
const fetched = embedded.V18

const fetchTimeout = 10 * time.Minute

// fetch returns the downloaded PostgreSQL, downloading it when this user has
// not done so before.
func fetch(ctx context.Context, progress func(string)) (Binaries, error) {
	cache, err := cacheFolder()
	if err != nil {
		return Binaries{}, err
	}
	dir := filepath.Join(cache, "postgres-"+string(fetched))
	if b, err := inspect(filepath.Join(dir, "bin")); err == nil {
		return b, nil
	}
	progress(fmt.Sprintf("no PostgreSQL %d or newer is installed: downloading PostgreSQL %s, once", oldest, fetched))
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if err := download(ctx, cache, dir, progress); err != nil {
		return Binaries{}, fmt.Errorf("PostgreSQL could not be downloaded (%w); install PostgreSQL %d or newer, or set DATABASE_URL", err, oldest)
	}
	return inspect(filepath.Join(dir, "bin"))
}

// download fills a folder beside dir and renames it at the end, so that dir is
// whole or not there, also when two programs download at once.
func download(ctx context.Context, cache, dir string, progress func(string)) error {
	part, err := os.MkdirTemp(cache, "part-")
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer os.RemoveAll(part)
		done <- extract(part, dir)
	}()
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for begun := time.Now(); ; {
		select {
		case err := <-done:
			return err
		case <-ctx.Done(): // the library cannot be stopped; it ends with us
			return ctx.Err()
		case <-tick.C:
			progress(fmt.Sprintf("still downloading PostgreSQL, %d s", int(time.Since(begun).Seconds())))
		}
	}
}

// extract downloads and unpacks by way of embedded-postgres, which can do so
// only as the first half of starting a server. Its second half we do not want:
// it refuses to run as root, and its server outlives a kill -9. So it is given
// a data folder that it must fail to clear (os.RemoveAll refuses a name ending
// in a dot), and what counts is whether the programs are there.
func extract(part, dir string) error {
	unpacked := filepath.Join(part, "postgres")
	server := embedded.NewDatabase(embedded.DefaultConfig().
		Version(fetched).
		Port(0).
		Logger(io.Discard).
		CachePath(part).
		RuntimePath(filepath.Join(part, "run")).
		BinariesPath(unpacked).
		DataPath(part + "/data/."))
	err := server.Start()
	removeLogs()
	runtime.KeepAlive(server) // and with it the log that removeLogs looks for
	if _, missing := inspect(filepath.Join(unpacked, "bin")); missing != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	if err := readable(unpacked); err != nil {
		return err
	}
	err = os.Rename(unpacked, dir)
	if _, missing := inspect(filepath.Join(dir, "bin")); missing == nil {
		return nil // ours, or that of another program that was faster
	}
	return err
}

// removeLogs deletes the empty log that embedded-postgres leaves in the folder
// for temporary files. Its name is not told, so it is looked for among what
// this process has open: other programs may have files of such names.
func removeLogs() {
	fds, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range fds {
		name, err := os.Readlink(fd)
		if err == nil && strings.HasPrefix(filepath.Base(name), "embedded_postgres_log") {
			os.Remove(name)
		}
	}
}

// readable lets everybody read and run what is in dir, whatever the umask: the
// server may run as somebody else.
func readable(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}
