package webhooks

import (
	"net/http"
	"regexp"
	"strconv"
)

// The module's headers: which configuration of which database sent the event,
// and its number there, from 1 on and without holes.
const (
	streamHeader   = "X-Webhook-Stream"
	sequenceHeader = "X-Webhook-Sequence"
)

var (
	streamForm   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	sequenceForm = regexp.MustCompile(`^[1-9][0-9]{0,9}$`)
)

// place reads them. Anything but one good value of each counts as none: the
// event is taken all the same. garbage tells that there was something.
func place(h http.Header) (stream string, number int64, garbage bool) {
	streams, numbers := h.Values(streamHeader), h.Values(sequenceHeader)
	if len(streams) == 0 && len(numbers) == 0 {
		return "", 0, false
	}
	if len(streams) != 1 || len(numbers) != 1 || !streamForm.MatchString(streams[0]) || !sequenceForm.MatchString(numbers[0]) {
		return "", 0, true
	}
	number, err := strconv.ParseInt(numbers[0], 10, 32) // an Integer of Odoo's
	if err != nil {
		return "", 0, true
	}
	return streams[0], number, false
}
