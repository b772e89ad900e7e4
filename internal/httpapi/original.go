package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

const (
	originalChunk = 64 << 10
	// originalTime is how long a reader may take for a file, besides uploadGrace: as long as its upload might.
	originalTime = time.Second
)

// getOriginal sends the file of an import as it came. The last bytes wait until all of them are known to be right: with
// wrong ones the answer is cut, which no client takes for a whole file.
func (a *API) getOriginal(w http.ResponseWriter, r *http.Request) error {
	imported, body, err := a.Imports.Original(r.Context(), r.PathValue("importId"))
	if err != nil {
		return err
	}
	defer body.Close()
	allowed := uploadGrace + time.Duration(imported.SizeBytes/uploadBytesPerSecond)*originalTime
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(allowed))
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(imported.SizeBytes, 10))
	w.Header().Set("Content-Disposition",
		mime.FormatMediaType("attachment", map[string]string{"filename": imported.FileName}))
	w.Header().Set("ETag", `"`+imported.SHA256+`"`)
	if r.Method == http.MethodHead {
		return nil
	}
	var held []byte
	next := make([]byte, originalChunk)
	for {
		n, err := io.ReadFull(body, next)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			a.Log.ErrorContext(r.Context(), "sending an original", "import", imported.ID, "error", err)
			panic(http.ErrAbortHandler)
		}
		if _, err := w.Write(held); err != nil {
			return nil //nolint:nilerr // the caller is gone
		}
		if held = append(held[:0], next[:n]...); err != nil {
			_, _ = w.Write(held)
			return nil
		}
	}
}

func describeOriginal(_ *document, op *huma.Operation) {
	op.Parameters = []*huma.Param{pathParameter("importId")}
	op.Responses["200"] = &huma.Response{
		Description: "The file as it came; its ETag is the SHA-256 of its bytes",
		Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		},
	}
}
