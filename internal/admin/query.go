package admin

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// Pages of a list: how long they are, and may be.
const (
	usualPage   = 50
	longestPage = 500
)

// cursor reads "before" (0 where it is absent) and "limit" of a list's query.
func cursor(c *gin.Context) (before int64, limit int, p *problem) {
	before, p = number(c, "before", math.MaxInt64)
	n, p2 := number(c, "limit", longestPage)
	if n == 0 {
		n = usualPage
	}
	return before, int(n), cmp.Or(p, p2)
}

// oneOf reads a word of the query, "" where it is absent.
func oneOf(c *gin.Context, name string, words ...string) (string, *problem) {
	word := c.Query(name)
	if _, given := c.GetQuery(name); given && !slices.Contains(words, word) {
		return "", refuse(http.StatusBadRequest, "bad_query", "%s takes %s", name, orList(words))
	}
	return word, nil
}

func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// pathID reads the id of the address.
func pathID(c *gin.Context, name, what string) (int64, *problem) {
	id, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || id < 1 {
		return 0, refuse(http.StatusNotFound, "not_found", "%s is a whole number above 0", what)
	}
	return id, nil
}

// onlyQuery refuses a query that holds what the address does not know, or
// anything twice: a mistyped filter would show too much.
func onlyQuery(c *gin.Context, known ...string) *problem {
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil { // what net/http would leave out in silence
		return refuse(http.StatusBadRequest, "bad_query", "the address ends in something that is no query")
	}
	for name, values := range query {
		if !slices.Contains(known, name) || len(values) > 1 {
			takes := "no query"
			if len(known) > 0 {
				takes = strings.Join(known, ", ")
			}
			return refuse(http.StatusBadRequest, "bad_query", "%.40q is not known here or stands twice; this address takes %s", name, takes)
		}
	}
	return nil
}

// number reads a whole number of the query, 0 where it is absent.
func number(c *gin.Context, name string, highest int64) (int64, *problem) {
	text := c.Query(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > highest {
		return 0, refuse(http.StatusBadRequest, "bad_query", "%s takes a whole number from 1 to %d", name, highest)
	}
	return n, nil
}

// bare reads the id of an address that takes no body, and answers where there is
// none, or a body.
func bare(c *gin.Context, what string) (int64, bool) {
	id, p := pathID(c, "id", what)
	if p == nil {
		var body []byte
		if body, p = readBody(c); p == nil {
			p = object(body)
		}
	}
	if p != nil {
		reply(c, p)
	}
	return id, p == nil
}
