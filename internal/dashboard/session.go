package dashboard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.uber.org/zap"

	"odoosync/internal/admin"
	"odoosync/internal/logs"
)

// sessionLength is how long a login lasts, however it is used.
const sessionLength = 12 * time.Hour

// The cookies.
const (
	sessionCookie = "odoosync_session"
	flashCookie   = "odoosync_said"
	langCookie    = "odoosync_lang"
)

// sessions makes and reads the cookies of logins. Nothing is kept: what a cookie
// says is believed for its signature. The key of a role is made of the role's
// token, so that a changed token ends its sessions.
type sessions struct {
	keys map[admin.Role][]byte
}

func newSessions(token, read string) sessions {
	s := sessions{keys: map[admin.Role][]byte{admin.RoleAdmin: sessionKey(token, admin.RoleAdmin)}}
	if read != "" {
		s.keys[admin.RoleReader] = sessionKey(read, admin.RoleReader)
	}
	return s
}

func sessionKey(token string, role admin.Role) []byte {
	return signed([]byte(token), "odoosync dashboard session, version 1, "+string(role))
}

func signed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text)) // it never errs
	return mac.Sum(nil)
}

// issue makes the cookie's value.
func (s sessions) issue(role admin.Role, now time.Time) string {
	text := fmt.Sprintf("%s.%d", role, now.Add(sessionLength).Unix())
	return text + "." + base64.RawURLEncoding.EncodeToString(signed(s.keys[role], text))
}

// read returns the role of a cookie's value, RoleNone for one that is forged,
// over, or of another token.
func (s sessions) read(value string, now time.Time) admin.Role {
	parts := strings.Split(value, ".")
	if len(parts) != 3 {
		return admin.RoleNone
	}
	role := admin.Role(parts[0])
	key, known := s.keys[role]
	ends, err := strconv.ParseInt(parts[1], 10, 64)
	mac, err2 := base64.RawURLEncoding.DecodeString(parts[2])
	if !known || err != nil || err2 != nil || !hmac.Equal(mac, signed(key, parts[0]+"."+parts[1])) || now.Unix() >= ends {
		return admin.RoleNone
	}
	return role
}

// role is what the request's session opens.
func (h *Handler) role(c *gin.Context) admin.Role {
	value, err := c.Cookie(sessionCookie)
	if err != nil {
		return admin.RoleNone
	}
	return h.sessions.read(value, h.o.Clock.Now())
}

// admit lets only those in who have logged in, and of those only an admin act.
func (h *Handler) admit(c *gin.Context) {
	switch role := h.role(c); {
	case role == admin.RoleNone && c.Request.Method != http.MethodGet:
		h.refuse(c, http.StatusUnauthorized, "error.session")
	case role == admin.RoleNone && isFragment(c):
		c.Header("HX-Refresh", "true") // the page, asked for again, leads to the login
		c.AbortWithStatus(http.StatusUnauthorized)
	case role == admin.RoleNone:
		c.Redirect(http.StatusSeeOther, "/login?"+query("next", localPath(c.Request.URL.RequestURI())))
		c.Abort()
	case role != admin.RoleAdmin && c.Request.Method != http.MethodGet:
		c.Set(roleKey, role)
		h.refuse(c, http.StatusForbidden, "error.read_only")
	default:
		c.Set(roleKey, role)
	}
}

const roleKey = "odoosync.role"

// roleOf is the role that admit has found.
func roleOf(c *gin.Context) admin.Role {
	role, _ := c.Value(roleKey).(admin.Role)
	return role
}

// loginPage is the form's content.
type loginPage struct {
	Next  string
	Error string
}

func (h *Handler) loginForm(c *gin.Context) {
	if h.role(c) != admin.RoleNone {
		c.Redirect(http.StatusSeeOther, "/")
		return
	}
	h.page(c, http.StatusOK, "login", "login.title", loginPage{Next: localPath(c.Query("next"))})
}

func (h *Handler) login(c *gin.Context) {
	next := localPath(c.PostForm("next"))
	role, err := h.o.Guard.Who(c.ClientIP(), strings.TrimSpace(c.PostForm("token")))
	if err != nil {
		h.o.Logger.Warn("a login was refused", zap.String("client", c.ClientIP()), logs.Failure(err))
		status, key := http.StatusUnauthorized, "login.wrong"
		if errors.Is(err, admin.ErrTooManyTries) {
			status, key = http.StatusTooManyRequests, "login.too_many"
			c.Header("Retry-After", strconv.Itoa(int(admin.TryAgainIn.Seconds())))
		}
		h.page(c, status, "login", "login.title", loginPage{Next: next, Error: key})
		return
	}
	h.setCookie(c, sessionCookie, h.sessions.issue(role, h.o.Clock.Now()), sessionLength)
	h.o.Logger.Info("somebody logged in", zap.String("client", c.ClientIP()), zap.String("role", string(role)))
	c.Redirect(http.StatusSeeOther, next)
}

func (h *Handler) logout(c *gin.Context) {
	h.setCookie(c, sessionCookie, "", -time.Second)
	c.Redirect(http.StatusSeeOther, "/login")
}

// setCookie sets a cookie that no script reads, and no other site sends. A
// negative age removes it.
func (h *Handler) setCookie(c *gin.Context, name, value string, age time.Duration) {
	http.SetCookie(c.Writer, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(age.Seconds()), HttpOnly: true, Secure: h.secure(c.Request), SameSite: http.SameSiteStrictMode})
}

// secure tells whether the browser speaks TLS: with us, or with a proxy that is
// trusted to say so.
func (h *Handler) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, p := range h.proxies {
		if p.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// localPath keeps a redirect on this site.
func localPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") || strings.HasPrefix(path, "/login") {
		return "/"
	}
	return path
}
