package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"matcher/internal/ingestion"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

const (
	// maxUploads bounds what spooled files can take of the disk at once.
	maxUploads  = 32
	retryUpload = 5 * time.Second
	// An upload has uploadGrace and then a second for every uploadBytesPerSecond it brought, times the uploads that
	// its tenant has under way: a slow line gets through, one byte a second does not, and who holds many places is
	// asked for more on each.
	uploadGrace          = 30 * time.Second
	uploadBytesPerSecond = 4 << 10
	// multipartOverhead is what boundaries and part headers may add to a file.
	multipartOverhead = 64 << 10
	// answerBytesMax is far above any question's id.
	answerBytesMax = 1 << 10
	// storeTimeout is for the one transaction that takes the rows over: 60 k rows/s make 100 million rows half an hour.
	storeTimeout = 30 * time.Minute
)

// createImport streams the body into the service: a file is in, or it is not.
func (a *API) createImport(w http.ResponseWriter, r *http.Request) error {
	in, err := a.openUpload(w, r)
	if err != nil {
		return err
	}
	defer in.close()
	parsed, err := a.Imports.Parse(r.Context(), r.PathValue("sourceId"), in.file)
	if err != nil {
		return in.because(err)
	}
	defer parsed.Close()
	ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
	defer cancel()
	made := endpoint{out: reflect.TypeFor[importOut]()}.creates("/v1/imports/")
	asked := parsed.Hash()
	if len(in.file.Answers) > 0 {
		asked += fmt.Sprint(in.file.Answers) // sorted by id
	}
	answer, err := a.once(ctx, in.key, []byte(asked), func(tx *postgres.Tx) (postgres.Stored, error) {
		stored, err := parsed.Store(ctx, tx)
		if err != nil {
			return postgres.Stored{}, err
		}
		return made.answer(importOf(stored))
	})
	if err != nil {
		return parsed.Failed(r.Context(), err)
	}
	send(w, answer)
	return nil
}

// importOut is an import with the way to its refused rows.
type importOut struct {
	recon.Import
	RejectsURL  string `json:"rejectsUrl,omitempty" doc:"Where the refused rows are listed, when there are any"`
	SetAsideURL string `json:"setAsideUrl,omitempty" doc:"Where the rows set aside are listed, when there are any"`
	OriginalURL string `json:"originalUrl,omitempty" doc:"Where the file is, as it came; absent when it is not kept"`
	FindingsURL string `json:"findingsUrl" doc:"Where notes, proofs, control totals and gaps are listed"`
}

func importOf(i recon.Import) importOut {
	out := importOut{Import: i, FindingsURL: "/v1/imports/" + i.ID + "/findings"}
	if i.Original {
		out.OriginalURL = "/v1/imports/" + i.ID + "/original"
	}
	if i.RowsRejected > 0 {
		out.RejectsURL = "/v1/imports/" + i.ID + "/rejects"
	}
	if i.RowsSetAside > 0 {
		out.SetAsideURL = "/v1/imports/" + i.ID + "/rejects?kind=" + recon.CodeSetAside
	}
	return out
}

// preview reads a file as an import would, and stores nothing.
func (a *API) preview(w http.ResponseWriter, r *http.Request) error {
	in, err := a.openUpload(w, r)
	if err != nil {
		return err
	}
	defer in.close()
	seen, err := a.Imports.Preview(r.Context(), r.PathValue("sourceId"), in.file)
	if err != nil {
		return in.because(err)
	}
	return sendJSON(w, seen)
}

// upload is a file on its way in.
type upload struct {
	file  ingestion.File
	body  *pacedBody
	key   keyed
	close func()
}

// openUpload finds the file in the request: the raw body, or the one file of a form.
func (a *API) openUpload(w http.ResponseWriter, r *http.Request) (*upload, error) {
	file := ingestion.File{Answers: map[string]int{}}
	if err := uploadQuery(r, &file); err != nil {
		return nil, err
	}
	key := keyed{Key: r.Header.Get("Idempotency-Key"), Alias: r.Header.Get("X-Idempotency-Key")}
	if _, err := key.idempotencyKey(); err != nil {
		return nil, err
	}
	most := a.Limits().ImportBytes
	if r.ContentLength > most+multipartOverhead {
		return nil, &http.MaxBytesError{Limit: most}
	}
	giveBack, err := a.uploads.take(r.Context(), 1)
	if err != nil {
		return nil, err
	}
	in := &upload{key: key}
	in.body = &pacedBody{
		from: http.MaxBytesReader(w, r.Body, most+multipartOverhead), start: time.Now(),
		conn: http.NewResponseController(w), siblings: func() int64 { return a.uploads.holds(r.Context()) },
	}
	rooms := []func(){giveBack}
	in.close = func() {
		for _, giveBack := range rooms {
			giveBack()
		}
	}
	in.file = file
	in.file.Body, in.file.BytesMax = in.body, most
	in.file.Room = func() error {
		giveBack, err := a.spooled.take(r.Context(), ingestion.RoomStep)
		if err != nil {
			in.body.err = err
			return err
		}
		rooms = append(rooms, giveBack)
		return nil
	}
	if err := in.openForm(r); err != nil {
		in.close()
		return nil, in.because(err)
	}
	if in.file.Name == "" {
		in.file.Name = "upload"
	}
	return in, nil
}

// uploadQuery takes the file's name and answers, and refuses other parameters, as all operations do.
func uploadQuery(r *http.Request, to *ingestion.File) error {
	for parameter, values := range r.URL.Query() {
		switch parameter {
		case "name":
			to.Name = values[0]
		case "answer":
			for _, text := range values {
				if err := addAnswer(to, text); err != nil {
					return err
				}
			}
		default:
			return recon.Unprocessable(recon.CodeValidationFailed, "the query parameters here are name and answer")
		}
	}
	if len(to.Name) > ingestion.FileNameBytesMax {
		return recon.Unprocessable(recon.CodeValidationFailed,
			fmt.Sprintf("name is longer than %d bytes", ingestion.FileNameBytesMax))
	}
	return nil
}

func addAnswer(to *ingestion.File, text string) error {
	id, number, err := ingestion.ParseAnswer(text)
	if err == nil {
		to.Answers[id] = number
	}
	return err
}

// openForm goes to the file of a multipart form; any other body is the file itself.
func (in *upload) openForm(r *http.Request) error {
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/form-data" {
		return nil //nolint:nilerr // not a form: formats are detected by content
	}
	form := multipart.NewReader(in.body, parameters["boundary"])
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return recon.Invalid(recon.CodeMultipartUnreadable, "the form holds no file: send one")
		}
		if err != nil {
			return recon.Invalid(recon.CodeMultipartUnreadable,
				"the form cannot be read: its boundary or its headers are wrong")
		}
		if part.FileName() == "" {
			if err := in.answer(part); err != nil {
				return err
			}
			continue
		}
		if in.file.Name == "" {
			in.file.Name = strings.ReplaceAll(strings.ToValidUTF8(part.FileName(), "?"), "\x00", "?")
		}
		in.file.Body = &onlyFile{part: part, form: form}
		return nil
	}
}

// answer takes a field of a form in front of its file.
func (in *upload) answer(part *multipart.Part) error {
	if part.FormName() != "answer" {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(part, answerBytesMax))
	if err != nil {
		return recon.Invalid(recon.CodeBodyIncomplete, "the form ended before its last boundary")
	}
	return addAnswer(&in.file, string(text))
}

// onlyFile reads one file of a form and makes sure that the form ends well behind it: a cut-off form, or a second
// file, must not pass for a whole one.
type onlyFile struct {
	part *multipart.Part
	form *multipart.Reader
}

func (f *onlyFile) Read(p []byte) (int, error) {
	n, err := f.part.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	for {
		next, err := f.form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return n, io.EOF
		case err != nil:
			return n, recon.Invalid(recon.CodeBodyIncomplete, "the form ended before its last boundary")
		case next.FormName() == "answer":
			return n, recon.Invalid(recon.CodeMultipartUnreadable, "the form's answers stand before its file")
		case next.FileName() != "":
			return n, recon.Invalid(recon.CodeMultipartUnreadable, "the form holds several files: send one at a time")
		}
	}
}

// pacedBody is the request's body with a read deadline that moves with what was read, and a memory of what went wrong.
type pacedBody struct {
	from  io.Reader
	start time.Time
	conn  *http.ResponseController
	read  int64
	err   error

	siblings func() int64 // uploads of its tenant under way, itself one of them
}

func (b *pacedBody) Read(p []byte) (int, error) {
	allowed := uploadGrace + time.Duration(b.read/(uploadBytesPerSecond*b.siblings()))*time.Second
	_ = b.conn.SetReadDeadline(b.start.Add(allowed)) // a connection without deadlines is a test's
	n, err := b.from.Read(p)
	b.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// because prefers what went wrong with the body over what the reader of it made of that.
func (in *upload) because(err error) error {
	var tooLarge *http.MaxBytesError
	switch cause := in.body.err; {
	case cause == nil:
		return err
	case recon.CodeOf(cause) != "":
		return cause
	case errors.As(cause, &tooLarge):
		return recon.TooLarge(recon.CodeFileTooLarge,
			"the file is larger than %d bytes", tooLarge.Limit-multipartOverhead)
	case errors.Is(cause, os.ErrDeadlineExceeded):
		return &problem{
			Type: "about:blank", Title: http.StatusText(http.StatusRequestTimeout), Status: http.StatusRequestTimeout,
			Code:   recon.CodeBodyTooSlow,
			Detail: "the file arrives too slowly and was given up; nothing of it is stored",
		}
	default:
		return recon.Invalid(recon.CodeBodyIncomplete, "the body ended before it was whole; nothing of it is stored")
	}
}

func describeImport(d *document, op *huma.Operation) {
	describeUpload(op)
	op.Parameters = append(op.Parameters,
		&huma.Param{Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string"}},
		&huma.Param{Name: "X-Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string"}})
	op.Responses["201"] = &huma.Response{
		Description: "The file is in: what was stored, kept once and refused",
		Headers:     map[string]*huma.Param{"Location": {Schema: &huma.Schema{Type: "string"}}},
		Content:     map[string]*huma.MediaType{"application/json": {Schema: d.schema(importOut{})}},
	}
}

func describePreview(d *document, op *huma.Operation) {
	describeUpload(op)
	op.Responses["200"] = &huma.Response{
		Description: "How the file would be read",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: d.schema(ingestion.Preview{})}},
	}
}

func describeUpload(op *huma.Operation) {
	file := &huma.Schema{Type: "string", Format: "binary"}
	op.Parameters = []*huma.Param{
		pathParameter("sourceId"),
		{Name: "name", In: "query", Description: "The file's name", Schema: &huma.Schema{Type: "string"}},
		{
			Name: "answer", In: "query", Schema: &huma.Schema{Type: "array", Items: &huma.Schema{Type: "string"}},
			Description: "Answers a question of READING_QUESTION: its id and the number of the answer, direction=1",
		},
	}
	op.RequestBody = &huma.RequestBody{
		Required: true,
		Description: "The file itself, or a form with one file, behind its fields answer. Formats are detected by " +
			"content: tables (CSV, TSV, JSON, NDJSON, XLSX, ODS), files of banks (camt, MT940, BAI2, OFX, QIF and more), gzip, ZIP",
		Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: file},
			"multipart/form-data": {Schema: &huma.Schema{
				Type: "object", Required: []string{"file"}, Properties: map[string]*huma.Schema{
					"answer": {Type: "array", Items: &huma.Schema{Type: "string"}}, "file": file,
				},
			}},
		},
	}
}

type importsInput struct {
	pageOfID
	SHA256 string `query:"sha256" pattern:"^[0-9a-f]{64}$" doc:"Imports of the same bytes"`
}

func listImports(ctx context.Context, tx *postgres.Tx, in *importsInput) ([]recon.Import, string, error) {
	return tx.Imports(ctx, in.ID, in.SHA256, in.page())
}

type rejectsInput struct {
	pageOfID
	Kind string `query:"kind" enum:"REJECTED,SET_ASIDE,REPEATED" default:"REJECTED" doc:"SET_ASIDE: no movements of money. REPEATED: rows that were known, with another text or balance, and pending ones whose booked rows are there"`
}

func listRejects(ctx context.Context, tx *postgres.Tx, in *rejectsInput) ([]recon.RowError, string, error) {
	return tx.Rejects(ctx, in.ID, in.Kind, in.page())
}

type findingsInput struct {
	pageOfID
	Kind string `query:"kind" enum:"NOTE,PROOF,CONTROL_TOTAL,CONTINUITY" doc:"CONTROL_TOTAL: figures of the file contradict each other. CONTINUITY: a statement does not begin where the one before ends"`
}

func listFindings(ctx context.Context, tx *postgres.Tx, in *findingsInput) ([]recon.Finding, string, error) {
	return tx.ImportFindings(ctx, in.ID, in.Kind, in.page())
}

func getReading(ctx context.Context, tx *postgres.Tx, in *pathID) (ingestion.Reading, error) {
	return ingestion.ReadingOf(ctx, tx, in.ID)
}

func getImport(ctx context.Context, tx *postgres.Tx, in *pathID) (importOut, error) {
	i, err := tx.Import(ctx, in.ID)
	return importOf(i), err
}
