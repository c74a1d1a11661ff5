package realodoo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// postgres is a private PostgreSQL: its user is odoo, its socket in its folder.
type postgres struct {
	bin     string
	dir     string
	as      *syscall.Credential // nil: our own user
	process *process
}

// postgresBin finds PostgreSQL's programs, the newest ones.
func postgresBin() (string, error) {
	if dir := os.Getenv("ODOO_POSTGRES"); dir != "" {
		return dir, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is well-formed
	if len(found) == 0 {
		if program, err := exec.LookPath("postgres"); err == nil {
			return filepath.Dir(program), nil
		}
		return "", errors.New("PostgreSQL is missing: install postgresql, or name the folder of its programs in ODOO_POSTGRES")
	}
	major := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for what is no number
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return major(a) - major(b) })
	return filepath.Dir(newest), nil
}

// unprivileged is whom PostgreSQL runs as when we are root, which it refuses.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

// startPostgres makes a cluster in dir and starts it.
func startPostgres(ctx context.Context, dir string) (*postgres, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if as != nil {
		// Its way there must be open to it, and its folder its own.
		if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o711), os.Chown(dir, int(as.Uid), int(as.Gid))); err != nil {
			return nil, err
		}
	}
	p := &postgres{bin: bin, dir: dir, as: as}
	data := filepath.Join(dir, "data")
	cluster := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "odoo", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
	cluster.Dir, cluster.SysProcAttr = dir, &syscall.SysProcAttr{Credential: as}
	if out, err := cluster.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	p.process, err = start(command{program: filepath.Join(bin, "postgres"), dir: dir, as: as, log: filepath.Join(dir, "log"),
		args: []string{"-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=50", "-c", "shared_buffers=128MB"}})
	if err != nil {
		return nil, err
	}
	return p, p.ready(ctx)
}

func (p *postgres) ready(ctx context.Context) error {
	for {
		check := exec.CommandContext(ctx, filepath.Join(p.bin, "pg_isready"), "-q", "-h", p.dir)
		if check.Run() == nil {
			return nil
		}
		select {
		case <-p.process.done:
			return fmt.Errorf("PostgreSQL ended: %s", tail(p.process.log))
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *postgres) stop() { p.process.end(syscall.SIGINT) }
