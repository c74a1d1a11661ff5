package localdb

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"odoosync/internal/record"
)

// maxSocketPath is what a socket's address holds on Linux, less its end.
const maxSocketPath = 100

// prepare makes the folder, the password, the data and the socket's place.
func (s *Server) prepare(ctx context.Context) error {
	if _, err := os.Stat(s.program()); err != nil {
		return record.Errorf(record.CodeConfig,
			"the program mariadbd is missing: run make setup, or apt-get install mariadb-server, or set database.dsn to a server of your own")
	}
	if err := os.MkdirAll(s.path("tmp"), 0o700); err != nil {
		return record.Wrap(record.CodeConfig, err, "the folder %s for the private database cannot be made", s.options.Dir)
	}
	if err := s.ensurePassword(); err != nil {
		return err
	}
	if text, err := os.ReadFile(s.path("port")); err == nil {
		s.port, _ = strconv.Atoi(strings.TrimSpace(string(text))) // a damaged file means any port
	}
	if err := s.placeSocket(); err != nil {
		return err
	}
	if err := s.writeInit(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(s.path("data"), "mysql")); err == nil {
		return nil
	}
	return s.initialise(ctx)
}

func (s *Server) ensurePassword() error {
	text, err := os.ReadFile(s.path("password"))
	if err == nil && len(bytes.TrimSpace(text)) > 0 {
		s.password = string(bytes.TrimSpace(text))
		return nil
	}
	random := make([]byte, 18)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	s.password = hex.EncodeToString(random)
	return os.WriteFile(s.path("password"), []byte(s.password+"\n"), 0o600)
}

// placeSocket puts the socket into the folder, or into a short temporary one
// where the folder's path is too long for a socket.
func (s *Server) placeSocket() error {
	s.socket = s.path("mariadbd.sock")
	if len(s.socket) <= maxSocketPath {
		return nil
	}
	dir, err := os.MkdirTemp("", "odoosync-sock-")
	if err != nil {
		return err
	}
	s.sockDir, s.socket = dir, filepath.Join(dir, "s")
	return nil
}

// writeInit writes what the server runs at each start: our user with our
// password, and no way in for root without it.
func (s *Server) writeInit() error {
	var b strings.Builder
	for _, host := range []string{"127.0.0.1", "localhost"} {
		account := "'" + User + "'@'" + host + "'"
		b.WriteString("CREATE USER IF NOT EXISTS " + account + ";\n")
		b.WriteString("ALTER USER " + account + " IDENTIFIED BY '" + s.password + "';\n")
		b.WriteString("GRANT ALL PRIVILEGES ON *.* TO " + account + " WITH GRANT OPTION;\n")
	}
	b.WriteString("ALTER USER 'root'@'localhost' IDENTIFIED BY '" + s.password + "';\n")
	return os.WriteFile(s.path("init.sql"), []byte(b.String()), 0o600)
}

// initialise makes the data folder aside and moves it into place at the end,
// so that a half-made one is never taken for a whole one.
func (s *Server) initialise(ctx context.Context) error {
	fresh := s.path("data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := os.RemoveAll(s.path("data")); err != nil {
		return err
	}
	if s.options.Template != "" {
		if out, err := exec.CommandContext(ctx, "cp", "-r", s.options.Template, fresh).CombinedOutput(); err != nil {
			return record.Wrap(record.CodeInternal, err, "the template of the private database cannot be copied: %s", out)
		}
		return os.Rename(fresh, s.path("data"))
	}
	// --force: a machine whose own name nobody resolves (a bare container) will
	// do, because nobody connects by name.
	args := []string{"--no-defaults", "--force", "--datadir=" + fresh, "--tmpdir=" + s.path("tmp"), "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	out, err := exec.CommandContext(ctx, "mariadb-install-db", args...).CombinedOutput()
	if err != nil {
		return record.Wrap(record.CodeConfig, err, "mariadb-install-db could not make %s: %s", fresh, firstLines(out))
	}
	return os.Rename(fresh, s.path("data"))
}

// firstLines is where MariaDB's scripts say what is wrong; addresses of manuals
// follow.
func firstLines(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[:min(len(lines), 3)], " ")
}
