package realodoo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options say which Odoo to run.
type Options struct {
	Source      string   // a checkout of Odoo's source, with odoo-bin
	Addons      []string // further folders of modules
	Modules     []string // installed at the start
	CronThreads int      // that run scheduled actions; 0: none
}

// Server is an Odoo with a database of its own. It is not safe for concurrent
// use.
type Server struct {
	options Options
	dir     string
	port    int
	db      *postgres
	process *process
}

// Database, Login and Password are those of every Server.
const (
	Database = "odoo"
	Login    = "admin"
	Password = "admin"
)

var release = regexp.MustCompile(`(?m)^version_info = \((?:'saas~)?(\d+)`)

// Series is the major version of a checkout.
func Series(source string) (int, error) {
	text, err := os.ReadFile(filepath.Join(source, "odoo", "release.py"))
	if err != nil {
		return 0, fmt.Errorf("%s is no checkout of Odoo: %w", source, err)
	}
	m := release.FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%s names no version", filepath.Join(source, "odoo", "release.py"))
	}
	return strconv.Atoi(string(m[1]))
}

// New starts PostgreSQL and installs the modules, without demo data. Odoo
// itself runs after Start. Close ends and removes everything.
func New(ctx context.Context, o Options) (*Server, error) {
	if _, err := Series(o.Source); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "odoosync-odoo-")
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, dir: dir}
	if s.port, err = freePort(); err == nil {
		s.db, err = startPostgres(ctx, filepath.Join(dir, "pg"))
	}
	if err == nil {
		_, err = s.Run(ctx, "-i", strings.Join(o.Modules, ","))
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// URL is where Odoo listens.
func (s *Server) URL() string { return fmt.Sprintf("http://127.0.0.1:%d", s.port) }

// Log is the path of Odoo's log.
func (s *Server) Log() string { return filepath.Join(s.dir, "odoo.log") }

func (s *Server) args(more ...string) []string {
	paths := append([]string{filepath.Join(s.options.Source, "odoo", "addons"), filepath.Join(s.options.Source, "addons")}, s.options.Addons...)
	args := []string{filepath.Join(s.options.Source, "odoo-bin"), "-d", Database, "--db-filter=^" + Database + "$",
		"--addons-path=" + strings.Join(paths, ","), "--data-dir=" + filepath.Join(s.dir, "data"),
		"--db_host=" + s.db.dir, "--db_user=odoo", "--smtp=127.0.0.1", "--smtp-port=9", "--workers=0", "--without-demo=all",
		"--http-interface=127.0.0.1", "--http-port=" + strconv.Itoa(s.port)}
	return append(args, more...)
}

func python() string {
	if program := os.Getenv("ODOO_PYTHON"); program != "" {
		return program
	}
	return "python3"
}

// env keeps calls from leaving the machine: through a proxy that refuses.
func (s *Server) env() []string {
	env := []string{"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"}
	for _, name := range []string{"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"} {
		env = append(env, name+"=http://127.0.0.1:9")
	}
	return append(env, "no_proxy=127.0.0.1,localhost", "NO_PROXY=127.0.0.1,localhost")
}

// Run runs odoo-bin to its end, for installing, updating and testing, and
// returns its log. No scheduled action runs meanwhile.
func (s *Server) Run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, python(), s.args(append(args, "--max-cron-threads=0", "--stop-after-init")...)...)
	cmd.Dir, cmd.Env = s.dir, s.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("odoo-bin %s: %w: %s", strings.Join(args, " "), err, out[max(0, len(out)-4000):])
	}
	return string(out), nil
}

// Start starts Odoo and returns when it answers.
func (s *Server) Start(ctx context.Context) error {
	p, err := start(command{program: python(), dir: s.dir, env: s.env(), log: s.Log(),
		args: s.args("--max-cron-threads=" + strconv.Itoa(s.options.CronThreads))})
	if err != nil {
		return err
	}
	s.process = p
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/web/login", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("the server ended: %s", tail(p.log))
		case <-ctx.Done():
			return errors.Join(ctx.Err(), errors.New(tail(p.log)))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Stop ends Odoo in order; Start starts it again.
func (s *Server) Stop() {
	if s.process != nil {
		s.process.end(syscall.SIGTERM)
		s.process = nil
	}
}

// Kill ends Odoo as kill -9 does.
func (s *Server) Kill() {
	if s.process != nil {
		s.process.end(syscall.SIGKILL)
		s.process = nil
	}
}

// Close ends both servers and removes their folder.
func (s *Server) Close() {
	s.Stop()
	if s.db != nil && s.db.process != nil {
		s.db.stop()
	}
	_ = os.RemoveAll(s.dir) // a leftover in the temporary folder is no failure
}
