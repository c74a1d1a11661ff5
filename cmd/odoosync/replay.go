package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"odoosync/configs"
	"odoosync/internal/mysqldb"
	"odoosync/internal/queue"
)

func (e *env) replay() *cobra.Command {
	var r queue.Replay
	var since time.Duration
	c := &cobra.Command{
		Use:   "replay --id N | --status error [--since 24h]",
		Short: "Have webhooks that were worked, or failed, worked again",
		Long: "Have webhooks that were worked, or failed, worked again by odoosync serve, from their first attempt. Nothing is waited for.\n" +
			"It is safe to repeat: a webhook is a hint that a record is worth a look, and where its own data is applied\n" +
			"(webhooks.source: payload), an older one never overwrites what a newer one told.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkReplay(c, r, since); err != nil {
				return err
			}
			return e.database(c, func(ctx context.Context, config configs.Config, db *mysqldb.DB) error {
				now := time.Now()
				r.OwnData = config.Source() == configs.SourcePayload
				if since > 0 {
					r.Since = now.Add(-since)
				}
				did, err := r.Run(ctx, db, now)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(e.out, did)
				return err
			})
		},
	}
	c.Flags().Int64SliceVar(&r.IDs, "id", nil, "this webhook, by its id in webhook_logs; several: --id 12,13")
	c.Flags().StringVar(&r.Status, "status", "", "all that stand in this status: error, success or pending (what waits is due now)")
	c.Flags().DurationVar(&since, "since", 0, "with --status: only those received in this time before now, such as 24h")
	return withLocal(c)
}

func checkReplay(c *cobra.Command, r queue.Replay, since time.Duration) error {
	given := c.Flags().Changed
	switch {
	case given("id") == given("status"):
		return usageError{errors.New("say which webhooks: --id 12, or --status error (with --since 24h: only the latest)")}
	case given("id") && (len(r.IDs) == 0 || slices.Min(r.IDs) < 1):
		return usageError{errors.New("--id is a webhook's id in webhook_logs, a number above 0; several: --id 12,13")}
	case given("status") && !slices.Contains([]string{"error", "success", "pending"}, r.Status):
		return usageError{fmt.Errorf("--status is error, success or pending, not %.40q", r.Status)}
	case given("since") && (given("id") || since <= 0):
		return usageError{errors.New("--since goes with --status, and takes a time above 0 such as 24h")}
	}
	return nil
}
