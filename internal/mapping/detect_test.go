//go:build unit || !integration

package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// table makes a header and records from lines of cells parted by |.
func table(text string) ([]string, []recon.Record) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	header := strings.Split(lines[0], "|")
	var records []recon.Record
	for i, line := range lines[1:] {
		records = append(records, recon.Record{Line: i + 2, Row: i + 1, Header: header, Fields: strings.Split(line, "|")})
	}
	return header, records
}

// TestDetectFiles shows the map that is found for files as people have them; every row of each must then map.
func TestDetectFiles(t *testing.T) {
	for _, c := range []struct{ name, file, line, fields string }{
		{
			"a ledger", "entry_id|posted_at|e2e_id|description|debit|credit|currency\nGL1|2026-01-05|E1|Rent||87.09|EUR\nGL2|2026-01-06|E2|Sale|7850.63||EUR",
			"id=entry_id amount=debit/credit date=posted_at reference=e2e_id currency=currency",
			`{"externalId":"entry_id","reference":"e2e_id","debit":"debit","credit":"credit","currency":"currency","date":"posted_at","description":"description","decimal":"."}`,
		},
		{
			"a German bank without ids", "Buchungstag|Valutadatum|Verwendungszweck|Betrag|Währung|Info\n13.01.26|14.01.26|Miete|-1.234,56|EUR|Umsatz gebucht\n14.01.26|14.01.26|Strom|9,00|EUR|Umsatz vorgemerkt",
			"amount=Betrag date=Buchungstag currency=Währung dateFormat=DD.MM.YY decimal=,",
			`{"amount":"Betrag","currency":"Währung","date":"Buchungstag","valueDate":"Valutadatum","description":"Verwendungszweck","bookingStatus":"Info","dateFormat":"DD.MM.YY","decimal":","}`,
		},
		{
			"a Dutch bank with a direction", "Datum|Naam|Af Bij|Bedrag (EUR)|Mutatiesoort|Mededelingen\n20260113|A|Af|12,50|Betaalautomaat|x\n20260114|B|Bij|9,00|Overschrijving|y",
			"amount=Bedrag (EUR)·Af Bij date=Datum currency=EUR decimal=,",
			`{"amount":"Bedrag (EUR)","direction":"Af Bij","currency":{"constant":"EUR"},"date":"Datum","description":"Mededelingen","kind":"Mutatiesoort","decimal":","}`,
		},
		{
			"a processor with costs written as negative", "id|type|gross|fee|net|currency|created|order_id\ntx_1|charge|100.00|-2.90|97.10|usd|2026-01-05T10:00:00Z|77\ntx_2|refund|-50.00|0.00|-50.00|usd|2026-01-06T10:00:00Z|78",
			"id=id amount=net date=created reference=order_id currency=currency",
			`{"externalId":"id","reference":"order_id","amount":"net","currency":"currency","date":"created","kind":"type","gross":"gross","fee":{"columns":["fee"],"negate":true},"net":"net","decimal":"."}`,
		},
		{
			"debits that are negative already", "Date|Description|Debit|Credit|Balance\n2026-01-05|a|-5.00||10.00\n2026-01-06|b||7.00|17.00",
			"amount=Debit/Credit date=Date",
			`{"debit":{"columns":["Debit"],"negate":true},"credit":"Credit","date":"Date","description":"Description","decimal":".","volatile":["Balance"]}`,
		},
		{
			"a sign that stands twice", "Date|Amount|D/C\n2026-01-05|-5.00|D\n2026-01-06|7.00|C",
			"amount=Amount date=Date", `{"amount":"Amount","date":"Date","decimal":"."}`,
		},
		{
			"an id that both sides may share", "id|when|how_much\nA|13/01/2026|5.00\nB|01/02/2026|6.00",
			"id=id amount=how_much date=when reference=id dateFormat=DD/MM/YYYY",
			`{"externalId":"id","reference":"id","amount":"how_much","date":"when","dateFormat":"DD/MM/YYYY","decimal":"."}`,
		},
		{
			"a value date decides the booking date", "date|value_date|amount\n01/02/2026|01/13/2026|5.00\n01/03/2026|01/04/2026|6.00",
			"amount=amount date=date dateFormat=MM/DD/YYYY",
			`{"amount":"amount","date":"date","valueDate":"value_date","dateFormat":"MM/DD/YYYY","decimal":"."}`,
		},
		{
			"a processor with several dates", "id|Type|Amount|Fee|Net|Currency|Created (UTC)|Available On (UTC)|Transfer|Transfer Date (UTC)\ntxn_1|charge|20.00|0.88|19.12|usd|2026-01-02 10:00|2026-01-04 00:00|po_1|2026-01-05 00:00\ntxn_2|refund|-20.00|0.00|-20.00|usd|2026-01-03 10:00|2026-01-04 00:00|po_1|2026-01-05 00:00",
			"id=id amount=Amount date=Created (UTC) reference=id currency=Currency",
			`{"externalId":"id","reference":"id","amount":"Amount","currency":"Currency","date":"Created (UTC)","valueDate":"Available On (UTC)","kind":"Type","fee":"Fee","net":"Net","decimal":"."}`,
		},
		{
			"an account download in German", "Auftragskonto|Buchungstag|Valutadatum|Buchungstext|Verwendungszweck|Kundenreferenz (End-to-End)|Betrag|Waehrung|Info\nDE1|30.01.26|30.01.26|FOLGELASTSCHRIFT|Strom|E1|-45,00|EUR|Umsatz gebucht\nDE1|29.01.26|29.01.26|GUTSCHR|Gehalt|E2|2.345,00|EUR|Umsatz gebucht",
			"amount=Betrag date=Buchungstag reference=Kundenreferenz (End-to-End) currency=Waehrung dateFormat=DD.MM.YY decimal=,",
			`{"reference":"Kundenreferenz (End-to-End)","amount":"Betrag","currency":"Waehrung","date":"Buchungstag","valueDate":"Valutadatum","description":"Verwendungszweck","bookingStatus":"Info","dateFormat":"DD.MM.YY","decimal":","}`,
		},
		{
			"seconds since 1970", "id|timestamp|amount\nA|1770076800|5\nB|1770163200|6",
			"id=id amount=amount date=timestamp reference=id dateFormat=unix",
			`{"externalId":"id","reference":"id","amount":"amount","date":"timestamp","dateFormat":"unix"}`,
		},
		{
			"an original amount beside the booked one", "date|amount|currency|original amount|original currency\n2026-01-05|5.00|EUR|800|JPY\n2026-01-06|6.00|EUR|7.00|USD",
			"amount=amount date=date currency=currency",
			`{"amount":"amount","currency":"currency","date":"date","originalAmount":"original amount","originalCurrency":"original currency","decimal":"."}`,
		},
		{
			"value dates written in their own way", "date|value date|amount\n2026-01-05|05/01/2026|5.00\n2026-01-13|13/01/2026|6.00",
			"amount=amount date=date",
			`{"amount":"amount","date":"date","valueDate":{"columns":["value date"],"dateFormat":"DD/MM/YYYY"},"decimal":"."}`,
		},
		{
			"value dates that nobody can read", "date|value date|amount\n2026-01-05|05/01/2026|5.00\n2026-01-06|06/01/2026|6.00",
			"amount=amount date=date", `{"amount":"amount","date":"date","decimal":"."}`,
		},
		{
			"years of two digits that stand first", "date|amount\n26-01-05|5.00\n26-01-13|6.00",
			"amount=amount date=date dateFormat=YY-MM-DD", `{"amount":"amount","date":"date","dateFormat":"YY-MM-DD","decimal":"."}`,
		},
		{
			"yen with thousands", "date|amount|currency\n2026-01-05|1,234|JPY\n2026-01-13|56,789|JPY",
			"amount=amount date=date currency=currency decimal=.", `{"amount":"amount","currency":"currency","date":"date","decimal":"."}`,
		},
		{
			"an amount that could be read two ways but for another", "date|amount\n2026-01-05|1.234\n2026-01-13|1,50",
			"amount=amount date=date decimal=,", `{"amount":"amount","date":"date","decimal":","}`,
		},
		{
			"a French bank with its currency in words", "Date|Libellé|Débit euros|Crédit euros\n05/01/2026|a|-50,25|\n13/01/2026|b||7,00",
			"amount=Débit euros/Crédit euros date=Date currency=EUR dateFormat=DD/MM/YYYY decimal=,",
			`{"debit":{"columns":["Débit euros"],"negate":true},"credit":"Crédit euros","currency":{"constant":"EUR"},"date":"Date","description":"Libellé","dateFormat":"DD/MM/YYYY","decimal":","}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			header, records := table(c.file)
			fields, found, err := Detect(header, records, recon.FieldMap{})
			require.NoError(t, err)
			require.Equal(t, c.line, found.String())
			text, err := json.Marshal(fields)
			require.NoError(t, err)
			require.Equal(t, c.fields, string(text))
			for _, choice := range found.Choices {
				require.NotEmpty(t, choice.Why, choice.Field)
			}
			m, problems := Compile(fields, header)
			require.Empty(t, problems)
			for _, rec := range records {
				_, wrong := m.Map(rec)
				require.Empty(t, wrong)
			}
		})
	}
}

// TestDetectRefusesToGuess lists what a sample leaves open, with the words that people read.
func TestDetectRefusesToGuess(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"which number is the day", "date|amount\n01/02/2026|5.00\n03/04/2026|6.00", `/dateFormat: "01/02/2026" on line 2 can be read as DD/MM/YYYY and as MM/DD/YYYY, and none of the 2 values read decides: set dateFormat to one of the two`},
		{"two formats", "date|amount\n2026-02-11|5.00\n12/02/2026|6.00\n2026-02-13|5.00\n2026-02-14|5.00", `/dateFormat: dates are written in two ways, as YYYY-MM-DD on line 2 ("2026-02-11") and as DD/MM/YYYY on line 3 ("12/02/2026"): write all in one way, or set dateFormat to one of the two, and rows of the other are rejected`},
		{"days in both places", "date|amount\n13/02/2026|5.00\n02/13/2026|6.00\n14/02/2026|5.00", `/dateFormat: dates are written in two ways, as DD/MM/YYYY on line 2 ("13/02/2026") and as MM/DD/YYYY on line 3 ("02/13/2026"): write all in one way, or set dateFormat to one of the two, and rows of the other are rejected`},
		{"thousand or three decimals", "date|amount\n2026-01-02|1.234\n2026-01-02|5.678", `/decimal: amounts such as "5.678" may have thousands or three decimals, and no value read decides: set decimal to "." (as in 1,234.56) or "," (as in 1.234,56)`},
		{"both decimal signs", "date|amount\n2026-01-02|1.25\n2026-01-02|1,25", `/decimal: amounts such as "1.25" and "1,25" contradict each other: set decimal to "." or ","`},
		{"no amount", "date|name\n2026-01-02|a", `/amount: no column is surely the amount: the columns are date, name`},
		{"several columns that may be it", "date|x|y\n2026-01-02|1.00|2.00", `/amount: no column is surely the amount: the columns are date, x, y`},
		{"no date", "amount|name\n1.00|a", `/date: no column is surely the booking date: the columns are amount, name`},
		{"one name twice", "date|amount|amount (2)\n2026-01-02|1.00|2.00", `/amount: the file has two columns "amount" with different values: name the one that counts, the second being "amount (2)"`},
		{"two amounts", "date|amount_usd|amount_eur\n2026-01-02|1.00|2.00", `/amount: "amount_usd" and "amount_eur" may both be the amount, and they differ: name the one that counts`},
		{"where the year stands", "date|amount\n26-01-25|1.00\n26-01-26|2.00", `/dateFormat: "26-01-25" on line 2 can be read as DD-MM-YY and as YY-MM-DD`},
		{"days as a spreadsheet counts them", "date|amount\n46027|1.00\n46028|2.00", `/date: column "date" holds numbers such as 46027, which Excel counts days by`},
		{"dates in no known form", "date|amount\n2026-01-02|1.00\nKW 3|2.00\nKW 4|2.00", `/date: column "date" is named like the booking date, but "KW 3" on line 3 is no date that can be read`},
		{"dates of no format among others", "date|amount\n13/02/2026|1.00\n14/02/2026|2.00\nsoon|2.00\nlater|2.00\n15/02/2026|1.00", `"soon" on line 4`},
		{"amounts too large for any currency", "date|amount\n2026-01-02|5.00\n2026-01-03|1000000000000000000.00\n2026-01-04|100000000000000000000.00\n2026-01-05|100000000000000000000.00", `/amount: column "amount" holds amounts that are too large, the first of them "100000000000000000000.00" on line 4`},
		{"debits too large for any currency", "date|debit|credit\n2026-01-02|100000000000000000000.00|\n2026-01-03||5.00", `/amount: column "debit" holds amounts that are too large, the first of them "100000000000000000000.00" on line 2`},
		{"numbers that may be no amounts", "date|amount\n2026-01-02|4111111111111111\n2026-01-03|4222222222222222", `"4111111111111111" on line 2`},
		{"amounts in words", "date|amount\n2026-01-02|ten\n2026-01-03|two", `/amount: column "amount" is named like the amount, but "ten" on line 2 is no amount that can be read`},
	} {
		t.Run(c.name, func(t *testing.T) {
			header, records := table(c.file)
			_, _, err := Detect(header, records, recon.FieldMap{})
			require.Equal(t, recon.KindUnprocessable, recon.KindOf(err))
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("no rows at all", func(t *testing.T) {
		_, _, err := Detect([]string{"a"}, nil, recon.FieldMap{})
		require.Equal(t, "NO_ROWS", recon.CodeOf(err))
	})
}

func TestDetectKeepsWhatIsGiven(t *testing.T) {
	header, records := table("id|date|amount|text\nA|01/02/2026|1.234|x\nB|03/04/2026|5.678|y")
	t.Run("settings decide what the sample does not", func(t *testing.T) {
		fields, _, err := Detect(header, records, recon.FieldMap{DateFormat: "DD/MM/YYYY", Decimal: ",", Negate: true})
		require.NoError(t, err)
		require.Equal(t, "id", fields.Fields[recon.FieldExternalID].Columns[0])
		require.True(t, fields.Negate)
	})
	t.Run("what a map does not name is found", func(t *testing.T) {
		given := recon.FieldMap{DateFormat: "DD/MM/YYYY", Decimal: ".", Fields: map[string]recon.MapField{"amount": recon.Column("amount"), "date": recon.Column("date")}}
		fields, found, err := Detect(header, records, given)
		require.NoError(t, err)
		require.Equal(t, recon.Column("id"), fields.Fields[recon.FieldExternalID])
		require.Equal(t, recon.Column("text"), fields.Fields[recon.FieldDescription])
		for _, c := range found.Choices {
			require.Equal(t, c.Field == recon.FieldAmount || c.Field == recon.FieldDate, c.Evidence == Stated, c.Field)
		}
	})
	t.Run("unless it turns that off", func(t *testing.T) {
		given := recon.FieldMap{DateFormat: "DD/MM/YYYY", Decimal: ".", Detect: recon.DetectOff, Fields: map[string]recon.MapField{"amount": recon.Column("amount"), "date": recon.Column("date")}}
		fields, _, err := Detect(header, records, given)
		require.NoError(t, err)
		require.Equal(t, given, fields)
	})
	t.Run("and one that names a column the file has not is refused", func(t *testing.T) {
		_, _, err := Detect(header, records, recon.FieldMap{Fields: map[string]recon.MapField{"amount": recon.Column("sum"), "date": recon.Column("date")}})
		require.ErrorContains(t, err, `there is no column "sum"`)
	})
	t.Run("a constant currency stands beside detected columns", func(t *testing.T) {
		fields, _, err := Detect(header, records, recon.FieldMap{DateFormat: "DD/MM/YYYY", Decimal: ",", Fields: map[string]recon.MapField{"currency": {Constant: "BRL"}}})
		require.NoError(t, err)
		require.Equal(t, "BRL", fields.Fields[recon.FieldCurrency].Constant)
		require.True(t, fields.Has(recon.FieldAmount))
	})
}

func TestDetectTheID(t *testing.T) {
	rows := func(n int, id func(i int) string, text func(i int) string) string {
		var b strings.Builder
		b.WriteString("transaction_id|date|amount|text\n")
		for i := range n {
			fmt.Fprintf(&b, "%s|2026-01-02|%d.50|%s\n", id(i), i/2, text(i))
		}
		return b.String()
	}
	pairs := func(i int) string { return fmt.Sprint("T", i/2) }
	t.Run("rows delivered again leave an id an id", func(t *testing.T) {
		header, records := table(rows(40, pairs, func(i int) string { return fmt.Sprint(i / 2) }))
		_, found, err := Detect(header, records, recon.FieldMap{})
		require.NoError(t, err)
		require.Contains(t, found.String(), "id=transaction_id")
		require.False(t, found.UniqueID)
	})
	t.Run("different rows under one id make it none", func(t *testing.T) {
		header, records := table(rows(40, pairs, func(i int) string { return fmt.Sprint(i) }))
		_, found, err := Detect(header, records, recon.FieldMap{})
		require.NoError(t, err)
		require.NotContains(t, found.String(), "id=")
	})
	t.Run("one mistake leaves a named id an id, in a short file too", func(t *testing.T) {
		header, records := table(rows(4, func(i int) string { return fmt.Sprint("T", max(i, 1)) }, func(i int) string { return fmt.Sprint(i) }))
		_, found, err := Detect(header, records, recon.FieldMap{})
		require.NoError(t, err)
		require.Contains(t, found.String(), "id=transaction_id")
	})
	t.Run("a column that is not always filled is none", func(t *testing.T) {
		header, records := table(rows(40, func(i int) string { return strings.Repeat("T", i) }, pairs))
		_, found, err := Detect(header, records, recon.FieldMap{})
		require.NoError(t, err)
		require.NotContains(t, found.String(), "id=")
	})
}

func TestDetectForgetsFeesThatDoNotAddUp(t *testing.T) {
	header, records := table("id|date|gross|fee|net\nA|2026-01-02|100.00|3.00|90.00\nB|2026-01-02|50.00|1.00|40.00")
	fields, found, err := Detect(header, records, recon.FieldMap{})
	require.NoError(t, err)
	require.False(t, fields.Has(recon.FieldFee))
	require.True(t, fields.Has(recon.FieldGross))
	require.Contains(t, found.Notes[0], "gross − fee − tax is not net")
}

// Detect is what a file comes to without another side.
func Detect(header []string, sample []recon.Record, given recon.FieldMap) (recon.FieldMap, Detection, error) {
	d := newDetector(header, sample, given, recon.Right)
	err := d.detect()
	d.askOpen()
	return d.out, d.report, err
}
