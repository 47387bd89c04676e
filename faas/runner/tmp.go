package runner

import (
	"context"
	"os"
	"path/filepath"

	"triptych/faas/instance"
)

// Folders are where instances have their /tmp. Making one can take a tenth of
// a cold start, so a few are made ahead.
type folders struct {
	all   string
	spare chan string
}

// newFolders removes those of an earlier runner.
func newFolders(data string) (*folders, error) {
	f := &folders{all: filepath.Join(data, "instances"), spare: make(chan string, 1)}
	return f, instance.RemoveFolder(f.all)
}

// keep has folders ready until ctx is done.
func (f *folders) keep(ctx context.Context) {
	for {
		dir, err := f.make()
		if err != nil {
			dir = "" // who wants it tries again, and tells
		}
		select {
		case f.spare <- dir:
		case <-ctx.Done():
			close(f.spare)
			_ = os.Remove(dir)
			for dir := range f.spare {
				_ = os.Remove(dir)
			}
			return
		}
	}
}

// next returns an empty folder of its own.
func (f *folders) next() (string, error) {
	select {
	case dir := <-f.spare:
		if info, err := os.Lstat(dir); err == nil && info.IsDir() {
			return dir, nil
		}
	default:
	}
	return f.make()
}

func (f *folders) make() (string, error) {
	if err := os.MkdirAll(f.all, 0o711); err != nil {
		return "", err
	}
	return os.MkdirTemp(f.all, "tmp-")
}
