package localdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"odoosync/internal/record"
)

// ErrInUse: a living process runs a server in the folder. Running says how to
// connect to it.
var ErrInUse = errors.New("the folder is in use")

// own takes the folder for this process. The lock is the kernel's and ends
// with the process, however it ends.
func (s *Server) own() error {
	if err := os.MkdirAll(s.options.Dir, 0o700); err != nil {
		return record.Wrap(record.CodeConfig, err, "the folder %s for the private database cannot be made", s.options.Dir)
	}
	lock, err := os.OpenFile(s.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return record.Wrap(record.CodeConfig, err, "the folder %s for the private database cannot be used", s.options.Dir)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return record.Wrap(record.CodeConfig, ErrInUse, "the private database in %s is in use by another odoosync: stop that one first", s.options.Dir)
	}
	s.lock = lock
	return nil
}

// release gives the folder back and removes a socket's temporary place.
func (s *Server) release() {
	if s.sockDir != "" {
		_ = os.RemoveAll(s.sockDir) // a leftover folder in the temporary place does no harm
	}
	if s.lock != nil {
		_ = s.lock.Close()
	}
}

// Running returns how to connect to the server that another process runs in
// this folder.
func Running(dir, database string) (dsn string, err error) {
	password, err := os.ReadFile(filepath.Join(dir, "password"))
	if err != nil {
		return "", err
	}
	port, err := os.ReadFile(filepath.Join(dir, "port"))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s:%s@tcp(127.0.0.1:%s)/%s", User, strings.TrimSpace(string(password)), strings.TrimSpace(string(port)), database), nil
}
