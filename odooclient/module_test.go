package odooclient

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What an Odoo answers that has no module, or an older one, is no refusal of a
// record.
func TestAMissingOrOlderModuleIsKnownByItsFault(t *testing.T) {
	for message, want := range map[string]bool{
		"The method 'res.partner.odoosync_write' does not exist":                                    true,
		"The method 'res.partner.odoosync_written' does not exist":                                  true,
		"type object 'product.product' has no attribute 'odoosync_write_date'":                      true,
		"WebhookSource.odoosync_write() takes 3 positional arguments but 4 were given":              true,
		"WebhookSource.odoosync_write() got an unexpected keyword argument 'context'":               false,
		"The method 'res.partner.write' does not exist":                                             false,
		"a constraint of somebody's says that odoosync_write may not have this positional argument": false,
	} {
		kind := "AttributeError: "
		if message[0] == 'W' {
			kind = "TypeError: "
		}
		if message[0] == 'a' {
			kind = "odoo.exceptions.ValidationError: "
		}
		require.Equal(t, want, lacksMethod(&Fault{Code: 1, Message: message, Trace: "Traceback\n" + kind + message}), message)
	}
}
