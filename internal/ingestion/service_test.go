//go:build integration

package ingestion_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/auth"
	"matcher/internal/ingestion"
	"matcher/internal/jobs"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// bundle is a tenant with one context and one source.
type bundle struct {
	*testkit.Installation
	ctx      context.Context
	tenantID string
	context  recon.Context
	source   recon.Source
}

// queueOnce gives the shared installation its queue; no worker takes from it.
var queueOnce sync.Once

func setup(t testing.TB) (*ingestion.Service, *bundle) {
	t.Helper()
	b := &bundle{Installation: testkit.Tenants(t)}
	queueOnce.Do(func() {
		pool, err := b.Connections.WorkPool(context.Background(), "")
		require.NoError(t, err)
		queue, err := jobs.New(pool)
		require.NoError(t, err)
		b.DB.SetJobs(queue)
	})
	b.ctx, b.tenantID = b.NewTenant(t)
	require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) (err error) {
		if b.context, err = tx.CreateContext(b.ctx, recon.Context{Name: "cash"}); err != nil {
			return err
		}
		b.source, err = tx.CreateSource(b.ctx, recon.Source{
			ContextID: b.context.ID, Name: "bank", Side: recon.Right, Currency: "EUR", TimeZone: "UTC",
		})
		return err
	}))
	t.Cleanup(func() { b.RequireSound(t, b.tenantID) })
	return &ingestion.Service{DB: b.DB, SpoolDir: t.TempDir()}, b
}

const header = "id,date,amount,currency,reference,description\n"

func lines(from, to int) string {
	var text strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&text, "TX-%d,2026-03-%02d,%d.%02d,EUR,R%d,payment %d\n", i, i%28+1, i%1000, i%100, i, i)
	}
	return text.String()
}

func file(text string) ingestion.File {
	return ingestion.File{Name: "bank.csv", Body: strings.NewReader(text)}
}

func (b *bundle) load(t *testing.T, s *ingestion.Service, text string) recon.Import {
	t.Helper()
	i, err := s.Import(b.ctx, b.source.ID, file(text))
	require.NoError(t, err)
	return i
}

// mapped gives the source a map of its own: few rows tell detection too little.
func (b *bundle) mapped(t *testing.T) {
	t.Helper()
	b.maps(t, recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldExternalID: recon.Column("id"), recon.FieldReference: recon.Column("reference"),
		recon.FieldAmount: recon.Column("amount"), recon.FieldDate: recon.Column("date"),
		recon.FieldCurrency: recon.Column("currency"), recon.FieldDescription: recon.Column("description"),
	}, Decimal: "."})
}

// maps gives the source the next version of its map.
func (b *bundle) maps(t *testing.T, fields recon.FieldMap) {
	t.Helper()
	require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
		_, err := tx.PutFieldMap(b.ctx, b.source.ID, 0, fields)
		return err
	}))
}

// tolerates lets the source's files have so many refused rows.
func (b *bundle) tolerates(t *testing.T, rows int64) {
	t.Helper()
	b.change(t, func(s *recon.Source) { s.MaxRejected = &rows })
}

func (b *bundle) change(t *testing.T, change func(*recon.Source)) {
	t.Helper()
	require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
		_, err := tx.UpdateSource(b.ctx, b.source.ID, 0, func(s *recon.Source) error { change(s); return nil })
		return err
	}))
}

func (b *bundle) transactions(t *testing.T, filter recon.TransactionFilter) (items []recon.StoredTransaction) {
	t.Helper()
	filter.From, filter.To = recon.NoDay, recon.NoDay
	require.NoError(t, b.DB.Read(b.ctx, func(tx *postgres.Tx) (err error) {
		items, _, err = tx.Transactions(b.ctx, b.context.ID, filter, postgres.Page{Limit: 1000})
		return err
	}))
	return items
}

func (b *bundle) rejects(t *testing.T, importID string) []recon.RowError {
	t.Helper()
	return b.unread(t, importID, recon.RowsRejected)
}

func (b *bundle) unread(t *testing.T, importID, kind string) (items []recon.RowError) {
	t.Helper()
	require.NoError(t, b.DB.Read(b.ctx, func(tx *postgres.Tx) (err error) {
		items, _, err = tx.Rejects(b.ctx, importID, kind, postgres.Page{Limit: 1000})
		return err
	}))
	return items
}

func (b *bundle) imports(t *testing.T) (items []recon.Import) {
	t.Helper()
	require.NoError(t, b.DB.Read(b.ctx, func(tx *postgres.Tx) (err error) {
		items, _, err = tx.Imports(b.ctx, b.source.ID, "", postgres.Page{Limit: 1000})
		return err
	}))
	return items
}

func (b *bundle) events(t *testing.T) (events []recon.Event) {
	t.Helper()
	require.NoError(t, b.DB.Read(b.ctx, func(tx *postgres.Tx) (err error) {
		events, err = tx.Events(b.ctx, 0, 100)
		return err
	}))
	return events
}

func requireCounts(t *testing.T, i recon.Import, read, inserted, duplicate, rejected int64) {
	t.Helper()
	require.Equal(t, []int64{read, inserted, duplicate, rejected},
		[]int64{i.RowsRead, i.RowsInserted, i.RowsDuplicate, i.RowsRejected}, "read, inserted, duplicate, rejected")
}

func TestImport(t *testing.T) {
	t.Parallel()

	t.Run("a file's rows are in, with their sums and an event", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.mapped(t)
		got := b.load(t, s, header+"A,2026-03-01,10.50,EUR,r1,one\nB,2026-03-02,-3.25,EUR,r2,two\nC,2026-03-02,100,JPY,r3,three\n")
		requireCounts(t, got, 3, 3, 0, 0)
		require.Equal(t, map[string]string{"EUR": "7.25", "JPY": "100"}, got.Sums)
		require.Equal(t, []recon.Import{got}, b.imports(t))
		rows := b.transactions(t, recon.TransactionFilter{})
		require.Len(t, rows, 3)
		require.Equal(t, "-3.25", rows[1].Amount)
		require.Equal(t, recon.StateOpen, rows[1].State)
		require.Equal(t, got.ID, rows[1].ImportID)
		require.Equal(t, "two", rows[1].Metadata["description"])
		events := b.events(t)
		require.Len(t, events, 1)
		require.Equal(t, recon.EventImportCompleted, events[0].Key)
	})

	t.Run("rows that cannot be read are told with their line, and the rest is in", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.mapped(t)
		b.tolerates(t, 2)
		got := b.load(t, s, header+"A,2026-03-01,10.50,EUR,\"two\nlines\",one\nB,2026-13-02,x,EUR,r2,two\nC,2026-03-02,1.00,QQQ,r3,three\nD,2026-03-02,1.00,EUR,r4,four\n"+lines(0, 50))
		requireCounts(t, got, 54, 52, 0, 2)
		wrong := b.rejects(t, got.ID)
		require.Len(t, wrong, 3)
		require.Equal(t, []int{4, 4, 5}, []int{wrong[0].Line, wrong[1].Line, wrong[2].Line})
		require.Equal(t, recon.CodeCurrencyUnknown, wrong[2].Code)
	})

	t.Run("equal rows without an id stay as many as they are, and come again to no effect", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		text := "date,amount,description\n2026-03-01,5.00,coffee\n2026-03-01,5.00,coffee\n2026-03-01,6.00,tea\n"
		requireCounts(t, b.load(t, s, text), 3, 3, 0, 0)
		requireCounts(t, b.load(t, s, text), 3, 0, 3, 0)
		requireCounts(t, b.load(t, s, text+"2026-03-01,5.00,coffee\n"), 4, 1, 3, 0)
	})

	t.Run("an id that comes again with other content is for a person to decide", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.mapped(t)
		within := b.load(t, s, header+strings.Repeat("A,2026-03-01,1.00,EUR,r,d\n", 2)+"A,2026-03-01,2.00,EUR,r,d\n")
		requireCounts(t, within, 3, 1, 1, 1)
		require.Equal(t, recon.CodeConflictingID, b.rejects(t, within.ID)[0].Code)
		require.Equal(t, 4, b.rejects(t, within.ID)[0].Line)
		across := b.load(t, s, header+"B,2026-03-01,1.00,EUR,\"r\nr\",d\nA,2026-03-01,3.00,EUR,r,d\n")
		requireCounts(t, across, 2, 1, 0, 1)
		wrong := b.rejects(t, across.ID)
		require.Equal(t, recon.CodeConflictingID, wrong[0].Code)
		require.Equal(t, 4, wrong[0].Line)
		require.Equal(t, "A", wrong[0].Value)
	})

	t.Run("only the first rejects are kept, all are counted", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		b.tolerates(t, 10_500)
		var text strings.Builder
		text.WriteString(header + lines(0, 3000))
		for i := range postgres.RejectsStoredMax + 500 {
			fmt.Fprintf(&text, "BAD-%d,2026-03-01,much,EUR,r,d\n", i)
		}
		got := b.load(t, s, text.String())
		requireCounts(t, got, 13_500, 3000, 0, 10_500)
	})
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	for name, c := range map[string]struct {
		body io.Reader
		kind recon.Kind
	}{
		"an empty file":             {strings.NewReader(""), recon.KindUnprocessable},
		"column names alone":        {strings.NewReader(header), recon.KindUnprocessable},
		"a file without an amount":  {strings.NewReader("id,date\nA,2026-03-01\n"), recon.KindUnprocessable},
		"bytes that are no text":    {strings.NewReader("\x7fELF\x00\x00\x01" + strings.Repeat("\x00\xff", 500)), recon.KindUnprocessable},
		"a file over the limit":     {strings.NewReader(header + lines(0, 30_000)), recon.KindTooLarge},
		"an upload that breaks off": {io.MultiReader(strings.NewReader(header+lines(0, 5000)), &broken{}), recon.KindInvalid},
	} {
		t.Run(name+" leaves nothing", func(t *testing.T) {
			_, err := s.Import(b.ctx, b.source.ID, ingestion.File{Name: "bank.csv", Body: c.body, BytesMax: 1 << 20})
			require.Equal(t, c.kind, recon.KindOf(err), "%v", err)
			require.Empty(t, b.imports(t))
			require.Empty(t, b.transactions(t, recon.TransactionFilter{}))
		})
	}
	t.Run("another tenant's source is unknown", func(t *testing.T) {
		other, _ := b.NewTenant(t)
		_, err := s.Import(other, b.source.ID, file(header+lines(0, 3)))
		require.Equal(t, recon.KindNotFound, recon.KindOf(err))
	})
	t.Run("an archived context takes no files", func(t *testing.T) {
		_, b := setup(t)
		require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
			_, err := tx.UpdateContext(b.ctx, b.context.ID, 0, func(c *recon.Context) (string, error) {
				c.Status = recon.ContextArchived
				return "context.archive", nil
			})
			return err
		}))
		_, err := s.Import(b.ctx, b.source.ID, file(header+lines(0, 3)))
		require.Equal(t, "CONTEXT_INACTIVE", recon.CodeOf(err))
	})
	t.Run("a source that changes while its file is read takes none of it", func(t *testing.T) {
		parsed, err := s.Parse(b.ctx, b.source.ID, file(header+lines(0, 3)))
		require.NoError(t, err)
		defer parsed.Close()
		require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
			_, err := tx.UpdateSource(b.ctx, b.source.ID, 0, func(s *recon.Source) error { s.Negate = true; return nil })
			return err
		}))
		err = b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
			_, err := parsed.Store(b.ctx, tx)
			return err
		})
		require.Equal(t, "CHANGED_MEANWHILE", recon.CodeOf(err))
	})
}

type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

func TestT38_SecondDeliveriesAddNothing(t *testing.T) {
	t.Parallel()

	t.Run("eight uploads of one file at once add it once", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		var wait sync.WaitGroup
		var inserted, duplicate int64
		var lock sync.Mutex
		for range 8 {
			wait.Go(func() {
				got, err := s.Import(b.ctx, b.source.ID, file(header+lines(0, 3000)))
				lock.Lock()
				defer lock.Unlock()
				if err != nil {
					t.Errorf("importing: %v", err)
				}
				inserted, duplicate = inserted+got.RowsInserted, duplicate+got.RowsDuplicate
			})
		}
		wait.Wait()
		require.Equal(t, []int64{3000, 7 * 3000}, []int64{inserted, duplicate})
	})

	t.Run("renamed, in another order, or overlapping: only new rows count", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		requireCounts(t, b.load(t, s, header+lines(0, 2000)), 2000, 2000, 0, 0)
		renamed, err := s.Import(b.ctx, b.source.ID, ingestion.File{Name: "other.txt", Body: strings.NewReader(header + lines(0, 2000))})
		require.NoError(t, err)
		requireCounts(t, renamed, 2000, 0, 2000, 0)
		rows := strings.SplitAfter(strings.TrimSuffix(lines(0, 2000), "\n"), "\n")
		rows[len(rows)-1] += "\n"
		rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		requireCounts(t, b.load(t, s, header+strings.Join(rows, "")), 2000, 0, 2000, 0)
		requireCounts(t, b.load(t, s, header+lines(1500, 2500)), 1000, 500, 500, 0)
		// One known row among thousands: the sample misses it, the index does not.
		requireCounts(t, b.load(t, s, header+lines(3000, 6001)+lines(777, 778)+lines(6001, 8000)), 5001, 5000, 1, 0)
	})

	t.Run("two tenants load the same file", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		_, other := setup(t)
		requireCounts(t, b.load(t, s, header+lines(0, 100)), 100, 100, 0, 0)
		requireCounts(t, other.load(t, s, header+lines(0, 100)), 100, 100, 0, 0)
	})
}

func TestT40_MetacharactersAreStoredLiterally(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	nasty := `'; DROP TABLE transactions; -- \ % _ $1 @name {"a":1} ` + "\t☃ \u2028"
	quoted := `"` + strings.ReplaceAll(nasty, `"`, `""`) + `"`
	got, err := s.Import(b.ctx, b.source.ID, ingestion.File{
		Name: nasty, Body: strings.NewReader(header + "ID" + quoted[:0] + ",2026-03-01,1.00,EUR," + quoted + "," + quoted + "\n" + lines(0, 3)),
	})
	require.NoError(t, err)
	require.Equal(t, nasty, got.FileName)
	for _, text := range []string{`'; DROP TABLE`, `% _ $1`, `\`, `@name`} {
		found := b.transactions(t, recon.TransactionFilter{Text: text})
		require.Len(t, found, 1, text)
		require.Equal(t, strings.TrimSpace(nasty), strings.TrimSpace(found[0].Metadata["reference"]))
	}
	require.Empty(t, b.transactions(t, recon.TransactionFilter{ExternalID: "' OR 1=1 --"}))
}

func TestT50_AnImportCutShortLeavesNothing(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	text := header + lines(0, 20_000)
	for range 20 {
		ctx, cancel := context.WithTimeout(b.ctx, time.Duration(rand.IntN(300))*time.Millisecond)
		_, err := s.Import(ctx, b.source.ID, file(text))
		cancel()
		if err == nil {
			break
		}
		if found := b.transactions(t, recon.TransactionFilter{}); len(found) > 0 {
			require.NotEmpty(t, b.imports(t), "rows without an import")
			break // the commit was through before its answer was
		}
	}
	got := b.load(t, s, text)
	require.EqualValues(t, 20_000, got.RowsInserted+got.RowsDuplicate)
	require.EqualValues(t, 20_000, sum(b.imports(t)))
}

func sum(imports []recon.Import) (rows int64) {
	for _, i := range imports {
		rows += i.RowsInserted
	}
	return rows
}

func TestVoidImport(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	first := b.load(t, s, header+lines(0, 10))
	ignored := b.transactions(t, recon.TransactionFilter{})[0]
	require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
		_, err := tx.Ignore(b.ctx, ignored.ID, "test data")
		return err
	}))
	voided, err := s.Void(b.ctx, first.ID)
	require.NoError(t, err)
	require.Equal(t, recon.ImportVoided, voided.Status)
	require.Empty(t, b.transactions(t, recon.TransactionFilter{}))
	_, err = s.Void(b.ctx, first.ID)
	require.Equal(t, "IMPORT_NOT_VOIDABLE", recon.CodeOf(err))
	requireCounts(t, b.load(t, s, header+lines(0, 10)), 10, 10, 0, 0)
}

func TestImportByTheSourcesMap(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	require.NoError(t, b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
		_, err := tx.PutFieldMap(b.ctx, b.source.ID, 0, recon.FieldMap{Fields: map[string]recon.MapField{
			recon.FieldExternalID: recon.Column("reference"), recon.FieldAmount: recon.Column("amount"),
			recon.FieldDate: recon.Column("date"),
		}})
		return err
	}))
	got := b.load(t, s, header+lines(0, 10))
	require.Equal(t, 1, got.FieldMapVersion)
	require.Len(t, b.transactions(t, recon.TransactionFilter{ExternalID: "R7"}), 1)
	_, err := s.Import(b.ctx, b.source.ID, file("id,when,sum\nA,2026-03-01,1\n"))
	require.Equal(t, recon.KindUnprocessable, recon.KindOf(err))
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, s, header+lines(0, 250))
	t.Run("pages are whole and in order", func(t *testing.T) {
		var seen []string
		page := postgres.Page{Limit: 100}
		for {
			require.NoError(t, b.DB.Read(b.ctx, func(tx *postgres.Tx) error {
				items, next, err := tx.Transactions(b.ctx, b.context.ID, recon.TransactionFilter{}, page)
				for _, item := range items {
					seen = append(seen, item.ExternalID)
				}
				page.After = next
				return err
			}))
			if page.After == "" {
				break
			}
		}
		require.Len(t, seen, 250)
		require.Equal(t, "TX-249", seen[249])
	})
	t.Run("an amount is exact and needs its currency", func(t *testing.T) {
		require.Len(t, b.transactions(t, recon.TransactionFilter{Amount: "17.17", Currency: "EUR"}), 1)
		err := b.DB.Read(b.ctx, func(tx *postgres.Tx) error {
			_, _, err := tx.Transactions(b.ctx, b.context.ID, recon.TransactionFilter{Amount: "17.17"}, postgres.Page{})
			return err
		})
		require.Equal(t, recon.KindInvalid, recon.KindOf(err))
	})
	t.Run("another tenant's id is unknown", func(t *testing.T) {
		id := b.transactions(t, recon.TransactionFilter{})[0].ID
		other, _ := b.NewTenant(t)
		require.True(t, auth.IsUUID(id))
		err := b.DB.Read(other, func(tx *postgres.Tx) error {
			_, err := tx.Transaction(other, id)
			return err
		})
		require.Equal(t, recon.KindNotFound, recon.KindOf(err))
	})
}
