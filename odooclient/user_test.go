package odooclient

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A call over XML-RPC has no session: without these Odoo would work in all of
// the user's companies and in English.
func TestTheUsersCompanyAndLanguageAreUsedWhereNothingIsSaid(t *testing.T) {
	for _, tt := range []struct {
		name      string
		options   func(*Options)
		companies []int64
		sends     []string
	}{
		{"nothing is said", nil, []int64{7}, []string{"<int>7</int>", "fr_FR"}},
		{"the settings say both", func(o *Options) { o.Companies, o.Lang = []int64{3, 1}, "de_DE" }, []int64{3, 1}, []string{"<int>3</int>", "<int>1</int>", "de_DE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var last string
			c := scripted(t, tt.options, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				last = string(body)
				if strings.Contains(last, "res.users") {
					xmlReply(w, "<array><data><value><struct><member><name>id</name><value><int>2</int></value></member>"+
						"<member><name>company_id</name><value><int>7</int></value></member>"+
						"<member><name>lang</name><value><string>fr_FR</string></value></member></struct></value></data></array>")
					return
				}
				xmlReply(w, "<int>0</int>")
			})
			p, err := c.Adopt(context.Background())
			require.NoError(t, err)
			require.Equal(t, Profile{Company: 7, Lang: "fr_FR"}, p)
			require.Equal(t, tt.companies, c.Synced())
			_, err = c.SearchCount(context.Background(), "res.partner", nil)
			require.NoError(t, err)
			context := last[strings.Index(last, "allowed_company_ids"):]
			for _, want := range tt.sends {
				require.Contains(t, last, want)
			}
			require.NotContains(t, context, "<int>2</int>")
		})
	}
}
