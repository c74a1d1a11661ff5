package odooclient

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/kolo/xmlrpc"
	"github.com/stretchr/testify/require"
)

// page is a search_read reply of n records of 30 fields, in the shape of the
// recordings.
func page(n int) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n")
	member := func(name, value string) {
		b.WriteString("<member>\n<name>" + name + "</name>\n<value>" + value + "</value>\n</member>\n")
	}
	for i := range n {
		b.WriteString("<value><struct>\n")
		member("id", fmt.Sprintf("<int>%d</int>", i+1))
		for f := range 12 {
			member(fmt.Sprintf("text_field_%d", f), fmt.Sprintf("<string>École primaire n° %d &amp; fils, rue %d</string>", i, f))
		}
		for f := range 8 {
			member(fmt.Sprintf("empty_field_%d", f), "<boolean>0</boolean>")
		}
		for f := range 4 {
			member(fmt.Sprintf("amount_%d", f), fmt.Sprintf("<double>%d.%02d</double>", i*7, i%100))
		}
		for f := range 3 {
			member(fmt.Sprintf("relation_%d_id", f), fmt.Sprintf("<array><data>\n<value><int>%d</int></value>\n<value><string>France</string></value>\n</data></array>", i))
		}
		member("line_ids", "<array><data>\n<value><int>1</int></value>\n<value><int>2</int></value>\n</data></array>")
		member("write_date", "<string>2025-01-22 10:30:00</string>")
		b.WriteString("</struct></value>\n")
	}
	b.WriteString("</data></array></value>\n</param>\n</params>\n</methodResponse>\n")
	return b.Bytes()
}

// peak runs f and returns how far the heap grew beyond what was there, and how
// long it took.
func peak(f func()) (bytesGrown uint64, took time.Duration) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, done := make(chan struct{}), make(chan struct{})
	top := before.HeapAlloc
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				runtime.ReadMemStats(&after)
				top = max(top, after.HeapAlloc)
			}
		}
	}()
	started := time.Now()
	f()
	took = time.Since(started)
	close(stop)
	<-done
	return top - before.HeapAlloc, took
}

func tokens(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// BenchmarkPage compares, in one run, the scanner, kolo, and a bare loop over
// encoding/xml's tokens on a page of 5,000 records. "x-kolo" is how many times
// faster than kolo.
func BenchmarkPage(b *testing.B) {
	body := page(5000)
	var kolo time.Duration
	for _, way := range []struct {
		name string
		f    func() error
	}{
		{"kolo", func() error { var v any; return xmlrpc.Response(body).Unmarshal(&v) }},
		{"encoding-xml-tokens", func() error { return tokens(body) }},
		{"scanner", func() error {
			n := 0
			_, err := decodeReply(body, func(any) error { n++; return nil })
			if n != 5000 {
				return fmt.Errorf("%d records", n)
			}
			return err
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			var grown uint64
			best := time.Hour
			for b.Loop() {
				g, took := peak(func() { require.NoError(b, way.f()) })
				grown, best = max(grown, g), min(best, took)
			}
			if way.name == "kolo" {
				kolo = best
			}
			b.ReportMetric(float64(kolo)/float64(best), "x-kolo")
			b.ReportMetric(float64(grown)/(1<<20), "peak-MiB")
			b.ReportMetric(float64(len(body))/(1<<20), "body-MiB")
		})
	}
}
