package configs

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// Secret is a text that does not show itself. Reveal it where it is used.
type Secret string

// Reveal returns the text.
func (s Secret) Reveal() string { return string(s) }

// String hides the text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the text from JSON, YAML and loggers.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the text from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// filePrefix begins a secret that stands in a file of its own.
const filePrefix = "file:"

// othersMayRead is the mode of a file that every user of the machine can read.
const othersMayRead os.FileMode = 0o004

// secrets replaces file:PATH by the file's text.
func (l *loader) secrets(key string, v any) any {
	list, ok := v.([]string)
	if !ok {
		return l.secret(key, fmt.Sprint(v))
	}
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = l.secret(key, e)
	}
	return out
}

// secret reads one. The file's last line end is none of it.
func (l *loader) secret(key, v string) string {
	path, isFile := strings.CutPrefix(v, filePrefix)
	if !isFile {
		return v
	}
	data, mode, err := readFile(path, maxSecret)
	if err != nil {
		l.wrongAt(key, l.place(key), "the file %s %s: check the path after %s", path, trouble(err), filePrefix)
		return ""
	}
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case text == "":
		l.wrongAt(key, l.place(key), "the file %s is empty: write the secret into it", path)
	case strings.ContainsAny(text, "\r\n\x00"):
		l.wrongAt(key, l.place(key), "the file %s holds more than one line: write the secret alone into it", path)
	}
	if mode&othersMayRead != 0 {
		l.warnings = append(l.warnings, fmt.Sprintf("%s (%s): every user of this machine can read the file %s (mode %04o): chmod 600 %s",
			key, l.place(key), path, mode.Perm(), path))
	}
	return text
}
