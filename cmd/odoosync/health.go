package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"odoosync/configs"
	"odoosync/internal/record"
)

// healthTimeout is longer than /readyz gives the database.
const healthTimeout = 5 * time.Second

func (e *env) health() *cobra.Command {
	alive := false
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask the daemon on this machine whether it can take webhooks",
		Long: "Ask the daemon that listens at http.listen on this machine whether it can take webhooks (/readyz):\n" +
			"it runs, and its database answers and is migrated. Exit code 0 says yes, 1 no. Made for Docker's HEALTHCHECK.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := e.config()
			if err != nil {
				return err
			}
			path := "/readyz"
			if alive {
				path = "/healthz"
			}
			return askHealth(c.Context(), e.out, config, path)
		},
	}
	c.Flags().BoolVar(&alive, "alive", false, "ask only whether the process answers (/healthz)")
	return c
}

// askHealth prints what the daemon answers, and fails unless it is well.
func askHealth(ctx context.Context, out io.Writer, c configs.Config, path string) error {
	url, err := localURL(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
	if err != nil {
		return record.Wrap(record.CodeConfig, err, "http.listen %s cannot be asked", c.HTTP.Listen)
	}
	transport := &http.Transport{
		// The certificate is for the name that others use, and nothing secret is
		// sent. No proxy: it would ask about its own machine.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return record.Wrap(record.CodeUnavailable, err, "no daemon answers at %s: see whether it runs (its log says why it ended), and whether http.listen is the one it was started with", url)
	}
	defer resp.Body.Close()
	var said map[string]string
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&said); err != nil {
		return record.Wrap(record.CodeUnavailable, err, "what answers at %s%s is not odoosync (HTTP %s): see which program listens there", url, path, resp.Status)
	}
	if resp.StatusCode != http.StatusOK {
		return record.Errorf(record.CodeUnavailable, "the daemon at %s cannot take webhooks: %s", url, said["database"])
	}
	parts := []string{}
	for _, key := range []string{"status", "database", "odoo", "paused"} {
		if said[key] != "" {
			parts = append(parts, key+": "+said[key])
		}
	}
	_, err = fmt.Fprintln(out, strings.Join(parts, "; "))
	return err
}

// localURL is where this machine reaches http.listen.
func localURL(c configs.Config) (string, error) {
	host, port, err := net.SplitHostPort(c.HTTP.Listen)
	if err != nil || port == "0" || port == "" {
		return "", record.Errorf(record.CodeConfig, "http.listen %s names no port that could be asked: set one, such as :8080", c.HTTP.Listen)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	if c.HTTP.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}
