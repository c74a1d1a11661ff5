package odoosim_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
	"odoosync/odooclient"
)

func TestClientReadsTheSimulator(t *testing.T) {
	for _, version := range []int{16, 17, 18, 19} {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			sim := odoosim.New(odoosim.Options{Version: version})
			url, err := sim.Start()
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, sim.Close()) })
			sim.SeedSchoolTrips(odoosim.Size{Contacts: 10, Orders: 4, Invoices: 3, Leads: 2})
			c, err := odooclient.New(odooclient.Options{URL: url, Database: "odoosim", Login: "sync", APIKey: "sim-key"})
			require.NoError(t, err)
			t.Cleanup(c.Close)
			ctx := context.Background()
			v, err := c.Version(ctx)
			require.NoError(t, err)
			require.Equal(t, version, v.Major)
			ids, err := c.Search(ctx, "res.partner", nil, odooclient.Page{})
			require.NoError(t, err)
			require.Len(t, ids, 10)
			raws, err := c.Read(ctx, "res.partner", append(ids, 9999), []string{"name", "parent_id", "country_id", "write_date"})
			require.NoError(t, err)
			require.Len(t, raws, 10)
			require.Equal(t, int64(75), raws[0]["country_id"])
			require.Equal(t, false, raws[0]["parent_id"])
		})
	}
}
