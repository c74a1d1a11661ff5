package odoosim_test

import (
	"context"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/internal/record"
	"odoosync/odooclient"
)

func clientOf(t *testing.T, url string) *odooclient.Client {
	t.Helper()
	c, err := odooclient.New(odooclient.Options{URL: url, Database: "odoosim", Login: "sync", APIKey: "sim-key"})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestTheAnswerOfTheNthWriteIsCut(t *testing.T) {
	ctx := context.Background()
	s, c := dial(t, odoosim.Options{})
	s.SetFaults(odoosim.Faults{CutNthWrite: 2})
	create := func(name string) error {
		_, err := c.Create(ctx, "res.partner", []map[string]any{{"name": name}}, nil)
		return err
	}
	require.NoError(t, create("A"))
	_, err := c.Search(ctx, "res.partner", nil, odooclient.Page{})
	require.NoError(t, err, "a read is never cut")
	require.Equal(t, record.CodeUnknownOutcome, record.CodeOf(create("B")))
	require.NoError(t, create("C"))
	require.Len(t, s.IDs("res.partner"), 3, "the second was done")

	s.SetFaults(odoosim.Faults{CutWrite: 1})
	require.Error(t, create("D"))
	_, err = c.Search(ctx, "res.partner", nil, odooclient.Page{})
	require.NoError(t, err)
	stats := s.Stats()
	require.EqualValues(t, []int64{4, 4, 2, 4, 2}, []int64{stats.Writes, stats.ByMethod["create"], stats.ByMethod["search"], stats.RecordsWritten, stats.Injected})
}

func TestSomebodyEditsWhileAWriteIsUnderWay(t *testing.T) {
	ctx := context.Background()
	s, c := dial(t, odoosim.Options{})
	id := s.Create("res.partner", odoosim.Values{"name": "Mairie"})
	var heard []string
	s.OnWrite(func(stage, model, method string) {
		heard = append(heard, stage+" "+model+" "+method+" "+s.Get("res.partner", id)["name"].(string))
		s.Write("res.partner", id, odoosim.Values{"city": stage})
	})
	require.NoError(t, c.Write(ctx, "res.partner", []int64{id}, map[string]any{"name": "École", "city": "Nantes"}, nil))
	require.Equal(t, []string{"before res.partner write Mairie", "after res.partner write École"}, heard)
	require.Equal(t, odoosim.AfterWrite, s.Get("res.partner", id)["city"])
	_, err := c.Read(ctx, "res.partner", []int64{id}, []string{"name"})
	require.NoError(t, err)
	require.Len(t, heard, 2, "a read tells nobody")
}

func TestAWriteTakesItsTime(t *testing.T) {
	ctx := context.Background()
	clock := clockwork.NewFakeClock()
	s, c := dial(t, odoosim.Options{Clock: clock})
	s.SetFaults(odoosim.Faults{PerWritten: time.Second})
	done := make(chan error)
	go func() {
		_, err := c.Create(ctx, "res.partner", []map[string]any{{"name": "A"}, {"name": "B"}}, nil)
		done <- err
	}()
	require.NoError(t, clock.BlockUntilContext(ctx, 1))
	clock.Advance(2 * time.Second)
	require.NoError(t, <-done)
}

func TestARightThatIsTaken(t *testing.T) {
	everywhere(t, func(p *pushing) {
		id := p.create("res.partner", map[string]any{"name": "Mairie"})
		p.sim.Forbid("res.partner", "create", "write")
		require.ErrorContains(p, p.write("res.partner", id, map[string]any{"name": "x"}), "You are not allowed to modify 'Contact' (res.partner) records.")
		_, err := p.client.Create(p.ctx, "res.partner", []map[string]any{{"name": "x"}}, nil)
		require.ErrorContains(p, err, "You are not allowed to create 'Contact' (res.partner) records.")
		refused := p.load("res.partner", "id | name", "__odoosync__.a | x")
		require.Nil(p, refused.IDs)
		require.Contains(p, refused.Messages[0].Message, "You are not allowed to create", "load says it in a message")
		require.NoError(p, p.client.Unlink(p.ctx, "res.partner", []int64{id}, nil))
		p.sim.Forbid("res.partner")
		p.create("res.partner", map[string]any{"name": "x"})
	})
}
