package dashboard

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file that pages refer to. Its address has its hash in it, so that a
// browser may keep it for ever.
type asset struct {
	kind string
	text []byte
}

// assets are the files by the address they are served at, and the address of each
// name.
type assets struct {
	byPath map[string]asset
	paths  map[string]string
}

func readAssets() (assets, error) {
	out := assets{byPath: map[string]asset{}, paths: map[string]string{}}
	err := fs.WalkDir(assetFiles, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := assetFiles.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		ext := path.Ext(name)
		short := strings.TrimPrefix(name, "assets/")
		address := "/assets/" + strings.TrimSuffix(short, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		out.byPath[address] = asset{mime.TypeByExtension(ext), text}
		out.paths[short] = address
		return nil
	})
	return out, err
}

func (h *Handler) asset(c *gin.Context) {
	a, ok := h.assets.byPath[c.Request.URL.Path]
	if !ok {
		h.refuse(c, http.StatusNotFound, "error.not_found")
		return
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Data(http.StatusOK, a.kind, a.text)
}
