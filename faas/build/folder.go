package build

import (
	"bytes"
	"cmp"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFiles is how many files a zip may hold in its first format, and faas/code
// takes.
const maxFiles = 65535

// zipFolder zips a folder with everything in it but the cache: entries in the
// order of their names, all of one time, modes 0755 for what is executable and
// 0644 for the rest. Symbolic links are followed, as sam does, and may not lead
// out.
func (o Options) zipFolder(ctx context.Context, dir string) (Zip, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return Zip{}, err
	}
	w := walk{ctx: ctx, root: root}
	if o.Cache != "" {
		if w.skip, err = filepath.Abs(o.Cache); err != nil {
			return Zip{}, err
		}
		if real, err := filepath.EvalSymlinks(w.skip); err == nil {
			w.skip = real
		}
	}
	if err := w.folder(root, "", nil); err != nil {
		return Zip{}, err
	}
	slices.SortFunc(w.files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	if err := o.checkBootstrap(w.files); err != nil {
		return Zip{}, err
	}
	return zipFiles(ctx, w.files)
}

// A walk finds the files of a folder.
type walk struct {
	ctx        context.Context
	root, skip string // without symbolic links
	files      []file
}

// folder adds what stands in dir, whose names in the zip begin with prefix;
// above are the folders that it was reached through.
func (w *walk) folder(dir, prefix string, above []string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) == 0 && prefix != "" {
		return w.add(file{name: prefix, mode: os.ModeDir | 0o755})
	}
	above = append(slices.Clip(above), dir)
	for _, e := range entries {
		name := prefix + e.Name()
		path, err := filepath.EvalSymlinks(filepath.Join(dir, e.Name()))
		if err != nil {
			return fmt.Errorf("%s cannot be followed: %w", name, err)
		}
		if path != w.root && !strings.HasPrefix(path, w.root+string(filepath.Separator)) {
			return fmt.Errorf("%s leads out of the folder: put a copy there instead of a symbolic link", name)
		}
		if err := w.one(path, name, above); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) one(path, name string, above []string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	switch mode := info.Mode(); {
	case path == w.skip:
		return nil
	case mode.IsDir() && slices.Contains(above, path):
		return fmt.Errorf("%s leads back to a folder that it is in: take that symbolic link away", name)
	case mode.IsDir():
		return w.folder(path, name+"/", above)
	case !mode.IsRegular():
		return fmt.Errorf("%s is neither a file nor a folder (%s): take it away", name, mode.Type())
	case mode&0o111 != 0:
		return w.add(file{name, path, 0o755, info.Size()})
	}
	return w.add(file{name, path, 0o644, info.Size()})
}

func (w *walk) add(f file) error {
	if len(w.files) == maxFiles {
		return fmt.Errorf("it holds more than %d files, which is all that a zip file takes: leave out what the function does not need", maxFiles)
	}
	w.files = append(w.files, f)
	return nil
}

// machines are Lambda's architectures as ELF has them.
var machines = map[string]elf.Machine{"x86_64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// checkBootstrap makes sure that the program can be started on Linux.
func (o Options) checkBootstrap(files []file) error {
	i := slices.IndexFunc(files, func(f file) bool { return f.name == bootstrap })
	if i < 0 {
		return errors.New("bootstrap is a folder: put the program itself there")
	}
	f := files[i]
	if f.mode&0o111 == 0 {
		return fmt.Errorf("bootstrap is not executable: chmod +x %s", f.path)
	}
	r, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer r.Close()
	head := make([]byte, 256) // the first line of a script; 20 bytes are up to and with the machine
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("#!")):
		first, _, _ := bytes.Cut(head, []byte("\n"))
		if bytes.HasSuffix(first, []byte("\r")) { // Linux would look for a program of that name
			return errors.New("the first line of bootstrap ends with a carriage return, as on Windows: save it with line ends of Linux")
		}
	case !bytes.HasPrefix(head, []byte(elf.ELFMAG)) || n < 20:
		return errors.New("bootstrap is neither a program for Linux nor a script that begins with #!: build it with GOOS=linux, or name what runs the script in its first line")
	default:
		// Both architectures are little-endian.
		if m := elf.Machine(binary.LittleEndian.Uint16(head[18:])); m != machines[o.Architecture] {
			return fmt.Errorf("bootstrap is a program for %s, and the function is for %s: build it for that, or correct Architectures", m, o.Architecture)
		}
	}
	return nil
}
