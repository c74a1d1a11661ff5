package addons

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Module is the module's technical name.
const Module = "odoo_webhook_external_api"

// Series are the versions of Odoo that have a folder.
var Series = []int{16, 17, 18, 19}

// only is the mark of a line that not every series has.
var only = regexp.MustCompile(`[ \t]*(?:#|<!--) only((?: \d+)+)(?: -->)?$`)

// Source is the folder of the common source, below the folder addons.
func Source(addons string) string { return filepath.Join(addons, "source", Module) }

// Folder is the folder of a series, below the folder addons.
func Folder(addons string, series int) string {
	return filepath.Join(addons, fmt.Sprintf("%d.0", series), Module)
}

// Files returns the module's files for a series by their slash-separated names.
func Files(source fs.FS, series int) (map[string][]byte, error) {
	files, err := read(source)
	if err != nil {
		return nil, err
	}
	for name, content := range files {
		if files[name], err = render(content, series); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}

// read returns a folder's files as they are, without what Python leaves there.
func read(folder fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "__pycache__":
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		files[name], err = fs.ReadFile(folder, name)
		return err
	})
	return files, err
}

// render makes a series' text of a file. A file with zero bytes is a picture.
func render(content []byte, series int) ([]byte, error) {
	if bytes.IndexByte(content, 0) >= 0 {
		return content, nil
	}
	var out strings.Builder
	for line := range strings.Lines(string(content)) {
		text, end := strings.CutSuffix(line, "\n")
		if mark := only.FindStringSubmatchIndex(text); mark != nil {
			wanted, err := numbers(text[mark[2]:mark[3]])
			if err != nil {
				return nil, err
			}
			if !slices.Contains(wanted, series) {
				continue
			}
			text = text[:mark[0]]
		}
		out.WriteString(strings.ReplaceAll(text, "{{list}}", listView(series)))
		if end {
			out.WriteByte('\n')
		}
	}
	return []byte(out.String()), nil
}

func listView(series int) string {
	if series < 18 {
		return "tree"
	}
	return "list"
}

func numbers(text string) ([]int, error) {
	var found []int
	for _, word := range strings.Fields(text) {
		n, err := strconv.Atoi(word)
		if err != nil || !slices.Contains(Series, n) {
			return nil, fmt.Errorf("only %s: there is no such series", word)
		}
		found = append(found, n)
	}
	return found, nil
}

// Write makes the folders of all series anew.
func Write(addons string) error {
	for _, series := range Series {
		files, err := Files(os.DirFS(Source(addons)), series)
		if err != nil {
			return err
		}
		folder := Folder(addons, series)
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
		for name, content := range files {
			path := filepath.Join(folder, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// Stale lists what in the folders differs from the source.
func Stale(addons string) ([]string, error) {
	var stale []string
	for _, series := range Series {
		wanted, err := Files(os.DirFS(Source(addons)), series)
		if err != nil {
			return nil, err
		}
		folder := Folder(addons, series)
		found, err := read(os.DirFS(folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // no folder yet: all of it is stale
			return nil, err
		}
		for name, content := range wanted {
			if has, ok := found[name]; !ok || !bytes.Equal(has, content) {
				stale = append(stale, filepath.Join(folder, name))
			}
			delete(found, name)
		}
		for name := range found {
			stale = append(stale, filepath.Join(folder, name))
		}
	}
	slices.Sort(stale)
	return stale, nil
}
