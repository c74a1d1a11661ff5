package sweep

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"odoosync/internal/logs"
	"odoosync/internal/queue"
	"odoosync/odooclient"
)

// What Odoo's module says of the webhooks that it sends.

const (
	deliveryModel = "webhook.delivery"
	configModel   = "webhook.config"
)

// askAgain is how long Odoo is left alone that does not show its deliveries.
const askAgain = 10 * time.Minute

// askStreams keeps what Odoo has given out in each stream of which anything ever
// arrived, of configurations that are switched off too. Where there is none, Odoo
// is not asked.
func (s *Sweeper) askStreams(ctx context.Context, now time.Time) error {
	if !s.showsDeliveries(now) {
		return nil
	}
	names, err := queue.StreamNames(ctx, s.o.DB)
	if err != nil || len(names) == 0 {
		return err
	}
	sent := map[string]int64{}
	domain := []any{[]any{"stream", "in", names}, []any{"active", "in", []any{true, false}}}
	err = s.o.Odoo.SearchRead(ctx, configModel, domain, []string{"stream", "last_sequence"}, odooclient.Page{Order: "id asc"}, func(raw odooclient.Raw) error {
		name, _ := raw["stream"].(string)
		if n, ok := raw["last_sequence"].(int64); slices.Contains(names, name) && ok && n >= 0 {
			sent[name] = n
		} else {
			names = slices.DeleteFunc(names, func(one string) bool { return one == name }) // what it says of it says nothing
		}
		return nil
	})
	if s.noteHidden(err, now) {
		return nil
	}
	if err != nil {
		return err
	}
	return queue.NoteTold(ctx, s.o.DB, now, names, sent)
}

// delivery is what Odoo says of a number.
type delivery struct {
	number int64
	reading
	open     bool // it is still to be sent
	nonsense bool // it names no record, or Odoo answered another question
	late     bool // it is missing for so long that nobody will send it
}

func (s *Sweeper) deliveries(ctx context.Context, stream string, missing []queue.Missing) (map[int64]delivery, error) {
	numbers := make([]int64, len(missing))
	for i, m := range missing {
		numbers[i] = m.Number
	}
	out := map[int64]delivery{}
	strange := false
	domain := []any{[]any{"config_id.stream", "=", stream}, []any{"config_id.active", "in", []any{true, false}}, []any{"sequence", "in", numbers}}
	read := func(raw odooclient.Raw) error {
		d := readDelivery(raw)
		if !slices.Contains(numbers, d.number) {
			strange = true // whatever it is, nobody asked for it
			return nil
		}
		if d.nonsense {
			s.o.Logger.Warn("Odoo's delivery of a webhook that did not arrive names no record: it is asked again, for two days", zap.String("stream", stream), zap.Int64("number", d.number))
		}
		out[d.number] = d
		return nil
	}
	fields := []string{"sequence", "model", "res_id", "state", "event", "merged_into"}
	err := s.o.Odoo.SearchRead(ctx, deliveryModel, domain, fields, odooclient.Page{Order: "id asc"}, read)
	if f, ok := odooclient.AsFault(err); ok && strings.Contains(f.Message, "merged_into") { // an older module has no such field
		err = s.o.Odoo.SearchRead(ctx, deliveryModel, domain, fields[:len(fields)-1], odooclient.Page{Order: "id asc"}, read)
	}
	for _, n := range numbers { // one that answers other questions has not said that it knows nothing
		if _, told := out[n]; strange && !told {
			out[n] = delivery{number: n, nonsense: true}
		}
	}
	return out, err
}

func readDelivery(raw odooclient.Raw) delivery {
	var d delivery
	d.number, _ = raw["sequence"].(int64)
	d.model, _ = raw["model"].(string)
	d.id, _ = raw["res_id"].(int64)
	d.into, _ = raw["merged_into"].(int64)
	d.open = raw["state"] == "pending"
	event, _ := raw["event"].(string)
	d.deletes = strings.HasSuffix(event, ".deleted")
	d.nonsense = d.model == "" || d.id <= 0
	if !d.deletes || d.into <= 0 || d.into == d.id {
		d.into = 0
	}
	return d
}

// showsDeliveries is false for a while after Odoo did not.
func (s *Sweeper) showsDeliveries(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hidden.IsZero() || now.Sub(s.hidden).Abs() >= askAgain // a clock may be set back
}

// noteHidden reports that an answer says that Odoo has no deliveries, or not for
// this user. It keeps that for showsDeliveries, and warns once.
func (s *Sweeper) noteHidden(err error, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, isFault := odooclient.AsFault(err)
	hides := isFault && (f.Code == 4 || f.Code == 2 && strings.HasPrefix(f.Message, "Object webhook."))
	if hides && s.hidden.IsZero() {
		s.o.Logger.Warn("Odoo does not show its deliveries: what webhooks that do not arrive told is found by poll and sweep only. Give the sync user the group \"Webhooks: see deliveries\" (docs/odoo.md)",
			logs.Failure(err))
	}
	switch {
	case hides:
		s.hidden = now
	case err == nil:
		s.hidden = time.Time{}
	}
	return hides
}
