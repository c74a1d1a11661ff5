package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/v2"
	"gopkg.in/yaml.v3"

	"odoosync/internal/record"
)

// EnvPrefix begins every variable.
const EnvPrefix = "ODOOSYNC_"

// testPrefix begins variables that are none of ours to judge.
const testPrefix = EnvPrefix + "TEST_"

// DefaultFile is read when it exists and no other is named.
const DefaultFile = "configs/odoosync.yaml"

// maxFile bounds a settings file, and maxSecret a secret's.
const (
	maxFile   = 1 << 20
	maxSecret = 64 << 10
)

// Sources say where settings come from.
type Sources struct {
	File    string   // "": DefaultFile when it exists
	Environ []string // as os.Environ returns it
}

// Load reads the settings and validates them. What a person should know and
// that does not keep the daemon from starting is in Config.Warnings.
func Load(s Sources) (Config, error) {
	l := newLoader()
	l.file(s.File)
	return l.finish(s.Environ)
}

// finish puts the environment over the files and validates the whole.
func (l *loader) finish(environ []string) (Config, error) {
	l.environ(environ)
	c := l.decode()
	v := &validator{place: l.place, skip: l.wrong}
	v.validate(c)
	l.problems, l.warnings = append(l.problems, v.problems...), append(l.warnings, v.warnings...)
	if len(l.problems) > 0 {
		return c, record.Errorf(record.CodeConfig, "the settings are wrong:\n  %s", strings.Join(l.problems, "\n  "))
	}
	c.Warnings = l.warnings
	return c, nil
}

type loader struct {
	values   map[string]any    // a string or []string by key
	places   map[string]string // where each value came from
	wrong    map[string]bool   // keys whose value could not be taken
	problems []string
	warnings []string
}

func newLoader() *loader {
	return &loader{values: map[string]any{}, places: map[string]string{}, wrong: map[string]bool{}}
}

func (l *loader) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

// wrongAt reports a key's value, which is not judged any further.
func (l *loader) wrongAt(key, where, format string, args ...any) {
	l.wrong[key] = true
	l.problem("%s (%s): %s", key, where, fmt.Sprintf(format, args...))
}

func (l *loader) place(key string) string {
	if p, ok := l.places[key]; ok {
		return p
	}
	return "default"
}

func (l *loader) set(key string, v any, place string) {
	l.values[key] = v
	l.places[key] = place
}

func (l *loader) file(path string) {
	named := path != ""
	if !named {
		path = DefaultFile
	}
	data, mode, err := readFile(path, maxFile)
	if err != nil {
		if named || !errors.Is(err, os.ErrNotExist) {
			l.problem("%s %s: check --config", path, trouble(err))
		}
		return
	}
	l.yaml(path, data)
	l.guarded(path, mode)
}

// guarded warns of secrets that stand in a file everybody may read.
func (l *loader) guarded(path string, mode os.FileMode) {
	if mode&othersMayRead == 0 {
		return
	}
	var secrets []string
	for _, key := range slices.Sorted(maps.Keys(l.values)) {
		if isSecret(key) && slices.ContainsFunc(texts(l.values[key]), func(s string) bool { return s != "" && !strings.HasPrefix(s, filePrefix) }) {
			secrets = append(secrets, fmt.Sprintf("%s (%s)", key, l.place(key)))
		}
	}
	if len(secrets) > 0 {
		l.warnings = append(l.warnings, fmt.Sprintf("%s: every user of this machine can read the file (mode %04o): chmod 600 %s, or move the secrets into files of their own (%spath)",
			strings.Join(secrets, ", "), mode.Perm(), path, filePrefix+"/"))
	}
}

// texts are a value's texts.
func texts(v any) []string {
	if list, ok := v.([]string); ok {
		return list
	}
	return []string{fmt.Sprint(v)}
}

var (
	errNoFile   = errors.New("no regular file")
	errTooLarge = errors.New("too large")
)

// readFile reads a regular file of at most that many bytes, with its mode.
func readFile(path string, most int64) ([]byte, os.FileMode, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, 0, err
	case !info.Mode().IsRegular():
		return nil, 0, errNoFile // a device or a pipe might never end
	case info.Size() > most:
		return nil, 0, errTooLarge
	}
	data, err := os.ReadFile(path)
	return data, info.Mode(), err
}

// trouble says what readFile met, as the end of a sentence about the file.
func trouble(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "does not exist"
	case errors.Is(err, os.ErrPermission):
		return "may not be read by this user"
	case errors.Is(err, errNoFile):
		return "is no file"
	case errors.Is(err, errTooLarge):
		return "is too large"
	}
	return "cannot be read"
}

// yaml takes one file's keys, with the line of each.
func (l *loader) yaml(path string, data []byte) {
	var root, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(&root)
	if err == nil {
		if err = decoder.Decode(&more); err == nil {
			err = fmt.Errorf("line %d: a second document begins: remove what follows the line ---", more.Line)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		l.problem("%s is no YAML: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	if len(root.Content) == 1 {
		l.walk(path, "", root.Content[0])
	}
}

func (l *loader) walk(path, prefix string, node *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		if node.Tag != "!!null" {
			where := fmt.Sprintf("%s:%d", path, node.Line)
			if prefix != "" {
				where = fmt.Sprintf("%s (%s)", strings.TrimSuffix(prefix, "."), where)
			}
			l.problem("%s: keys were expected, each with a value", where)
		}
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		key := prefix + name.Value
		where := fmt.Sprintf("%s:%d", path, name.Line)
		switch {
		case seen[key]:
			l.problem("%s (%s) stands twice: remove one", key, where)
		case isSection(key):
			l.walk(path, key+".", value)
		case keys[key] == nil:
			l.problem("%s (%s) is no setting%s", key, where, suggestion(key))
		default:
			l.node(key, where, value)
		}
		seen[key] = true
	}
}

// node takes one value. Aliases are not followed: settings need none, and they
// can be made to grow without end.
func (l *loader) node(key, where string, node *yaml.Node) {
	switch {
	case node.Tag == "!!null":
	case node.Kind == yaml.ScalarNode:
		l.set(key, node.Value, where)
	case node.Kind == yaml.SequenceNode && isList(key):
		list := []string{}
		for _, e := range node.Content {
			if e.Kind != yaml.ScalarNode {
				l.wrongAt(key, where, "a list of plain values was expected")
				return
			}
			list = append(list, e.Value)
		}
		l.set(key, list, where)
	case node.Kind == yaml.AliasNode:
		l.wrongAt(key, where, "aliases are not followed: write the value itself")
	default:
		l.wrongAt(key, where, "%s was expected", expected(key))
	}
}

func (l *loader) environ(environ []string) {
	variables := map[string]string{}
	for key := range keys {
		variables[variable(key)] = key
	}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, EnvPrefix) || strings.HasPrefix(name, testPrefix) {
			continue
		}
		key, known := variables[name]
		if !known {
			l.problem("%s (environment) is no setting%s", name, record.DidYouMean(name, slices.Collect(maps.Keys(variables))))
			continue
		}
		l.set(key, value, "environment variable "+name)
	}
}

// variable is a key's name in the environment.
func variable(key string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// decode turns the texts into a Config, reading secrets from their files.
func (l *loader) decode() Config {
	c := Default()
	for _, key := range slices.Sorted(maps.Keys(l.values)) {
		v := l.values[key]
		if isList(key) {
			v = asList(v)
		}
		if isSecret(key) {
			v = l.secrets(key, v)
		}
		empty := v == "" && keys[key].Kind() != reflect.String // the library would take it for 0
		k := koanf.New(".")
		_ = k.Set(key, v) // a fresh koanf with one plain key has nothing to refuse
		err := k.UnmarshalWithConf("", &c, koanf.UnmarshalConf{Tag: "koanf", DecoderConfig: &mapstructure.DecoderConfig{
			Result: &c, WeaklyTypedInput: true, TagName: "koanf", DecodeHook: mapstructure.StringToTimeDurationHookFunc()}})
		if err != nil || empty {
			l.wrongAt(key, l.place(key), "%s was expected%s", expected(key), given(key, v))
		}
	}
	return c
}

// given shows what stood there, unless it is a secret.
func given(key string, v any) string {
	if isSecret(key) {
		return ""
	}
	return fmt.Sprintf(", not %.60q", strings.Join(texts(v), ","))
}

func asList(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	list := []string{}
	for _, e := range strings.Split(text, ",") {
		if e = strings.TrimSpace(e); e != "" {
			list = append(list, e)
		}
	}
	return list
}
