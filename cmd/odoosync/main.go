// Command odoosync keeps an Odoo database and an API's MySQL in step.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"odoosync/internal/record"
)

// version is set at build time.
var version = "development"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once, as if we had not asked
	}()
	root := newRoot(os.Stdout, os.Environ())
	err := root.ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "odoosync: "+sentence(err))
	}
	os.Exit(exitCode(err))
}

// sentence is what the user reads: a coded error's own words, or all of an
// error that cobra made about the command line.
func sentence(err error) string {
	if record.CodeOf(err) == record.CodeInternal {
		return err.Error()
	}
	return record.Message(err)
}

// Exit codes, by contract.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitPartly = 3
)

// errPartly ends a command that did its work and left something for a person.
var errPartly = record.Errorf(record.CodeRejected, "done, but something is left for you (see above)")

func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case err == error(errPartly):
		return exitPartly
	case isUsage(err), record.CodeOf(err) == record.CodeConfig:
		return exitUsage
	}
	return exitFailed
}
