package odooclient

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
)

const member = "<member>\n<name>name</name>\n<value><string>École</string></value>\n</member>\n"

// A record is missing only when Odoo's answer leaves its id out. An answer in
// which the records cannot be told apart says of none that it is gone.
func TestAnAnswerThatNamesNoRecordDeletesNone(t *testing.T) {
	for name, records := range map[string]string{
		"no id":           "<value><struct>\n" + member + "</struct></value>\n",
		"a text for id":   "<value><struct>\n<member>\n<name>id</name>\n<value><string>7</string></value>\n</member>\n" + member + "</struct></value>\n",
		"false for id":    "<value><struct>\n<member>\n<name>id</name>\n<value><boolean>0</boolean></value>\n</member>\n" + member + "</struct></value>\n",
		"an id not asked": "<value><struct>\n<member>\n<name>id</name>\n<value><int>8</int></value>\n</member>\n" + member + "</struct></value>\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := scripted(t, nil, func(w http.ResponseWriter, _ *http.Request) { xmlReply(w, "<array><data>\n"+records+"</data></array>") })
			err := c.ReadEach(context.Background(), "res.partner", []int64{7}, []string{"name"}, func(_ int64, _ Raw, err error) error {
				require.NotErrorIs(t, err, ErrMissing)
				return nil
			})
			_ = err // that nothing can be read now is as good an answer
		})
	}
}

// An answer that ends in the middle says nothing of its records, even where no
// Content-Length gives it away (HTTP/1.0, a proxy that died).
func TestAnAnswerThatEndsInTheMiddleIsWaitedFor(t *testing.T) {
	whole := head + "<array><data>\n<value><struct>\n<member>\n<name>id</name>\n<value><int>7</int></value>\n</member>\n" + member + "</struct></value>\n</data></array>" + foot
	for _, keep := range []int{len(head), len(whole) / 2, len(whole) - len(foot), len(whole) - 20, 0} {
		c := scripted(t, nil, func(w http.ResponseWriter, _ *http.Request) {
			hijacked, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			_, _ = io.WriteString(hijacked, "HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n"+whole[:keep])
			_ = hijacked.Close()
		})
		err := c.ReadEach(context.Background(), "res.partner", []int64{7}, []string{"name"}, func(_ int64, _ Raw, err error) error { return err })
		require.Equal(t, record.CodeUnavailable, record.CodeOf(err), "%d of %d bytes: %v", keep, len(whole), err)
	}
}
