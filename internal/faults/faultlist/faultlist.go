// Package faultlist finds the points of internal/faults in source code, for
// tests that try every one. It is apart because it takes the parser of Go,
// which no service needs.
package faultlist

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

const imported = "triptych/internal/faults"

// Names returns the names of the points in the Go files of folders of root and
// of what is in them, sorted. Tests are left out. It is an error when a name is
// not written as a literal, so that it cannot be found, or is written twice, so
// that it is not known which is meant.
func Names(root fs.FS, dirs ...string) ([]string, error) {
	l := list{found: map[string]token.Position{}, files: token.NewFileSet()}
	for _, dir := range dirs {
		if err := l.walk(root, dir); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(l.found)), nil
}

// A list is of the points found so far.
type list struct {
	found map[string]token.Position
	files *token.FileSet
}

func (l *list) walk(root fs.FS, dir string) error {
	return fs.WalkDir(root, dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(l.files, name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		return l.read(file)
	})
}

// read adds the points of a file.
func (l *list) read(file *ast.File) (err error) {
	local, ok := localName(file)
	if !ok {
		return nil
	}
	called := map[ast.Node]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if err != nil {
			return false
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			if isPoint(n.Fun, local) {
				called[n.Fun] = true
				err = l.add(n)
			}
		case *ast.SelectorExpr:
			if isPoint(n, local) && !called[n] {
				err = fmt.Errorf("%s: faults.Point is not called here, and so cannot be followed", l.at(n))
			}
		}
		return true
	})
	return err
}

func (l *list) add(call *ast.CallExpr) error {
	if len(call.Args) != 3 {
		return fmt.Errorf("%s: faults.Point takes three arguments", l.at(call))
	}
	literal, ok := call.Args[1].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return fmt.Errorf("%s: the name of a point must be a literal", l.at(call))
	}
	name, err := strconv.Unquote(literal.Value)
	if err != nil {
		return fmt.Errorf("%s: %w", l.at(call), err)
	}
	if first, ok := l.found[name]; ok {
		return fmt.Errorf("%s: the point %q is at %s too", l.at(call), name, first)
	}
	l.found[name] = l.at(call)
	return nil
}

func (l *list) at(n ast.Node) token.Position { return l.files.Position(n.Pos()) }

// localName is what a file calls the package faults, if it imports it.
func localName(file *ast.File) (string, bool) {
	for _, i := range file.Imports {
		if i.Path.Value != strconv.Quote(imported) {
			continue
		}
		if i.Name != nil {
			return i.Name.Name, true
		}
		return path.Base(imported), true
	}
	return "", false
}

func isPoint(e ast.Expr, local string) bool {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != "Point" {
		return false
	}
	pkg, ok := selector.X.(*ast.Ident)
	return ok && pkg.Name == local
}
