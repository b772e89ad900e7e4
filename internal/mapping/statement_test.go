//go:build unit || !integration

package mapping

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/format"
	"matcher/internal/recon"
)

// twoAccounts is a file of two statements: the first ties, the second closes with 1.00 less than its movements make.
const twoAccounts = `:20:A
:25:1111
:28C:5
:60F:C260101CHF10,00
:61:260102C5,00NMSCR1
:62F:C260102CHF15,00
-
:20:B
:25:2222
:28C:9
:60F:C260101CHF10,00
:61:260102C7,00NMSCR2
:62F:C260102CHF16,00
-
`

func TestAFileOfSeveralAccountsAsksWhichIsRead(t *testing.T) {
	t.Parallel()
	r, err := Open(strings.NewReader(twoAccounts), "two.sta", Hints{Side: recon.Right})
	require.NoError(t, err)
	_, err = Settle(nil, []*Reader{r})
	require.NoError(t, err)
	require.ErrorContains(t, r.Unsettled(), "read account 2222")

	for n, want := range []struct {
		amount      recon.Minor
		proof, note string
	}{
		{500, "the statement 5 of 1111 ties: opening 10.00 and movements of 5.00 (1 row) make the closing 15.00 CHF", ""},
		{700, "", "the statement 9 of 2222 does not tie: the opening 10.00 and booked movements of 7.00 (1) make 17.00, " +
			"but it closes with 16.00"},
	} {
		hints := Hints{Side: recon.Right, Answers: map[string]int{"account": n + 1}}
		r, err := Open(strings.NewReader(twoAccounts), "two.sta", hints)
		require.NoError(t, err)
		_, err = Settle(nil, []*Reader{r})
		require.NoError(t, err)
		require.NoError(t, r.Unsettled())
		var money []recon.Minor
		aside := 0
		require.NoError(t, r.Read(&Identities{}, func(row *Row) error {
			if row.Verdict == SetAside {
				aside++
				return nil
			}
			money = append(money, row.Tx.Amount)
			return nil
		}))
		require.Equal(t, []recon.Minor{want.amount}, money)
		require.Equal(t, 1, aside)
		require.Equal(t, want.proof, r.Detection.Proof)
		require.Equal(t, want.note, strings.Join(r.Detection.Notes, "; "))
	}
}

// TestOnlyAProvedStatementTies holds that a file is called proved by its own figures only where they were compared: what
// is not proved is a note with its reason, and many of them are one note.
func TestOnlyAProvedStatementTies(t *testing.T) {
	t.Parallel()
	const head = ":20:A\n:25:1111\n:28C:5\n:60F:C260101CHF10,00\n:61:260102C5,00NMSCR1\n"
	const bai = "01,BANK,C,260106,0600,1,,,2/\n02,C,BANK,1,260105,2400,USD,2/\n"
	for name, c := range map[string]struct{ file, note string }{
		"a page":          {head + ":62M:C260102CHF15,00\n-\n", "the statement 5 of 1111 is not proved: the pages behind its last one are missing"},
		"blanks":          {strings.Replace(head, "1111", " 1111 ", 1) + ":62F:C260102CHF16,00\n-\n", "the statement 5 of 1111 does not tie: the opening 10.00 and booked movements of 5.00 (1) make 15.00, but it closes with 16.00"},
		"a later row":     {head + ":62F:C260102CHF15,00\n:61:260102C0,00NMSCR1\n-\n", "the statement 5 of 1111 has a movement on line 7 behind its closing balance (:62F:)"},
		"a currency":      {head + ":62F:C260102EUR15,00\n-\n", "the statement 5 of 1111 has a balance in EUR on line 6, which does not count: it is in CHF; the statement 5 of 1111 is not proved: it states no closing balance"},
		"summaries alone": {bai + "03,1,,010,100,,,015,200,,/\n49,300,2/\n03,1,,010,200,,,015,300,,/\n49,500,2/\n98,800,2,6/\n99,800,1,8/\n", "2 statements are not proved, the first one: the statement of 1 is not proved: it has no details"},
	} {
		r, err := Open(strings.NewReader(c.file), "x", Hints{Side: recon.Right})
		require.NoError(t, err, name)
		require.NoError(t, r.Read(&Identities{}, func(*Row) error { return nil }), name)
		require.Empty(t, r.Detection.Proof, name)
		notes := slices.DeleteFunc(r.Detection.Notes, func(note string) bool { return note == "holds no rows" })
		require.Equal(t, c.note, strings.Join(notes, "; "), name)
	}
}

// TestDetailsThatMakeAnotherAmountAreAsked holds that an entry whose details differ is a question, unless the balances
// of its statement prove the entry.
func TestDetailsThatMakeAnotherAmountAreAsked(t *testing.T) {
	t.Parallel()
	const detail = `<TxDtls><Amt Ccy="EUR">4.00</Amt></TxDtls>`
	const entry = `<Ntry><Amt Ccy="EUR">7.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-01-05</Dt></BookgDt>`
	const other = entry + `</Ntry>`
	balance := func(code, amount string) string {
		return `<Bal><Tp><CdOrPrtry><Cd>` + code + `</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">` + amount + `</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>`
	}
	file := func(balances string) string {
		return `<Document><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>DE1</IBAN></Id><Ccy>EUR</Ccy></Acct>` + balances + other +
			entry + `<NtryDtls>` + detail + detail + `</NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>`
	}
	for name, c := range map[string]struct {
		balances string
		answers  map[string]int
		open     bool
		money    recon.Minor
	}{
		"nothing proves it": {"", nil, true, 0},
		"it counts":         {"", map[string]int{"details": 1}, false, 1400},
		"it is left out":    {"", map[string]int{"details": 2}, false, 700},
		"balances prove it": {balance("OPBD", "1.00") + balance("CLBD", "15.00"), nil, false, 1400},
	} {
		r, err := Open(strings.NewReader(file(c.balances)), "x.xml", Hints{Side: recon.Right, Answers: c.answers})
		require.NoError(t, err, name)
		_, err = Settle(nil, []*Reader{r})
		require.NoError(t, err, name)
		if c.open {
			require.ErrorContains(t, r.Unsettled(), "the details of 1 row (the first on line 1) add up to another amount", name)
			continue
		}
		require.NoError(t, r.Unsettled(), name)
		var money recon.Minor
		require.NoError(t, r.Read(&Identities{}, func(row *Row) error {
			if row.Verdict == Fresh {
				money += row.Tx.Amount
			}
			return nil
		}), name)
		require.Equal(t, c.money, money, name)
		require.Contains(t, strings.Join(r.Detection.Notes, "; "), "has an entry of 7.00 on line 1 that is one row, of its own amount: its details make 8.00", name)
	}
}

// A file that is read as the last one of its source is asked about its own details.
func TestDetailsOfTheNextFileAreAsked(t *testing.T) {
	t.Parallel()
	entry := func(amount string) string {
		return `<Document><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>DE1</IBAN></Id><Ccy>EUR</Ccy></Acct><Ntry><Amt Ccy="EUR">` +
			amount + `</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-01-05</Dt></BookgDt><NtryDtls><TxDtls>` +
			`<Amt Ccy="EUR">4.00</Amt></TxDtls><TxDtls><Amt Ccy="EUR">4.00</Amt></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>`
	}
	first, err := Open(strings.NewReader(entry("8.00")), "x.xml", Hints{Side: recon.Right})
	require.NoError(t, err)
	require.NoError(t, first.SettleWith(OtherSide{}))
	require.NoError(t, first.Unsettled())
	next, err := Open(strings.NewReader(entry("7.00")), "y.xml", Hints{Side: recon.Right, Earlier: &Earlier{Map: first.Lasting()}})
	require.NoError(t, err)
	require.NoError(t, next.SettleWith(OtherSide{}))
	require.ErrorContains(t, next.Unsettled(), "add up to another amount")
}

func TestASumOfAStatementIsWritten(t *testing.T) {
	t.Parallel()
	s := format.Statement{Currency: "JPY", Entries: 2, Moved: -50}
	s.Opening.Amount, s.Closing.Amount = 100, 50
	require.Equal(t, "opening 100 and movements of -50 (2 rows) make the closing 50 JPY", balanceLine(&s))
}

func TestAnotherAccountBelowTheSampleIsSetAside(t *testing.T) {
	t.Parallel()
	first, second, _ := strings.Cut(twoAccounts, ":20:B")
	file := strings.Replace(first, ":61:", strings.Repeat(":61:260102C0,00NMSCR1\n", SampleRows)+":61:", 1) +
		":20:B" + second
	r, err := Open(strings.NewReader(file), "late.sta", Hints{Side: recon.Right})
	require.NoError(t, err)
	require.NoError(t, r.Unsettled())
	var aside []string
	require.NoError(t, r.Read(&Identities{}, func(row *Row) error {
		if row.Verdict == SetAside {
			aside = append(aside, row.Wrong[0].Reason)
		}
		return nil
	}))
	require.Equal(t, []string{`is of account "2222": only "1111" is read`}, aside)
}

// TestSeveralAccountsInATableAreNoted holds that a column of accounts is named where nothing chooses one of them.
func TestSeveralAccountsInATableAreNoted(t *testing.T) {
	t.Parallel()
	const rows = "Account,Date,Text,Amount\n1001,2026-03-02,a,1.00\n1001,2026-03-03,b,2.50\nTotal 1001,,,3.50\n"
	for file, note := range map[string]string{
		rows: "",
		rows + "2002,2026-03-02,c,4.00\n2002,2026-03-05,d,-5.00\n": `column Account holds several accounts ("1001", ` +
			`"2002"), and the rows of all are read: account: {column: "Account", is: …} in a map reads one`,
		strings.Replace(rows, "Account", "Payee account", 1) + "2002,2026-03-02,c,4.00\n2002,2026-03-05,d,-5.00\n": "",
	} {
		r, err := Open(strings.NewReader(file), "a.csv", Hints{Side: recon.Right, Currency: "EUR"})
		require.NoError(t, err)
		require.Equal(t, note, strings.Join(r.Detection.Notes, "; "), file)
	}
}
