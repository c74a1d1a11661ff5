package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"odoosync/reconcile"
)

// showProgress shows a bar for each entity on a terminal, and lines elsewhere,
// both with the speed and the time that is left. verb is "import" or "resync".
func showProgress(out io.Writer, verb string) func(reconcile.Progress) {
	if file, isFile := out.(*os.File); isFile && term.IsTerminal(int(file.Fd())) {
		return progressBars(out, verb)
	}
	return progressLines(out, verb, clockwork.NewRealClock())
}

// lineEvery is how often a line is written, so that a log stays readable.
const lineEvery = 5 * time.Second

func progressLines(out io.Writer, verb string, clock clockwork.Clock) func(reconcile.Progress) {
	var entity string
	var begun, last time.Time
	var before int64 // done when it was first heard of: another's run may be far
	return func(p reconcile.Progress) {
		now := clock.Now()
		if p.Entity != entity {
			entity, begun, before = p.Entity, now, p.Done
		}
		if !p.Ended && now.Sub(last) < lineEvery {
			return
		}
		last = now
		state := verb + "ing"
		if p.Ended {
			state = verb + "ed"
		}
		fmt.Fprintf(out, "%s %s: %d of %d%s, %d refused\n", state, p.Entity, p.Done, p.Total, speed(p, p.Done-before, now.Sub(begun)), p.Failed)
	}
}

// speed says how fast n records went, and how long the rest will take.
func speed(p reconcile.Progress, n int64, took time.Duration) string {
	if n <= 0 || took < time.Second {
		return ""
	}
	rate := float64(n) / took.Seconds()
	text := fmt.Sprintf(", %.0f a second", rate)
	if rate < 10 {
		text = fmt.Sprintf(", %.1f a second", rate)
	}
	if left := p.Total - p.Done; left > 0 && !p.Ended {
		text += fmt.Sprintf(", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	return text
}

func progressBars(out io.Writer, verb string) func(reconcile.Progress) {
	var bar *progressbar.ProgressBar
	entity := ""
	return func(p reconcile.Progress) {
		if p.Total == 0 && p.Done == 0 { // nothing to draw
			if p.Ended {
				fmt.Fprintf(out, "%sed %s: none there\n", verb, p.Entity)
			}
			return
		}
		if bar == nil || p.Entity != entity {
			if bar != nil {
				fmt.Fprintln(out) // the last one's process went on to something else
			}
			entity = p.Entity
			bar = progressbar.NewOptions64(max(p.Total, p.Done+1), progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(verb+"ing "+p.Entity), progressbar.OptionShowCount(),
				progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))
		}
		// A bar that is full takes nothing more, and rows may still come.
		total := max(p.Total, p.Done+1)
		if p.Ended {
			total = max(p.Done, 1)
		}
		bar.ChangeMax64(total)
		_ = bar.Set64(min(p.Done, total)) // a bar that cannot be drawn is no reason to stop
		if p.Ended {
			_ = bar.Finish()
			fmt.Fprintln(out)
			bar = nil
		}
	}
}
