package localdb

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"odoosync/internal/record"
)

// process is one run of mariadbd.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// startProcess starts a program that the kernel ends with us. That signal is
// tied to the thread that started it, so a goroutine keeps the thread until
// the program has ended.
func startProcess(program string, args []string, logPath string) (*process, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer log.Close()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // how it ended does not matter: a server that ended is started again
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, record.Wrap(record.CodeConfig, err, "%s cannot be started", program)
	}
	return p, nil
}

func (p *process) terminate() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }
func (p *process) kill()      { _ = p.cmd.Process.Kill() }

// stopLeftover ends a server that still runs on this data folder, as its pid
// file tells. A pid that belongs to another program by now is left alone.
func stopLeftover(ctx context.Context, pidFile, dataDir string) error {
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return nil
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || !runsOn(pid, dataDir) {
		return nil
	}
	_ = syscall.Kill(pid, syscall.SIGTERM)
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for runsOn(pid, dataDir) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return record.Errorf(record.CodeUnavailable, "another mariadbd (process %d) runs on %s and does not end: stop it first", pid, dataDir)
		case <-tick.C:
		}
	}
	return nil
}

func runsOn(pid int, dataDir string) bool {
	line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && bytes.Contains(line, []byte("--datadir="+dataDir+"\x00"))
}
