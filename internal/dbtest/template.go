package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"odoosync/internal/localdb"
)

// templateDir returns an initialised, empty data folder to copy: initialising
// one takes seconds, copying a fraction of one. It is made once for each
// version of mariadbd and kept in the user's cache.
func templateDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	version, err := exec.Command("mariadbd", "--version").Output()
	if err != nil {
		return "", nil // Start will say what is missing
	}
	sum := sha256.Sum256(version)
	dir := filepath.Join(cache, "odoosync-test", hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return "", err
	}
	// Test processes run side by side: one makes the template, the others wait.
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	if _, err := os.Stat(data); err == nil {
		return data, nil
	}
	return data, makeTemplate(dir)
}

func makeTemplate(dir string) error {
	making := dir + ".new"
	if err := os.RemoveAll(making); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, err := localdb.Start(ctx, localdb.Options{Dir: making, Volatile: true})
	if err != nil {
		return err
	}
	if err := s.Stop(ctx); err != nil {
		return err
	}
	return os.Rename(making, dir)
}
