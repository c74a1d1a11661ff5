package odooclient

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// An answer that does not go on (a cache before Odoo, an order that is
// ignored) ends the paging with an error instead of never.
func TestPagesThatDoNotGoOnEnd(t *testing.T) {
	enough := errors.New("the same page came four times")
	for name, ids := range map[string]string{
		"the same page": "<value><int>1</int></value>\n<value><int>2</int></value>\n",
		"backwards":     "<value><int>2</int></value>\n<value><int>1</int></value>\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := scripted(t, nil, func(w http.ResponseWriter, _ *http.Request) { xmlReply(w, "<array><data>\n"+ids+"</data></array>") })
			pages := 0
			err := c.PagesByID(context.Background(), "res.partner", nil, 2, 0, func([]int64) error {
				if pages++; pages == 4 {
					return enough
				}
				return nil
			})
			require.Error(t, err)
			require.NotErrorIs(t, err, enough)
		})
	}
}
