package realodoo

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// patience is how long a server may take to end when it is asked to.
const patience = 30 * time.Second

type command struct {
	program string
	args    []string
	dir     string
	env     []string
	as      *syscall.Credential
	log     string
}

// process is a program that runs, and ends with us.
type process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

// start starts a program that the kernel ends with us. That signal is tied to
// the thread that started it, so a goroutine keeps the thread.
func start(c command) (*process, error) {
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(c.program, c.args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.dir, c.env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true, Credential: c.as}
	p := &process{cmd: cmd, log: c.log, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer log.Close()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // the caller sees by the state how it ended
		close(p.done)
	}()
	return p, <-started
}

// end asks the program to end, and ends it if it does not.
func (p *process) end(sig syscall.Signal) {
	_ = p.cmd.Process.Signal(sig) // it may have ended already
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// tail is the end of a log.
func tail(path string) string {
	const longest = 4000
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return strings.ToValidUTF8(string(text[max(0, len(text)-longest):]), "")
}
