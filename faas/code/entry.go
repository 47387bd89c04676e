package code

import (
	"archive/zip"
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"triptych/faas/function"
)

// An entry is a file, a folder or a symbolic link of a zip, at a place that was
// found to be inside.
type entry struct {
	name   string
	mode   fs.FileMode // 0555, 0444, or a type
	target string      // of a symbolic link
	file   *zip.File
}

func newEntry(ctx context.Context, f *zip.File, left *int64) (entry, error) {
	name, err := inside(f.Name)
	if err != nil {
		return entry{}, err
	}
	e := entry{name: name, file: f}
	switch mode := f.Mode(); {
	case mode.IsDir() || strings.HasSuffix(f.Name, "/"):
		e.mode = fs.ModeDir
	case mode.Type() == fs.ModeSymlink:
		e.mode = fs.ModeSymlink
		e.target, err = e.readTarget(ctx, left)
	case mode.IsRegular() && mode&0o111 != 0:
		e.mode = 0o555
	case mode.IsRegular():
		e.mode = 0o444
	default:
		err = function.Invalid("%q in the zip file is neither a file nor a folder nor a symbolic link: leave it out", f.Name)
	}
	if f.Flags&1 != 0 {
		err = function.Invalid("%q in the zip file is encrypted: zip it without a password", f.Name)
	}
	return e, err
}

// inside cleans a name of a zip, unless it could mean a place outside.
func inside(name string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", function.Invalid("%.100q in the zip file %s", name, why)
	}
	switch {
	case strings.ContainsAny(name, "\\\x00"):
		return refuse("has a character that no path of Lambda's may have: use / between folders")
	case name == "" || name[0] == '/':
		return refuse("is not a relative path: zip the files with paths that begin at the top of the code")
	case len(name) > maxPath:
		return refuse(fmt.Sprintf("is a path of more than %d bytes: make it shorter", maxPath))
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "..":
			return refuse("leads out of the code's folder: zip the files with paths that stay inside")
		case len(part) > maxElement:
			return refuse(fmt.Sprintf("has a name of more than %d bytes: make it shorter", maxElement))
		}
	}
	return path.Clean(name), nil
}

// grow enters e into the tree. No name may stand there twice, or beneath
// anything but folders; so a path in the tree has no symbolic link on its way.
func (e entry) grow(tree map[string]fs.FileMode) error {
	for dir := path.Dir(e.name); dir != "."; dir = path.Dir(dir) {
		if mode, ok := tree[dir]; ok && !mode.IsDir() {
			return function.Invalid("%q in the zip file lies beneath %q, which is not a folder", e.name, dir)
		}
		tree[dir] = fs.ModeDir
	}
	if mode, ok := tree[e.name]; ok && !(mode.IsDir() && e.mode.IsDir()) {
		return function.Invalid("%q is in the zip file more than once: leave one", e.name)
	}
	tree[e.name] = e.mode
	if len(tree) > maxFiles {
		return tooMany()
	}
	return nil
}

// readTarget reads what a symbolic link names. Steps up may only stand in front
// and not lead out: with the folders above e being real ones, whatever links
// follow, the way stays inside.
func (e entry) readTarget(ctx context.Context, left *int64) (string, error) {
	if e.file.UncompressedSize64 > maxTarget {
		return "", function.Invalid("The symbolic link %q in the zip file names a path of more than %d bytes: make it shorter", e.name, maxTarget)
	}
	var b strings.Builder
	if err := e.inflate(ctx, &b, left); err != nil {
		return "", err
	}
	target := b.String()
	up := strings.Count(e.name, "/")
	rest := target
	for rest == ".." || strings.HasPrefix(rest, "../") {
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, ".."), "/")
		up--
	}
	if target == "" || target[0] == '/' || up < 0 || strings.Contains("/"+rest+"/", "/../") || strings.ContainsRune(target, 0) {
		return "", function.Invalid("The symbolic link %q in the zip file leads out of the code's folder: have it name a file inside by a relative path", e.name)
	}
	return target, nil
}
