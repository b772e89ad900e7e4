//go:build integration

package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestImports(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	source := c.NewSource(c.NewContext("Cash"), "ledger", recon.Left)
	path := "/v1/sources/" + source + "/imports"
	c.Must("PUT", "/v1/sources/"+source+"/field-map", `{"externalId":"id","date":{"columns":["date"],"dateFormat":"YYYY-MM-DD"},"reference":"reference","amount":"amount","currency":"currency"}`, nil)
	createImport := c.Call("POST", path+"?name=january.csv", ledger+"L4,2026-13-45,INV-4,1.00,EUR,no such day\n", "Content-Type", "text/csv")
	require.Equal(t, http.StatusCreated, createImport.Status, "%s", createImport.Body)
	var imported struct {
		recon.Import
		RejectsURL string
	}
	require.NoError(t, json.Unmarshal(createImport.Body, &imported))
	t.Run("counts tie and refused rows have a line and a reason", func(t *testing.T) {
		require.Equal(t, []int64{4, 3, 0, 1}, []int64{imported.RowsRead, imported.RowsInserted, imported.RowsDuplicate, imported.RowsRejected})
		listRejects := items[recon.RowError](t, c, imported.RejectsURL)
		require.Len(t, listRejects, 1)
		require.Equal(t, 5, listRejects[0].Line)
		require.Equal(t, recon.CodeDateUnreadable, listRejects[0].Code)
	})
	t.Run("the same file again adds nothing", func(t *testing.T) {
		again := c.Upload(source, "copy.csv", ledger)
		require.Equal(t, []int64{3, 0, 3}, []int64{again.RowsRead, again.RowsInserted, again.RowsDuplicate})
	})
	t.Run("a form with one file is as good as a raw body", func(t *testing.T) {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		file, err := w.CreateFormFile("file", "form.csv")
		require.NoError(t, err)
		_, _ = io.WriteString(file, "id,date,reference,amount,currency,description\nF1,2026-02-01,R,5.00,EUR,Form\n")
		require.NoError(t, w.Close())
		whole := form.Bytes()
		cut := c.Call("POST", path, whole[:len(whole)-8], "Content-Type", w.FormDataContentType())
		require.Equal(t, http.StatusBadRequest, cut.Status, "%s", cut.Body)
		var stored recon.Import
		c.Must("POST", path, whole, &stored, "Content-Type", w.FormDataContentType())
		require.Equal(t, "form.csv", stored.FileName)
		require.EqualValues(t, 1, stored.RowsInserted)
	})
	t.Run("what is no file of rows is refused whole", func(t *testing.T) {
		for name, body := range map[string]string{
			"empty": "", "binary": "\x00\x01\x02PK\x03\x04" + strings.Repeat("\x00", 500), "no amount": "id,date\n1,2026-01-01\n",
			"two header rows": strings.Repeat("id,date,amount,currency\n", 2),
		} {
			answer := c.Call("POST", path, body, "Content-Type", "text/csv")
			require.GreaterOrEqual(t, answer.Status, 400, name)
			require.Less(t, answer.Status, 500, "%s: %s", name, answer.Body)
			require.NotEmpty(t, answer.Problem().Detail, name)
		}
		require.Len(t, items[recon.Import](t, c, path), 3)
	})
	t.Run("a preview stores nothing", func(t *testing.T) {
		var preview struct{ Rows []any }
		c.Must("POST", "/v1/sources/"+source+"/preview", ledger, &preview, "Content-Type", "text/csv")
		require.Len(t, preview.Rows, 3)
		require.Len(t, items[recon.Import](t, c, path), 3)
	})
	t.Run("an import can be taken back whole, once", func(t *testing.T) {
		voidImport := c.Must("POST", "/v1/imports/"+imported.ID+"/void", nil, nil)
		require.Equal(t, http.StatusOK, voidImport.Status)
		require.Equal(t, http.StatusConflict, c.Call("POST", "/v1/imports/"+imported.ID+"/void", nil).Status)
	})
}

// asks is a file whose words for in and out are in no table.
const asks = "id,date,amount,way,currency\nB1,2026-03-01,5.00,Zig,EUR\nB2,2026-03-02,3.00,Zag,EUR\nB3,2026-03-03,4.00,Zig,EUR\nB4,2026-03-04,7.00,Zag,EUR\n"

func TestImport_AsksAndTakesAnswers(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	source := c.NewSource(c.NewContext("Cash"), "bank", recon.Right)
	path := "/v1/sources/" + source + "/imports"
	refused := c.Call("POST", path, asks, "Content-Type", "text/csv")
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status, "%s", refused.Body)
	var problem struct {
		Code      string
		Questions []struct {
			ID, Text string
			Answers  []struct {
				Text, Line string
				Patch      recon.FieldMap
			}
		}
	}
	require.NoError(t, json.Unmarshal(refused.Body, &problem))
	require.Equal(t, recon.CodeReadingQuestion, problem.Code)
	require.NotEmpty(t, problem.Questions)
	var query []string
	for _, q := range problem.Questions {
		require.NotEmpty(t, q.Text)
		require.GreaterOrEqual(t, len(q.Answers), 2)
		require.NotEmpty(t, q.Answers[0].Line)
		number := 1
		for i, a := range q.Answers {
			if a.Patch.Fields[recon.FieldDirection].Values["Zag"] == recon.DirectionOut {
				number = i + 1
			}
		}
		query = append(query, fmt.Sprintf("answer=%s=%d", url.QueryEscape(q.ID), number))
	}
	for _, wrong := range []string{"answer=direction", "answer=direction=0", "answer=%3D1", "other=1"} {
		answer := c.Call("POST", path+"?"+wrong, asks, "Content-Type", "text/csv")
		require.Equal(t, http.StatusUnprocessableEntity, answer.Status, wrong)
		require.Equal(t, recon.CodeValidationFailed, answer.Problem().Code, wrong)
	}
	var preview struct {
		Sums     map[string]string
		RowsRead int
	}
	c.Must("POST", "/v1/sources/"+source+"/preview?"+strings.Join(query, "&"), asks, &preview, "Content-Type", "text/csv")
	require.Equal(t, map[string]string{"EUR": "-1.00"}, preview.Sums)

	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, text := range query {
		answer, err := url.QueryUnescape(strings.TrimPrefix(text, "answer="))
		require.NoError(t, err)
		require.NoError(t, w.WriteField("answer", answer))
	}
	file, err := w.CreateFormFile("file", "form.csv")
	require.NoError(t, err)
	_, _ = io.WriteString(file, asks)
	require.NoError(t, w.Close())
	var stored recon.Import
	c.Must("POST", path, form.Bytes(), &stored, "Content-Type", w.FormDataContentType())
	require.Equal(t, preview.Sums, stored.Sums)
	var getReading struct{ FieldMap recon.FieldMap }
	c.Must("GET", "/v1/imports/"+stored.ID+"/reading", nil, &getReading)
	require.Equal(t, []string{"way"}, getReading.FieldMap.Fields[recon.FieldDirection].Columns)
}

func TestImport_ListsRowsSetAside(t *testing.T) {
	t.Parallel()
	_, c := setup(t)
	source := c.NewSource(c.NewContext("Cash"), "bank", recon.Right)
	c.Must("PUT", "/v1/sources/"+source+"/field-map", `{"externalId":"id","date":"date","amount":"amount","currency":"currency","balances":["carried over"]}`, nil)
	var stored struct {
		recon.Import
		RejectsURL, SetAsideURL string
	}
	c.Must("POST", "/v1/sources/"+source+"/imports", "id,date,amount,currency,text\nA,2026-03-01,1.00,EUR,one\n,2026-03-01,9.00,EUR,carried over\n", &stored, "Content-Type", "text/csv")
	require.Equal(t, []int64{2, 1, 0, 1}, []int64{stored.RowsRead, stored.RowsInserted, stored.RowsRejected, stored.RowsSetAside})
	require.Empty(t, stored.RejectsURL)
	aside := items[recon.RowError](t, c, stored.SetAsideURL)
	require.Len(t, aside, 1)
	require.Equal(t, recon.CodeSetAside, aside[0].Code)
	require.Equal(t, 3, aside[0].Line)
	require.Empty(t, items[recon.RowError](t, c, "/v1/imports/"+stored.ID+"/rejects"))
	require.Equal(t, http.StatusUnprocessableEntity, c.Call("GET", "/v1/imports/"+stored.ID+"/rejects?kind=ALL", nil).Status)
}

func TestImport_TooLarge(t *testing.T) {
	t.Parallel()
	api := testkit.Server(t, testkit.ImportBytes(1<<20))
	c := api.As(api.NewTenant("a"), auth.RoleAdmin)
	source := c.NewSource(c.NewContext("Cash"), "ledger", recon.Left)
	answer := c.Call("POST", "/v1/sources/"+source+"/imports", strings.Repeat("x", 3<<20), "Content-Type", "text/csv")
	require.Equal(t, http.StatusRequestEntityTooLarge, answer.Status, "%s", answer.Body)
}

func TestT39_AnAbortedUploadLeavesNothing(t *testing.T) {
	t.Parallel()
	api, c := setup(t)
	source := c.NewSource(c.NewContext("Cash"), "ledger", recon.Left)
	tenantID := tenantOf(t, c)
	before := digestOf(t, api, tenantID)
	for range 40 { // more than may be under way at once: each must free its place
		conn, err := net.Dial("tcp", strings.TrimPrefix(c.URL, "http://"))
		require.NoError(t, err)
		fmt.Fprintf(conn, "POST /v1/sources/%s/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100000\r\n\r\n%s", source, c.Token, ledger)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		answer, _ := io.ReadAll(conn) // the server answers 400 or hangs up; both end the read
		require.NotContains(t, string(answer), "201 Created")
		conn.Close()
	}
	require.Equal(t, before, digestOf(t, api, tenantID))
	require.EqualValues(t, 3, c.Upload(source, "ledger.csv", ledger).RowsInserted)
}

func tenantOf(t *testing.T, c *testkit.Client) string {
	t.Helper()
	var me struct{ TenantID string }
	c.Must("GET", "/v1/me", nil, &me)
	return me.TenantID
}

func TestT78_AnIdempotencyKeyMakesARetrySafe(t *testing.T) {
	t.Parallel()
	api, c := setup(t)
	other := api.As(api.NewTenant("other"), auth.RoleAdmin)
	once := c.Must("POST", "/v1/contexts", `{"name":"Cash"}`, nil, "Idempotency-Key", "k1")
	t.Run("the same request gets the same answer and does nothing", func(t *testing.T) {
		again := c.Must("POST", "/v1/contexts", `{ "name": "Cash" }`, nil, "X-Idempotency-Key", "k1")
		require.Equal(t, string(once.Body), string(again.Body))
		require.Equal(t, once.Status, again.Status)
		require.Equal(t, once.Header.Get("Location"), again.Header.Get("Location"))
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		require.Len(t, items[recon.Context](t, c, "/v1/contexts"), 1)
	})
	t.Run("another body is refused", func(t *testing.T) {
		require.Equal(t, "IDEMPOTENCY_KEY_REUSED", c.Call("POST", "/v1/contexts", `{"name":"Other"}`, "Idempotency-Key", "k1").Problem().Code)
	})
	t.Run("another tenant's and another path's keys are their own", func(t *testing.T) {
		require.Equal(t, http.StatusCreated, other.Call("POST", "/v1/contexts", `{"name":"Cash"}`, "Idempotency-Key", "k1").Status)
	})
	t.Run("a refusal is not stored", func(t *testing.T) {
		require.Equal(t, http.StatusConflict, c.Call("POST", "/v1/contexts", `{"name":"Cash"}`, "Idempotency-Key", "k2").Status)
		require.Equal(t, http.StatusCreated, c.Call("POST", "/v1/contexts", `{"name":"Cards"}`, "Idempotency-Key", "k2").Status)
	})
	t.Run("two names of the key that differ are refused", func(t *testing.T) {
		require.Equal(t, http.StatusBadRequest, c.Call("POST", "/v1/contexts", `{"name":"X"}`, "Idempotency-Key", "a", "X-Idempotency-Key", "b").Status)
	})
	t.Run("a file that is sent again under its key is the first import", func(t *testing.T) {
		path := "/v1/sources/" + c.NewSource(c.NewContext("Files"), "ledger", recon.Left) + "/imports"
		sent := c.Must("POST", path, ledger, nil, "Idempotency-Key", "f1", "Content-Type", "text/csv")
		again := c.Must("POST", path, ledger, nil, "Idempotency-Key", "f1", "Content-Type", "text/csv")
		require.JSONEq(t, string(sent.Body), string(again.Body))
		require.Len(t, items[recon.Import](t, c, path), 1)
		require.Equal(t, "IDEMPOTENCY_KEY_REUSED", c.Call("POST", path, bank, "Idempotency-Key", "f1", "Content-Type", "text/csv").Problem().Code)
	})
}
