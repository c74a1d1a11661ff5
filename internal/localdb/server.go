package localdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"odoosync/internal/mysqldb"
	"odoosync/internal/record"
)

// User is the account the server has.
const User = "odoosync"

// Options say how to run a server.
type Options struct {
	Dir string // holds everything; made when missing
	// Volatile gives up surviving a power cut for speed: for tests.
	Volatile bool
	// OnRestart is told when the server crashed and is started again; may be nil.
	OnRestart func(err error)
	// Template is a folder with a prepared data folder to start from instead
	// of initialising one; "" for none.
	Template string
}

// Server is a running private server. Its methods are safe for concurrent use.
type Server struct {
	options  Options
	password string
	socket   string
	sockDir  string
	lock     *os.File // held while the folder is ours

	mu       sync.Mutex
	port     int // another one after a restart, when somebody has taken it
	process  *process
	stopping bool
	watcher  sync.WaitGroup
}

// startTimeout bounds the wait for the server to answer, a recovery included.
const startTimeout = 60 * time.Second

// Start initialises the folder when it is empty, starts the server and returns
// once it answers.
func Start(ctx context.Context, o Options) (*Server, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	s := &Server{options: o}
	if err := s.own(); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		s.release()
		return nil, err
	}
	if err := s.launch(ctx); err != nil {
		s.release()
		return nil, err
	}
	s.watcher.Add(1)
	go s.watch()
	return s, nil
}

func (s *Server) path(name string) string { return filepath.Join(s.options.Dir, name) }

// launch starts mariadbd and waits until it answers.
func (s *Server) launch(ctx context.Context) error {
	if err := stopLeftover(ctx, s.path("mariadbd.pid"), s.path("data")); err != nil {
		return err
	}
	port, err := freePort(s.Port())
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.port = port
	s.mu.Unlock()
	if err := os.WriteFile(s.path("port"), []byte(strconv.Itoa(port)), 0o600); err != nil {
		return err
	}
	p, err := startProcess(s.program(), s.arguments(), s.path("mariadbd.log"))
	if err != nil {
		return err
	}
	if err := s.await(ctx, p); err != nil {
		p.kill()
		return err
	}
	s.mu.Lock()
	s.process = p
	s.mu.Unlock()
	return nil
}

func (s *Server) program() string {
	path, err := exec.LookPath("mariadbd")
	if err != nil {
		return "/usr/sbin/mariadbd" // not on an ordinary user's PATH in Debian
	}
	return path
}

func (s *Server) arguments() []string {
	// A server that starts removes the temporary tables it finds in its tmpdir:
	// in a shared one, those of every other server at work.
	args := []string{"--no-defaults", "--datadir=" + s.path("data"), "--tmpdir=" + s.path("tmp"), "--socket=" + s.socket,
		"--pid-file=" + s.path("mariadbd.pid"), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.Port()),
		"--init-file=" + s.path("init.sql"), "--skip-name-resolve", "--character-set-server=utf8mb4",
		"--collation-server=utf8mb4_general_ci", "--innodb-buffer-pool-size=64M", "--max-allowed-packet=64M",
		"--performance-schema=OFF", "--max-connections=300"}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	if s.options.Volatile {
		args = append(args, "--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0", "--innodb-doublewrite=OFF", "--innodb-flush-method=nosync")
	}
	return args
}

// await polls until the server answers, ends, or takes too long.
func (s *Server) await(ctx context.Context, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	db, err := mysqldb.Open(mysqldb.Options{DSN: s.DSN("information_schema"), MaxOpen: 1})
	if err != nil {
		return err
	}
	defer db.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if db.PingContext(ctx) == nil {
			return nil
		}
		select {
		case <-p.done:
			return record.Errorf(record.CodeUnavailable, "mariadbd ended while it started; %s says why", s.path("mariadbd.log"))
		case <-ctx.Done():
			return record.Errorf(record.CodeUnavailable, "mariadbd did not answer in time; %s may say why", s.path("mariadbd.log"))
		case <-tick.C:
		}
	}
}

// watch starts a crashed server again until Stop.
func (s *Server) watch() {
	defer s.watcher.Done()
	pause := 100 * time.Millisecond
	for {
		s.mu.Lock()
		p, stopping := s.process, s.stopping
		s.mu.Unlock()
		if stopping || p == nil {
			return
		}
		started := time.Now()
		<-p.done
		s.mu.Lock()
		stopping = s.stopping
		s.mu.Unlock()
		if stopping {
			return
		}
		if s.options.OnRestart != nil {
			s.options.OnRestart(record.Errorf(record.CodeUnavailable, "the private MariaDB ended unexpectedly and is started again"))
		}
		if time.Since(started) > time.Minute {
			pause = 100 * time.Millisecond
		}
		time.Sleep(pause)
		pause = min(2*pause, 10*time.Second)
		err := s.launch(context.Background())
		if err != nil && s.options.OnRestart != nil {
			s.options.OnRestart(err)
		}
		s.mu.Lock()
		p, stopping = s.process, s.stopping
		s.mu.Unlock()
		if err == nil && stopping { // Stop may have seen only the one before
			p.terminate()
			<-p.done
		}
	}
}

// Stop ends the server in good order, or by force once ctx ends.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopping = true
	p := s.process
	s.mu.Unlock()
	defer s.release()
	if p == nil {
		return nil
	}
	p.terminate()
	select {
	case <-p.done:
	case <-ctx.Done():
		p.kill()
		<-p.done
	}
	s.watcher.Wait()
	return nil
}

// DSN is how the daemon connects to a database of this server.
func (s *Server) DSN(database string) string {
	return fmt.Sprintf("%s:%s@tcp(127.0.0.1:%d)/%s", User, s.password, s.Port(), database)
}

// Port is the port on 127.0.0.1.
func (s *Server) Port() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.port
}

// CreateDatabase makes a database when it is missing.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	return s.admin(ctx, "CREATE DATABASE IF NOT EXISTS `"+name+"` CHARACTER SET utf8mb4")
}

// DropDatabase removes a database with all it holds.
func (s *Server) DropDatabase(ctx context.Context, name string) error {
	return s.admin(ctx, "DROP DATABASE IF EXISTS `"+name+"`")
}

func (s *Server) admin(ctx context.Context, statement string) error {
	db, err := mysqldb.Open(mysqldb.Options{DSN: s.DSN("information_schema"), MaxOpen: 1})
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return mysqldb.Explain(err)
}

// ConnectHint tells a person how another program connects.
func (s *Server) ConnectHint(database string) string {
	return fmt.Sprintf("mariadb --host=127.0.0.1 --port=%d --user=%s --password=\"$(cat %s)\" %s", s.Port(), User, s.path("password"), database)
}

// freePort returns the wished port when it is free, else any.
func freePort(wish int) (int, error) {
	for _, port := range []int{wish, 0} {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		defer l.Close()
		return l.Addr().(*net.TCPAddr).Port, nil
	}
	return 0, errors.New("no port is free on 127.0.0.1")
}
