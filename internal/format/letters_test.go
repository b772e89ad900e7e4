//go:build unit || !integration

package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tables are what banks of many countries write, a few rows each.
var tables = []struct{ charset, text string }{
	{"windows-1252", "Buchungstag;Empfänger;Betrag\n02.01.2026;Müller & Söhne, Gießen;-1,00\n03.01.2026;Bäckerei Groß;2,00\n"},
	{"windows-1252", "Date;Libellé;Montant\n02/01/2026;Virement reçu, société Bœuf à l'été;-1,00\n03/01/2026;Chèque n° 5;2,00\n"},
	{"windows-1252", "Fecha;Descripción;Importe\n02/01/2026;Nómina del mes, señor Ibáñez;-1,00\n03/01/2026;Comisión;2,00\n"},
	{"windows-1252", "Data;Histórico;Valor\n02/01/2026;Transferência, São João, pagamento de pensão;-1,00\n03/01/2026;Cartão;2,00\n"},
	{"windows-1252", "Dato;Beskrivelse;Beløb\n02.01.2026;Overførsel, Århus, Æblegård;-1,00\n03.01.2026;Lønn for måneden;2,00\n"},
	{"windows-1252", "Date;Text;Amount\n2026-01-02;Fee – 5 €;1.00\n"},
	{"windows-1252", "Date,Text,Amount\n2026-01-02,The customer’s “first” fee—paid,1.00\n"},
	{"windows-1252", "Päivä;Selite;Määrä\n02.01.2026;Käteisnosto, Hämeenlinna, työ;-1,00\n"},
	{"iso-8859-15", "Datum;Text;Betrag in €\n02.01.2026;Müller;-1,00\n03.01.2026;Gebühr 5 €;2,00\n"},
	{"windows-1250", "Data;Opis;Kwota\n02.01.2026;Przelew przychodzący, płatność za usługę;-1,00\n03.01.2026;Spółka Żółć, Łódź;2,00\n"},
	{"windows-1250", "Datum;Popis;Částka\n02.01.2026;Příchozí úhrada, Dvořák, číslo účtu;-1,00\n03.01.2026;Platba kartou, Kouřim;2,00\n"},
	{"windows-1250", "Dátum;Közlemény;Összeg\n2026.01.02;Átutalás jóváírása, könyvelési díj, bérfizetés;-1,00\n2026.01.03;Készpénzfelvétel, fűtés, őszi;2,00\n"},
	{"windows-1251", "Дата;Описание;Сумма\n02.01.2026;Оплата по счёту;-1,00\n03.01.2026;Зарплата, Visa 5;2,00\n"},
	{"windows-1251", "Дата;Призначення;Сума\n02.01.2026;Оплата за послуги, їжа;-1,00\n03.01.2026;Зарплата;2,00\n"},
	{"windows-1253", "Ημερομηνία;Αιτιολογία;Ποσό\n02/01/2026;Ενοίκιο γραφείου;-1,00\n03/01/2026;Πώληση, Αθήνα;2,00\n"},
	{"windows-1254", "Tarih;Açıklama;Tutar\n02.01.2026;İş yeri kirası, Beyoğlu;-1,00\n03.01.2026;Satış, İzmir;2,00\n"},
	{"windows-1255", "תאריך;תיאור;סכום\n02/01/2026;שכירות משרד;-1.00\n03/01/2026;מכירה;2.00\n"},
	{"windows-1257", "Data;Paskirtis;Suma\n2026-01-02;Biuro nuoma, mokėjimas už sąskaitą;-1,00\n2026-01-03;Pardavimas, Šiauliai;2,00\n"},
	{"windows-1257", "Datums;Apraksts;Summa\n02.01.2026;Biroja īre, maksājums;-1,00\n03.01.2026;Pārdošana, Jūrmala;2,00\n"},
	{"shift-jis", "日付,お引出し,お預入れ,お取引内容\n2026/01/05,100,,カード支払い\n2026/01/06,,200,振込 ﾔﾏﾀﾞ ﾀﾛｳ\n"},
	{"euc-jp", "日付,お引出し,お預入れ,お取引内容\n2026/01/05,100,,カード支払い\n2026/01/06,,200,振込 ヤマダ\n"},
	{"gb18030", "交易日期,摘要,金额,对方户名\n2026-01-05,网上支付,-10.00,某某商店\n2026-01-06,工资收入,200.00,某公司\n"},
	{"big5", "交易日期,摘要,支出金額,存入金額\n2026/01/05,轉帳支出,10,\n2026/01/06,薪資轉帳,,200\n"},
	{"cp850", "Buchungstag;Empfänger;Betrag\n02.01.2026;Müller & Söhne, Gießen;-1,00\n03.01.2026;Bäckerei Groß;2,00\n"},
	{"cp850", "Buchungstag;Text;Betrag\n02.01.2026;Gebühr;-1,00\n"},
	{"cp850", "Date;Libellé;Montant\n02/01/2026;Virement reçu, société à l'été;-1,00\n03/01/2026;Chèque;2,00\n"},
	{"cp850", "Data;Histórico;Valor\n02/01/2026;Transferência, São João, pagamento de pensão;-1,00\n03/01/2026;Cartão;2,00\n"},
	{"cp850", "Dato;Beskrivelse;Beløb\n02.01.2026;Overførsel, Århus;-1,00\n03.01.2026;Lønn for måneden;2,00\n"},
	{"cp852", "Data;Opis;Kwota\n02.01.2026;Przelew przychodzący, płatność za usługę;-1,00\n03.01.2026;Spółka Żółć, Łódź;2,00\n"},
	{"cp866", "Дата;Описание;Сумма\n02.01.2026;Оплата по счёту;-1,00\n03.01.2026;Зарплата, Visa 5;2,00\n"},
	{"euc-kr", "거래일자,적요,출금액,입금액\n2026-01-05,체크카드 결제,1000,\n2026-01-06,급여 이체,,2000\n"},
}

// TestTablesOfManyCountriesAreRead in the charset they are written in, undeclared, and whole.
func TestTablesOfManyCountriesAreRead(t *testing.T) {
	for _, c := range tables {
		data, err := charsets[c.charset].NewEncoder().String(c.text)
		require.NoError(t, err, c.text)
		for _, declared := range []string{"", strings.ToUpper(c.charset)} {
			r, err := Open(strings.NewReader(data), "x.csv", Options{Charset: declared})
			require.NoError(t, err, c.text)
			charset, guessed := r.Charset()
			require.Equal(t, c.charset, charset, c.text)
			require.Equal(t, declared == "", guessed)
			delimiter := c.text[strings.IndexAny(c.text, ",;")]
			header, _, _ := strings.Cut(c.text, "\n")
			require.Equal(t, strings.Split(header, string(delimiter)), r.Header())
			require.Contains(t, r.Found(), charset)
		}
	}
}

func TestUTF16NeedsNoMark(t *testing.T) {
	for _, c := range tables {
		for _, charset := range []string{"utf-16le", "utf-16be"} {
			data, err := charsets[charset].NewEncoder().String(c.text)
			require.NoError(t, err)
			o := tell(strings.NewReader(data), "x.csv", Options{})
			require.Equal(t, strings.Count(c.text, "\n")-1, o.rows, "%s: %v", charset, o.lines)
			require.Contains(t, o.lines[0], charset)
		}
	}
}

// TestKnownNamesBeatLetters: a name in one charset is another word, and as likely, in the next one.
func TestKnownNamesBeatLetters(t *testing.T) {
	data, err := charsets["windows-1250"].NewEncoder().String("Datum;Èástka\n02.01.2026;1,00\n")
	require.Error(t, err, data)
	data = "Datum;\xC8\xE1stka\n02.01.2026;1,00\n"
	require.Equal(t, "windows-1250", likeliest([]byte(data), true, func(name string) bool { return name == "Částka" }))
	require.Equal(t, "windows-1252", likeliest([]byte(data), true, func(name string) bool { return name == "Èástka" }))
	require.Equal(t, "windows-1252", likeliest([]byte("a;\xB9\n"), true, nil))
}

// TestLateBytesThatAreNoText cost their row, whatever the charset.
func TestLateBytesThatAreNoText(t *testing.T) {
	for _, c := range tables {
		if c.charset < "windows" {
			data, _ := charsets[c.charset].NewEncoder().String(c.text)
			line := data[strings.IndexByte(data, '\n')+1:]
			data += strings.Repeat(line, 3000) + strings.Replace(line, "2", "2\xFF", 1)
			o := tell(strings.NewReader(data), "x.csv", Options{})
			if c.charset == "iso-8859-15" || strings.HasPrefix(c.charset, "cp") { // each byte is a letter
				require.Zero(t, o.rejected)
				continue
			}
			require.NoError(t, o.err, c.charset)
			require.Equal(t, 1, o.rejected, "%s %v", c.charset, o.lines)
			require.Contains(t, o.lines[len(o.lines)-1], "no text in "+c.charset)
		}
	}
}
