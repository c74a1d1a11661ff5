package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"golang.org/x/time/rate"
)

// Wrong tokens: an address has triesAtOnce, and one more each everyTry.
const (
	triesAtOnce = 5
	everyTry    = 10 * time.Second
)

// maxClients bounds the addresses that are remembered. Beyond it, new ones
// share one allowance: an attacker with many addresses gains nothing by them.
const maxClients = 4096

// Role is what a token opens.
type Role string

// The roles. RoleNone is nobody's.
const (
	RoleNone   Role = ""
	RoleReader Role = "reader" // looks
	RoleAdmin  Role = "admin"  // looks and acts
)

// ErrUnknownToken and ErrTooManyTries say why a token opens nothing.
var (
	ErrUnknownToken = errors.New("the token is not known here")
	ErrTooManyTries = errors.New("too many wrong tokens came from this address; wait before the next try")
)

// TryAgainIn is when an address that has used up its tries has one again.
const TryAgainIn = everyTry

// Guard knows the tokens and who tried wrong ones. The API and the dashboard
// share one, so that a guess at one counts at the other. It is safe for
// concurrent use.
type Guard struct {
	token, read [sha256.Size]byte // only hashes are kept and compared
	hasRead     bool
	clock       clockwork.Clock

	mu    sync.Mutex
	tries map[string]*rate.Limiter // of those that have shown a wrong token lately
}

// NewGuard makes a guard. read is "" where nobody may only look; clock nil is
// the real one.
func NewGuard(token, read string, clock clockwork.Clock) *Guard {
	if clock == nil {
		clock = clockwork.NewRealClock()
	}
	return &Guard{token: sha256.Sum256([]byte(token)), read: sha256.Sum256([]byte(read)), hasRead: read != "", clock: clock, tries: map[string]*rate.Limiter{}}
}

// admit judges a request: nil lets it in.
func (g *Guard) admit(address string, r *http.Request) *problem {
	token := bearer(r.Header)
	if token == "" { // no guess
		return refuse(http.StatusUnauthorized, "unauthorized", "the header Authorization: Bearer <admin.token> is missing")
	}
	role, err := g.Who(address, token)
	switch {
	case errors.Is(err, ErrTooManyTries):
		return refuse(http.StatusTooManyRequests, "too_many_requests", "%s", err.Error())
	case err != nil:
		return refuse(http.StatusUnauthorized, "unauthorized", "%s", err.Error())
	case role == RoleReader && r.Method != http.MethodGet:
		return refuse(http.StatusForbidden, "read_only", "admin.read_token only reads; this needs admin.token")
	}
	return nil
}

// Who tells what a token opens that came from an address. The error is
// ErrUnknownToken or ErrTooManyTries.
func (g *Guard) Who(address, token string) (Role, error) {
	hash := sha256.Sum256([]byte(token))
	all := subtle.ConstantTimeCompare(g.token[:], hash[:]) == 1
	some := subtle.ConstantTimeCompare(g.read[:], hash[:]) == 1 && g.hasRead
	switch {
	case !g.mayTry(address, all || some):
		return RoleNone, ErrTooManyTries
	case all:
		return RoleAdmin, nil
	case some:
		return RoleReader, nil
	}
	return RoleNone, ErrUnknownToken
}

// mayTry spends one of the address's tries for a wrong token. While none is
// left even the right token is turned away: else the answers would tell it.
func (g *Guard) mayTry(address string, right bool) bool {
	now := g.clock.Now()
	key := network(address)
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.tries[key]
	if l == nil && right {
		return true
	}
	if l == nil {
		if len(g.tries) >= maxClients {
			g.forget(now)
		}
		if len(g.tries) >= maxClients {
			key = "others"
		}
		if l = g.tries[key]; l == nil {
			l = rate.NewLimiter(rate.Every(everyTry), triesAtOnce)
			g.tries[key] = l
		}
	}
	if right {
		return l.TokensAt(now) >= 1
	}
	return l.AllowN(now, 1)
}

// forget drops the addresses whose tries have all come back.
func (g *Guard) forget(now time.Time) {
	for key, l := range g.tries {
		if l.TokensAt(now) >= triesAtOnce {
			delete(g.tries, key)
		}
	}
}

// network is what one client has: an address, or of IPv6 a network of 64 bits,
// in which a client chooses addresses as it likes.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// bearer returns the token of an Authorization header.
func bearer(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
