//go:build unit || !integration

package mapping

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// shape holds the facts of a file that banks, processors and ledgers export: its columns, and how they hold money.
type shape struct {
	ID        string   `json:"id"`
	Header    []string `json:"header"`
	Delimiter string   `json:"delimiter"`
	Decimal   string   `json:"decimal"`
	Mode      string   `json:"mode"` // signed, card_signed (plus is spending), debit_credit (out, in) or amount_sign
	Cols      []string `json:"cols"`
	Gross     string   `json:"gross"` // before fees
	Dates     []struct {
		Col    string `json:"col"`
		Format string `json:"format"`
	} `json:"dates"`
	CurrencyColumn string   `json:"currencyColumn"`
	Original       string   `json:"original"` // currency of something else
	Currency       string   `json:"currency"` // of all rows, which the file does not name
	DebitNegative  bool     `json:"debitNegative"`
	SignColumn     string   `json:"signColumn"`
	In             []string `json:"in"`
	Out            []string `json:"out"`
	Duplicates     []string `json:"duplicates"`
	Fees           []string `json:"fees"`
	StatusColumn   string   `json:"statusColumn"`
	Booked         []string `json:"booked"`
	Balance        string   `json:"balance"`
}

// shapeAmounts are what the rows of every shape move, in minor units.
var shapeAmounts = []recon.Minor{12050, -3525, 8000, -1299, -740, 30000, -6137, 4510, -1999, 505, -24000, 3333, -1210, 991}

// file writes the shape as its owner does, and the references of its rows.
func (s *shape) file() (text string, references []string) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Comma = rune(s.Delimiter[0])
	_ = w.Write(s.Header)
	balance := recon.Minor(500_000)
	for i, amount := range shapeAmounts {
		balance += amount
		row := make([]string, len(s.Header))
		for c, name := range s.Header {
			row[c] = s.cell(name, i, amount, balance)
		}
		references = append(references, fmt.Sprintf("REF-%04d", 7*i+1000))
		_ = w.Write(row)
	}
	w.Flush()
	return out.String(), references
}

func (s *shape) cell(name string, i int, amount, balance recon.Minor) string {
	money := func(m recon.Minor) string {
		return strings.Replace(m.Decimal(2), ".", s.Decimal, 1)
	}
	fee := recon.Minor(0)
	if s.Gross != "" && len(s.Fees) > 0 && i%3 == 0 {
		fee = 25
	}
	size := max(amount, -amount)
	day := time.Date(2026, 3, 5+i, 10, 11, 12, 0, time.UTC)
	for _, d := range s.Dates {
		if d.Col == name {
			return shapeDate(d.Format, day)
		}
	}
	switch {
	case slices.Contains(s.Cols, name):
		switch s.Mode {
		case "card_signed":
			return money(-amount)
		case "amount_sign":
			if name == s.SignColumn {
				break
			}
			return money(size)
		case "debit_credit":
			switch {
			case name == s.Cols[0] && amount < 0 && s.DebitNegative:
				return money(amount)
			case name == s.Cols[0] && amount < 0, name == s.Cols[1] && amount > 0:
				return money(size)
			}
			return ""
		}
		return money(amount)
	case s.Gross != "" && name == s.Gross:
		return money(amount + fee)
	case slices.Contains(s.Fees, name):
		if name != s.Fees[0] {
			fee = 0
		}
		return money(fee)
	case slices.Contains(s.Duplicates, name):
		return money(amount)
	case name == s.SignColumn && len(s.Out) > 0:
		if amount < 0 {
			return s.Out[0]
		}
		return s.In[0]
	case name == s.CurrencyColumn:
		return "EUR"
	case name == s.Original:
		return []string{"EUR", "USD"}[i%2]
	case name == s.StatusColumn && len(s.Booked) > 0:
		return s.Booked[0]
	case name == s.Balance:
		return money(balance)
	case strings.Contains(strings.ToLower(name), "reference"), strings.HasSuffix(strings.ToLower(name), "id"):
		return fmt.Sprintf("REF-%04d", 7*i+1000)
	}
	if s.Mode == "card_signed" && amount > 0 && (strings.Contains(name, "摘要") || name == "title") {
		return "Pagamento recebido 还款"
	}
	if s.Mode == "card_signed" && amount > 0 && strings.Contains(strings.ToLower(name), "desc") {
		return "PAYMENT RECEIVED - THANK YOU"
	}
	return fmt.Sprintf("text %c%c of %d", 'a'+i%7, 'k'+i%5, 11*i+i%3)
}

var shapeTokens = regexp.MustCompile(`YYYY|YY|MMMM|MMM|MM|M|DD|D|HH|h|mm|ss|SSS|S|ZZZZ|ZZZ|AM`)

var shapeLayouts = map[string]string{
	"YYYY": "2006", "YY": "06", "MMMM": "January", "MMM": "Jan", "MM": "01", "M": "1", "DD": "02", "D": "2", "HH": "15", "h": "3",
	"mm": "04", "ss": "05", "SSS": "000", "S": "0", "ZZZZ": "-0700", "ZZZ": "MST", "AM": "PM",
}

func shapeDate(format string, day time.Time) string {
	if format, _, _ = strings.Cut(format, " without"); !strings.Contains(format, "Y") {
		format = "YYYY-MM-DD"
	}
	return day.Format(shapeTokens.ReplaceAllStringFunc(strings.TrimSuffix(format, ","), func(t string) string { return shapeLayouts[t] }))
}

// TestShapes reads files of the shapes that banks, processors and ledgers really export, without any help: each comes out
// right to the cent, or as a question or a refusal, and never silently wrong.
func TestShapes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/shapes.json")
	require.NoError(t, err)
	var shapes []shape
	require.NoError(t, json.Unmarshal(text, &shapes))
	require.GreaterOrEqual(t, len(shapes), 100)
	for _, shared := range []bool{false, true} {
		counts := map[string]int{}
		for i := range shapes {
			verdict := shapes[i].verdict(t, shared)
			kind, _, _ := strings.Cut(verdict, ":")
			counts[kind]++
			if kind == "wrong" {
				t.Errorf("%s (references shared: %v): %s", shapes[i].ID, shared, verdict)
			}
			t.Logf("%-45s %s", shapes[i].ID, verdict)
		}
		t.Logf("references shared with the other side: %v: right without a question %d of %d (%d %%), asked or refused %d", shared,
			counts["right"], len(shapes), counts["right"]*100/len(shapes), counts["asked"]+counts["refused"])
	}
}

func (s *shape) verdict(t *testing.T, shared bool) string {
	text, references := s.file()
	r, err := Open(strings.NewReader(text), s.ID+".csv", Hints{Side: recon.Right, As: NoExport})
	if err != nil {
		return "refused: " + err.Error()
	}
	var left []*Reader
	if shared {
		books := "reference,date,amount,currency\n"
		for i, reference := range references {
			books += fmt.Sprintf("%s,2026-03-%02d,%s,EUR\n", reference, 5+i, shapeAmounts[i].Decimal(2))
		}
		left = append(left, opened(t, books, Hints{Side: recon.Left, As: NoExport}))
	}
	if _, err = Settle(left, []*Reader{r}); err == nil {
		err = r.Unsettled()
	}
	if err != nil {
		return "asked: " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	at := 0
	var wrong []string
	err = r.Read(&Identities{}, func(row *Row) error {
		want := shapeAmounts[at]
		tx := &row.Tx
		switch {
		case row.Verdict != Fresh:
			wrong = append(wrong, fmt.Sprintf("row %d is %d: %v", at, row.Verdict, row.Wrong))
		case tx.Amount != want, tx.Date != recon.DayOf(time.Date(2026, 3, 5+at, 0, 0, 0, 0, time.UTC)):
			wrong = append(wrong, fmt.Sprintf("row %d is %d on %s, not %d", at, tx.Amount, tx.Date, want))
		case tx.Currency != recon.NoCurrency && tx.Currency != "EUR" && tx.Currency != s.Currency && !s.named(tx.Currency):
			wrong = append(wrong, fmt.Sprintf("row %d is in %s", at, tx.Currency))
		}
		at++
		return nil
	})
	switch {
	case err != nil:
		return "refused: " + err.Error()
	case len(wrong) > 0:
		return "wrong: " + r.ReadAs() + ": " + wrong[0]
	}
	return "right: " + r.ReadAs()
}

// named reports whether the name of an amount column holds a currency.
func (s *shape) named(currency string) bool {
	return slices.ContainsFunc(s.Cols, func(c string) bool { return codeInName(c) == currency })
}
