package odooclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"syscall"
	"time"

	"odoosync/internal/record"
)

// transport carries one call. XML-RPC is the only one now; Odoo's JSON-2 (19
// and later) would be another.
type transport interface {
	roundTrip(ctx context.Context, service string, body []byte) ([]byte, error)
}

// noAnswer is a call without a usable answer. sent says whether Odoo may have
// begun to work on it.
type noAnswer struct {
	sentence string
	sent     bool
	err      error
}

func (n *noAnswer) Error() string {
	if n.err != nil {
		return n.sentence + ": " + n.err.Error()
	}
	return n.sentence
}
func (n *noAnswer) Unwrap() error { return n.err }

type xmlrpcTransport struct {
	base    string
	http    *http.Client
	maxBody int64
	clock   func(date time.Time) // told of every answer's Date

	certificate func(expires time.Time) // told of every answer's certificates; may be nil
}

func newHTTPTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        60 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// noRedirect: following one would send the key to a host nobody configured.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (t *xmlrpcTransport) roundTrip(ctx context.Context, service string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base+"/xmlrpc/2/"+service, bytes.NewReader(body))
	if err != nil {
		return nil, record.Wrap(record.CodeConfig, err, "odoo.url cannot be used")
	}
	req.Header.Set("Content-Type", "text/xml")
	if ids := record.Requests(ctx); ids != "" {
		req.Header.Set("X-Request-Id", ids)
	}
	resp, err := t.http.Do(req)
	if err != nil {
		return nil, &noAnswer{sentence: "Odoo at " + t.base + " cannot be reached (" + inWords(err) + "): check odoo.url and the network", sent: !neverConnected(err), err: err}
	}
	defer resp.Body.Close()
	if resp.TLS != nil && t.certificate != nil {
		t.certificate(expiry(resp.TLS.VerifiedChains))
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		t.clock(date.UTC())
	}
	if err := t.check(resp); err != nil {
		return nil, err
	}
	reply, err := io.ReadAll(io.LimitReader(resp.Body, t.maxBody+1))
	if err != nil {
		return nil, &noAnswer{sentence: "Odoo's answer was cut off", sent: true, err: err}
	}
	if int64(len(reply)) > t.maxBody {
		return nil, record.Wrap(record.CodeRejected, errUndecodable, "Odoo's answer is larger than %d MiB", t.maxBody>>20)
	}
	if !bytes.HasSuffix(bytes.TrimRight(reply, " \r\n\t"), []byte("</methodResponse>")) {
		return nil, &noAnswer{sentence: "Odoo's answer was cut off", sent: true} // and nothing had told its length
	}
	return reply, nil
}

// expiry is when the last of these chains ends to be valid: a chain does with
// the first of its certificates.
func expiry(chains [][]*x509.Certificate) (last time.Time) {
	for _, chain := range chains {
		first := chain[0].NotAfter
		for _, c := range chain {
			if c.NotAfter.Before(first) {
				first = c.NotAfter
			}
		}
		if first.After(last) {
			last = first
		}
	}
	return last
}

// check judges the answer before anything decodes it: a proxy's error page is
// no XML-RPC.
func (t *xmlrpcTransport) check(resp *http.Response) error {
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		return &noAnswer{sentence: "Odoo asks to wait (HTTP " + resp.Status + ")", sent: false}
	case code >= 500:
		return &noAnswer{sentence: "Odoo, or a proxy before it, answers HTTP " + resp.Status, sent: true}
	default:
		return record.Errorf(record.CodeConfig, "%s answers HTTP %s where Odoo's XML-RPC was expected: check odoo.url", t.base, resp.Status)
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "text/xml" && kind != "application/xml" {
		return &noAnswer{sentence: "what answers is not Odoo's XML-RPC (Content-Type " + resp.Header.Get("Content-Type") + ")", sent: true}
	}
	return nil
}

// inWords says why a connection failed, for a user.
func inWords(err error) string {
	var (
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
		slow net.Error
	)
	switch {
	case errors.As(err, &dns):
		return "there is no host of that name"
	case errors.As(err, &cert):
		return "its certificate is not valid: " + cert.Err.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there"
	case errors.As(err, &slow) && slow.Timeout():
		return "it did not answer in time"
	case errors.Is(err, context.Canceled):
		return "the call was stopped"
	}
	return "the connection broke"
}

// neverConnected tells failures in which no byte reached Odoo.
func neverConnected(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	var dns *net.DNSError
	return errors.As(err, &dns)
}
