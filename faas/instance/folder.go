package instance

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// RemoveFolder removes a folder with all that functions have left in it. A
// function may have folders that are closed even to who owns them, as Go's
// module cache is; where it runs as our own user, those must be opened first.
func RemoveFolder(dir string) error {
	err := os.RemoveAll(dir)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) // before it is read; what stays closed is told below
		}
		return nil
	})
	return os.RemoveAll(dir)
}
