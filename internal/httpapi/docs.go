package httpapi

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strings"
)

//go:embed docs/page.html
var pageHTML string

//go:embed docs/page.css
var pageCSS string

//go:embed docs/page.js
var pageJS string

// docsPage is /docs, ready to be sent.
type docsPage struct {
	html   []byte
	policy string
}

func newDocsPage() docsPage {
	html := strings.NewReplacer("/*style*/", pageCSS, "/*script*/", pageJS).Replace(pageHTML)
	return docsPage{
		html: []byte(html),
		policy: "default-src 'none'; connect-src 'self'; style-src '" + hashOf(pageCSS) + "'; script-src '" +
			hashOf(pageJS) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
