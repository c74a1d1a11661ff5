package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"odoosync/internal/record"
)

// What a message says of its reasons.
const (
	statusFiring   = "firing"
	statusResolved = "resolved"
)

// message is the body of a POST.
type message struct {
	Status  string    `json:"status"`
	Reason  string    `json:"reason"` // "several" for many
	Reasons []string  `json:"reasons,omitempty"`
	Message string    `json:"message"`
	Since   time.Time `json:"since"` // of the first
	URL     string    `json:"url"`
	Text    string    `json:"text"` // all of it, for receivers in Slack's form
}

func messageOf(status, link string, group []alert) message {
	m := message{Status: status, Reason: group[0].Reason, Message: group[0].Message, Since: group[0].Since, URL: link}
	if len(group) > 1 {
		sentences := make([]string, len(group))
		for i, one := range group {
			sentences[i] = one.Message
			if one.Since.Before(m.Since) {
				m.Since = one.Since
			}
		}
		m.Reason, m.Reasons, m.Message = "several", reasons(group), fmt.Sprintf("%d things: %s", len(group), strings.Join(sentences, "; "))
	}
	what := "odoosync needs a person: "
	if status == statusResolved {
		what = "odoosync: this is over: "
	}
	m.Text = escape.Replace(what+m.Message) + " (since " + m.Since.UTC().Format("2006-01-02 15:04") + " UTC) " + link
	return m
}

// escape keeps Slack from reading mentions and links into a sentence.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func reasons(group []alert) []string {
	out := make([]string, len(group))
	for i, one := range group {
		out[i] = one.Reason
	}
	return out
}

// post sends a message. An error never holds the address: it is a secret.
func (a *Alerter) post(ctx context.Context, m message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, postLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.o.URL, bytes.NewReader(body))
	if err != nil {
		return record.Errorf(record.CodeConfig, "alerts.webhook_url cannot be used")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "odoosync")
	response, err := a.o.HTTP.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return record.Wrap(record.CodeUnavailable, err, "the address of alerts.webhook_url does not answer")
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // to use the connection again
	switch {
	case response.StatusCode/100 == 2:
		return nil
	case response.StatusCode/100 == 3:
		return record.Errorf(record.CodeConfig, "alerts.webhook_url answers with a redirect (%d), which is not followed: set the address that it leads to", response.StatusCode)
	}
	return record.Errorf(record.CodeUnavailable, "the address of alerts.webhook_url answers %d", response.StatusCode)
}
