package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/setup"
)

const (
	reasonMax     = 500
	originalChunk = 64 << 10
	// originalProved is the size up to which all bytes are known to be right before the first is sent.
	originalProved = 8 << 20
	// originalTime is how long a download may take beyond uploadGrace: as long as the upload might.
	originalTime = time.Second
)

// getOriginal sends the file of an import as it came. Of a large one the last bytes wait until all of them are known to
// be right: with wrong ones the answer is cut, which no client takes for a whole file.
func (a *API) getOriginal(w http.ResponseWriter, r *http.Request) error {
	imported, body, err := a.Imports.Original(r.Context(), r.PathValue("importId"))
	if err != nil {
		return err
	}
	defer body.Close()
	if imported.SizeBytes <= originalProved && r.Method != http.MethodHead {
		var text bytes.Buffer
		if _, err := text.ReadFrom(body); err != nil {
			return err
		}
		body = io.NopCloser(&text)
	}
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
			return nil // the caller is gone
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

// lasts lets a request take longer than the settings allow others.
func (e endpoint) lasts(most time.Duration) endpoint {
	e.most = most
	return e
}

type reprocessInput struct {
	pathID
	keyed
	Body json.RawMessage
}

// reprocessDoc documents the body of reprocess-import; the map is decoded as that of a source is.
type reprocessDoc struct {
	FieldMap map[string]any `json:"fieldMap,omitempty" doc:"How the file is read now, as a source's field map; default the source's own, or what detection finds"`
	Answers  map[string]int `json:"answers,omitempty" doc:"Answers to questions of READING_QUESTION, by id: the number of the answer"`
	Reason   string         `json:"reason" minLength:"1" maxLength:"500"`
}

// reprocessImport reads an original anew. The new rows take the place of the old ones in one commit.
func (a *API) reprocessImport(ctx context.Context, in *reprocessInput) (out importOut, err error) {
	again, err := decodeAgain(in.Body)
	if err != nil {
		return out, err
	}
	giveBack, err := a.uploads.take(ctx, 1)
	if err != nil {
		return out, err
	}
	defer giveBack()
	parsed, err := a.Imports.ParseAgain(ctx, in.ID, again)
	if err != nil {
		return out, err
	}
	defer parsed.Close()
	answer, err := a.once(ctx, in, bodyHash(in), func(tx *postgres.Tx) (postgres.Stored, error) {
		stored, err := parsed.StoreAgain(ctx, tx, again.Reason)
		if err != nil {
			return postgres.Stored{}, err
		}
		made := endpoint{out: reflect.TypeFor[importOut](), status: http.StatusOK}
		return made.answer(importOf(stored))
	})
	if err == nil {
		err = json.Unmarshal(answer.Body, &out)
	}
	return out, err
}

func decodeAgain(body json.RawMessage) (again ingestion.Again, err error) {
	var given struct {
		FieldMap json.RawMessage `json:"fieldMap"`
		Answers  map[string]int  `json:"answers"`
		Reason   string          `json:"reason"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil {
		return again, badValue("", recon.CodeValidationFailed, "is an object of fieldMap, answers and reason")
	}
	if again = (ingestion.Again{Answers: given.Answers, Reason: strings.TrimSpace(given.Reason)}); again.Reason == "" {
		return again, badValue("/reason", recon.CodeMissingValue, "is needed: the groups that are taken apart keep it")
	}
	if utf8.RuneCountInString(again.Reason) > reasonMax {
		return again, badValue("/reason", recon.CodeFieldTooLong, "has more than 500 letters")
	}
	if given.FieldMap != nil {
		fields, faults := setup.DecodeFieldMap(given.FieldMap)
		if len(faults) > 0 {
			return again, recon.Unprocessable(recon.CodeFieldMapInvalid, "the field map cannot be used",
				recon.Below("/fieldMap", faults)...)
		}
		again.FieldMap = &fields
	}
	return again, nil
}

type mendRejectInput struct {
	pathID
	Row  string `path:"row"`
	Body struct {
		Fields map[string]string `json:"fields" doc:"Values of columns of the file, by name, in the place of those that it has in this row"`
		Reason string            `json:"reason" minLength:"1" maxLength:"500"`
	}
}

// mendReject reads a row of an original again, with other values, and takes it in.
func (a *API) mendReject(ctx context.Context, in *mendRejectInput) (recon.StoredTransaction, error) {
	row, err := strconv.ParseInt(in.Row, 10, 64)
	if err != nil || row < 1 {
		row = -1 // no import lists it
	}
	return a.Imports.Mend(ctx, in.ID, ingestion.Mend{Row: row, Fields: in.Body.Fields, Reason: in.Body.Reason})
}
