package configs

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// known are the variables of all settings.
func known() map[string]bool {
	out := map[string]bool{}
	for key := range keys {
		out[variable(key)] = true
	}
	return out
}

// instructions are a Dockerfile's lines, without comments.
func instructions(t *testing.T) (out [][]string) {
	t.Helper()
	for line := range strings.Lines(text(t, "../Dockerfile")) {
		if fields := strings.Fields(line); len(fields) > 0 && !strings.HasPrefix(line, "#") {
			out = append(out, fields)
		}
	}
	return out
}

func TestTheDockerfileIsSound(t *testing.T) {
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(text(t, "../go.mod"))[1]
	user, health, last := "", "", ""
	for _, line := range instructions(t) {
		switch line[0] {
		case "FROM":
			if last = line[1]; strings.HasPrefix(last, "golang:") {
				require.True(t, strings.HasPrefix(last, "golang:"+goVersion+"-"), "go.mod wants Go %s, the image is %s", goVersion, last)
			}
		case "COPY":
			for _, source := range line[1 : len(line)-1] {
				if strings.HasPrefix(line[1], "--from=") {
					break
				}
				_, err := os.Stat(filepath.Join("..", source))
				require.NoError(t, err)
			}
		case "USER":
			user = line[1]
		case "HEALTHCHECK":
			health = strings.Join(line, " ")
		case "ENV":
			for _, pair := range line[1:] {
				if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, EnvPrefix) {
					require.True(t, known()[name], name)
				}
			}
		}
	}
	require.Equal(t, "scratch", last)
	require.Regexp(t, `^[1-9]\d*:[1-9]\d*$`, user, "a number, so that Kubernetes can see that it is not root")
	require.Contains(t, health, `CMD ["/odoosync", "health"]`)
}

// buildContext is what docker build would send: what git knows, without what
// .dockerignore names.
func buildContext(t *testing.T) string {
	t.Helper()
	list, err := exec.Command("git", "-C", "..", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Skip("NOT CHECKED: git does not list the files that docker build would send: " + err.Error())
	}
	var patterns []string
	for line := range strings.Lines(text(t, "../.dockerignore")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, line)
		}
	}
	ignored := func(path string) bool {
		parts := strings.Split(path, "/")
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			anywhere, isAnywhere := strings.CutPrefix(pattern, "**/")
			if !isAnywhere {
				return parts[0] == pattern
			}
			return slices.ContainsFunc(parts, func(part string) bool { match, _ := filepath.Match(anywhere, part); return match })
		})
	}
	dir := t.TempDir()
	for path := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join("..", path))
		if ignored(path) || os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), data, 0o644))
	}
	return dir
}

// The image's build command builds from what docker would see, and what it makes
// needs no file of a system.
func TestTheDockerfileBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program")
	}
	command := ""
	for _, line := range instructions(t) {
		if line[0] == "RUN" && slices.Contains(line, "build") {
			command = strings.Join(line[1:], " ")
		}
	}
	binary := filepath.Join(t.TempDir(), "odoosync")
	require.Contains(t, command, "-o /out/odoosync")
	c := exec.Command("sh", "-c", strings.ReplaceAll(command, "/out/odoosync", binary))
	c.Dir, c.Env = buildContext(t), append(os.Environ(), "VERSION=v1.2.3")
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))

	file, err := elf.Open(binary)
	require.NoError(t, err)
	defer file.Close()
	for _, p := range file.Progs {
		require.NotEqual(t, elf.PT_INTERP, p.Type, "it is linked dynamically: an image from scratch has no loader")
	}
	data, err := os.ReadFile(binary)
	require.NoError(t, err)
	require.False(t, bytes.Contains(data, []byte(c.Dir)), "the paths of the machine that built it are in it")
	said, err := exec.Command(binary, "version").Output()
	require.NoError(t, err)
	require.Equal(t, "odoosync v1.2.3\n", string(said))
	said, err = exec.Command(binary, "health", "--help").Output()
	require.NoError(t, err, string(said))
}

type composed struct {
	Services map[string]struct {
		Image       string
		Command     []string
		Environment map[string]string
		Volumes     []string
		Healthcheck struct{ Test []string }
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	}
	Volumes map[string]any
}

// placeholder is ${NAME}, ${NAME:-default} or ${NAME:?what is missing}.
var placeholder = regexp.MustCompile(`\$\{([A-Z_]+)(?::([-?])([^}]*))?\}`)

func TestTheComposeFileFitsTheSettings(t *testing.T) {
	source := text(t, "../compose.yaml")
	settings, used := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(text(t, "compose.env")) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			settings[name] = value
		}
	}
	settings["MARIADB_PASSWORD"], settings["ODOOSYNC_ODOO_API_KEY"] = "secret", "key" // what a person fills in
	filled := placeholder.ReplaceAllStringFunc(source, func(p string) string {
		m := placeholder.FindStringSubmatch(p)
		value, stands := settings[m[1]]
		used[m[1]] = true
		require.True(t, stands || m[2] == "-", "configs/compose.env lacks %s", m[1])
		if value == "" && m[2] == "-" {
			value = m[3]
		}
		return value
	})
	for name := range settings {
		require.True(t, used[name], "compose.yaml uses no %s", name)
	}
	var file composed
	require.NoError(t, yaml.Unmarshal([]byte(filled), &file))
	for name, s := range file.Services {
		var environ []string
		for key, value := range s.Environment {
			if strings.HasPrefix(key, EnvPrefix) {
				require.True(t, known()[key], "%s: %s is no setting", name, key)
				environ = append(environ, key+"="+value)
			}
		}
		_, err := Load(Sources{File: write(t, "", 0o600), Environ: environ})
		require.NoError(t, err, name)
		for _, v := range s.Volumes {
			volume, _, _ := strings.Cut(v, ":")
			require.Contains(t, file.Volumes, volume, name)
		}
		for other, needs := range s.DependsOn {
			require.Contains(t, file.Services, other, name)
			require.True(t, needs.Condition != "service_healthy" || len(file.Services[other].Healthcheck.Test) > 1, "%s has no health check for %s", other, name)
		}
	}
	require.Equal(t, []string{"migrate", "up"}, file.Services["migrate"].Command)
	require.Equal(t, "service_completed_successfully", file.Services["odoosync"].DependsOn["migrate"].Condition)
	require.Equal(t, "odoosync:secret@tcp(db:3306)/api", file.Services["odoosync"].Environment["ODOOSYNC_DATABASE_DSN"])
}

const unitFile = "systemd/odoosync.service"

// The unit's variables are settings, and each secret that it names is handed over.
func TestTheUnitHandsOverItsSecrets(t *testing.T) {
	unit, handed := text(t, unitFile), map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^LoadCredential=([a-z_]+):/etc/odoosync/secrets/([a-z_]+)$`).FindAllStringSubmatch(unit, -1) {
		require.Equal(t, m[1], m[2])
		handed[m[1]] = true
	}
	credentials := t.TempDir()
	for name := range handed {
		require.NoError(t, os.WriteFile(filepath.Join(credentials, name), []byte("user:secret@tcp(127.0.0.1:3306)/api\n"), 0o400))
	}
	var environ []string
	for _, m := range regexp.MustCompile(`(?m)^Environment=([A-Z_]+)=file:%d/([a-z_]+)$`).FindAllStringSubmatch(unit, -1) {
		require.True(t, known()[m[1]], m[1])
		require.True(t, handed[m[2]], "no LoadCredential for %s", m[2])
		environ = append(environ, m[1]+"=file:"+filepath.Join(credentials, m[2]))
	}
	require.Len(t, environ, strings.Count(unit, "\nEnvironment="))
	// The guides' settings name the files that only root can read, for commands by hand.
	for _, page := range []string{"../docs/operations.md", "../docs/demarrage-rapide.md"} {
		settings := regexp.MustCompile("(?ms)^```yaml\n(database:.*?)^```").FindStringSubmatch(text(t, page))
		require.Len(t, settings, 2, page)
		require.Contains(t, settings[1], "file:/etc/odoosync/secrets/dsn")
		c, err := Load(Sources{File: write(t, settings[1], 0o644), Environ: environ})
		require.NoError(t, err, page)
		require.Empty(t, c.Warnings, page)
		require.Equal(t, "user:secret@tcp(127.0.0.1:3306)/api", c.Database.DSN.Reveal())
	}
}

// systemd's own judgement: no line that it does not know, and little exposed.
func TestTheUnitIsHardened(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("NOT CHECKED: systemd-analyze is missing, so that nothing judges configs/systemd/odoosync.service. make tools installs it")
	}
	// verify wants to see the program.
	file := filepath.Join(t.TempDir(), "odoosync.service")
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(text(t, unitFile), "=/usr/local/bin/odoosync", "=/bin/true")), 0o644))
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", file).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out))
	out, err = exec.Command("systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=15", file).CombinedOutput()
	require.NoError(t, err, "more than 1.5 of 10 is exposed:\n%s", out)
}
