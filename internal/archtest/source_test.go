package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// A source is one Go file.
type source struct {
	name string // path from the module's root
	dir  string
	test bool
	file *ast.File
	set  *token.FileSet
}

func parse(name string, text []byte) (source, error) {
	s := source{name: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), set: token.NewFileSet()}
	var err error
	s.file, err = parser.ParseFile(s.set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	return s, err
}

// helps reports whether the file is for tests only.
func (s source) helps() bool { return s.test || helper(s.dir) }

// module reads every Go file of ours: none that was generated, none of another
// module's.
func sources(root fs.FS) ([]source, error) {
	var all []source
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && skipped(root, name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		s, err := parse(name, text)
		if err == nil && !ast.IsGenerated(s.file) {
			all = append(all, s)
		}
		return err
	})
	return all, err
}

func skipped(root fs.FS, dir string) bool {
	base := path.Base(dir)
	_, err := fs.Stat(root, dir+"/go.mod")
	return err == nil || base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
}

// complaints tells every rule that the file breaks, and where.
func (s source) complaints() []string {
	var found []string
	for _, r := range rules {
		if !r.covers(s) {
			continue
		}
		for _, spec := range s.file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
			if r.breaks(s, imported) {
				found = append(found, fmt.Sprintf("%s imports %s: %s", s.set.Position(spec.Pos()), imported, r.why))
			}
			if forbidden := r.calls[imported]; forbidden != nil {
				found = append(found, s.uses(localName(spec, imported), forbidden, r.why)...)
			}
		}
	}
	return found
}

// uses tells where the file speaks of a forbidden name of a package.
func (s source) uses(pkg string, forbidden func(string) bool, why string) []string {
	var found []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == pkg && forbidden(sel.Sel.Name) {
			found = append(found, fmt.Sprintf("%s uses %s.%s: %s", s.set.Position(sel.Pos()), pkg, sel.Sel.Name, why))
		}
		return true
	})
	return found
}

// localName is what a file calls a package.
func localName(spec *ast.ImportSpec, imported string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	name := path.Base(imported)
	if strings.HasPrefix(name, "v") && strings.Trim(name[1:], "0123456789") == "" {
		name = path.Base(path.Dir(imported))
	}
	return name
}
